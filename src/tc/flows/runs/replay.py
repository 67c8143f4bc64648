"""`tc runs replay`: fold a run's journal without the engine, and compare State and Decisions with what was recorded."""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

import msgspec

from tc.checks.decisions import DecisionComparison
from tc.checks.finding import Finding
from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, State, last_position, state_digest, step_event_entry
from tc.errors import DocumentError, InvariantViolation
from tc.flows.configuration import read_configuration
from tc.flows.runs.decided import compared, journal_notes
from tc.flows.runs.progress import Progress, silent
from tc.store.journal import read_entries, scan_journal
from tc.store.layout import RunDirectory
from tc.store.seal import Checkpoint, Seal, read_seal
from tc.store.status import run_status

ENTRIES_PER_PROGRESS = 1 << 14
_SLOTTED_ORDERS = ("unsubmitted", "open", "closed_recent", "closed_previous")
_STOPPED_BY_A_SWITCH = frozenset({"killed", "blocked"})
_ENDED_BY_VIOLATION = frozenset({"failed", "recovered"})


@dataclass(frozen=True, slots=True)
class Replay:
    """What replaying a run came to.

    Parameters
    ----------
    run_id, status
        The run and where it stands.
    asked
        The position that was asked for; None for the end of the journal.
    entries
        How many entries were folded.
    state, digest
        State after them, and its digest, hex.
    compared
        How many recorded digests of State were compared.
    decisions, decision_digest
        How many Decisions were derived again, and the SHA-256 over their lines, hex; None without a gate.
    violation
        The violation that is the journal's last entry and ended the run, as recorded; else empty.
    findings, notes
        Where State is not the recorded one, and what to know about the rest.

    """

    run_id: str
    status: str
    asked: int | None
    entries: int
    state: State
    digest: str
    compared: int
    decisions: int | None
    decision_digest: str | None
    violation: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "asked": self.asked,
            "position": self.state.position,
            "entries": self.entries,
            "state_digest": self.digest,
            "compared": self.compared,
            "decisions": self.decisions,
            "decision_digest": self.decision_digest,
            "violation": self.violation,
            "findings": [each.to_dict() for each in self.findings],
            "notes": list(self.notes),
            "state": state_document(self.state),
        }


def replay_run(run: RunDirectory, *, at: int | None = None, progress: Progress = silent) -> Replay:
    """Fold a run's entries, up to a position if one is given, comparing State with every digest recorded on the way.

    Where a gate is configured every Decision is derived again, and compared with its line in ``decisions.jsonl``.

    A position inside an entry that holds several (rows of market data) shows State after the entry before it: the stamps
    of single rows are not in the journal.

    Raises
    ------
    DocumentError
        The position is none of the run's.
    ArtifactError
        The seal, the configuration or a line of the journal cannot be read.

    """
    if at is not None and at < 1:
        raise DocumentError(f"position {at}: positions begin at 1", hint="`tc runs show` says how many positions a run has.")
    seal = read_seal(run) if os.path.lexists(run.seal) else None
    configuration = read_configuration(run).core
    entries, positions, notes = _recorded(run, seal)
    has_decisions = configuration.gate is not None or os.path.lexists(run.decisions)
    decisions = compared(run) if has_decisions else None
    fold = _Fold(configuration, seal.checkpoints if seal else (), decisions)
    fold.through(entries, at=at, progress=lambda position: progress(position, positions))
    notes += _compare_ends(run, fold, decisions, seal, at=at, positions=positions)
    violation = fold.judge_violation(is_last=next(entries, None) is None, status=seal.status if seal else "recovered")
    return _replay(run, fold, decisions, at=at, violation=violation, notes=tuple(notes))


def _compare_ends(
    run: RunDirectory,
    fold: "_Fold",
    decisions: DecisionComparison | None,
    seal: Seal | None,
    *,
    at: int | None,
    positions: int,
) -> list[str]:
    """Compare what is recorded of where the fold ended, which may lie before the position that was asked for; return notes."""
    notes: list[str] = []
    if at is None and seal is not None:
        fold.compare_end(seal)
    if at is not None and fold.violation is None and fold.state.position != at:
        if at > positions:
            raise DocumentError(
                f"position {at}: run {run.run_id!r} ends at {positions}", hint="Ask for a position up to that one."
            )
        notes.append(f"position {at} lies inside rows of market data: State is that after position {fold.state.position}")
    if decisions is not None:
        if at is None:
            decisions.finish()
        fold.findings += decisions.findings()
        notes += decisions.notes
    return notes


def _replay(
    run: RunDirectory,
    fold: "_Fold",
    decisions: DecisionComparison | None,
    *,
    at: int | None,
    violation: str,
    notes: tuple[str, ...],
) -> Replay:
    return Replay(
        run_id=run.run_id,
        status=run_status(run),
        asked=at,
        entries=fold.entries,
        state=fold.state,
        digest=state_digest(fold.state),
        compared=fold.compared,
        decisions=None if decisions is None else decisions.derived,
        decision_digest=None if decisions is None else decisions.digest,
        violation=violation,
        findings=tuple(fold.findings),
        notes=notes,
    )


def _recorded(run: RunDirectory, seal: Seal | None) -> tuple[Iterator[EventStreamEntry], int, list[str]]:
    """Return the entries, how many positions they hold, and notes; of a run without a seal only what is whole."""
    if seal is not None:
        return read_entries(run.journal), seal.journal.positions, list(journal_notes(run))
    scan = scan_journal(run.journal)
    notes = ["the run is not sealed: no digest of State was recorded to compare with"]
    if scan.damage is not None:
        notes.append(f"journal.jsonl line {scan.damage.line} is damaged ({scan.damage.reason}): folded up to the line before")
    return islice(read_entries(run.journal), scan.entries), scan.positions, notes


class _Fold:
    """Folds entry after entry; stops at a violation, and collects where State is not as recorded."""

    def __init__(
        self,
        configuration: CoreConfiguration,
        checkpoints: tuple[Checkpoint, ...],
        decisions: DecisionComparison | None,
    ) -> None:
        self.state = INITIAL
        self.entries = 0
        self.compared = 0
        self.findings: list[Finding] = []
        self.violation: InvariantViolation | None = None
        self._configuration = configuration
        self._decisions = decisions
        self._due = sorted(checkpoints, key=lambda each: each.position, reverse=True)

    def through(self, entries: Iterator[EventStreamEntry], *, at: int | None, progress: Callable[[int], None]) -> None:
        """Fold until the entries end, the next one would pass the position ``at``, or one breaks a rule."""
        state, configuration, number = self.state, self._configuration, 0
        take = None if self._decisions is None else self._decisions.take
        due = self._next_due()
        wanted = entries if at is None else takewhile(lambda entry: last_position(entry) <= at, entries)
        try:
            for number, entry in enumerate(wanted, 1):
                state, decision = step_event_entry(state, entry, configuration=configuration)
                if decision is not None and take is not None:
                    take(decision)
                if not number % ENTRIES_PER_PROGRESS:
                    progress(state.position)
                while state.position >= due:
                    self._compare(state, self._due.pop())
                    due = self._next_due()
        except InvariantViolation as violation:
            self.violation = violation
            number -= 1
        self.state, self.entries = state, number

    def compare_end(self, seal: Seal) -> None:
        """Compare State at the journal's end with the seal: its digest, what is due later, and how the run ended."""
        for due in (*reversed(self._due), Checkpoint(self.state.position, seal.state_digest)):
            self._compare(self.state, due)
        ended = "stopped" if seal.status in _STOPPED_BY_A_SWITCH else seal.status
        expected = "running" if self.violation else ended
        if self.state.control.run != expected and seal.status != "recovered":
            self.findings.append(Finding("status_mismatch", "the end of the journal", expected, self.state.control.run))

    def judge_violation(self, *, is_last: bool, status: str) -> str:
        """Return the violation that ended the run as recorded; one that did not is a finding."""
        if self.violation is None:
            return ""
        if is_last and status in _ENDED_BY_VIOLATION:
            return self.violation.message
        subject = f"journal.jsonl line {self.entries + 1}"
        self.findings.append(Finding("invariant_violation", subject, "an entry that follows State", self.violation.message))
        return ""

    def _next_due(self) -> float:
        return self._due[-1].position if self._due else math.inf

    def _compare(self, state: State, recorded: Checkpoint) -> None:
        self.compared += 1
        digest = state_digest(state) if state.position == recorded.position else "none: no entry ends at this position"
        if digest != recorded.state_digest:
            self.findings.append(
                Finding("state_mismatch", f"State at position {recorded.position}", recorded.state_digest, digest)
            )


def state_document(state: State) -> dict[str, object]:
    """Return State as a JSON document: its canonical form, but with values that are spread over slots in one map by key."""
    document: dict[str, Any] = msgspec.to_builtins(state)
    execution = document["execution"]
    orders, holdings, queue = execution["orders"], execution["holdings"], execution["queue"]
    slotted = [(orders, name) for name in _SLOTTED_ORDERS]
    slotted += [(holdings, "positions"), (queue, "pending"), (queue, "in_flight")]
    for owner, name in slotted:
        owner[name] = {key: value for slot in owner[name] for key, value in slot.items()}
        owner[name] = dict(sorted(owner[name].items()))
    return document
