"""A desk that drives Execution Control directly: commands are asked for and answered, and every decision is kept."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tc.core.candidate import Candidate
from tc.core.control import admit, advance, begun, drop, settle
from tc.core.decision import Outcome
from tc.core.events import Kind, OrderInitialized
from tc.core.events.orders import Side
from tc.core.gate import GateConfiguration, RateLimit, RiskLimits, Timing
from tc.core.state import slots
from tc.core.state.model import INITIAL, NO_EXPOSURE, ExecutionState, Exposure, InFlight, Order, OrderStatus, Pending

NOW_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
INSTRUMENT = "BTCUSDT.BINANCE"
ANY: frozenset[Kind] = frozenset({"NEW", "REPLACE", "CANCEL"})
NO_LIMITS = RiskLimits(None, None, None, None, None, None, None, None, None, None)
ONE_A_SECOND = RateLimit(messages=1, period_ns=SECOND, burst=1)


def gate(rate: RateLimit | None = None, **changes: Any) -> GateConfiguration:
    """Return a gate without limits that sends by priority; ``changes`` are deadlines in nanoseconds, or what else is its own."""
    deadlines = {f"{name}_ns": changes.pop(f"{name}_ns", None) for name in _DEADLINES}
    gate = GateConfiguration("on", NO_LIMITS, rate, Timing(**deadlines), ("CANCEL", "REPLACE", "NEW"), {})
    return replace(gate, **changes)


_DEADLINES = ("acknowledgement_timeout", "stale_feed", "heartbeat", "kill_switch_review")


def terms(key: str, quantity: str = "1", side: Side = "BUY") -> OrderInitialized:
    """Return the terms of a limit order."""
    return OrderInitialized(NOW_NS, NOW_NS, key, "S-1", INSTRUMENT, side, "LIMIT", Decimal(quantity), "GTC", price=Decimal(100))


class Desk:
    """One execution domain over time."""

    def __init__(self, gate: GateConfiguration) -> None:
        self.gate = gate
        self.now_ns = NOW_NS
        self.execution: ExecutionState = INITIAL.execution

    def new(self, *keys: str, quantity: str = "1", price: str = "100", side: Side = "BUY") -> tuple[Outcome, ...]:
        """Ask for orders: several keys are one atomic group."""
        group = keys if len(keys) > 1 else ()
        return self._ask(*(self.candidate(key, "NEW", quantity, price, side=side, group=group) for key in keys))

    def replace(self, key: str, quantity: str | None = None, price: str | None = None) -> tuple[Outcome, ...]:
        """Ask for a change of an order."""
        return self._ask(self.candidate(key, "REPLACE", quantity, price))

    def cancel(self, *keys: str) -> tuple[Outcome, ...]:
        """Ask for cancels."""
        return self._ask(*(self.candidate(key, "CANCEL") for key in keys))

    def submitted(self, key: str, quantity: str = "1", side: Side = "BUY") -> tuple[Outcome, ...]:
        """Let an Order begin; its exposure is left alone, as these orders' open quantities are another room's."""
        self.order(key, quantity, side=side)
        self.execution = begun(self.execution, key)
        return self.advance(key)

    def answered(self, key: str, kinds: frozenset[Kind] = ANY) -> tuple[Outcome, ...]:
        """Let the venue answer what is in flight."""
        self.execution = settle(self.execution, key, kinds, self.gate)
        return self.advance(key)

    def gone(self, key: str) -> tuple[Outcome, ...]:
        """End an order."""
        order = slots.get(self.execution.orders.open, key)
        if order is not None:
            self._orders(slots.remove(self.execution.orders.open, key))
        self.execution, outcomes = drop(self.execution, key, self.gate)
        return outcomes + self.advance(key)

    def realised(self) -> tuple[Outcome, ...]:
        """Go to the rate's deadline and realise it."""
        self.now_ns = max(self.now_ns, self.execution.queue.rate_deadline_ns)
        return self.advance(is_released=True)

    def advance(self, *touched: str, is_released: bool = False) -> tuple[Outcome, ...]:
        """Take the last part of a step."""
        self.execution, outcomes = advance(self.execution, self.now_ns, self.gate, touched, is_released=is_released)
        return outcomes

    def order(self, key: str, quantity: str = "1", status: OrderStatus = "ACCEPTED", side: Side = "BUY") -> None:
        """Have an order open."""
        amount = Decimal(quantity)
        order = Order(terms(key, quantity, side), status, amount, Decimal(100), None, Decimal(0), "", "V-1", ())
        self._orders(slots.put(self.execution.orders.open, key, order))

    def pending(self, key: str) -> Pending | None:
        return slots.get(self.execution.queue.pending, key)

    def in_flight(self, key: str) -> InFlight | None:
        return slots.get(self.execution.queue.in_flight, key)

    def exposure(self) -> Exposure:
        return self.execution.exposures.get(INSTRUMENT, NO_EXPOSURE)

    def candidate(
        self,
        key: str,
        kind: Kind,
        quantity: str | None = None,
        price: str | None = None,
        *,
        side: Side = "BUY",
        group: tuple[str, ...] = (),
    ) -> Candidate:
        """Return the command as the step would build it."""
        order = slots.get(self.execution.orders.open, key)
        waiting = self.pending(key)
        flying = self.in_flight(key)
        open_quantity = Decimal(0) if order is None else order.quantity
        held = sum((each.reserved for each in (waiting, flying) if each is not None), Decimal(0))
        total = open_quantity if waiting is None or waiting.quantity is None else waiting.quantity
        total = total if quantity is None else Decimal(quantity)
        return Candidate(
            key=key,
            kind=kind,
            strategy_id="S-1",
            instrument_id=INSTRUMENT,
            side=side,
            order_type="LIMIT",
            reduce_only=False,
            quantity=None if quantity is None else Decimal(quantity),
            price=None if price is None else Decimal(price),
            trigger_price=None,
            total=Decimal(0) if kind == "CANCEL" else total,
            effective_price=None,
            wanted=Decimal(0) if kind == "CANCEL" else total,
            counted=open_quantity + held,
            is_known=True,
            is_new_key=kind == "NEW",
            group=group,
            is_flatten=False,
        )

    def _ask(self, *candidates: Candidate) -> tuple[Outcome, ...]:
        outcomes: tuple[Outcome, ...] = ()
        for each in candidates:
            self.execution, added = admit(self.execution, each, reduces=False, now_ns=self.now_ns, gate=self.gate)
            outcomes += added
        return outcomes + self.advance(*(each.key for each in candidates))

    def _orders(self, opened: slots.Slots[Order]) -> None:
        self.execution = replace(self.execution, orders=replace(self.execution.orders, open=opened))


def told(outcomes: tuple[Outcome, ...]) -> list[str]:
    """Return outcomes in short: ``NEW a sent`` or, with a reason, ``NEW a held rate_capacity``."""
    return [f"{each.kind} {each.key} {each.result} {each.reason}".strip() for each in outcomes]


def recount(execution: ExecutionState) -> dict[tuple[str, str], Decimal]:
    """Count anew what waits and is in flight, by instrument and side."""
    sums: dict[tuple[str, str], Decimal] = {}
    held: list[Pending | InFlight] = [each for _, each in slots.items(execution.queue.pending)]
    for each in held + [each for _, each in slots.items(execution.queue.in_flight)]:
        place = (each.instrument_id, each.side)
        sums[place] = sums.get(place, Decimal(0)) + each.reserved
    return sums
