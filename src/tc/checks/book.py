"""The fold of a book: its best bid and ask after each snapshot or update."""

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import polars as pl

CLEAR, DELETE = 4, 3
BID, ASK = 1, 2
LAST, SNAPSHOT = 128, 32
"""The numbers of actions, sides and flags are those of Nautilus's order book deltas."""

_SLACK = 1_024
_TOPS = {"row": pl.Int64, "bid": pl.Int64, "ask": pl.Int64}


@dataclass(slots=True)
class _Side:
    """The levels of one side; `sign` is -1 for bids, so that the best is the smallest of the heap.

    The heap may hold prices that are gone, and one price twice; they are dropped when they come to its top.
    """

    sign: int
    levels: dict[int, int] = field(default_factory=dict)
    heap: list[int] = field(default_factory=list)

    def put(self, price: int, size: int) -> None:
        key = self.sign * price
        if key not in self.levels:
            heappush(self.heap, key)
            if len(self.heap) > 2 * len(self.levels) + _SLACK:
                self.heap = [*self.levels, key]
                heapify(self.heap)
        self.levels[key] = size

    def take_away(self, price: int) -> None:
        self.levels.pop(self.sign * price, None)

    def clear(self) -> None:
        self.levels.clear()
        self.heap.clear()

    def best(self) -> int | None:
        while self.heap and self.heap[0] not in self.levels:
            heappop(self.heap)
        return self.sign * self.heap[0] if self.heap else None


class Book:
    """A book of levels, prices and sizes as whole numbers; begins empty."""

    def __init__(self) -> None:
        self._bids, self._asks = _Side(-1), _Side(1)

    @property
    def bids(self) -> dict[int, int]:
        """Size by price."""
        return {-key: size for key, size in self._bids.levels.items()}

    @property
    def asks(self) -> dict[int, int]:
        """Size by price."""
        return dict(self._asks.levels)

    def tops(self, deltas: pl.DataFrame) -> pl.DataFrame:
        """Apply deltas and return the best prices after each snapshot or update: `row`, counted from 0, `bid`, `ask`.

        Parameters
        ----------
        deltas
            Columns `action`, `side`, `flags` in Nautilus's numbers, `price`, `size` as whole numbers.

        """
        bids, asks = self._bids, self._asks
        rows: list[tuple[int, int | None, int | None]] = []
        columns = (deltas[name].to_list() for name in ("action", "side", "price", "size", "flags"))
        for row, (action, side, price, size, flags) in enumerate(zip(*columns, strict=True)):
            if action == CLEAR:
                bids.clear()
                asks.clear()
            elif action == DELETE:
                (bids if side == BID else asks).take_away(price)
            else:
                (bids if side == BID else asks).put(price, size)
            if flags & LAST:
                rows.append((row, bids.best(), asks.best()))
        return pl.DataFrame(rows, schema=_TOPS, orient="row")
