"""Toxics of what passes: later, slower, in pieces, not at all, only so much, and ends that come late."""

import asyncio
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tc.faults.proxy.pipe import Chunk
from tc.faults.proxy.toxic import Forward, Line, Treatment
from tc.spec.drills.fault_parameters import transport

if TYPE_CHECKING:
    from random import Random

_TICK_S = 0.02  # how much time's worth passes at once where the rate is limited


class DirectedTreatment(Treatment):
    """A toxic of what passes in one direction or both."""

    def __init__(self, directed: transport.Directed) -> None:
        super().__init__(directed)
        self._direction = directed.direction
        self._randoms: WeakKeyDictionary[Line, Random] = WeakKeyDictionary()

    async def through(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Forward a chunk of the other direction as it is."""
        if self._direction in ("both", line.side):
            await self.treat(chunk, line, forward)
        else:
            await forward(chunk)

    @abstractmethod
    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Do its harm to a chunk of its direction, and forward what is left of it."""

    def by_chance(self, line: Line, most: float) -> float:
        """Return a number from minus to plus the most, the next one of this line."""
        if line not in self._randoms:
            self._randoms[line] = self.random(line.subject.number, line.side)
        return self._randoms[line].uniform(-most, most)


class Latency(DirectedTreatment):
    """All arrives later; what is read meanwhile waits behind, and no longer than it must."""

    def __init__(self, parameters: transport.Latency) -> None:
        super().__init__(parameters)
        self._latency_s, self._jitter_s = float(parameters.latency_s), float(parameters.jitter_s)

    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Forward it so long after it was read."""
        loop = asyncio.get_running_loop()
        wait_s = chunk.at_s + self._latency_s + self.by_chance(line, self._jitter_s) - loop.time()
        if wait_s > 0:
            self.bite(line.subject, len(chunk.data))
            await self.pause(wait_s)
        await forward(replace(chunk, at_s=loop.time()))


class Bandwidth(DirectedTreatment):
    """Only so much passes a second."""

    def __init__(self, parameters: transport.Bandwidth) -> None:
        super().__init__(parameters)
        self._bytes_per_s = float(parameters.kb_per_s) * 1000
        self._free_at_s: WeakKeyDictionary[Line, float] = WeakKeyDictionary()

    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Forward a part when the line is free again from those before it."""
        if not chunk.data:
            await forward(chunk)
            return
        self.bite(line.subject, len(chunk.data))
        loop, size = asyncio.get_running_loop(), max(1, int(self._bytes_per_s * _TICK_S))
        for start in range(0, len(chunk.data), size):
            part = chunk.data[start : start + size]
            free_at_s = max(loop.time(), self._free_at_s.get(line, 0.0)) + len(part) / self._bytes_per_s
            self._free_at_s[line] = free_at_s
            await self.pause(free_at_s - loop.time())
            await forward(Chunk(loop.time(), part))


class Slicer(DirectedTreatment):
    """All arrives in pieces."""

    def __init__(self, parameters: transport.Slicer) -> None:
        super().__init__(parameters)
        self._size, self._variation = parameters.size_bytes, parameters.variation_bytes
        self._delay_s = float(parameters.delay_s)

    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Forward it piece by piece."""
        rest = chunk.data
        while len(rest) > (size := self._next_size(line)):
            if rest is chunk.data:
                self.bite(line.subject, len(rest))
            await forward(replace(chunk, data=rest[:size]))
            rest = rest[size:]
            await self.pause(self._delay_s)
        await forward(replace(chunk, data=rest))

    def _next_size(self, line: Line) -> int:
        return max(1, self._size + round(self.by_chance(line, self._variation)))


class BlackHole(DirectedTreatment):
    """Nothing arrives, and no end either; it goes on from there when this is taken away."""

    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Hold it; what is read behind it is counted by the line."""
        self.bite(line.subject, len(chunk.data))
        line.held_by = self
        try:
            await self.pause(None)
        finally:
            line.held_by = None
        await forward(chunk)


class LimitData(DirectedTreatment):
    """So many bytes pass in a direction of a connection, and then it is cut."""

    def __init__(self, parameters: transport.LimitData) -> None:
        super().__init__(parameters)
        self._limit = parameters.limit_bytes
        self._passed: WeakKeyDictionary[Line, int] = WeakKeyDictionary()

    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Forward what is allowed of it; the first byte beyond is one too many."""
        left = self._limit - self._passed.get(line, 0)
        if len(chunk.data) <= left or not chunk.data:
            self._passed[line] = self._limit - left + len(chunk.data)
            await forward(chunk)
            return
        if left:
            await forward(replace(chunk, data=chunk.data[:left]))
        self.bite(line.subject, len(chunk.data) - left)
        await line.cut()


class SlowClose(DirectedTreatment):
    """An end arrives later than what was sent before it."""

    def __init__(self, parameters: transport.SlowClose) -> None:
        super().__init__(parameters)
        self._delay_s = float(parameters.delay_s)

    async def treat(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Forward an end late, and all else at once."""
        if chunk.end is not None:
            self.bite(line.subject)
            await self.pause(self._delay_s)
        await forward(chunk)
