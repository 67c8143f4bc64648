"""An ExecutionAdapter whose venue answers inside `carry_out`, with a timer that a test lets ring; and streams that use it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gated import INSTRUMENT, START_NS, gated_configuration
from tc.core import CoreConfiguration, EventStreamEntry
from tc.core.decision import Decision, Outcome
from tc.core.events import (
    STREAM_SCHEMA,
    CancelRequested,
    Event,
    MarketObserved,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    OrderUpdated,
    RunStarted,
    SubmitRequested,
)
from tc.ports import CoreStrategy
from tc.runtime.stream import EventStream


@dataclass
class Adapter:
    """Sends to nobody, and answers at once: an order is accepted, a change is done, a cancel ends it.

    ``answers`` replaces the answer of a key, ``otherwise`` that of every other; ``failures`` are raised instead of sending a
    key's command.
    """

    stream: EventStream
    entries: list[EventStreamEntry]
    now: int = START_NS
    market: MarketObserved | None = None
    answers: dict[str, Callable[[], Sequence[Event]]] = field(default_factory=dict)
    otherwise: Callable[[], Sequence[Event]] | None = None
    failures: dict[str, Exception] = field(default_factory=dict)
    carried: list[Decision] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    timers: list[int | None] = field(default_factory=list)
    depth: int = 0

    def carry_out(self, decision: Decision) -> None:
        self.carried.append(decision)
        assert self.depth == 0, "one decision is carried out inside another"
        self.depth += 1
        try:
            for each in decision.outcomes:
                if each.result == "sent" or each.result.startswith("would_"):
                    self._send(each)
        finally:
            self.depth -= 1

    def set_timer(self, deadline_ns: int) -> None:
        self.timers.append(deadline_ns)

    def clear_timer(self) -> None:
        self.timers.append(None)

    def latest(self, instrument_id: str, at_ns: int) -> MarketObserved | None:
        assert instrument_id == INSTRUMENT
        return self.market

    @property
    def timer(self) -> int | None:
        """What the timer is set to."""
        return self.timers[-1] if self.timers else None

    def at(self, now: int) -> None:
        """Let time come to a stamp: the timer rings on the way whenever it is due."""
        while (deadline := self.timer) is not None and deadline <= now:
            self.now = max(self.now, deadline)
            self.timers.append(None)
            self.stream.reach(self.now)
        self.now = max(self.now, now)

    def _send(self, each: Outcome) -> None:
        if each.key in self.failures:
            raise self.failures[each.key]
        self.sent.append((each.kind, each.key))
        answer = self.answers.get(each.key, self.otherwise)
        for event in self.answer(each) if answer is None else answer():
            self.stream.emit(event)

    def answer(self, each: Outcome) -> Sequence[Event]:
        """Return what the venue says to a command when it does as it is told."""
        at = (self.now, self.now, each.key)
        if each.kind == "NEW":
            return OrderSubmitted(*at, "A-1"), OrderAccepted(*at, f"V-{each.key}", "A-1")
        if each.kind == "CANCEL":
            return (OrderCanceled(*at, f"V-{each.key}"),)
        terms = self.stream.context.terms(each.key)
        assert terms is not None
        return (OrderUpdated(*at, each.quantity or terms.quantity, each.price),)

    def filled(self, key: str, quantity: str = "1", price: str = "100") -> OrderFilled:
        """Return a fill of an order."""
        terms = self.stream.context.terms(key)
        assert terms is not None
        trade = f"T-{key}-{len(self.entries)}"
        at = (self.now, self.now, key, f"V-{key}", "A-1", trade, "P-1", terms.strategy_id, INSTRUMENT, terms.side)
        return OrderFilled(*at, Decimal(quantity), Decimal(price), "USDT", Decimal(0), "USDT", "TAKER")


class Gated:
    """A stream under a gate with its adapter, and all that came of it."""

    def __init__(
        self,
        configuration: CoreConfiguration | None = None,
        *,
        strategy: CoreStrategy | None = None,
        append: Callable[[EventStreamEntry], None] = lambda entry: None,
        before_effects: Callable[[], None] = lambda: None,
        **gate: Any,
    ) -> None:
        self.configuration = configuration or gated_configuration(**gate)
        self.entries: list[EventStreamEntry] = []
        self.decisions: list[Decision] = []

        def keep(entry: EventStreamEntry) -> None:
            append(entry)
            self.entries.append(entry)

        self.stream = EventStream(
            self.configuration,
            append=keep,
            checkpoint=lambda position, digest: None,
            checkpoint_every=10**9,
            decided=self.decisions.append,
            before_effects=before_effects,
            strategy=strategy,
        )
        self.adapter = Adapter(self.stream, self.entries)
        self.stream.emit(RunStarted(START_NS, STREAM_SCHEMA, self.configuration.fingerprint))
        self.stream.attach(self.adapter)

    @property
    def now(self) -> int:
        """The adapter's clock."""
        return self.adapter.now

    def observe(self, bid: str = "99", ask: str = "101") -> None:
        """Observe the market now."""
        self.stream.emit(self.observation(bid, ask))

    def observation(self, bid: str = "99", ask: str = "101") -> MarketObserved:
        """Return an observation of the market now."""
        return MarketObserved(self.now, self.now, INSTRUMENT, Decimal(bid), Decimal(5), Decimal(ask), Decimal(5))

    def ask(self, key: str, side: Any = "BUY", quantity: str = "1", price: str = "100") -> None:
        """Ask for a new order, as an engine's strategy does."""
        self.stream.emit(
            OrderInitialized(self.now, self.now, key, "S-1", INSTRUMENT, side, "LIMIT", Decimal(quantity), "GTC", Decimal(price))
        )
        self.stream.emit(SubmitRequested(self.now, self.now, (key,)))

    def cancel(self, *keys: str) -> None:
        """Ask for cancels, as an engine's strategy does."""
        self.stream.emit(CancelRequested(self.now, self.now, keys))

    def names(self) -> list[str]:
        """Return the names of the events, in order."""
        return [type(entry.event).__name__ for entry in self.entries]

    def events(self, kind: type) -> list[Any]:
        """Return the events of a type."""
        return [entry.event for entry in self.entries if type(entry.event) is kind]
