"""One symbol's market: the visible book, our resting orders beside it, its prices, and the orders that wait for them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from tc.venue.matching.book.ladder import Ladder
from tc.venue.matching.book.line import Line
from tc.venue.matching.rules import Side, SymbolRules, WorkingType

if TYPE_CHECKING:
    from tc.venue.matching.orders import AlgoView

type Levels = Iterable[tuple[Decimal, Decimal]]

_HALF = Decimal("0.5")


class Market:
    """The state of one symbol that the market moves; `visible` and `ours` by side."""

    __slots__ = ("last", "leverage", "ours", "rules", "told_mark", "visible", "waiting")

    def __init__(self, rules: SymbolRules) -> None:
        self.rules = rules
        self.leverage = rules.leverage
        self.visible = {side: Ladder(side) for side in Side}
        self.ours = {side: Line(self.visible[side]) for side in Side}
        self.last: Decimal | None = None
        self.told_mark: Decimal | None = None
        self.waiting: dict[int, AlgoView] = {}

    def mark(self) -> Decimal | None:
        """Return the mark price that was told, else the middle of the touch, else the last trade's price."""
        if self.told_mark is not None:
            return self.told_mark
        bid, ask = self.visible[Side.BUY].best(), self.visible[Side.SELL].best()
        return (bid + ask) * _HALF if bid is not None and ask is not None else self.last

    def price_for(self, working_type: WorkingType) -> Decimal | None:
        """Return the price that triggers a conditional order of this working type."""
        return self.last if working_type is WorkingType.CONTRACT_PRICE else self.mark()

    def tell(self, side: Side, price: Decimal, size: Decimal) -> None:
        """Take over one level; levels of the other side that it crosses are older, and gone."""
        self.visible[side].tell(price, size)
        if self.ours[side]:
            self.ours[side].follow(price)
        if size > 0 and self.visible[side.opposite].drop_crossed(price):
            self.ours[side.opposite].follow_all()

    def tell_diff(self, bids: Levels, asks: Levels) -> None:
        """Take over the levels of one message."""
        for price, size in bids:
            self.tell(Side.BUY, price, size)
        for price, size in asks:
            self.tell(Side.SELL, price, size)

    def tell_touch(self, side: Side, price: Decimal, size: Decimal) -> None:
        """Take over the best level of a side: what was better is gone."""
        if self.visible[side].drop_better(price):
            self.ours[side].follow_all()
        self.tell(side, price, size)

    def tell_all(self, bids: Levels, asks: Levels) -> None:
        """Replace the visible book by a snapshot."""
        for ladder in self.visible.values():
            ladder.clear()
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            for price, size in levels:
                self.visible[side].tell(price, size)
        for line in self.ours.values():
            line.follow_all()

    def is_met(self, side: Side, price: Decimal) -> bool:
        """Whether an order would trade at once: with the visible book, or with a resting order of ours."""
        ours = self.ours[side.opposite]
        return self.visible[side.opposite].meets(price) or bool(ours and ours.reached_by(price))
