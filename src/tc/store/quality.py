"""What judging a dataset came to the last time, beside the datasets: `.quality/<id>.json` under the data root."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tc.errors import ArtifactError
from tc.store.dataset import Dataset, dataset_path
from tc.store.files import read_file, write_atomic

type Code = Annotated[str, Meta(max_length=64)]
type Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]

MOST_CODES = 100
QUALITY_SCHEMA = 1
QUALITY_FOLDER = ".quality"


class QualityRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `tc data check` found.

    Parameters
    ----------
    dataset, fingerprint
        What was judged.
    at_ns, tc
        When, in nanoseconds since 1970 UTC, and by which version of tc.
    findings
        How many findings there were of each code that there is; 0 of those that were not found.

    """

    schema: int = QUALITY_SCHEMA
    dataset: str
    fingerprint: str
    at_ns: int
    tc: str
    findings: Annotated[dict[Code, Count], Meta(max_length=MOST_CODES)]


def quality_path(data_root: Path, dataset_id: str) -> Path:
    """Return where a dataset's record lies; DocumentError when no dataset's id is written so."""
    return data_root / QUALITY_FOLDER / f"{dataset_path(data_root, dataset_id).name}.json"


def write_quality(data_root: Path, dataset: Dataset, findings: Mapping[str, int], *, at_ns: int, tc: str) -> None:
    """Keep what judging a dataset came to, in the place of what it came to before; ArtifactError when it cannot be written."""
    path = quality_path(data_root, dataset.id)
    record = QualityRecord(dataset=dataset.id, fingerprint=dataset.fingerprint, at_ns=at_ns, tc=tc, findings=dict(findings))
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise ArtifactError(
            f"{path.parent} cannot be made: {error.strerror}", hint="Check the permissions of the data root."
        ) from None
    write_atomic(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_quality(data_root: Path, dataset: Dataset) -> QualityRecord | None:
    """Return what judging this very dataset came to last, or None when nobody did; ArtifactError when that is unreadable."""
    path = quality_path(data_root, dataset.id)
    if not os.path.lexists(path):
        return None
    try:
        record = msgspec.json.decode(read_file(path), type=QualityRecord)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(
            f"{path} is no record of a dataset's quality: {error}", hint="`tc data check` writes it anew."
        ) from None
    is_its = record.schema == QUALITY_SCHEMA and (record.dataset, record.fingerprint) == (dataset.id, dataset.fingerprint)
    return record if is_its else None
