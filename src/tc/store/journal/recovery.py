"""Recovery: what a crash left behind a journal's last whole line is cut off and kept elsewhere; whole lines are never touched."""

import os
from dataclasses import dataclass
from pathlib import Path

from tc.errors import ArtifactError
from tc.store.files import unreadable, write_atomic
from tc.store.journal.scan import JournalScan, scan_journal
from tc.store.journal.writer import JournalEnd

_MOST_KEPT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Recovery:
    """What recovery found and did.

    Parameters
    ----------
    entries, positions
        The entries that the journal holds, and their positions.
    cut_bytes
        How many bytes were cut off behind them; 0 when the journal was whole.
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
    and doing it again ends the same.

    Raises
    ------
    ArtifactError
        Whole lines follow the damage, or the damaged line itself was whole: that is no tear but an alteration,
        and the journal is left as it is. Or a file cannot be read or written.

    """
    scan = scan_journal(path)
    if scan.damage is None:
        return Recovery(scan.entries, scan.positions, 0, None, scan.end)
    if not scan.is_torn:
        raise ArtifactError(
            f"{path}, line {scan.damage.line}: {scan.damage.reason}; this is no tear of a crash, the journal was altered",
            hint="Nothing was changed. Restore the journal from a copy, or keep the run as evidence.",
        )
    _keep(path, scan, keep_cut_in)
    _cut(path, scan.good_bytes)
    return Recovery(scan.entries, scan.positions, scan.torn_bytes, keep_cut_in, scan.end)


def _keep(path: Path, scan: JournalScan, keep_in: Path) -> None:
    try:
        with path.open("rb") as journal:
            journal.seek(scan.good_bytes)
            write_atomic(keep_in, journal.read(scan.torn_bytes))
    except OSError as error:
        raise unreadable(path, error) from None


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
