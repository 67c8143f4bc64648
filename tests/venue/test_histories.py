"""Histories come in pages as Binance documents them, and our own reader finds everything in them."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matching_samples import ASKS, BIDS, BUY, SELL, SYMBOL, limit, market
from tc.exchange import Keys, VenueLine, VenueReading, read_account
from tc.exchange.wire.weight import USED_WEIGHT_HEADER
from tc.spec.venue_url import judge
from tc.venue.clock import MILLISECOND_NS, SECOND_NS
from tc.venue.matching import NewOrder, OrderType
from tc.venue.requests.dispatch import answer
from tc.venue.venue import Venue
from venue_clock import START_NS, ManualClock
from venue_here import asked, serving_here, venue_here
from venue_process import API_KEY, API_SECRET

DAY_NS = 86_400 * SECOND_NS
START_MS, DAY_MS = START_NS // MILLISECOND_NS, DAY_NS // MILLISECOND_NS
PATHS = {"allOrders": "orderId", "allAlgoOrders": "algoId", "userTrades": "id"}


def stop(client: str = "") -> NewOrder:
    kind = OrderType.STOP_MARKET
    return NewOrder(client_order_id=client, symbol=SYMBOL, side=SELL, type=kind, quantity=Decimal(1), stop_price=Decimal(50))


def fill(venue: Venue, rounds: int, *, every_ns: int, from_ns: int = START_NS) -> None:
    """Let an order be filled, one be cancelled, and a conditional one be cancelled, again and again."""
    exchange = venue.exchange
    for number in range(rounds):
        at_ns = from_ns + number * every_ns
        exchange.book_reset(SYMBOL, BIDS, ASKS, at_ns)
        exchange.submit(market(BUY if number % 2 else SELL, "0.1"), at_ns)
        exchange.submit(limit(BUY, "99", "1", client=f"c{number}"), at_ns)
        exchange.cancel(SYMBOL, client_order_id=f"c{number}", now_ns=at_ns)
        exchange.submit(stop(f"a{number}"), at_ns)
        exchange.cancel_algo(client_algo_id=f"a{number}", now_ns=at_ns)
    venue.settle()


def rows(venue: Venue, path: str, **wanted: object) -> Any:
    return json.loads(answer(venue, asked(venue, "GET", f"/fapi/v1/{path}", symbol=SYMBOL, **wanted)).body)


def read(venue: Venue, **how: Any) -> VenueReading:
    async def go() -> VenueReading:
        async with serving_here(venue) as url, VenueLine(judge(url), Keys(API_KEY, API_SECRET)) as line:
            found = await read_account(line, symbols=[SYMBOL], **how)
            assert line.used_weight == int(venue.limits.headers(venue.now_ns(), with_orders=False)[USED_WEIGHT_HEADER])
            return found

    return asyncio.run(go())


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_from_an_id_on_or_else_the_latest_of_seven_days(tmp_path: Path, path: str) -> None:
    by, first = PATHS[path], "fromId" if path == "userTrades" else PATHS[path]
    with venue_here(tmp_path, clock := ManualClock()) as venue:
        fill(venue, 20, every_ns=DAY_NS)
        asyncio.run(clock.advance(19 * DAY_NS + DAY_NS // 2))
        recent = [row[by] for row in rows(venue, path)]
        everything = [row[by] for row in rows(venue, path, **{first: 1})]
        assert everything == sorted(everything)
        assert len(everything) in {20, 40}
        assert recent == everything[-len(everything) * 7 // 20 :]
        assert [row[by] for row in rows(venue, path, limit=3)] == everything[-3:]
        assert [row[by] for row in rows(venue, path, limit=3, **{first: everything[4]})] == everything[4:7]
        window = {"startTime": START_MS, "endTime": START_MS + 3 * DAY_MS - 1}
        assert [row[by] for row in rows(venue, path, **window)] == everything[: len(everything) * 3 // 20]
        assert [row[by] for row in rows(venue, path, limit=1, **window)] == [everything[len(everything) * 3 // 20 - 1]]
        assert [row[by] for row in rows(venue, path, startTime=START_MS)] == everything[: len(everything) * 7 // 20]
        assert rows(venue, path, startTime=START_MS, endTime=START_MS + 7 * DAY_MS + 1)["code"] == -4165
        assert rows(venue, path, startTime=2, endTime=1)["code"] == -1023


def test_fills_of_one_order_are_found_and_an_id_and_a_time_do_not_go_together(tmp_path: Path) -> None:
    with venue_here(tmp_path, ManualClock()) as venue:
        fill(venue, 5, every_ns=MILLISECOND_NS, from_ns=START_NS - SECOND_NS)
        third = rows(venue, "userTrades")[2]
        assert rows(venue, "userTrades", orderId=third["orderId"]) == [third]
        assert rows(venue, "userTrades", orderId=9999) == []
        assert rows(venue, "userTrades", fromId=1, startTime=START_MS)["code"] == -1128
        assert rows(venue, "userTrades", fromId=1, endTime=START_MS)["code"] == -1128


def test_conditional_orders_come_in_numbered_pages_from_the_latest_backwards(tmp_path: Path) -> None:
    with venue_here(tmp_path, ManualClock()) as venue:
        fill(venue, 7, every_ns=MILLISECOND_NS, from_ns=START_NS - SECOND_NS)
        names = [[row["clientAlgoId"] for row in rows(venue, "allAlgoOrders", limit=3, page=page)] for page in (1, 2, 3, 4)]
        assert names == [["a4", "a5", "a6"], ["a1", "a2", "a3"], ["a0"], []]


def test_only_what_waits_is_an_open_conditional_order_before_and_after_a_restart(tmp_path: Path) -> None:
    for is_new in (True, False):
        with venue_here(tmp_path, ManualClock()) as venue:
            if is_new:
                fill(venue, 3, every_ns=MILLISECOND_NS)
                venue.exchange.submit(stop("waits"), START_NS)
                venue.settle()
            assert [row["clientAlgoId"] for row in rows(venue, "openAlgoOrders")] == ["waits"]
            assert [each.client_algo_id for each in venue.exchange.open_algos()] == ["waits"]
            assert venue.exchange.open_algos("ETHUSDT") == []


@pytest.mark.parametrize("count", [1_300, 2_500])
def test_every_order_and_fill_of_a_long_run_is_read(tmp_path: Path, count: int) -> None:
    with venue_here(tmp_path, ManualClock(), weight=2_400) as venue:
        fill(venue, count, every_ns=5 * MILLISECOND_NS, from_ns=START_NS - DAY_NS)
        found = read(venue, since_ns=START_NS - 2 * DAY_NS)
        names = {order.client_order_id for order in found.orders}
        assert {f"c{number}" for number in range(count)} | {f"a{number}" for number in range(count)} <= names
        assert len(found.orders) == 3 * count
        assert len(found.trades) == count
        assert found.is_settled
        assert read(venue, since_ns=None).orders == found.orders
