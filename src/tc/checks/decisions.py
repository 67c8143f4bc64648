"""Whether the decisions that were recorded are those that the journal leads to: line by line, aligned by position."""

import hashlib
from collections.abc import Callable, Iterator

from tc.checks.finding import Finding
from tc.core.decision import Decision

MOST_FINDINGS = 100
"""So many lines are named one by one; the rest is counted."""
LONGEST_SHOWN = 400

_CODE = "decision_mismatch"
_FILE = "decisions.jsonl"
_NOTHING = "nothing"


class DecisionComparison:
    """Takes the decisions that are derived, in order, and compares each with the line recorded for it.

    The file of a run without a seal was not written to its end: that it ends before the journal does, behind it, or in the
    middle of a line, is a note and no finding.

    Parameters
    ----------
    recorded
        The recorded lines, each with its newline unless it is torn; None when there is no file.
    is_sealed
        Whether the run is sealed.
    encode
        Returns a Decision's one line.
    decode
        Returns the Decision that a line holds; None when it holds none.

    """

    def __init__(
        self,
        recorded: Iterator[bytes] | None,
        *,
        is_sealed: bool,
        encode: Callable[[Decision], bytes],
        decode: Callable[[bytes], Decision | None],
    ) -> None:
        self.derived = 0
        self.notes: list[str] = []
        self._recorded = recorded
        self._is_sealed = is_sealed
        self._encode = encode
        self._decode = decode
        self._digest = hashlib.sha256()
        self._number = 0
        self._kept: bytes | None = None
        self._findings: list[Finding] = []
        self._unnamed = 0
        self._missing = 0

    @property
    def digest(self) -> str:
        """SHA-256 over the lines of the decisions derived so far, hex: that of the file when all are as recorded."""
        return self._digest.hexdigest()

    def take(self, decision: Decision) -> None:
        """Compare the next decision that was derived."""
        expected = self._encode(decision)
        self.derived += 1
        self._digest.update(expected)
        if self._recorded is None:
            return
        while (line := self._next()) is not None:
            if line == expected:
                return
            found = self._decode(line)
            if found is not None and found.position < decision.position:
                self._find(found.position, None, line)
                continue
            if found is not None and found.position > decision.position:
                self._kept = line
                self._find(decision.position, expected, None)
            else:
                self._find(decision.position, expected, line)
            return
        if self._is_sealed:
            self._find(decision.position, expected, None)
        self._missing += 1

    def finish(self) -> None:
        """Judge what the file holds, or lacks, behind the decisions taken; call it when they were those of the whole journal."""
        if self._recorded is None:
            if self.derived and self._is_sealed:
                self._findings.append(Finding(_CODE, _FILE, f"{self.derived} decisions", "no file"))
            elif self.derived:
                self.notes.append(f"{_FILE} is not there: the run had not come so far")
            return
        while (line := self._next()) is not None:
            if not self._is_sealed:
                self.notes.append(f"{_FILE} goes on behind the journal's last whole entry, from line {self._number} on")
                return
            found = self._decode(line)
            self._find(found.position if found else 0, None, line)
        if self._missing and not self._is_sealed:
            self.notes.append(f"{_FILE} lacks {_the_last(self._missing)} not written yet")

    def findings(self) -> tuple[Finding, ...]:
        """Return what is not as it was recorded."""
        if not self._unnamed:
            return tuple(self._findings)
        return (*self._findings, Finding(_CODE, _FILE, "no other line that differs", f"{self._unnamed} more"))

    def _next(self) -> bytes | None:
        """Return the next line, and count it; of a run without a seal a torn one is the file's end."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        line = None if self._recorded is None else next(self._recorded, None)
        if line is None:
            return None
        self._number += 1
        if line.endswith(b"\n") or self._is_sealed:
            return line
        self.notes.append(f"{_FILE} line {self._number} is torn: it was never written whole")
        return None

    def _find(self, position: int, expected: bytes | None, line: bytes | None) -> None:
        if len(self._findings) >= MOST_FINDINGS:
            self._unnamed += 1
            return
        number = self._number + (line is None and self._kept is None)
        subject = f"{_FILE} line {number}" + (f", position {position}" if position else "")
        self._findings.append(Finding(_CODE, subject, _shown(expected), _shown(line)))


def _shown(line: bytes | None) -> str:
    if line is None:
        return _NOTHING
    text = line.decode(errors="backslashreplace")
    shown = text.removesuffix("\n")
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
    return shown if text.endswith("\n") else f"a torn line: {shown}"


def _the_last(missing: int) -> str:
    return "the last decision: it was" if missing == 1 else f"the last {missing} decisions: they were"
