"""The Runtime's one timer on an event loop: rings at a deadline of the wall clock, on the loop's thread."""

import asyncio
from collections.abc import Callable
from typing import Any

_LEAST_S = 0.000_1


class LoopTimer:
    """Rings once at a deadline; one that is now or past rings as soon as the loop is free."""

    def __init__(self, clock: Any, ring: Callable[[int], object], loop: asyncio.AbstractEventLoop) -> None:  # noqa: ANN401 - Nautilus's clock
        self._clock = clock
        self._ring = ring
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    def set(self, deadline_ns: int) -> None:
        """Ring at the deadline, and at no other."""
        self.clear()
        wait_s = (deadline_ns - self._clock.timestamp_ns()) / 1e9
        self._handle = self._loop.call_later(max(wait_s, 0.0), self._rang, deadline_ns)

    def clear(self) -> None:
        """Do not ring any more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _rang(self, deadline_ns: int) -> None:
        """Ring, unless the wall clock is behind: the loop's own clock does not follow when that is set."""
        now_ns = self._clock.timestamp_ns()
        if now_ns < deadline_ns:
            self._handle = self._loop.call_later(max((deadline_ns - now_ns) / 1e9, _LEAST_S), self._rang, deadline_ns)
            return
        self._handle = None
        self._ring(now_ns)
