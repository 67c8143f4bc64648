"""Bringing a dataset into being in one step: written and synced in a hidden folder beside it, then renamed.

Whoever is killed half-way leaves a hidden folder that no command takes for a dataset; the next writer removes it. A writer holds
a lock on its folder, which its death releases, so that nobody's work in progress is taken for a leftover.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tc.errors import ArtifactError

PREFIX = ".importing-"
"""What the name of a hidden folder begins with, under the data root."""


@contextmanager
def staging_folder(data_root: Path) -> Iterator[Path]:
    """Give an empty hidden folder under the data root, and remove it at the end if it is still there.

    Raises
    ------
    ArtifactError
        The data root cannot be written, or the disk is full.

    """
    try:
        data_root.mkdir(parents=True, exist_ok=True)
        remove_leftovers(data_root)
        folder, lock = _locked_folder(data_root)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
    except OSError as error:
        raise ArtifactError(
            f"a dataset cannot be written under {data_root}: {error.strerror or error}",
            hint="Free some space or give another folder with --data-root.",
        ) from error


def publish(folder: Path, target: Path) -> bool:
    """Sync a staged folder to disk and rename it to its place; False, and nothing is done, when something is there already."""
    for path, _, files in os.walk(folder, topdown=False):
        for name in files:
            _sync(Path(path) / name)
        _sync(Path(path))
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            return False
        raise
    _sync(target.parent)
    return True


def remove_leftovers(data_root: Path) -> None:
    """Remove the hidden folders of writers that are no more."""
    for folder in data_root.glob(f"{PREFIX}*"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # someone else removed it, or it is no folder: not ours to judge
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def _locked_folder(data_root: Path) -> tuple[Path, int]:
    """Make a folder and lock it; again, if someone took it for a leftover between the two."""
    while True:
        folder = data_root / f"{PREFIX}{os.getpid()}-{secrets.token_hex(8)}"
        folder.mkdir()
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
