"""Small real backtests in hftbacktest: books written out row by row, strategies as scripts, and their recorded streams."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tc.core import CoreConfiguration, EventStreamEntry
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.decision import Decision
from tc.core.events import STREAM_SCHEMA, Event, RunCompleted, RunStarted
from tc.core.intents import CancelIntent, Intent, NewIntent, ReplaceIntent
from tc.engines.hft.backtest import HftBacktest, HftEngine
from tc.engines.hft.process import HftProcess
from tc.engines.hft.settings import HftSettings
from tc.ports import BacktestRequest, CoreStrategy
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document
from tc.spec.gate_spec import LIMITS, RiskSpec
from tc.spec.library import load_instrument
from tc.spec.run_spec import CoreSpec, DataSpec, PriceHistorySpec, RunSpec, StrategySpec, VenueSpec
from tc.store.dataset import Dataset, DatasetPart
from warm import HFT, WarmProcess, template

INSTRUMENT = "BTCUSDT-PERP.BINANCE"
START_NS = 1_700_000_000_000_000_000
MS = 1_000_000
FAST = HftSettings(order_entry_ns=2 * MS, order_response_ns=3 * MS, feed_ns=MS)

UNLIMITED = RiskSpec(**dict.fromkeys(LIMITS))

type Row = tuple[float, str, str, str, str] | tuple[float, str, str, str, str, bool]
"""Local stamp in milliseconds from the start, kind, side, price, size; and whether it belongs to a snapshot."""

BOOK: tuple[Row, ...] = (
    (0, "clear", "NONE", "0", "0", True),
    (0, "delta", "BUY", "99.9", "5", True),
    (0, "delta", "BUY", "99.8", "7", True),
    (0, "delta", "SELL", "100.1", "5", True),
    (0, "delta", "SELL", "100.2", "7", True),
)


def quiet(*stamps: float) -> tuple[Row, ...]:
    """Return rows that change nothing at the best: they let time pass."""
    return tuple((stamp, "delta", "BUY", "90.0", "1") for stamp in stamps)


def ticks(*stamps: float) -> tuple[Row, ...]:
    """Return rows that change the quantity at the best ask, so that a strategy is asked at each."""
    return tuple((stamp, "delta", "SELL", "100.1", str(Decimal(str(stamp)).scaleb(-1) + 5)) for stamp in stamps)


def frame(rows: Sequence[Row], *, behind_ns: int = MS, jitter: bool = False) -> pl.DataFrame:
    """Return rows as `read_book` does; the venue stamps them a millisecond before us, every second one later with jitter."""
    stamps = [START_NS + int(row[0] * MS) for row in rows]
    return pl.DataFrame(
        {
            "ts_event": [stamp - behind_ns * (1 + 15 * (jitter and at % 2)) for at, stamp in enumerate(stamps)],
            "ts_init": stamps,
            "kind": [row[1] for row in rows],
            "side": [row[2] for row in rows],
            "price": [int(Decimal(row[3]).scaleb(1)) for row in rows],
            "size": [int(Decimal(row[4]).scaleb(3)) for row in rows],
            "is_snapshot": [len(row) > 5 and bool(row[5]) for row in rows],
        }
    )


def dataset(rows: pl.DataFrame, *kinds: str) -> Dataset:
    """Return the manifest of a dataset that has no files."""
    first_ns, last_ns = rows["ts_init"].min(), rows["ts_init"].max()
    parts = tuple(
        DatasetPart(kind, INSTRUMENT, f"{kind}.parquet", len(rows), first_ns, last_ns, "0" * 64)  # type: ignore[arg-type]
        for kind in kinds or ("book", "trades")
    )
    return Dataset(1, "book", INSTRUMENT, 1, 3, parts, "0" * 64, (), Path())


def request(rows: Sequence[Row], *, spec_folder: Path = Path(), **changes: Any) -> BacktestRequest:
    """Return a request on a written-out book; changes go into the RunSpec."""
    values: dict[str, Any] = {
        "spec_version": 1,
        "name": "test",
        "mode": "backtest",
        "engine": "hftbacktest",
        "venue": VenueSpec(
            name="BINANCE", account_type="margin", oms_type="netting", starting_balances=("1000 USDT",), default_leverage="10"
        ),
        "instrument": INSTRUMENT,
        "strategy": StrategySpec(
            core="tc.strategies.quoter:TwoSidedQuoter", parameters={"tick": "0.1", "quantity": "1", "max_position": "2"}
        ),
        "data": DataSpec(dataset="book"),
        "seed": 1,
        "gate": "on",
        "risk": RiskSpec(profile="research"),
        "core": CoreSpec(price_history=PriceHistorySpec(samples=64, every_s="0.001")),
    }
    spec = RunSpec(**{**values, **changes})
    instrument = load_instrument(INSTRUMENT, search=())
    return BacktestRequest(spec, instrument, dataset(frame(rows)), spec_folder)


@dataclass
class Script:
    """A strategy that asks for what its list says at a stamp, once: (milliseconds from the start, intents)."""

    lines: Sequence[tuple[float, Any]]
    done: int = 0

    def evaluate(self, context: Any) -> Sequence[Intent]:
        """Return the intents of the lines that are due."""
        if self.done < len(self.lines) and context.stream_time_ns >= START_NS + int(self.lines[self.done][0] * MS):
            self.done += 1
            intents: Sequence[Intent] = self.lines[self.done - 1][1]
            return intents
        return ()


def new(key: str, side: str, quantity: str, price: str | None = None, **more: Any) -> NewIntent:
    """Return a NEW: a limit order when it has a price."""
    order_type = "MARKET" if price is None else "LIMIT"
    limit = None if price is None else Decimal(price)
    return NewIntent(key, INSTRUMENT, side, Decimal(quantity), order_type, limit, **more)  # type: ignore[arg-type]


def replace(key: str, quantity: str | None = None, price: str | None = None) -> ReplaceIntent:
    """Return a REPLACE."""
    return ReplaceIntent(key, None if quantity is None else Decimal(quantity), None if price is None else Decimal(price))


def cancel(key: str) -> CancelIntent:
    """Return a CANCEL."""
    return CancelIntent(key)


@dataclass
class Recorded:
    """A backtest's stream: its entries, its decisions, the stream itself, and the engine's answer."""

    configuration: CoreConfiguration
    entries: list[EventStreamEntry] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    stream: Any = None
    outcome: Any = None

    def of(self, *kinds: type[Event]) -> list[Any]:
        """Return the events of some types."""
        return [each.event for each in self.entries if type(each.event) in kinds]

    def story(self, key: str) -> list[tuple[float, str]]:
        """Return what happened to an order: (milliseconds from the start, event)."""
        return [
            ((each.event.at_ns - START_NS) / MS, type(each.event).__name__)
            for each in self.entries
            if getattr(each.event, "client_order_id", None) == key
        ]


def configuration(asked: BacktestRequest, backtest: HftBacktest, engine: HftEngine) -> CoreConfiguration:
    """Return the configuration that the flow would make of the request, as far as the Core needs it."""
    document: Mapping[str, object] = {
        "configuration_version": CONFIGURATION_VERSION,
        "core": core_document(asked.spec, asked.instrument),
        "engine": engine.settings(),
        "strategy": backtest.identity.document(),
    }
    return CoreConfiguration.from_document(document)


def warm_process() -> HftProcess:
    """Start hftbacktest in a process that has it imported already."""
    return HftProcess(partial(WarmProcess, template(*HFT)))


def record(
    rows: Sequence[Row],
    strategy: CoreStrategy | None = None,
    *,
    settings: HftSettings = FAST,
    should_stop: Callable[[], bool] = lambda: False,
    behind_ns: int = MS,
    jitter: bool = False,
    start: Callable[[], HftProcess] = warm_process,
    **changes: Any,
) -> Recorded:
    """Run a strategy, or the one that the spec names, on a book, and record it in memory."""
    asked = request(rows, **changes)
    data = frame(rows, behind_ns=behind_ns, jitter=jitter)
    engine = HftEngine(lambda dataset, start_ns, end_ns: _window(data, end_ns), settings, start)
    backtest = engine.prepare(asked)
    recorded = Recorded(configuration(asked, backtest, engine))
    try:
        recorded.stream = stream = EventStream(
            recorded.configuration,
            append=recorded.entries.append,
            checkpoint=lambda position, digest: None,
            checkpoint_every=10**9,
            decided=recorded.decisions.append,
            strategy=strategy or backtest.core_strategy,
        )
        stream.emit(RunStarted(backtest.first_ns, STREAM_SCHEMA, recorded.configuration.fingerprint))
        outcome = backtest.run(stream, on_progress=lambda progress: None, should_stop=should_stop)
        recorded.outcome = outcome
        stream.emit(RunCompleted(outcome.at_ns))
    finally:
        backtest.close()
    return recorded


def _window(rows: pl.DataFrame, end_ns: int | None) -> pl.DataFrame:
    return rows if end_ns is None else rows.filter(pl.col("ts_init") < end_ns)
