"""An account is read whole, exactly, page by page, and again when it moved meanwhile."""

import asyncio
import time
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from fake_venue import FakeVenue, answers, serving
from tc.exchange import (
    VenueBalance,
    VenueBusyError,
    VenuePosition,
    VenueReading,
    VenueUnreachableError,
    flatten,
    read_account,
)

DAY_MS = 86_400_000
EARLY_NS = 1_800_000_000_000_000_000 // 60_000_000_000 * 60_000_000_000
"""The beginning of a minute."""


def reading(venue: FakeVenue, **how: Any) -> VenueReading:
    async def go() -> VenueReading:
        async with serving(venue), venue.line() as line:
            return await read_account(line, **how)

    return asyncio.run(go())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_everything_is_read_exactly() -> None:
    venue = FakeVenue(positions={("BTCUSDT", "BOTH"): Decimal("-0.030"), ("ETHUSDT", "BOTH"): Decimal(0)})
    plain = venue.rests("BTCUSDT", executedQty="0.004", status="NEW")
    stop = venue.waits_for_trigger("BTCUSDT", reduceOnly=True)
    venue.trades_once("BTCUSDT", now_ms())
    read = reading(venue)
    assert read.is_settled
    assert read.positions == (VenuePosition("BTCUSDT", "BOTH", Decimal("-0.030"), Decimal("60000.5")),)
    assert read.balances == (VenueBalance("USDT", Decimal("99999.97599996"), Decimal("90000.00000000")),)
    assert [order.venue_order_id for order in read.open_orders] == [str(plain), str(stop)]
    assert read.orders == read.open_orders
    limit, conditional = read.open_orders
    assert (limit.price, limit.filled, limit.is_conditional) == (Decimal("60000.10"), Decimal("0.004"), False)
    assert (conditional.trigger_price, conditional.kind, conditional.is_reduce_only) == (Decimal("50000.0"), "STOP_MARKET", True)
    [trade] = read.trades
    assert (trade.commission, trade.commission_currency, trade.is_maker) == (Decimal("0.02400004"), "USDT", True)
    assert read.at_ns > 0
    assert read.duration_ns > 0


def test_a_conditional_order_without_a_quantity_closes_whatever_is_held() -> None:
    venue = FakeVenue()
    venue.waits_for_trigger("BTCUSDT", quantity=None, price=None, triggerPrice=None, timeInForce=None, createTime=None)
    [order] = reading(venue).open_orders
    assert order.quantity is None
    assert order.trigger_price == 0


@pytest.mark.parametrize("begins_at_the_first", [False, True])
@pytest.mark.parametrize("since", [None, 0, 3 * DAY_MS, 30 * DAY_MS])
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 1300, 2500])
def test_histories_are_read_to_their_end_whichever_rows_a_full_window_gives(
    since: int | None, count: int, begins_at_the_first: bool
) -> None:
    venue = FakeVenue(begins_windows_at_the_first=begins_at_the_first)
    start = now_ms() - 2 * DAY_MS
    for number in range(count):
        venue.trades_once("BTCUSDT", start + number)
        venue.rests("BTCUSDT", status="FILLED", time=start + number)
    read = reading(venue, symbols=["BTCUSDT"], since_ns=None if since is None else (now_ms() - since) * 1_000_000 if since else 0)
    assert len(read.trades) == len(read.orders) == count
    assert [int(trade.trade_id) for trade in read.trades] == sorted({int(trade.trade_id) for trade in read.trades})


@pytest.mark.parametrize("begins_at_the_first", [False, True])
def test_bursts_and_silence_leave_nothing_out(begins_at_the_first: bool) -> None:
    venue = FakeVenue(begins_windows_at_the_first=begins_at_the_first)
    start = now_ms() - 20 * DAY_MS
    for number in range(5_000):
        venue.trades_once("BTCUSDT", start + (number // 1_250) * 5 * DAY_MS + number % 1_250)
    read = reading(venue, symbols=["BTCUSDT"], since_ns=start * 1_000_000)
    assert len(read.trades) == 5_000
    assert len(venue.sent("GET", "userTrades")) < 150


def test_an_order_that_is_written_into_a_later_window_while_it_is_read_is_still_found() -> None:
    venue = FakeVenue(begins_windows_at_the_first=True)
    start = now_ms() - DAY_MS
    for number in range(1_500):
        venue.rests("BTCUSDT", status="FILLED", time=start + number)
    first = min(venue.orders)

    async def moved(venue: FakeVenue, request: web.Request) -> None:
        venue.orders[first]["time"] = start + 1_499

    venue.fail("GET", "allOrders", moved)
    assert len(reading(venue, symbols=["BTCUSDT"], since_ns=start * 1_000_000).orders) == 1_500


@pytest.mark.parametrize("begins_at_the_first", [False, True])
def test_what_cannot_be_shown_to_be_whole_is_an_error(begins_at_the_first: bool) -> None:
    venue = FakeVenue(begins_windows_at_the_first=begins_at_the_first)
    at_ms = now_ms() - DAY_MS
    for _ in range(1_000):
        venue.trades_once("BTCUSDT", at_ms)
    with pytest.raises(VenueUnreachableError, match="cannot be shown to be whole: one millisecond"):
        reading(venue, symbols=["BTCUSDT"], since_ns=(at_ms - DAY_MS) * 1_000_000)


def test_a_venue_that_gives_the_latest_after_an_id_is_not_believed() -> None:
    class Latest(FakeVenue):
        def _page(self, found: Any, by: str, name: str, wanted: dict[str, str], at: str = "time") -> web.Response:
            mine = [each for each in found if each[name] >= int(wanted[by])]
            return web.json_response(mine[-int(wanted["limit"]) :])

    venue = Latest()
    for number in range(1_300):
        venue.trades_once("BTCUSDT", now_ms() - 10_000 + number)
    with pytest.raises(VenueUnreachableError, match="cannot be shown to be whole: from an id on"):
        reading(venue, symbols=["BTCUSDT"])


def test_windows_of_a_history_leave_no_gap() -> None:
    venue = FakeVenue()
    start = now_ms() - 40 * DAY_MS
    for day in range(160):
        venue.trades_once("BTCUSDT", start + day * DAY_MS // 4)
    assert len(reading(venue, symbols=["BTCUSDT"], since_ns=start * 1_000_000).trades) == 160
    assert len(venue.sent("GET", "userTrades")) == 6


def test_an_account_that_moves_while_it_is_read_is_read_again() -> None:
    venue = FakeVenue()
    moves = [0]

    async def moved(venue: FakeVenue, request: web.Request) -> None:
        moves[0] += 1
        venue.positions["BTCUSDT", "BOTH"] = Decimal(moves[0])
        venue.trades_once("BTCUSDT", now_ms())

    venue.fail("GET", "userTrades", moved)
    read = reading(venue, symbols=["BTCUSDT"])
    assert read.is_settled
    assert len(read.trades) == 1
    assert read.positions[0].quantity == 1

    restless = FakeVenue()
    restless.fail("GET", "userTrades", moved, times=9)
    assert not reading(restless, symbols=["BTCUSDT"]).is_settled


@pytest.mark.parametrize(
    "path", ["openOrders", "openAlgoOrders", "positionRisk", "account", "userTrades", "allOrders", "allAlgoOrders"]
)
def test_what_cannot_be_read_is_an_error_and_never_nothing(path: str) -> None:
    venue = FakeVenue()
    venue.fail("GET", path, answers(503), times=99)
    with pytest.raises(VenueUnreachableError):
        reading(venue, symbols=["BTCUSDT"])


def test_a_look_at_one_symbol_is_cheap_and_asks_for_all_symbols_only_where_it_is_told_to() -> None:
    venue = FakeVenue()
    venue.rests("BTCUSDT")
    reading(venue, symbols=["BTCUSDT"], since_ns=(now_ms() - DAY_MS) * 1_000_000)
    assert venue.used_weight == 1 + 39  # The time, and the reading.
    venue.used_weight = 0
    reading(venue, symbols=["BTCUSDT"], since_ns=(now_ms() - DAY_MS) * 1_000_000, everything=True)
    assert venue.used_weight == 1 + 39 + 78
    assert [each for each in venue.sent("GET", "openOrders") if "symbol" not in each] != []


def test_what_others_have_open_is_seen_by_who_asks_for_everything_and_what_they_hold_by_everybody() -> None:
    venue = FakeVenue(positions={("SOLUSDT", "BOTH"): Decimal(3)})
    venue.rests("BTCUSDT")
    venue.rests("ETHUSDT")
    venue.waits_for_trigger("SOLUSDT")
    some = reading(venue, symbols=["BTCUSDT"])
    assert [order.symbol for order in some.open_orders] == ["BTCUSDT", "SOLUSDT"]
    assert [each.symbol for each in some.positions] == ["SOLUSDT"]
    everything = reading(venue, symbols=["BTCUSDT"], everything=True)
    assert [order.symbol for order in everything.open_orders] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert everything.is_settled


def test_a_reading_leaves_a_quarter_of_the_minute_to_a_kill_and_the_kill_takes_it() -> None:
    began = time.time_ns()
    venue = FakeVenue(now_ns=lambda: EARLY_NS + time.time_ns() - began, used_weight=1_790)
    venue.rests("BTCUSDT")

    async def go() -> None:
        async with serving(venue), venue.line(patience_s=0.3) as line:
            with pytest.raises(VenueBusyError, match=r"request weight 1\d\d\d of 2400 is used .* 600 stay free for a kill"):
                await read_account(line, symbols=["BTCUSDT"])
            assert 1_790 <= line.used_weight == venue.used_weight <= 1_800
            done = await flatten(line)
            assert done.is_flat

    asyncio.run(go())


def test_a_reading_waits_for_the_next_minute_where_it_is_near() -> None:
    began = time.time_ns()
    minute = 60_000_000_000
    venue = FakeVenue(now_ns=lambda: EARLY_NS + minute - 1_500_000_000 + time.time_ns() - began, used_weight=2_300)

    async def go() -> None:
        async with serving(venue), venue.line(patience_s=3) as line:
            await line.measure_skew()
            assert line.used_weight == 2_301
            await read_account(line, symbols=["BTCUSDT"])
            assert venue.now_ns() // minute == EARLY_NS // minute + 1
            assert line.used_weight == venue.used_weight < 100

    asyncio.run(go())


def test_a_line_that_may_wait_longer_for_weight_does_says_so_and_is_no_more_patient_with_a_venue_that_is_gone() -> None:
    began = time.time_ns()
    minute = 60_000_000_000
    venue = FakeVenue(now_ns=lambda: EARLY_NS + minute - 1_500_000_000 + time.time_ns() - began, used_weight=2_300)
    waits: list[float] = []

    async def go() -> None:
        async with AsyncExitStack() as stack:
            async with serving(venue):
                line = await stack.enter_async_context(venue.line(patience_s=0.2, busy_patience_s=30, told=waits.append))
                await line.measure_skew()
                await read_account(line, symbols=["BTCUSDT"])
            asked = time.monotonic()
            with pytest.raises(VenueUnreachableError):
                await line.measure_skew()
            assert time.monotonic() - asked < 5

    asyncio.run(go())
    assert len(waits) == 1
    assert 0 < waits[0] <= 1.5


@pytest.mark.parametrize("limit", [0, 10**8])
def test_the_limit_is_what_the_venue_says_it_is_and_is_asked_for_where_it_matters(limit: int) -> None:
    venue = FakeVenue(used_weight=10**6, weight_limit=limit)
    reading(venue, symbols=["BTCUSDT"])
    assert len(venue.sent("GET", "exchangeInfo")) == 1
    venue = FakeVenue()
    reading(venue, symbols=["BTCUSDT"])
    assert venue.sent("GET", "exchangeInfo") == []
