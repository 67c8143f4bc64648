"""The generator makes a plausible book and trades from a seed alone."""

from decimal import Decimal
from itertools import islice

import pytest

from tc.venue.market.book import Book
from tc.venue.market.generator import LEVELS, GeneratorSettings, generate
from tc.venue.market.steps import BookChanged, BookReset, Step, Traded

STEPS = 20_000


def settings(seed: int = 1, **changes: Decimal | int) -> GeneratorSettings:
    given = {"start_price": Decimal(60_000), "tick_size": Decimal("0.1"), "step_size": Decimal("0.001"), "rate": 30} | changes
    return GeneratorSettings(seed=seed, **given)  # type: ignore[arg-type]


def market(seed: int = 1, **changes: Decimal | int) -> list[Step]:
    return list(islice(generate(settings(seed, **changes)), STEPS))


def test_the_same_seed_makes_the_same_market_and_another_seed_another() -> None:
    assert market() == market()
    assert market() != market(2)


@pytest.mark.parametrize(
    ("start", "tick"),
    [(Decimal(60_000), Decimal("0.1")), (Decimal("5.000"), Decimal("0.001")), (Decimal("0.050"), Decimal("0.001"))],
)
def test_the_book_is_never_crossed_nor_empty_and_prices_are_ticks_above_nothing(start: Decimal, tick: Decimal) -> None:
    book = Book("BTCUSDT", first_update_id=0)
    for step in market(start_price=start, tick_size=tick):
        book.apply(step)
        bid, ask = book.bids.best, book.asks.best
        assert bid is not None
        assert ask is not None
        assert 0 < bid[0] < ask[0]
        assert not bid[0] % tick
    assert len(list(book.bids.top(100))) == len(list(book.asks.top(100))) == LEVELS


def test_trades_are_at_the_best_price_and_no_larger_than_what_stands_there() -> None:
    book = Book("BTCUSDT", first_update_id=0)
    for step in market():
        if isinstance(step, Traded):
            best = (book.bids if step.is_buyer_maker else book.asks).best
            assert best is not None
            assert step.price == best[0]
            assert 0 < step.quantity <= best[1]
        book.apply(step)


def test_the_rate_is_kept_and_time_never_goes_back() -> None:
    steps = market()
    stamps = [step.at_ns for step in steps]
    assert stamps == sorted(stamps)
    changes = sum(not isinstance(step, Traded) for step in steps)
    assert 28 < changes / (stamps[-1] / 1e9) < 32


def test_both_sides_trade_and_the_price_moves_both_ways() -> None:
    steps = market()
    trades = [step for step in steps if isinstance(step, Traded)]
    assert 0.2 < len(trades) / len(steps) < 0.35
    assert 0.3 < sum(trade.is_buyer_maker for trade in trades) / len(trades) < 0.7
    prices = [trade.price for trade in trades]
    assert min(prices) < 60_000 < max(prices)


def test_it_begins_with_the_whole_book() -> None:
    first, second = market()[:2]
    assert isinstance(first, BookReset)
    assert len(first.bids) == len(first.asks) == LEVELS
    assert isinstance(second, BookChanged | Traded)
