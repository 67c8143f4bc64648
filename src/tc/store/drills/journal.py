"""A drill's own journal: one chained line for each fact, on disk before the drill goes on."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tc.errors import ArtifactError
from tc.store.chained import ChainScan, chained_line, scan_lines
from tc.store.drill_facts import AnyDrillFact, DrillEntry
from tc.store.files import read_file, sync_folder, write_all
from tc.store.journal.lines import GENESIS

type DrillScan = ChainScan[DrillEntry]
"""What a drill's journal holds, up to its first damage."""

_decode_entry = msgspec.json.Decoder(DrillEntry).decode


class DrillJournal:
    """Writes a drill's journal, which must not exist yet; one writer, one thread.

    Raises
    ------
    ArtifactError
        There is one already, or it cannot be made.

    """

    __slots__ = ("_descriptor", "_digest", "_path", "_position", "_size")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = self._size = 0
        self._digest = GENESIS
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            sync_folder(path.parent)
        except OSError as error:
            raise self._unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /) -> None:
        self.close()

    def append(self, fact: AnyDrillFact) -> DrillEntry:
        """Append a fact; it is on disk on return.

        Raises
        ------
        ArtifactError
            It cannot be written; what stood there still does.

        """
        entry = DrillEntry(self._position + 1, fact)
        line, digest = chained_line(entry, self._digest)
        try:
            write_all(self._descriptor, line, self._size)
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._size)
            raise self._unwritable(error) from None
        self._position, self._size, self._digest = entry.position, self._size + len(line), digest
        return entry

    def close(self) -> None:
        """Write no more; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _unwritable(self, error: OSError) -> ArtifactError:
        return ArtifactError(f"{self._path} cannot be written: {error.strerror}", hint="Check the disk and its permissions.")


def scan_drill_journal(path: Path) -> DrillScan:
    """Judge every line of a drill's journal; damage is a value, not an error.

    Raises
    ------
    ArtifactError
        It is missing, no regular file, or cannot be read.

    """
    return scan_lines(read_file(path), _decode_entry)
