"""How order events move Orders; an event that leaves its order as it is gives the anomaly that it is instead."""

from msgspec.structs import replace

from tc.core.configuration import CoreConfiguration
from tc.core.events import (
    DispatchFailed,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderEvent,
    OrderExpired,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from tc.core.state import slots
from tc.core.state.exact import ZERO
from tc.core.state.lifecycle import MOVES_FROM, UNMOVED
from tc.core.state.model import FINAL, AnomalyCode, Order, Orders, OrderStatus, Unanswered
from tc.errors import InvariantViolation

type Folded = Orders | AnomalyCode
"""The orders after an event, or what the event is that changed none of them; `tc.core.state.lifecycle` lists these."""


def initialized(orders: Orders, event: OrderInitialized, configuration: CoreConfiguration) -> Folded:  # noqa: ARG001
    """Remember the terms of an order that nobody sent yet; the emulator may state them anew when it releases the order."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    if event.is_duplicate or found(orders, slot, key) is not None:
        return "duplicate_key"
    return _with_unsubmitted(orders, slots.put_at(orders.unsubmitted, slot, key, event))


def denied(orders: Orders, event: OrderDenied, configuration: CoreConfiguration) -> Folded:  # noqa: ARG001
    """Forget the terms of an order that will never be sent: it leaves no Order."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    if event.is_duplicate or found(orders, slot, key) is not None:
        return "duplicate_key"
    _terms(orders, slot, event)
    return _with_unsubmitted(orders, slots.remove_at(orders.unsubmitted, slot, key))


def held_locally(
    orders: Orders,
    event: OrderEmulated | OrderReleased,
    configuration: CoreConfiguration,  # noqa: ARG001
) -> Folded:
    """Check that the emulator speaks of an order that it holds; its terms stand."""
    slot = slots.slot_of(event.client_order_id)
    if found(orders, slot, event.client_order_id) is not None:
        return "late_event"
    _terms(orders, slot, event)
    return orders


def submitted(orders: Orders, event: OrderSubmitted, configuration: CoreConfiguration) -> Folded:
    """Begin an Order."""
    slot = slots.slot_of(event.client_order_id)
    order = found(orders, slot, event.client_order_id)
    if order is not None:
        return _move(orders, slot, order, "SUBMITTED", None, configuration)
    return _begin(orders, slot, _terms(orders, slot, event), "SUBMITTED", None)


def accepted(orders: Orders, event: OrderAccepted, configuration: CoreConfiguration) -> Folded:
    """Attach the venue's id; an external order, never submitted by us, begins here."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    order = orders.open[slot].get(key)
    if order is None:
        terms = orders.unsubmitted[slot].get(key)
        if terms is not None:
            return _begin(orders, slot, terms, "ACCEPTED", event.venue_order_id)
        order = _known(orders, slot, event)
    if order.pending and order.status != "SUBMITTED" and order.status not in FINAL:
        # A command that the venue did not carry out may be answered by accepting the order again.
        return _with_order(orders, slot, _changed(order, order.status, "", event.venue_order_id))
    return _move(orders, slot, order, "ACCEPTED", event.venue_order_id, configuration)


def rejected(orders: Orders, event: OrderRejected, configuration: CoreConfiguration) -> Folded:
    """End an Order that the venue refused."""
    return _end(orders, event, "REJECTED", None, configuration)


def canceled(orders: Orders, event: OrderCanceled, configuration: CoreConfiguration) -> Folded:
    """End an Order that was cancelled, or forget one that was never sent."""
    return _end(orders, event, "CANCELED", event.venue_order_id, configuration)


def expired(orders: Orders, event: OrderExpired, configuration: CoreConfiguration) -> Folded:
    """End an Order whose time in force ran out, or forget one that was never sent."""
    return _end(orders, event, "EXPIRED", event.venue_order_id, configuration)


def triggered(orders: Orders, event: OrderTriggered, configuration: CoreConfiguration) -> Folded:
    """Move a stop order on; the trigger of an order held by the emulator changes no Order."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    if key in orders.unsubmitted[slot]:
        return orders
    return _move(orders, slot, _known(orders, slot, event), "TRIGGERED", event.venue_order_id, configuration)


def pending_update(orders: Orders, event: OrderPendingUpdate, configuration: CoreConfiguration) -> Folded:  # noqa: ARG001
    """Note that a modification is under way."""
    return _with_pending(orders, event, "UPDATE")


def pending_cancel(orders: Orders, event: OrderPendingCancel, configuration: CoreConfiguration) -> Folded:  # noqa: ARG001
    """Note that a cancel is under way."""
    return _with_pending(orders, event, "CANCEL")


def command_rejected(
    orders: Orders,
    event: OrderModifyRejected | OrderCancelRejected,
    configuration: CoreConfiguration,  # noqa: ARG001
) -> Orders:
    """Note that the command under way failed. Of an order that is final or was never sent there is nothing to note."""
    slot = slots.slot_of(event.client_order_id)
    order = orders.open[slot].get(event.client_order_id)
    return orders if order is None else _with_order(orders, slot, _changed(order, order.status, "", None))


def dispatch_failed(orders: Orders, event: DispatchFailed, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Forget the terms of an order that never left; of a change that never left, note that nothing is under way."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    order = orders.open[slot].get(key)
    if order is not None:
        return _with_order(orders, slot, _changed(order, order.status, "", None))
    if event.kind == "NEW" and key in orders.unsubmitted[slot]:
        return _with_unsubmitted(orders, slots.remove_at(orders.unsubmitted, slot, key))
    return orders


def updated(orders: Orders, event: OrderUpdated, configuration: CoreConfiguration) -> Folded:  # noqa: ARG001
    """Set an Order's new terms, commanded by us or by the venue."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    order = orders.open[slot].get(key)
    if order is None:
        return _updated_unopened(orders, slot, event)
    if event.quantity < order.filled:
        raise InvariantViolation(
            f"order {key} is updated to a quantity of {event.quantity}, below the {order.filled} already filled"
        )
    changed = replace(
        order,
        quantity=event.quantity,
        price=order.price if event.price is None else event.price,
        trigger_price=order.trigger_price if event.trigger_price is None else event.trigger_price,
        pending="",
        venue_order_id=event.venue_order_id or order.venue_order_id,
    )
    return _with_order(orders, slot, changed)


def _updated_unopened(orders: Orders, slot: int, event: OrderUpdated) -> Folded:
    """Change the terms of an order that was not sent yet; of one that has ended there is nothing to change."""
    key = event.client_order_id
    terms = orders.unsubmitted[slot].get(key)
    if terms is None:
        if found(orders, slot, key) is not None:
            return "late_event"
        raise InvariantViolation(f"order {key} is updated, but it is not open")
    stated = replace(
        terms,
        quantity=event.quantity,
        price=terms.price if event.price is None else event.price,
        trigger_price=terms.trigger_price if event.trigger_price is None else event.trigger_price,
    )
    return _with_unsubmitted(orders, slots.put_at(orders.unsubmitted, slot, key, stated))


def find(orders: Orders, client_order_id: str) -> Order | None:
    """Return the Order, open or closed and still kept, or None."""
    return found(orders, slots.slot_of(client_order_id), client_order_id)


def found(orders: Orders, slot: int, client_order_id: str) -> Order | None:
    """Return the Order whose slot is known already; as `find`."""
    return (
        orders.open[slot].get(client_order_id)
        or orders.closed_recent[slot].get(client_order_id)
        or orders.closed_previous[slot].get(client_order_id)
    )


def replace_order(orders: Orders, slot: int, was: Order, now: Order, configuration: CoreConfiguration) -> Orders:
    """Return the orders with one of the slot changed, in the map where its status puts it."""
    if was.status in FINAL:
        key = now.terms.client_order_id
        if key in orders.closed_recent[slot]:
            return replace(orders, closed_recent=slots.put_at(orders.closed_recent, slot, key, now))
        return replace(orders, closed_previous=slots.put_at(orders.closed_previous, slot, key, now))
    return _ended(orders, slot, now, configuration) if now.status in FINAL else _with_order(orders, slot, now)


def _ended(orders: Orders, slot: int, order: Order, configuration: CoreConfiguration) -> Orders:
    """Move an open order, which has come to its end, to the closed ones."""
    key = order.terms.client_order_id
    is_full = orders.closed_recent_count >= configuration.closed_orders_kept
    return Orders(
        orders.unsubmitted,
        slots.remove_at(orders.open, slot, key),
        slots.put_at(slots.empty() if is_full else orders.closed_recent, slot, key, order),
        orders.closed_recent if is_full else orders.closed_previous,
        1 if is_full else orders.closed_recent_count + 1,
        orders.closed_total + 1,
    )


def _begin(orders: Orders, slot: int, terms: OrderInitialized, status: OrderStatus, venue_order_id: str | None) -> Orders:
    key = terms.client_order_id
    order = Order(terms, status, terms.quantity, terms.price, terms.trigger_price, ZERO, "", venue_order_id, ())
    return replace(
        orders,
        unsubmitted=slots.remove_at(orders.unsubmitted, slot, key),
        open=slots.put_at(orders.open, slot, key, order),
    )


def _end(
    orders: Orders,
    event: OrderRejected | OrderCanceled | OrderExpired,
    status: OrderStatus,
    venue_order_id: str | None,
    configuration: CoreConfiguration,
) -> Folded:
    key = event.client_order_id
    slot = slots.slot_of(key)
    if key in orders.unsubmitted[slot]:
        return _with_unsubmitted(orders, slots.remove_at(orders.unsubmitted, slot, key))
    return _move(orders, slot, _known(orders, slot, event), status, venue_order_id, configuration)


def _move(
    orders: Orders, slot: int, order: Order, status: OrderStatus, venue_order_id: str | None, configuration: CoreConfiguration
) -> Folded:
    if status not in MOVES_FROM[order.status]:
        unmoved = UNMOVED.get((order.status, status))
        if unmoved is not None:
            return unmoved
        raise InvariantViolation(
            f"order {order.terms.client_order_id} cannot move from {order.status} to {status}",
            hint="The venue or the engine sent an event that no order of this status can have.",
        )
    changed = _changed(order, status, "", venue_order_id)
    return _ended(orders, slot, changed, configuration) if status in FINAL else _with_order(orders, slot, changed)


def _with_pending(orders: Orders, event: OrderPendingUpdate | OrderPendingCancel, pending: Unanswered) -> Folded:
    slot = slots.slot_of(event.client_order_id)
    order = orders.open[slot].get(event.client_order_id)
    if order is None:
        if found(orders, slot, event.client_order_id) is not None:
            return "late_event"
        _terms(orders, slot, event)
        return orders
    return _with_order(orders, slot, _changed(order, order.status, pending, None))


def _known(orders: Orders, slot: int, event: OrderEvent) -> Order:
    order = found(orders, slot, event.client_order_id)
    if order is None:
        raise InvariantViolation(f"{type(event).__name__} speaks of order {event.client_order_id}, which was never submitted")
    return order


def _terms(
    orders: Orders,
    slot: int,
    event: OrderDenied | OrderEmulated | OrderReleased | OrderSubmitted | OrderPendingUpdate | OrderPendingCancel,
) -> OrderInitialized:
    terms = orders.unsubmitted[slot].get(event.client_order_id)
    if terms is None:
        raise InvariantViolation(
            f"{type(event).__name__} speaks of order {event.client_order_id}, which is not waiting to be sent"
        )
    return terms


def _changed(order: Order, status: OrderStatus, pending: Unanswered, venue_order_id: str | None) -> Order:
    return replace(order, status=status, pending=pending, venue_order_id=venue_order_id or order.venue_order_id)


def _with_order(orders: Orders, slot: int, order: Order) -> Orders:
    return replace(orders, open=slots.put_at(orders.open, slot, order.terms.client_order_id, order))


def _with_unsubmitted(orders: Orders, unsubmitted: slots.Slots[OrderInitialized]) -> Orders:
    return replace(orders, unsubmitted=unsubmitted)
