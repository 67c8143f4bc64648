"""Reads a dataset's prices as candles for reports, batch by batch: of bars, or trades, or the mid-prices of quotes or a book."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tc.checks.book import Book
from tc.data.catalog.intervals import interval_of
from tc.data.catalog.layout import from_integers, scaled
from tc.data.progress import Progress, silent
from tc.errors import ArtifactError
from tc.reports.candles import NANOS, Candles, fitting_interval_ns
from tc.store.dataset import Dataset, DatasetPart, PartKind

LARGEST_COUNT = 50_000
BATCH_ROWS = 262_144

_PREFERRED: tuple[PartKind, ...] = ("bars", "trades", "quotes", "book")
_COLUMNS: dict[PartKind, tuple[str, ...]] = {
    "bars": ("open", "high", "low", "close"),
    "trades": ("price",),
    "quotes": ("bid_price", "ask_price"),
    "book": ("action", "side", "price", "flags"),
}

_SOURCES: dict[PartKind, str] = {
    "bars": "bars",
    "trades": "trades",
    "quotes": "mid-prices of quotes",
    "book": "mid-prices of the book",
}

type Integers = npt.NDArray[np.int64]


def read_candles(
    dataset: Dataset,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    limit: int = LARGEST_COUNT,
    batch_rows: int = BATCH_ROWS,
    progress: Progress = silent,
) -> Candles | None:
    """Return the prices of a dataset's rows from ``start_ns`` (inclusive) to ``end_ns`` (exclusive), None when there is no row.

    Rows are placed by `ts_init`, at which the engine plays them. Bars keep their own interval where ``limit`` candles
    are enough. ``batch_rows`` are in memory at a time.

    Raises
    ------
    ArtifactError
        The file cannot be read, or holds a price that does not fit the dataset's precision.

    """
    part = min(dataset.parts, key=lambda part: _PREFERRED.index(part.kind))
    first_ns = part.first_ns if start_ns is None else max(start_ns, part.first_ns)
    last_ns = part.last_ns if end_ns is None else min(end_ns - 1, part.last_ns)
    if first_ns > last_ns:
        return None
    interval_ns = fitting_interval_ns(last_ns - first_ns, step_ns=_step_ns(part), limit=limit)
    columns = _Columns(interval_ns)
    path = dataset.part_path(part)
    try:
        with pq.ParquetFile(path) as file:
            done = 0
            for batch in file.iter_batches(batch_size=batch_rows, columns=[*_COLUMNS[part.kind], "ts_init"]):
                _take(columns, batch, part.kind, dataset.price_precision, (first_ns, last_ns))
                done += batch.num_rows
                progress(done, part.rows)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"dataset {dataset.id!r}: the prices in {path} cannot be read: {error}",
            hint="`tc data fingerprint` says whether the dataset is still what its manifest states.",
        ) from None
    return columns.candles(part, dataset.price_precision)


@dataclass(slots=True)
class _Columns:
    interval_ns: int
    book: Book = field(default_factory=Book)
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

    def candles(self, part: DatasetPart, precision: int) -> Candles | None:
        if not self.ends_ns:
            return None
        return Candles(
            drawn_as="candles" if part.kind == "bars" else "line",
            source=f"{_SOURCES[part.kind]} of {part.identifier}",
            rows=self.rows,
            precision=precision + (part.kind in {"quotes", "book"}),
            interval_ns=self.interval_ns,
            ends_ns=tuple(self.ends_ns),
            opens=tuple(self.opens),
            highs=tuple(self.highs),
            lows=tuple(self.lows),
            closes=tuple(self.closes),
        )


def _take(columns: _Columns, batch: pa.RecordBatch, kind: PartKind, precision: int, span_ns: tuple[int, int]) -> None:
    stamps: Integers = batch.column("ts_init").cast(pa.int64()).to_numpy(zero_copy_only=False)
    if kind == "book":
        mids, rows = _mids(columns.book, batch, precision)
        prices, stamps = [mids], stamps[rows]
    else:
        prices = [scaled(batch.column(name), precision) for name in _COLUMNS[kind]]
    first, end = np.searchsorted(stamps, [span_ns[0], span_ns[1] + 1])
    if first == end:
        return
    if kind == "quotes":
        # The mean of two prices needs one more decimal place: ten times their sum, divided by two.
        prices = [(prices[0] + prices[1]) * 5]
    opens, highs, lows, closes = [column[first:end] for column in (prices if kind == "bars" else prices * 4)]
    ends_ns = -(-stamps[first:end] // columns.interval_ns) * columns.interval_ns
    columns.add(ends_ns, (opens, highs, lows, closes))


def _mids(book: Book, batch: pa.RecordBatch, precision: int) -> tuple[Integers, Integers]:
    """Return the mid-price after each update that leaves levels on both sides, in tenths of the smallest unit, and its row."""
    columns: dict[str, pa.Array] = {name: batch.column(name) for name in ("action", "side", "flags")}
    columns["price"] = from_integers(scaled(batch.column("price"), precision), pa.int64())
    columns["size"] = from_integers(np.zeros(batch.num_rows, dtype=np.int64), pa.int64())
    tops = book.tops(pl.DataFrame(pa.table(columns))).drop_nulls()
    return ((tops["bid"] + tops["ask"]) * 5).to_numpy(), tops["row"].to_numpy()


def _step_ns(part: DatasetPart) -> int:
    """Return the interval of time bars; a second for everything else, the shortest that a chart shows."""
    return interval_of(part) if part.kind == "bars" else NANOS
