"""What a flow asks of an engine whose node somebody else runs, and what it is told of that node."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from tc.core.events import KillMode
from tc.ports.backtests import EngineOutcome
from tc.ports.identities import StrategyIdentity
from tc.ports.lives import NodeState, OwnLine, TapeWriter
from tc.ports.streams import Stream
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.store.layout import RunDirectory

AttachmentEnd = Literal["stopped", "detached", "full", "left"]
"""The node stopped; it goes on without us, as its script asked, or because the disk is full; or its process ends and it was
never stopped."""


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """Everything that an engine needs to know of one node that it is attached to.

    Parameters
    ----------
    spec, instrument
        What to record and how to judge it, validated.
    run_id, runtime_root
        The run's id, and where kill switch and control sockets are found.
    tape
        Keeps the market data.
    line
        Our own line to the node's venue; or, in words, why nothing of the node may be controlled from here: it is only watched.
    kill_seconds
        How long a kill may take.
    kill_position, run
        As a paper run's.

    """

    spec: RunSpec
    instrument: InstrumentSpec
    run_id: str
    runtime_root: Path
    tape: TapeWriter
    line: OwnLine | str
    kill_seconds: float = 10.0
    kill_position: int | None = None
    run: RunDirectory | None = None


@dataclass(frozen=True, slots=True)
class AttachmentOutcome(EngineOutcome):
    """What came of an attachment that ended without a failure, and what the kill switch was set to."""

    how: AttachmentEnd = "stopped"
    killed: KillMode = "none"


@dataclass(frozen=True, slots=True)
class AttachmentHooks:
    """What a flow is told, each on the node's own thread; none of it waits long.

    Parameters
    ----------
    recorded
        An event was taken in: it is to outlive this process.
    stopping
        Says whether somebody asked for the end of the recording.
    full
        Says in words that the disk has no room for more of it; empty while it has.
    on_state
        The node came to a state.
    failed
        Something of ours raised: nothing more is recorded.
    ended
        The recording is over, also when it had failed; told once more when the node is, whose recording was over before it.
    released
        The node is disposed of: what is still to be done is waited for.

    """

    recorded: Callable[[], None]
    stopping: Callable[[], bool]
    full: Callable[[], str]
    on_state: Callable[[NodeState], None]
    failed: Callable[[Exception], None]
    ended: Callable[[AttachmentOutcome], None]
    released: Callable[[], None]


class Attachment(Protocol):
    """One attachment to a node, checked and ready."""

    identity: StrategyIdentity

    def attach(self, stream: Stream, hooks: AttachmentHooks) -> None:
        """Record and judge from now on, for as long as the node lives."""
        ...

    def detach(self) -> None:
        """End the recording, and let the node go on without it; RefusedError while the kill switch holds the node."""
        ...

    def leave(self) -> None:
        """End the recording because the process ends."""
        ...


class AttachingEngine(Protocol):
    """An engine that can be attached to a node of its kind."""

    name: str
    version: str

    def prepare(self, request: AttachRequest) -> Attachment:
        """Check everything that can be checked before anything is changed: DocumentError when it cannot be attached to."""
        ...
