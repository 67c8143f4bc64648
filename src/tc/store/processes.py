"""Whether a process still runs, told from a later one of the same number."""

import os
from pathlib import Path
from typing import Literal

_STARTED_FIELD = 19
_DEAD = frozenset("ZXx")
_STOPPED = frozenset("Tt")

NEVER_STARTED = -1
"""When a process started that had ended before anybody looked: no later one of its number is taken for it."""

type ProcessState = Literal["running", "stopped", "gone"]
"""It runs; it was stopped by a signal and does nothing until it is continued; there is no such process any more."""


def state_of(pid: int, started: int) -> ProcessState:
    """Say whether a process runs that started then, in ticks since the machine did; 0 where that is not known."""
    if pid <= 0:
        return "gone"
    found = _stat(pid)
    if found is None:
        return "running" if not Path("/proc/self/stat").exists() and _answers(pid) else "gone"
    state, found_started = found
    if state in _DEAD or (started and found_started != started):
        return "gone"
    return "stopped" if state in _STOPPED else "running"


def started_at(pid: int) -> int | None:
    """Return when a process started, in ticks since the machine did; None when there is none."""
    found = _stat(pid)
    return None if found is None else found[1]


def _stat(pid: int) -> tuple[str, int] | None:
    """Return a process's state letter and when it started; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace") if pid > 0 else ""
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return (fields[0], int(fields[_STARTED_FIELD])) if len(fields) > _STARTED_FIELD else None


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
