"""The layout of Nautilus's `ParquetDataCatalog`: Arrow schemas, where a file lies and what it is called, fixed-point columns.

It follows nautilus_trader 1.231 built with 128-bit prices (`FIXED_PRECISION` 16). Nautilus itself is not imported: tests compare.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tc.store.dataset import CATALOG_FOLDER, PartKind

if TYPE_CHECKING:
    import numpy.typing as npt

FIXED_PRECISION = 16
"""Every price and size is stored as its value times ten to this power, in 16 little-endian bytes."""
LARGEST_PRICE = 17_014_118_346_046
LARGEST_SIZE = 34_028_236_692_093
LONGEST_TRADE_ID = 36
ROWS_PER_GROUP = 5_000
"""Nautilus's own default for the rows of a Parquet row group."""

FIXED = pa.binary(FIXED_PRECISION)
DECIMAL = pa.decimal128(38, FIXED_PRECISION)

_STAMPS: tuple[tuple[str, pa.DataType], ...] = (("ts_event", pa.uint64()), ("ts_init", pa.uint64()))
COLUMNS: dict[PartKind, tuple[tuple[str, pa.DataType], ...]] = {
    "bars": (*((name, FIXED) for name in ("open", "high", "low", "close", "volume")), *_STAMPS),
    "trades": (("price", FIXED), ("size", FIXED), ("aggressor_side", pa.uint8()), ("trade_id", pa.string()), *_STAMPS),
    "quotes": (*((name, FIXED) for name in ("bid_price", "ask_price", "bid_size", "ask_size")), *_STAMPS),
    "book": (
        *(("action", pa.uint8()), ("side", pa.uint8()), ("price", FIXED), ("size", FIXED)),
        *(("order_id", pa.uint64()), ("flags", pa.uint8()), ("sequence", pa.uint64())),
        *_STAMPS,
    ),
}
_CLASS_FOLDERS: dict[PartKind, str] = {
    "bars": "bar",
    "trades": "trade_tick",
    "quotes": "quote_tick",
    "book": "order_book_deltas",
}


def catalog_schema(kind: PartKind, *, identifier: str, instrument_id: str, precisions: tuple[int, int]) -> pa.Schema:
    """Return the Arrow schema of a part, with the metadata from which Nautilus learns identifier and precisions (price, size)."""
    metadata = {"bar_type": identifier} if kind == "bars" else {}
    metadata |= {
        "instrument_id": instrument_id,
        "price_precision": str(precisions[0]),
        "size_precision": str(precisions[1]),
    }
    return pa.schema([pa.field(name, data_type, nullable=False) for name, data_type in COLUMNS[kind]], metadata=metadata)


def part_folder(kind: PartKind, identifier: str) -> str:
    """Return the folder of a part, relative to the dataset's."""
    return f"{CATALOG_FOLDER}/data/{_CLASS_FOLDERS[kind]}/{identifier.replace('/', '')}"


def part_filename(first_ns: int, last_ns: int) -> str:
    """Return the file name in which Nautilus finds the interval of `ts_init` that a file covers."""
    return f"{_stamp(first_ns)}_{_stamp(last_ns)}.parquet"


def _stamp(at_ns: int) -> str:
    seconds, nanos = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H-%M-%S}-{nanos:09d}Z"


def fixed(decimals: pa.Array) -> pa.Array:
    """Return decimals of any scale up to 16 as Nautilus's fixed-point bytes, exactly."""
    return _seen_as(pc.cast(decimals, DECIMAL), FIXED)


def decimals(column: pa.Array) -> pa.Array:
    """Return Nautilus's fixed-point bytes as decimals of scale 16, without a copy."""
    return _seen_as(column, DECIMAL)


def scaled(column: pa.Array, precision: int) -> "npt.NDArray[np.int64]":
    """Return fixed-point bytes as whole numbers of ten to the minus `precision`; an Arrow error when one is none or too large."""
    rounded = pc.cast(decimals(column), pa.decimal128(38, precision))
    return to_integers(pc.cast(_seen_as(rounded, pa.decimal128(38, 0)), pa.int64()))


def fixed_from_integers(values: "npt.NDArray[np.int64]", precision: int) -> pa.Array:
    """Return whole numbers of the smallest unit (ticks of ten to the minus `precision`) as fixed-point bytes, exactly."""
    whole = pc.cast(from_integers(values, pa.int64()), pa.decimal128(38, 0))
    return fixed(_seen_as(whole, pa.decimal128(38, precision)))


def from_integers(values: "npt.NDArray[np.generic]", data_type: pa.DataType) -> pa.Array:
    """Return numpy integers as an Arrow array of a type of their width, without a copy; `pa.array` would load pandas."""
    return pa.Array.from_buffers(data_type, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def texts(words: Sequence[str]) -> pa.StringArray:
    """Return words as an Arrow array; `pa.array` would load pandas, half a second that an import need not take."""
    encoded = [word.encode() for word in words]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(words), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def to_integers(array: pa.Array) -> "npt.NDArray[np.int64]":
    """Return a 64-bit integer column without nulls as numpy integers, without a copy; `to_numpy` would load pandas."""
    return np.frombuffer(array.buffers()[1], dtype=np.int64, count=len(array), offset=8 * array.offset)


def _seen_as(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    """Return the same 16-byte values under another type: a decimal128 is a little-endian 128-bit integer already."""
    return pa.Array.from_buffers(data_type, len(array), [None, array.buffers()[1]], offset=array.offset)
