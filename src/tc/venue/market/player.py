"""Plays a market by the clock: each move at its time, at real speed, faster or as fast as it goes, and the streams in between."""

import asyncio
from collections.abc import Callable
from fractions import Fraction

from tc.venue.clock import MILLISECOND_NS, MOST_APART_NS, SECOND_NS, Clock
from tc.venue.market.moves import Move, Moves

MOVES_AT_ONCE = 32
"""So many moves that are due are taken before others have a turn."""
_HEARTBEAT_NS = 50 * MILLISECOND_NS
_MOST_LATE_NS = 10 * SECOND_NS
"""Who wakes up later than this has not been busy: the machine was suspended, or its clock was set."""


class Player:
    """Plays a market.

    Parameters
    ----------
    moves
        The market.
    clock
        Whose time it is played by.
    speed
        How many times as fast as the market's own time; None is as fast as it goes.
    on_move
        Takes a move at its time (nanoseconds since 1970).
    on_time
        Is called several times a second, also when there is no move.
    is_stopped
        Tells whether the market stands still; its own time goes on where it stopped.

    """

    def __init__(
        self,
        moves: Moves,
        clock: Clock,
        *,
        speed: Fraction | None,
        on_move: Callable[[Move, int], None],
        on_time: Callable[[int], None],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._moves, self._clock, self._speed = moves, clock, speed
        self._on_move, self._on_time, self._is_stopped = on_move, on_time, is_stopped
        self.moves_played = 0
        self.began = asyncio.Event()
        """Set once there is a market."""

    async def play(self) -> None:
        """Play until the market ends; then go on calling `on_time`, until cancelled."""
        start_ns = self._clock.now_ns()
        for move in self._moves:
            due_ns = start_ns if self._speed is None else start_ns + int(move.at_ns / self._speed)
            start_ns += await self._wait(due_ns)
            start_ns += await self._wait_while_stopped()
            self._on_move(move, self._clock.now_ns())
            self.moves_played += 1
            self.began.set()
            if self.moves_played % MOVES_AT_ONCE == 0:
                self._on_time(self._clock.now_ns())
                await asyncio.sleep(0)
        while True:
            await self._beat(self._clock.now_ns() + _HEARTBEAT_NS)

    async def _wait(self, due_ns: int) -> int:
        """Wait until a time, and return by how much the clock was set meanwhile: the market goes on where it was."""
        set_by_ns = 0
        while (now_ns := self._clock.now_ns()) < due_ns + set_by_ns:
            until_ns = min(due_ns + set_by_ns, (now_ns // _HEARTBEAT_NS + 1) * _HEARTBEAT_NS)
            await self._beat(until_ns)
            late_ns = self._clock.now_ns() - until_ns
            set_by_ns += 0 if -MOST_APART_NS < late_ns < _MOST_LATE_NS else late_ns
        return set_by_ns

    async def _wait_while_stopped(self) -> int:
        """Return for how long the market stood still."""
        began_ns = self._clock.now_ns()
        while self._is_stopped():
            await self._beat(self._clock.now_ns() + _HEARTBEAT_NS)
        return self._clock.now_ns() - began_ns

    async def _beat(self, until_ns: int) -> None:
        await self._clock.sleep_until_ns(until_ns)
        self._on_time(self._clock.now_ns())
