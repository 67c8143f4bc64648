"""A block of the tape as one Arrow IPC stream: all rows in their order; a column is null where a kind has none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tc.data.catalog.layout import COLUMNS, FIXED, FIXED_PRECISION, from_integers, texts
from tc.errors import ArtifactError
from tc.store.dataset import KIND_ORDER, PartKind
from tc.store.tape import TAPE_COLUMNS, TapeRow

_TYPES: dict[str, pa.DataType] = {name: data_type for kind in KIND_ORDER for name, data_type in COLUMNS[kind]}
_KIND = pa.dictionary(pa.int8(), pa.string())
_IDENTIFIER = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([("kind", _KIND), ("identifier", _IDENTIFIER), *_TYPES.items()])
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


def block_bytes(rows: Sequence[TapeRow]) -> bytes:
    """Return rows as the bytes of a block; there is at least one."""
    kinds = _numbers([row.kind for row in rows], KIND_ORDER, np.int8)
    named = [row.identifier for row in rows]
    names = tuple(dict.fromkeys(named))
    identifiers = _numbers(named, names, np.int32)
    columns = _columns([row.values for row in rows], kinds)
    batch = pa.record_batch(
        [
            pa.DictionaryArray.from_arrays(from_integers(kinds, pa.int8()), texts(KIND_ORDER)),
            pa.DictionaryArray.from_arrays(from_integers(identifiers, pa.int32()), texts(names)),
            *(columns[name] for name in _TYPES),
        ],
        schema=SCHEMA,
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    block: bytes = sink.getvalue().to_pybytes()
    return block


def block_batch(data: bytes, *, name: str) -> pa.RecordBatch:
    """Return a block's rows; ArtifactError when the bytes are no block."""
    try:
        with pa.ipc.open_stream(data) as reader:
            if reader.schema != SCHEMA:
                raise ArtifactError(
                    f"{name} is no block of a tape: its columns are others", hint="A newer tc may have written it."
                )
            return reader.read_next_batch()
    except (pa.ArrowException, StopIteration, OSError) as error:
        raise ArtifactError(f"{name} is no block of a tape: {error}", hint="`tc runs verify` says what is altered.") from None


def rows_of(batch: pa.RecordBatch, kind: PartKind, identifier: str, schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows of one kind and identifier as rows of the catalog."""
    is_theirs = pc.and_(
        pc.equal(batch.column("kind").cast(pa.string()), kind), pc.equal(batch.column("identifier").cast(pa.string()), identifier)
    )
    theirs = batch.filter(is_theirs)
    return pa.record_batch([theirs.column(name) for name in schema.names], schema=schema)


def _numbers(words: Sequence[str], known: Sequence[str], number: "type[np.integer[Any]]") -> "np.ndarray[Any, np.dtype[Any]]":
    """Return each word as the number of its place among those that are known."""
    places = {word: place for place, word in enumerate(known)}
    return np.fromiter(map(places.__getitem__, words), dtype=number, count=len(words))


def _columns(rows: Sequence[Sequence[int | str]], kinds: "np.ndarray[Any, np.dtype[Any]]") -> dict[str, pa.Array]:
    """Return each column for all rows: the values of the kinds that have it, spread to their places."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in _TYPES}
    places: dict[str, list[Any]] = {name: [] for name in _TYPES}
    for number, kind in enumerate(KIND_ORDER):
        theirs = np.flatnonzero(kinds == number)
        values = zip(*map(rows.__getitem__, theirs.tolist()), strict=True) if len(theirs) else ()
        for name, column in zip(TAPE_COLUMNS[kind], values, strict=False):
            parts[name].append(_array(column, _TYPES[name]))
            places[name].append(theirs)
    return {name: _spread(parts[name], places[name], len(rows), data_type) for name, data_type in _TYPES.items()}


def _spread(parts: list[pa.Array], places: list[Any], length: int, data_type: pa.DataType) -> pa.Array:
    if not parts:
        return pa.nulls(length, data_type)
    values, where = pa.concat_arrays(parts), np.concatenate(places)
    if len(where) == length and len(parts) == 1:
        return values
    index = np.full(length, -1, dtype=np.int32)
    index[where] = np.arange(len(where), dtype=np.int32)
    is_there = np.packbits(index >= 0, bitorder="little")
    index[index < 0] = 0
    return values.take(pa.Array.from_buffers(pa.int32(), length, [pa.py_buffer(is_there), pa.py_buffer(index)]))


def _array(values: Sequence[Any], data_type: pa.DataType) -> pa.Array:
    if data_type == FIXED:
        joined = b"".join([value.to_bytes(FIXED_PRECISION, "little", signed=True) for value in values])
        return pa.Array.from_buffers(FIXED, len(values), [None, pa.py_buffer(joined)])
    if data_type == pa.string():
        return texts(values)
    return from_integers(np.array(values, dtype=data_type.to_pandas_dtype()), data_type)
