"""`tc run` of a backtest: from a RunSpec to a sealed run directory."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tc.core import CoreConfiguration
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.events import STREAM_SCHEMA, RunCompleted, RunStarted, RunStopped
from tc.errors import RefusedError
from tc.flows.recording.record import Circumstances, FinishedRun, Recording, Reporter, RunPlan, begin, record_and_seal
from tc.ports import Backtest, BacktestRequest, Engine, EngineOutcome, Progress
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document, effective_document
from tc.store.layout import create_run, new_run_id
from tc.store.lock import RunLock
from tc.store.ops import StopWatch


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run that was checked and could start: its request, its backtest, and its whole effective configuration."""

    request: BacktestRequest
    backtest: Backtest
    document: Mapping[str, Any]
    configuration: CoreConfiguration

    def to_dict(self) -> dict[str, object]:
        """Return what would run, as `tc run --dry-run` shows it."""
        return {
            "name": self.request.spec.name,
            "engine": f"{self.document['engine']['name']} {self.document['engine']['version']}",
            "strategy": self.backtest.identity.name,
            "instrument": self.request.instrument.id,
            "dataset": self.request.dataset.id,
            "dataset_fingerprint": self.request.dataset.fingerprint,
            "rows": self.backtest.rows_total,
            "configuration": self.configuration.fingerprint,
        }


def prepare_run(request: BacktestRequest, *, engine: Engine) -> PreparedRun:
    """Check everything that can be checked before anything is written; `run_prepared` or the backtest's `close` comes next.

    Raises
    ------
    DocumentError
        The spec does not fit its data, instrument or strategy.
    RefusedError
        The dataset is not the one that the spec demands.
    EngineError
        The strategy could not be imported or made.

    """
    _check_fingerprint(request)
    backtest = engine.prepare(request)
    document = configuration_document(request, engine, backtest)
    return PreparedRun(request, backtest, document, CoreConfiguration.from_document(document))


def run_prepared(
    prepared: PreparedRun,
    *,
    circumstances: Circumstances,
    report: Reporter,
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> FinishedRun:
    """Run, record, report and seal one backtest. What fails in engine or strategy is a *failed* run, returned.

    Raises
    ------
    DocumentError, RefusedError
        The run id is hostile, or taken; nothing was written.
    ArtifactError
        The run directory could not be written; what is there is readable and unsealed.

    """
    backtest = prepared.backtest
    with closing(backtest):
        run = create_run(circumstances.artifacts_root, circumstances.run_id or _new_run_id(prepared))
        watch = StopWatch(run)

        def play(recording: Recording, stream: EventStream) -> None:
            stream.emit(RunStarted(backtest.first_ns, STREAM_SCHEMA, prepared.configuration.fingerprint))
            outcome = backtest.run(
                stream, on_progress=on_progress, should_stop=lambda: should_stop() or watch.request() is not None
            )
            if stream.violation is not None:
                raise stream.violation
            _note_end(recording, stream, outcome, watch)

        with RunLock(run):
            return record_and_seal(begin(run, _plan(prepared), circumstances), play, report)


def _new_run_id(prepared: PreparedRun) -> str:
    return new_run_id(prepared.request.spec.name, datetime.now(UTC), prepared.configuration.fingerprint)


def configuration_document(request: BacktestRequest, engine: Engine, backtest: Backtest) -> dict[str, Any]:
    """Return the whole effective configuration of a run: every value that could change its journal."""
    document = effective_document(request.spec, request.instrument)
    return {
        "configuration_version": CONFIGURATION_VERSION,
        **document,
        "core": core_document(request.spec, request.instrument),
        "dataset": {"id": request.dataset.id, "fingerprint": request.dataset.fingerprint},
        "engine": {"name": engine.name, "version": engine.version, "settings": engine.settings()},
        "strategy": backtest.identity.document(),
    }


def _plan(prepared: PreparedRun) -> RunPlan:
    request, backtest = prepared.request, prepared.backtest
    return RunPlan(
        spec=request.spec,
        instrument=request.instrument,
        configuration=prepared.configuration,
        document=prepared.document,
        dataset_id=request.dataset.id,
        dataset=request.dataset.fingerprint,
        modules=backtest.identity.modules,
        core_strategy=backtest.core_strategy,
    )


def _check_fingerprint(request: BacktestRequest) -> None:
    demanded, found = request.spec.played.fingerprint, request.dataset.fingerprint
    if demanded is not None and demanded != found:
        raise RefusedError(
            f"data.fingerprint: the spec demands {demanded}, but dataset {request.dataset.id} has {found}",
            hint="Import the data that the spec was written for, or remove the fingerprint to accept this one.",
        )


def _note_end(recording: Recording, stream: EventStream, outcome: EngineOutcome, watch: StopWatch) -> None:
    recording.outcome = outcome
    if outcome.is_stopped:
        request = watch.request()
        recording.status, recording.reason = "stopped", request.reason if request else "interrupted"
        stream.emit(RunStopped(outcome.at_ns, recording.reason))
    else:
        recording.status = "completed"
        stream.emit(RunCompleted(outcome.at_ns))
