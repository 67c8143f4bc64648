"""A gated stream driven by hand: requests and feedback in, decisions out; every entry is kept, so that it can be replayed."""

from decimal import Decimal
from typing import Any

from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, ProcessingContext, ProcessingPosition, State, step_event_entry
from tc.core.decision import Decision, Outcome
from tc.core.events import (
    STREAM_SCHEMA,
    CancelRequested,
    ControlTimeReached,
    Event,
    KillMode,
    KillSwitchChanged,
    MarketObserved,
    ModifyRequested,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    OrderUpdated,
    RunCompleted,
    RunStarted,
    SubmitRequested,
    span,
)

INSTRUMENT = "BTCUSDT.X"
START_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000

NO_LIMITS: dict[str, Any] = dict.fromkeys(
    (
        "max_order_quantity",
        "max_order_notional",
        "max_position",
        "max_gross_exposure",
        "price_collar",
        "reference_max_age_ns",
        "duplicate_window_ns",
        "throttle",
        "max_daily_messages",
        "session",
    )
)
NO_TIMING: dict[str, Any] = dict.fromkeys(
    ("acknowledgement_timeout_ns", "stale_feed_ns", "heartbeat_ns", "kill_switch_review_ns")
)


def gate_document(
    *,
    mode: str = "on",
    rate: tuple[int, int, int] | None = None,
    timing: dict[str, Any] | None = None,
    max_quantity: str | None = None,
    **limits: Any,
) -> dict[str, Any]:
    """Return a gate's part of a configuration document; limits that are not given are off.

    ``rate``: messages, period, burst; ``max_quantity``: of one order at the venue.
    """
    return {
        "mode": mode,
        "limits": {**NO_LIMITS, **limits},
        "rate": None if rate is None else dict(zip(("messages", "period_ns", "burst"), rate, strict=True)),
        "timing": {**NO_TIMING, **(timing or {})},
        "kind_priority": ["CANCEL", "REPLACE", "NEW"],
        "instruments": {INSTRUMENT: {"multiplier": "1", "is_inverse": False, "max_quantity": max_quantity}},
    }


def gated_configuration(**gate: Any) -> CoreConfiguration:
    """Return a configuration with a gate; as `gate_document`."""
    return CoreConfiguration.from_document(
        {
            "configuration_version": 2,
            "core": {
                "closed_orders_kept": 64,
                "history": {"samples": 0, "every_ns": 1},
                "gate": gate_document(**gate),
            },
        }
    )


class GatedStream:
    """A stream under a gate; ``now`` is its local clock, ``sent`` what was selected so far, as (kind, key)."""

    def __init__(self, configuration: CoreConfiguration | None = None, **gate: Any) -> None:
        self.configuration = configuration or gated_configuration(**gate)
        self.state: State = INITIAL
        self.entries: list[EventStreamEntry] = []
        self.decisions: list[Decision] = []
        self.sent: list[tuple[str, str]] = []
        self.now = START_NS
        self._next = 1
        self.emit(RunStarted(self.now, STREAM_SCHEMA, self.configuration.fingerprint))

    @property
    def context(self) -> ProcessingContext:
        """The read-only view of the stream."""
        return ProcessingContext(self.state, self.configuration)

    def emit(self, event: Event) -> tuple[Outcome, ...]:
        """Process an event at the next position; return what was decided."""
        entry = EventStreamEntry(ProcessingPosition(self._next), event)
        step = step_event_entry(self.state, entry, configuration=self.configuration)
        self._next += span(event)
        self.entries.append(entry)
        self.state = step.state
        if step.decision is None:
            return ()
        self.decisions.append(step.decision)
        self.sent += [(each.kind, each.key) for each in step.decision.outcomes if each.result == "sent"]
        return step.decision.outcomes

    def market(self, bid: str = "99", ask: str = "101") -> None:
        """Observe the market now."""
        self.emit(MarketObserved(self.now, self.now, INSTRUMENT, Decimal(bid), Decimal(5), Decimal(ask), Decimal(5)))

    def initialize(self, key: str, side: str = "BUY", quantity: str = "1", price: str | None = "100", **terms: Any) -> None:
        """State an order's terms; without a price it is a market order."""
        self.emit(
            OrderInitialized(
                self.now,
                self.now,
                key,
                terms.pop("strategy_id", "S-1"),
                INSTRUMENT,
                side,  # type: ignore[arg-type]
                "MARKET" if price is None else "LIMIT",
                Decimal(quantity),
                terms.pop("time_in_force", "GTC"),
                None if price is None else Decimal(price),
                **terms,
            )
        )

    def new(
        self, key: str, side: str = "BUY", quantity: str = "1", price: str | None = "100", **terms: Any
    ) -> tuple[Outcome, ...]:
        """Ask for a new order."""
        self.initialize(key, side, quantity, price, **terms)
        return self.emit(SubmitRequested(self.now, self.now, (key,)))

    def group(self, *keys: str, quantity: str = "1") -> tuple[Outcome, ...]:
        """Ask for new orders as one atomic group."""
        for key in keys:
            self.initialize(key, quantity=quantity)
        return self.emit(SubmitRequested(self.now, self.now, keys))

    def replace(self, key: str, quantity: str | None = None, price: str | None = None) -> tuple[Outcome, ...]:
        """Ask for a change."""
        return self.emit(
            ModifyRequested(
                self.now,
                self.now,
                key,
                None if quantity is None else Decimal(quantity),
                None if price is None else Decimal(price),
            )
        )

    def cancel(self, *keys: str) -> tuple[Outcome, ...]:
        """Ask for cancels."""
        return self.emit(CancelRequested(self.now, self.now, keys))

    def kill(self, mode: KillMode) -> tuple[Outcome, ...]:
        """Set the kill switch."""
        return self.emit(KillSwitchChanged(self.now, mode, "operator", "a test"))

    def reach(self) -> tuple[Outcome, ...]:
        """Let the earliest deadline come, and realise it."""
        due = self.decisions[-1].obligation
        assert due is not None
        self.now = max(self.now, due.deadline_ns)
        return self.emit(ControlTimeReached(self.now, due.deadline_ns, due.reason, due.scope))

    def submitted(self, key: str) -> tuple[Outcome, ...]:
        """Record that the order went out."""
        return self.emit(OrderSubmitted(self.now, self.now, key, "A-1"))

    def accepted(self, key: str) -> tuple[Outcome, ...]:
        """Acknowledge the order."""
        return self.emit(OrderAccepted(self.now, self.now, key, f"V-{key}", "A-1"))

    def open(self, key: str, side: str = "BUY", quantity: str = "1", price: str = "100", **terms: Any) -> None:
        """Ask for an order that goes out and is acknowledged."""
        self.new(key, side, quantity, price, **terms)
        self.submitted(key)
        self.accepted(key)

    def updated(self, key: str, quantity: str, price: str | None = None) -> tuple[Outcome, ...]:
        """Answer a change."""
        return self.emit(OrderUpdated(self.now, self.now, key, Decimal(quantity), None if price is None else Decimal(price)))

    def canceled(self, key: str) -> tuple[Outcome, ...]:
        """End the order by a cancel."""
        return self.emit(OrderCanceled(self.now, self.now, key, f"V-{key}"))

    def filled(self, key: str, quantity: str = "1", price: str = "100", trade_id: str = "1") -> tuple[Outcome, ...]:
        """Fill the order."""
        terms = self.context.terms(key)
        assert terms is not None
        return self.emit(
            OrderFilled(
                self.now,
                self.now,
                key,
                f"V-{key}",
                "A-1",
                f"T-{key}-{trade_id}",
                "P-1",
                "S-1",
                INSTRUMENT,
                terms.side,
                Decimal(quantity),
                Decimal(price),
                "USDT",
                Decimal(0),
                "USDT",
                "TAKER",
            )
        )

    def hold(self, side: str, quantity: str) -> None:
        """Come to a position."""
        self.new(f"HOLD-{self._next}", side, quantity, None)
        key = f"HOLD-{self._next - 2}"
        self.submitted(key)
        self.filled(key, quantity)

    def complete(self) -> Decision | None:
        """End the run; return the last decision, if any."""
        before = len(self.decisions)
        self.emit(RunCompleted(self.now))
        return self.decisions[before] if len(self.decisions) > before else None


def results(outcomes: tuple[Outcome, ...]) -> list[tuple[str, str, str]]:
    """Return outcomes as (key, result, reason)."""
    return [(each.key, each.result, each.reason) for each in outcomes]
