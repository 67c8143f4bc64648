"""Each fault bites as it says, as often as it says, is counted when it has bitten, and can be taken back."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from venue_process import SYMBOL, Caller, Listening, VenueProcess, calling, listening, user_stream, venue_process

FAR = "58000.0"
NAME = SYMBOL.lower()


@contextmanager
def bitten(caller: Caller, name: str, times: int) -> Iterator[None]:
    before = caller.counters()[name]
    yield
    assert caller.counters()[name] - before == times


@pytest.fixture(autouse=True)
def _no_orders(caller: Caller) -> Iterator[None]:
    yield
    caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)


def is_there(caller: Caller, client_id: str) -> bool:
    return caller.signed("GET", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId=client_id).status == 200


def test_orders_are_rejected_with_the_code_that_is_wanted_and_only_so_many(caller: Caller) -> None:
    with bitten(caller, "reject_orders", 2):
        caller.fault("reject_orders", count=2, code=-2019, message="Margin is insufficient.")
        assert [caller.place("BUY", "0.010", FAR).document.get("code") for _ in range(3)] == [-2019, -2019, None]


def test_too_many_requests_is_answered_before_anything_is_done(caller: Caller) -> None:
    with bitten(caller, "too_many_requests", 1):
        caller.fault("too_many_requests")
        answered = caller.place("BUY", "0.010", FAR, newClientOrderId="busy-1")
    assert (answered.status, answered.code) == (429, -1003)
    assert "Retry-After" in answered.headers
    caller.fault("too_many_requests", retry_after_s=3)
    assert caller.place("BUY", "0.010", FAR, newClientOrderId="busy-1").headers["Retry-After"] == "3"
    assert not is_there(caller, "busy-1")


def test_a_503_before_leaves_no_order_and_one_after_leaves_it(caller: Caller) -> None:
    with bitten(caller, "unavailable_before", 1), bitten(caller, "unavailable_after", 1):
        caller.fault("unavailable_before")
        assert caller.place("BUY", "0.010", FAR, newClientOrderId="before-1").status == 503
        caller.fault("unavailable_after")
        assert caller.place("BUY", "0.010", FAR, newClientOrderId="after-1").status == 503
    assert not is_there(caller, "before-1")
    assert is_there(caller, "after-1")


def test_a_fault_after_bites_only_on_what_was_accepted(caller: Caller) -> None:
    caller.fault("unavailable_after")
    assert caller.place("BUY", "0.001", FAR).code == -4164
    assert caller.place("BUY", "0.010", FAR).status == 503


@pytest.mark.parametrize("handled", ["after", "before"])
def test_a_request_hangs_before_or_after_it_is_handled(caller: Caller, handled: str) -> None:
    with bitten(caller, "hang", 1), calling(caller.url) as other:
        caller.fault("hang", seconds=0.5, handled=handled)
        client_id, bites = f"hang-{handled}", caller.counters()["hang"]
        began = time.monotonic()
        query = caller.query(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.010", price=FAR, newClientOrderId=client_id
        )
        connection = other.start("POST", "/fapi/v1/order", query)
        while not caller.counters()["hang"] > bites:
            assert time.monotonic() - began < 5
        assert is_there(caller, client_id) == (handled == "before")
        with closing(connection), connection.getresponse() as response:
            assert (response.status, response.read()[:1]) == (200, b"{")
        assert time.monotonic() - began >= 0.5
    assert is_there(caller, client_id)


def test_a_fault_can_be_of_one_request_only(caller: Caller) -> None:
    with bitten(caller, "too_many_requests", 1):
        caller.fault("too_many_requests", requests="DELETE /fapi/v1/order")
        caller.place("BUY", "0.010", FAR, newClientOrderId="one-1")
        assert caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="one-1").status == 429
        assert caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="one-1").status == 200


def test_user_updates_are_dropped_and_doubled(caller: Caller) -> None:
    with user_stream(caller) as stream, bitten(caller, "drop_user_updates", 1), bitten(caller, "duplicate_user_updates", 1):
        caller.fault("drop_user_updates", count=1)
        caller.place("BUY", "0.010", FAR, newClientOrderId="dropped-1")
        caller.fault("duplicate_user_updates", count=1, kinds=["ORDER_TRADE_UPDATE"])
        caller.place("BUY", "0.010", FAR, newClientOrderId="double-1")
        caller.place("BUY", "0.010", FAR, newClientOrderId="single-1")
        assert [stream.next()["o"]["c"] for _ in range(3)] == ["double-1", "double-1", "single-1"]


def test_frozen_streams_are_silent_and_the_depth_has_no_gap_afterwards(caller: Caller) -> None:
    with listening(caller.url, f"/stream?streams={NAME}@depth@100ms/{NAME}@bookTicker") as stream:
        last = stream.until(lambda each: "depth" in each["stream"])["data"]["u"]
        before = caller.counters()["freeze_market_data"]
        caller.fault("freeze_market_data")
        stream._socket.settimeout(0.4)
        while (message := _next_in_time(stream)) is not None:
            last = message["data"]["u"] if "depth" in message["stream"] else last
        assert caller.counters()["freeze_market_data"] > before
        moved = caller.best(), caller.send("GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=5").document["lastUpdateId"]
        assert moved[1] > last
        caller.fault("freeze_market_data", on=False)
        stream._socket.settimeout(5)
        after = stream.until(lambda each: "depth" in each["stream"])["data"]
    assert after["pu"] == last


def _next_in_time(stream: Listening) -> Any:
    try:
        return stream.next()
    except TimeoutError:
        return None


def test_a_frozen_market_stands_still_at_the_venue_too(caller: Caller) -> None:
    caller.fault("freeze_market_data", what="market")
    at = [caller.send("GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=5").document["lastUpdateId"] for _ in range(2)]
    time.sleep(0.3)
    at += [caller.send("GET", "/fapi/v1/depth", f"symbol={SYMBOL}&limit=5").document["lastUpdateId"]]
    assert at[1] == at[2]
    assert caller.place("BUY", "0.010", newOrderRespType="RESULT").document["status"] == "FILLED"
    caller.fault("freeze_market_data", on=False)
    caller.place("SELL", "0.010", reduceOnly="true")


def test_websockets_are_refused_and_aborted(caller: Caller) -> None:
    with bitten(caller, "refuse_websockets", 1):
        caller.fault("refuse_websockets")
        with listening(caller.url, "/stream") as refused:
            assert refused.status == 503
        caller.fault("refuse_websockets", on=False)
    with user_stream(caller) as user, listening(caller.url, f"/ws/{NAME}@trade") as market, bitten(caller, "abort_websockets", 1):
        market.next()
        caller.fault("abort_websockets", which="user")
        with pytest.raises((EOFError, ConnectionError)):
            user.next()
        market.next()


def test_an_order_appears_that_nobody_here_sent_and_one_vanishes(caller: Caller) -> None:
    with user_stream(caller) as stream, bitten(caller, "order_appears", 2), bitten(caller, "order_vanishes", 1):
        caller.fault("order_appears", symbol=SYMBOL, side="SELL", quantity="0.020", price="61000.0", client_order_id="web-1")
        assert stream.next()["o"]["c"] == "web-1"
        caller.fault(
            "order_appears", symbol=SYMBOL, side="SELL", quantity="0.020", price="61000.0", client_order_id="web-2", silent=True
        )
        assert is_there(caller, "web-2")
        caller.fault("order_vanishes", symbol=SYMBOL, client_order_id="web-1")
        assert not is_there(caller, "web-1")
        caller.place("BUY", "0.010", FAR, newClientOrderId="told-1")
        assert stream.next()["o"]["c"] == "told-1"


def test_a_position_changes_without_a_word(caller: Caller) -> None:
    with user_stream(caller) as stream, bitten(caller, "position_changed", 2):
        caller.fault("position_changed", symbol=SYMBOL, by="-0.500")
        (position,) = caller.signed("GET", "/fapi/v3/positionRisk").document
        assert position["positionAmt"] == "-0.500"
        caller.fault("position_changed", symbol=SYMBOL, by="0.500")
        caller.place("BUY", "0.010", FAR, newClientOrderId="quiet-1")
        assert stream.next()["e"] == "ORDER_TRADE_UPDATE"
    assert caller.signed("GET", "/fapi/v3/positionRisk").document[0]["positionAmt"] == "0.000"


def test_a_skewed_clock_tells_another_time_and_refuses_what_is_on_time(caller: Caller) -> None:
    with bitten(caller, "clock_skew", 1):
        caller.fault("clock_skew", ms=-30_000)
        told = caller.send("GET", "/fapi/v1/time").document["serverTime"]
        assert 29_000 < time.time() * 1000 - told < 31_000
        assert caller.signed("GET", "/fapi/v2/account").code == -1021
        caller.skew_ms = -30_000
        assert caller.signed("GET", "/fapi/v2/account").status == 200


def test_reset_takes_back_what_waits_and_keeps_what_was_counted(caller: Caller) -> None:
    caller.fault("reject_orders", count=9)
    caller.place("BUY", "0.010", FAR)
    counted = caller.counters()["reject_orders"]
    caller.fault("clock_skew", ms=99_000)
    told = caller.fault("reset").document
    assert (told["waiting"]["drop_user_updates"], "reject_orders" in told["waiting"], told["clock_skew_ms"]) == (0, False, 0)
    assert told["counters"]["reject_orders"] == counted
    assert caller.place("BUY", "0.010", FAR).status == 200


def test_every_request_is_in_the_log_with_what_it_was_answered(caller: Caller) -> None:
    caller.place("BUY", "0.010", FAR, newClientOrderId="logged-1")
    caller.place("BUY", "0.001", FAR, newClientOrderId="logged-2")
    caller.send("GET", "/fapi/v1/time")
    told = [
        (each["method"], each["path"], each["client_order_id"], each["status"], each["error_code"])
        for each in caller.requests()[-3:]
    ]
    assert told == [
        ("POST", "/fapi/v1/order", "logged-1", 200, 0),
        ("POST", "/fapi/v1/order", "logged-2", 400, -4164),
        ("GET", "/fapi/v1/time", "", 200, 0),
    ]
    last = caller.requests()[-1]["number"]
    assert caller.send("GET", "/_fault/requests", f"after={last}").document == {"requests": []}


@pytest.mark.parametrize(
    ("name", "document", "status"),
    [
        ("nothing", {}, 404),
        ("hang", {"seconds": -1}, 400),
        ("hang", {"second": 1}, 400),
        ("order_vanishes", {"symbol": SYMBOL, "order_id": 999_999}, 400),
        ("position_changed", {"symbol": SYMBOL, "by": "lots"}, 400),
    ],
)
def test_a_fault_that_is_none_is_refused(caller: Caller, name: str, document: dict[str, object], status: int) -> None:
    assert caller.fault(name, **document).status == status


def test_the_fault_port_is_shut_unless_it_was_asked_for_and_for_pages_in_a_browser(venue: VenueProcess, caller: Caller) -> None:
    assert caller.send("GET", "/_fault/counters", headers={"Origin": "http://127.0.0.1"}).status == 403
    assert caller.send("POST", "/_fault/reset", headers={"Host": "evil.example"}).status == 403
    with venue_process() as shut, calling(shut.url) as other:
        assert not shut.ready["faults"]
        assert other.send("GET", "/_fault/counters").code == -5000
        assert other.fault("reset").code == -5000
