"""Recovery: what a crash left behind a journal's last whole line is cut off and kept elsewhere; whole lines are never touched."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from tc.errors import ArtifactError, RefusedError
from tc.store.files import digest_file, open_regular, unreadable, write_atomic
from tc.store.journal.scan import scan_descriptor
from tc.store.journal.writer import JournalEnd

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recovery:
    """What recovery found and did.

    Parameters
    ----------
    entries, positions
        The entries that the journal holds, and their positions.
    cut_bytes
        How many bytes were cut off behind them, now or by a recovery before; 0 when the journal was whole.
    kept_in
        The file that holds the cut bytes, or None when nothing was cut.
    end
        Where a `JournalWriter` may go on.

    """

    entries: int
    positions: int
    cut_bytes: int
    kept_in: Path | None
    end: JournalEnd


def recover_journal(path: Path, keep_cut_in: Path) -> Recovery:
    """Cut a torn end off a journal that nobody writes (the caller holds the run's `RunLock`), and keep the cut bytes.

    The cut bytes are on disk in ``keep_cut_in`` before the journal is cut, so a crash in between loses nothing,
    and doing it again ends the same: a journal that is whole, beside such a file, was recovered before.

    Raises
    ------
    RefusedError
        ``keep_cut_in`` exists and holds something else.
    ArtifactError
        Whole lines follow the damage, or the damaged line itself was whole: that is no tear but an alteration,
        and the journal is left as it is. Or a file cannot be read or written.

    """
    try:
        with open_regular(path, writable=True) as journal:
            return _recovered(path, journal, keep_cut_in)
    except OSError as error:
        raise unreadable(path, error) from None


def _recovered(path: Path, journal: FileIO, keep_cut_in: Path) -> Recovery:
    scan = scan_descriptor(journal.fileno())
    if scan.damage is None:
        kept_bytes = keep_cut_in.stat().st_size if keep_cut_in.is_file() else 0
        return Recovery(scan.entries, scan.positions, kept_bytes, keep_cut_in if kept_bytes else None, scan.end)
    if not scan.is_torn:
        raise ArtifactError(
            f"{path}, line {scan.damage.line}: {scan.damage.reason}; this is no tear of a crash, the journal was altered",
            hint="Nothing was changed. Restore the journal from a copy, or keep the run as evidence.",
        )
    if os.path.lexists(keep_cut_in) and digest_file(keep_cut_in) != (_digest(journal, scan.good_bytes), scan.torn_bytes):
        raise RefusedError(
            f"{keep_cut_in} exists and holds something else than what is to be cut off {path}",
            hint="Nothing was changed. Move that file elsewhere and recover again.",
        )
    write_atomic(keep_cut_in, _blocks(journal, scan.good_bytes))
    journal.truncate(scan.good_bytes)
    os.fsync(journal.fileno())
    return Recovery(scan.entries, scan.positions, scan.torn_bytes, keep_cut_in, scan.end)


def _digest(journal: FileIO, start: int) -> str:
    digest = hashlib.sha256()
    for block in _blocks(journal, start):
        digest.update(block)
    return digest.hexdigest()


def _blocks(journal: FileIO, start: int) -> Iterator[bytes]:
    journal.seek(start)
    while block := journal.read(_BLOCK_BYTES):
        yield block
