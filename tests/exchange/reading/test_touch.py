"""The best prices are asked for unsigned, they give way to what is urgent, and lines share what they know of request weight."""

import asyncio
import time
from decimal import Decimal

import pytest

from fake_venue import FakeVenue, answers, serving
from tc.exchange import VenueBusyError, VenueRefusedError, VenueUnreachableError
from tc.exchange.reading.touch import BOOK_TICKER, read_touch
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


def test_it_is_not_asked_while_the_weight_is_kept_for_a_kill() -> None:
    began = time.time_ns()
    venue = FakeVenue(now_ns=lambda: EARLY_NS + time.time_ns() - began, used_weight=1_800)

    async def go() -> None:
        async with serving(venue), venue.line(patience_s=0) as line:
            with pytest.raises(VenueBusyError, match="stay free for a kill"):
                await read_touch(line, "BTCUSDT")
        assert venue.sent("GET", BOOK_TICKER) == []

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
