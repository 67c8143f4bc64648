"""`decisions.jsonl`: what each step decided, a line of canonical JSON each; derived from the journal, written beside it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tc.core.decision import Decision
from tc.errors import ArtifactError, RefusedError
from tc.store.files import sync_folder, write_all
from tc.store.journal import read_lines

FLUSH_DECISIONS = 256

_encoder = msgspec.json.Encoder()
_encode = _encoder.encode
_encode_lines = _encoder.encode_lines
_decode = msgspec.json.Decoder(Decision).decode


class DecisionWriter:
    """Appends Decisions to a run's file; what waits is written only once the journal's entries up to it are.

    A write that fails leaves the file ending with its last whole line, and what it concerned waiting.

    Parameters
    ----------
    path
        The file; it must not exist yet.
    journal_flush
        Puts the journal's waiting entries into its file: a Decision never outlives the entry that it follows from.
    continues
        Go on behind the whole lines of a file that exists.

    Raises
    ------
    RefusedError
        The file exists already.
    ArtifactError
        It cannot be made.

    """

    __slots__ = ("_descriptor", "_journal_flush", "_path", "_size", "_waiting")

    def __init__(self, path: Path, *, journal_flush: Callable[[], None], continues: bool = False) -> None:
        self._path = path
        self._journal_flush = journal_flush
        self._size = 0
        self._waiting: list[Decision] = []
        self._descriptor = -1
        self._descriptor = _made(path, 0 if continues else os.O_CREAT | os.O_EXCL)
        if continues:
            self._size = os.fstat(self._descriptor).st_size

    def append(self, decision: Decision) -> None:
        """Take a Decision; ArtifactError, as `flush`, when it completed a batch."""
        waiting = self._waiting
        waiting.append(decision)
        if len(waiting) >= FLUSH_DECISIONS:
            self.flush()

    def flush(self) -> None:
        """Write what waits, the journal first.

        Raises
        ------
        ArtifactError
            The disk refused it, or a Decision cannot be written as JSON; says what is kept.

        """
        waiting = self._waiting
        if not waiting:
            return
        self._journal_flush()
        try:
            data = _encode_lines(waiting)
        except (TypeError, ValueError, OverflowError) as error:
            raise ArtifactError(
                f"a decision behind position {waiting[0].position - 1} has no JSON form: {error}",
                hint="The decisions before it are in decisions.jsonl. An order's id must be valid Unicode.",
            ) from None
        self._write(data)
        # No call stands between these two, so a signal handler that raises leaves both or none changed.
        self._size, self._waiting = self._size + len(data), []

    def close(self) -> None:
        """Flush, put the file on disk (``fsync``), and close it; a second close does nothing.

        Raises
        ------
        ArtifactError
            As `flush`; the file is closed all the same.

        """
        descriptor = self._descriptor
        if descriptor < 0:
            return
        try:
            self.flush()
            os.fsync(descriptor)
        except OSError as error:
            raise ArtifactError(
                f"{self._path} cannot be put on disk: {error.strerror}", hint="The disk reported an error; do not trust this run."
            ) from None
        finally:
            self._descriptor = -1
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _write(self, data: bytes) -> None:
        descriptor, size = self._descriptor, self._size
        try:
            os.ftruncate(descriptor, size)  # An interrupted flush may have left what is written again now.
            write_all(descriptor, data, size)
        except OSError as error:
            state = _cut_back(descriptor, size)
            raise ArtifactError(
                f"{self._path} cannot be written: {error.strerror}; {state} ({size} bytes)",
                hint="Free space on the disk or choose another --artifacts-root; what was written before is kept.",
            ) from None


def decision_line(decision: Decision) -> bytes:
    """Return a Decision's one line, with its newline."""
    return _encode(decision) + b"\n"


def decision_of(line: bytes) -> Decision | None:
    """Return the Decision that a line holds, or None when it holds none."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_decisions(path: Path) -> Iterator[Decision]:
    """Yield a run's Decisions in order.

    Raises
    ------
    ArtifactError
        The file is missing or cannot be read, or a line is no Decision, or torn.

    """
    for number, line in enumerate(read_lines(path), 1):
        decision = decision_of(line) if line.endswith(b"\n") else None
        if decision is None:
            raise ArtifactError(
                f"{path}, line {number}: no decision can be read",
                hint="`tc runs replay` derives the decisions again from the journal; `tc runs verify` says whether it is intact.",
            )
        yield decision


def _made(path: Path, how: int) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | how
    try:
        descriptor = os.open(path, flags, 0o644)
        sync_folder(path.parent)
    except FileExistsError:
        raise RefusedError(f"there are decisions already: {path}", hint="A run is never written a second time.") from None
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be opened for writing: {error.strerror}",
            hint="Check the permissions and the free space of the artifacts root.",
        ) from None
    return descriptor


def _cut_back(descriptor: int, size: int) -> str:
    try:
        os.ftruncate(descriptor, size)
    except OSError as error:
        return f"it could not be cut back either ({error.strerror}), and does not end with a whole line behind its first"
    return "it ends after its first"
