"""From an engine's events to a sealed run directory: what a backtest and a paper run have in common."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, State, state_digest
from tc.core.decision import Decision
from tc.core.events import RunFailed, RunStopped
from tc.errors import EngineError, InvariantViolation, TcError
from tc.flows.recording.inputs import write_inputs
from tc.flows.recording.usage import Usage, usage_now
from tc.ports import CoreStrategy, EngineOutcome, ModuleSource
from tc.redaction import redacted
from tc.runtime.stream import EventStream
from tc.spec.effective import resolved
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.store.decisions import DecisionWriter
from tc.store.files import write_atomic
from tc.store.journal import Durability, JournalEnd, JournalWriter
from tc.store.layout import RunDirectory
from tc.store.metadata import GitCommit, Metadata, RunStatus, WallTime, write_metadata
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

    started_ns: int
    before: Usage
    status: RunStatus = "failed"
    reason: str = ""
    trace: str = ""
    error: TcError | None = None
    strategy_failures: int = 0
    outcome: EngineOutcome | None = None
    events: int = 0
    state_digest: str = ""
    checkpoints: list[Checkpoint] = field(default_factory=list)
    ended_ns: int = 0
    after: Usage | None = None


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has ended and is sealed; ``error`` is what made it fail.

    ``strategy_failures`` counts the steps at which a Core-native strategy raised or returned rubbish: the run went on.
    """

    run: RunDirectory
    status: RunStatus
    seal: Seal
    reason: str
    error: TcError | None
    strategy_counters: Mapping[str, int]
    strategy_failures: int = 0

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
            "strategy_failures": self.strategy_failures,
        }


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that was checked and could start.

    Parameters
    ----------
    spec, instrument
        What is run.
    configuration, document
        Its whole effective configuration, and the same as JSON values.
    dataset_id, dataset
        What the rows of its Event Stream refer to: a dataset by its id and fingerprint, or the run's own tape.
    modules
        The strategy's own modules, to be copied.
    core_strategy
        What the Runtime evaluates, if anything.
    secrets
        The keys of its venue: what a failure says is kept without them.

    """

    spec: RunSpec
    instrument: InstrumentSpec
    configuration: CoreConfiguration
    document: Mapping[str, Any]
    dataset_id: str
    dataset: str
    modules: Sequence[ModuleSource]
    core_strategy: CoreStrategy | None
    secrets: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Where a run goes on that was begun before: its journal ends here, and adds up to this; ``watch`` is shown what is added."""

    end: JournalEnd
    state: State
    checkpoints: Sequence[Checkpoint]
    watch: Callable[[EventStreamEntry], None]


Reporter = Callable[[RunDirectory, Metadata, Recording, Mapping[str, Any]], None]
"""Writes metrics.json and the reports of a run whose journal is finished."""

Play = Callable[[Recording, EventStream], None]
"""Runs the engine on a stream, from RunStarted to its last event, and notes how it ended; what it raises is noted as a failure.

An engine may go on over what the stream raised: the stream's violation is to be raised again before the end is noted.
"""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run directory that is being written by this process alone, with what was said of it so far."""

    run: RunDirectory
    metadata: Metadata
    plan: RunPlan


def begin(run: RunDirectory, plan: RunPlan, circumstances: Circumstances) -> OpenRun:
    """Write what a run is made of into its directory, which the caller has made, and whose lock it holds.

    Raises
    ------
    ArtifactError
        The run directory could not be written; what is there is readable and unsealed.

    """
    metadata = _metadata(run, plan, circumstances, time.time_ns())
    write_metadata(run, metadata)
    write_inputs(run, resolved(plan.spec, plan.instrument), plan.configuration, plan.modules)
    return OpenRun(run, metadata, plan)


def record_and_seal(open_run: OpenRun, play: Play, report: Reporter, goes_on: GoesOn | None = None) -> FinishedRun:
    """Record what the engine plays, report it and seal it. What fails in engine or strategy is a *failed* run, returned.

    A run that goes on has been begun before: its journal and its decisions are written on.

    Raises
    ------
    ArtifactError
        The run directory could not be written; what is there is readable and unsealed.

    """
    written = WrittenRun(open_run, goes_on)
    with written:
        written.play(play)
    return written.sealed(report)


class WrittenRun:
    """A run that is being written: its stream takes events until it is left, which closes its files; then it can be sealed.

    Raises
    ------
    ArtifactError
        The run directory could not be written; what is there is readable and unsealed.

    """

    def __init__(self, open_run: OpenRun, goes_on: GoesOn | None = None) -> None:
        self.recording = Recording(time.time_ns(), usage_now())
        self._run, self._plan = open_run.run, open_run.plan
        self._metadata = _running(open_run.metadata, WallTime.at(self.recording.started_ns), goes_on)
        write_metadata(self._run, self._metadata)
        self._files = ExitStack()
        try:
            self._writers = self._opened(goes_on)
            self.stream = _stream(self.recording, self._plan, self._writers, goes_on)
        except BaseException:
            self._files.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.__exit__(kind, error, trace)

    def play(self, play: Play) -> None:
        """Let the engine play; how it ended is noted, not raised, so that the run can be sealed either way."""
        recording, stream = self.recording, self.stream
        try:
            play(recording, stream)
        except (EngineError, InvariantViolation) as error:
            self.fail(error)
        except KeyboardInterrupt:
            if not stream.is_whole:
                raise
            recording.status, recording.reason = "stopped", "interrupted at once"
            stream.emit(RunStopped(stream.state.stream_time_ns, recording.reason))
        self.note_end()

    def flush(self) -> None:
        """Hand on to the system what was recorded: it outlives this process then."""
        self._writers.journal.flush()

    def fail(self, error: TcError) -> None:
        """Note what ended the run, in its stream too where that takes anything more."""
        _note_failure(self.recording, self.stream, error)
        self.recording.reason = redacted(self.recording.reason, self._plan.secrets)

    def note_end(self) -> None:
        """Note what the stream came to: nothing more is recorded."""
        recording, stream = self.recording, self.stream
        recording.trace = redacted(recording.trace or stream.strategy_failure, self._plan.secrets)
        recording.strategy_failures = stream.context.strategy_failures
        recording.state_digest = state_digest(stream.state)
        recording.ended_ns, recording.after = time.time_ns(), usage_now()

    def tell_end(self) -> Metadata:
        """Write into the run's metadata how it ended, and return that: it is not sealed yet."""
        recording, at = self.recording, WallTime.at(self.recording.ended_ns)
        ended = replace(self._metadata, status=recording.status, ended=at, reason=recording.reason)
        write_metadata(self._run, ended)
        return ended

    def sealed(self, report: Reporter) -> FinishedRun:
        """Report the run, whose files are closed, and seal it."""
        run, plan, recording = self._run, self._plan, self.recording
        if recording.trace:
            write_atomic(run.error, recording.trace.encode(errors="backslashreplace"))
        report(run, self.tell_end(), recording, plan.document)
        seal = seal_run(
            run,
            status=recording.status,
            state_digest=recording.state_digest,
            checkpoints=recording.checkpoints,
            configuration=plan.configuration.fingerprint,
            dataset=plan.dataset,
        )
        counters = recording.outcome.strategy_counters if recording.outcome else {}
        failures = recording.strategy_failures
        return FinishedRun(run, recording.status, seal, recording.reason, recording.error, counters, failures)

    def _opened(self, goes_on: GoesOn | None) -> "Writers":
        metadata = self._metadata
        resume_at = None if goes_on is None else goes_on.end
        writer = JournalWriter(self._run.journal, durability=_durability(metadata), resume_at=resume_at)
        journal = self._files.enter_context(writer)
        decisions = _decisions(self._run, self._plan.configuration, journal, continues=goes_on is not None)
        return Writers(journal, self._files.enter_context(decisions), is_durable=metadata.is_durable)


def _durability(metadata: Metadata) -> Durability:
    """Return how a run's journal gets on disk: a node's loop cannot wait for the disk at each row of its market."""
    if not metadata.is_durable:
        return "buffered"
    return "entries" if metadata.mode == "backtest" else "effects"


def _running(metadata: Metadata, now: WallTime, goes_on: GoesOn | None) -> Metadata:
    if goes_on is None:
        return replace(metadata, status="running", started=now)
    return replace(metadata, status="running", started=metadata.started or now, ended=None, resumed=(*metadata.resumed, now))


def _metadata(run: RunDirectory, plan: RunPlan, circumstances: Circumstances, created_ns: int) -> Metadata:
    return Metadata(
        run_id=run.run_id,
        name=plan.spec.name,
        mode=plan.spec.mode,
        status="created",
        created=WallTime.at(created_ns),
        versions=dict(circumstances.versions),
        host=circumstances.host,
        pid=circumstances.pid,
        configuration=plan.configuration.fingerprint,
        dataset_id=plan.dataset_id,
        dataset=plan.dataset,
        is_durable=circumstances.is_durable,
        git=circumstances.git,
    )


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
            self.journal.sync()


def _decisions(
    run: RunDirectory, configuration: CoreConfiguration, journal: JournalWriter, *, continues: bool
) -> AbstractContextManager[DecisionWriter | None]:
    """Return the writer of the run's decisions; None where no gate decides anything."""
    if configuration.gate is None:
        return nullcontext()
    return DecisionWriter(run.decisions, journal_flush=journal.flush, continues=continues)


def _stream(recording: Recording, plan: RunPlan, writers: Writers, goes_on: GoesOn | None) -> EventStream:
    """Return the stream that is written into a run's files."""
    journal_append = writers.journal.append
    if goes_on is not None:
        recording.checkpoints.extend(goes_on.checkpoints)

    def append(entry: EventStreamEntry) -> None:
        journal_append(entry)
        recording.events += 1

    def append_watched(entry: EventStreamEntry) -> None:
        append(entry)
        if goes_on is not None:
            goes_on.watch(entry)

    def keep(position: int, digest: str) -> None:
        recording.checkpoints.append(Checkpoint(position, digest))

    return EventStream(
        plan.configuration,
        append=append if goes_on is None else append_watched,
        checkpoint=keep,
        checkpoint_every=CHECKPOINT_EVERY,
        decided=writers.decided,
        before_effects=writers.before_effects,
        strategy=plan.core_strategy,
        entries=0 if goes_on is None else goes_on.end.entries,
        state=INITIAL if goes_on is None else goes_on.state,
    )


def _note_failure(recording: Recording, stream: EventStream, error: TcError) -> None:
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
