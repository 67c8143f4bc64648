"""An attachment to a node that somebody else built and runs: it records and watches, and where it may, it judges and kills."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import nautilus_trader
from msgspec.structs import replace
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId

from tc.core.events import Event, SnapshotTaken
from tc.engines.nautilus.live.attached.gate import AttachedGate
from tc.engines.nautilus.live.attached.node import identity_of, require_attachable
from tc.engines.nautilus.live.attached.venue import NodeVenue, node_venue
from tc.engines.nautilus.live.home import GuardedHome
from tc.engines.nautilus.live.instrument import check_instrument
from tc.engines.nautilus.live.ops_actor import OpsActor
from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.recording.taking_over import taken_over
from tc.engines.nautilus.live.watching.oversight import Overseen, Oversight
from tc.errors import EngineError, RefusedError, TcError
from tc.ports import AttachmentEnd, AttachmentHooks, AttachmentOutcome, AttachRequest, Stream

_PAUSE_S = 0.05


class NautilusNodeEngine:
    """A TradingNode that somebody else built.

    Parameters
    ----------
    node
        What `attach` was given.

    Raises
    ------
    DocumentError
        It is no node of NautilusTrader's, or not one that can be attached to now.

    """

    name = "nautilus"
    version: str = nautilus_trader.__version__

    def __init__(self, node: object) -> None:
        self._node = require_attachable(node)
        self.venue = node_venue(self._node)

    def prepare(self, request: AttachRequest) -> "NautilusAttachment":
        """Check what can be checked; nothing of the node is changed."""
        return NautilusAttachment(request, self._node, self.venue)


class NautilusAttachment:
    """Everything of ours in a node that is not. What of it raises ends the recording, and never the node.

    Parameters
    ----------
    request, node, venue
        What is asked for, the node, and where it was found to send orders.

    """

    def __init__(self, request: AttachRequest, node: TradingNode, venue: NodeVenue) -> None:
        self.identity = identity_of(node)
        self._request = request
        self._node = node
        self._kernel = node.kernel
        self._venue = venue
        self._only = InstrumentId.from_str(request.instrument.id)
        self._home = GuardedHome(node.kernel.loop, self._fail)
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: Exception | None = None
        self._has_run = False
        self._is_ending = False
        self._is_over = False
        self._is_full = False
        self._is_told_to_stay = False

    def attach(self, stream: Stream, hooks: AttachmentHooks) -> None:
        """Record and judge from now on, for as long as the node lives."""
        request = self._request
        self._stream, self._hooks = stream, hooks
        overseen = Overseen(
            run_id=request.run_id,
            name=request.spec.name,
            runtime_root=request.runtime_root,
            tape=request.tape,
            line=request.line,
            kill_seconds=request.kill_seconds,
            kill_position=request.kill_position,
            only=self._only,
            run=request.run,
        )
        self._ours = Oversight(
            self._node,
            stream,
            overseen,
            home=self._home,
            gate=self._gated,
            emit=self._emit,
            fail=self._failed,
            on_state=hooks.on_state,
        )
        self._ours.status.watched_only = request.line if isinstance(request.line, str) else ""
        try:
            self._ours.attach()
        except BaseException:
            self._is_over = self._home.is_closed = True
            if isinstance(self._ours.gate, AttachedGate):
                self._ours.gate.leave(lets_go=True)
            raise
        self._enter()

    def _enter(self) -> None:
        """Hear of the node's start, stop and end."""
        actor = OpsActor(())
        actor.take_over = self._home.guard(self._started)
        actor.stopping = self._home.guard(lambda: self._ours.be("stopping"))
        actor.disposed = self._disposed
        self._node.trader.add_actor(actor)
        self._kernel.msgbus.subscribe("events.system.*", self._quietly(self._component_changed))

    def detach(self) -> None:
        """End the recording, and let the node go on without it.

        Raises
        ------
        RefusedError
            The kill switch holds the node: it would be let loose.

        """
        if self._ours.killed != "none":
            raise RefusedError(
                f"the kill switch is {self._ours.killed}: a node that it holds is not let loose",
                hint="Stop the node. `tc kill clear` lets its next start trade.",
            )
        self._home.bring(self._quietly(self._end), "detached")

    def leave(self) -> None:
        """End the recording because the process ends."""
        self._quietly(self._end)("left")

    def _gated(self, recorder: LiveRecorder) -> AttachedGate:
        configured = self._stream.context.configuration.gate
        if configured is None:
            raise AssertionError("an attached run without a gate was not refused")
        return AttachedGate(self._node, recorder, self._stream, mode=configured.mode, home=self._home, only=self._only)

    def _emit(self, event: Event) -> None:
        try:
            self._stream.emit(event)
            self._hooks.recorded()
        except Exception as error:  # noqa: BLE001 - whatever it is, the node is not ours to end
            self._fail(error)

    def _started(self) -> None:
        """Take over what the venue holds, before a strategy can act, and begin to watch."""
        self._home.settle()
        self._tasks.append(self._kernel.loop.create_task(self._watched()))
        if node_venue(self._node) != self._venue:
            raise EngineError("the node sends its orders elsewhere than when it was attached to")
        check_instrument(self._kernel.cache, self._request.instrument)
        if isinstance(self._ours.gate, AttachedGate):
            self._ours.gate.take_in()
        active = self._ours.active()
        self._ours.recorder.take_over(self._own_part(taken_over(self._node, "none" if active is None else active.mode)))
        self._ours.be("trading")

    def _own_part(self, snapshot: SnapshotTaken) -> SnapshotTaken:
        """Return of a snapshot what belongs to the run's instrument, and the account."""
        only = self._request.instrument.id
        return replace(
            snapshot,
            orders=tuple(each for each in snapshot.orders if each.terms.instrument_id == only),
            positions=tuple(each for each in snapshot.positions if each.instrument_id == only),
        )

    async def _watched(self) -> None:
        """Listen and watch, keep the tape, and see whether the recording is to end; until the node stops."""
        try:
            await self._ours.socket.open()
        except OSError as error:
            self._log(f"the control socket cannot be opened ({error.strerror}); the files of the kill switch are watched")
        watching = asyncio.get_running_loop().create_task(self._ours.watch.run())
        watching.add_done_callback(self._heard)
        self._tasks.append(watching)
        self._ours.beat()
        turn = self._home.guard(self._ours.recorder.turn)
        while not self._is_over:
            turn()
            if not self._is_full and (full := self._hooks.full()):
                self._fill(full)
            elif self._hooks.stopping():
                self._asked_to_end()
            await asyncio.sleep(_PAUSE_S)

    def _heard(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled():
            self._failed(watching.exception())

    def _fill(self, full: str) -> None:
        """End the recording while there is room to seal it; the node can be killed until it stops, as after a failure."""
        self._is_full = True
        self._log(f"the recording ends, and {self._goes_on()}: {full}")
        self._home.guard(self._ours.recorder.detach)()
        self._ours.recorder.mute()
        self._ours.status.problem = self._ours.status.problem or f"the recording ended: {full}"
        gate = self._ours.gate
        if isinstance(gate, AttachedGate):
            self._quietly(gate.leave)(lets_go=False)
        self._home.is_closed = True
        self._quietly(self._ours.rest)()
        self._quietly(self._hooks.ended)(self._outcome("full"))

    def _goes_on(self) -> str:
        """Say what becomes of the node without a recording."""
        gate = self._ours.gate
        is_judged = isinstance(gate, AttachedGate) and gate.is_judging
        return "the gate denies new risk from now on" if is_judged else "the node trades on"

    def _asked_to_end(self) -> None:
        if self._ours.killed == "none":
            self._quietly(self._end)("detached")
        elif not self._is_told_to_stay:
            self._is_told_to_stay = True
            self._log(f"asked to end its recording, which goes on: the kill switch is {self._ours.killed}")

    def _component_changed(self, _event: object) -> None:
        """See when the node has stopped: nothing happens in it once its execution engine has."""
        if self._kernel.exec_engine.is_running:
            self._has_run = True
        elif self._has_run and not self._is_ending:
            self._is_ending = True
            self._kernel.loop.call_soon_threadsafe(self._quietly(self._end), "stopped")

    def _disposed(self) -> None:
        self._quietly(self._end)("stopped" if self._has_run else "left")
        self._quietly(self._hooks.released)()

    def _end(self, how: AttachmentEnd) -> None:
        """Record no more, listen no more, and tell what came of it; once."""
        if self._is_over:
            return
        self._is_over = True
        for task in self._tasks:
            with suppress(RuntimeError):  # Its loop may be closed.
                task.cancel()
        self._quietly(self._ours.socket.close)()
        self._home.guard(self._ours.recorder.detach)()
        gate = self._ours.gate
        if isinstance(gate, AttachedGate):
            self._quietly(gate.leave)(lets_go=how == "detached")
        self._home.is_closed = True
        self._ours.be("stopped")
        self._quietly(self._ours.rest)()
        self._hooks.ended(self._outcome(how))

    def _outcome(self, how: AttachmentEnd) -> AttachmentOutcome:
        recorder = self._ours.recorder
        counters = {"rows_of_others": recorder.elsewhere.rows, "events_of_others": recorder.elsewhere.events}
        now_ns = self._kernel.clock.timestamp_ns()
        return AttachmentOutcome(recorder.rows, True, now_ns, counters, how, self._ours.killed)  # noqa: FBT003

    def _failed(self, error: BaseException | None) -> None:
        if isinstance(error, Exception):
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Record nothing any more, say so once, and let the node go on; where the gate judges, it stays closed."""
        if self._failure is not None:
            return
        self._failure = error
        self._home.is_closed = True
        said = error.message if isinstance(error, TcError) else f"{type(error).__name__}: {error}"
        self._ours.recorder.mute()
        self._ours.status.problem = f"the recording stopped: {said}"
        gate = self._ours.gate
        self._log(f"the recording stopped, and {self._goes_on()}: {said}")
        if isinstance(gate, AttachedGate):
            self._quietly(gate.close)("tc cannot judge any more (its recording stopped)")
        self._quietly(self._hooks.failed)(error)

    def _quietly(self, work: Callable[..., object]) -> Callable[..., None]:
        """Return what calls it, and only logs what it raises."""

        def quiet(*arguments: Any, **named: Any) -> None:  # noqa: ANN401
            try:
                work(*arguments, **named)
            except Exception as error:  # noqa: BLE001 - whatever it is, the node is not ours to end
                self._log(f"{type(error).__name__}: {error}")

        return quiet

    def _log(self, text: str) -> None:
        said = f"tc, run {self._request.run_id}: {text}"
        self._kernel.logger.error(said)
