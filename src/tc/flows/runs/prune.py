"""`tc runs prune`: remove old runs, but never one that is being written or has no seal."""

import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from tc.checks.retention import Candidate, Pruning, RetentionPolicy, runs_to_prune
from tc.errors import ArtifactError, DocumentError, TcError
from tc.flows.runs.sizes import file_sizes
from tc.store.layout import RunDirectory, list_runs, run_directory, runs_root
from tc.store.lock import RunLock, is_active
from tc.store.metadata import read_metadata
from tc.store.seal import read_seal

REMOVED_PREFIX = ".pruned-"
"""How the name of a directory begins that is being removed: no run has such a name, and the next pruning ends the work."""


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """Which runs would go and which stay, newest first; ``protected`` ones may never go."""

    prunings: tuple[Pruning, ...]
    kept: tuple[Candidate, ...]

    @property
    def freed_bytes(self) -> int:
        """How much room the runs that go take."""
        return sum(each.candidate.size_bytes for each in self.prunings)

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "prune": [{**asdict(each.candidate), "because": each.because} for each in self.prunings],
            "keep": [asdict(each) for each in self.kept],
            "freed_bytes": self.freed_bytes,
        }


def plan_pruning(artifacts_root: Path, policy: RetentionPolicy, *, now_ns: int) -> PruningPlan:
    """Say which runs a policy lets go; nothing is removed.

    Raises
    ------
    DocumentError
        The policy has no limit, or a limit below zero.
    ArtifactError
        The folder of runs cannot be read.

    """
    limits = [limit for limit in (policy.keep, policy.older_than_ns, policy.max_bytes) if limit is not None]
    if not limits or min(limits) < 0:
        raise DocumentError("pruning needs a limit", hint="Give --keep N, --older-than 30d or --max-size 10G, or several.")
    candidates = tuple(_candidate(run) for run in list_runs(artifacts_root))
    prunings = runs_to_prune(candidates, policy, now_ns=now_ns)
    gone = {each.candidate.run_id for each in prunings}
    return PruningPlan(prunings, tuple(each for each in candidates if each.run_id not in gone))


def prune_runs(artifacts_root: Path, plan: PruningPlan) -> None:
    """Remove the runs that a plan names, and what a killed pruning left.

    A run is first renamed, so that a crash leaves no run that is half there.

    Raises
    ------
    RefusedError
        A run is being written now; those before it are gone, it and those after it stand.
    ArtifactError
        A run has lost its seal since the plan was made, or a directory cannot be removed.

    """
    try:
        for each in plan.prunings:
            run = run_directory(artifacts_root, each.candidate.run_id)
            with RunLock(run):
                read_seal(run)
                away = run.path.with_name(f"{REMOVED_PREFIX}{run.run_id}-{secrets.token_hex(4)}")
                run.path.rename(away)
            shutil.rmtree(away)
        for left in runs_root(artifacts_root).glob(f"{REMOVED_PREFIX}*"):
            shutil.rmtree(left)
    except OSError as error:
        raise ArtifactError(
            f"{error.filename} cannot be removed: {error.strerror}", hint="Check its permissions and prune again."
        ) from None


def _candidate(run: RunDirectory) -> Candidate:
    created_ns, keep_because = 0, ""
    if is_active(run):
        keep_because = "it is being written"
    elif not os.path.lexists(run.seal):
        keep_because = "it has no seal"
    else:
        try:
            read_seal(run)
        except TcError as error:
            keep_because = f"it is evidence: {error.message}"
    try:
        created_ns = read_metadata(run).created.ns
    except TcError as error:
        keep_because = keep_because or f"it is evidence: {error.message}"
    return Candidate(run.run_id, created_ns, sum(file_sizes(run.path).values()), keep_because)
