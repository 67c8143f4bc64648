"""`attach`: a node that somebody else runs, recorded into a run directory of its own, which is sealed when the node stops."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tc.core import CoreConfiguration
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.events import KillSwitchChanged, RunStopped
from tc.errors import EngineError, RefusedError, TcError
from tc.flows.paper.node import enough_space, run_started
from tc.flows.recording.record import Circumstances, FinishedRun, Reporter, RunPlan, WrittenRun, begin, shortened
from tc.ports import AttachingEngine, Attachment, AttachmentHooks, AttachmentOutcome, AttachRequest
from tc.spec.effective import core_document, effective_document
from tc.spec.paper_spec import NodeSpec
from tc.store.free_space import FreeSpace, Measure, free_bytes
from tc.store.kill_switch import Active
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.store.ops import StopWatch

if TYPE_CHECKING:
    from tc.store.metadata import RunStatus

NO_DATASET = ""

_REASONS = {
    "stopped": "the node stopped",
    "detached": "the recording was ended, and the node went on",
    "full": "the disk was nearly full",
    "left": "the process ended, and its node was never stopped",
}


def attach_run(
    request_in: Callable[[RunDirectory], AttachRequest],
    *,
    run_id: str,
    engine: AttachingEngine,
    circumstances: Circumstances,
    report: Reporter,
    active_switch: Callable[[], Active | None],
    on_end: Callable[[], None],
    measure: Measure = free_bytes,
) -> "AttachedRun":
    """Make the run directory and attach to the node; it is sealed when the node stops, whatever becomes of the recording.

    Parameters
    ----------
    request_in
        Returns what is asked of the engine, given the run directory.
    run_id, engine, circumstances, report
        As a paper run's.
    active_switch
        Returns the kill switch that is active; it is not asked where the node is only watched.
    on_end
        Called when the node is not to be reached from outside any more: when the recording is over, or, where that ended for want
        of room, when its node has stopped.
    measure
        Says how much of the disk is free: the recording ends before too little is.

    Raises
    ------
    DocumentError
        The node cannot be attached to, or the spec does not fit it; nothing is left.
    RefusedError
        The kill switch is active: the run is *blocked*, with all its artifacts; or the run id is taken, or the disk has too
        little room.
    ArtifactError
        The run directory could not be written.

    """
    run = create_run(circumstances.artifacts_root, run_id)
    with ExitStack() as resources:
        resources.enter_context(RunLock(run))
        ready = _ready(run, request_in, engine, measure)
        written = WrittenRun(begin(run, ready.plan, circumstances))
        run_started(written.stream)
        active = None if isinstance(ready.request.line, str) else active_switch()
        if active is not None:
            raise _blocked(run, written, active, report)
        attached = AttachedRun(run, written, ready.attachment, ready.disk, report, on_end, resources.pop_all())
        attached.begin()
        return attached


@dataclass(frozen=True, slots=True)
class _Ready:
    """An attachment that was checked and could begin."""

    request: AttachRequest
    disk: FreeSpace
    attachment: Attachment
    plan: RunPlan


def _ready(
    run: RunDirectory, request_in: Callable[[RunDirectory], AttachRequest], engine: AttachingEngine, measure: Measure
) -> _Ready:
    """Check everything that can be checked before anything is changed; where it does not fit, nothing is left of the run."""
    try:
        request = request_in(run)
        disk = enough_space(run, request.spec, measure)
        attachment = engine.prepare(request)
        return _Ready(request, disk, attachment, _plan_of(request, engine, attachment))
    except BaseException:
        shutil.rmtree(run.path)
        raise


class AttachedRun:
    """A run whose node is somebody else's.

    What it is told comes on the node's thread, which it never keeps waiting: reports and seal are made on a thread of their own.
    """

    def __init__(
        self,
        run: RunDirectory,
        written: WrittenRun,
        attachment: Attachment,
        disk: FreeSpace,
        report: Reporter,
        on_end: Callable[[], None],
        resources: ExitStack,
    ) -> None:
        self.run = run
        self.finished: FinishedRun | None = None
        self.problem = ""
        self._written = written
        self._attachment = attachment
        self._disk = disk
        self._report = report
        self._on_end = on_end
        self._resources = resources
        self._watch = StopWatch(run)
        self._is_failed = False
        self._is_over = False
        self._stays_named = False
        self._sealing: threading.Thread | None = None

    def begin(self) -> None:
        """Attach."""
        hooks = AttachmentHooks(
            recorded=self._written.flush,
            stopping=lambda: self._watch.request() is not None,
            full=self._disk.problem,
            on_state=lambda _: None,
            failed=self._failed,
            ended=self._ended,
            released=self.wait,
        )
        try:
            self._attachment.attach(self._written.stream, hooks)
        except BaseException:
            self._written.__exit__(None, None, None)
            shutil.rmtree(self.run.path)
            self._resources.close()
            raise

    def detach(self) -> None:
        """End the recording, and let the node go on without it; RefusedError while the kill switch holds the node."""
        self._attachment.detach()

    def leave(self) -> None:
        """End the recording because the process ends, and seal the run."""
        self._attachment.leave()
        self.wait()

    def wait(self) -> None:
        """Wait until the run is sealed, if its recording is over."""
        if self._sealing is not None:
            self._sealing.join()

    def _failed(self, error: Exception) -> None:
        """Note why nothing more is recorded, where whoever looks at the run finds it; it is sealed when the node stops."""
        self._is_failed = True
        written = self._written
        wrapped = error if isinstance(error, TcError) else EngineError(f"{type(error).__name__}: {error}")
        if wrapped is not error:
            wrapped.__cause__ = error
        with suppress(TcError):  # A stream that took no entry takes none now either.
            written.fail(wrapped)
        written.note_end()
        for work in (lambda: written.__exit__(None, None, None), written.tell_end):
            with suppress(TcError):  # A disk that is full may be why.
                work()

    def _ended(self, outcome: AttachmentOutcome) -> None:
        """Note how the recording ended, close its files, and seal the run on another thread."""
        if self._is_over:
            if self._stays_named:
                self._forget()
            return
        self._is_over = True
        self._stays_named = outcome.how == "full"
        self._written.recording.outcome = outcome
        if not self._is_failed:
            try:
                self._note(outcome)
            except TcError as error:  # The disk may refuse the last entry, too.
                self._failed(error)
        if outcome.how == "left":
            self._seal()  # A process that ends starts no thread any more.
            return
        self._sealing = threading.Thread(target=self._seal, name=f"tc-seal-{self.run.run_id}")
        self._sealing.start()

    def _note(self, outcome: AttachmentOutcome) -> None:
        written = self._written
        status: RunStatus = "stopped"
        reason = _REASONS[outcome.how]
        request = self._watch.request()
        if outcome.killed != "none":
            status, reason = "killed", f"the kill switch was set to {outcome.killed}"
        elif request is not None and outcome.how == "detached":
            reason = request.reason
        elif outcome.how == "full":
            reason = f"{self._disk.problem() or reason}, and the node went on"
        written.recording.status, written.recording.reason = status, shortened(reason)

        def end(*_: object) -> None:
            written.stream.emit(RunStopped(max(outcome.at_ns, written.stream.state.stream_time_ns), written.recording.reason))

        try:
            written.play(end)
        finally:
            written.__exit__(None, None, None)

    def _seal(self) -> None:
        """Report and seal the run; where that cannot be done it is a crashed one, which `tc runs recover` makes whole."""
        try:
            self.finished = self._written.sealed(self._report)
        except TcError as error:
            self.problem = error.message
        finally:
            self._resources.close()
            if not self._stays_named:
                self._forget()

    def _forget(self) -> None:
        """Take the node's name away, by which it is killed."""
        with suppress(TcError, OSError):
            self._on_end()


def _blocked(run: RunDirectory, written: WrittenRun, active: Active, report: Reporter) -> RefusedError:
    """Seal a run whose node may not start, and return what says so."""
    recording, stream = written.recording, written.stream
    recording.status = "blocked"
    recording.reason = shortened(f"the kill switch is {active.mode}: {active.reason}")

    def block(*_: object) -> None:
        stream.emit(KillSwitchChanged(time.time_ns(), active.mode, active.actor, active.reason))
        stream.emit(RunStopped(time.time_ns(), recording.reason))

    with written:
        written.play(block)
    written.sealed(report)
    hint = f"Run {run.run_id} is on record as blocked. `tc kill clear` lets the node start."
    return RefusedError(recording.reason, hint=hint)


def _plan_of(request: AttachRequest, engine: AttachingEngine, attachment: Attachment) -> RunPlan:
    document = {
        "configuration_version": CONFIGURATION_VERSION,
        **effective_document(request.spec, request.instrument),
        "core": core_document(request.spec, request.instrument),
        "dataset": {"id": NO_DATASET, "fingerprint": request.tape.id},
        "engine": {"name": engine.name, "version": engine.version, "settings": {}},
        "strategy": attachment.identity.document(),
    }
    node = request.spec.node or NodeSpec()
    return RunPlan(
        spec=request.spec,
        instrument=request.instrument,
        configuration=CoreConfiguration.from_document(document),
        document=document,
        dataset_id=NO_DATASET,
        dataset=request.tape.id,
        modules=attachment.identity.modules,
        core_strategy=None,
        secrets=(os.environ.get(node.api_key, ""), os.environ.get(node.api_secret, "")),
    )
