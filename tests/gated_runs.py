"""Small real backtests behind the gate: as `nautilus_runs`, with the Decisions and the orders as Nautilus knows them."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nautilus_runs import request, write_strategy
from tc.core import CoreConfiguration, EventStreamEntry, fold_event_stream_entries, state_digest
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.decision import Decision, Outcome
from tc.core.events import STREAM_SCHEMA, Event, RunCompleted, RunStarted
from tc.engines.nautilus.backtest import NautilusBacktest, NautilusEngine
from tc.engines.nautilus.recorder import BATCH
from tc.engines.nautilus.rows import CHUNK_ROWS
from tc.ports import BacktestRequest
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document
from tc.spec.gate_spec import LIMITS, ExecutionSpec, RateSpec, RiskSpec
from tc.spec.run_spec import DataSpec

SLOW = ExecutionSpec(rate=RateSpec(messages=1, period_s="90", burst=1))
"""One message in one and a half bars: what is asked for at once is sent one by one, between bars and at them."""


MINUTE = 60_000_000_000
BAR_NS = 1_736_121_600_000_000_000
"""Stamp of the bar before the first: bar ``n`` of the packaged data closes ``n`` minutes later."""

QUARTER_OF_AN_HOUR = DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T00:15:30Z")

LISTENS = (
    "    SEEN = []\n\n"
    "    def on_order_event(self, event):\n"
    "        self.SEEN.append((type(event).__name__, event.client_order_id.value[-1], getattr(event, 'reason', '')))\n\n"
)
"""Methods of a strategy that keeps what it is told of orders: the event's name, the order's number, and the reason."""


def limits(**written: Any) -> RiskSpec:
    """Return limits of which those that are not written are off."""
    return RiskSpec(**{**dict.fromkeys(LIMITS), **written})


@dataclass(frozen=True, slots=True)
class Gated:
    """A gated backtest: its entries, its Decisions, its stream, and the backtest itself."""

    entries: list[EventStreamEntry]
    decisions: list[Decision]
    stream: EventStream
    backtest: NautilusBacktest
    configuration: CoreConfiguration

    def of(self, *kinds: type[Event]) -> list[Any]:
        """Return the events of the types, in their order."""
        return [each.event for each in self.entries if type(each.event) in kinds]

    def venue_story(self) -> list[Event]:
        """Return what happened at the venue, in its order: all that a run without a gate records, but for rows and components."""
        left_out = ("MarketDataRows", "MarketObserved", "ComponentStateChanged", "RunStarted", "RunCompleted")
        return [
            each.event
            for each in self.entries
            if type(each.event).__name__ not in left_out and not type(each.event).__name__.endswith("Requested")
        ]

    def outcomes(self, *results: str) -> list[Outcome]:
        """Return the outcomes with the results, in their order."""
        return [each for decision in self.decisions for each in decision.outcomes if each.result in results]

    def names_of(self, key: str) -> list[str]:
        """Return the names of the events that speak of an order."""
        return [
            type(each.event).__name__
            for each in self.entries
            if getattr(each.event, "client_order_id", None) == key or key in getattr(each.event, "client_order_ids", ())
        ]


def gated(
    backtest_request: BacktestRequest,
    *,
    chunk_rows: int = CHUNK_ROWS,
    batch: int = BATCH,
) -> Gated:
    """Run the request behind its gate; State by replay must equal the State that was reached, position by position."""
    document = {
        "configuration_version": CONFIGURATION_VERSION,
        "core": core_document(backtest_request.spec, backtest_request.instrument),
    }
    backtest = NautilusEngine(chunk_rows=chunk_rows, batch=batch).prepare(backtest_request)
    configuration = CoreConfiguration.from_document({**document, "strategy": backtest.identity.document()})
    entries: list[EventStreamEntry] = []
    decisions: list[Decision] = []
    stream = EventStream(
        configuration,
        append=entries.append,
        checkpoint=lambda position, digest: None,
        checkpoint_every=10**9,
        decided=decisions.append,
        strategy=backtest.core_strategy,
    )
    stream.emit(RunStarted(backtest.first_ns, STREAM_SCHEMA, configuration.fingerprint))
    outcome = backtest.run(stream, on_progress=lambda progress: None, should_stop=lambda: False)
    if stream.violation is not None:
        raise stream.violation
    stream.emit(RunCompleted(outcome.at_ns))
    assert state_digest(fold_event_stream_entries(entries, configuration=configuration)) == state_digest(stream.state)
    return Gated(entries, decisions, stream, backtest, configuration)


def run(data_root: Path, folder: Path, body: str, module: str, *, config: str = "", **changes: Any) -> Gated:
    """Run a strategy with the given methods on the packaged bars, behind a gate without limits unless the changes say else."""
    strategy = write_strategy(folder, body, module=module, config=config)
    settings = {"gate": "on", "risk": limits(), "data": QUARTER_OF_AN_HOUR, **changes}
    return gated(request(data_root, folder, strategy=strategy, **settings))


def told(module: str) -> list[tuple[str, str, str]]:
    """Return what a strategy that `LISTENS` was told, in the order in which it was told."""
    seen: list[tuple[str, str, str]] = vars(sys.modules[module])["Subject"].SEEN
    return seen
