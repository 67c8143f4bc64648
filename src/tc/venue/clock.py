"""The venue's clock: every stamp that it gives, and every wait, comes from one object that is handed in."""

import asyncio
import time
from typing import Protocol

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000


class Clock(Protocol):
    """What the venue asks of time; a test hands in one that it moves itself."""

    def now_ns(self) -> int:
        """Return the time in nanoseconds since 1970."""
        ...

    async def sleep_until_ns(self, at_ns: int) -> None:
        """Return when it is `at_ns` or later; other tasks run in between, also when it is late already."""
        ...


class SystemClock:
    """The machine's own clock: as exact as it is, and never backwards."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Return the time in nanoseconds since 1970."""
        return time.monotonic_ns() + self._offset_ns

    async def sleep_until_ns(self, at_ns: int) -> None:
        """Return when it is `at_ns` or later."""
        await asyncio.sleep(max(0, at_ns - self.now_ns()) / SECOND_NS)
