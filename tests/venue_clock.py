"""A clock that a test moves itself: who sleeps is woken in order, each at its own time."""

import asyncio
import heapq
from itertools import count

START_NS = 1_700_000_000_000_000_000


class ManualClock:
    def __init__(self, now_ns: int = START_NS) -> None:
        self._now_ns = now_ns
        self._numbers = count()
        self._sleeping: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        return self._now_ns

    async def sleep_until_ns(self, at_ns: int) -> None:
        if at_ns <= self._now_ns:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (at_ns, next(self._numbers), woken))
        await woken

    async def advance(self, by_ns: int) -> None:
        """Let time pass; each sleeper that is woken runs until it sleeps again."""
        until_ns = self._now_ns + by_ns
        await _settle()
        while self._sleeping and self._sleeping[0][0] <= until_ns:
            self._now_ns, _, woken = heapq.heappop(self._sleeping)
            if not woken.done():
                woken.set_result(None)
            await _settle()
        self._now_ns = until_ns


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
