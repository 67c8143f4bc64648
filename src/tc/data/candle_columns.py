"""Candles while they are made, from rows in batches; and the mid-prices of quotes and of a book."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from tc.checks.book import Book
from tc.data.catalog.layout import from_integers, scaled
from tc.reports.candles import Candles, DrawnAs
from tc.store.dataset import PartKind

SOURCES: Mapping[PartKind, str] = {
    "bars": "bars",
    "trades": "trades",
    "quotes": "mid-prices of quotes",
    "book": "mid-prices of the book",
}
"""What the prices of each kind of rows are, in words."""

MIDS: frozenset[PartKind] = frozenset({"quotes", "book"})
"""The kinds whose prices are means of two, in tenths of the smallest unit."""

type Integers = npt.NDArray[np.int64]


@dataclass(slots=True)
class CandleColumns:
    """Candles of one interval while they are made: rows in their order go in."""

    interval_ns: int
    rows: int = 0
    ends_ns: list[int] = field(default_factory=list)
    opens: list[int] = field(default_factory=list)
    highs: list[int] = field(default_factory=list)
    lows: list[int] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)

    def add(self, ends_ns: Integers, prices: tuple[Integers, Integers, Integers, Integers]) -> None:
        """Add rows (the end of each one's interval; open, high, low, close), the first of which may continue the last candle."""
        firsts = np.concatenate(([0], np.flatnonzero(np.diff(ends_ns)) + 1))
        lasts = np.concatenate((firsts[1:], [len(ends_ns)])) - 1
        opens, highs, lows, closes = prices
        found = (
            ends_ns[firsts].tolist(),
            opens[firsts].tolist(),
            np.maximum.reduceat(highs, firsts).tolist(),
            np.minimum.reduceat(lows, firsts).tolist(),
            closes[lasts].tolist(),
        )
        self.rows += len(ends_ns)
        start = 0
        if self.ends_ns and self.ends_ns[-1] == found[0][0]:
            self.highs[-1] = max(self.highs[-1], found[2][0])
            self.lows[-1] = min(self.lows[-1], found[3][0])
            self.closes[-1] = found[4][0]
            start = 1
        for kept, new in zip((self.ends_ns, self.opens, self.highs, self.lows, self.closes), found, strict=True):
            kept.extend(new[start:])

    def candles(self, source: str, *, drawn_as: DrawnAs, precision: int) -> Candles | None:
        """Return what was made; None of no row."""
        if not self.ends_ns:
            return None
        return Candles(
            drawn_as=drawn_as,
            source=source,
            rows=self.rows,
            precision=precision,
            interval_ns=self.interval_ns,
            ends_ns=tuple(self.ends_ns),
            opens=tuple(self.opens),
            highs=tuple(self.highs),
            lows=tuple(self.lows),
            closes=tuple(self.closes),
        )


def mid(bids: Integers, asks: Integers) -> Integers:
    """Return the mean of two prices, which needs one more decimal place: ten times their sum, divided by two."""
    return (bids + asks) * 5


def mids_of_book(book: Book, batch: pa.RecordBatch, precision: int) -> tuple[Integers, Integers]:
    """Return the mid-price after each update that leaves levels on both sides, in tenths of the smallest unit, and its row."""
    columns: dict[str, pa.Array] = {name: batch.column(name) for name in ("action", "side", "flags")}
    columns["price"] = from_integers(scaled(batch.column("price"), precision), pa.int64())
    columns["size"] = from_integers(np.zeros(batch.num_rows, dtype=np.int64), pa.int64())
    tops = book.tops(pl.DataFrame(pa.table(columns))).drop_nulls()
    return mid(tops["bid"].to_numpy(), tops["ask"].to_numpy()), tops["row"].to_numpy()
