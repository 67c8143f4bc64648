"""Plays a feed by the clock: each step at its time, at real speed, faster, or as fast as it goes, and the streams in between."""

import asyncio
from collections.abc import Callable
from fractions import Fraction

from tc.venue.clock import MILLISECOND_NS, Clock
from tc.venue.market.steps import Feed, Step

STEPS_AT_ONCE = 32
"""So many steps that are due are taken before others have a turn."""
_HEARTBEAT_NS = 50 * MILLISECOND_NS


class Player:
    """Plays a feed.

    Parameters
    ----------
    feed
        The market.
    clock
        Whose time it is played by.
    speed
        How many times as fast as the feed's own time; None is as fast as it goes.
    on_step
        Takes a step at its time (nanoseconds since 1970).
    on_time
        Is called several times a second, also when there is no step.
    is_stopped
        Tells whether the market stands still; its own time goes on where it stopped.

    """

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        *,
        speed: Fraction | None,
        on_step: Callable[[Step, int], None],
        on_time: Callable[[int], None],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._feed, self._clock, self._speed = feed, clock, speed
        self._on_step, self._on_time, self._is_stopped = on_step, on_time, is_stopped
        self.steps_played = 0
        self.began = asyncio.Event()
        """Set once there is a market."""

    async def play(self) -> None:
        """Play until the feed ends; then go on calling `on_time`, until cancelled."""
        start_ns = self._clock.now_ns()
        for step in self._feed:
            due_ns = start_ns if self._speed is None else start_ns + int(step.at_ns / self._speed)
            await self._wait(due_ns)
            start_ns += await self._wait_while_stopped()
            self._on_step(step, self._clock.now_ns())
            self.steps_played += 1
            self.began.set()
            if self.steps_played % STEPS_AT_ONCE == 0:
                self._on_time(self._clock.now_ns())
                await asyncio.sleep(0)
        while True:
            await self._beat(self._clock.now_ns() + _HEARTBEAT_NS)

    async def _wait(self, due_ns: int) -> None:
        while (now_ns := self._clock.now_ns()) < due_ns:
            await self._beat(min(due_ns, (now_ns // _HEARTBEAT_NS + 1) * _HEARTBEAT_NS))

    async def _wait_while_stopped(self) -> int:
        """Return for how long the market stood still."""
        began_ns = self._clock.now_ns()
        while self._is_stopped():
            await self._beat(self._clock.now_ns() + _HEARTBEAT_NS)
        return self._clock.now_ns() - began_ns

    async def _beat(self, until_ns: int) -> None:
        await self._clock.sleep_until_ns(until_ns)
        self._on_time(self._clock.now_ns())
