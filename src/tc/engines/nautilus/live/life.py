"""What happens in a node, in order: start, take over, trade, wind down, disconnect; and what is done when something raises."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import TradingState
from nautilus_trader.trading.strategy import Strategy

from tc.core.events import Event, KillMode
from tc.engines.nautilus.live.gate import LiveGate
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.instrument import check_instrument
from tc.engines.nautilus.live.ops_actor import OpsActor
from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.recording.settling import settle_by_asking
from tc.engines.nautilus.live.recording.taking_over import claim, taken_over, unknown_part
from tc.engines.nautilus.live.recording.this_run import tell_only_this_run
from tc.engines.nautilus.live.stopping.winding_down import WindingDown
from tc.engines.nautilus.live.watching.oversight import Overseen, Oversight
from tc.engines.nautilus.observing import Doubts, RowObserver
from tc.errors import ArtifactError, EngineError, InvariantViolation, TcError
from tc.ports import LiveOutcome, NodeState, PaperRequest, Stream

_PAUSE_S = 0.05
_DISCONNECTED_S = 10.0
_ENGINES_SHARE = 0.6
"""So much of the time that a kill may take has the engine; what is left of it is for our own line."""

_TURNS_TO_END = 10
"""So many turns of the loop are given to what Nautilus has asked to end, before it is made to."""

_UNKNOWN = ("what became of its orders and positions is not known",)
_NOT_SENT = "nothing was sent any more, for nothing could be recorded"

_ENDS_THE_STREAM = (InvariantViolation, ArtifactError)
_HINT = "The node's own log is in the run directory, under logs/; error.txt has the traceback."


class Life:
    """One life of a node. All of it is on the event loop's thread.

    Parameters
    ----------
    request, node, strategy, actor
        What was asked for, and what was built of it.
    stream
        The way into the Event Stream.
    on_state, should_stop
        As the port's.

    """

    def __init__(
        self,
        request: PaperRequest,
        node: TradingNode,
        strategy: Strategy | None,
        actor: OpsActor,
        stream: Stream,
        *,
        on_state: Callable[[NodeState], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._request = request
        self._node = node
        self._kernel = node.kernel
        self._strategy = strategy
        self._stream = stream
        self._should_stop = should_stop
        self._failure: BaseException | None = None
        self._is_trading = False
        self.unsettled: tuple[str, ...] = ()
        home, doubts = Home(self._kernel.loop), Doubts()
        overseen = Overseen(
            run_id=request.run_id,
            name=request.spec.name,
            runtime_root=request.runtime_root,
            tape=request.tape,
            line=request.own_line,
            kill_seconds=request.stop_seconds * _ENGINES_SHARE,
            kill_position=request.kill_position,
            see=None if strategy is not None else RowObserver(request.instrument.id, doubts),
            first_row=request.first_row,
            since_ns=request.since_ns,
            run=request.run,
            doubts=doubts,
        )
        gate = partial(self._gated, home)
        self._ours = Oversight(node, stream, overseen, home=home, gate=gate, emit=self._emit, fail=self._fail, on_state=on_state)
        self._recorder = self._ours.recorder
        self._kill = self._ours.kill
        tell_only_this_run(node, self._ours.since_ns)
        if request.catch_up is not None:
            claim(node, stream.context.configuration, request.instrument.id, strategy, self._ours.gate)
        actor.take_over = self._take_over

    async def lived(self) -> LiveOutcome:
        """Live it; as `NautilusLiveNode.run`."""
        self._take_exceptions()
        self._ours.attach()
        watching = await self._ours.open()
        watching.add_done_callback(self._heard)
        self._ours.beat()
        killed: KillMode = "none"
        self.unsettled = _UNKNOWN
        try:
            if await self._started():
                await self._traded()
            killed = self._kill.mode
            self.unsettled = await self._wound_down()
        finally:
            watching.cancel()
            self._ours.socket.close()
            await self._disconnected()
        if self._failure is not None:
            raise self._failed(self._failure)
        counters = getattr(self._strategy, "counters", {}) if self._request.spec.stated_strategy.scenario else {}
        return LiveOutcome(self._recorder.rows, True, self._now_ns(), dict(counters), killed)  # noqa: FBT003

    async def _started(self) -> bool:
        """Connect, reconcile and start the strategies; say whether the node trades."""
        self._ours.be("starting")
        start = asyncio.get_running_loop().create_task(self._kernel.start_async())
        while not start.done():
            if self._is_over():
                start.cancel()
            await asyncio.wait({start}, timeout=_PAUSE_S)
        if start.cancelled() or self._failure is not None:
            return False
        if start.exception() is not None:
            self._fail(start.exception())
            return False
        if not self._kernel.trader.is_running:
            self._fail(EngineError("the node could not connect to its venue, or not reconcile with it", hint=_HINT))
            return False
        self._kernel.exec_engine.generate_missing_orders = self._request.reconciling.generates_missing_orders
        settle_by_asking(self._node, self._ours.pulse.is_connected)
        self._is_trading = True
        self._ours.be("trading")
        return True

    async def _traded(self) -> None:
        """Trade until asked to stop, something raised, or a flatten by the kill switch is done."""
        while not self._is_over() and not (self._kill.mode == "flatten" and self._kill.is_done):
            with suppress(TcError):  # It was noted as the failure that it is.
                self._recorder.turn()
            await asyncio.sleep(_PAUSE_S)  # Whether to stop is asked of others, who cannot wake a loop.

    async def _wound_down(self) -> tuple[str, ...]:
        """Stop the strategies, and do with orders and positions as asked; return what could not be done."""
        winding = WindingDown(self._node, self._stream, self._kill, is_native=self._strategy is None)
        if isinstance(self._failure, _ENDS_THE_STREAM):
            return (_NOT_SENT, *winding.left())
        if not (self._kill.mode == "flatten" and self._kill.is_done):
            self._ours.be("stopping")
        try:
            return await winding.done(self._request.on_stop, within_s=self._request.stop_seconds)
        except Exception as error:  # noqa: BLE001 - the strategy's own, while it is stopped
            self._fail(error)
            return (f"the node stopped in the middle of its stopping: {type(error).__name__}", *winding.left())

    async def _disconnected(self) -> None:
        """Disconnect, end what still runs, and listen no longer."""
        with suppress(Exception):
            async with asyncio.timeout(_DISCONNECTED_S):
                await self._kernel.stop_async()
        if self._ours.gate is not None:
            self._ours.gate.detach()
        with suppress(TcError):
            self._recorder.detach()
        for _ in range(_TURNS_TO_END):
            await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._ours.be("stopped")
        self._ours.rest()

    def _is_over(self) -> bool:
        return self._failure is not None or self._should_stop()

    def _emit(self, event: Event) -> None:
        try:
            self._stream.emit(event)
        except BaseException as error:  # Nautilus's bus may go on over what a listener raises.
            self._fail(error)
            raise

    def _take_over(self) -> None:
        """Enter what was taken over from the venue, before a strategy can act."""
        check_instrument(self._kernel.cache, self._request.instrument)
        active = self._ours.active()
        catch_up = self._request.catch_up
        if catch_up is not None:
            self._recorder.put(*catch_up())
        snapshot = taken_over(self._node, "none" if active is None else active.mode)
        self._recorder.take_over(snapshot if catch_up is None else unknown_part(snapshot, self._stream.context))

    def _gated(self, home: Home, recorder: LiveRecorder) -> LiveGate | None:
        configured = self._stream.context.configuration.gate
        if configured is None:
            return None
        return LiveGate(self._node, recorder, self._stream, mode=configured.mode, home=home)

    def _take_exceptions(self) -> None:
        """Take what is raised in the engines' queues and in the loop's callbacks: Nautilus would end the process over it."""
        kernel = self._kernel
        for engine in (kernel.data_engine, kernel.risk_engine, kernel.exec_engine):
            engine._handle_queue_exception = lambda error, _queue: self._fail(error)  # noqa: SLF001
        asyncio.get_running_loop().set_exception_handler(self._loop_failed)

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and "handle" in context:
            self._fail(error)
        else:
            loop.default_exception_handler(context)

    def _heard(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled() and watching.exception() is not None:
            self._fail(watching.exception())

    def _fail(self, error: BaseException | None) -> None:
        """Note the first thing that was raised. When the stream is broken, or nothing trades yet, nothing more is sent."""
        if self._failure is None:
            self._failure = error
        if isinstance(error, _ENDS_THE_STREAM) or not self._is_trading:
            self._recorder.mute()
            self._kernel.risk_engine.set_trading_state(TradingState.HALTED)

    def _failed(self, error: BaseException) -> BaseException:
        if isinstance(error, TcError):
            return error
        failed = EngineError(f"{type(error).__name__}: {error}", hint=_HINT)
        failed.__cause__ = error
        return failed

    def _now_ns(self) -> int:
        now_ns: int = self._kernel.clock.timestamp_ns()
        return now_ns
