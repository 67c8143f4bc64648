"""Down closes and refuses, reset resets; each only whom it was chosen for, and all comes back on the same port."""

import socket

import pytest

from proxied import FIRST_LINES, Bench, ends, is_silent, until
from tc.faults.proxy import ProxyFault
from tc.spec.drills.fault_parameters.transport import BlackHole, Down, Reset


def test_down_closes_what_is_open_refuses_what_comes_and_returns_on_the_same_port(line: Bench) -> None:
    port, pairs = line.proxy.port, [line.pair(), line.pair("market")]
    fault = ProxyFault(line.proxy, Down())
    for _ in range(3):
        before = fault.proof()
        fault.inject()
        assert all(ends(each.client) == ends(each.server) == "closed" for each in pairs)
        assert fault.proof() == before + len(pairs) + 1
        assert line.refuses()
        fault.restore()
        assert line.proxy.port == port
        pairs = [line.pair("http")]
        assert pairs[0].down(b"here again") == b"here again"


def test_nobody_takes_the_port_while_it_is_down(line: Bench) -> None:
    ProxyFault(line.proxy, Down()).inject()
    for option in (socket.SO_KEEPALIVE, socket.SO_REUSEADDR):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", line.proxy.port))


def test_the_port_stays_closed_until_every_down_is_taken_away(line: Bench) -> None:
    first, second = ProxyFault(line.proxy, Down()), ProxyFault(line.proxy, Down())
    first.inject()
    second.inject()
    first.restore()
    assert line.refuses()
    second.restore()
    assert not line.refuses()


def test_down_of_a_kind_leaves_the_others_alone(line: Bench) -> None:
    market, user = line.pair("market"), line.pair("user")
    fault = ProxyFault(line.proxy, Down(connections="market"))
    fault.inject()
    assert ends(market.client) == "closed"
    assert user.down(b"fill") == b"fill"
    late = line.pair()
    late.client.sendall(FIRST_LINES["market"])
    assert ends(late.client) == "closed"
    assert late.server.recv(100) == b""
    assert line.pair("http").down(b"200") == b"200"
    assert fault.proof() == 2


@pytest.mark.parametrize(
    ("direction", "client", "server"),
    [("both", "reset", "reset"), ("downstream", "reset", "closed"), ("upstream", "closed", "reset")],
)
def test_reset_resets_the_side_that_it_is_aimed_at(line: Bench, direction: str, client: str, server: str) -> None:
    pair = line.pair("http")
    fault = ProxyFault(line.proxy, Reset(direction=direction))  # type: ignore[arg-type]
    fault.inject()
    assert (ends(pair.client), ends(pair.server)) == (client, server)
    assert fault.proof() == 1


def test_reset_meets_those_too_that_come_later(line: Bench) -> None:
    fault = ProxyFault(line.proxy, Reset())
    fault.inject()
    with pytest.raises(ConnectionResetError):  # while it connects or just after
        line.dial().recv(1)
    until(lambda: fault.proof() == 1)
    fault.restore()
    assert line.pair().down(b"well") == b"well"


def test_a_connection_in_a_black_hole_is_cut_all_the_same(line: Bench) -> None:
    pair = line.pair()
    hole = ProxyFault(line.proxy, BlackHole())
    hole.inject()
    pair.client.sendall(b"lost")
    until(lambda: hole.proof() == 1)
    assert is_silent(pair.server)
    ProxyFault(line.proxy, Reset()).inject()
    assert ends(pair.server) == "reset"
    assert line.proxy.counters().open == 0
