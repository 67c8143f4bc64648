"""What `tc metrics` really gets: an index of the run directories, and the metrics of one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.reports.tally.journal import JournalTally
    from tc.store.layout import RunDirectory
    from tc.telemetry.exposition.lines import Format
    from tc.telemetry.index import Index


def index_here(artifacts_root: Path, *, runtime_root: Path, data_root: Path, max_runs: int | None = None) -> "Index":
    """Return an index of the runs under an artifacts root; nobody has looked yet."""
    from tc.telemetry.index import Index

    return Index(artifacts_root, runtime_root=runtime_root, data_root=data_root, tally_of=tally_of, max_runs=max_runs)


def tally_of(run: "RunDirectory") -> "JournalTally":
    """Return the empty tally that a run's journal is counted with; ArtifactError when its configuration cannot be read."""
    from tc.flows.configuration import read_configuration
    from tc.reports.tally.equity import traded_in
    from tc.reports.tally.journal import JournalTally

    stored = read_configuration(run)
    return JournalTally(stored.core, traded_in(stored.document), None, dataset=stored.dataset)


def export_metrics(run: str, *, artifacts_root: Path, written: "Format") -> bytes:
    """Return the metrics of the run that is meant by an id, the start of one, or ``latest``."""
    from tc.store.layout import existing_run
    from tc.telemetry.export import exported, facts_of

    now_ns = time.time_ns()
    return exported(facts_of(existing_run(artifacts_root, run), tally_of, now_ns=now_ns), now_ns=now_ns, written=written)
