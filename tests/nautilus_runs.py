"""Small real backtests: datasets made in a folder, strategies that do one thing, and their recorded streams."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams import configuration
from tc.core import EventStreamEntry
from tc.core.events import STREAM_SCHEMA, Event, RunStarted
from tc.data.sample import prepare_sample
from tc.engines.nautilus.backtest import NautilusEngine
from tc.engines.nautilus.rows import CHUNK_ROWS
from tc.ports import BacktestRequest, EngineOutcome
from tc.runtime.stream import EventStream
from tc.spec.library import load_instrument
from tc.spec.run_spec import DataSpec, RunSpec, StrategySpec, VenueSpec
from tc.store.dataset import load_dataset

BAR_TYPE = "BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL"
INSTRUMENT = "BTCUSDT-PERP.BINANCE"


def venue(**changes: Any) -> VenueSpec:
    """Return a margin venue with a large account."""
    settings = {
        "name": "BINANCE",
        "account_type": "margin",
        "oms_type": "netting",
        "starting_balances": ("1000000 USDT",),
        "default_leverage": "10",
    }
    return VenueSpec(**{**settings, **changes})


def request(
    data_root: Path, folder: Path, *, strategy: StrategySpec, dataset: str = "btcusdt-1m-sample", **changes: Any
) -> BacktestRequest:
    """Return a request on the packaged sample; changes go into the RunSpec."""
    prepare_sample("btcusdt-sample", data_root)
    values: dict[str, Any] = {
        "spec_version": 1,
        "name": "test",
        "mode": "backtest",
        "engine": "nautilus",
        "venue": venue(),
        "instrument": INSTRUMENT,
        "strategy": strategy,
        "data": DataSpec(dataset=dataset),
        "seed": 42,
    }
    spec = RunSpec(**{**values, **changes})
    return BacktestRequest(spec, load_instrument(INSTRUMENT, search=()), load_dataset(data_root, spec.played.dataset), folder)


def write_strategy(folder: Path, body: str, *, module: str, config: str = "") -> StrategySpec:
    """Write a strategy module with the given methods; ``self.bars`` counts bars. Names of modules must differ between tests."""
    fields = config or "    pass"
    (folder / f"{module}.py").write_text(
        "from decimal import Decimal\n"
        "import pandas as pd\n"
        "from nautilus_trader.config import StrategyConfig\n"
        "from nautilus_trader.model.data import BarType\n"
        "from nautilus_trader.model.enums import *\n"
        "from nautilus_trader.model.identifiers import *\n"
        "from nautilus_trader.model.objects import Price, Quantity\n"
        "from nautilus_trader.trading.strategy import Strategy\n\n"
        f"INSTRUMENT = InstrumentId.from_str('{INSTRUMENT}')\n\n\n"
        f"class Config(StrategyConfig, frozen=True):\n{fields}\n\n\n"
        "class Subject(Strategy):\n"
        "    def __init__(self, config):\n"
        "        super().__init__(config)\n"
        "        self.bars = 0\n\n"
        "    def on_start(self):\n"
        f"        self.subscribe_bars(BarType.from_str('{BAR_TYPE}'))\n"
        "        self.started()\n\n"
        "    def started(self):\n"
        "        pass\n\n"
        "    def market(self, side, quantity, **more):\n"
        "        order = self.order_factory.market(INSTRUMENT, side, Quantity.from_str(quantity), **more)\n"
        "        self.submit_order(order)\n"
        "        return order\n\n"
        "    def limit(self, side, quantity, price, **more):\n"
        "        price = price if isinstance(price, Price) else Price(price, 1)\n"
        "        order = self.order_factory.limit(INSTRUMENT, side, Quantity.from_str(quantity), price, **more)\n"
        "        self.submit_order(order)\n"
        "        return order\n\n"
        "    def on_bar(self, bar):\n"
        "        self.bars += 1\n"
        "        self.bar(bar)\n\n"
        "    def bar(self, bar):\n"
        "        pass\n\n" + body,
        encoding="utf-8",
    )
    return StrategySpec(path=f"{module}:Subject", config_path=f"{module}:Config", python_path=(".",))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A backtest's stream: its entries, the stream itself, and the engine's answer."""

    entries: list[EventStreamEntry]
    stream: EventStream
    outcome: EngineOutcome | None

    def names(self) -> list[str]:
        """Return the names of the events, components left out."""
        return [name for name in (type(each.event).__name__ for each in self.entries) if name != "ComponentStateChanged"]

    def of(self, kind: type[Event]) -> list[Any]:
        """Return the events of a type."""
        return [each.event for each in self.entries if type(each.event) is kind]


def record(
    backtest_request: BacktestRequest, *, chunk_rows: int = CHUNK_ROWS, should_stop: Callable[[], bool] = lambda: False
) -> Recorded:
    """Run the request and record it in memory; an error is raised as the engine raises it."""
    config = configuration()
    entries: list[EventStreamEntry] = []
    backtest = NautilusEngine(chunk_rows=chunk_rows).prepare(backtest_request)
    stream = EventStream(config, append=entries.append, checkpoint=lambda position, digest: None, checkpoint_every=10**9)
    stream.emit(RunStarted(backtest.first_ns, STREAM_SCHEMA, config.fingerprint))
    outcome = backtest.run(stream, on_progress=lambda progress: None, should_stop=should_stop)
    return Recorded(entries, stream, outcome)


def rows_before(entries: Sequence[EventStreamEntry], index: int) -> int:
    """Return how many rows were taken up before an entry."""
    taken = 0
    for entry in entries[:index]:
        if type(entry.event).__name__ == "MarketDataRows":
            taken = entry.event.last_row + 1
    return taken
