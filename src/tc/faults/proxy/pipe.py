"""What is on its way in one direction of a connection: chunks in their order, and no more than fit."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Literal

LARGEST_CHUNK = 64 * 1024
_ROOM_BYTES = 1024 * 1024
_CHUNK_COST_BYTES = 128  # what a chunk takes beside its bytes, so that many small ones do not take much more than few large ones


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that were read at once, or the end of what is sent.

    Parameters
    ----------
    at_s
        When it was read, or has passed a toxic since, by the clock of the event loop.
    data
        The bytes; none at an end.
    end
        How the sender ended: ``closed``, or ``reset``.

    """

    at_s: float
    data: bytes
    end: Literal["closed", "reset"] | None = None


class Pipe:
    """Chunks between the one task that reads and the one that writes; who puts waits while it is full."""

    def __init__(self) -> None:
        self._chunks: deque[Chunk] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()

    async def put(self, chunk: Chunk) -> None:
        """Add a chunk behind the others, once there is room."""
        while self._bytes >= _ROOM_BYTES:
            await self._change()
        self._chunks.append(chunk)
        self._bytes += len(chunk.data) + _CHUNK_COST_BYTES
        self._changed.set()

    async def get(self) -> Chunk:
        """Take the first chunk, once there is one."""
        while not self._chunks:
            await self._change()
        chunk = self._chunks.popleft()
        self._bytes -= len(chunk.data) + _CHUNK_COST_BYTES
        self._changed.set()
        return chunk

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
