"""The visible book is sorted and sound after any changes, and a depth stream put together gives the book again."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tc.venue.market.book import Book, Pending
from tc.venue.market.moves import BestChanged, BookChanged, BookReset, Move, Traded

PRICES = st.integers(1, 30).map(Decimal)
SIZES = st.integers(0, 5).map(Decimal)
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=8).map(tuple)
STEPS = st.one_of(
    st.builds(BookChanged, st.just(0), LEVELS, LEVELS),
    st.builds(BookReset, st.just(0), LEVELS, LEVELS),
    st.builds(BestChanged, st.just(0), PRICES, SIZES.filter(bool), PRICES.map(lambda n: n + 40), SIZES.filter(bool)),
    st.builds(Traded, st.just(0), PRICES, SIZES, st.booleans()),
)


def shown(book: Book) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
    return list(book.bids.top(1000)), list(book.asks.top(1000))


@given(st.lists(STEPS, max_size=30))
def test_levels_are_sorted_have_sizes_and_begin_with_the_best(moves: list[Move]) -> None:
    book = Book("X", first_update_id=5)
    for move in moves:
        before, last_id = (book.bids.best, book.asks.best), book.update_id
        has_changed = book.apply(move)
        bids, asks = shown(book)
        assert [price for price, _ in bids] == sorted((price for price, _ in bids), reverse=True)
        assert [price for price, _ in asks] == sorted(price for price, _ in asks)
        assert all(size > 0 for _, size in bids + asks)
        assert book.bids.best == (bids[0] if bids else None)
        assert book.asks.best == (asks[0] if asks else None)
        assert has_changed == (before != (book.bids.best, book.asks.best))
        assert book.update_id in {last_id, last_id + 1}


@given(st.lists(STEPS, max_size=30), st.lists(st.integers(0, 29), max_size=6))
def test_a_snapshot_and_the_changes_after_it_give_the_book_again(moves: list[Move], sent_after: list[int]) -> None:
    book, again = Book("X", first_update_id=0), Book("X", first_update_id=0)
    book.watch(100)
    for number, move in enumerate(moves):
        book.apply(move)
        if number in sent_after:
            _send(book, again)
    _send(book, again)
    assert shown(book) == shown(again)


def _send(book: Book, again: Book) -> None:
    pending = book.pending[100]
    again.apply(BookChanged(0, tuple(pending.bids.items()), tuple(pending.asks.items())))
    book.pending[100] = Pending(book.update_id)


def test_best_prices_remove_what_was_better() -> None:
    book = Book("X", first_update_id=0)
    level = lambda *pairs: tuple((Decimal(price), Decimal(size)) for price, size in pairs)  # noqa: E731
    book.apply(BookReset(0, level((10, 1), (9, 1), (8, 1)), level((11, 1), (12, 1))))
    book.apply(BestChanged(0, Decimal(9), Decimal(3), Decimal(12), Decimal(4)))
    assert shown(book) == (list(level((9, 3), (8, 1))), list(level((12, 4))))
