"""One connection of a client, with the one to the upstream that belongs to it, until both have ended or it is cut."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress

from tc.faults.proxy.link import Link
from tc.faults.proxy.sniffing import Kind, kind_of
from tc.faults.proxy.toxic import Cutter, Side, Toxic

_RESET = struct.pack("ii", 1, 0)  # linger, for no time: closing sends RST


def tcp_socket(host: str) -> socket.socket:
    """Return a socket of the address family of a host, for an event loop."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.settimeout(0)
    return made


class Connection:
    """A connection and its two directions.

    Parameters
    ----------
    number
        How many came before it.
    client
        The accepted socket, which it owns.
    upstream
        Host and port of whom it is for.
    toxics
        All toxics that there are now.
    rank
        Gives the next number of a kind.

    """

    def __init__(
        self, number: int, client: socket.socket, upstream: tuple[str, int], toxics: Sequence[Toxic], rank: Callable[[Kind], int]
    ) -> None:
        self.number = number
        self.kind: Kind | None = None
        self.rank = 0
        self.is_refused = self.is_cut = False
        self._address, self._toxics, self._next_rank = upstream, toxics, rank
        self._sockets: dict[Side, socket.socket] = {"downstream": client}
        self._resets: frozenset[Side] = frozenset()
        self._links: tuple[Link, ...] = ()
        self.task = asyncio.get_running_loop().create_task(self._run())
        self.task.add_done_callback(self._close)

    @property
    def passed(self) -> dict[Side, int]:
        """How many bytes were sent to each side."""
        return {each.side: each.bytes for each in self._links}

    def judge(self) -> bool:
        """Cut it if a toxic wants that; return whether it is cut."""
        for toxic in self._toxics:
            if not self.is_cut and isinstance(toxic, Cutter) and toxic.concerns(self):
                toxic.bite(self)
                self._resets = toxic.resets
                self.cut()
        return self.is_cut

    def cut(self) -> None:
        """Close it at both ends, now."""
        if not self.is_cut:
            self.is_cut = True
            self.task.cancel()

    async def _run(self) -> None:
        client = self._sockets["downstream"]
        try:
            upstream = self._sockets["upstream"] = tcp_socket(self._address[0])
            await asyncio.get_running_loop().sock_connect(upstream, self._address)
        except OSError:
            self.is_refused = True
            return
        for each in (client, upstream):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        up = Link(self, "upstream", client, upstream, self._toxics, self.cut)
        down = Link(self, "downstream", upstream, client, self._toxics, self.cut)
        self._links = (up, down)
        await self._carry(up, down)

    async def _carry(self, up: Link, down: Link) -> None:
        """Carry both directions until both have ended; when one breaks, both are reset."""
        try:
            async with asyncio.TaskGroup() as group:
                for each in (up.read_upstream(self._learn), up.write(), down.read(), down.write()):
                    group.create_task(each)
        except* OSError:
            self._resets = frozenset({"upstream", "downstream"})

    def _learn(self, head: bytes, is_whole: bool) -> bool:  # noqa: FBT001 - a callback of one caller
        """Learn from the first bytes what it is for; return whether that is known now."""
        self.kind = kind_of(head, is_whole=is_whole)
        if self.kind is None:
            return False
        self.rank = self._next_rank(self.kind)
        self.judge()
        return True

    def _close(self, task: asyncio.Task[None]) -> None:
        """Close both sockets: a task that is cancelled before it begins would never do so itself."""
        for side, each in self._sockets.items():
            if side in self._resets:
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            each.close()
        if not task.cancelled():
            task.result()
