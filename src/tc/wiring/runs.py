"""What the commands that run something really get, and the engine that a spec names."""

from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.data import candles_of, proven_dataset
from tc.wiring.machine import witness_here
from tc.wiring.paper import checked_paper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tc.flows.recording.record import FinishedRun
    from tc.flows.runs.reproduce import Reproduction
    from tc.ports import Engine, Progress
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.run_spec import RunSpec
    from tc.store.layout import RunDirectory


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
    documents: "tuple[RunSpec, InstrumentSpec] | None" = None,
) -> "FinishedRun":
    """Run the spec in a file into a run directory; ``documents`` are what `load_run` has read of it already."""
    return _run(
        *(documents or load_run(spec, overrides=overrides)),
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


def load_run(spec: Path, *, overrides: "Sequence[str]") -> "tuple[RunSpec, InstrumentSpec]":
    """Return the spec in a file, and its instrument; DocumentError when one is wrong, or when it is not for `tc run`."""
    from tc.errors import DocumentError
    from tc.spec.check import load_documents

    document, instrument = load_documents(spec, overrides=overrides)
    if document.mode == "attached":
        raise DocumentError(
            f"{spec}: {document.name} is attached to a node of yours: `tc run` has no node to start",
            hint="Call attach(node, SPEC), from tc, in the node's own script, after node.build() and before node.run().",
        )
    return document, instrument


def check_run(spec: Path, *, overrides: "Sequence[str]", data_root: Path, means_testnet: bool = False) -> "dict[str, object]":
    """Check everything that `run_spec` would, and run nothing; of a paper run, all that needs no node."""
    from contextlib import closing

    from tc.flows.backtest import prepare_run
    from tc.ports import BacktestRequest

    document, instrument = load_run(spec, overrides=overrides)
    if document.mode == "paper":
        return checked_paper(document, instrument, means_testnet=means_testnet)
    dataset = proven_dataset(document.played.dataset, data_root)
    prepared = prepare_run(BacktestRequest(document, instrument, dataset, spec.resolve().parent), engine=_engine(document.engine))
    with closing(prepared.backtest):
        return prepared.to_dict()


def reproduce_run(run: "RunDirectory", *, artifacts_root: Path, data_root: Path, is_recorded: bool) -> "Reproduction":
    """Run a run's stored spec again in a fresh process, and compare."""
    from tc.flows.runs.diff import diff_runs
    from tc.flows.runs.reproduce import record_reproduction, reproduce

    reproduction = reproduce(
        run,
        data_root=data_root,
        artifacts_root=artifacts_root,
        rerun=rerun,
        differ=lambda recorded, again: diff_runs(recorded, again).to_dict(),
    )
    if is_recorded:
        record_reproduction(run, reproduction, by=witness_here())
    return reproduction


def rerun(run: Path, data_root: Path, artifacts_root: Path) -> None:
    """Run a run's stored spec again, into another artifacts root; what the fresh process of `reproduce_run` does."""
    from tc.flows.configuration import read_effective_configuration
    from tc.flows.recording.circumstances import circumstances_here
    from tc.flows.runs.reproduce import RUN_ID
    from tc.flows.runs.reproduce import rerun as rerun_stored
    from tc.store.layout import RunDirectory

    circumstances = circumstances_here(artifacts_root=artifacts_root, run_id=RUN_ID, is_durable=False)
    directory = RunDirectory(run)
    _, effective = read_effective_configuration(directory)
    rerun_stored(
        directory,
        read_dataset=lambda dataset_id: proven_dataset(dataset_id, data_root),
        engine=_engine(effective.run_spec.engine),
        circumstances=circumstances,
    )


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
    from tc.flows.recording.circumstances import circumstances_here
    from tc.flows.runs.report import report_run
    from tc.ports import BacktestRequest

    dataset = proven_dataset(spec.played.dataset, data_root)
    prepared = prepare_run(BacktestRequest(spec, instrument, dataset, spec_folder), engine=_engine(spec.engine))
    return run_prepared(
        prepared,
        circumstances=circumstances_here(artifacts_root=artifacts_root, run_id=run_id, is_durable=is_durable),
        report=partial(report_run, read_candles=lambda: candles_of(dataset, spec.played.start_ns, spec.played.end_ns)),
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
