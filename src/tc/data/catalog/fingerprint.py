"""The logical fingerprint of a table: SHA-256 over schema, row count and column content.

Chunking, row groups, compression, encodings, the writer and the padding of null bitmaps are no part of it: Parquet bytes differ
from one writer to the next while the rows do not. Columns are hashed as little-endian values in row order; text as its lengths
and its bytes.
"""

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

VERSION = 1
"""Part of what is hashed, so that a fingerprint of another recipe can never be taken for one of this."""


class ContentDigest:
    """Takes the rows of a table piece by piece and gives its fingerprint; how they are cut makes no difference.

    Parameters
    ----------
    schema
        Columns without nulls, of fixed-width types or strings, and metadata of text.

    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns = [(hashlib.sha256(), hashlib.sha256()) for _ in schema]
        self.rows = 0

    def update(self, piece: pa.RecordBatch | pa.Table) -> None:
        """Take the next rows; the piece must have the schema's columns in their order."""
        self.rows += piece.num_rows
        for (values, lengths), column in zip(self._columns, piece.columns, strict=True):
            for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
                if pa.types.is_string(chunk.type):
                    offsets = _offsets(chunk)
                    lengths.update(np.ascontiguousarray(np.diff(offsets)).data)
                    values.update(memoryview(chunk.buffers()[2] or b"")[offsets[0] : offsets[-1]])
                else:
                    width = chunk.type.byte_width
                    values.update(memoryview(chunk.buffers()[1])[chunk.offset * width : (chunk.offset + len(chunk)) * width])

    def hexdigest(self) -> str:
        """Return the fingerprint of the rows so far, in hex."""
        digests = [
            [field.name, str(field.type), field.nullable, values.hexdigest(), lengths.hexdigest()]
            for field, (values, lengths) in zip(self._schema, self._columns, strict=True)
        ]
        metadata = {key.decode(): value.decode() for key, value in (self._schema.metadata or {}).items()}
        document = {"columns": digests, "metadata": metadata, "rows": self.rows, "version": VERSION}
        return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def table_fingerprint(schema: pa.Schema, pieces: "Iterable[pa.RecordBatch | pa.Table]") -> str:
    """Return the fingerprint of a table that is given in pieces."""
    digest = ContentDigest(schema)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _offsets(chunk: pa.StringArray) -> "npt.NDArray[np.int32]":
    buffer = chunk.buffers()[1]
    if buffer is None or len(chunk) == 0:
        return np.zeros(1, dtype=np.int32)
    return np.frombuffer(buffer, dtype=np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
