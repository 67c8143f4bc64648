"""What became of the orders: outcomes, reasons for refusals, and marks to draw."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tc.core import State
from tc.core.events import (
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
)
from tc.core.state import slots
from tc.core.state.exact import ZERO
from tc.core.state.orders import find
from tc.reports.figures import OpenOrder, OrderMark, OrderOutcomes, Refusal
from tc.reports.tally.refusals import Refusals
from tc.reports.thinning import Sampled, Thinning

MARKS_KEPT = 16_384

type End = OrderRejected | OrderCanceled | OrderExpired
type Marked = OrderSubmitted | OrderDenied | End
type Handler = Callable[[Any, int, State, State], None]


class OrderTally:
    """Counts each order once, when it ends; `handlers` say which events it wants."""

    def __init__(self) -> None:
        self._ended = dict.fromkeys(("filled", "partly_filled", "canceled", "rejected", "denied", "expired"), 0)
        self._refusals = Refusals()
        self._marks: Thinning[OrderMark] = Thinning(MARKS_KEPT)
        self.handlers: dict[type, Handler] = {
            OrderSubmitted: self._submitted,
            OrderDenied: self._denied,
            OrderRejected: self._rejected,
            OrderCanceled: self._canceled,
            OrderExpired: self._expired,
            OrderFilled: self._filled,
            OrderModifyRejected: self._command_rejected,
            OrderCancelRejected: self._command_rejected,
        }

    def outcomes(self, state: State) -> OrderOutcomes:
        """Return how orders ended, with those that had not at the given State."""
        orders = state.execution.orders
        return OrderOutcomes(
            **self._ended,
            open_at_end=sum(map(len, orders.open)),
            not_sent=sum(map(len, orders.unsubmitted)),
        )

    def refusals(self) -> tuple[Refusal, ...]:
        """Return why orders and commands were refused, the most frequent reason first."""
        return self._refusals.sorted()

    def marks(self) -> Sampled[OrderMark]:
        """Return what can be drawn of the orders, beside their fills."""
        return self._marks.sampled()

    def _submitted(self, event: OrderSubmitted, _position: int, before: State, _after: State) -> None:
        self._mark("placed", event, before)

    def _denied(self, event: OrderDenied, position: int, before: State, _after: State) -> None:
        self._ended["denied"] += 1
        self._refusals.add("OrderDenied", event.reason, position)
        self._mark("denied", event, before)

    def _rejected(self, event: OrderRejected, position: int, before: State, _after: State) -> None:
        self._refusals.add("OrderRejected", event.reason, position)
        self._end("rejected", event, before)

    def _canceled(self, event: OrderCanceled, _position: int, before: State, _after: State) -> None:
        self._end("canceled", event, before)

    def _expired(self, event: OrderExpired, _position: int, before: State, _after: State) -> None:
        self._end("expired", event, before)

    def _filled(self, event: OrderFilled, _position: int, before: State, after: State) -> None:
        was = find(before.execution.orders, event.client_order_id)
        now = find(after.execution.orders, event.client_order_id)
        if was is not None and now is not None and was.status != "FILLED" == now.status:
            self._ended["filled"] += 1

    def _command_rejected(
        self, event: OrderModifyRejected | OrderCancelRejected, position: int, _before: State, _after: State
    ) -> None:
        self._refusals.add(type(event).__name__, event.reason, position)

    def _end(self, outcome: str, event: End, before: State) -> None:
        order = find(before.execution.orders, event.client_order_id)
        is_partly_filled = order is not None and order.filled > ZERO
        self._ended["partly_filled" if is_partly_filled else outcome] += 1
        self._mark(outcome, event, before)

    def _mark(self, kind: str, event: Marked, before: State) -> None:
        side, price = _side_and_price(before, event.client_order_id)
        self._marks.add(OrderMark(event.at_ns, kind, side, price))


def _side_and_price(state: State, client_order_id: str) -> tuple[str, Decimal | None]:
    orders = state.execution.orders
    order = find(orders, client_order_id)
    if order is not None:
        return order.terms.side, order.trigger_price if order.price is None else order.price
    terms = slots.get(orders.unsubmitted, client_order_id)
    if terms is None:  # pragma: no cover - the fold refuses an event of an order that it does not know
        return "", None
    return terms.side, terms.trigger_price if terms.price is None else terms.price


def open_orders(state: State) -> tuple[OpenOrder, ...]:
    """Return the orders that are open in a State, by key; those among them of which it is not known whether they arrived."""
    flying = state.execution.queue.in_flight
    found = {
        key: OpenOrder(
            key,
            order.terms.instrument_id,
            order.terms.side,
            order.quantity,
            order.filled,
            order.price,
            is_answered=order.status != "SUBMITTED" and not order.pending and slots.get(flying, key) is None,
        )
        for key, order in slots.items(state.execution.orders.open)
    }
    for key, sent in slots.items(flying):
        if key not in found and sent.kind == "NEW" and sent.quantity is not None:
            found[key] = OpenOrder(key, sent.instrument_id, sent.side, sent.quantity, ZERO, sent.price, is_answered=False)
    return tuple(found[key] for key in sorted(found))
