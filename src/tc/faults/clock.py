"""A wall clock that jumps, of some processes only: libfaketime shifts what they are told by an offset that a file holds."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from tc.errors import InconclusiveError
from tc.store.files import write_atomic
from tc.store.heartbeat import node_heartbeat_as_written
from tc.store.layout import RunDirectory

OFFSET_FILE = "clock-offset"
LIBRARY = "libfaketimeMT.so.1"
"""The variant for programs with threads: the other one may read an offset that is half parsed."""

SEARCHED = tuple(Path(each) for each in ("/usr/lib", "/usr/lib64", "/usr/local/lib"))
"""Where distributions put it."""

_PLACES = ("faketime", "*/faketime")
_NONE = b"+0\n"
_NS = 1_000_000_000
_LEAST_NS = _NS // 2
_TRIAL_S = 1_000_000
_TRIAL = "import time; time.sleep(0.01); print(time.time_ns())"
_TRIED_WITHIN_S = 10.0


def faked_environment(folder: Path, environment: Mapping[str, str], *, searched: Sequence[Path] = SEARCHED) -> dict[str, str]:
    """Return what a process is given in addition, so that its wall clock, and those of its children, can jump.

    The monotonic clock, and with it timers and timeouts, and the times of files are left as they are. The folder is made, and
    holds the offset: none, at first.

    Raises
    ------
    InconclusiveError
        libfaketime is not installed, or does not work here.

    """
    folder.mkdir(parents=True, exist_ok=True)
    offset = folder.resolve() / OFFSET_FILE
    faked = {
        "LD_PRELOAD": " ".join(filter(None, (str(_library(searched)), environment.get("LD_PRELOAD", "")))),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(Path(__file__).parent / "faked"), environment.get("PYTHONPATH", "")))),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "0",  # The file is read once a second; read at each look, the clock would cost 5 µs.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    _require_working(offset, {**environment, **faked})
    write_atomic(offset, _NONE)
    return faked


class ClockJumpFault:
    """Lets the clock jump of the processes that were started with `faked_environment`; see `tc.ports.drills.Fault`.

    Parameters
    ----------
    folder
        The folder that was given there.
    seconds
        How far, as a decimal; below zero, back.
    observed
        Returns how far the node's clock is ahead of the kernel's, in nanoseconds, as its own heartbeat tells.

    """

    def __init__(self, folder: Path, seconds: str, observed: Callable[[], int]) -> None:
        self._offset = folder / OFFSET_FILE
        self._seconds = Decimal(seconds)
        self._observed = observed

    def inject(self) -> None:
        """Let it jump; InconclusiveError where nobody's clock can."""
        if not self._offset.exists():
            raise InconclusiveError("no clock is faked here", hint="The run must be started with the environment of libfaketime.")
        write_atomic(self._offset, f"{self._seconds:+f}\n".encode(), is_durable=False)

    def proof(self) -> int:
        """Return 1 while the node's own word is off by half of the jump, or half a second where that is less; else 0.

        A clock that never goes back stands still after a jump back: it comes to be off by as much as time goes on.
        """
        found_ns, jump_ns = self._observed(), int(self._seconds * _NS)
        is_same_way = (found_ns < 0) == (jump_ns < 0)
        return int(is_same_way and abs(found_ns) >= min(abs(jump_ns) // 2, _LEAST_NS) and jump_ns != 0)

    def restore(self) -> None:
        """Let it jump back to the time that it is."""
        if self._offset.exists():
            write_atomic(self._offset, _NONE, is_durable=False)


def node_offset_ns(run: RunDirectory) -> int:
    """Return how far a node's clock is ahead of the kernel's, by its last heartbeat; 0 where there is none."""
    found = node_heartbeat_as_written(run)
    return 0 if found is None else found.offset_ns


def _library(searched: Sequence[Path]) -> Path:
    found = (each for folder in searched for place in _PLACES for each in sorted(folder.glob(f"{place}/{LIBRARY}")))
    library = next(found, None)
    if library is not None:
        return library
    raise InconclusiveError("libfaketime is not installed: no clock can jump", hint="On Debian: apt-get install libfaketime")


def _require_working(offset: Path, environment: Mapping[str, str]) -> None:
    """Have another Python tell the time, a week and a half ahead, after a sleep."""
    write_atomic(offset, f"+{_TRIAL_S}\n".encode())
    before_ns = time.time_ns()
    try:
        said = subprocess.run(  # noqa: S603 - ourselves
            (sys.executable, "-c", _TRIAL), env=dict(environment), capture_output=True, check=True, timeout=_TRIED_WITHIN_S
        ).stdout
        ahead_s = (int(said) - before_ns) / _NS
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise InconclusiveError(f"libfaketime does not work here: {error}", hint="Is it made for this system?") from None
    if abs(ahead_s - _TRIAL_S) > _TRIED_WITHIN_S:
        raise InconclusiveError("libfaketime has no effect here", hint="A program with more rights than yours does not load it.")
