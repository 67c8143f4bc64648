"""What each command really gets; the only file that imports inside functions, so that a command loads only what it uses."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from tc.checks.finding import Finding
    from tc.checks.readiness import Condition
    from tc.checks.retention import RetentionPolicy
    from tc.data.catalog.publishing import Published
    from tc.flows.backtest import FinishedRun
    from tc.flows.diff import Comparison
    from tc.flows.explain import Explanation
    from tc.flows.export import ExportedRun
    from tc.flows.list_runs import ListedRun
    from tc.flows.prune import PruningPlan
    from tc.flows.recover import RecoveredRun
    from tc.flows.replay import Replay
    from tc.flows.reproduce import Reproduction
    from tc.flows.show import ShownRun
    from tc.flows.verify import Verification
    from tc.flows.witness import Witness
    from tc.ports import Engine, Progress
    from tc.reports.candles import Candles
    from tc.spec.check import Checked
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.run_spec import RunSpec
    from tc.store.dataset import BrokenDataset, Dataset
    from tc.store.layout import RunDirectory


def examine_machine(*, artifacts_root: Path, data_root: Path) -> "tuple[Condition, ...]":
    """Look at this machine: everything tc needs or can use."""
    from tc.flows.doctor import examine

    return examine(artifacts_root=artifacts_root, data_root=data_root)


def find_run(run: str, *, artifacts_root: Path) -> "RunDirectory":
    """Return the run that is meant by an id, the start of one, or ``latest``."""
    from tc.store.layout import existing_run

    return existing_run(artifacts_root, run)


def list_runs(artifacts_root: Path, *, statuses: "Sequence[str]", limit: int | None) -> "tuple[ListedRun, ...]":
    """Return the runs under an artifacts root, newest first."""
    from tc.flows.list_runs import list_run_directories

    return list_run_directories(artifacts_root, statuses=statuses, limit=limit)


def show_run(run: "RunDirectory") -> "ShownRun":
    """Read everything that a run directory says about its run."""
    from tc.flows.show import show_run

    return show_run(run)


def verify_run(
    run: str, *, artifacts_root: Path, data_root: Path, expected_root: str | None, is_recorded: bool
) -> "Verification":
    """Judge a run directory, or an exported archive when ``run`` is the path of a file."""
    from tc.data.catalog.reading import verify_dataset
    from tc.flows.verify import record_verification, verify_archive, verify_run

    if os.path.isfile(run):  # noqa: PTH113 - a word that cannot be a path is no file; before Python 3.13 Path.is_file raises
        return verify_archive(
            Path(run), data_root=data_root, expected_root=expected_root, is_recorded=is_recorded, prove=verify_dataset
        )
    directory = find_run(run, artifacts_root=artifacts_root)
    verification = verify_run(directory, data_root=data_root, expected_root=expected_root, prove=verify_dataset)
    if is_recorded:
        record_verification(directory, verification, expected_root=expected_root, by=_witness())
    return verification


def replay_run(run: "RunDirectory", *, at: int | None, progress: "Callable[[int, int], None]") -> "Replay":
    """Fold a run's journal without the engine, and compare State with what was recorded."""
    from tc.flows.replay import replay_run

    return replay_run(run, at=at, progress=progress)


def require_intact(run: "RunDirectory", *, data_root: Path) -> None:
    """Verify and replay a run; an error says the first thing that is not as it was recorded."""
    from tc.data.catalog.reading import verify_dataset
    from tc.errors import ArtifactError
    from tc.flows.replay import replay_run
    from tc.flows.verify import verify_run

    for finding in (*verify_run(run, data_root=data_root, prove=verify_dataset).findings, *replay_run(run).findings):
        raise ArtifactError(
            f"run {run.run_id!r}: {finding.subject}: expected {finding.expected}, found {finding.actual}",
            hint="`tc runs verify` and `tc runs replay` show every finding.",
        )


def diff_runs(left: "RunDirectory", right: "RunDirectory", *, progress: "Callable[[int, int], None]") -> "Comparison":
    """Say where the journals of two runs part, and in what their configurations differ."""
    from tc.flows.diff import diff_runs

    return diff_runs(left, right, progress=progress)


def explain_run(run: "RunDirectory", *, order: str | None, position: int | None) -> "Explanation":
    """Tell why an order was allowed, held, sent or never sent, what happened at a position, or how all commands came out."""
    from tc.flows.explain import explain_run

    return explain_run(run, order=order, position=position)


def compare_evidence(
    left: "RunDirectory", right: "RunDirectory", *, out: Path | None
) -> "tuple[dict[str, Any], tuple[Path, ...]]":
    """Compare two runs position by position, write what was found, and return it with the files."""
    from tc.flows.compare_evidence import compare_evidence, evidence_folder, write_evidence
    from tc.reports.evidence import evidence_document

    evidence = compare_evidence(left, right)
    return evidence_document(evidence), write_evidence(evidence, out or evidence_folder(left, right))


def stop_run(run: "RunDirectory", *, reason: str) -> int | None:
    """Ask a run that is being written to end gracefully; return its process id."""
    from tc.flows.stop import request_stop

    return request_stop(run, reason=reason, by=_witness())


def recover_run(run: "RunDirectory") -> "RecoveredRun":
    """Make a crashed run whole up to its last acknowledged entry, and seal it."""
    from tc.flows.recover import recover_run

    return recover_run(run, by=_witness())


def export_run(run: "RunDirectory", *, archive: Path, is_recorded: bool) -> "ExportedRun":
    """Pack a sealed run into an archive that verifies elsewhere."""
    from tc.flows.export import export_run, record_export

    exported = export_run(run, archive)
    if is_recorded:
        record_export(run, exported, by=_witness())
    return exported


def retention_policy(*, keep: int | None, older_than_ns: int | None, max_bytes: int | None) -> "RetentionPolicy":
    """Return the policy that a pruning applies."""
    from tc.checks.retention import RetentionPolicy

    return RetentionPolicy(keep, older_than_ns, max_bytes)


def plan_pruning(policy: "RetentionPolicy", *, artifacts_root: Path) -> "PruningPlan":
    """Say which runs a policy lets go now."""
    from tc.flows.prune import plan_pruning

    return plan_pruning(artifacts_root, policy, now_ns=time.time_ns())


def prune_runs(plan: "PruningPlan", *, artifacts_root: Path) -> None:
    """Remove the runs that a plan names."""
    from tc.flows.prune import prune_runs

    prune_runs(artifacts_root, plan)


def _witness() -> "Witness":
    from tc.flows.witness import witness_now

    return witness_now()


def check_documents(files: "Sequence[Path]") -> "tuple[Checked, ...]":
    """Read documents that people wrote, and say what is wrong with each."""
    from tc.spec.check import check_document

    return tuple(check_document(file) for file in files)


def require_valid(checked: "Sequence[Checked]") -> None:
    """Refuse documents that have problems, with all of them."""
    from tc.spec.check import require_valid

    require_valid(checked)


def document_schema(*, of_instrument: bool) -> "dict[str, object]":
    """Return the JSON Schema of a RunSpec, or of an instrument."""
    from tc.spec.schema import instrument_schema, run_spec_schema

    return instrument_schema() if of_instrument else run_spec_schema()


def write_example_run_spec(path: Path) -> None:
    """Write the commented example of a RunSpec to a new file."""
    from tc.spec.example import write_example

    write_example(path)


def import_data(
    files: "Sequence[Path]",
    *,
    instrument_id: str,
    data_root: Path,
    dataset_id: str | None,
    format_name: str | None,
    progress: "Callable[[int, int], None]",
) -> "Published":
    """Import CSV files of an instrument as a dataset."""
    from tc.data.importing import import_files
    from tc.data.target import ImportTarget
    from tc.spec.library import load_instrument

    instrument = load_instrument(instrument_id, search=(Path("specs") / "instruments",))
    target = ImportTarget(
        instrument_id=instrument.id,
        raw_symbol=instrument.raw_symbol,
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
    )
    return import_files(files, target, data_root=data_root, dataset_id=dataset_id, format_name=format_name, progress=progress)


def prepare_data(name: str, *, data_root: Path) -> "tuple[Published, ...]":
    """Make the datasets of a packaged sample, or find them in place."""
    from tc.data.sample import prepare_sample

    return prepare_sample(name, data_root)


def check_data(
    dataset_id: str, *, data_root: Path, max_gap_ns: int, progress: "Callable[[int, int], None]"
) -> "tuple[Dataset, tuple[Finding, ...]]":
    """Prove that a dataset is unaltered, and judge its rows."""
    from tc.data.inspecting import check_dataset
    from tc.store.dataset import load_dataset

    dataset = load_dataset(data_root, dataset_id)
    return dataset, check_dataset(dataset, max_tick_gap_ns=max_gap_ns, progress=progress)


def verified_data(dataset_id: str, *, data_root: Path, progress: "Callable[[int, int], None]") -> "Dataset":
    """Return a dataset whose rows were found to be those that its manifest names."""
    from tc.data.catalog.reading import verify_dataset
    from tc.store.dataset import load_dataset

    dataset = load_dataset(data_root, dataset_id)
    verify_dataset(dataset, progress)
    return dataset


def survey_data(data_root: Path) -> "tuple[tuple[Dataset, ...], tuple[BrokenDataset, ...]]":
    """Return the datasets under a data root, and what should be one but cannot be used."""
    from tc.store.dataset import survey_datasets

    return survey_datasets(data_root)


def run_spec(
    spec: Path,
    *,
    overrides: "Sequence[str]",
    artifacts_root: Path,
    data_root: Path,
    run_id: str | None,
    is_durable: bool,
    on_progress: "Callable[[Progress], None]",
    should_stop: "Callable[[], bool]",
) -> "FinishedRun":
    """Run the spec in a file into a run directory."""
    from tc.spec.check import load_documents

    return _run(
        *load_documents(spec, overrides=overrides),
        spec_folder=spec.resolve().parent,
        artifacts_root=artifacts_root,
        data_root=data_root,
        run_id=run_id,
        is_durable=is_durable,
        on_progress=on_progress,
        should_stop=should_stop,
    )


def run_demo(
    *, artifacts_root: Path, data_root: Path, on_progress: "Callable[[Progress], None]", should_stop: "Callable[[], bool]"
) -> "FinishedRun":
    """Make the packaged sample, and run the packaged example on it."""
    from tc.data.sample import prepare_sample
    from tc.spec.example import example_run_spec
    from tc.spec.library import load_instrument
    from tc.spec.parse import parse_run_spec

    prepare_sample("btcusdt-sample", data_root)
    spec = parse_run_spec(example_run_spec(), source="the packaged example", overrides=("name=demo",))
    return _run(
        spec,
        load_instrument(spec.instrument, search=()),
        spec_folder=Path.cwd(),
        artifacts_root=artifacts_root,
        data_root=data_root,
        run_id=None,
        is_durable=False,
        on_progress=on_progress,
        should_stop=should_stop,
    )


def check_run(spec: Path, *, overrides: "Sequence[str]", data_root: Path) -> "dict[str, object]":
    """Check everything that `run_spec` would, and run nothing."""
    from contextlib import closing

    from tc.flows.backtest import prepare_run
    from tc.ports import BacktestRequest
    from tc.spec.check import load_documents

    document, instrument = load_documents(spec, overrides=overrides)
    dataset = _proven_dataset(document.data.dataset, data_root)
    prepared = prepare_run(BacktestRequest(document, instrument, dataset, spec.resolve().parent), engine=_engine(document.engine))
    with closing(prepared.backtest):
        return prepared.to_dict()


def reproduce_run(run: "RunDirectory", *, artifacts_root: Path, data_root: Path, is_recorded: bool) -> "Reproduction":
    """Run a run's stored spec again in a fresh process, and compare."""
    from tc.flows.diff import diff_runs
    from tc.flows.reproduce import record_reproduction, reproduce

    reproduction = reproduce(
        run,
        data_root=data_root,
        artifacts_root=artifacts_root,
        rerun=rerun,
        differ=lambda recorded, again: diff_runs(recorded, again).to_dict(),
    )
    if is_recorded:
        record_reproduction(run, reproduction, by=_witness())
    return reproduction


def rerun(run: Path, data_root: Path, artifacts_root: Path) -> None:
    """Run a run's stored spec again, into another artifacts root; what the fresh process of `reproduce_run` does."""
    from tc.flows.circumstances import circumstances_here
    from tc.flows.configuration import read_effective_configuration
    from tc.flows.reproduce import RUN_ID
    from tc.flows.reproduce import rerun as rerun_stored
    from tc.store.layout import RunDirectory

    circumstances = circumstances_here(artifacts_root=artifacts_root, run_id=RUN_ID, is_durable=False)
    directory = RunDirectory(run)
    _, effective = read_effective_configuration(directory)
    rerun_stored(
        directory,
        read_dataset=lambda dataset_id: _proven_dataset(dataset_id, data_root),
        engine=_engine(effective.run_spec.engine),
        circumstances=circumstances,
    )


def render_report(run: "RunDirectory", *, data_root: Path, as_html: bool) -> str:
    """Make a run's report again from its directory as it stands."""
    from tc.flows.report import report_again
    from tc.reports.html import render_html
    from tc.reports.markdown import render_markdown

    report = report_again(run, data_root=data_root, read_candles=_read_candles)
    return render_html(report) if as_html else render_markdown(report)


def record_report(run: "RunDirectory", text: str, *, as_html: bool) -> Path:
    """Keep a report made later beside the sealed run."""
    from tc.flows.report import record_report

    return record_report(run, text, suffix=".html" if as_html else ".md", by=_witness())


def metrics_of(run: "RunDirectory", *, data_root: Path) -> "Mapping[str, object]":
    """Make a run's metrics again from its directory as it stands."""
    from tc.flows.report import report_again
    from tc.reports.metrics import run_metrics

    report = report_again(run, data_root=data_root, read_candles=_read_candles)
    return run_metrics(report.summary, report.process)


def write_file(path: Path, data: bytes) -> None:
    """Write a file that a person asked for, whole or not at all."""
    from tc.store.files import write_atomic

    write_atomic(path, data)


def _run(
    spec: "RunSpec",
    instrument: "InstrumentSpec",
    *,
    spec_folder: Path,
    artifacts_root: Path,
    data_root: Path,
    run_id: str | None,
    is_durable: bool,
    on_progress: "Callable[[Progress], None]",
    should_stop: "Callable[[], bool]",
) -> "FinishedRun":
    from functools import partial

    from tc.flows.backtest import prepare_run, run_prepared
    from tc.flows.circumstances import circumstances_here
    from tc.flows.report import report_run
    from tc.ports import BacktestRequest

    dataset = _proven_dataset(spec.data.dataset, data_root)
    prepared = prepare_run(BacktestRequest(spec, instrument, dataset, spec_folder), engine=_engine(spec.engine))
    return run_prepared(
        prepared,
        circumstances=circumstances_here(artifacts_root=artifacts_root, run_id=run_id, is_durable=is_durable),
        report=partial(report_run, read_candles=_read_candles),
        on_progress=on_progress,
        should_stop=should_stop,
    )


def _engine(name: str) -> "Engine":
    """Return the engine that a spec names."""
    if name == "hftbacktest":
        from tc.data.book import read_book
        from tc.engines.hft.backtest import HftEngine

        return HftEngine(read_book)
    from tc.engines.nautilus.backtest import NautilusEngine

    return NautilusEngine()


def _proven_dataset(dataset_id: str, data_root: Path) -> "Dataset":
    """Return a dataset whose rows were read and are those that its manifest names: a fingerprint is worth what was compared."""
    from tc.data.catalog.reading import verify_dataset
    from tc.store.dataset import load_dataset

    dataset = load_dataset(data_root, dataset_id)
    verify_dataset(dataset)
    return dataset


def _read_candles(dataset: "Dataset", start_ns: int | None, end_ns: int | None) -> "Candles | None":
    from tc.data.candles import read_candles

    return read_candles(dataset, start_ns=start_ns, end_ns=end_ns)
