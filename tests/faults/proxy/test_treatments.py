"""Each toxic of what passes does what its name says, in its direction, and stops when it is taken away."""

import socket
import threading
import time

import pytest

from proxied import FIRST_LINES, Bench, ends, is_silent, received, until
from tc.faults.proxy import ProxyFault
from tc.faults.proxy.making import toxic_of
from tc.spec.drills.fault_parameters.transport import (
    Bandwidth,
    BlackHole,
    Latency,
    LimitData,
    Slicer,
    SlowClose,
    TransportParameters,
)


def test_latency_delays_each_chunk_and_not_the_one_after_it_once_more(line: Bench) -> None:
    pair = line.pair()
    fault = ProxyFault(line.proxy, Latency(latency_s="0.2", direction="downstream"))
    fault.inject()
    began = time.monotonic()
    for number in range(10):
        pair.server.sendall(b"%d" % number)
        time.sleep(0.01)
    assert received(pair.client, 1) == b"0"
    assert time.monotonic() - began >= 0.2
    assert received(pair.client, 9) == b"123456789"
    assert time.monotonic() - began < 1.9
    assert 1 <= fault.proof() <= 10  # what comes late anyway, or with what was before it, is not counted on its own


def test_latency_of_one_direction_leaves_the_other_alone(line: Bench) -> None:
    pair = line.pair()
    fault = ProxyFault(line.proxy, Latency(latency_s="60", direction="downstream"))
    fault.inject()
    assert pair.up(b"at once") == b"at once"
    assert fault.proof() == 0


def test_jitter_keeps_the_order(line: Bench) -> None:
    pair = line.pair()
    ProxyFault(line.proxy, Latency(latency_s="0.02", jitter_s="0.02")).inject()
    for number in range(10):
        pair.client.sendall(b"%d" % number)
        time.sleep(0.002)
    assert received(pair.server, 10) == b"0123456789"


def test_what_waits_goes_on_at_once_when_its_latency_is_taken_away(line: Bench) -> None:
    pair = line.pair()
    fault = ProxyFault(line.proxy, Latency(latency_s="60"))
    fault.inject()
    pair.client.sendall(b"waits")
    until(lambda: fault.proof() == 1)
    fault.restore()
    assert received(pair.server, 5) == b"waits"


def test_bandwidth_lets_so_many_bytes_pass_a_second(line: Bench) -> None:
    pair = line.pair()
    fault = ProxyFault(line.proxy, Bandwidth(kb_per_s="100"))
    fault.inject()
    began = time.monotonic()
    assert pair.up(bytes(40_000)) == bytes(40_000)
    assert 0.4 <= time.monotonic() - began < 5
    pair.client.shutdown(socket.SHUT_WR)
    assert received(pair.server, 1) == b""
    assert fault.proof() > 0


def test_a_slicer_sends_small_pieces(line: Bench) -> None:
    pair = line.pair()
    fault = ProxyFault(line.proxy, Slicer(size_bytes=10, variation_bytes=3, delay_s="0.03"))
    fault.inject()
    pair.client.sendall(bytes(100))
    pieces = []
    while sum(pieces) < 100:
        pieces.append(len(pair.server.recv(100)))
    assert len(pieces) >= 5
    assert len(set(pieces)) > 1
    assert fault.proof() == 1


def test_a_black_hole_keeps_connections_open_and_forwards_nothing_until_it_is_taken_away(line: Bench) -> None:
    old = line.pair()
    fault = ProxyFault(line.proxy, BlackHole())
    fault.inject()
    new = line.pair()
    new.client.sendall(b"a question")
    old.server.sendall(b"news")
    until(lambda: fault.proof() == 2)
    old.server.sendall(b" and more")
    old.server.close()
    until(lambda: fault.proof() == 4)
    assert is_silent(new.server)
    assert is_silent(old.client)
    fault.restore()
    assert received(new.server, 10) == b"a question"
    assert received(old.client, 100) == b"news and more"


def test_a_black_hole_swallows_what_waited_before_it_came(line: Bench) -> None:
    pair = line.pair()
    late = ProxyFault(line.proxy, Latency(latency_s="60"))
    late.inject()
    pair.client.sendall(b"on its way")
    until(lambda: late.proof() == 1)
    ProxyFault(line.proxy, BlackHole()).inject()
    late.restore()
    assert is_silent(pair.server)


def test_a_black_hole_of_market_streams_takes_their_first_line_too_and_nothing_else(line: Bench) -> None:
    fault = ProxyFault(line.proxy, BlackHole(connections="market"))
    fault.inject()
    market, http, user = line.pair(), line.pair("http"), line.pair("user")
    market.client.sendall(FIRST_LINES["market"][:6])
    market.client.sendall(FIRST_LINES["market"][6:])
    assert is_silent(market.server)
    assert http.down(b"200") + user.down(b"fill") == b"200fill"
    assert fault.proof() == 1


def test_limit_data_lets_so_much_pass_and_closes(line: Bench) -> None:
    pair, other = line.pair(), line.pair()
    fault = ProxyFault(line.proxy, LimitData(limit_bytes=10, direction="downstream"))
    fault.inject()
    assert pair.up(bytes(100)) == bytes(100)
    assert pair.down(b"12345") == b"12345"
    pair.server.sendall(b"67890 too much")
    assert received(pair.client, 100) == b"67890"
    assert ends(pair.server) in ("closed", "reset")
    assert other.down(b"1234567890") == b"1234567890"
    assert fault.proof() == 1


def test_slow_close_delays_the_end_and_nothing_before_it(line: Bench) -> None:
    pair = line.pair()
    fault = ProxyFault(line.proxy, SlowClose(delay_s="0.3"))
    fault.inject()
    began = time.monotonic()
    pair.server.sendall(b"last")
    pair.server.shutdown(socket.SHUT_WR)
    assert received(pair.client, 4) == b"last"
    assert ends(pair.client) == "closed"
    assert time.monotonic() - began >= 0.3
    assert fault.proof() == 1


def test_toxics_work_one_after_the_other(line: Bench) -> None:
    pair = line.pair()
    for latency_s in ("0.1", "0.15"):
        ProxyFault(line.proxy, Latency(latency_s=latency_s)).inject()
    began = time.monotonic()
    assert pair.up(b"twice") == b"twice"
    assert time.monotonic() - began >= 0.25


@pytest.mark.parametrize(
    "parameters",
    [
        BlackHole(),
        Latency(latency_s="60"),
        Bandwidth(kb_per_s="0.001"),
        Slicer(size_bytes=1, delay_s="60"),
        SlowClose(delay_s="60"),
    ],
)
def test_a_proxy_ends_at_once_whatever_waits_in_it(line: Bench, parameters: TransportParameters) -> None:
    toxic = toxic_of(parameters)
    line.proxy.add(toxic)
    pair = line.pair()
    pair.client.sendall(bytes(1000))
    pair.client.shutdown(socket.SHUT_WR)
    until(lambda: toxic.bites.times > 0)
    stopping = threading.Thread(target=line.proxy.stop)
    stopping.start()
    stopping.join(5)
    assert not stopping.is_alive()
    assert ends(pair.server) in ("closed", "reset")
    line.proxy.stop()
