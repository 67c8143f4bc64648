"""A dataset's rows as Nautilus's objects, in chunks that never end between two rows of one timestamp."""

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from nautilus_trader.core.nautilus_pyo3 import DataBackendSession, NautilusDataType
from nautilus_trader.model.data import capsule_to_list

from tc.errors import ArtifactError
from tc.store.dataset import Dataset, DatasetPart

CHUNK_ROWS = 16_384
_stamp = attrgetter("ts_init")
_TYPES = {
    "bars": NautilusDataType.Bar,
    "trades": NautilusDataType.TradeTick,
    "quotes": NautilusDataType.QuoteTick,
    "book": NautilusDataType.OrderBookDelta,
}


def window(dataset: Dataset, *, start_ns: int | None, end_ns: int | None) -> tuple[int, int]:
    """Return the number of the first row in the window, and how many rows are in it: start inclusive, end exclusive."""
    before = _rows_below(dataset, start_ns) if start_ns is not None else 0
    upto = _rows_below(dataset, end_ns) if end_ns is not None else dataset.rows
    return before, max(0, upto - before)


def chunks(dataset: Dataset, *, start_ns: int | None, end_ns: int | None, rows: int = CHUNK_ROWS) -> Iterator[list[Any]]:
    """Yield the window's rows, merged by ``ts_init``; ties in the order of the dataset's parts.

    A chunk is extended to the next timestamp: a boundary between two rows of one timestamp changes what an engine does.
    """
    parts = [_part_lists(dataset, part, start_ns, end_ns, rows) for part in dataset.parts]
    waiting: list[list[Any]] = [next(each, []) for each in parts]
    is_done = [not each for each in waiting]
    while not all(is_done) or any(waiting):
        # Rows below every unfinished part's last stamp are complete: nothing earlier can still come.
        horizons = [_stamp(held[-1]) for held, done in zip(waiting, is_done, strict=True) if not done]
        chunk: list[Any] = []
        for index, held in enumerate(waiting):
            cut = bisect_left(held, min(horizons), key=_stamp) if horizons else len(held)
            chunk += held[:cut]
            waiting[index] = held[cut:]
        for index, part in enumerate(parts):
            # When all that waits has one timestamp, nothing is complete yet: more is needed to see its end.
            if not is_done[index] and (len(waiting[index]) < rows or not chunk):
                more = next(part, [])
                is_done[index] = not more
                waiting[index] += more
        if chunk:
            chunk.sort(key=_stamp)
            yield chunk


def _part_lists(dataset: Dataset, part: DatasetPart, start_ns: int | None, end_ns: int | None, rows: int) -> Iterator[list[Any]]:
    path = dataset.part_path(part)
    if not path.is_file():
        raise ArtifactError(f"dataset {dataset.id} lacks its file {part.path}", hint="Import or prepare the dataset again.")
    session = DataBackendSession(chunk_size=rows)
    bounds = [f"ts_init >= {start_ns}"] * (start_ns is not None) + [f"ts_init < {end_ns}"] * (end_ns is not None)
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    session.add_file(_TYPES[part.kind], "rows", str(path), f"SELECT * FROM rows{where} ORDER BY ts_init")  # noqa: S608 - integers
    for capsule in session.to_query_result():
        yield capsule_to_list(capsule)


def _rows_below(dataset: Dataset, at_ns: int) -> int:
    return sum(int(pc.sum(pc.less(_stamps(dataset, part), at_ns)).as_py() or 0) for part in dataset.parts)


def _stamps(dataset: Dataset, part: DatasetPart) -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        return pq.read_table(dataset.part_path(part), columns=["ts_init"])["ts_init"]
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"dataset {dataset.id}: {part.path} cannot be read: {error}", hint="Import or prepare the dataset again."
        ) from None
