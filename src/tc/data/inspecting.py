"""`tc data check`: read a dataset, prove that it is unaltered, and judge its rows."""

from typing import assert_never

import polars as pl
import pyarrow as pa

from tc.checks.finding import Finding
from tc.checks.quality import check_bars, check_quotes, check_trades
from tc.data.catalog import layout
from tc.data.catalog.intervals import interval_of
from tc.data.catalog.reading import check_files, verified_batches
from tc.data.progress import Progress, silent
from tc.store.dataset import Dataset, DatasetPart

MAX_TICK_GAP_NS = 600 * 10**9
"""How long no trade or no quote may come, unless said otherwise."""


def check_dataset(
    dataset: Dataset, *, max_tick_gap_ns: int = MAX_TICK_GAP_NS, progress: Progress = silent
) -> tuple[Finding, ...]:
    """Judge all rows of a dataset, one part at a time in memory; `progress` is told the rows.

    Raises
    ------
    ArtifactError
        The files do not hold the rows that the manifest names.

    """
    check_files(dataset)
    findings: list[Finding] = []
    done = 0
    for part in dataset.parts:
        batches = []
        for batch in verified_batches(dataset, part):
            batches.append(batch)
            done += batch.num_rows
            progress(done, dataset.rows)
        findings.extend(_judge(part, _frame(batches), max_tick_gap_ns))
    return tuple(findings)


def _judge(part: DatasetPart, frame: pl.DataFrame, max_tick_gap_ns: int) -> tuple[Finding, ...]:
    subject = f"{part.kind} {part.identifier}"
    match part.kind:
        case "bars":
            return check_bars(frame, subject=subject, interval_ns=interval_of(part))
        case "trades":
            return check_trades(frame, subject=subject, max_gap_ns=max_tick_gap_ns)
        case "quotes":
            return check_quotes(frame, subject=subject, max_gap_ns=max_tick_gap_ns)
        case _:
            assert_never(part.kind)


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
