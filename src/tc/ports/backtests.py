"""What a flow asks of an engine that plays a dataset, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tc.ports.identities import StrategyIdentity
from tc.ports.streams import CoreStrategy, Stream
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.store.dataset import Dataset


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
