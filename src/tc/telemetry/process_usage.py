"""What the process of a run that goes on has used so far, by Linux's /proc; nothing is known elsewhere."""

import os
from pathlib import Path

from tc.telemetry.run_facts import Usage

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def usage_of(pid: int) -> Usage | None:
    """Return what a process has used; None when there is none, or the system does not say."""
    folder = Path("/proc") / str(pid)
    try:
        times = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        cpu_s = (int(times[11]) + int(times[12])) / _TICKS_PER_S
        peak = _field((folder / "status").read_bytes(), b"VmHWM:")
    except (OSError, ValueError, IndexError):
        return None
    try:
        moved = (folder / "io").read_bytes()
    except OSError:
        moved = b""
    return Usage(cpu_s, (peak or 0) * 1024, _field(moved, b"rchar:"), _field(moved, b"wchar:"))


def _field(text: bytes, name: bytes) -> int | None:
    for line in text.splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return None
