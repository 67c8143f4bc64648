"""The proxy: a port, the connections that came to it, and the toxics that they suffer from."""

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass
from functools import partial

from tc.faults.proxy.connection import Connection, tcp_socket
from tc.faults.proxy.sniffing import Kind
from tc.faults.proxy.toxic import Side, Toxic

_BACKLOG = 512
_RETRY_S = 0.05


@dataclass(frozen=True, slots=True)
class Counted:
    """What a proxy has carried.

    Parameters
    ----------
    accepted, unanswered
        Connections that came, and those of them for which the upstream could not be reached.
    open
        Connections that are open now.
    upstream_bytes, downstream_bytes
        Bytes that were sent to each side.

    """

    accepted: int
    unanswered: int
    open: int
    upstream_bytes: int
    downstream_bytes: int


class Proxy:
    """A TCP proxy of one event loop and one caller at a time.

    Parameters
    ----------
    upstream_host, upstream_port
        Whom the connections are for.
    seed
        Of all that is random in toxics.
    host, port
        Where it listens; port 0 takes any, which stays the same as long as it lives.

    """

    def __init__(self, upstream_host: str, upstream_port: int, *, seed: int, host: str = "127.0.0.1", port: int = 0) -> None:
        self._upstream = (upstream_host, upstream_port)
        self._seed, self._host, self.port = seed, host, port
        self._toxics: list[Toxic] = []
        self._added = 0
        self._connections: set[Connection] = set()
        self._accepted = self._unanswered = 0
        self._kinds: Counter[Kind] = Counter()
        self._passed: Counter[Side] = Counter()
        self._keeper: socket.socket | None = None
        self._listener: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where a client goes instead of to the upstream."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self.port}"

    async def start(self) -> None:
        """Take the port, and listen; OSError when it cannot be had."""
        with tcp_socket(self._host) as alone:  # Another proxy shares its port with whoever asks as this one does.
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((self._host, self.port))
        self._keeper = self._bound()
        self.port = self._keeper.getsockname()[1]
        self._open_port()

    async def close(self) -> None:
        """Close every connection and the port."""
        self._close_port()
        await self._cut(list(self._connections))
        if self._keeper is not None:
            self._keeper.close()

    async def add(self, toxic: Toxic) -> None:
        """Let a toxic bite, on the connections that are open too; nothing if it does already."""
        if toxic in self._toxics:
            return
        self._added += 1
        toxic.begin(f"{self._seed}/{self._added}")
        self._toxics.append(toxic)
        if toxic.closes_port:
            self._close_port()
        await self._ended([each for each in self._connections if each.judge()])
        if toxic.closes_port and await self._refuses():
            toxic.bite(None)

    async def remove(self, toxic: Toxic) -> None:
        """Let a toxic bite no longer; nothing if it does not."""
        if toxic not in self._toxics:
            return
        self._toxics.remove(toxic)
        toxic.end()
        if self._listener is None and not any(each.closes_port for each in self._toxics):
            self._open_port()

    async def counters(self) -> Counted:
        """Return what it has carried so far."""
        passed = self._passed + sum((Counter(each.passed) for each in self._connections), Counter())
        return Counted(self._accepted, self._unanswered, len(self._connections), passed["upstream"], passed["downstream"])

    def _bound(self) -> socket.socket:
        """Bind a socket to the port.

        One that does not listen keeps it for as long as the proxy lives: while nobody listens, nobody else can take it, and no
        client that tries to connect to it is given it as its own port and so meets itself.
        """
        made = tcp_socket(self._host)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind((self._host, self.port))
        except OSError:
            made.close()
            raise
        return made

    def _open_port(self) -> None:
        listener = self._bound()
        listener.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # What remains of its connections keeps no later proxy out.
        listener.listen(_BACKLOG)
        self._listener = listener
        self._accept_more(listener)

    def _accept_more(self, listener: socket.socket) -> None:
        if listener is self._listener:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _close_port(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        """Accept who waits: by a callback, as a task that is cancelled would lose a socket that it has just been given."""
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            return
        except OSError:  # a client that has left, or no descriptor to spare
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(_RETRY_S, self._accept_more, listener)
            return
        client.settimeout(0)
        connection = Connection(self._accepted, client, self._upstream, self._toxics, self._rank)
        self._accepted += 1
        self._connections.add(connection)
        connection.task.add_done_callback(partial(self._forget, connection))
        connection.judge()

    def _rank(self, kind: Kind) -> int:
        self._kinds[kind] += 1
        return self._kinds[kind] - 1

    def _forget(self, connection: Connection, _task: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        self._passed.update(connection.passed)
        self._unanswered += connection.is_refused

    async def _refuses(self) -> bool:
        """Tell whether the port refuses who wants to connect."""
        with tcp_socket(self._host) as tried:
            try:
                await asyncio.get_running_loop().sock_connect(tried, (self._host, self.port))
            except ConnectionRefusedError:
                return True
            return False

    async def _cut(self, connections: list[Connection]) -> None:
        for each in connections:
            each.cut()
        await self._ended(connections)

    async def _ended(self, connections: list[Connection]) -> None:
        if connections:
            await asyncio.wait([each.task for each in connections])
