"""What the commands that look at a run really get: to list, show, judge, replay, explain, compare and report it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.data import candles_of, candles_of_tape
from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from tc.flows.runs.diff import Comparison
    from tc.flows.runs.explain import Explanation
    from tc.flows.runs.follow import Followed
    from tc.flows.runs.list_runs import ListedRun
    from tc.flows.runs.replay import Replay
    from tc.flows.runs.show import ShownRun
    from tc.flows.runs.verify import Verification
    from tc.store.layout import RunDirectory


def find_run(run: str, *, artifacts_root: Path) -> "RunDirectory":
    """Return the run that is meant by an id, the start of one, or ``latest``."""
    from tc.store.layout import existing_run

    return existing_run(artifacts_root, run)


def list_runs(artifacts_root: Path, *, statuses: "Sequence[str]", limit: int | None) -> "tuple[ListedRun, ...]":
    """Return the runs under an artifacts root, newest first."""
    from tc.flows.runs.list_runs import list_run_directories

    return list_run_directories(artifacts_root, statuses=statuses, limit=limit)


def show_run(run: "RunDirectory") -> "ShownRun":
    """Read everything that a run directory says about its run."""
    from tc.flows.runs.show import show_run

    return show_run(run)


def follow_run(run: "RunDirectory", *, runtime_root: Path) -> "Iterator[Followed]":
    """Look at a running paper run again and again."""
    from tc.flows.runs.follow import follow

    return follow(run, runtime_root)


def verify_run(
    run: str, *, artifacts_root: Path, data_root: Path, expected_root: str | None, is_recorded: bool
) -> "Verification":
    """Judge a run directory, or an exported archive when ``run`` is the path of a file."""
    from tc.data.catalog.reading import verify_dataset
    from tc.flows.runs.verify import record_verification, verify_archive, verify_run

    if os.path.isfile(run):  # noqa: PTH113 - a word that cannot be a path is no file; before Python 3.13 Path.is_file raises
        return verify_archive(
            Path(run), data_root=data_root, expected_root=expected_root, is_recorded=is_recorded, prove=verify_dataset
        )
    directory = find_run(run, artifacts_root=artifacts_root)
    verification = verify_run(directory, data_root=data_root, expected_root=expected_root, prove=verify_dataset)
    if is_recorded:
        record_verification(directory, verification, expected_root=expected_root, by=witness_here())
    return verification


def replay_run(run: "RunDirectory", *, at: int | None, progress: "Callable[[int, int], None]") -> "Replay":
    """Fold a run's journal without the engine, and compare State with what was recorded."""
    from tc.flows.runs.replay import replay_run

    return replay_run(run, at=at, progress=progress)


def require_intact(run: "RunDirectory", *, data_root: Path) -> None:
    """Verify and replay a run; an error says the first thing that is not as it was recorded."""
    from tc.data.catalog.reading import verify_dataset
    from tc.errors import ArtifactError
    from tc.flows.runs.replay import replay_run
    from tc.flows.runs.verify import verify_run

    for finding in (*verify_run(run, data_root=data_root, prove=verify_dataset).findings, *replay_run(run).findings):
        raise ArtifactError(
            f"run {run.run_id!r}: {finding.subject}: expected {finding.expected}, found {finding.actual}",
            hint="`tc runs verify` and `tc runs replay` show every finding.",
        )


def diff_runs(left: "RunDirectory", right: "RunDirectory", *, progress: "Callable[[int, int], None]") -> "Comparison":
    """Say where the journals of two runs part, and in what their configurations differ."""
    from tc.flows.runs.diff import diff_runs

    return diff_runs(left, right, progress=progress)


def explain_run(run: "RunDirectory", *, order: str | None, position: int | None) -> "Explanation":
    """Tell why an order was allowed, held, sent or never sent, what happened at a position, or how all commands came out."""
    from tc.flows.runs.explain import explain_run

    return explain_run(run, order=order, position=position)


def compare_evidence(
    left: "RunDirectory", right: "RunDirectory", *, out: Path | None
) -> "tuple[dict[str, Any], tuple[Path, ...]]":
    """Compare two runs position by position, write what was found, and return it with the files."""
    from tc.flows.runs.compare_evidence import compare_evidence, evidence_folder, write_evidence
    from tc.reports.evidence import evidence_document

    evidence = compare_evidence(left, right)
    return evidence_document(evidence), write_evidence(evidence, out or evidence_folder(left, right))


def render_report(run: "RunDirectory", *, data_root: Path, as_html: bool) -> str:
    """Make a run's report again from its directory as it stands."""
    from tc.flows.runs.report import report_again
    from tc.reports.html import render_html
    from tc.reports.markdown import render_markdown

    report = report_again(run, data_root=data_root, read_candles=candles_of, draw_tape=candles_of_tape)
    return render_html(report) if as_html else render_markdown(report)


def metrics_of(run: "RunDirectory", *, data_root: Path) -> "Mapping[str, object]":
    """Make a run's metrics again from its directory as it stands."""
    from tc.flows.runs.report import compared, report_again
    from tc.reports.metrics import run_metrics

    report = report_again(run, data_root=data_root, read_candles=candles_of, draw_tape=candles_of_tape)
    return run_metrics(report.summary, report.process, compared=compared(report))
