"""Giving a staged dataset its manifest and its place; one that is there already is left as it is."""

from dataclasses import dataclass, replace
from pathlib import Path

from tc.data.catalog.staging import publish
from tc.data.target import ImportTarget
from tc.errors import RefusedError
from tc.store.dataset import (
    MANIFEST_NAME,
    MANIFEST_SCHEMA,
    Dataset,
    DatasetPart,
    DatasetSource,
    dataset_fingerprint,
    dataset_path,
    load_dataset,
    manifest_bytes,
)


@dataclass(frozen=True, slots=True)
class Published:
    """A dataset that is in its place, and whether this call put it there."""

    dataset: Dataset
    created: bool


def publish_dataset(
    folder: Path,
    *,
    data_root: Path,
    dataset_id: str,
    target: ImportTarget,
    parts: tuple[DatasetPart, ...],
    sources: tuple[DatasetSource, ...],
) -> Published:
    """Write the manifest of a staged dataset and rename its folder to its place, in one step.

    When a dataset of that id is there with the same fingerprint, nothing is done: the same rows are the same dataset, whatever
    files they came from.

    Raises
    ------
    RefusedError
        A dataset of that id is there with another fingerprint.
    ArtifactError
        Something is in its place that is no readable dataset.

    """
    dataset = Dataset(
        schema=MANIFEST_SCHEMA,
        id=dataset_id,
        instrument_id=target.instrument_id,
        price_precision=target.price_precision,
        size_precision=target.size_precision,
        parts=parts,
        fingerprint=dataset_fingerprint(parts),
        sources=sources,
        root=folder,
    )
    place = dataset_path(data_root, dataset_id)
    (folder / MANIFEST_NAME).write_bytes(manifest_bytes(dataset))
    if publish(folder, place):
        return Published(replace(dataset, root=place), created=True)
    there = load_dataset(data_root, dataset_id)
    if there.fingerprint == dataset.fingerprint:
        return Published(there, created=False)
    raise RefusedError(
        f"dataset {dataset_id!r} exists with fingerprint {there.fingerprint}; these rows have {dataset.fingerprint}",
        hint="A dataset is immutable. Give these rows another id with --dataset.",
    )
