"""Where a run is made: versions, host, process, and the commit of the folder that it is started in."""

import os
import platform
import socket
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from tc import __version__
from tc.flows.recording.record import Circumstances
from tc.store.metadata import GitCommit

_PACKAGES = ("nautilus_trader", "msgspec", "pyarrow", "polars", "numpy", "pandas")
_GIT_TIMEOUT_S = 5


def circumstances_here(*, artifacts_root: Path, run_id: str | None, is_durable: bool) -> Circumstances:
    """Return the circumstances of a run started by this process, in this folder."""
    return Circumstances(
        artifacts_root=artifacts_root,
        run_id=run_id,
        is_durable=is_durable,
        versions=versions(),
        host=socket.gethostname(),
        pid=os.getpid(),
        git=git_commit(Path.cwd()),
    )


def versions() -> dict[str, str]:
    """Return the version of everything that a run's result could depend on."""
    found = {"tc": __version__, "python": platform.python_version(), "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_commit(folder: Path) -> GitCommit | None:
    """Return the commit that the folder is at, and whether it has changes; None outside a repository or without git."""
    git = which("git")
    if git is None:
        return None
    commit = _output(git, "rev-parse", "HEAD", folder=folder)
    if commit is None:
        return None
    changes = _output(git, "status", "--porcelain", "--untracked-files=no", folder=folder)
    return GitCommit(commit, bool(changes))


def _output(git: str, *arguments: str, folder: Path) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - git, found on the path, with arguments of ours
            [git, *arguments], cwd=folder, capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
