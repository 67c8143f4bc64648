"""The watch over a node: what the kill switch's files say, and how late the loop is."""

import asyncio
import time
from collections.abc import Callable

from tc.core.events import KillMode
from tc.store.kill_switch import Active

EVERY_S = 0.05


class Watch:
    """Looks at the kill switch's files every 50 ms, which also says how late the loop comes to what is due.

    Parameters
    ----------
    active
        Returns the kill switch that is active for this node, or was since its run began.
    ask
        Is asked to carry it out, again and again while it is active: the mode, why, and who.

    """

    def __init__(self, active: Callable[[], Active | None], ask: Callable[[KillMode, str, str], object]) -> None:
        self._active = active
        self._ask = ask
        self.lag_s = 0.0
        self.longest_lag_s = 0.0
        self._recent_lag_s = 0.0
        self._due_s = 0.0
        self._is_counting = False
        self._now_s: Callable[[], float] = time.monotonic

    def longest_lag_lately_s(self) -> float:
        """Return how late the loop was, at most, since this was asked last."""
        lately_s, self._recent_lag_s = self._recent_lag_s, 0.0
        return lately_s

    def count(self) -> None:
        """Count lateness from now on, and none before: a node that starts loads and connects, and nobody's order waits for it."""
        self._due_s = self._now_s()
        self._is_counting = True

    async def run(self) -> None:
        """Look, until cancelled."""
        self._now_s = asyncio.get_running_loop().time
        self._due_s = self._now_s()
        while True:
            self.look()
            self._due_s = max(self._due_s + EVERY_S, self._now_s())
            await asyncio.sleep(self._due_s - self._now_s())
            if self._is_counting:
                # A loop's timer may ring a little early, by the grain of its clock.
                self.lag_s = max(0.0, self._now_s() - self._due_s)
                self.longest_lag_s = max(self.longest_lag_s, self.lag_s)
                self._recent_lag_s = max(self._recent_lag_s, self.lag_s)

    def look(self) -> None:
        """Carry out the switch that is or was active, unless that is done already."""
        active = self._active()
        if active is not None:
            self._ask(active.mode, active.reason, active.actor)
