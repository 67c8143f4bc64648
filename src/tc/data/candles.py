"""Reads a dataset's prices as candles for reports, batch by batch: of bars, or trades, or the mid-prices of quotes or a book."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tc.checks.book import Book
from tc.data.candle_columns import MIDS, SOURCES, CandleColumns, Integers, mid, mids_of_book
from tc.data.catalog.intervals import interval_of
from tc.data.catalog.layout import scaled
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
    columns, book = CandleColumns(interval_ns), Book()
    path = dataset.part_path(part)
    try:
        with pq.ParquetFile(path) as file:
            done = 0
            for batch in file.iter_batches(batch_size=batch_rows, columns=[*_COLUMNS[part.kind], "ts_init"]):
                _take(columns, book, batch, part.kind, dataset.price_precision, (first_ns, last_ns))
                done += batch.num_rows
                progress(done, part.rows)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"dataset {dataset.id!r}: the prices in {path} cannot be read: {error}",
            hint="`tc data fingerprint` says whether the dataset is still what its manifest states.",
        ) from None
    return columns.candles(
        f"{SOURCES[part.kind]} of {part.identifier}",
        drawn_as="candles" if part.kind == "bars" else "line",
        precision=dataset.price_precision + (part.kind in MIDS),
    )


def _take(
    columns: CandleColumns, book: Book, batch: pa.RecordBatch, kind: PartKind, precision: int, span_ns: tuple[int, int]
) -> None:
    stamps: Integers = batch.column("ts_init").cast(pa.int64()).to_numpy(zero_copy_only=False)
    if kind == "book":
        mids, rows = mids_of_book(book, batch, precision)
        prices, stamps = [mids], stamps[rows]
    else:
        prices = [scaled(batch.column(name), precision) for name in _COLUMNS[kind]]
    first, end = np.searchsorted(stamps, [span_ns[0], span_ns[1] + 1])
    if first == end:
        return
    if kind == "quotes":
        prices = [mid(*prices)]
    opens, highs, lows, closes = [column[first:end] for column in (prices if kind == "bars" else prices * 4)]
    ends_ns = -(-stamps[first:end] // columns.interval_ns) * columns.interval_ns
    columns.add(ends_ns, (opens, highs, lows, closes))


def _step_ns(part: DatasetPart) -> int:
    """Return the interval of time bars; a second for everything else, the shortest that a chart shows."""
    return interval_of(part) if part.kind == "bars" else NANOS
