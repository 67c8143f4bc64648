"""Reads a dataset's prices as candles for reports, batch by batch: of its bars, or trades, or the mid-prices of its quotes."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tc.data.catalog.intervals import interval_of
from tc.data.catalog.layout import decimals
from tc.data.progress import Progress, silent
from tc.errors import ArtifactError
from tc.reports.candles import NANOS, Candles, fitting_interval_ns
from tc.store.dataset import Dataset, DatasetPart, PartKind

LARGEST_COUNT = 50_000
BATCH_ROWS = 262_144

_PREFERRED: tuple[PartKind, ...] = ("bars", "trades", "quotes")
_COLUMNS: dict[PartKind, tuple[str, ...]] = {
    "bars": ("open", "high", "low", "close"),
    "trades": ("price",),
    "quotes": ("bid_price", "ask_price"),
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
            source=f"{'mid-prices of quotes' if part.kind == 'quotes' else part.kind} of {part.identifier}",
            rows=self.rows,
            precision=precision + (part.kind == "quotes"),
            interval_ns=self.interval_ns,
            ends_ns=tuple(self.ends_ns),
            opens=tuple(self.opens),
            highs=tuple(self.highs),
            lows=tuple(self.lows),
            closes=tuple(self.closes),
        )


def _take(columns: _Columns, batch: pa.RecordBatch, kind: PartKind, precision: int, span_ns: tuple[int, int]) -> None:
    stamps: Integers = batch.column("ts_init").cast(pa.int64()).to_numpy(zero_copy_only=False)
    first, end = np.searchsorted(stamps, [span_ns[0], span_ns[1] + 1])
    if first == end:
        return
    prices = [_integers(batch.column(name), precision)[first:end] for name in _COLUMNS[kind]]
    if kind == "quotes":
        # The mean of two prices needs one more decimal place: ten times their sum, divided by two.
        prices = [(prices[0] + prices[1]) * 5]
    opens, highs, lows, closes = prices if kind == "bars" else prices * 4
    ends_ns = -(-stamps[first:end] // columns.interval_ns) * columns.interval_ns
    columns.add(ends_ns, (opens, highs, lows, closes))


def _integers(column: pa.Array, precision: int) -> Integers:
    """Return fixed-point prices as integers of ten to the minus ``precision``, exactly: one that does not fit is an error."""
    rounded = pc.cast(decimals(column), pa.decimal128(38, precision))
    whole = pa.Array.from_buffers(pa.decimal128(38, 0), len(rounded), [None, rounded.buffers()[1]], offset=rounded.offset)
    integers: Integers = pc.cast(whole, pa.int64()).to_numpy(zero_copy_only=False)
    return integers


def _step_ns(part: DatasetPart) -> int:
    """Return the interval of time bars; a second for everything else, the shortest that a chart shows."""
    return interval_of(part) if part.kind == "bars" else NANOS
