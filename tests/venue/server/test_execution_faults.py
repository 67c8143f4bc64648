"""Each fault of requests, orders and the account bites as a real venue would, is counted when it has, and can be taken back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from tc.exchange import Keys, VenueLine, VenueRefusedError, VenueUnreachableError, read_account
from tc.spec.venue_url import judge
from venue_process import API_KEY, API_SECRET, SYMBOL, Caller, listening, user_stream

LOW, HIGH = "58000.0", "62000.0"
ORDER, ACCOUNT = "/fapi/v1/order", "/fapi/v2/account"


@contextmanager
def bitten(caller: Caller, name: str, times: int) -> Iterator[None]:
    before = caller.counters()[name]
    yield
    assert caller.counters()[name] - before == times


@pytest.fixture(autouse=True)
def _flat(caller: Caller) -> Iterator[None]:
    yield
    caller.fault("reset")
    caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
    if held := position(caller):
        caller.place("SELL" if held > 0 else "BUY", str(abs(held)), reduceOnly="true")


def position(caller: Caller) -> Decimal:
    found = caller.signed("GET", "/fapi/v2/positionRisk", symbol=SYMBOL).document
    return Decimal(found[0]["positionAmt"])


def wallet(caller: Caller) -> Decimal:
    [balance] = [each for each in caller.signed("GET", "/fapi/v2/balance").document if each["asset"] == "USDT"]
    return Decimal(balance["balance"])


def order(caller: Caller, client_id: str) -> Any:
    return caller.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId=client_id).document


def cancel(caller: Caller, client_id: str) -> Any:
    return caller.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId=client_id)


def read(caller: Caller) -> object:
    async def go() -> object:
        async with VenueLine(judge(caller.url), Keys(API_KEY, API_SECRET), timeout_s=2, patience_s=0.2) as line:
            return await read_account(line, symbols=[SYMBOL])

    return asyncio.run(go())


def test_an_expired_key_is_refused_wherever_a_key_is_asked_for_and_nowhere_else(caller: Caller) -> None:
    with bitten(caller, "auth_expired", 3):
        caller.fault("auth_expired")
        refused = [caller.signed("GET", ACCOUNT), caller.place("BUY", "0.010", LOW), caller.send("POST", "/fapi/v1/listenKey")]
        assert [(each.status, each.code) for each in refused] == [(401, -2015)] * 3
        assert caller.send("GET", "/fapi/v1/time").status == 200
        assert caller.described()["lasting"]["auth_expired"]
        caller.fault("auth_expired", on=False)
        assert caller.signed("GET", ACCOUNT).status == 200


def test_an_account_whose_key_expired_is_unknown_and_not_flat(caller: Caller) -> None:
    caller.fault("auth_expired")
    with pytest.raises(VenueRefusedError, match="-2015"):
        read(caller)


def test_queries_fail_while_orders_are_taken_and_the_account_is_unknown_and_not_flat(caller: Caller) -> None:
    caller.fault("query_error")
    before = caller.counters()["query_error"]
    answered = caller.signed("GET", ACCOUNT)
    assert (answered.status, answered.code) == (503, -1001)
    assert caller.place("BUY", "0.010", LOW, newClientOrderId="unseen-1").status == 200
    assert caller.send("GET", "/fapi/v1/ticker/bookTicker", f"symbol={SYMBOL}").status == 200
    assert caller.counters()["query_error"] - before == 1
    with pytest.raises(VenueUnreachableError):
        read(caller)
    caller.fault("query_error", on=False)
    assert order(caller, "unseen-1")["status"] == "NEW"


def test_a_venue_in_maintenance_cuts_off_who_is_there_and_lets_nobody_in(caller: Caller) -> None:
    with user_stream(caller) as user, listening(caller.url, f"/ws/{SYMBOL.lower()}@trade") as market:
        market.next()
        with bitten(caller, "maintenance", 5):
            caller.fault("maintenance")
            for stream in (user, market):
                with pytest.raises((EOFError, ConnectionError)):
                    stream.until(lambda _: False)
            with listening(caller.url, "/stream") as refused:
                assert refused.status == 503
            for answered in (caller.send("GET", "/fapi/v1/time"), caller.place("BUY", "0.010", LOW)):
                assert (answered.status, answered.code) == (503, -1016)
    caller.fault("maintenance", on=False)
    assert caller.send("GET", "/fapi/v1/time").status == 200
    with user_stream(caller) as again:
        assert again.status == 101


def test_a_banned_address_is_told_how_long_and_let_in_again(caller: Caller) -> None:
    with bitten(caller, "ban", 2):
        caller.fault("ban", seconds=90)
        for answered in (caller.send("GET", "/fapi/v1/time"), caller.place("BUY", "0.010", LOW)):
            assert (answered.status, answered.code) == (418, -1003)
            assert 88 <= int(answered.headers["Retry-After"]) <= 90
            assert "IP banned until" in answered.document["msg"]
        caller.fault("ban", seconds=0)
        assert caller.send("GET", "/fapi/v1/time").status == 200


def test_weight_that_others_use_is_told_leads_to_429_and_then_to_a_ban_and_all_of_it_ends_with_it(caller: Caller) -> None:
    def used() -> int:
        return int(caller.send("GET", "/fapi/v1/time").headers["X-MBX-USED-WEIGHT-1M"])

    assert used() < 500
    with bitten(caller, "use_weight", 1):
        caller.fault("use_weight", amount=1_800)
        assert 1_800 < used() < 2_400
    caller.fault("use_weight", amount=2_400)
    over = caller.send("GET", "/fapi/v1/time")
    assert (over.status, over.code, "Retry-After" in over.headers) == (429, -1003, True)
    assert 418 in [caller.send("GET", "/fapi/v1/time").status for _ in range(42)]  # A minute may end in between.
    caller.fault("use_weight", amount=0)
    assert caller.send("GET", "/fapi/v1/time").status == 200
    assert used() < 500


def test_a_resting_order_is_filled_at_its_own_price_in_part_and_whole_and_told_as_any_fill(caller: Caller) -> None:
    caller.place("BUY", "0.010", LOW, newClientOrderId="bid-1")
    caller.place("SELL", "0.010", HIGH, newClientOrderId="ask-1")
    with user_stream(caller) as stream, bitten(caller, "fill_order", 3):
        caller.fault("fill_order", client_order_id="ask-1", fraction="0.3")
        assert (order(caller, "ask-1")["status"], order(caller, "ask-1")["executedQty"]) == ("PARTIALLY_FILLED", "0.003")
        told = [stream.next() for _ in range(3)]
        assert [each["e"] for each in told] == ["ACCOUNT_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE"]
        assert (told[2]["o"]["L"], told[2]["o"]["l"], told[2]["o"]["m"]) == (HIGH, "0.003", True)
        caller.fault("fill_order", side="SELL")
        assert order(caller, "ask-1")["status"] == "FILLED"
        caller.fault("fill_order")
        assert order(caller, "bid-1")["status"] == "FILLED"
    assert position(caller) == 0
    trades = caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL).document[-3:]
    assert [(each["price"], each["qty"], each["side"]) for each in trades] == [
        (HIGH, "0.003", "SELL"),
        (HIGH, "0.007", "SELL"),
        (LOW, "0.010", "BUY"),
    ]


def test_there_must_be_an_order_to_be_filled(caller: Caller) -> None:
    with bitten(caller, "fill_order", 0):
        refused = caller.fault("fill_order")
        assert (refused.status, refused.document["error"]) == (400, "-2013: Order does not exist.")
        assert caller.fault("fill_order", fraction="0").status == 400


def test_a_cancel_loses_the_race_against_a_fill_so_often_and_no_more(caller: Caller) -> None:
    for name in ("raced-1", "raced-2", "calm-1"):
        caller.place("BUY", "0.010", LOW, newClientOrderId=name)
    with user_stream(caller) as stream, bitten(caller, "fill_before_cancel", 1):
        caller.fault("fill_before_cancel")
        assert cancel(caller, "unknown-1").code == -2011
        lost = cancel(caller, "raced-1")
        assert (lost.status, lost.document) == (400, {"code": -2011, "msg": "Unknown order sent."})
        filled = stream.until(lambda each: each["e"] == "ORDER_TRADE_UPDATE")["o"]
        assert (filled["c"], filled["X"], filled["x"]) == ("raced-1", "FILLED", "TRADE")
        assert position(caller) == Decimal("0.010")
        assert cancel(caller, "raced-2").document["status"] == "CANCELED"
        caller.fault("fill_before_cancel", count=5)
        caller.fault("fill_before_cancel", count=0)
        assert cancel(caller, "calm-1").document["status"] == "CANCELED"


def test_a_funding_fee_moves_the_wallet_and_is_told_without_a_position(caller: Caller) -> None:
    caller.place("BUY", "0.010", newOrderRespType="RESULT")
    before = wallet(caller)
    with user_stream(caller) as stream, bitten(caller, "funding", 1):
        caller.fault("funding", amount="-2.5")
        told = stream.next()
    assert wallet(caller) - before == Decimal("-2.5")
    assert (told["e"], told["a"]["m"], told["a"]["P"]) == ("ACCOUNT_UPDATE", "FUNDING_FEE", [])
    [balance] = told["a"]["B"]
    assert (balance["a"], Decimal(balance["wb"]), balance["bc"]) == ("USDT", wallet(caller), "-2.5")


def test_only_fills_are_told_twice_where_only_fills_are_meant(caller: Caller) -> None:
    with user_stream(caller) as stream, bitten(caller, "duplicate_user_updates", 1):
        caller.fault("duplicate_user_updates", kinds=["ORDER_TRADE_UPDATE"], fills=True)
        caller.place("BUY", "0.010", LOW, newClientOrderId="twice-1")
        caller.fault("fill_order")
        told = [stream.next() for _ in range(6)]
    assert [each["e"] for each in told] == [
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
        *["TRADE_LITE", "ORDER_TRADE_UPDATE"] * 2,
    ]
    assert told[3]["o"]["t"] == told[5]["o"]["t"] > 0


def test_an_order_that_appeared_is_taken_back_as_by_its_owner(caller: Caller) -> None:
    with user_stream(caller) as stream:
        caller.fault("order_appears", symbol=SYMBOL, side="SELL", quantity="0.020", price=HIGH, client_order_id="web-9")
        caller.fault("order_vanishes", symbol=SYMBOL, client_order_id="web-9", silent=False)
        assert [(each["o"]["c"], each["o"]["X"]) for each in (stream.next(), stream.next())] == [
            ("web-9", "NEW"),
            ("web-9", "CANCELED"),
        ]
    assert order(caller, "web-9")["status"] == "CANCELED"


def test_the_oldest_order_vanishes_where_none_is_named(caller: Caller) -> None:
    assert caller.fault("order_vanishes", symbol=SYMBOL).status == 400
    for name in ("old-1", "young-1"):
        caller.place("BUY", "0.010", LOW, newClientOrderId=name)
    caller.fault("order_vanishes", symbol=SYMBOL)
    assert (order(caller, "old-1")["code"], order(caller, "young-1")["status"]) == (-2013, "NEW")


def test_a_count_of_nothing_takes_back_what_waits_for_requests(caller: Caller) -> None:
    with bitten(caller, "reject_orders", 0):
        caller.fault("reject_orders", count=9)
        caller.fault("reject_orders", count=0)
        assert caller.place("BUY", "0.010", LOW).status == 200
    assert caller.described()["waiting"].get("reject_orders") is None


def test_reset_takes_back_all_that_lasts(caller: Caller) -> None:
    caller.fault("use_weight", amount=2_400)
    for name, document in (("auth_expired", {}), ("query_error", {}), ("ban", {"seconds": 60}), ("maintenance", {})):
        caller.fault(name, **document)
    caller.fault("fill_before_cancel", count=3)
    lasting = caller.fault("reset").document["lasting"]
    assert {name for name, value in lasting.items() if value} == set()
    assert caller.signed("GET", ACCOUNT).status == 200
