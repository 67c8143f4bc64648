"""What a connection is for is known by its first line, however it arrives."""

import pytest

from proxied import FIRST_LINES
from tc.faults.proxy.sniffing import kind_of


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GET /stream?streams=btcusdt@bookTicker HTTP/1.1\r\n", "market"),
        (b"GET /stream HTTP/1.1\r\n", "market"),
        (b"GET /ws?listenKey=abc HTTP/1.1\r\n", "user"),
        (b"GET /ws/abc HTTP/1.1\r\n", "user"),
        (b"POST /fapi/v1/order HTTP/1.1\r\n", "http"),
        (b"GET /wsx HTTP/1.1\r\n", "http"),
        (b"GET / HTTP/1.1\r\n", "http"),
        (b"\x16\x03\x01 not HTTP at all", "http"),
        (b"get /stream", "http"),
    ],
)
def test_a_first_line_tells_what_a_connection_is_for(head: bytes, kind: str) -> None:
    assert kind_of(head, is_whole=False) == kind


@pytest.mark.parametrize("kind", ["http", "market", "user"])
def test_no_beginning_of_a_first_line_tells_it_wrongly(kind: str) -> None:
    line = FIRST_LINES[kind]
    assert {kind_of(line[:size], is_whole=False) for size in range(1, len(line))} <= {None, kind}


def test_what_ends_before_it_tells_is_a_request() -> None:
    assert (kind_of(b"GET", is_whole=True), kind_of(b"", is_whole=True)) == ("http", "http")
