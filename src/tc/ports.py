"""The few things a flow needs from outside: what an engine is asked, what it is given, what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tc.core import ProcessingContext
from tc.core.decision import Decision, Outcome
from tc.core.events import Event, MarketObserved
from tc.core.intents import Intent
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.store.dataset import Dataset


class DispatchError(Exception):
    """Commands that a decision sent never left for the venue; the others of the decision did.

    Parameters
    ----------
    unsent
        The ``sent`` outcomes that failed.
    reason
        Why, in words that are the same in every run.

    """

    def __init__(self, unsent: Sequence[Outcome], reason: str) -> None:
        super().__init__(reason)
        self.unsent = tuple(unsent)
        self.reason = reason


class ExecutionAdapter(Protocol):
    """What an engine behind a gate offers the Runtime: the only thing that sends, and the engine's one timer.

    Feedback may be emitted while a method runs: it waits its turn in the stream.
    """

    def carry_out(self, decision: Decision) -> None:
        """Send what the decision sent, in its order, and tell the engine what became of the rest.

        What a gate that only observes would have done is for the record: what came through the engine has gone its way already,
        and what a Core-native strategy asked for (there is no other way for it) is sent whatever the outcome.

        Raises
        ------
        DispatchError
            Some of it never left; what could be sent was sent.

        """
        ...

    def set_timer(self, deadline_ns: int) -> None:
        """Call `Stream.reach` at the deadline, after everything else of that stamp; replaces the timer that was set before.

        A deadline that is now or past rings at the end of the present stamp.
        """
        ...

    def clear_timer(self) -> None:
        """Call nothing any more."""
        ...

    def latest(self, instrument_id: str, at_ns: int) -> MarketObserved | None:
        """Return the latest that was seen of an instrument's market, or None when nothing was."""
        ...


class Stream(Protocol):
    """What an engine is given to run with: the way into the Event Stream, and back out of it."""

    @property
    def context(self) -> ProcessingContext:
        """The read-only view of the stream as it stands."""
        ...

    @property
    def is_waiting(self) -> bool:
        """Whether something is queued, in flight or due at a deadline, so that feedback must be taken in at once."""
        ...

    def emit(self, event: Event) -> None:
        """Take an event into the stream, in the order of the calls; one that arrives during a step waits its turn."""
        ...

    def attach(self, adapter: ExecutionAdapter) -> None:
        """Say who carries decisions out; nothing is sent before."""
        ...

    def reach(self, now_ns: int) -> None:
        """Realise every deadline up to now: the engine's timer rang."""
        ...


class CoreStrategy(Protocol):
    """A strategy that is a pure function of what may be read of the stream."""

    def evaluate(self, context: ProcessingContext) -> Sequence[Intent]:
        """Return what is asked for now: zero or more Intents."""
        ...


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """One module that a strategy is made of, outside the installed packages: its name, its file, its bytes and their SHA-256."""

    module: str
    file: Path
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class StrategyIdentity:
    """Which strategy runs: its name, its own modules by digest, and the versions of the installed packages it uses."""

    name: str
    version: str
    parameters: Mapping[str, Any]
    modules: tuple[ModuleSource, ...]
    packages: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """Return the identity as a part of the effective configuration; where files lie is no part of it."""
        return {
            "name": self.name,
            "version": self.version,
            "parameters": dict(self.parameters),
            "modules": {each.module: each.sha256 for each in self.modules},
            "packages": dict(self.packages),
        }


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """Everything that an engine needs to know of one backtest.

    Parameters
    ----------
    spec, instrument, dataset
        What to run, validated.
    spec_folder
        The folder that the strategy's python_path is relative to.
    code_folder
        Where the strategy's modules are found instead of its python_path: the copies that a run directory keeps.

    """

    spec: RunSpec
    instrument: InstrumentSpec
    dataset: Dataset
    spec_folder: Path
    code_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: rows played of all rows to play, and events emitted."""

    rows: int
    rows_total: int
    events: int


@dataclass(frozen=True, slots=True)
class EngineOutcome:
    """What an engine answers when it did not fail: rows played, and whether it was asked to stop before the end.

    ``strategy_counters`` are what a packaged scenario counted, by name; ``at_ns`` is the engine's last local stamp.
    """

    rows: int
    is_stopped: bool
    at_ns: int
    strategy_counters: Mapping[str, int]


class Backtest(Protocol):
    """One backtest, checked and ready: made by an `Engine`, run once; ``core_strategy`` is what the Runtime evaluates, if any."""

    identity: StrategyIdentity
    core_strategy: CoreStrategy | None
    first_ns: int
    rows_total: int

    def run(self, stream: Stream, *, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> EngineOutcome:
        """Play the rows to the end, emitting every event; EngineError when the engine or the strategy raised."""
        ...

    def close(self) -> None:
        """Give back what the engine holds; whether it ran or not."""
        ...


class Engine(Protocol):
    """An engine that can run a RunSpec."""

    name: str
    version: str

    def settings(self) -> dict[str, Any]:
        """Return every setting of the engine that could change a result, with its effective value."""
        ...

    def prepare(self, request: BacktestRequest) -> Backtest:
        """Check everything that can be checked before the engine starts: DocumentError when the request is wrong."""
        ...
