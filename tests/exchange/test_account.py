"""An account is read whole, exactly, page by page, and again when it moved meanwhile."""

import asyncio
import time
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from fake_venue import FakeVenue, answers, serving
from tc.exchange import VenueBalance, VenuePosition, VenueReading, VenueUnreachableError, read_account

DAY_MS = 86_400_000


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


@pytest.mark.parametrize("since", [None, 0, 3 * DAY_MS, 30 * DAY_MS])
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_histories_are_read_to_their_end(since: int | None, count: int) -> None:
    venue = FakeVenue()
    start = now_ms() - 2 * DAY_MS
    for number in range(count):
        venue.trades_once("BTCUSDT", start + number)
        venue.rests("BTCUSDT", status="FILLED", time=start + number)
    read = reading(venue, symbols=["BTCUSDT"], since_ns=None if since is None else (now_ms() - since) * 1_000_000 if since else 0)
    assert len(read.trades) == len(read.orders) == count
    assert [int(trade.trade_id) for trade in read.trades] == sorted({int(trade.trade_id) for trade in read.trades})


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
