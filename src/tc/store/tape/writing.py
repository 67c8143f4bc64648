"""Writing the tape: rows in, blocks on disk; encoding and writing are done on a thread of their own."""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tc.core.events import TapeBlockWritten, TapeEnd, TapeStopped
from tc.errors import ArtifactError
from tc.store.files import sync_folder, write_atomic
from tc.store.tape.reading import block_path
from tc.store.tape.rows import TapeRow

type TapeEvent = TapeBlockWritten | TapeStopped
type Encode = Callable[[Sequence[TapeRow]], bytes]
"""Returns rows as the bytes of one block."""


@dataclass(frozen=True, slots=True)
class TapeLimits:
    """How large a block may become, and how much of the disk the tape may take.

    Parameters
    ----------
    block_rows, block_s
        A block is written when it has so many rows, or is so old.
    max_bytes
        The tape is never larger; None sets no limit.
    min_free_bytes
        So much of the disk is left free.
    most_waiting
        So many rows may wait for the disk: one that is slower than the market ends the tape, not the node.

    """

    block_rows: int = 4096
    block_s: float = 10.0
    max_bytes: int | None = None
    min_free_bytes: int = 0
    most_waiting: int = 200_000


class CountedTape:
    """A tape that only counts its rows: they have their numbers in the Event Stream, and are not kept."""

    def __init__(self, name: str, *, first_row: int = 0) -> None:
        self._name = name
        self._rows = first_row

    @property
    def id(self) -> str:
        """What the tape's rows are referred to by."""
        return self._name

    def append(self, _row: TapeRow) -> int:
        """Return the number of the row, from 0."""
        self._rows += 1
        return self._rows - 1

    def turn(self) -> Sequence[TapeEvent]:
        """Return nothing: nothing is written."""
        return ()

    def close(self) -> Sequence[TapeEvent]:
        """Return nothing: nothing is written."""
        return ()


class RunTape:
    """The tape of one run. Its methods are called on one thread, and none but `close` waits for the disk.

    A block that cannot be written ends the tape, for good: what follows is numbered and not kept.

    Parameters
    ----------
    folder
        Where the blocks go; it is made with the first.
    name
        What the rows are referred to by.
    encode
        Turns rows into a block's bytes.
    limits
        When a block ends, and when the tape does.
    clock, monotonic
        The time now: nanoseconds since 1970 UTC, and seconds.
    first_block, first_row
        Where a tape goes on that was begun before.

    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        encode: Encode,
        limits: TapeLimits,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
        first_block: int = 1,
        first_row: int = 0,
    ) -> None:
        self._folder = folder
        self._name = name
        self._encode = encode
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic
        self._next_block = first_block
        self._next_row = first_row
        self._rows: list[TapeRow] = []
        self._began_s: float | None = None
        self._bytes = sum(each.stat().st_size for each in folder.iterdir()) if folder.is_dir() else 0
        self._is_stopped = False
        self._waiting: deque[tuple[int, Future[TapeEvent | None]]] = deque()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tape")

    @property
    def id(self) -> str:
        """What the tape's rows are referred to by."""
        return self._name

    def append(self, row: TapeRow) -> int:
        """Take a row and return its number."""
        number = self._next_row
        self._next_row = number + 1
        if not self._is_stopped:
            self._rows.append(row)
            if len(self._rows) >= self._limits.block_rows:
                self._end_block()
        return number

    def turn(self) -> Sequence[TapeEvent]:
        """End a block that is old enough, and return what has become of earlier ones; to be called every now and then."""
        now_s = self._monotonic()
        if not self._rows:
            self._began_s = None
        elif self._began_s is None:
            self._began_s = now_s
        elif now_s - self._began_s >= self._limits.block_s:
            self._end_block()
        return self._done()

    def close(self) -> Sequence[TapeEvent]:
        """Write what is left, wait for it, and return what has become of it; the tape takes nothing more."""
        if self._rows:
            self._end_block()
        self._worker.shutdown()
        self._is_stopped = True
        return self._done()

    def _done(self) -> list[TapeEvent]:
        events: list[TapeEvent] = []
        while self._waiting and self._waiting[0][1].done():
            event = self._waiting.popleft()[1].result()
            if event is not None:
                events.append(event)
        return events

    def _end_block(self) -> None:
        rows, self._rows, self._began_s = self._rows, [], None
        first_row = self._next_row - len(rows)
        unwritten = next((first for first, block in self._waiting if not block.done()), first_row)
        write = self._fallen_behind if first_row - unwritten >= self._limits.most_waiting else self._written
        self._waiting.append((first_row, self._asked(write, self._next_block, first_row, rows)))
        self._next_block += 1

    def _asked(
        self,
        write: Callable[[int, int, Sequence[TapeRow]], TapeEvent | None],
        block: int,
        first_row: int,
        rows: Sequence[TapeRow],
    ) -> Future[TapeEvent | None]:
        """Let the worker write a block; in a process that ends, which starts no work any more, it is written here."""
        try:
            return self._worker.submit(write, block, first_row, rows)
        except RuntimeError:
            done: Future[TapeEvent | None] = Future()
            done.set_result(write(block, first_row, rows))
            return done

    def _written(self, block: int, first_row: int, rows: Sequence[TapeRow]) -> TapeEvent | None:
        """Write a block, on the worker's thread; None when the tape has ended before it."""
        if self._is_stopped:
            return None
        data = self._encode(rows)
        if self._limits.max_bytes is not None and self._bytes + len(data) > self._limits.max_bytes:
            return self._stopped("budget", first_row, f"{self._bytes} of {self._limits.max_bytes} bytes are used")
        try:
            if not self._folder.is_dir():
                self._folder.mkdir()
                sync_folder(self._folder.parent)
            disk = os.statvfs(self._folder)
            free = disk.f_bavail * disk.f_frsize
            if free - len(data) < self._limits.min_free_bytes:
                return self._stopped("free_space", first_row, f"{free} bytes are free on the disk")
            write_atomic(block_path(self._folder, block), data)
        except (ArtifactError, OSError) as error:
            return self._stopped("disk", first_row, getattr(error, "message", str(error)))
        self._bytes += len(data)
        return TapeBlockWritten(self._clock(), block, first_row, first_row + len(rows) - 1, hashlib.sha256(data).hexdigest())

    def _fallen_behind(self, _block: int, first_row: int, _rows: Sequence[TapeRow]) -> TapeEvent | None:
        return None if self._is_stopped else self._stopped("behind", first_row, f"{self._limits.most_waiting} rows waited")

    def _stopped(self, reason: TapeEnd, next_row: int, detail: str) -> TapeStopped:
        self._is_stopped = True
        return TapeStopped(self._clock(), reason, next_row, detail)
