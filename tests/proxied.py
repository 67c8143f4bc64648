"""Both ends of connections through a fault proxy: the client's, and the upstream's, which is a socket of the test."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tc.faults.proxy import RunningProxy, running_proxy

PATIENCE_S = 10
SOON_S = 0.15  # how long is waited for what must not come
FIRST_LINES = {
    "http": b"GET /fapi/v1/time HTTP/1.1\r\n",
    "market": b"GET /stream HTTP/1.1\r\n",
    "user": b"GET /ws?a=b HTTP/1.1\r\n",
}


@dataclass
class Pair:
    """One connection: the client's end, and the upstream's."""

    client: socket.socket
    server: socket.socket

    def up(self, data: bytes) -> bytes:
        """Send from the client, and return what the upstream gets."""
        self.client.sendall(data)
        return received(self.server, len(data))

    def down(self, data: bytes) -> bytes:
        """Send from the upstream, and return what the client gets."""
        self.server.sendall(data)
        return received(self.client, len(data))


@dataclass
class Bench:
    """A proxy in front of an upstream."""

    proxy: RunningProxy
    upstream: socket.socket
    opened: list[socket.socket] = field(default_factory=list)

    def dial(self) -> socket.socket:
        """Connect a client."""
        client = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=PATIENCE_S)
        self.opened.append(client)
        return client

    def answer(self) -> socket.socket:
        """Take the next connection of the proxy at the upstream."""
        server, _ = self.upstream.accept()
        server.settimeout(PATIENCE_S)
        self.opened.append(server)
        return server

    def pair(self, kind: str | None = None) -> Pair:
        """Connect through the proxy; a connection of a kind has sent its first line."""
        pair = Pair(self.dial(), self.answer())
        if kind is not None:
            assert pair.up(FIRST_LINES[kind]) == FIRST_LINES[kind]
        return pair

    def refuses(self) -> bool:
        """Tell whether nobody can connect."""
        try:
            self.dial()
        except ConnectionRefusedError:
            return True
        return False


@contextmanager
def bench(seed: int = 1) -> Iterator[Bench]:
    """Run a proxy in front of an upstream; every socket is closed in the end."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as upstream:
        upstream.settimeout(PATIENCE_S)
        with running_proxy("127.0.0.1", upstream.getsockname()[1], seed=seed) as proxy:
            made = Bench(proxy, upstream)
            try:
                yield made
            finally:
                for each in made.opened:
                    each.close()


def received(end: socket.socket, size: int) -> bytes:
    """Return so many bytes, or fewer if it ends before."""
    data = b""
    while len(data) < size and (more := end.recv(size - len(data))):
        data += more
    return data


def is_silent(end: socket.socket) -> bool:
    """Tell whether nothing comes for a moment, no end either."""
    end.settimeout(SOON_S)
    try:
        end.recv(1)
    except TimeoutError:
        return True
    finally:
        end.settimeout(PATIENCE_S)
    return False


def ends(end: socket.socket) -> str:
    """Return how a connection ends: closed, or reset; what comes before is skipped."""
    try:
        while end.recv(1 << 16):
            pass
    except ConnectionResetError:
        return "reset"
    return "closed"


def reset(end: socket.socket) -> None:
    """Close it with a reset."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    late = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < late
        time.sleep(0.005)
