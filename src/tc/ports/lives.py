"""What a flow asks of an engine that runs a live node, and what it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from tc.core.events import Event, KillMode
from tc.ports.backtests import EngineOutcome
from tc.ports.identities import StrategyIdentity
from tc.ports.streams import CoreStrategy, Stream
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.spec.venue_url import VenueUrl
from tc.store.layout import RunDirectory
from tc.store.tape import TapeEvent, TapeRow

OnStop = Literal["leave", "cancel", "flatten"]
NodeState = Literal["replaying", "starting", "trading", "stopping", "halting", "halted", "stopped"]
"""Where a node stands: a kill makes it ``halting``, and it is ``halted`` once all that the kill asks for is true. One that goes
on with a run begins by ``replaying`` it, and one that has ``stopped`` has yet to report and seal it."""


class TapeWriter(Protocol):
    """Keeps the market data that a node sees, in the order in which it sees it."""

    @property
    def id(self) -> str:
        """What the tape's rows are referred to by in the Event Stream, in the place of a dataset's fingerprint."""
        ...

    def append(self, row: TapeRow) -> int:
        """Keep a row and return its number, from 0; rows are numbered on when the tape keeps no more."""
        ...

    def turn(self) -> Sequence[TapeEvent]:
        """Return what is to be recorded of the tape since the last call; called now and then, it never waits for the disk."""
        ...

    def close(self) -> Sequence[TapeEvent]:
        """Put on disk what was kept, and return what is to be recorded of it; nothing more is kept."""
        ...


class OwnLine(Protocol):
    """Our own signed line to the venue, which a node asks when it is to say that nothing is left, and that needs no engine."""

    async def left(self) -> tuple[str, ...]:
        """Return what is open or held at the venue, in words; nothing when it is flat. UnreachableError is never flat."""
        ...

    async def flatten(self) -> tuple[str, ...]:
        """Cancel and close all that the account has there, and return what is left; UnreachableError as `left`."""
        ...


@dataclass(frozen=True, slots=True)
class Reconciling:
    """What the engine itself does about differences to the venue; everything that would invent facts is off.

    Parameters
    ----------
    at_start, lookback_minutes
        Whether the venue's orders, fills and positions are taken over before trading starts, and how far back.
    generates_missing_orders
        Whether the engine invents orders and fills to explain a position.
    in_flight_check_ms, in_flight_threshold_ms, in_flight_retries
        How often orders that were not acknowledged are asked for, from which age on, and how often; 0 never asks.
    open_check_seconds, position_check_seconds
        How often the engine compares its open orders and positions with the venue, and heals; None never.

    """

    at_start: bool = True
    lookback_minutes: int | None = None
    generates_missing_orders: bool = False
    in_flight_check_ms: int = 0
    in_flight_threshold_ms: int = 5_000
    in_flight_retries: int = 5
    open_check_seconds: float | None = None
    position_check_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class PaperRequest:
    """Everything that an engine needs to know of one live node.

    Parameters
    ----------
    spec, instrument
        What to run, validated.
    spec_folder, code_folder
        As a backtest's.
    venue_url
        The venue, judged to be one that orders may go to.
    api_key_name, api_secret_name
        The environment variables that hold the keys; their values are read in the node's process only.
    trader_id, run_id
        The node's name for itself at the venue, and the run's id.
    logs
        The folder that the node's log files are written to.
    runtime_root
        Where kill switch and control sockets are found.
    tape
        Keeps the market data.
    own_line
        Asks and flattens the venue without the engine.
    on_stop
        What becomes of orders and positions when the node is asked to stop: it does this itself, through the gate.
    stop_seconds
        How long that may take, a flatten by the kill switch included.
    reconciling
        What the engine itself does about differences.
    most_retries
        How often the adapter sends a request again that the venue answered with a limit or a passing error.
    first_row
        The number of the first row of market data that the node sees.
    kill_position
        So many requests of the kill switch's records were made before the run: a later one is carried out, also when it was
        cleared before the node looked. None takes those that there are when the node is built.
    catch_up
        Where a run goes on: asks the venue once more, and returns what of the run's orders was not recorded yet. The orders and
        the position are the strategy's then, as they were.
    since_ns
        When the run began, where it goes on: what had ended at the venue before is another run's. None where it begins now.
    run
        Where the node's heartbeat is written; None for nowhere.

    """

    spec: RunSpec
    instrument: InstrumentSpec
    spec_folder: Path
    venue_url: VenueUrl
    run_id: str
    logs: Path
    runtime_root: Path
    tape: TapeWriter
    own_line: OwnLine
    api_key_name: str = "TC_VENUE_API_KEY"
    api_secret_name: str = "TC_VENUE_API_SECRET"  # noqa: S105 - a name
    trader_id: str = "TC-001"
    on_stop: OnStop = "cancel"
    stop_seconds: float = 10.0
    reconciling: Reconciling = Reconciling()
    most_retries: int = 3
    code_folder: Path | None = None
    first_row: int = 0
    kill_position: int | None = None
    catch_up: Callable[[], Sequence[Event]] | None = None
    since_ns: int | None = None
    run: RunDirectory | None = None


@dataclass(frozen=True, slots=True)
class LiveOutcome(EngineOutcome):
    """What a node answers when it ended in order.

    ``killed`` is the mode of the kill switch that ended or held the run, ``none`` when it did not.
    """

    killed: KillMode = "none"


class LiveNode(Protocol):
    """One node, checked and ready: made by a `LiveEngine`, run once; ``core_strategy`` is what the Runtime evaluates, if any.

    ``unsettled`` says, once it has run and also where that raised, what of ``on_stop`` or of the kill could not be done or
    confirmed, in words: whoever started the node does it then.
    """

    identity: StrategyIdentity
    core_strategy: CoreStrategy | None
    unsettled: tuple[str, ...]

    def run(self, stream: Stream, *, on_state: Callable[[NodeState], None], should_stop: Callable[[], bool]) -> LiveOutcome:
        """Connect, trade until asked to stop or killed, and disconnect; EngineError when the engine or the strategy raised."""
        ...

    def close(self) -> None:
        """Give back what the node holds; whether it ran or not."""
        ...


class LiveEngine(Protocol):
    """An engine that can run a paper RunSpec."""

    name: str
    version: str

    def settings(self) -> dict[str, Any]:
        """Return every setting of the engine that could change a result, with its effective value."""
        ...

    def prepare(self, request: PaperRequest) -> LiveNode:
        """Check everything that can be checked before the node connects: DocumentError when the request is wrong."""
        ...
