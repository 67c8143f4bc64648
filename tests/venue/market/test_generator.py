"""The generator makes a plausible book and trades from a seed alone."""

from decimal import Decimal
from itertools import islice

import pytest

from tc.errors import DocumentError
from tc.venue.market.book import Book
from tc.venue.market.generator import LEVELS, GeneratorSettings, generate
from tc.venue.market.moves import BookChanged, BookReset, Move, Traded

STEPS = 20_000


def settings(seed: int = 1, **changes: Decimal | int) -> GeneratorSettings:
    given = {"start_price": Decimal(60_000), "tick_size": Decimal("0.1"), "step_size": Decimal("0.001"), "rate": 30} | changes
    return GeneratorSettings(seed=seed, **given)  # type: ignore[arg-type]


def market(seed: int = 1, **changes: Decimal | int) -> list[Move]:
    return list(islice(generate(settings(seed, **changes)), STEPS))


def test_the_same_seed_makes_the_same_market_and_another_seed_another() -> None:
    assert market() == market()
    assert market() != market(2)


@pytest.mark.parametrize(
    ("start", "tick"),
    [
        (Decimal(60_000), Decimal("0.1")),
        (Decimal("5.000"), Decimal("0.001")),
        (Decimal("0.050"), Decimal("0.001")),
        (Decimal("0.020"), Decimal("0.001")),
    ],
)
def test_the_book_is_never_crossed_nor_empty_and_prices_are_ticks_above_nothing(start: Decimal, tick: Decimal) -> None:
    book = Book("BTCUSDT", first_update_id=0)
    for move in market(start_price=start, tick_size=tick):
        book.apply(move)
        bid, ask = book.bids.best, book.asks.best
        assert bid is not None
        assert ask is not None
        assert 0 < bid[0] < ask[0]
        assert min(price for price, _ in book.bids.top(100)) > 0
        assert not bid[0] % tick
    assert len(list(book.bids.top(100))) == len(list(book.asks.top(100))) == LEVELS


def test_a_price_without_room_for_the_levels_below_it_is_refused() -> None:
    with pytest.raises(DocumentError, match="has no room for 20 levels"):
        generate(settings(start_price=Decimal("1.9"), tick_size=Decimal("0.1")))


def test_trades_are_at_the_best_price_and_no_larger_than_what_stands_there() -> None:
    book = Book("BTCUSDT", first_update_id=0)
    for move in market():
        if isinstance(move, Traded):
            best = (book.bids if move.is_buyer_maker else book.asks).best
            assert best is not None
            assert move.price == best[0]
            assert 0 < move.quantity <= best[1]
        book.apply(move)


def test_the_rate_is_kept_and_time_never_goes_back() -> None:
    moves = market()
    stamps = [move.at_ns for move in moves]
    assert stamps == sorted(stamps)
    changes = sum(not isinstance(move, Traded) for move in moves)
    assert 28 < changes / (stamps[-1] / 1e9) < 32


def test_both_sides_trade_and_the_price_moves_both_ways() -> None:
    moves = market()
    trades = [move for move in moves if isinstance(move, Traded)]
    assert 0.2 < len(trades) / len(moves) < 0.35
    assert 0.3 < sum(trade.is_buyer_maker for trade in trades) / len(trades) < 0.7
    prices = [trade.price for trade in trades]
    assert min(prices) < 60_000 < max(prices)


def test_it_begins_with_the_whole_book() -> None:
    first, second = market()[:2]
    assert isinstance(first, BookReset)
    assert len(first.bids) == len(first.asks) == LEVELS
    assert isinstance(second, BookChanged | Traded)
