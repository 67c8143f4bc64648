"""The price over time that a run's tape holds of an instrument, block by block, in memory that does not grow with the tape."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tc.checks.book import Book
from tc.data.candle_columns import MIDS, SOURCES, CandleColumns, Integers, mid, mids_of_book
from tc.data.catalog.layout import DECIMAL, decimals, from_integers, scaled, to_integers
from tc.data.tape.encoding import block_batch
from tc.errors import ArtifactError
from tc.reports.candles import NANOS, Candles, coarser
from tc.store.dataset import PartKind

LARGEST_COUNT = 50_000
_PREFERRED: tuple[PartKind, ...] = ("quotes", "trades", "book", "bars")
"""What tells the price best; of a short run there is hardly a bar. A book is only played where there is nothing simpler."""
_NOTHING = pa.scalar(Decimal(0), DECIMAL)


def tape_candles(
    blocks: Iterable[tuple[str, bytes]], *, instrument_id: str, precision: int, limit: int = LARGEST_COUNT
) -> Candles | None:
    """Return a line of the instrument's prices, None when the blocks have none; one block is in memory at a time.

    Rows are placed by `ts_init`, at which the node saw them. The line begins with a point for each second that has a price;
    whenever there are more than ``limit``, they become fewer and longer.

    Parameters
    ----------
    blocks
        The name and the bytes of each, in their order.
    instrument_id, precision
        What is drawn, and the decimal places of its prices.
    limit
        The most points that are kept.

    Raises
    ------
    ArtifactError
        The bytes are no block, or hold a price that does not fit the precision.

    """
    lines = [_Line(kind, precision, limit) for kind in _PREFERRED]
    for name, data in blocks:
        batch = block_batch(data, name=name)
        for line in lines:
            line.take(_rows_of(batch, line.kind, instrument_id), name)
            if line.has_points:
                break  # What tells it less well is not needed any more.
    return next((line.drawn(instrument_id) for line in lines if line.has_points), None)


class _Line:
    """The prices of one kind of rows, in candles of an interval that grows when they become too many."""

    def __init__(self, kind: PartKind, precision: int, limit: int) -> None:
        self.kind = kind
        self._precision = precision
        self._limit = limit
        self._columns = CandleColumns(NANOS)
        self._book = Book()
        self._last_ns = 0

    @property
    def has_points(self) -> bool:
        """Whether there is a price."""
        return bool(self._columns.ends_ns)

    def take(self, rows: pa.RecordBatch, name: str) -> None:
        """Take a block's rows."""
        if not rows.num_rows:
            return
        try:
            prices, stamps = self._prices(rows)
        except pa.ArrowException as error:
            raise ArtifactError(f"{name} holds a price that cannot be drawn: {error}", hint="Was it altered?") from None
        if not len(prices):
            return
        # The node saw them in this order: a stamp that goes back is moved on.
        stamps = np.maximum.accumulate(np.maximum(stamps, self._last_ns))
        self._last_ns = int(stamps[-1])
        interval_ns = self._columns.interval_ns
        self._columns.add(-(-stamps // interval_ns) * interval_ns, (prices, prices, prices, prices))
        if len(self._columns.ends_ns) > self._limit:
            self._coarsen()

    def drawn(self, instrument_id: str) -> Candles | None:
        """Return the line."""
        what = "closes of bars" if self.kind == "bars" else SOURCES[self.kind]
        made = self._columns.candles(
            f"{what} of {instrument_id} on the run's tape", drawn_as="line", precision=self._precision + (self.kind in MIDS)
        )
        return None if made is None else replace(made, is_of_tape=True)

    def _prices(self, rows: pa.RecordBatch) -> tuple[Integers, Integers]:
        stamps = to_integers(rows.column("ts_init"))
        if self.kind == "book":
            mids, places = mids_of_book(self._book, rows, self._precision)
            return mids, stamps[places]
        if self.kind == "quotes":
            rows = _two_sided(rows)
            bids, asks = (scaled(rows.column(name), self._precision) for name in ("bid_price", "ask_price"))
            return mid(bids, asks), to_integers(rows.column("ts_init"))
        return scaled(rows.column("close" if self.kind == "bars" else "price"), self._precision), stamps

    def _coarsen(self) -> None:
        held, made = self._columns, self.drawn("")
        if made is not None:
            fewer = coarser(made, limit=self._limit)
            kept = (list(each) for each in (fewer.ends_ns, fewer.opens, fewer.highs, fewer.lows, fewer.closes))
            self._columns = CandleColumns(fewer.interval_ns, held.rows, *kept)


def _rows_of(batch: pa.RecordBatch, kind: PartKind, instrument_id: str) -> pa.RecordBatch:
    """Return the rows of one kind that are of an instrument, as itself or, with more behind its name, as one of its bar types."""
    ours = [each == instrument_id or each.startswith(f"{instrument_id}-") for each in _words(batch, "identifier")]
    theirs = [each == kind for each in _words(batch, "kind")]
    if not any(ours) or not any(theirs):
        return batch.slice(0, 0)
    is_ours, is_theirs = (
        np.array(flags)[batch.column(name).indices.to_numpy(zero_copy_only=False)]
        for name, flags in (("identifier", ours), ("kind", theirs))
    )
    return batch.take(from_integers(np.flatnonzero(is_ours & is_theirs), pa.int64()))


def _words(batch: pa.RecordBatch, name: str) -> list[str]:
    """Return the words that a column of a block is made of."""
    words: list[str] = batch.column(name).dictionary.to_pylist()
    return words


def _two_sided(quotes: pa.RecordBatch) -> pa.RecordBatch:
    """Return the quotes with something on both sides: the price of a side with nothing is none."""
    bids, asks = (pc.greater(decimals(quotes.column(name)), _NOTHING) for name in ("bid_size", "ask_size"))
    return quotes.filter(pc.and_(bids, asks))
