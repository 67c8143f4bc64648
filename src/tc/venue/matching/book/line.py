"""Our resting orders of one side, in price-time order, each with the others' size in front of it."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tc.venue.matching.amounts import ZERO
from tc.venue.matching.book.ladder import Ladder


@dataclass(slots=True)
class Resting:
    """The place of one order: `turn` counts up over all orders that came to rest, `ahead` is the others' size in front."""

    order_id: int
    price: Decimal
    turn: int
    ahead: Decimal


class Line:
    """The resting orders of one side, best price first, and first come first at a price."""

    __slots__ = ("_ladder", "_resting")

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._resting: list[Resting] = []

    def __iter__(self) -> Iterator[Resting]:
        return iter(self._resting)

    def __bool__(self) -> bool:
        return bool(self._resting)

    def first(self) -> Resting | None:
        """Return the order that is met first."""
        return self._resting[0] if self._resting else None

    def _order(self, resting: Resting) -> tuple[Decimal, int]:
        return self._ladder.rank(resting.price).copy_negate(), resting.turn

    def add(self, resting: Resting) -> None:
        """Put an order in its place."""
        insort(self._resting, resting, key=self._order)

    def remove(self, order_id: int) -> None:
        """Take an order out; unknown ids change nothing."""
        self._resting = [resting for resting in self._resting if resting.order_id != order_id]

    def reached_by(self, price: Decimal) -> list[Resting]:
        """Return the orders at a price or better, in the order in which a taker who goes down to that price meets them."""
        limit = self._ladder.rank(price)
        reached = []
        for resting in self._resting:
            if self._ladder.rank(resting.price) < limit:
                break
            reached.append(resting)
        return reached

    def follow(self, price: Decimal) -> None:
        """After a level changed: who left it was behind us unless the level is now smaller than what was in front."""
        size = self._ladder.size_at(price)
        for resting in self._resting:
            if resting.price == price and resting.ahead > size:
                resting.ahead = size

    def follow_all(self) -> None:
        """As `follow`, for every price at which we rest."""
        for resting in self._resting:
            if resting.ahead:
                resting.ahead = min(resting.ahead, self._ladder.size_at(resting.price))

    def queue(self, order_id: int, price: Decimal, turn: int) -> None:
        """Let a new order stand behind all that is visible at its price."""
        self.add(Resting(order_id, price, turn, self._ladder.size_at(price)))

    def pass_by(self, price: Decimal, volume: Decimal) -> None:
        """Take a traded volume out of what stands in front at a price."""
        for resting in self._resting:
            if resting.price == price and resting.ahead:
                resting.ahead = max(ZERO, resting.ahead - volume)
