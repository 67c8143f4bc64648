"""`tc data import`: files in, one immutable dataset out, or nothing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tc.data.catalog.intervals import bar_type, interval_label, interval_of, known_intervals
from tc.data.catalog.layout import catalog_schema
from tc.data.catalog.part_writer import PartWriter
from tc.data.catalog.publishing import Published, publish_dataset
from tc.data.catalog.staging import staging_folder
from tc.data.csv_files.decode import bar_interval_ns, decoded
from tc.data.csv_files.formats import FORMATS, UNIT_NAMES, CsvFormat, Opening, read_opening
from tc.data.csv_files.source import CsvSource, look_at
from tc.data.progress import FilesMeter, Progress, silent
from tc.data.raw_stream.importing import write_captures
from tc.data.raw_stream.messages import NAME as CAPTURE
from tc.data.raw_stream.messages import is_raw
from tc.data.target import ImportTarget
from tc.errors import DocumentError
from tc.spec.grammar import format_instant
from tc.store.dataset import KIND_ORDER, DatasetPart, DatasetSource, PartKind, dataset_path

type _Written = tuple[tuple[DatasetPart, ...], tuple[DatasetSource, ...]]
type _Write = Callable[[Path, FilesMeter], _Written]


@dataclass(frozen=True, slots=True)
class _Group:
    """The files of one part, in order of time."""

    kind: PartKind
    identifier: str
    openings: tuple[Opening, ...]


def import_files(
    files: Sequence[Path],
    target: ImportTarget,
    *,
    data_root: Path,
    dataset_id: str | None = None,
    format_name: str | None = None,
    progress: Progress = silent,
) -> Published:
    """Import files of one instrument as one dataset: a part for each kind of rows among them.

    Parameters
    ----------
    files
        CSV or captures, plain, gzipped or (CSV only) zipped; any order, each once. Files of one kind must not overlap in time.
    target
        The instrument.
    data_root
        Where datasets are kept.
    dataset_id
        Its id; None to make one of instrument, kinds and days.
    format_name
        The format of all files; None to detect each.
    progress
        Told the packed bytes done, of all files.

    Raises
    ------
    DocumentError
        A file or a value in it is wrong, or the files do not belong together.
    RefusedError
        Another dataset has this id already.
    ArtifactError
        The dataset cannot be written.

    """
    if dataset_id is not None:
        dataset_path(data_root, dataset_id)
    wanted = _format(format_name)
    sources = _distinct(files)
    if _are_captures(sources, format_name):
        write: _Write = partial(write_captures, sources, target)
    else:
        write = _writer_of_csv(sources, wanted, target)
    with staging_folder(data_root) as folder:
        parts, listed = write(folder, FilesMeter(progress, sum(source.size for source in sources)))
        return publish_dataset(
            folder,
            data_root=data_root,
            dataset_id=dataset_id or _default_id(target, parts),
            target=target,
            parts=parts,
            sources=listed,
        )


def _writer_of_csv(sources: Sequence[CsvSource], wanted: CsvFormat | None, target: ImportTarget) -> _Write:
    openings = [read_opening(source, wanted) for source in sources]
    _check_together(openings, target)
    groups = [_group(kind, openings, target) for kind in KIND_ORDER if any(kind == it.csv_format.kind for it in openings)]

    def write(folder: Path, meter: FilesMeter) -> _Written:
        written = [_write_group(folder, group, target, meter) for group in groups]
        return tuple(part for part, _ in written), tuple(source for _, listed in written for source in listed)

    return write


def _are_captures(sources: Sequence[CsvSource], format_name: str | None) -> bool:
    """Tell whether the files are captures of raw messages; all are, or none."""
    if format_name is not None:
        return format_name == CAPTURE
    kinds = {is_raw(source): source.name for source in sources}
    if len(kinds) > 1:
        raise DocumentError(
            f"{kinds[True]} holds {CAPTURE}, {kinds[False]} does not",
            hint="A book put together from a capture is a dataset of its own: import the other files as another.",
        )
    return True in kinds


def _format(name: str | None) -> CsvFormat | None:
    if name is None or name == CAPTURE:
        return None
    if name not in FORMATS:
        raise DocumentError(f"{name!r} is no format that can be imported", hint=f"Formats: {', '.join((*FORMATS, CAPTURE))}.")
    return FORMATS[name]


def _distinct(files: Sequence[Path]) -> list[CsvSource]:
    if not files:
        raise DocumentError("there is nothing to import", hint="Give one or more CSV files.")
    seen: dict[str, CsvSource] = {}
    for source in map(look_at, files):
        if source.sha256 in seen:
            raise DocumentError(
                f"{source.name} and {seen[source.sha256].name} have the same content", hint="Give each file once."
            )
        seen[source.sha256] = source
    return list(seen.values())


def _check_together(openings: Sequence[Opening], target: ImportTarget) -> None:
    first = openings[0]
    formats: dict[PartKind, Opening] = {}
    for opening in openings:
        name = opening.source.name
        if opening.unit_ns != first.unit_ns:
            raise DocumentError(
                f"{name} is in {UNIT_NAMES[opening.unit_ns]}, {first.source.name} in {UNIT_NAMES[first.unit_ns]}",
                hint="Units are not mixed within a dataset: import these files as two datasets.",
            )
        same_kind = formats.setdefault(opening.csv_format.kind, opening)
        if same_kind.csv_format is not opening.csv_format:
            raise DocumentError(
                f"{name} holds {opening.csv_format.name}, {same_kind.source.name} {same_kind.csv_format.name}",
                hint=f"The {opening.csv_format.kind} of a dataset are of one format: import these files as two datasets.",
            )
        symbol = opening.first.get("symbol", target.raw_symbol)
        if symbol != target.raw_symbol:
            raise DocumentError(
                f"{name} holds the symbol {symbol!r}, but {target.instrument_id} is {target.raw_symbol!r}",
                hint="Give the instrument that the file is of; its document's raw_symbol is the venue's own spelling.",
            )


def _group(kind: PartKind, openings: Sequence[Opening], target: ImportTarget) -> _Group:
    mine = tuple(sorted((it for it in openings if it.csv_format.kind == kind), key=_first_ns))
    if kind != "bars":
        return _Group(kind, target.instrument_id, mine)
    intervals = [bar_interval_ns(opening) for opening in mine]
    for opening, interval_ns in zip(mine, intervals, strict=True):
        name = opening.source.name
        if interval_label(interval_ns) is None:
            raise DocumentError(
                f"{name}: its first bar lasts {interval_ns / 1e9:g} s from open_time to close_time, which is no known interval",
                hint=f"Known intervals: {known_intervals()}.",
            )
        if interval_ns != intervals[0]:
            raise DocumentError(
                f"{name} holds bars of {interval_label(interval_ns)}, {mine[0].source.name} of {interval_label(intervals[0])}",
                hint="The bars of a dataset are of one interval: import these files as two datasets.",
            )
    return _Group(kind, bar_type(target.instrument_id, intervals[0]), mine)


def _first_ns(opening: Opening) -> int:
    return opening.stamp_ns(opening.csv_format.order_by)


def _write_group(folder: Path, group: _Group, target: ImportTarget, meter: FilesMeter) -> tuple[DatasetPart, list[DatasetSource]]:
    schema = catalog_schema(
        group.kind, identifier=group.identifier, instrument_id=target.instrument_id, precisions=target.precisions
    )
    writer = PartWriter(folder, group.kind, group.identifier, schema)
    sources: list[DatasetSource] = []
    for opening in group.openings:
        source = opening.source
        if _first_ns(opening) < writer.last_ns:
            raise DocumentError(
                f"{source.name} begins at {format_instant(_first_ns(opening))}, before {sources[-1].name} ends",
                hint="Files of one kind must not overlap in time.",
            )
        before = writer.rows
        for batch in decoded(opening, target, schema, meter.in_file):
            writer.append(batch)
        meter.file_done(source.size)
        sources.append(DatasetSource(source.name, source.sha256, writer.rows - before, opening.csv_format.name))
    return writer.finish(), sources


def _default_id(target: ImportTarget, parts: Sequence[DatasetPart]) -> str:
    """Return instrument, kinds and days, e.g. ``filusdt-perp.binance-1m-20230401-20230430``; a bar belongs to the day it ends."""
    starts = [part.first_ns - (part.kind == "bars") for part in parts]
    ends = [part.last_ns - (part.kind == "bars") for part in parts]
    days = dict.fromkeys(f"{datetime.fromtimestamp(at_ns // 10**9, UTC):%Y%m%d}" for at_ns in (min(starts), max(ends)))
    instrument = re.sub(r"[^a-z0-9._-]", "-", target.instrument_id.lower())
    return "-".join((instrument, *(_label(part) for part in parts), *days))


def _label(part: DatasetPart) -> str:
    return interval_label(interval_of(part)) or part.kind if part.kind == "bars" else part.kind
