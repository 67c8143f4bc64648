"""The lock that makes a run's writer the only one; the kernel frees it when the process ends, however it ends."""

import fcntl
import os
import stat
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from tc.errors import ArtifactError, RefusedError
from tc.store.files import open_regular
from tc.store.layout import RunDirectory

_WAIT_SECONDS = 0.1
"""Somebody who only asks `is_active` holds the lock for some microseconds."""
_PAUSE_SECONDS = 0.005


class RunLock:
    """Holds a run's lock while it is entered; the file names the holder's process id and stays when it is released.

    Raises
    ------
    RefusedError
        On entering: another process is writing this run; the message names it.
    ArtifactError
        On entering: the lock file cannot be opened.

    """

    __slots__ = ("_descriptor", "_run")

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._descriptor = -1

    def __enter__(self) -> Self:
        descriptor = _opened(self._run)
        if not acquired(descriptor, within_s=_WAIT_SECONDS):
            os.close(descriptor)
            owner = lock_owner(self._run)
            raise RefusedError(
                f"run {self._run.run_id!r} is being written by {f'process {owner}' if owner else 'another process'}",
                hint="Wait for it to end, or stop it with `tc runs stop`.",
            )
        with suppress(OSError):
            # The name is for people; on a full disk the lock holds without it.
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._descriptor)
        self._descriptor = -1


def is_active(run: RunDirectory) -> bool:
    """Say whether a process holds the run's lock now."""
    try:
        descriptor = os.open(run.lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_owner(run: RunDirectory) -> int | None:
    """Return the process id of the lock's holder (or, when the lock is free, of its last one), or None when none is named."""
    with suppress(OSError, ValueError), open_regular(run.lock) as file:
        return int(file.read(32))
    return None


def _opened(run: RunDirectory) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(run.lock, flags, 0o644)
    except OSError as error:
        raise ArtifactError(
            f"{run.lock} cannot be opened: {error.strerror}",
            hint="Check the permissions and the free space of the artifacts root.",
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArtifactError(f"{run.lock} is no regular file", hint="Remove it; nobody can be writing the run.")
    return descriptor


def acquired(descriptor: int, *, within_s: float) -> bool:
    """Lock a file for its opener alone, and say whether that came about in time."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
