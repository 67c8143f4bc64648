"""`tc runs list`: every run directory, whatever state it is in."""

import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from tc.errors import ArtifactError, DocumentError
from tc.store.layout import RunDirectory, list_runs
from tc.store.metadata import Metadata, RunStatus, read_metadata
from tc.store.seal import Seal, read_seal
from tc.store.status import run_status

UNREADABLE = "unreadable"
"""What stands for the status of a run whose seal cannot be read."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in a list; what cannot be read is None, and ``problem`` says why."""

    run_id: str
    status: str
    sealed: bool
    name: str | None
    created_ns: int | None
    ended_ns: int | None
    entries: int | None
    dataset: str | None
    journal_digest: str | None
    problem: str

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return asdict(self)


def list_run_directories(artifacts_root: Path, *, statuses: Collection[str], limit: int | None) -> tuple[ListedRun, ...]:
    """Return the runs, newest first: those of the statuses asked for (all when none is), no more than the limit.

    Raises
    ------
    DocumentError
        A status is none, or the limit is below zero.
    ArtifactError
        The folder of runs cannot be read.

    """
    known = {*get_args(RunStatus), UNREADABLE}
    if unknown := sorted(set(statuses) - known):
        raise DocumentError(f"{unknown[0]!r} is no status of a run", hint=f"One of {', '.join(sorted(known))}.")
    if limit is not None and limit < 0:
        raise DocumentError(f"a limit of {limit} runs", hint="Give a number from 0 on.")
    listed: list[ListedRun] = []
    for run in list_runs(artifacts_root):
        if limit is not None and len(listed) >= limit:
            break
        each = _listed(run)
        if not statuses or each.status in statuses:
            listed.append(each)
    return tuple(listed)


def _listed(run: RunDirectory) -> ListedRun:
    problems: list[str] = []
    metadata: Metadata | None = None
    seal: Seal | None = None
    status: str = UNREADABLE
    try:
        status = run_status(run)
        seal = read_seal(run) if os.path.lexists(run.seal) else None
    except ArtifactError as error:
        problems.append(error.message)
    try:
        metadata = read_metadata(run)
    except ArtifactError as error:
        problems.append(error.message)
    return ListedRun(
        run_id=run.run_id,
        status=status,
        sealed=os.path.lexists(run.seal),
        name=metadata.name if metadata else None,
        created_ns=metadata.created.ns if metadata else None,
        ended_ns=metadata.ended.ns if metadata and metadata.ended else None,
        entries=seal.journal.entries if seal else None,
        dataset=metadata.dataset_id if metadata else None,
        journal_digest=seal.journal.digest if seal else None,
        problem="; ".join(problems),
    )
