"""WebSocket handshakes: what is a proof of one, and what is not."""

import base64
import hashlib
import re
import socket
from pathlib import Path

import pytest

from probed_servers import Behaviour, answering, phases, probed, server_context, serving, trusting


class Handshake:
    """Shakes hands as RFC 6455 says, or otherwise; and keeps what the probe sent then."""

    reads = False  # The answer depends on the request: it is read here.

    def __init__(self, status: str = "101 Switching Protocols", *, upgrade: str = "websocket", proof: str = "") -> None:
        self.frames: list[bytes] = []
        self._status, self._upgrade, self._proof = status, upgrade, proof

    def __call__(self, connection: socket.socket) -> None:
        key = re.search(rb"Sec-WebSocket-Key: (\S+)\r\n", connection.recv(65536))
        assert key is not None
        made = hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
        proof = self._proof or base64.b64encode(made).decode()
        head = f"HTTP/1.1 {self._status}\r\nUpgrade: {self._upgrade}\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"
        connection.sendall(head.encode())
        self.frames.append(connection.recv(100))


def test_a_websocket_that_shakes_hands_is_ok_and_is_closed_as_the_protocol_says() -> None:
    behaviour = Handshake()
    with serving(behaviour) as served:
        found = probed(served.url("ws", path="/ws/btcusdt@bookTicker"))
    assert (found.state, found.http_status) == ("ok", 101)
    assert phases(found) == (False, True, False, True)
    assert behaviour.frames == [b"\x88\x82\x00\x00\x00\x00\x03\xe8"]


@pytest.mark.parametrize(
    ("behaviour", "state", "status"),
    [
        (Handshake("200 OK"), "http_error", 200),
        (Handshake("403 Forbidden"), "http_error", 403),
        (Handshake("302 Found"), "http_error", 302),
        (Handshake(upgrade="h2c"), "unknown", 101),
        (Handshake(proof="bm90IHRoZSBwcm9vZg=="), "unknown", 101),
        (answering(b"\x81\x05hello"), "unknown", None),
    ],
    ids=["200", "403", "redirect", "another protocol", "a wrong proof", "a frame"],
)
def test_a_websocket_that_does_not_shake_hands_is_not_ok(behaviour: Behaviour, state: str, status: int | None) -> None:
    with serving(behaviour) as served:
        found = probed(served.url("ws"))
    assert (found.state, found.http_status) == (state, status)


def test_a_websocket_over_tls_is_probed_as_well(own: tuple[Path, Path]) -> None:
    with serving(Handshake(), context=server_context(*own)) as served:
        found = probed(served.url("wss"), context=trusting(own[0]))
    assert (found.state, phases(found)) == ("ok", (False, True, True, True))
