"""artifacts/connectivity/: what readiness checks and probes that belong to no run leave, one numbered file each."""

import re
import secrets
from contextlib import suppress
from pathlib import Path

from tc.errors import ArtifactError
from tc.store.files import TEMPORARY_PREFIX, is_real_folder, sync_folder, write_atomic

_NUMBERED = re.compile(r"(?P<stem>[a-z]+)-(?P<number>[0-9]{4,9})\.json")
_HINT = "Check the permissions and the free space of the artifacts root, or choose another with --artifacts-root."


def connectivity_folder(artifacts_root: Path) -> Path:
    """Return the folder of checks and probes that belong to no run."""
    return artifacts_root / "connectivity"


def connectivity_files(artifacts_root: Path) -> tuple[Path, ...]:
    """Return the files in it, in the order of their names; what is unfinished or named otherwise is none of them."""
    with suppress(OSError):
        paths = [path for path in connectivity_folder(artifacts_root).iterdir() if _NUMBERED.fullmatch(path.name)]
        return tuple(sorted(paths, key=lambda path: (len(path.name), path.name)))
    return ()


def write_connectivity(artifacts_root: Path, stem: str, data: bytes) -> Path:
    """Write a file under the next number of its stem, ``<stem>-0001.json`` the first; return its path.

    A file that exists is never written over, and no two writers get the same number.

    Raises
    ------
    ArtifactError
        It cannot be written.

    """
    folder = connectivity_folder(artifacts_root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not is_real_folder(folder):
            raise ArtifactError(f"{folder} cannot be written: a link stands in its place", hint=_HINT)
        return _write_numbered(folder, stem, data)
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be written: {error.strerror}", hint=_HINT) from None


def _write_numbered(folder: Path, stem: str, data: bytes) -> Path:
    """Write beside, and link under the next number that is free: a link is made only where nothing stands."""
    matches = (_NUMBERED.fullmatch(path.name) for path in folder.iterdir())
    number = max((int(found["number"]) for found in matches if found is not None and found["stem"] == stem), default=0)
    finished = folder / f"{TEMPORARY_PREFIX}{stem}-{secrets.token_hex(4)}"
    write_atomic(finished, data)
    try:
        while True:
            number += 1
            path = folder / f"{stem}-{number:04d}.json"
            with suppress(FileExistsError):
                path.hardlink_to(finished)
                return path
    finally:
        finished.unlink()
        sync_folder(folder)
