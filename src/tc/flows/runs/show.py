"""`tc runs show`: everything that a run directory says about its run, as far as it can be read."""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from tc.errors import ArtifactError
from tc.flows.configuration import read_configuration
from tc.flows.runs.list_runs import UNREADABLE
from tc.flows.runs.sizes import file_sizes
from tc.store.files import read_file
from tc.store.journal import JournalScan, scan_journal
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.metadata import read_metadata
from tc.store.ops import scan_ops
from tc.store.seal import SealedJournal, read_seal
from tc.store.status import run_status


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """What the journal holds: as sealed, or of a run without a seal as found up to its first damage."""

    entries: int
    positions: int
    digest: str
    merkle_root: str
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run as its directory tells it; what cannot be read is None, and ``problems`` say why."""

    run_id: str
    directory: Path
    status: str
    is_active: bool
    metadata: Mapping[str, Any] | None
    configuration: Mapping[str, Any] | None
    journal: JournalSummary | None
    state_digest: str | None
    metrics: Mapping[str, Any] | None
    files: Mapping[str, int]
    ops: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "run_id": self.run_id,
            "directory": str(self.directory),
            "status": self.status,
            "active": self.is_active,
            "metadata": self.metadata,
            "configuration": self.configuration,
            "journal": None if self.journal is None else asdict(self.journal),
            "state_digest": self.state_digest,
            "metrics": self.metrics,
            "files": dict(self.files),
            "ops": list(self.ops),
            "problems": list(self.problems),
        }


def show_run(run: RunDirectory) -> ShownRun:
    """Read what there is. Nothing is judged (that is `verify`), and nothing that is broken keeps the rest from being shown."""
    reading = _Reading(is_sealed=os.path.lexists(run.seal))
    status = reading.attempt(lambda: run_status(run))
    seal = reading.attempt(lambda: read_seal(run)) if reading.is_sealed else None
    metadata = reading.attempt(lambda: read_metadata(run), run.metadata)
    configuration = reading.attempt(lambda: read_configuration(run), run.configuration)
    found = seal.journal if seal else reading.attempt(lambda: scan_journal(run.journal), run.journal)
    ops = reading.attempt(lambda: scan_ops(run))
    return ShownRun(
        run_id=run.run_id,
        directory=run.path,
        status=status or UNREADABLE,
        is_active=is_active(run),
        metadata=msgspec.to_builtins(metadata) if metadata else None,
        configuration=configuration.document if configuration else None,
        journal=_summary(found, is_sealed=seal is not None) if found else None,
        state_digest=seal.state_digest if seal else None,
        metrics=reading.attempt(lambda: _json_object(run.metrics), run.metrics),
        files=file_sizes(run.path),
        ops=tuple(msgspec.to_builtins(entry.fact) for entry in ops.entries) if ops else (),
        problems=tuple(reading.problems),
    )


class _Reading:
    """Collects what could not be read."""

    def __init__(self, *, is_sealed: bool) -> None:
        self.is_sealed = is_sealed
        self.problems: list[str] = []

    def attempt[T](self, read: Callable[[], T], path: Path | None = None) -> T | None:
        """Read, or say why not, once; that a file is not there is no problem of a run that has no seal yet."""
        if path and not self.is_sealed and not os.path.lexists(path):
            return None
        try:
            return read()
        except ArtifactError as error:
            if error.message not in self.problems:
                self.problems.append(error.message)
            return None


def _summary(found: SealedJournal | JournalScan, *, is_sealed: bool) -> JournalSummary:
    return JournalSummary(found.entries, found.positions, found.digest, found.merkle_root, is_sealed)


def _json_object(path: Path) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(read_file(path), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(f"{path} holds no JSON object: {error}", hint="`tc runs verify` says what else is altered.") from None
