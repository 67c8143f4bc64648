"""What lies in a run directory: every file with its digest; nothing is followed out of it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tc.errors import ArtifactError
from tc.store.files import digest_file
from tc.store.layout import RunDirectory


@dataclass(frozen=True, slots=True)
class FoundFile:
    """Something in a run directory that is no folder.

    Parameters
    ----------
    name
        Its path relative to where the search began, with forward slashes; bytes that are no Unicode are written escaped.
    sha256, bytes
        The digest, hex, and the size of a regular file.
    problem
        Why it has no digest: a symbolic link, a device, a name that is no Unicode, unreadable; else empty.

    """

    name: str
    sha256: str
    bytes: int
    problem: str = ""


def survey_files(run: RunDirectory) -> tuple[FoundFile, ...]:
    """Return what a seal covers, by name: all but the seal itself, the lock, `live/`, `ops.jsonl` and `ops/`.

    Raises
    ------
    ArtifactError
        A folder cannot be read.

    """
    exceptions = {run.seal.name, run.lock.name, run.ops.name, run.ops_folder.name, run.live.name}
    return tuple(_survey(run.path, "", exceptions))


def survey_ops_files(run: RunDirectory) -> tuple[FoundFile, ...]:
    """Return what lies in `ops/`, by name; nothing when there is no such folder, and what stands there when it is none.

    Raises
    ------
    ArtifactError
        A folder cannot be read.

    """
    if not os.path.lexists(run.ops_folder):
        return ()
    mode = _mode(run.ops_folder)
    return tuple(_survey(run.ops_folder, "", set())) if stat.S_ISDIR(mode) else (_found(run.ops_folder, "", mode),)


def _survey(folder: Path, prefix: str, exceptions: set[str]) -> list[FoundFile]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be read: {error.strerror}", hint="Check its permissions.") from None
    found: list[FoundFile] = []
    for name in names:
        if name in exceptions:
            continue
        path = folder / name
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            found += _survey(path, f"{prefix}{name}/", set())
        else:
            found.append(_found(path, prefix + name, mode))
    return found


def _found(path: Path, name: str, mode: int) -> FoundFile:
    shown = os.fsencode(name).decode(errors="backslashreplace")
    if shown != name:
        return FoundFile(shown, "", 0, "its name is no Unicode")
    if stat.S_ISLNK(mode):
        return FoundFile(shown, "", 0, "it is a symbolic link")
    if not stat.S_ISREG(mode):
        return FoundFile(shown, "", 0, "it is no regular file")
    try:
        return FoundFile(shown, *digest_file(path))
    except ArtifactError as error:
        return FoundFile(shown, "", 0, error.message)


def _mode(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_mode
    except OSError:
        return 0
