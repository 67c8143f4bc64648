"""The visible book of a symbol: sorted levels, an update id that grows, and what changed since a depth stream was last sent."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from tc.venue.market.moves import BestChanged, BookChanged, BookReset, Levels, Traded
from tc.venue.matching import ZERO

_ALL = 10**6


class BookSide:
    """The levels of one side: a size at each price."""

    def __init__(self, *, is_bid: bool) -> None:
        self._is_bid = is_bid
        self._sizes: dict[Decimal, Decimal] = {}
        self._prices: list[Decimal] = []  # rising; the best is the last of the bids, the first of the asks

    def set(self, price: Decimal, size: Decimal) -> bool:
        """Set a level, or remove it with a size of 0; tell whether that changed anything."""
        before = self._sizes.get(price)
        if not size:
            if before is None:
                return False
            del self._sizes[price]
            del self._prices[bisect_left(self._prices, price)]
            return True
        if before is None:
            insort(self._prices, price)
        self._sizes[price] = size
        return before != size

    @property
    def best(self) -> tuple[Decimal, Decimal] | None:
        """The best price and its size."""
        if not self._prices:
            return None
        price = self._prices[-1] if self._is_bid else self._prices[0]
        return price, self._sizes[price]

    def top(self, depth: int) -> Iterator[tuple[Decimal, Decimal]]:
        """Give the best levels, the best first."""
        prices: Iterable[Decimal] = reversed(self._prices) if self._is_bid else self._prices
        for price in islice(prices, depth):
            yield price, self._sizes[price]

    def better_than(self, price: Decimal) -> list[Decimal]:
        """Return the prices that are better than one."""
        if self._is_bid:
            return self._prices[bisect_right(self._prices, price) :]
        return self._prices[: bisect_left(self._prices, price)]


@dataclass(slots=True)
class Pending:
    """What changed since a depth stream was last sent, which was up to `sent_id`."""

    sent_id: int
    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)


class Book:
    """The book as the public streams show it."""

    def __init__(self, symbol: str, *, first_update_id: int) -> None:
        self.symbol = symbol
        self.bids, self.asks = BookSide(is_bid=True), BookSide(is_bid=False)
        self.update_id = first_update_id
        self.pending: dict[int, Pending] = {}
        """By the milliseconds between two messages of the stream."""

    def watch(self, interval_ms: int) -> None:
        """Begin to remember changes for a depth stream."""
        self.pending.setdefault(interval_ms, Pending(self.update_id))

    def apply(self, move: BookReset | BookChanged | BestChanged | Traded) -> bool:
        """Apply a move; tell whether the best prices or sizes changed by it."""
        before = self.bids.best, self.asks.best
        match move:
            case BookChanged():
                self._set(move.bids, move.asks)
            case BestChanged():
                self._set(*_levels_of_best(self, move))
            case BookReset():
                self._reset(move)
            case Traded():
                return False
        return before != (self.bids.best, self.asks.best)

    def _reset(self, move: BookReset) -> None:
        gone = (
            tuple((price, ZERO) for price, _ in self.bids.top(_ALL)),
            tuple((price, ZERO) for price, _ in self.asks.top(_ALL)),
        )
        self._set(gone[0] + move.bids, gone[1] + move.asks)

    def _set(self, bids: Levels, asks: Levels) -> None:
        changed_bids = [level for level in bids if self.bids.set(*level)]
        changed_asks = [level for level in asks if self.asks.set(*level)]
        if not changed_bids and not changed_asks:
            return
        self.update_id += 1
        for pending in self.pending.values():
            pending.bids.update(changed_bids)
            pending.asks.update(changed_asks)


def _levels_of_best(book: Book, move: BestChanged) -> tuple[Levels, Levels]:
    bids = (*((price, ZERO) for price in book.bids.better_than(move.bid)), (move.bid, move.bid_size))
    asks = (*((price, ZERO) for price in book.asks.better_than(move.ask)), (move.ask, move.ask_size))
    return bids, asks
