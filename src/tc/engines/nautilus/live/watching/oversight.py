"""Everything of ours in one live node, wired: recorder, gate, kill, the watch over the kill files, status and control socket."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nautilus_trader.model.identifiers import InstrumentId

from tc.core.events import Event, KillMode, KillSwitchChanged
from tc.engines.nautilus.live.gate import LiveGate
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.recording.recorder import LiveRecorder
from tc.engines.nautilus.live.recording.this_run import only_this_run
from tc.engines.nautilus.live.stopping.kill import Kill
from tc.engines.nautilus.live.watching.control_socket import ControlSocket
from tc.engines.nautilus.live.watching.integrity import FeedIntegrity
from tc.engines.nautilus.live.watching.pulse import Pulse
from tc.engines.nautilus.live.watching.status import Status
from tc.engines.nautilus.live.watching.watch import Watch
from tc.engines.nautilus.observing import Doubts
from tc.engines.nautilus.seams import HasKernel
from tc.errors import RefusedError
from tc.ports import NodeState, OwnLine, Stream, TapeWriter
from tc.store.kill_switch import FOLDER, Active, KillSwitch
from tc.store.layout import RunDirectory
from tc.store.nodes import socket_path

_HEAL_S = 5.0

MakeGate = Callable[[LiveRecorder], LiveGate | None]
"""Makes the gate in front of a node whose recorder is given, where the run is gated or observed."""


@dataclass(frozen=True, slots=True)
class Overseen:
    """What is overseen, and by which means.

    Parameters
    ----------
    run_id, name, runtime_root
        The run, its name, and where kill switch and control socket are found.
    tape
        Keeps the market data.
    line
        Our own line to the venue; or, in words, why nothing here may be controlled.
    kill_seconds
        How long a kill may take.
    kill_position
        So many requests of the kill switch's records were made before the run; None takes those that there are now.
    see, first_row, only
        As the recorder's.
    since_ns
        When the run began; None where it begins now. What had ended at the venue before is another run's.
    run
        Where the node's heartbeat is written; None for nowhere.
    doubts
        Holds since when the market data is in doubt; who makes events of rows by ``see`` asks it, too.

    """

    run_id: str
    name: str
    runtime_root: Path
    tape: TapeWriter
    line: OwnLine | str
    kill_seconds: float
    kill_position: int | None = None
    see: Callable[[Any, int], Event] | None = None
    first_row: int = 0
    only: InstrumentId | None = None
    since_ns: int | None = None
    run: RunDirectory | None = None
    doubts: Doubts = field(default_factory=Doubts)


class Oversight:
    """Oversees one node. All of it is on the event loop's thread.

    Parameters
    ----------
    node, stream, overseen
        The node, who decides, and what of it is overseen.
    home
        Brings calls home to the loop's thread.
    gate
        Makes the gate.
    emit
        Takes each event into the stream.
    fail
        Receives what the kill raised.
    on_state
        Receives each state that the node comes to.

    """

    def __init__(
        self,
        node: HasKernel,
        stream: Stream,
        overseen: Overseen,
        *,
        home: Home,
        gate: MakeGate,
        emit: Callable[[Event], None],
        fail: Callable[[BaseException | None], None],
        on_state: Callable[[NodeState], None],
    ) -> None:
        self._kernel = node.kernel
        self._overseen = overseen
        self._node = node
        self._on_state = on_state
        self.since_ns = node.kernel.clock.timestamp_ns() if overseen.since_ns is None else overseen.since_ns
        self._noted: KillMode = "none"
        self._switch = KillSwitch(overseen.runtime_root / FOLDER)
        self._since = self._switch.position if overseen.kill_position is None else overseen.kill_position
        self.recorder = LiveRecorder(
            node,
            emit,
            tape=overseen.tape,
            home=home,
            is_known=lambda key: stream.context.terms(key) is not None,
            see=overseen.see,
            first_row=overseen.first_row,
            only=overseen.only,
        )
        self.gate = gate(self.recorder)
        if self.gate is not None:
            self.gate.adapter.market.doubts = overseen.doubts
        integrity = FeedIntegrity(node, self.recorder, home=home, doubts=overseen.doubts)
        line = overseen.line
        self._kill = line if isinstance(line, str) else self._killing(node, stream, line, fail)
        self.watch = Watch(self.active, self._noted_only if isinstance(self._kill, str) else self._kill.ask)
        self.status = Status(node, stream, self.recorder, self.watch, run_id=overseen.run_id)
        self.pulse = Pulse(node, stream, self.recorder, self.watch, self.status, integrity, run=overseen.run)
        self._beating: asyncio.Task[None] | None = None
        self.socket = ControlSocket(
            socket_path(overseen.runtime_root, overseen.run_id),
            self._kill,
            status=self.status.snapshot,
            holdings=self.status.holdings,
            heal=self.healed,
        )

    @property
    def kill(self) -> Kill:
        """What carries a kill out; RefusedError where nothing may be controlled."""
        if isinstance(self._kill, str):
            raise RefusedError(self._kill)
        return self._kill

    @property
    def killed(self) -> KillMode:
        """What the kill switch was set to here."""
        return "none" if isinstance(self._kill, str) else self._kill.mode

    def active(self) -> Active | None:
        """Return the kill switch that is active for the node, or was since its run began: a node may have slept through it."""
        return self._switch.effective_since(self._since, run_id=self._overseen.run_id, name=self._overseen.name)

    def attach(self) -> None:
        """Record and judge from now on."""
        self.recorder.attach()
        if self.gate is not None:
            self.gate.attach()

    async def open(self) -> asyncio.Task[None]:
        """Listen, and return the task of the watch, which is to be cancelled in the end."""
        await self.socket.open()
        return asyncio.get_running_loop().create_task(self.watch.run())

    def beat(self) -> None:
        """Tell how the node is from now on, again and again."""
        self._beating = asyncio.get_running_loop().create_task(self.pulse.run())

    def rest(self) -> None:
        """Tell it once more, and end."""
        if self._beating is not None:
            with suppress(RuntimeError):  # Its loop may be closed.
                self._beating.cancel()
        self.pulse.end()

    def be(self, state: NodeState) -> None:
        """Note the state that the node has come to, once."""
        if state != self.status.state:
            if state == "trading":
                self.watch.count()
            self.status.state = state
            self._on_state(state)

    async def healed(self) -> bool:
        """Let Nautilus take over what the venue says of this run; asked for, it may invent orders that explain a position."""
        engine = self._kernel.exec_engine
        before, engine.generate_missing_orders = engine.generate_missing_orders, True
        try:
            with only_this_run(self._node, self.since_ns):
                is_healed: bool = await engine.reconcile_execution_state(timeout_secs=_HEAL_S)
        finally:
            engine.generate_missing_orders = before
        return is_healed

    def _killing(self, node: HasKernel, stream: Stream, line: OwnLine, fail: Callable[[BaseException | None], None]) -> Kill:
        return Kill(
            node,
            stream,
            self.recorder,
            own_line=line,
            seconds=self._overseen.kill_seconds,
            changed=self._be_killed,
            fail=fail,
        )

    def _be_killed(self) -> None:
        if self.kill.mode != "reduce" and self.status.state != "stopping":
            self.be("halted" if self.kill.is_halted else "halting")

    def _noted_only(self, mode: KillMode, reason: str, actor: str) -> None:
        """Record that the switch is on, each mode once: nothing may be done about it here."""
        if mode != self._noted:
            self._noted = mode
            self.recorder.put(KillSwitchChanged(self._kernel.clock.timestamp_ns(), mode, actor, reason))
