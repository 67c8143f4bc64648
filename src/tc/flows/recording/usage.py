"""What this process has used so far: processor time, memory, bytes read and written."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of this process up to now; bytes are None where the platform does not tell."""

    cpu_s: float
    peak_rss_bytes: int
    read_bytes: int | None
    written_bytes: int | None


def usage_now() -> Usage:
    """Return what this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    read, written = _bytes_moved()
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * unit, read, written)


def _bytes_moved() -> tuple[int | None, int | None]:
    try:
        text = Path("/proc/self/io").read_text(encoding="ascii")
    except OSError:
        return None, None
    counters = dict(line.split(": ") for line in text.splitlines())
    return int(counters["rchar"]), int(counters["wchar"])
