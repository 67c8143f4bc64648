"""One direction of a connection: what one side sends is read, goes through the toxics, and is sent to the other."""

import asyncio
import socket
from collections.abc import Callable, Sequence

from tc.faults.proxy.pipe import LARGEST_CHUNK, Chunk, Pipe
from tc.faults.proxy.toxic import Side, Subject, Toxic, Treatment


class Link:
    """One direction of a connection.

    Parameters
    ----------
    subject
        The connection.
    side
        Where it leads.
    source, sink
        Who sends, and who receives.
    toxics
        All toxics that there are now, in the order in which they were added.
    cut
        Closes the connection.

    """

    def __init__(
        self,
        subject: Subject,
        side: Side,
        source: socket.socket,
        sink: socket.socket,
        toxics: Sequence[Toxic],
        cut: Callable[[], None],
    ) -> None:
        self.subject, self.side = subject, side
        self.held_by: Toxic | None = None
        self.bytes = 0
        self._source, self._sink = source, sink
        self._toxics = toxics
        self._cut = cut
        self._pipe = Pipe()
        self._loop = asyncio.get_running_loop()

    async def read(self) -> None:
        """Read until the source has ended."""
        while (await self._take(await self._receive())).end is None:
            pass

    async def read_upstream(self, learn: Callable[[bytes, bool], bool]) -> None:
        """Read until the source has ended; the first of it is held until it tells what the connection is for."""
        head = b""
        while True:
            chunk = await self._receive()
            head += chunk.data
            if learn(head, chunk.end is not None):
                break
        if head:
            await self._take(Chunk(chunk.at_s, head))
        if chunk.end is not None:
            await self._take(Chunk(chunk.at_s, b"", chunk.end))
        else:
            await self.read()

    async def write(self) -> None:
        """Write what was read until that has ended; a reset is raised as what it is."""
        while True:
            chunk = await self._pipe.get()
            await self._pass(chunk, frozenset())
            if chunk.end == "reset":
                raise ConnectionResetError
            if chunk.end == "closed":
                return

    async def cut(self) -> None:
        """Close the connection; returns never, as the task is cancelled by that."""
        self._cut()
        await self._loop.create_future()

    async def _receive(self) -> Chunk:
        try:
            data = await self._loop.sock_recv(self._source, LARGEST_CHUNK)
        except ConnectionError:
            return Chunk(self._loop.time(), b"", "reset")
        return Chunk(self._loop.time(), data, None if data else "closed")

    async def _take(self, chunk: Chunk) -> Chunk:
        if self.held_by is not None:
            self.held_by.bite(self.subject, len(chunk.data))
        await self._pipe.put(chunk)
        return chunk

    async def _pass(self, chunk: Chunk, passed: frozenset[Toxic]) -> None:
        """Send a chunk on through each toxic once, those too that come while another holds it up."""
        toxic = next((each for each in self._toxics if each not in passed and self._is_treated_by(each)), None)
        if isinstance(toxic, Treatment):
            treated = passed | {toxic}
            await toxic.through(chunk, self, lambda part: self._pass(part, treated))
        elif self.subject.is_cut:
            await self._loop.create_future()  # It is cancelled; what was read last is not sent before that.
        elif chunk.data:
            self.bytes += len(chunk.data)
            await self._loop.sock_sendall(self._sink, chunk.data)
        elif chunk.end == "closed":
            self._sink.shutdown(socket.SHUT_WR)

    def _is_treated_by(self, toxic: Toxic) -> bool:
        return isinstance(toxic, Treatment) and toxic.concerns(self.subject)
