"""The effective configuration as a run directory holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tc.core import CoreConfiguration
from tc.errors import ArtifactError, DocumentError
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.store.files import read_file
from tc.store.layout import RunDirectory

MOST_LEVELS = 100
_HINT = "`tc runs verify` says what else is altered; restore the file from a copy."
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class StoredConfiguration:
    """A run's configuration: for the fold, as the document that was written, and the dataset it names, or empty strings."""

    core: CoreConfiguration
    document: Mapping[str, Any]
    dataset_id: str
    dataset: str


class _Dataset(msgspec.Struct, frozen=True):
    id: str
    fingerprint: str


class _NamesDataset(msgspec.Struct, frozen=True):
    dataset: _Dataset


class _Engine(msgspec.Struct, frozen=True):
    name: str
    version: str
    settings: dict[str, Any]


class _Strategy(msgspec.Struct, frozen=True):
    name: str
    version: str
    parameters: dict[str, Any]
    modules: dict[str, str]
    packages: dict[str, str]


class EffectiveConfiguration(msgspec.Struct, frozen=True):
    """Every part of the configuration that `tc run` writes, each of its type."""

    run_spec: RunSpec
    instrument: InstrumentSpec
    dataset: _Dataset
    engine: _Engine
    strategy: _Strategy


def read_effective_configuration(run: RunDirectory) -> tuple[StoredConfiguration, EffectiveConfiguration]:
    """Read a run's configuration, and every part of it that a report or another run needs.

    Raises
    ------
    ArtifactError
        As `read_configuration`; or a part is missing or of another shape.

    """
    stored = read_configuration(run)
    try:
        return stored, msgspec.convert(stored.document, EffectiveConfiguration)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ArtifactError(f"{run.configuration} is not what `tc run` writes: {error}", hint=_HINT) from None


def read_configuration(run: RunDirectory) -> StoredConfiguration:
    """Read a run's configuration; its fingerprint is recomputed from the document's values.

    Raises
    ------
    ArtifactError
        The file is missing, unreadable, incomplete, of another version, or not in the one canonical form.

    """
    data = read_file(run.configuration)
    try:
        document = msgspec.json.decode(data, type=dict[str, Any])
        core = CoreConfiguration.from_document(document) if _levels_within(document, MOST_LEVELS) else None
    except _MALFORMED as error:
        raise ArtifactError(f"{run.configuration} is no configuration: {error}", hint=_HINT) from None
    except DocumentError as error:
        raise ArtifactError(f"{run.configuration}: {error.message}", hint=error.hint) from None
    if core is None or core.document != data:
        raise ArtifactError(f"{run.configuration} is not in the canonical form in which tc writes it", hint=_HINT)
    named = _named_dataset(data)
    return StoredConfiguration(core, document, named.id, named.fingerprint)


def _named_dataset(data: bytes) -> _Dataset:
    try:
        return msgspec.json.decode(data, type=_NamesDataset).dataset
    except msgspec.ValidationError:
        return _Dataset("", "")


def _levels_within(document: object, levels: int) -> bool:
    children = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return levels > 0 and all(_levels_within(child, levels - 1) for child in children)
