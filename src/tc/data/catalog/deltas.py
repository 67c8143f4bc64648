"""Rows of a book as Nautilus's order book deltas: its numbers for actions, sides and flags.

A snapshot is a CLEAR and an ADD for each level, all flagged as snapshot; an update sets levels (UPDATE) or takes them away
(DELETE). The last row of each is flagged: only after it is the book whole. A CLEAR without the snapshot flag says that an update
is missing and that nothing is known of the book until the next snapshot. `order_id` has no meaning in a book of levels and is 0.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tc.data.catalog.layout import from_integers

ADD, UPDATE, DELETE, CLEAR = 1, 2, 3, 4
NO_SIDE, BID, ASK = 0, 1, 2
LAST, SNAPSHOT = 128, 32

type Numbers = npt.NDArray[np.int64]


class Levels(NamedTuple):
    """Rows of a book before they are deltas: columns of one length, prices and sizes as fixed-point bytes.

    A row without a side clears the book. `ends` marks the last row of each snapshot or update.
    """

    side: Numbers
    price: pa.Array
    size: pa.Array
    is_snapshot: npt.NDArray[np.bool_]
    ends: npt.NDArray[np.bool_]
    sequence: Numbers
    ts_event: Numbers
    ts_init: Numbers


def delta_batch(levels: Levels, schema: pa.Schema) -> pa.RecordBatch:
    """Return levels as rows of the catalog: a size of zero takes a level away."""
    return pa.record_batch(delta_columns(levels), schema=schema)


def delta_columns(levels: Levels) -> list[pa.Array]:
    """Return levels as columns of the catalog."""
    action = np.where(levels.is_snapshot, ADD, UPDATE)
    action[_is_zero(levels.size)] = DELETE
    action[levels.side == NO_SIDE] = CLEAR
    flags = np.where(levels.is_snapshot, SNAPSHOT, 0) | np.where(levels.ends, LAST, 0)
    return [
        _small(action),
        _small(levels.side),
        levels.price,
        levels.size,
        _large(np.zeros_like(levels.sequence)),
        _small(flags),
        _large(levels.sequence),
        _large(levels.ts_event),
        _large(levels.ts_init),
    ]


def _is_zero(size: pa.Array) -> npt.NDArray[np.bool_]:
    halves = np.frombuffer(size.buffers()[1], dtype=np.int64, count=2 * len(size), offset=16 * size.offset).reshape(-1, 2)
    is_zero: npt.NDArray[np.bool_] = (halves[:, 0] == 0) & (halves[:, 1] == 0)
    return is_zero


def _small(values: Numbers) -> pa.Array:
    return from_integers(values.astype(np.uint8), pa.uint8())


def _large(values: Numbers) -> pa.Array:
    return from_integers(values, pa.uint64())
