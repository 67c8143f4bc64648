"""An order book's rows as whole ticks and lots in the order in which hftbacktest plays them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from tc.core.state.exact import multiply
from tc.errors import DocumentError
from tc.spec.instrument import InstrumentSpec
from tc.store.dataset import Dataset

ReadBook = Callable[[Dataset, int | None, int | None], pl.DataFrame]
"""Returns the rows of a book dataset between two local stamps, start inclusive, end exclusive: `tc.data.book.read_book`."""

type Integers = np.ndarray[tuple[int, ...], np.dtype[np.integer[Any]]]

DEPTH, TRADE, CLEAR, SNAPSHOT, GAP = 1, 2, 3, 4, 5
_LARGEST = 2**53  # hftbacktest counts in 64-bit floats, which hold every whole number below this


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole ticks and lots of one instrument, and back."""

    tick: Decimal
    lot: Decimal

    @classmethod
    def of(cls, instrument: InstrumentSpec) -> "Scale":
        """Return the scale of an instrument's increments."""
        return cls(Decimal(instrument.price_increment), Decimal(instrument.size_increment))

    def price(self, ticks: int) -> Decimal:
        """Return the price of a tick."""
        return multiply(Decimal(ticks), self.tick)

    def quantity(self, lots: int) -> Decimal:
        """Return the quantity of lots."""
        return multiply(Decimal(lots), self.lot)

    def ticks(self, price: Decimal) -> int | None:
        """Return the tick of a price; None when it is between two."""
        return _whole(price, self.tick)

    def lots(self, quantity: Decimal) -> int | None:
        """Return the lots of a quantity; None when it is no whole number of them."""
        return _whole(quantity, self.lot)


def _whole(amount: Decimal, unit: Decimal) -> int | None:
    (amount_up, amount_down), (unit_up, unit_down) = amount.as_integer_ratio(), unit.as_integer_ratio()
    whole, rest = divmod(amount_up * unit_down, amount_down * unit_up)
    return None if rest or not 0 < whole < _LARGEST else whole


@dataclass(frozen=True, slots=True)
class BookColumns:
    """The book as the columns of `tc.engines.hft.messages.Begin`; the last ``in_window`` rows are played, the others build it."""

    kinds: Integers
    sides: Integers
    ticks: Integers
    lots: Integers
    venue_ns: Integers
    local_ns: Integers
    in_window: int


def book_columns(
    frame: pl.DataFrame, dataset: Dataset, instrument: InstrumentSpec, *, first_ns: int, feed_ns: int
) -> BookColumns:
    """Return the frame's rows as columns; those from ``first_ns`` on are in the window.

    Raises
    ------
    DocumentError
        A price or a size is no whole number of the instrument's increments.

    """
    local_ns = frame["ts_init"].to_numpy().astype(np.int64)
    is_snapshot = pl.col("is_snapshot")
    kinds = frame.select(
        pl.when(pl.col("kind") == "trade")
        .then(TRADE)
        .when(pl.col("kind") == "clear")
        .then(pl.when(is_snapshot).then(CLEAR).otherwise(GAP))
        .otherwise(pl.when(is_snapshot).then(SNAPSHOT).otherwise(DEPTH))
        .cast(pl.UInt8)
    ).to_series()
    sides = frame["side"].cast(pl.String).replace_strict({"NONE": 0, "BUY": 1, "SELL": 2}, return_dtype=pl.UInt8)
    return BookColumns(
        kinds.to_numpy(),
        sides.to_numpy(),
        _units(frame["price"], dataset.price_precision, instrument.price_increment, "price"),
        _units(frame["size"], dataset.size_precision, instrument.size_increment, "size"),
        _venue_stamps(frame["ts_event"].to_numpy().astype(np.int64), local_ns, feed_ns),
        local_ns,
        int((local_ns >= first_ns).sum()),
    )


def _units(column: pl.Series, precision: int, increment: str, name: str) -> Integers:
    unit = int(Decimal(increment).scaleb(precision))
    values = column.to_numpy().astype(np.int64)
    wrong = np.flatnonzero((values % unit != 0) | (values // unit >= _LARGEST))
    if wrong.size:
        amount = Decimal(int(values[wrong[0]])).scaleb(-precision)
        raise DocumentError(
            f"data.dataset: row {wrong[0]} has {name} {amount}, which is no whole number of the instrument's {increment}",
            hint=f"Correct {name}_increment in the instrument document.",
        )
    return values // unit


def _venue_stamps(venue_ns: Integers, local_ns: Integers, feed_ns: int) -> Integers:
    """Return the venue's stamps, moved back so far that every row took at least ``feed_ns`` to us."""
    behind = int((venue_ns - local_ns).max(initial=-feed_ns)) + feed_ns
    return venue_ns - max(0, behind)
