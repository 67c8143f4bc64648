"""`tc run` of a paper spec, inside the node's process: from a RunSpec to a sealed run directory."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tc.core import CoreConfiguration
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.events import STREAM_SCHEMA, KillSwitchChanged, RunCompleted, RunStarted, RunStopped
from tc.errors import RefusedError
from tc.flows.recording.record import Circumstances, FinishedRun, Recording, Reporter, RunPlan, begin, record_and_seal, shortened
from tc.ports import LiveEngine, LiveNode, LiveOutcome, NodeState, PaperRequest
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document, effective_document
from tc.spec.grammar import seconds_ns
from tc.spec.paper_spec import NodeSpec
from tc.spec.run_spec import RunSpec
from tc.store.free_space import FreeSpace, Measure, free_bytes
from tc.store.kill_switch import Active
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.store.ops import StopWatch

INTERRUPTED = "interrupted"
NO_DATASET = ""
"""A paper run names no dataset: its rows are those of its own tape."""


@dataclass(frozen=True, slots=True)
class FinishedPaperRun:
    """A paper run that has ended and is sealed, and what of its ``on_stop`` or its kill could not be confirmed."""

    finished: FinishedRun
    unsettled: tuple[str, ...]


def run_paper(
    request_in: Callable[[RunDirectory], PaperRequest],
    *,
    run_id: str,
    engine: LiveEngine,
    circumstances: Circumstances,
    report: Reporter,
    active_switch: Callable[[], Active | None],
    on_state: Callable[[NodeState], None],
    should_stop: Callable[[], bool],
    measure: Measure = free_bytes,
    why_stopped: Callable[[], str] = lambda: INTERRUPTED,
) -> FinishedPaperRun:
    """Trade until the planned end, a stop or the kill switch; record, report and seal it all.

    An active kill switch ends the run before the node connects: the run is *blocked*, with all its artifacts. The node's logs
    lie in the run directory, so it is made before the node is. ``measure`` says how much of its disk is free: a run that would
    fill it is stopped. ``why_stopped`` says in words why ``should_stop`` did.

    Raises
    ------
    DocumentError
        The run id is hostile, or the spec does not fit its instrument or strategy; nothing is left.
    RefusedError
        The run id is taken, or the disk has too little room; nothing is left.
    EngineError
        The strategy could not be imported or made; nothing is left.
    ArtifactError
        The run directory could not be written; what is there is readable and unsealed.

    """
    run = create_run(circumstances.artifacts_root, run_id)
    with RunLock(run), ExitStack() as resources:
        try:
            request = request_in(run)
            disk = enough_space(run, request.spec, measure)
            node = engine.prepare(request)
        except BaseException:
            shutil.rmtree(run.path)
            raise
        resources.callback(node.close)
        watch = StopWatch(run)
        play = Playing(
            node, request, watch, disk, active_switch, on_state, should_stop, release=resources.close, why_stopped=why_stopped
        )
        finished = record_and_seal(begin(run, plan_of(request, engine, node), circumstances), play, report)
        return FinishedPaperRun(finished, play.unsettled)


def enough_space(run: RunDirectory, spec: RunSpec, measure: Measure) -> FreeSpace:
    """Return what watches the disk of a run; RefusedError where it has too little room to begin with."""
    disk = FreeSpace(run.path, (spec.node or NodeSpec()).min_free_mb, measure=measure)
    if problem := disk.problem():
        raise RefusedError(
            f"the run does not start: {problem}", hint="Make room (`tc runs prune` lists what could go), or set node.min_free_mb."
        )
    return disk


def plan_of(request: PaperRequest, engine: LiveEngine, node: LiveNode) -> RunPlan:
    """Return what a paper run is made of."""
    document = {
        "configuration_version": CONFIGURATION_VERSION,
        **effective_document(request.spec, request.instrument),
        "core": core_document(request.spec, request.instrument),
        "dataset": {"id": NO_DATASET, "fingerprint": request.tape.id},
        "engine": {"name": engine.name, "version": engine.version, "settings": engine.settings()},
        "strategy": node.identity.document(),
    }
    return RunPlan(
        spec=request.spec,
        instrument=request.instrument,
        configuration=CoreConfiguration.from_document(document),
        document=document,
        dataset_id=NO_DATASET,
        dataset=request.tape.id,
        modules=node.identity.modules,
        core_strategy=node.core_strategy,
        secrets=(os.environ.get(request.api_key_name, ""), os.environ.get(request.api_secret_name, "")),
    )


def run_started(stream: EventStream) -> None:
    """Enter the first event of a stream."""
    stream.emit(RunStarted(time.time_ns(), STREAM_SCHEMA, stream.context.configuration.fingerprint))


def planned_ns(spec: RunSpec) -> int | None:
    """Return how long a spec says that its run trades."""
    return None if spec.stop is None or spec.stop.duration_s is None else seconds_ns(spec.stop.duration_s)


class Playing:
    """One playing of a node: what it is asked while it trades, and how its end is noted."""

    def __init__(
        self,
        node: LiveNode,
        request: PaperRequest,
        watch: StopWatch,
        disk: FreeSpace,
        active_switch: Callable[[], Active | None],
        on_state: Callable[[NodeState], None],
        should_stop: Callable[[], bool],
        *,
        release: Callable[[], None],
        begin: Callable[[EventStream], None] = run_started,
        on_blocked: Callable[[EventStream], None] = lambda _: None,
        duration_ns: int | None = None,
        why_stopped: Callable[[], str] = lambda: INTERRUPTED,
    ) -> None:
        self._node = node
        self._begin = begin
        self._on_blocked = on_blocked
        self._watch = watch
        self._disk = disk
        self._full = ""
        self._active_switch = active_switch
        self._on_state = on_state
        self._should_stop = should_stop
        self._why_stopped = why_stopped
        self._release = release
        self._duration_ns = planned_ns(request.spec) if duration_ns is None else duration_ns
        self._ends_ns: int | None = None
        self.unsettled: tuple[str, ...] = ()

    def __call__(self, recording: Recording, stream: EventStream) -> None:
        """Run the node on the stream; it is closed before the run is sealed, for its logs are a part of the run."""
        self._begin(stream)
        active = self._active_switch()
        if active is not None:
            self._release()
            self._on_state("stopped")
            self._blocked(recording, stream, active)
            return
        try:
            outcome = self._node.run(stream, on_state=self._at, should_stop=self._is_over)
        finally:
            self.unsettled = self._node.unsettled
            self._release()
        if stream.violation is not None:
            raise stream.violation
        self._note_end(recording, stream, outcome)

    def _at(self, state: NodeState) -> None:
        if state == "trading" and self._duration_ns is not None:
            self._ends_ns = time.monotonic_ns() + self._duration_ns
        self._on_state(state)

    def _is_over(self) -> bool:
        if self._has_elapsed() or self._should_stop() or self._watch.request() is not None:
            return True
        self._full = self._full or self._disk.problem()
        return bool(self._full)

    def _has_elapsed(self) -> bool:
        return self._ends_ns is not None and time.monotonic_ns() >= self._ends_ns

    def _blocked(self, recording: Recording, stream: EventStream, active: Active) -> None:
        recording.status = "blocked"
        recording.reason = shortened(f"the kill switch is {active.mode}: {active.reason}")
        stream.emit(KillSwitchChanged(time.time_ns(), active.mode, active.actor, active.reason))
        self._on_blocked(stream)
        stream.emit(RunStopped(time.time_ns(), recording.reason))

    def _note_end(self, recording: Recording, stream: EventStream, outcome: LiveOutcome) -> None:
        recording.outcome = outcome
        request = self._watch.request()
        if outcome.killed != "none":
            recording.status, recording.reason = "killed", f"the kill switch was set to {outcome.killed}"
        elif request is None and not self._full and self._has_elapsed():
            recording.status = "completed"
            stream.emit(RunCompleted(outcome.at_ns))
            return
        else:
            recording.status, recording.reason = "stopped", request.reason if request else self._full or self._why_stopped()
        stream.emit(RunStopped(outcome.at_ns, recording.reason))
