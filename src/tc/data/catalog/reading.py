"""Reading a dataset's parts back: every row, proven to be the rows that its manifest names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet as pq

from tc.data.catalog import layout
from tc.data.catalog.fingerprint import ContentDigest
from tc.data.progress import Progress, silent
from tc.errors import ArtifactError
from tc.store.dataset import Dataset, DatasetPart

HINT = "A dataset is never edited. Remove its folder and import it again."


def verify_dataset(dataset: Dataset, progress: Progress = silent) -> None:
    """Read all rows of a dataset and compare them with its manifest; `progress` is told the rows.

    Raises
    ------
    ArtifactError
        A file is unreadable, or does not hold the rows that the manifest names; or the catalog holds a file more.

    """
    check_files(dataset)
    done = 0
    for part in dataset.parts:
        for batch in verified_batches(dataset, part):
            done += batch.num_rows
            progress(done, dataset.rows)


def verified_table(dataset: Dataset, part: DatasetPart) -> pa.Table:
    """Return all rows of a part; raises ArtifactError as `verify_dataset` does."""
    return pa.Table.from_batches(verified_batches(dataset, part), schema=_schema(dataset, part))


def verified_batches(dataset: Dataset, part: DatasetPart) -> Iterator[pa.RecordBatch]:
    """Give the rows of a part; the last step raises ArtifactError when they were not the rows that the manifest names."""
    path = dataset.part_path(part)
    schema = _schema(dataset, part)
    digest = ContentDigest(schema)
    with _open(path) as file:
        if not file.schema_arrow.equals(schema, check_metadata=True):
            raise _altered(path, "its columns or their metadata are not those of the manifest")
        for batch in _batches(path, file):
            digest.update(batch)
            yield batch
    if digest.rows != part.rows:
        raise _altered(path, f"it holds {digest.rows} rows, the manifest says {part.rows}")
    if digest.hexdigest() != part.fingerprint:
        raise _altered(path, f"its rows have the fingerprint {digest.hexdigest()}, the manifest says {part.fingerprint}")


def _schema(dataset: Dataset, part: DatasetPart) -> pa.Schema:
    return layout.catalog_schema(
        part.kind,
        identifier=part.identifier,
        instrument_id=dataset.instrument_id,
        precisions=(dataset.price_precision, dataset.size_precision),
    )


@contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None
    with file:
        yield file


def _batches(path: Path, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches()
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def check_files(dataset: Dataset) -> None:
    """Refuse a catalog with a file that the manifest does not list: Nautilus would read it with the others."""
    listed = {dataset.part_path(part) for part in dataset.parts}
    for path in sorted(dataset.catalog.rglob("*.parquet")):
        if path not in listed:
            raise _altered(path, "the manifest does not list it")


def _unreadable(path: Path, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} cannot be read as Parquet: {error}", hint=HINT)


def _altered(path: Path, problem: str) -> ArtifactError:
    return ArtifactError(f"{path} is altered: {problem}", hint=HINT)
