"""A dataset on disk: its manifest `dataset.json`, and how to find and read one.

A dataset is a folder `<data root>/<id>/` with the manifest and `catalog/`, a Nautilus `ParquetDataCatalog`. It is immutable: its
id is bound to a logical fingerprint over schema, row count and column content; the bytes of a Parquet file are no part of it.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from tc.errors import ArtifactError, DocumentError, TcError
from tc.spec.grammar import DATASET_ID_PATTERN

MANIFEST_NAME = "dataset.json"
MANIFEST_SCHEMA = 1
CATALOG_FOLDER = "catalog"

PartKind = Literal["bars", "trades", "quotes", "book"]
KIND_ORDER: tuple[PartKind, ...] = ("book", "quotes", "trades", "bars")
"""The order of a dataset's parts, which settles the order of rows with equal stamps."""

_HINT = "`tc data list` shows the datasets there are; `tc data import` and `tc data prepare` make one."


@dataclass(frozen=True, slots=True)
class DatasetPart:
    """One Parquet file: all rows of one kind for one identifier, sorted by `ts_init`.

    Parameters
    ----------
    kind
        What a row is.
    identifier
        The bar type for bars, else the instrument's id.
    path
        The file, relative to the dataset's folder, with forward slashes.
    rows
        How many rows it holds; at least one.
    first_ns, last_ns
        The `ts_init` of its first and last row, in nanoseconds since 1970 UTC.
    fingerprint
        SHA-256, in hex, over schema, row count and column buffers.

    """

    kind: PartKind
    identifier: str
    path: str
    rows: int
    first_ns: int
    last_ns: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """Where rows came from: a file that was imported (base name and SHA-256 of its bytes), or the packaged generator."""

    name: str
    sha256: str
    rows: int
    format: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as its manifest states it; `root` is its folder and no part of the manifest."""

    schema: int
    id: str
    instrument_id: str
    price_precision: int
    size_precision: int
    parts: tuple[DatasetPart, ...]
    fingerprint: str
    sources: tuple[DatasetSource, ...]
    root: Path

    @property
    def rows(self) -> int:
        """The rows of all parts together."""
        return sum(part.rows for part in self.parts)

    @property
    def first_ns(self) -> int:
        """The earliest `ts_init`, in nanoseconds since 1970 UTC."""
        return min(part.first_ns for part in self.parts)

    @property
    def last_ns(self) -> int:
        """The latest `ts_init`, in nanoseconds since 1970 UTC."""
        return max(part.last_ns for part in self.parts)

    @property
    def catalog(self) -> Path:
        """The folder that `ParquetDataCatalog` opens."""
        return self.root / CATALOG_FOLDER

    def part_path(self, part: DatasetPart) -> Path:
        """Return the Parquet file of a part."""
        return self.root / part.path


@dataclass(frozen=True, slots=True)
class BrokenDataset:
    """A folder under the data root whose manifest cannot be used, and why."""

    id: str
    problem: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    id: str
    instrument_id: str
    price_precision: int
    size_precision: int
    parts: tuple[DatasetPart, ...]
    fingerprint: str
    sources: tuple[DatasetSource, ...]


class _Versioned(msgspec.Struct):
    schema: int


def dataset_fingerprint(parts: tuple[DatasetPart, ...]) -> str:
    """Return the fingerprint of a dataset: SHA-256 over kind, identifier and fingerprint of its parts, in their order."""
    listed = [[part.kind, part.identifier, part.fingerprint] for part in parts]
    return hashlib.sha256(msgspec.json.encode(listed)).hexdigest()


def manifest_bytes(dataset: Dataset) -> bytes:
    """Return the manifest as canonical JSON: sorted keys, compact, a newline at the end."""
    names = _Manifest.__struct_fields__
    return msgspec.json.encode({name: getattr(dataset, name) for name in names}, order="sorted") + b"\n"


def dataset_path(data_root: Path, dataset_id: str) -> Path:
    """Return the folder of a dataset, whether it exists or not.

    Raises
    ------
    DocumentError
        The id could name something outside the data root, or is not written as ids are.

    """
    if re.fullmatch(DATASET_ID_PATTERN, dataset_id) is None:
        raise DocumentError(
            f"{dataset_id!r} is not a dataset id",
            hint="An id has 1 to 100 of a-z 0-9 . _ - and starts with a letter or a digit, e.g. btcusdt-1m-2024-08.",
        )
    return data_root / dataset_id


def load_dataset(data_root: Path, dataset_id: str) -> Dataset:
    """Read a dataset's manifest; the Parquet files are not opened, only looked for.

    Raises
    ------
    DocumentError
        The id is not written as ids are.
    ArtifactError
        The dataset is missing, its manifest is unreadable or contradicts itself, or one of its files is missing.

    """
    root = dataset_path(data_root, dataset_id)
    dataset = _with_root(_read_manifest(root / MANIFEST_NAME, dataset_id), root)
    problem = _contradiction(dataset, dataset_id)
    if problem:
        raise ArtifactError(
            f"dataset {dataset_id!r}: {problem} ({root / MANIFEST_NAME})",
            hint="A dataset is never edited. Remove its folder and import it again.",
        )
    return dataset


def list_datasets(data_root: Path) -> tuple[Dataset, ...]:
    """Return the datasets under a data root that can be used, by id."""
    return survey_datasets(data_root)[0]


def survey_datasets(data_root: Path) -> tuple[tuple[Dataset, ...], tuple[BrokenDataset, ...]]:
    """Return the datasets under a data root and the folders that should be one but cannot be used, each by id.

    Files, and folders whose name begins with a dot (an import under way, or a killed one), are no datasets and left out.
    """
    good: list[Dataset] = []
    broken: list[BrokenDataset] = []
    folders = [path for path in data_root.iterdir() if path.is_dir()] if data_root.is_dir() else []
    for folder in sorted(folders, key=lambda path: path.name):
        if folder.name.startswith("."):
            continue
        try:
            good.append(load_dataset(data_root, folder.name))
        except TcError as error:
            broken.append(BrokenDataset(folder.name, error.message))
    return tuple(good), tuple(broken)


def _read_manifest(path: Path, dataset_id: str) -> _Manifest:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if path.parent.exists():
            raise ArtifactError(f"{path.parent} is no dataset: it has no {MANIFEST_NAME}", hint=_HINT) from None
        raise ArtifactError(f"there is no dataset {dataset_id!r} under {path.parent.parent}", hint=_HINT) from None
    except OSError as error:
        raise ArtifactError(f"dataset {dataset_id!r}: {path} cannot be read: {error.strerror}", hint=_HINT) from None
    try:
        schema = msgspec.json.decode(text, type=_Versioned).schema
        if schema != MANIFEST_SCHEMA:
            raise ArtifactError(
                f"dataset {dataset_id!r}: {path} has schema {schema}, this version of tc reads schema {MANIFEST_SCHEMA}",
                hint="Use the version of tc that wrote it, or import the data again.",
            )
        return msgspec.json.decode(text, type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"dataset {dataset_id!r}: {path} is not a manifest: {error}", hint=_HINT) from None


def _with_root(manifest: _Manifest, root: Path) -> Dataset:
    fields = {name: getattr(manifest, name) for name in _Manifest.__struct_fields__}
    return Dataset(**fields, root=root)


def _contradiction(dataset: Dataset, dataset_id: str) -> str:
    if dataset.id != dataset_id:
        return f"its manifest names {dataset.id!r}"
    if not dataset.parts:
        return "its manifest lists no parts"
    if dataset.fingerprint != dataset_fingerprint(dataset.parts):
        return "its fingerprint is not that of its parts"
    for part in dataset.parts:
        path = PurePosixPath(part.path)
        if path.is_absolute() or ".." in path.parts:
            return f"part {part.path!r} lies outside its folder"
        if not dataset.part_path(part).is_file():
            return f"part {part.path!r} is missing"
    return ""
