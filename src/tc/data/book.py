"""Reads a dataset's book, with its trades where there are any, as frames of exact integers: what an engine for books plays."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
import pyarrow as pa
from pyarrow import parquet as pq

from tc.checks.book import Book
from tc.data.catalog.deltas import CLEAR, DELETE, LAST, SNAPSHOT
from tc.data.catalog.layout import FIXED, from_integers, scaled
from tc.errors import ArtifactError, DocumentError
from tc.store.dataset import Dataset, DatasetPart

BATCH_ROWS = 262_144
KINDS = pl.Enum(["clear", "delta", "trade"])
SIDES = pl.Enum(["NONE", "BUY", "SELL"])
ROWS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "ts_event": pl.Int64,
    "ts_init": pl.Int64,
    "kind": KINDS,
    "side": SIDES,
    "price": pl.Int64,
    "size": pl.Int64,
    "is_snapshot": pl.Boolean,
    "is_last": pl.Boolean,
    "sequence": pl.UInt64,
}
"""The columns that `read_book` returns."""

DELTA_COLUMNS = ("action", "side", "price", "size", "flags", "sequence", "ts_event", "ts_init")
_TRADE_COLUMNS = ("price", "size", "aggressor_side", "ts_event", "ts_init")


def read_book(
    dataset: Dataset, start_ns: int | None = None, end_ns: int | None = None, *, with_trades: bool = True
) -> pl.DataFrame:
    """Return the rows of a dataset's book from ``start_ns`` (inclusive) to ``end_ns`` (exclusive), by ``ts_init``.

    Columns: ``ts_event`` (the exchange's clock) and ``ts_init`` (the local one), in nanoseconds; ``kind``; ``side``; ``price``
    and ``size``, whole numbers of ten to the minus the dataset's precisions; ``is_snapshot``; ``is_last``; ``sequence``.

    A ``delta`` sets the size of a level, 0 takes it away. A ``clear`` empties the book: a snapshot follows at once, unless
    ``is_snapshot`` is false, when updates are missing and nothing is known until the next snapshot. ``is_last`` ends a snapshot
    or an update: between two of those the book is not whole. A ``trade`` has the aggressor's side. Rows are in order of
    ``ts_init``; at one stamp, those of the book come before trades. A window that begins later than the dataset begins with the
    book as it stood then, as a snapshot stamped ``start_ns``.

    Raises
    ------
    DocumentError
        The dataset has no book.
    ArtifactError
        A file cannot be read, or a number does not fit 64 bits at the dataset's precision.

    """
    parts = {part.kind: part for part in dataset.parts}
    if "book" not in parts:
        raise DocumentError(
            f"dataset {dataset.id!r} has no book", hint="`tc data import --format tardis-l2` or `binance-raw` makes one that has."
        )
    book = parts["book"]
    first_ns = book.first_ns if start_ns is None else start_ns
    end_ns = dataset.last_ns + 1 if end_ns is None else end_ns
    frames = [pl.DataFrame(schema=ROWS)]
    if start_ns is not None and book.first_ns < start_ns < end_ns:
        frames.append(_standing(dataset, book, start_ns))
    frames += [_book_rows(frame) for frame in _window(dataset, book, first_ns, end_ns)]
    if with_trades and "trades" in parts:
        first_ns = parts["trades"].first_ns if start_ns is None else start_ns
        frames += [_trade_rows(frame) for frame in _window(dataset, parts["trades"], first_ns, end_ns)]
    return pl.concat(frames).sort("ts_init", maintain_order=True)


def integer_frame(dataset: Dataset, batch: pa.RecordBatch, columns: Sequence[str]) -> pl.DataFrame:
    """Return rows of the catalog as a frame, prices and sizes as whole numbers of the smallest unit.

    Raises
    ------
    ArtifactError
        A number does not fit 64 bits at the dataset's precision.

    """
    try:
        return pl.DataFrame(pa.table({name: _integers(dataset, batch, name) for name in columns}))
    except pa.ArrowException as error:
        raise ArtifactError(
            f"dataset {dataset.id!r} holds a price or a size that is no whole number of 64 bits at its precision: {error}",
            hint="`tc data fingerprint` says whether the dataset is still what its manifest states.",
        ) from None


def _integers(dataset: Dataset, batch: pa.RecordBatch, name: str) -> pa.Array:
    column = batch.column(name)
    if column.type != FIXED:
        return column
    precision = dataset.price_precision if name == "price" else dataset.size_precision
    return from_integers(scaled(column, precision), pa.int64())


def _window(dataset: Dataset, part: DatasetPart, first_ns: int, end_ns: int) -> Iterator[pl.DataFrame]:
    columns = _TRADE_COLUMNS if part.kind == "trades" else DELTA_COLUMNS
    for batch in _batches(dataset, part, columns, first_ns, end_ns):
        frame = integer_frame(dataset, batch, columns).with_columns(pl.col("ts_event", "ts_init").cast(pl.Int64))
        yield frame.filter((pl.col("ts_init") >= first_ns) & (pl.col("ts_init") < end_ns))


def _batches(dataset: Dataset, part: DatasetPart, columns: Sequence[str], first_ns: int, end_ns: int) -> Iterator[pa.RecordBatch]:
    path = dataset.part_path(part)
    try:
        with pq.ParquetFile(path) as file:
            stamp = file.schema_arrow.get_field_index("ts_init")
            spans = [file.metadata.row_group(number).column(stamp).statistics for number in range(file.num_row_groups)]
            groups = [number for number, span in enumerate(spans) if span.min < end_ns and span.max >= first_ns]
            yield from file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups, columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"dataset {dataset.id!r}: {path} cannot be read: {error}",
            hint="`tc data fingerprint` says whether the dataset is still what its manifest states.",
        ) from None


def _standing(dataset: Dataset, part: DatasetPart, at_ns: int) -> pl.DataFrame:
    """Return the book as it stood before a moment, as a snapshot; only a clear where nothing was known of it."""
    book = Book()
    is_known, ts_event, sequence = False, 0, 0
    for frame in _window(dataset, part, part.first_ns, at_ns):
        if frame.height:
            book.tops(frame)
            snapshots = frame.filter(pl.col("action") == CLEAR)["flags"]
            is_known = snapshots[-1] & SNAPSHOT != 0 if len(snapshots) else is_known
            ts_event, sequence = frame["ts_event"][-1], frame["sequence"][-1]
    levels = [("BUY", *level) for level in sorted(book.bids.items(), reverse=True)]
    levels += [("SELL", *level) for level in sorted(book.asks.items())]
    rows = [
        (ts_event, at_ns, "delta" if number else "clear", *level, is_known, number == len(levels), sequence)
        for number, level in enumerate([("NONE", 0, 0), *levels])
    ]
    return pl.DataFrame(rows, schema=ROWS, orient="row")


def _book_rows(frame: pl.DataFrame) -> pl.DataFrame:
    flags = pl.col("flags")
    return frame.select(
        "ts_event",
        "ts_init",
        pl.when(pl.col("action") == CLEAR).then(pl.lit("clear")).otherwise(pl.lit("delta")).cast(KINDS).alias("kind"),
        _side("side"),
        "price",
        pl.when(pl.col("action") == DELETE).then(0).otherwise("size").alias("size"),
        (flags & SNAPSHOT != 0).alias("is_snapshot"),
        (flags & LAST != 0).alias("is_last"),
        "sequence",
    )


def _trade_rows(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        "ts_event",
        "ts_init",
        pl.lit("trade").cast(KINDS).alias("kind"),
        _side("aggressor_side"),
        "price",
        "size",
        pl.lit(value=False).alias("is_snapshot"),
        pl.lit(value=True).alias("is_last"),
        pl.lit(0, dtype=pl.UInt64).alias("sequence"),
    )


def _side(column: str) -> pl.Expr:
    names = dict(enumerate(SIDES.categories))
    return pl.col(column).replace_strict(names, return_dtype=SIDES).alias("side")
