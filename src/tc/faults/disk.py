"""A disk that is full: a small one of the drill's own, and a file that takes what is left of it."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tc.errors import InconclusiveError
from tc.faults.watchdog import Watchdog
from tc.store.free_space import free_bytes

FILLER = ".tc-filler"

_BLOCK_BYTES = 4096
_MOST_BYTES = 1 << 30
_KIB = 1 << 10


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[Path]:
    """Have a file system of its own in an empty folder, in memory; what is on it in the end lies in the folder afterwards.

    Raises
    ------
    InconclusiveError
        None can be mounted here.

    """
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "tc-drill", str(folder))
    watchdog = Watchdog(("umount", "--lazy", str(folder)))  # Whoever is killed takes nothing away.
    try:
        yield folder
    finally:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".tc-disk-") as beside:
            kept = Path(beside) / "kept"
            try:
                shutil.copytree(folder, kept, symlinks=True, ignore=shutil.ignore_patterns(FILLER))
            finally:
                _unmount(folder)
                watchdog.call_off()
            shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)


class DiskFullFault:
    """Fills a small disk with one file; see `tc.ports.drills.Fault`.

    Parameters
    ----------
    folder
        A folder on that disk.
    free_kb
        So many KiB are left.

    """

    def __init__(self, folder: Path, free_kb: int) -> None:
        self._filler = folder / FILLER
        self._folder = folder
        self._free_bytes = free_kb * _KIB
        self._has_filled = False

    def inject(self) -> None:
        """Fill it; InconclusiveError where it is no small disk."""
        found = os.statvfs(self._folder)
        if found.f_blocks * found.f_frsize > _MOST_BYTES:
            raise InconclusiveError(
                f"{self._folder} lies on a disk that is not small: it is not filled", hint="Mount a small one, as the drill does."
            )
        self._has_filled = True
        with self._filler.open("ab", buffering=0) as filler:
            try:
                while free_bytes(self._folder) >= self._free_bytes + _BLOCK_BYTES:
                    filler.write(bytes(_BLOCK_BYTES))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise InconclusiveError(f"{self._filler} cannot be written: {error.strerror}", hint="Is it yours?") from None

    def proof(self) -> int:
        """Return 1 once the system says that no more is left than was to be."""
        return int(self._has_filled and self._filler.exists() and free_bytes(self._folder) < self._free_bytes + 2 * _BLOCK_BYTES)

    def restore(self) -> None:
        """Make room again."""
        self._filler.unlink(missing_ok=True)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - mount and umount
    except FileNotFoundError:
        said = f"there is no {command[0]}"
    else:
        if done.returncode == 0:
            return
        said = done.stderr.strip()
    raise InconclusiveError(f"no disk can be mounted here: {said}", hint="It takes root, and a container's leave to mount.")


def _unmount(folder: Path) -> None:
    """Take it away, at once where nobody uses it, and else as soon as nobody does."""
    with suppress(InconclusiveError):
        _run("umount", str(folder))
        return
    _run("umount", "--lazy", str(folder))
