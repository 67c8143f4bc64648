"""A journal that is read on from where it was read to: no line twice, and each is proved to follow those before it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from tc.core import EventStreamEntry
from tc.errors import ArtifactError
from tc.store.files import open_regular, unreadable
from tc.store.journal.blocks import read_blocks
from tc.store.journal.judge import Judge
from tc.store.journal.lines import GENESIS
from tc.store.journal.scan import Damage


class JournalTail:
    """Where a journal was read to, and what follows: judged as `scan_journal` does, in one process, with the entries themselves.

    What was read before is not read again: that it is still there, the chain of digests says of what is written behind it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._judge = Judge()
        self._judge.position, self._judge.digest = 1, GENESIS
        self._size = 0
        self.entries = 0
        self.damage: Damage | None = None

    @property
    def digest(self) -> str:
        """The digest in the last good line, hex."""
        return self._judge.digest.hex()

    def read(self) -> Iterator[EventStreamEntry]:
        """Yield the entries that are whole and were not read yet; behind the last one ``damage`` says what is wrong there.

        Raises
        ------
        ArtifactError
            The file is missing, cannot be read, or is shorter than what was read of it.

        """
        self.damage = None
        size = self._found_size()
        while self.damage is None and self._size < size and (block := self._next_block(size)):
            yield from self._passed(block)

    def _found_size(self) -> int:
        with self._opened() as descriptor:
            size = os.fstat(descriptor).st_size
        if size < self._size:
            raise self._cut(size)
        return size

    def _next_block(self, end: int) -> bytes:
        """Return the next lines, nothing where there is none; who pauses between two of them holds no file open."""
        with self._opened() as descriptor:
            return next((block for _, block in read_blocks(descriptor, self._size, end)), b"")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            with open_regular(self._path) as file:
                yield file.fileno()
        except OSError as error:
            raise unreadable(self._path, error) from None

    def _passed(self, block: bytes) -> Iterator[EventStreamEntry]:
        if self._passes(block):
            yield from self._judge.entries
            return
        for line in BytesIO(block):
            if not self._passes(line):
                self.damage = Damage(self.entries + 1, self._judge.reason(line))
                return
            yield from self._judge.entries

    def _passes(self, lines: bytes) -> bool:
        judge = self._judge
        if not judge.passes_block(lines):
            return False
        judge.leaves.clear()  # Nobody takes a tree over them, and they would grow with the run.
        self._size += len(lines)
        self.entries += len(judge.entries)
        return True

    def _cut(self, size: int) -> ArtifactError:
        return ArtifactError(
            f"{self._path} has {size:,} bytes, and {self._size:,} of it were read before: it was cut",
            hint="`tc runs verify` says what is wrong with the journal.",
        )
