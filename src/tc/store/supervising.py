"""The lock that makes a run's supervisor the only one; the kernel frees it when the process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tc.errors import ArtifactError, RefusedError
from tc.store.nodes import node_path


@contextmanager
def supervising(runtime_root: Path, run_id: str) -> Iterator[None]:
    """Be the only supervisor of a run while this is entered: its node's document and its venue's state are then ours to write.

    Raises
    ------
    DocumentError
        The run id is none.
    RefusedError
        Another process supervises this run.
    ArtifactError
        The lock cannot be made.

    """
    path = node_path(runtime_root, run_id).with_suffix(".lock")
    descriptor = _opened(path)
    try:
        if not _is_ours(descriptor, path):
            raise RefusedError(
                f"another process supervises run {run_id!r} now",
                hint="`tc kill status` shows its node. Wait for it to end, or stop it with `tc runs stop`.",
            )
        yield
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be opened: {error.strerror}", hint="Look at TC_RUNTIME_ROOT: its permissions and its free space."
        ) from None


def _is_ours(descriptor: int, path: Path) -> bool:
    """Lock the file, if nobody has; one that its owner has removed meanwhile locks nothing any more."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except OSError:
        return False
