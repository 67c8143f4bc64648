"""One attempt against servers that answer well, badly, slowly or not at all."""

import re
import socket
import threading
from contextlib import closing

import pytest

from probed_servers import OK, answering, phases, probed, serving, until_it_leaves

SHORT = {"timeout_ms": 300}


def silent(_connection: socket.socket) -> None:
    """Close without a word."""


def test_a_server_that_answers_is_ok_with_the_times_of_its_phases() -> None:
    with serving(answering(OK)) as served:
        found = probed(served.url(path="/fapi/v1/ping"))
    assert (found.state, found.http_status, found.address, found.detail) == ("ok", 200, "127.0.0.1", "")
    assert phases(found) == (False, True, False, True)
    assert 0 < (found.timings.connect_ns or 0) + (found.timings.first_byte_ns or 0) <= found.timings.total_ns
    [request] = served.requests
    assert request.startswith(b"GET /fapi/v1/ping HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n")
    assert not re.search(rb"(?i)authorization|api-?key|cookie|signature|content-length", request)


def test_a_name_is_looked_up_and_has_the_time_of_it() -> None:
    with serving(answering(OK)) as served:
        found = probed(served.url(host="localhost"))
    assert found.state == "ok"
    assert phases(found) == (True, True, False, True)


def test_ipv6_is_probed_as_well() -> None:
    with serving(answering(OK), host="::1") as served:
        found = probed(served.url(host="[::1]"))
    assert (found.state, found.address) == ("ok", "::1")
    assert f"Host: [::1]:{served.port}".encode() in served.requests[0]


@pytest.mark.parametrize("status", [204, 301, 400, 401, 404, 418, 500, 503])
def test_only_a_status_of_success_is_ok(status: int) -> None:
    with serving(answering(f"HTTP/1.1 {status} x\r\n\r\n".encode())) as served:
        found = probed(served.url())
    assert (found.state, found.http_status) == ("ok" if status == 204 else "http_error", status)


def test_interim_answers_are_passed_over() -> None:
    with serving(answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK)) as served:
        assert probed(served.url()).state == "ok"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x00\xff\x13garbage\r\n\r\n", "is not HTTP/1"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is not HTTP/1"),
        (b"HTTP/2 200\r\n\r\n", "is not HTTP/1"),
        (b"HTTP/1.1 banana\r\n\r\n", "first line"),
        (b"HTTP/1.1 999 x\r\n\r\n", "first line"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "headers are not HTTP/1"),
        (b"HTTP/1.1 101 x\r\n\r\n", "101"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "larger than 64 KiB"),
        (b"HTTP/1.1 200 OK\r\nX: cut", "within an answer"),
        (b"", "before an answer"),
    ],
)
def test_an_answer_that_is_none_is_unknown_or_an_error_and_none_of_it_is_kept(data: bytes, words: str) -> None:
    with serving(answering(data)) as served:
        found = probed(served.url())
    assert found.state == ("http_error" if b"101" in data else "unknown")
    assert words in found.detail
    assert "garbage" not in found.detail
    assert "SSH" not in found.detail


def test_endless_headers_end_at_a_bound_and_not_at_the_deadline() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 50)

    with serving(endless) as served:
        found = probed(served.url(), timeout_ms=20_000)
    assert (found.state, found.timings.total_ns < 10_000_000_000) == ("unknown", True)


@pytest.mark.parametrize("is_dripping", [False, True], ids=["half-open", "one byte after the other"])
def test_a_server_that_is_too_slow_is_a_timeout_however_it_is_slow(is_dripping: bool) -> None:
    def drip(connection: socket.socket) -> None:
        over = threading.Event()
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000:
            connection.sendall(bytes([byte]))
            over.wait(0.02)

    with serving(drip if is_dripping else until_it_leaves) as served:
        found = probed(served.url(), **SHORT)
    assert found.state == "timeout"
    assert phases(found) == (False, True, False, is_dripping)
    assert 300_000_000 <= found.timings.total_ns < 3_000_000_000


def test_a_connection_that_is_reset_is_unknown() -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with serving(reset) as served:
        found = probed(served.url())
    assert (found.state, found.http_status) == ("unknown", None)


@pytest.mark.parametrize("scheme", ["http", "https", "tcp", "ws", "wss"])
def test_where_nobody_listens_it_is_unreachable(scheme: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    found = probed(f"{scheme}://127.0.0.1:{port}")
    assert (found.state, found.address, found.http_status) == ("unreachable", None, None)
    assert phases(found) == (False, False, False, False)


def test_a_connection_of_an_end_to_itself_is_nobody_who_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    itself = socket.socket
    states: set[str] = set()

    class AtThatPort(itself):
        def connect(self, address: object) -> None:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(("127.0.0.1", port))
            super().connect(address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", AtThatPort)
        states.add(probed(f"tcp://127.0.0.1:{port}").state)
    assert states == {"unreachable"}


def test_tcp_asks_for_a_connection_only() -> None:
    with serving(silent) as served:
        found = probed(served.url("tcp"))
    assert (found.state, found.http_status) == ("ok", None)
    assert phases(found) == (False, True, False, False)
    assert b"".join(served.requests) == b""
