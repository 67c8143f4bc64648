"""Best prices and last trade are asked for unsigned, give way to what is urgent, and lines share what they know of weight."""

import asyncio
import time
from decimal import Decimal

import pytest

from fake_venue import FakeVenue, answers, serving
from tc.exchange import VenueBusyError, VenueRefusedError, VenueUnreachableError
from tc.exchange.reading.touch import BOOK_TICKER, TRADES, read_last_trade, read_touch
from tc.exchange.wire.weight import MINUTE_LIMIT, RequestWeight

EARLY_NS = 1_800_000_000_000_000_000 // 60_000_000_000 * 60_000_000_000
"""The beginning of a minute."""


def test_the_best_prices_come_exactly_and_unsigned() -> None:
    async def go() -> None:
        venue = FakeVenue(touch=("60000.10", "0.00000000000000000001", "60000.20", "2"))
        async with serving(venue), venue.line() as line:
            touch = await read_touch(line, "BTCUSDT")
        assert touch == (Decimal("60000.10"), Decimal("0.00000000000000000001"), Decimal("60000.20"), Decimal(2))
        assert venue.sent("GET", BOOK_TICKER) == [{"symbol": "BTCUSDT"}]

    asyncio.run(go())


def test_the_last_trade_comes_by_its_number_unsigned_and_weighs_as_documented() -> None:
    async def go() -> None:
        venue = FakeVenue()
        async with serving(venue), venue.line(patience_s=0) as line:
            await line.measure_skew()
            before = venue.used_weight
            assert await read_last_trade(line, "BTCUSDT") == (7,)
            assert line.used_weight == venue.used_weight == before + 5
            venue.market_trades = ()
            assert await read_last_trade(line, "BTCUSDT") == ()
            venue.fail("GET", "trades", answers(200, '[{"id":"7"}]'))
            with pytest.raises(VenueUnreachableError, match="not what the protocol says"):
                await read_last_trade(line, "BTCUSDT")
        assert venue.sent("GET", TRADES) == [{"symbol": "BTCUSDT", "limit": "1"}] * 3

    asyncio.run(go())


def test_a_refusal_and_an_answer_that_is_none_are_told_apart() -> None:
    async def go() -> None:
        venue = FakeVenue()
        async with serving(venue), venue.line(patience_s=0) as line:
            venue.fail("GET", "bookTicker", answers(400, '{"code":-1121,"msg":"Invalid symbol."}'))
            with pytest.raises(VenueRefusedError, match="Invalid symbol"):
                await read_touch(line, "NONE")
            for text in ("{}", '{"symbol":"B","bidPrice":"NaN","bidQty":"1","askPrice":"1","askQty":"1"}'):
                venue.fail("GET", "bookTicker", answers(200, text))
                with pytest.raises(VenueUnreachableError, match="not what the protocol says"):
                    await read_touch(line, "BTCUSDT")

    asyncio.run(go())


def test_nothing_is_asked_while_the_weight_is_kept_for_a_kill() -> None:
    began = time.time_ns()
    venue = FakeVenue(now_ns=lambda: EARLY_NS + time.time_ns() - began, used_weight=1_800)

    async def go() -> None:
        async with serving(venue), venue.line(patience_s=0) as line:
            for read in (read_touch, read_last_trade):
                with pytest.raises(VenueBusyError, match="stay free for a kill"):
                    await read(line, "BTCUSDT")
        assert venue.sent("GET", BOOK_TICKER) == venue.sent("GET", TRADES) == []

    asyncio.run(go())


def test_lines_that_share_their_weight_know_what_either_was_told() -> None:
    weight = RequestWeight()
    began = time.time_ns()
    venue = FakeVenue(now_ns=lambda: EARLY_NS + time.time_ns() - began, weight_limit=6_000)

    async def go() -> None:
        async with serving(venue), venue.line(weight=weight) as one, venue.line(weight=weight) as other:
            assert (weight.is_told, weight.limit) == (False, MINUTE_LIMIT)
            await one.measure_skew()
            assert weight.is_told
            await read_touch(one, "BTCUSDT")
            await other.measure_skew()
            assert one.used_weight == other.used_weight == venue.used_weight == 4
            await other.learn_limit()
            await other.learn_limit()
        assert weight.limit == 6_000
        assert len(venue.sent("GET", "exchangeInfo")) == 1

    asyncio.run(go())
