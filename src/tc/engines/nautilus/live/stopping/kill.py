"""A node's kill, from the first word to HALTED: block, annihilate what is held, cancel, flatten, prove that nothing is left."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from nautilus_trader.model.enums import TradingState

from tc.core.events import KillMode, KillStep, KillSwitchAdvanced, KillSwitchChanged
from tc.core.reserved import is_flattens
from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.stopping.adapters import Adapters
from tc.engines.nautilus.seams import HasKernel
from tc.errors import UnreachableError
from tc.ports import OwnLine, Stream
from tc.store.kill_switch import STRICTNESS

_PAUSE_S = 0.001
_TURNS_OF_QUIET = 3
"""Nautilus hands commands from queue to queue by way of the loop: what is quiet for so many of its turns is quiet."""

_TRADING_STATES: Mapping[KillMode, TradingState] = {
    "reduce": TradingState.REDUCING,
    "halt": TradingState.HALTED,
    "halt_all": TradingState.HALTED,
    "flatten": TradingState.HALTED,
}
"""Where no gate holds commands back, Nautilus's own switch is all there is."""

Tell = Callable[[Mapping[str, Any]], None]
"""Receives each step as it is taken: its name, stamp, position, latency and detail."""


class Kill:
    """Carries out what the kill switch asks of one node. It is asked on the loop's thread, as often as anybody likes.

    A stricter mode takes over from a milder one; the milder one changes nothing. Nothing is ever taken back here.

    Parameters
    ----------
    node, stream, recorder
        The node, who decides, and who records.
    own_line
        Asks the venue, and flattens it where the engine cannot.
    seconds
        How long all of it may take.
    changed
        Called when a kill begins, and when it is halted.
    fail
        Called with what it raised, should the stream be broken.

    """

    def __init__(
        self,
        node: HasKernel,
        stream: Stream,
        recorder: LiveRecorder,
        *,
        own_line: OwnLine,
        seconds: float,
        changed: Callable[[], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._kernel = node.kernel
        self._stream = stream
        self._recorder = recorder
        self._own_line = own_line
        self._seconds = seconds
        self._changed = changed
        self._fail = fail
        self._adapters = Adapters(node)
        self._told: list[Tell] = []
        self._asked_ns = 0
        self._task: asyncio.Task[None] | None = None
        self.mode: KillMode = "none"
        self.left: tuple[str, ...] = ()
        self.is_halted = False

    def ask(self, mode: KillMode, reason: str, actor: str, tell: Tell | None = None) -> bool:
        """Take the first steps now, and go on with the others; say whether the mode was taken, being stricter than the last."""
        if STRICTNESS.index(mode) <= STRICTNESS.index(self.mode):
            return False
        now_ns = self._asked_ns = self._now_ns()
        if tell is not None:
            self._told.append(tell)
        self.mode, self.is_halted, self.left = mode, False, ()
        held = [each.key for each in self._stream.context.pending_commands()]
        self._recorder.put(KillSwitchChanged(now_ns, mode, actor, reason))
        if not self._is_gated():
            self._kernel.risk_engine.set_trading_state(_TRADING_STATES[mode])
        ended = self._end_retries()
        self._changed()
        self._take("blocked", f"mode {mode}; {ended} retries ended")
        ended_unsent = sum(1 for key in held if self._stream.context.pending(key) is None)
        self._take("annihilated", f"{ended_unsent} of {len(held)} waiting commands ended unsent")
        if self._task is not None:
            self._task.cancel()
        self._task = None if mode == "reduce" else asyncio.get_running_loop().create_task(self._carried_out(mode))
        return True

    @property
    def is_done(self) -> bool:
        """Whether nothing more is being done, well or badly."""
        return self._task is None or self._task.done()

    async def done(self) -> None:
        """Wait until nothing more is being done."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def quiet(self) -> None:
        """Wait until nothing is under way between the Core, Nautilus and the venue."""
        turns = 0
        while turns < _TURNS_OF_QUIET:
            turns = 0 if self.under_way() else turns + 1
            await asyncio.sleep(0 if turns else _PAUSE_S)

    def under_way(self) -> tuple[str, ...]:
        """Return what waits, is in flight, or may still reach the venue, in words; unrecorded, what Nautilus says."""
        if self._recorder.is_muted:
            return self._adapters.under_way()
        context = self._stream.context
        waiting = (f"{context.pending_count} commands wait",) if context.pending_count else ()
        flying = tuple(f"{each.kind} of {each.key} is in flight" for each in context.commands_in_flight())
        return (*waiting, *flying, *self._adapters.under_way())

    def hold(self, reason: str) -> None:
        """Let nothing but cancels through from now on, unless less is let through already; for a node that stops by itself."""
        if self._stream.context.kill_switch in ("none", "reduce"):
            self._recorder.put(KillSwitchChanged(self._now_ns(), "halt", "node", reason))

    def listen(self, tell: Tell) -> None:
        """Tell the steps that are still to come."""
        self._told.append(tell)

    async def _carried_out(self, mode: KillMode) -> None:
        try:
            await self._steps(mode)
        except Exception as error:  # noqa: BLE001 - a task of its own: nobody else would hear of it
            self._fail(error)

    async def _steps(self, mode: KillMode) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                if mode == "flatten" and self._is_gated():
                    await self._flattened()
                await self._still()
                self.left = await self._left_of(mode)
        except TimeoutError:
            await self._forced(mode)
        except UnreachableError as error:
            self.left = (f"the venue does not answer: {error.message}",)
        if self.left and mode == "flatten":
            self._take("failed", "; ".join(self.left))
            return
        self.is_halted = True
        self._changed()
        self._take("halted", "; ".join(self.left))

    async def _flattened(self) -> None:
        """Wait for the Core: it cancels, and then it closes, and then it sets the switch to ``halt``."""
        context = self._context
        await self._until(lambda: next(context().open_orders(), None) is None)
        self._take("cancelled")
        await self._until(lambda: context().kill_switch != "flatten")
        self._take("flattened")

    async def _still(self) -> None:
        """Wait until all is quiet; what fails meanwhile is not sent again."""
        turns = 0
        while turns < _TURNS_OF_QUIET:
            self._end_retries()
            turns = 0 if self.under_way() else turns + 1
            await asyncio.sleep(0 if turns else _PAUSE_S)

    async def _left_of(self, mode: KillMode) -> tuple[str, ...]:
        """Return what the venue itself says is left; for a flatten, after it was taken as well."""
        left = await self._own_line.left()
        if left and mode == "flatten":
            left = await self._own_line.flatten()
            await self._still()
        return left

    async def _forced(self, mode: KillMode) -> None:
        """Do over our own line what the engine did not do in its time."""
        stuck = self.under_way()
        try:
            self.left = await (self._own_line.flatten() if mode == "flatten" else self._own_line.left())
        except UnreachableError as error:
            self.left = (f"the venue does not answer: {error.message}",)
        if self.under_way():
            self.left = (*self.left, *(self.under_way() or stuck))
        if mode == "flatten" and self._context().kill_switch == "flatten":
            # The Core knows of something that the venue does not have: nothing more is to be asked for it.
            self._recorder.put(KillSwitchChanged(self._now_ns(), "halt", "node", "nothing more can be done by the engine"))

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._end_retries()
            await asyncio.sleep(_PAUSE_S)

    def _end_retries(self) -> int:
        return self._adapters.end_retries(self._is_flattens)

    def _is_flattens(self, key: str) -> bool:
        terms = self._stream.context.terms(key)
        return terms is not None and is_flattens(terms)

    def _take(self, step: KillStep, detail: str = "") -> None:
        now_ns = self._now_ns()
        latency_ns = now_ns - self._asked_ns
        self._recorder.put(KillSwitchAdvanced(now_ns, step, latency_ns, detail))
        said = {
            "step": step,
            "at_ns": now_ns,
            "position": int(self._stream.context.position),
            "latency_ns": latency_ns,
            "mode": self.mode,
            "detail": detail,
        }
        for tell in self._told:
            tell(said)

    def _is_gated(self) -> bool:
        """Whether the Core acts: it does nothing any more once nothing is recorded."""
        gate = self._stream.context.configuration.gate
        return gate is not None and gate.mode == "on" and not self._recorder.is_muted

    def _context(self) -> Any:  # noqa: ANN401
        return self._stream.context

    def _now_ns(self) -> int:
        now_ns: int = self._kernel.clock.timestamp_ns()
        return now_ns
