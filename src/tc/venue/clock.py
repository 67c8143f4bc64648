"""The venue's clock: every stamp that it gives, and every wait, comes from one object that is handed in."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
MOST_APART_NS = SECOND_NS


class Clock(Protocol):
    """What the venue asks of time; a test hands in one that it moves itself."""

    def now_ns(self) -> int:
        """Return the time in nanoseconds since 1970."""
        ...

    async def sleep_until_ns(self, at_ns: int) -> None:
        """Return when it is `at_ns` or later; other tasks run in between, also when it is late already."""
        ...


class SystemClock:
    """The machine's own clock: as exact as it is, and never backwards, as long as it agrees with the time of day.

    A machine that was suspended has stood still, and somebody may set the time of day: once the two part by more than
    `MOST_APART_NS` it begins anew from the time of day, for who signs a request has stamped it with that.

    Parameters
    ----------
    monotonic_ns, wall_ns
        The machine's two clocks.

    """

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._monotonic_ns, self._wall_ns = monotonic_ns, wall_ns
        self._offset_ns = wall_ns() - monotonic_ns()

    def now_ns(self) -> int:
        """Return the time in nanoseconds since 1970."""
        now_ns, wall_ns = self._monotonic_ns() + self._offset_ns, self._wall_ns()
        if -MOST_APART_NS <= wall_ns - now_ns <= MOST_APART_NS:
            return now_ns
        self._offset_ns += wall_ns - now_ns
        return wall_ns

    async def sleep_until_ns(self, at_ns: int) -> None:
        """Return when it is `at_ns` or later; earlier by as much as the clock is set back meanwhile."""
        await asyncio.sleep(max(0, at_ns - self.now_ns()) / SECOND_NS)
