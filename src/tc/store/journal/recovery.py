"""Recovery: what a crash left behind a journal's last whole line is cut off and kept elsewhere; whole lines are never touched."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tc.errors import ArtifactError, RefusedError
from tc.store.files import digest_file, open_regular, unreadable, write_atomic
from tc.store.journal.scan import JournalScan, scan_journal
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
    scan = scan_journal(path)
    if scan.damage is None:
        is_mended = keep_cut_in.is_file()
        return Recovery(
            scan.entries,
            scan.positions,
            keep_cut_in.stat().st_size if is_mended else 0,
            keep_cut_in if is_mended else None,
            scan.end,
        )
    if not scan.is_torn:
        raise ArtifactError(
            f"{path}, line {scan.damage.line}: {scan.damage.reason}; this is no tear of a crash, the journal was altered",
            hint="Nothing was changed. Restore the journal from a copy, or keep the run as evidence.",
        )
    if os.path.lexists(keep_cut_in) and not _holds(keep_cut_in, path, scan):
        raise RefusedError(
            f"{keep_cut_in} exists and holds something else than what is to be cut off {path}",
            hint="Nothing was changed. Move that file elsewhere and recover again.",
        )
    write_atomic(keep_cut_in, _torn_blocks(path, scan.good_bytes))
    _cut(path, scan.good_bytes)
    return Recovery(scan.entries, scan.positions, scan.torn_bytes, keep_cut_in, scan.end)


def _torn_blocks(path: Path, start: int) -> Iterator[bytes]:
    try:
        with open_regular(path) as journal:
            journal.seek(start)
            while block := journal.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise unreadable(path, error) from None


def _holds(kept: Path, path: Path, scan: JournalScan) -> bool:
    digest = hashlib.sha256()
    for block in _torn_blocks(path, scan.good_bytes):
        digest.update(block)
    return digest_file(kept) == (digest.hexdigest(), scan.torn_bytes)


def _cut(path: Path, size: int) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be cut to {size} bytes: {error.strerror}",
            hint="Check the permissions of the run directory and try again; nothing was lost.",
        ) from None
