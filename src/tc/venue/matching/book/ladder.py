"""One side of the visible book: the others' sizes by price, less what we have taken since each level was last told."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from tc.venue.matching.amounts import ZERO
from tc.venue.matching.rules import Side


class Ladder:
    """The levels of one side, kept in order.

    A level is known inside by its *rank*: its price for bids, minus its price for asks, so that the best ranks highest.
    """

    __slots__ = ("_is_bids", "_ranks", "_sizes")

    def __init__(self, side: Side) -> None:
        self._is_bids = side is Side.BUY
        self._ranks: list[Decimal] = []
        self._sizes: dict[Decimal, Decimal] = {}

    def rank(self, price: Decimal) -> Decimal:
        """How good a price is on this side: the higher, the better for who meets it."""
        return price if self._is_bids else price.copy_negate()

    def best(self) -> Decimal | None:
        """Return the best price, None when the side is empty."""
        if not self._ranks:
            return None
        return self.rank(self._ranks[-1])

    def size_at(self, price: Decimal) -> Decimal:
        """Return what is still offered at a price."""
        return self._sizes.get(self.rank(price), ZERO)

    def best_size(self) -> Decimal:
        """Return what is still offered at the best price; 0 when the side is empty."""
        return self._sizes[self._ranks[-1]] if self._ranks else ZERO

    def tell(self, price: Decimal, size: Decimal) -> None:
        """Take over what the market says of a level; a size of 0 or less removes it."""
        rank = self.rank(price)
        if size > 0:
            if rank not in self._sizes:
                insort(self._ranks, rank)
            self._sizes[rank] = size
        elif rank in self._sizes:
            del self._sizes[rank]
            del self._ranks[bisect_left(self._ranks, rank)]

    def consume_best(self, quantity: Decimal) -> None:
        """Take from the best level; what is taken is not offered again until the level is told anew."""
        rank = self._ranks[-1]
        left = self._sizes[rank] - quantity
        if left > 0:
            self._sizes[rank] = left
        else:
            del self._sizes[rank]
            self._ranks.pop()

    def drop_better(self, price: Decimal) -> bool:
        """Forget the levels better than a price; tells whether there were any."""
        limit = self.rank(price)
        before = len(self._ranks)
        while self._ranks and self._ranks[-1] > limit:
            del self._sizes[self._ranks.pop()]
        return len(self._ranks) != before

    def drop_crossed(self, price: Decimal) -> bool:
        """Forget the levels that a newer price of the other side shows to be gone; tells whether there were any."""
        limit = self.rank(price)
        before = len(self._ranks)
        while self._ranks and self._ranks[-1] >= limit:
            del self._sizes[self._ranks.pop()]
        return len(self._ranks) != before

    def clear(self) -> None:
        """Forget all levels."""
        self._ranks.clear()
        self._sizes.clear()

    def levels(self) -> Iterator[tuple[Decimal, Decimal]]:
        """Yield price and size, best first."""
        for rank in reversed(self._ranks):
            yield self.rank(rank), self._sizes[rank]

    def meets(self, limit: Decimal) -> bool:
        """Whether an order of the other side with this limit would trade with the best level."""
        return bool(self._ranks) and self._ranks[-1] >= self.rank(limit)

    def offered_up_to(self, limit: Decimal | None, wanted: Decimal) -> Decimal:
        """Add up what an order of the other side could take within its limit, as far as it is wanted."""
        total = ZERO
        for price, size in self.levels():
            if total >= wanted or (limit is not None and self.rank(price) < self.rank(limit)):
                break
            total += size
        return total
