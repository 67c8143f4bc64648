"""The few things a flow needs from outside: what an engine is asked, what it answers, what it reports on its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tc.core.events import Event
from tc.spec.instrument import InstrumentSpec
from tc.spec.run_spec import RunSpec
from tc.store.dataset import Dataset

Emit = Callable[[Event], None]
"""Takes an event into the Event Stream, in the order of the calls."""


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
    """One backtest, checked and ready: made by an `Engine`, run once."""

    identity: StrategyIdentity
    first_ns: int
    rows_total: int

    def run(self, emit: Emit, *, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> EngineOutcome:
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
