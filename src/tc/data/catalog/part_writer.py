"""Writing one part of a dataset: rows in, one Parquet file of the catalog out, fingerprinted on the way."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet as pq

from tc.data.catalog.fingerprint import ContentDigest
from tc.data.catalog.layout import ROWS_PER_GROUP, part_filename, part_folder
from tc.store.dataset import DatasetPart, PartKind

_GROUPS_PER_WRITE = 20


class PartWriter:
    """Writes the rows of one kind for one identifier, in the order given, in bounded memory.

    Parameters
    ----------
    root
        The folder of the dataset.
    kind, identifier
        What the rows are, and their bar type or instrument.
    schema
        The schema of the catalog for them; the caller keeps `ts_init` in order.

    """

    def __init__(self, root: Path, kind: PartKind, identifier: str, schema: pa.Schema) -> None:
        self._root = root
        self._kind = kind
        self._identifier = identifier
        self._schema = schema
        self._digest = ContentDigest(schema)
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._first_ns = 0
        self.last_ns = 0
        self._folder = root / part_folder(kind, identifier)
        self._folder.mkdir(parents=True)
        self._unnamed = self._folder / "part.parquet"
        self._file = pq.ParquetWriter(self._unnamed, schema)

    @property
    def rows(self) -> int:
        """The rows taken so far."""
        return self._digest.rows

    def append(self, batch: pa.RecordBatch) -> None:
        """Take the next rows; at least one."""
        stamps = batch.column("ts_init")
        if self.rows == 0:
            self._first_ns = stamps[0].as_py()
        self._digest.update(batch)
        self.last_ns = stamps[-1].as_py()
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        if self._pending_rows >= _GROUPS_PER_WRITE * ROWS_PER_GROUP:
            self._write(self._pending_rows - self._pending_rows % ROWS_PER_GROUP)

    def finish(self) -> DatasetPart:
        """Write what is left, give the file its name, and return what the manifest says of it; there was at least one row."""
        self._write(self._pending_rows)
        self._file.close()
        path = self._folder / part_filename(self._first_ns, self.last_ns)
        self._unnamed.rename(path)
        return DatasetPart(
            kind=self._kind,
            identifier=self._identifier,
            path=path.relative_to(self._root).as_posix(),
            rows=self._digest.rows,
            first_ns=self._first_ns,
            last_ns=self.last_ns,
            fingerprint=self._digest.hexdigest(),
        )

    def _write(self, rows: int) -> None:
        """Write the first of the pending rows in full row groups, so that a file does not depend on how rows arrived."""
        table = pa.Table.from_batches(self._pending, schema=self._schema)
        self._file.write_table(table.slice(0, rows), row_group_size=ROWS_PER_GROUP)
        self._pending = table.slice(rows).to_batches()
        self._pending_rows -= rows
