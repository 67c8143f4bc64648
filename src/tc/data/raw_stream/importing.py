"""Captures in, a book and its trades out, as parts of a dataset."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import assert_never

import pyarrow as pa

from tc.data.catalog.layout import catalog_schema
from tc.data.catalog.part_writer import PartWriter
from tc.data.csv_files.source import CsvSource, printable
from tc.data.progress import FilesMeter
from tc.data.raw_stream.columns import BookColumns, TradeColumns
from tc.data.raw_stream.messages import NAME, Diff, Message, Snapshot, Trade, first_stamp, read_messages
from tc.data.raw_stream.sync import BookSync, Step
from tc.data.target import ImportTarget
from tc.errors import DocumentError
from tc.spec.grammar import format_instant
from tc.store.dataset import KIND_ORDER, DatasetPart, DatasetSource, PartKind

ROWS_PER_BATCH = 65_536


def write_captures(
    sources: Sequence[CsvSource], target: ImportTarget, folder: Path, meter: FilesMeter
) -> tuple[tuple[DatasetPart, ...], tuple[DatasetSource, ...]]:
    """Write the book of some captures of one instrument, and its trades if there are any; the captures are put in order of time.

    Raises
    ------
    DocumentError
        A line or a value in it is wrong, captures overlap, or no snapshot fits the updates.

    """
    capture = _Capture(folder, target)
    listed = []
    for source in sorted(sources, key=first_stamp):
        before = capture.rows
        for message in read_messages(source, meter.in_file):
            capture.take(message)
        capture.flush()
        meter.file_done(source.size)
        listed.append(DatasetSource(source.name, source.sha256, capture.rows - before, NAME))
    return capture.finish(), tuple(listed)


class _Capture:
    """What the messages of captures, one after another, become."""

    def __init__(self, folder: Path, target: ImportTarget) -> None:
        self._folder = folder
        self._target = target
        self._sync = BookSync()
        self._book = BookColumns(target, self._schema("book"))
        self._trades = TradeColumns(target, self._schema("trades"))
        self._writers: dict[PartKind, PartWriter] = {}
        self._last_ns = 0

    @property
    def rows(self) -> int:
        return sum(writer.rows for writer in self._writers.values())

    def take(self, message: Message) -> None:
        if message.ts_init < self._last_ns:
            raise DocumentError(
                f"{message.place}: {format_instant(message.ts_init)} is earlier than the line before",
                hint="A capture must be in order, and several must not overlap in time.",
            )
        self._last_ns = message.ts_init
        match message:
            case Snapshot():
                self._apply(self._sync.take_snapshot(message))
            case Diff():
                self._check_symbol(message)
                self._apply(self._sync.take_diff(message))
            case Trade():
                self._check_symbol(message)
                self._trades.add(message)
            case _:
                assert_never(message)
        if len(self._book) + len(self._trades) >= ROWS_PER_BATCH:
            self.flush()

    def flush(self) -> None:
        if len(self._book):
            self._writer("book").append(self._book.take())
        if len(self._trades):
            self._writer("trades").append(self._trades.take())

    def finish(self) -> tuple[DatasetPart, ...]:
        if "book" not in self._writers:
            raise DocumentError(
                "there is no depth snapshot that the depth updates follow, so that no book can be put together",
                hint="A capture must hold a REST snapshot (a line with lastUpdateId) and the updates around it.",
            )
        return tuple(self._writers[kind].finish() for kind in KIND_ORDER if kind in self._writers)

    def _apply(self, steps: Iterator[Step]) -> None:
        for step in steps:
            self._book.add(step)

    def _writer(self, kind: PartKind) -> PartWriter:
        if kind not in self._writers:
            self._writers[kind] = PartWriter(self._folder, kind, self._target.instrument_id, self._schema(kind))
        return self._writers[kind]

    def _schema(self, kind: PartKind) -> pa.Schema:
        instrument_id = self._target.instrument_id
        return catalog_schema(kind, identifier=instrument_id, instrument_id=instrument_id, precisions=self._target.precisions)

    def _check_symbol(self, message: Diff | Trade) -> None:
        if message.symbol != self._target.raw_symbol:
            raise DocumentError(
                f"{message.place} is of the symbol {printable(message.symbol)!r}, "
                f"but {self._target.instrument_id} is {self._target.raw_symbol!r}",
                hint="A capture holds one instrument; its document's raw_symbol is the venue's own spelling.",
            )
