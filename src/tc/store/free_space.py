"""The room that a run leaves on its disk: what it stops for, while there is still enough to end in order."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_EVERY_S = 1.0
MB = 10**6

Measure = Callable[[Path], int]
"""Returns how many bytes are free on the disk of a folder."""


def free_bytes(folder: Path) -> int:
    """Return how many bytes a user may still write to the disk of a folder."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


class FreeSpace:
    """Says whether the disk of a folder has less free than it must have; it looks once a second, however often it is asked.

    Parameters
    ----------
    folder
        On the disk.
    least_mb
        So many million bytes must be free; 0 asks for none.
    measure, monotonic
        How much is free, and the time in seconds.

    """

    def __init__(
        self, folder: Path, least_mb: int, *, measure: Measure = free_bytes, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._least_mb = least_mb
        self._measure = measure
        self._monotonic = monotonic
        self._next_s = -1.0
        self._problem = ""

    def problem(self) -> str:
        """Return in words that less is free, or nothing; what cannot be measured is no reason to stop."""
        now_s = self._monotonic()
        if self._least_mb and now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            with suppress(OSError):
                is_short = self._measure(self._folder) < self._least_mb * MB
                self._problem = f"the disk has less than {self._least_mb} MB free" if is_short else ""
        return self._problem
