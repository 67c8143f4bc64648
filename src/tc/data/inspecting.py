"""`tc data check`: read a dataset, prove that it is unaltered, and judge its rows."""

import polars as pl
import pyarrow as pa

from tc.checks.book_quality import BookJudge
from tc.checks.finding import Finding
from tc.checks.quality import check_bars, check_quotes, check_trades
from tc.data.book import DELTA_COLUMNS, integer_frame
from tc.data.catalog import layout
from tc.data.catalog.intervals import interval_of
from tc.data.catalog.reading import check_files, verified_batches
from tc.data.progress import Progress, silent
from tc.store.dataset import Dataset, DatasetPart

MAX_TICK_GAP_NS = 600 * 10**9
"""How long no trade, quote or update of a book may come, unless said otherwise."""


def check_dataset(
    dataset: Dataset, *, max_tick_gap_ns: int = MAX_TICK_GAP_NS, progress: Progress = silent
) -> tuple[Finding, ...]:
    """Judge all rows of a dataset, no more than one part at a time in memory; `progress` is told the rows.

    Raises
    ------
    ArtifactError
        The files do not hold the rows that the manifest names.

    """
    check_files(dataset)
    findings: list[Finding] = []
    done = 0
    for part in dataset.parts:
        judge = _BookPart(dataset, part, max_tick_gap_ns) if part.kind == "book" else _RowsPart(part, max_tick_gap_ns)
        for batch in verified_batches(dataset, part):
            judge.take(batch)
            done += batch.num_rows
            progress(done, dataset.rows)
        findings.extend(judge.findings())
    return tuple(findings)


class _BookPart:
    """A book is judged batch by batch: a day of one has a hundred million rows."""

    def __init__(self, dataset: Dataset, part: DatasetPart, max_gap_ns: int) -> None:
        self._dataset = dataset
        precisions = dataset.price_precision, dataset.size_precision
        self._judge = BookJudge(subject=f"{part.kind} {part.identifier}", precisions=precisions, max_gap_ns=max_gap_ns)

    def take(self, batch: pa.RecordBatch) -> None:
        self._judge.take(integer_frame(self._dataset, batch, DELTA_COLUMNS))

    def findings(self) -> tuple[Finding, ...]:
        return self._judge.findings()


class _RowsPart:
    """Bars, trades and quotes are judged all at once."""

    def __init__(self, part: DatasetPart, max_gap_ns: int) -> None:
        self._part = part
        self._max_gap_ns = max_gap_ns
        self._batches: list[pa.RecordBatch] = []

    def take(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)

    def findings(self) -> tuple[Finding, ...]:
        part, frame = self._part, _frame(self._batches)
        subject = f"{part.kind} {part.identifier}"
        if part.kind == "bars":
            return check_bars(frame, subject=subject, interval_ns=interval_of(part))
        check = check_trades if part.kind == "trades" else check_quotes
        return check(frame, subject=subject, max_gap_ns=self._max_gap_ns)


def _frame(batches: list[pa.RecordBatch]) -> pl.DataFrame:
    """Return rows of the catalog as a frame, fixed-point bytes seen as exact decimals."""
    table = pa.Table.from_batches(
        pa.record_batch(
            {
                field.name: layout.decimals(column) if field.type == layout.FIXED else column
                for field, column in zip(batch.schema, batch.columns, strict=True)
            }
        )
        for batch in batches
    )
    return pl.DataFrame(table)
