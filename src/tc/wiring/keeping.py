"""What the commands that stop, recover, export and prune runs really get, or keep something beside them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from tc.checks.retention import RetentionPolicy
    from tc.flows.runs.export import ExportedRun
    from tc.flows.runs.prune import PruningPlan
    from tc.flows.runs.recover import RecoveredRun
    from tc.store.layout import RunDirectory


def stop_run(run: "RunDirectory", *, reason: str) -> int | None:
    """Ask a run that is being written to end gracefully; return its process id."""
    from tc.flows.runs.stop import request_stop

    return request_stop(run, reason=reason, by=witness_here())


def recover_run(run: "RunDirectory") -> "RecoveredRun":
    """Make a crashed run whole up to its last acknowledged entry, and seal it."""
    from tc.flows.runs.recover import recover_run

    return recover_run(run, by=witness_here())


def export_run(run: "RunDirectory", *, archive: Path, is_recorded: bool) -> "ExportedRun":
    """Pack a sealed run into an archive that verifies elsewhere."""
    from tc.flows.runs.export import export_run, record_export

    exported = export_run(run, archive)
    if is_recorded:
        record_export(run, exported, by=witness_here())
    return exported


def retention_policy(*, keep: int | None, older_than_ns: int | None, max_bytes: int | None) -> "RetentionPolicy":
    """Return the policy that a pruning applies."""
    from tc.checks.retention import RetentionPolicy

    return RetentionPolicy(keep, older_than_ns, max_bytes)


def plan_pruning(policy: "RetentionPolicy", *, artifacts_root: Path) -> "PruningPlan":
    """Say which runs a policy lets go now."""
    from tc.flows.runs.prune import plan_pruning

    return plan_pruning(artifacts_root, policy, now_ns=time.time_ns())


def prune_runs(plan: "PruningPlan", *, artifacts_root: Path) -> None:
    """Remove the runs that a plan names."""
    from tc.flows.runs.prune import prune_runs

    prune_runs(artifacts_root, plan)


def record_report(run: "RunDirectory", text: str, *, as_html: bool) -> Path:
    """Keep a report made later beside the sealed run."""
    from tc.flows.runs.report import record_report

    return record_report(run, text, suffix=".html" if as_html else ".md", by=witness_here())


def write_file(path: Path, data: bytes) -> None:
    """Write a file that a person asked for, whole or not at all."""
    from tc.store.files import write_atomic

    write_atomic(path, data)
