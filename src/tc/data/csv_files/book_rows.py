"""The rows of an incremental book as deltas: which begins a snapshot and which ends an update is told by the rows beside it."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tc.data.catalog import layout
from tc.data.catalog.deltas import NO_SIDE, Levels, Numbers, delta_batch

_ZERO = layout.fixed_from_integers(np.zeros(1, dtype=np.int64), 0)


class BookRows:
    """Takes the rows of one file in pieces and gives deltas, always one row behind: the last one's successor is not known yet.

    Rows of one message have the same stamps. A snapshot begins where a row of one follows a row of none, as Tardis defines it.

    Parameters
    ----------
    schema
        The catalog's for deltas.

    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._held: Levels | None = None

    def take(
        self,
        side: Numbers,
        prices: tuple[pa.Array, pa.Array],
        is_snapshot: npt.NDArray[np.bool_],
        stamps: tuple[Numbers, Numbers],
    ) -> pa.RecordBatch | None:
        """Take the next rows, at least one: sides, price and size, whether of a snapshot, `ts_event` and `ts_init`."""
        rows = Levels(side, *prices, is_snapshot, np.zeros(len(side), np.bool_), np.zeros(len(side), np.int64), *stamps)
        was_snapshot = np.array([self._held is not None and bool(self._held.is_snapshot[-1])])
        begins = is_snapshot & ~np.concatenate((was_snapshot, is_snapshot[:-1]))
        rows = _with_clears(rows, np.flatnonzero(begins))
        if self._held is not None:
            rows = _joined(self._held, rows)
        ends = _differs(rows)
        self._held = _part(rows, slice(-1, None))
        if len(ends) == 0:
            return None
        return delta_batch(_part(rows, slice(0, -1))._replace(ends=ends), self._schema)

    def rest(self) -> pa.RecordBatch | None:
        """Return the row that is still held: it ends the last update."""
        if self._held is None:
            return None
        return delta_batch(self._held._replace(ends=np.ones(1, dtype=np.bool_)), self._schema)


def _with_clears(rows: Levels, at: Numbers) -> Levels:
    """Return the rows with one that clears the book before each of some."""
    if len(at) == 0:
        return rows
    count = len(rows.side)
    source = np.insert(np.arange(count), at, at)
    is_clear = np.insert(np.zeros(count, np.bool_), at, np.ones(len(at), np.bool_))
    rows_taken = layout.from_integers(np.where(is_clear, count, source), pa.int64())
    return Levels(
        side=np.where(is_clear, NO_SIDE, rows.side[source]),
        price=pc.take(pa.concat_arrays([rows.price, _ZERO]), rows_taken),
        size=pc.take(pa.concat_arrays([rows.size, _ZERO]), rows_taken),
        is_snapshot=rows.is_snapshot[source],
        ends=rows.ends[source],
        sequence=rows.sequence[source],
        ts_event=rows.ts_event[source],
        ts_init=rows.ts_init[source],
    )


def _joined(first: Levels, second: Levels) -> Levels:
    return Levels._make(
        np.concatenate((one, other)) if isinstance(one, np.ndarray) else pa.concat_arrays([one, other])
        for one, other in zip(first, second, strict=True)
    )


def _part(rows: Levels, which: slice) -> Levels:
    start, stop, _ = which.indices(len(rows.side))
    return Levels._make(column[which] if isinstance(column, np.ndarray) else column.slice(start, stop - start) for column in rows)


def _differs(rows: Levels) -> npt.NDArray[np.bool_]:
    """Return which rows but the last are followed by one of another message."""
    different: npt.NDArray[np.bool_] = (
        (np.diff(rows.ts_event) != 0) | (np.diff(rows.ts_init) != 0) | (np.diff(rows.is_snapshot.astype(np.int8)) != 0)
    )
    return different
