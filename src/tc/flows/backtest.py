"""`tc run`: from a RunSpec to a sealed run directory."""

import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tc.core import CoreConfiguration, EventStreamEntry, state_digest
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.decision import Decision
from tc.core.events import STREAM_SCHEMA, RunCompleted, RunFailed, RunStarted, RunStopped
from tc.errors import EngineError, InvariantViolation, RefusedError, TcError
from tc.flows.usage import Usage, usage_now
from tc.ports import Backtest, BacktestRequest, Engine, EngineOutcome, Progress
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document, effective_document, resolved, run_spec_yaml
from tc.store.dataset import Dataset
from tc.store.decisions import DecisionWriter
from tc.store.files import write_atomic
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory, create_run, new_run_id
from tc.store.lock import RunLock
from tc.store.metadata import GitCommit, Metadata, RunStatus, WallTime, write_metadata
from tc.store.ops import StopWatch
from tc.store.seal import Checkpoint, Seal, seal_run

CHECKPOINT_EVERY = 100_000
LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and by whom a run is made: recorded beside the Event Stream, never in it.

    Parameters
    ----------
    artifacts_root
        Where the run directory is made, under ``runs/``.
    run_id
        The run's id; None makes one of the spec's name, the time and the configuration.
    is_durable
        Each journal entry is on disk (``fsync``) before the next.
    versions, host, pid, git
        Recorded in the metadata.

    """

    artifacts_root: Path
    versions: Mapping[str, str]
    host: str
    pid: int
    git: GitCommit | None = None
    run_id: str | None = None
    is_durable: bool = False


@dataclass(slots=True)
class Recording:
    """What recording a run came to, as far as it got; filled in while the engine runs."""

    backtest: Backtest
    started_ns: int
    before: Usage
    status: RunStatus = "failed"
    reason: str = ""
    trace: str = ""
    error: TcError | None = None
    outcome: EngineOutcome | None = None
    events: int = 0
    state_digest: str = ""
    checkpoints: list[Checkpoint] = field(default_factory=list)
    ended_ns: int = 0
    after: Usage | None = None


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has ended and is sealed; ``error`` is what made it fail."""

    run: RunDirectory
    status: RunStatus
    seal: Seal
    reason: str
    error: TcError | None
    strategy_counters: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the run as the JSON object that `tc run --json` shows."""
        return {
            "run_id": self.run.run_id,
            "directory": str(self.run.path),
            "status": self.status,
            "reason": self.reason,
            "entries": self.seal.journal.entries,
            "positions": self.seal.journal.positions,
            "journal_digest": self.seal.journal.digest,
            "merkle_root": self.seal.journal.merkle_root,
            "state_digest": self.seal.state_digest,
            "configuration": self.seal.configuration,
            "dataset": self.seal.dataset,
            "strategy_counters": dict(self.strategy_counters),
        }


@dataclass(frozen=True, slots=True)
class Writers:
    """What a run is written with; ``decisions`` is None without a gate."""

    journal: JournalWriter
    decisions: DecisionWriter | None
    is_durable: bool

    def decided(self, decision: Decision) -> None:
        """Keep a Decision; without a gate there is none."""
        if self.decisions is not None:
            self.decisions.append(decision)

    def before_effects(self) -> None:
        """Put on disk what a Decision follows from, where the run is to be durable."""
        if self.is_durable:
            self.journal.flush()


Reporter = Callable[[RunDirectory, Metadata, Dataset, Recording, Mapping[str, Any]], None]
"""Writes metrics.json and the reports of a run whose journal is finished."""


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
    request, configuration = prepared.request, prepared.configuration
    created = time.time_ns()
    with closing(prepared.backtest):
        run = create_run(circumstances.artifacts_root, _run_id(prepared, circumstances, created))
        with RunLock(run):
            metadata = _metadata(run, request, circumstances, configuration, created)
            write_metadata(run, metadata)
            _write_inputs(run, prepared)
            recording = Recording(prepared.backtest, time.time_ns(), usage_now())
            running = replace(metadata, status="running", started=WallTime.at(recording.started_ns))
            write_metadata(run, running)
            with (
                JournalWriter(run.journal, durable=circumstances.is_durable) as journal,
                _decisions(run, configuration, journal) as decisions,
            ):
                writers = Writers(journal, decisions, is_durable=circumstances.is_durable)
                _record(recording, configuration, writers, StopWatch(run), on_progress=on_progress, should_stop=should_stop)
            ended = replace(running, status=recording.status, ended=WallTime.at(recording.ended_ns), reason=recording.reason)
            if recording.trace:
                write_atomic(run.error, recording.trace.encode(errors="backslashreplace"))
            report(run, ended, request.dataset, recording, prepared.document)
            write_metadata(run, ended)
            seal = seal_run(
                run,
                status=recording.status,
                state_digest=recording.state_digest,
                checkpoints=recording.checkpoints,
                configuration=configuration.fingerprint,
                dataset=request.dataset.fingerprint,
            )
    counters = recording.outcome.strategy_counters if recording.outcome else {}
    return FinishedRun(run, recording.status, seal, recording.reason, recording.error, counters)


def _run_id(prepared: PreparedRun, circumstances: Circumstances, created_ns: int) -> str:
    if circumstances.run_id is not None:
        return circumstances.run_id
    utc = datetime.fromtimestamp(created_ns / 1e9, UTC)
    return new_run_id(prepared.request.spec.name, utc, prepared.configuration.fingerprint)


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


def _check_fingerprint(request: BacktestRequest) -> None:
    demanded, found = request.spec.data.fingerprint, request.dataset.fingerprint
    if demanded is not None and demanded != found:
        raise RefusedError(
            f"data.fingerprint: the spec demands {demanded}, but dataset {request.dataset.id} has {found}",
            hint="Import the data that the spec was written for, or remove the fingerprint to accept this one.",
        )


def _metadata(
    run: RunDirectory,
    request: BacktestRequest,
    circumstances: Circumstances,
    configuration: CoreConfiguration,
    created_ns: int,
) -> Metadata:
    return Metadata(
        run_id=run.run_id,
        name=request.spec.name,
        mode=request.spec.mode,
        status="created",
        created=WallTime.at(created_ns),
        versions=dict(circumstances.versions),
        host=circumstances.host,
        pid=circumstances.pid,
        configuration=configuration.fingerprint,
        dataset_id=request.dataset.id,
        dataset=request.dataset.fingerprint,
        is_durable=circumstances.is_durable,
        git=circumstances.git,
    )


def _write_inputs(run: RunDirectory, prepared: PreparedRun) -> None:
    request = prepared.request
    write_atomic(run.spec, run_spec_yaml(resolved(request.spec, request.instrument)).encode())
    write_atomic(run.configuration, prepared.configuration.document)
    for source in prepared.backtest.identity.modules:
        copy = run.code / module_file(source.module, source.file)
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(copy, source.content)


def module_file(module: str, file: Path) -> Path:
    """Return where a module's copy lies in ``code/``, so that the folder can stand on Python's search path."""
    path = Path(*module.split("."))
    if file.name == "__init__.py":
        return path / file.name
    return path.parent / f"{path.name}.py" if file.suffix == ".py" else path.parent / file.name


def _decisions(
    run: RunDirectory, configuration: CoreConfiguration, journal: JournalWriter
) -> AbstractContextManager[DecisionWriter | None]:
    """Return the writer of the run's decisions; None where no gate decides anything."""
    if configuration.gate is None:
        return nullcontext()
    return DecisionWriter(run.decisions, journal_flush=journal.flush)


def _record(
    recording: Recording,
    configuration: CoreConfiguration,
    writers: Writers,
    watch: StopWatch,
    *,
    on_progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> None:
    """Run the engine into the journal; how it ended is noted, not raised, so that the run can be sealed either way."""
    journal_append = writers.journal.append

    def append(entry: EventStreamEntry) -> None:
        journal_append(entry)
        recording.events += 1

    def keep(position: int, digest: str) -> None:
        recording.checkpoints.append(Checkpoint(position, digest))

    stream = EventStream(
        configuration,
        append=append,
        checkpoint=keep,
        checkpoint_every=CHECKPOINT_EVERY,
        decided=writers.decided,
        before_effects=writers.before_effects,
        strategy=recording.backtest.core_strategy,
    )
    stream.emit(RunStarted(recording.backtest.first_ns, STREAM_SCHEMA, configuration.fingerprint))
    try:
        outcome = recording.backtest.run(
            stream, on_progress=on_progress, should_stop=lambda: should_stop() or watch.request() is not None
        )
        if stream.violation is not None:
            raise stream.violation  # The engine went on over an exception of a listener.
        _note_end(recording, stream, outcome, watch)
    except (EngineError, InvariantViolation) as error:
        _note_failure(recording, stream, error)
    except KeyboardInterrupt:
        if not stream.is_whole:
            raise
        recording.status, recording.reason = "stopped", "interrupted at once"
        stream.emit(RunStopped(stream.state.stream_time_ns, recording.reason))
    recording.trace = recording.trace or stream.strategy_failure
    recording.state_digest = state_digest(stream.state)
    recording.ended_ns, recording.after = time.time_ns(), usage_now()


def _note_end(recording: Recording, stream: EventStream, outcome: EngineOutcome, watch: StopWatch) -> None:
    recording.outcome = outcome
    if outcome.is_stopped:
        request = watch.request()
        recording.status, recording.reason = "stopped", request.reason if request else "interrupted"
        stream.emit(RunStopped(outcome.at_ns, recording.reason))
    else:
        recording.status = "completed"
        stream.emit(RunCompleted(outcome.at_ns))


def _note_failure(recording: Recording, stream: EventStream, error: EngineError | InvariantViolation) -> None:
    violation = stream.violation
    recording.status, recording.error = "failed", violation or error
    recording.reason = shortened(recording.error.message.encode(errors="backslashreplace").decode())
    recording.trace = "".join(traceback.format_exception(error))
    if violation is None:
        cause = type(error.__cause__ or error).__name__
        stream.emit(RunFailed(stream.state.stream_time_ns, cause))


def shortened(text: str) -> str:
    """Return a reason that fits where reasons are shown; error.txt has the whole of it."""
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}… ({len(text):,} characters)"
