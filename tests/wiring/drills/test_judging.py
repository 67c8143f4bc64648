"""What a drill is judged by is read from the run's own artifacts."""

from pathlib import Path

import msgspec

from status_samples import comparison
from tc.checks.finding import Finding
from tc.store.facts import RunReconciled
from tc.store.layout import RunDirectory, run_directory
from tc.store.ops import append_fact, write_ops_artifact
from tc.wiring.drills.judging import _missed


def reconciled(run: RunDirectory, number: int, *findings: Finding) -> None:
    """Let a comparison with the venue find something."""
    document = msgspec.structs.replace(comparison(), findings=findings)
    artifact = write_ops_artifact(run, f"reconciliation-{number:04}.json", msgspec.json.encode(document))
    count = len(findings)
    fact = RunReconciled(at_ns=number, tc="0", artifacts=(artifact,), position=1, source="venue", verdict="found", findings=count)
    append_fact(run, fact)


def test_the_trades_are_read_that_any_comparison_found_missing_from_the_journal(tmp_path: Path) -> None:
    run = run_directory(tmp_path, "drilled")
    run.path.mkdir(parents=True)
    assert _missed(run) == frozenset()
    reconciled(run, 1, Finding("fill_unexpected", "fill 7", "no such fill", "SELL 1"), Finding("fill_missing", "fill 8", "", ""))
    reconciled(run, 2, Finding("fill_unexpected", "fill 9", "no such fill", "SELL 1"))
    (run.ops_folder / "reconciliation-0002.json").write_bytes(b"{")
    assert _missed(run) == frozenset({"7"})
