"""A fault proxy in front of a real venue: requests and streams pass, and break as they are told to."""

from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from live_nodes import venue
from tc.faults.proxy import ProxyFault, running_proxy
from tc.spec.drills.fault_parameters.transport import BlackHole, Down
from venue_process import Caller, calling, listening, user_stream

pytestmark = pytest.mark.e2e

MARKET = "/stream?streams=btcusdt@bookTicker"


def test_requests_and_streams_pass_are_cut_by_down_come_back_and_a_black_hole_of_the_market_leaves_the_rest_alive() -> None:
    with ExitStack() as stack:
        real = stack.enter_context(venue())
        proxy = stack.enter_context(running_proxy("127.0.0.1", urlsplit(real.url).port or 0, seed=1))
        caller = stack.enter_context(calling(proxy.url))
        market = stack.enter_context(listening(proxy.url, MARKET))
        user = stack.enter_context(user_stream(caller))
        assert market.next()["stream"] == "btcusdt@bookTicker"
        _traded(caller)
        assert user.until(lambda message: message["e"] == "ORDER_TRADE_UPDATE")["o"]["X"] == "NEW"

        down = ProxyFault(proxy, Down())
        down.inject()
        for stream in (market, user):
            with pytest.raises((EOFError, ConnectionResetError)):
                stream.until(lambda _: False)
        with calling(proxy.url) as other, pytest.raises(ConnectionRefusedError):
            other.send("GET", "/fapi/v1/time")
        assert down.proof() == 4  # two streams, one caller, and nobody else comes in
        down.restore()

        again = stack.enter_context(calling(proxy.url))
        market = stack.enter_context(listening(proxy.url, MARKET))
        user = stack.enter_context(user_stream(again))
        assert market.next()["stream"] == "btcusdt@bookTicker"

        hole = ProxyFault(proxy, BlackHole(connections="market"))
        hole.inject()
        market._socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            market.until(lambda _: False)
        _traded(again)
        assert user.until(lambda message: message["e"] == "ORDER_TRADE_UPDATE")["o"]["X"] == "NEW"
        assert hole.proof() > 0
        hole.restore()
        assert market.next()["stream"] == "btcusdt@bookTicker"


def _traded(caller: Caller) -> None:
    assert caller.place("BUY", "0.010").status == 200
