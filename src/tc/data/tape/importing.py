"""`tc data import --format tape`: the tape of a run as a dataset, every block proven on the way.

Row *n* of the dataset is row *n* of the tape when the tape is whole and only of the run's instrument: a back-test is shown the
same rows in the same order. A dataset is in the order of its stamps, with a fixed order of kinds within a stamp; the node saw
what came, as it came. So a `ts_init` that is before its place is moved on to it: to the stamp before, or one nanosecond behind.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tc.data.catalog.layout import FIXED, catalog_schema, from_integers, scaled, to_integers
from tc.data.catalog.part_writer import PartWriter
from tc.data.catalog.publishing import Published, publish_dataset
from tc.data.catalog.staging import staging_folder
from tc.data.progress import Progress, silent
from tc.data.tape.encoding import block_batch, rows_of
from tc.data.target import ImportTarget
from tc.errors import ArtifactError, DocumentError
from tc.store.dataset import KIND_ORDER, DatasetSource, PartKind, dataset_path
from tc.store.journal import JournalScan, read_entries, read_lines, scan_journal
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal
from tc.store.tape import NamedTape, block_path, checked_block, named_tape, rows_seen, unnamed_blocks

NAME = "tape"
_LONGEST_NAME = 90
_SIZES = frozenset({"size", "bid_size", "ask_size", "volume"})

type _Part = tuple[PartKind, str]


@dataclass(frozen=True, slots=True)
class TapeImport:
    """The dataset that was made of a tape, and what is missing or was moved, in words."""

    published: Published
    notes: tuple[str, ...]


def import_tape(
    run: RunDirectory, target: ImportTarget, *, data_root: Path, dataset_id: str | None = None, progress: Progress = silent
) -> TapeImport:
    """Make a dataset of what a run's tape holds of an instrument; of a crashed run, of what its journal names.

    Parameters
    ----------
    run
        A run that is not being written.
    target
        Its instrument.
    data_root
        Where datasets are kept.
    dataset_id
        The dataset's id; None to make one of the run's.
    progress
        Told the blocks done, of all.

    Raises
    ------
    DocumentError
        The run has no tape, or its tape no row of the instrument.
    RefusedError
        Another dataset has this id already.
    ArtifactError
        The journal or a block is not as it was recorded, or the dataset cannot be written.

    """
    wanted_id = dataset_id or f"{re.sub(r'[^a-z0-9._-]', '-', run.run_id.lower())[:_LONGEST_NAME]}-tape"
    dataset_path(data_root, wanted_id)
    scan = _proven_journal(run)
    named = named_tape(islice(read_lines(run.journal), scan.entries))
    if not named.blocks:
        raise DocumentError(
            f"run {run.run_id!r} has no tape: its journal names no block",
            hint="Only a paper run has one, unless its spec says `node.tape.keep: false`.",
        )
    with staging_folder(data_root) as folder:
        parts = _Parts(folder, target)
        for done, block in enumerate(named.blocks, 1):
            name = str(block_path(run.tape, block.block))
            batch = block_batch(checked_block(run.tape, block), name=name)
            if batch.num_rows != block.last_row - block.first_row + 1:
                raise ArtifactError(f"{name} holds {batch.num_rows} rows, the journal says otherwise", hint="It was altered.")
            parts.append(batch)
            progress(done, len(named.blocks))
        seen = rows_seen(islice(read_entries(run.journal), scan.entries))
        published = publish_dataset(
            folder,
            data_root=data_root,
            dataset_id=wanted_id,
            target=target,
            parts=parts.finished(run.run_id),
            sources=(DatasetSource(run.run_id, scan.digest, parts.rows, NAME),),
        )
    return TapeImport(published, (*_missing(run, named, seen), *parts.notes()))


def _proven_journal(run: RunDirectory) -> JournalScan:
    """Judge the journal, whose entries are what proves the blocks; its digest is the sealed one where there is a seal."""
    scan = scan_journal(run.journal)
    if scan.damage is not None and not scan.is_torn:
        raise ArtifactError(f"{run.journal}, line {scan.damage.line}: {scan.damage.reason}", hint="`tc runs verify` says more.")
    if run.seal.exists() and (sealed := read_seal(run).journal.digest) != scan.digest:
        raise ArtifactError(
            f"{run.journal} ends with the digest {scan.digest}, the seal says {sealed}", hint="`tc runs verify` says more."
        )
    return scan


def _missing(run: RunDirectory, named: NamedTape, seen: int) -> Iterator[str]:
    """Say which rows the run saw and the tape does not hold, and why."""
    following = 0
    for block in named.blocks:
        if block.first_row > following:
            yield f"rows {following:,} to {block.first_row - 1:,} were seen, and are in no block"
        following = block.last_row + 1
    if named.stopped is not None:
        yield f"the tape stopped before row {named.stopped.next_row:,}: {named.stopped.reason} ({named.stopped.detail})"
    if seen > following:
        yield f"rows {following:,} to {seen - 1:,} were seen, and are in no block"
    yield from (f"{name} is there, and no entry names it: left out" for name in unnamed_blocks(run.tape, named))


class _Parts:
    """The parts of the dataset while they are written, and the order that they are to have together."""

    def __init__(self, folder: Path, target: ImportTarget) -> None:
        self._folder = folder
        self._target = target
        self._writers: dict[_Part, PartWriter] = {}
        self._schemas: dict[_Part, pa.Schema] = {}
        self._last = (0, (0, ""))
        self._moved = 0
        self._others = 0
        self.rows = 0

    def append(self, batch: pa.RecordBatch) -> None:
        """Take the rows of the next block that are of the instrument."""
        whose = list(zip(batch.column("kind").to_pylist(), batch.column("identifier").to_pylist(), strict=True))
        batch = batch.set_column(batch.schema.get_field_index("ts_init"), "ts_init", self._ordered(batch, whose))
        for kind, identifier in dict.fromkeys(whose):
            if not self._is_ours(identifier):
                self._others += whose.count((kind, identifier))
                continue
            schema = self._schema((kind, identifier))
            rows = rows_of(batch, kind, identifier, schema)
            self._check(rows, schema)
            self._writers[kind, identifier].append(rows)
            self.rows += rows.num_rows

    def finished(self, run_id: str) -> tuple[Any, ...]:
        """Return what the manifest says of the parts, in their order."""
        if not self.rows:
            raise DocumentError(
                f"the tape of run {run_id!r} has no row of {self._target.instrument_id}", hint="Name another instrument."
            )
        return tuple(self._writers[part].finish() for part in sorted(self._writers, key=_rank))

    def notes(self) -> Iterator[str]:
        """Say what was left out, and what was moved."""
        if self._others:
            yield f"{self._others:,} rows are of other instruments than {self._target.instrument_id}: left out"
        if self._moved:
            yield f"{self._moved:,} rows were stamped before their place in the tape: their ts_init was moved on to it"

    def _is_ours(self, identifier: str) -> bool:
        return identifier == self._target.instrument_id or identifier.startswith(f"{self._target.instrument_id}-")

    def _ordered(self, batch: pa.RecordBatch, whose: Sequence[_Part]) -> pa.Array:
        """Return stamps by which a dataset has these rows in the order of the tape."""
        ranks = {part: _rank(part) for part in set(whose)}
        last_ns, last_rank = self._last
        stamps: list[int] = []
        for stamp_ns, part in zip(to_integers(batch.column("ts_init")).tolist(), whose, strict=True):
            rank = ranks[part]
            at_ns = max(stamp_ns, last_ns)
            if at_ns == last_ns and rank < last_rank:
                at_ns += 1
            self._moved += at_ns != stamp_ns
            stamps.append(at_ns)
            last_ns, last_rank = at_ns, rank
        self._last = (last_ns, last_rank)
        return from_integers(np.array(stamps, dtype=np.uint64), pa.uint64())

    def _schema(self, part: _Part) -> pa.Schema:
        if part not in self._schemas:
            kind, identifier = part
            target = self._target
            schema = catalog_schema(kind, identifier=identifier, instrument_id=target.instrument_id, precisions=target.precisions)
            self._schemas[part] = schema
            self._writers[part] = PartWriter(self._folder, kind, identifier, schema)
        return self._schemas[part]

    def _check(self, rows: pa.RecordBatch, schema: pa.Schema) -> None:
        """Refuse a price or size that has more decimal places than the instrument: nothing is rounded."""
        price_precision, size_precision = self._target.precisions
        for field in schema:
            if field.type == FIXED:
                try:
                    scaled(rows.column(field.name), size_precision if field.name in _SIZES else price_precision)
                except pa.ArrowException as error:
                    raise DocumentError(
                        f"the tape's column {field.name} does not fit {self._target.instrument_id}: {error}",
                        hint="The instrument's document has fewer decimal places than the venue's prices or sizes.",
                    ) from None


def _rank(part: _Part) -> tuple[int, str]:
    return KIND_ORDER.index(part[0]), part[1]
