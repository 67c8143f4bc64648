"""How order events move Orders."""

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
from tc.core.state.lifecycle import MOVES_FROM
from tc.core.state.model import FINAL, Order, Orders, OrderStatus, Unanswered
from tc.errors import InvariantViolation


def initialized(orders: Orders, event: OrderInitialized, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Remember the terms of an order that nobody sent yet; the emulator may state them anew when it releases the order."""
    if find(orders, event.client_order_id) is not None:
        raise InvariantViolation(f"order {event.client_order_id} is initialized again after it was sent")
    return _with_unsubmitted(orders, slots.put(orders.unsubmitted, event.client_order_id, event))


def denied(orders: Orders, event: OrderDenied, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Forget the terms of an order that will never be sent: it leaves no Order."""
    _terms(orders, event)
    return _with_unsubmitted(orders, slots.remove(orders.unsubmitted, event.client_order_id))


def held_locally(
    orders: Orders,
    event: OrderEmulated | OrderReleased,
    configuration: CoreConfiguration,  # noqa: ARG001
) -> Orders:
    """Check that the emulator speaks of an order that was not sent; its terms stand."""
    _terms(orders, event)
    return orders


def submitted(orders: Orders, event: OrderSubmitted, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Begin an Order."""
    return _begin(orders, _terms(orders, event), "SUBMITTED", None)


def accepted(orders: Orders, event: OrderAccepted, configuration: CoreConfiguration) -> Orders:
    """Attach the venue's id; an external order, never submitted by us, begins here."""
    order = slots.get(orders.open, event.client_order_id)
    if order is None:
        terms = slots.get(orders.unsubmitted, event.client_order_id)
        if terms is not None:
            return _begin(orders, terms, "ACCEPTED", event.venue_order_id)
        order = _known(orders, event)
    if order.pending and order.status != "SUBMITTED" and order.status not in FINAL:
        # A command that the venue did not carry out may be answered by accepting the order again.
        return _with_order(orders, _changed(order, order.status, "", event.venue_order_id))
    return _move(orders, order, "ACCEPTED", event.venue_order_id, configuration)


def rejected(orders: Orders, event: OrderRejected, configuration: CoreConfiguration) -> Orders:
    """End an Order that the venue refused."""
    return _end(orders, event, "REJECTED", None, configuration)


def canceled(orders: Orders, event: OrderCanceled, configuration: CoreConfiguration) -> Orders:
    """End an Order that was cancelled, or forget one that was never sent."""
    return _end(orders, event, "CANCELED", event.venue_order_id, configuration)


def expired(orders: Orders, event: OrderExpired, configuration: CoreConfiguration) -> Orders:
    """End an Order whose time in force ran out, or forget one that was never sent."""
    return _end(orders, event, "EXPIRED", event.venue_order_id, configuration)


def triggered(orders: Orders, event: OrderTriggered, configuration: CoreConfiguration) -> Orders:
    """Move a stop order on; the trigger of an order held by the emulator changes no Order."""
    if slots.get(orders.unsubmitted, event.client_order_id) is not None:
        return orders
    return _move(orders, _known(orders, event), "TRIGGERED", event.venue_order_id, configuration)


def pending_update(orders: Orders, event: OrderPendingUpdate, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Note that a modification is under way."""
    return _with_pending(orders, event, "UPDATE")


def pending_cancel(orders: Orders, event: OrderPendingCancel, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Note that a cancel is under way."""
    return _with_pending(orders, event, "CANCEL")


def command_rejected(
    orders: Orders,
    event: OrderModifyRejected | OrderCancelRejected,
    configuration: CoreConfiguration,  # noqa: ARG001
) -> Orders:
    """Note that the command under way failed. Of an order that is final or was never sent there is nothing to note."""
    order = slots.get(orders.open, event.client_order_id)
    return orders if order is None else _with_order(orders, _changed(order, order.status, "", None))


def dispatch_failed(orders: Orders, event: DispatchFailed, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Forget the terms of an order that never left; of a change that never left, note that nothing is under way."""
    key = event.client_order_id
    order = slots.get(orders.open, key)
    if order is not None:
        return _with_order(orders, _changed(order, order.status, "", None))
    if event.kind == "NEW" and slots.get(orders.unsubmitted, key) is not None:
        return _with_unsubmitted(orders, slots.remove(orders.unsubmitted, key))
    return orders


def updated(orders: Orders, event: OrderUpdated, configuration: CoreConfiguration) -> Orders:  # noqa: ARG001
    """Set an Order's new terms, commanded by us or by the venue."""
    order = slots.get(orders.open, event.client_order_id)
    if order is None:
        terms = slots.get(orders.unsubmitted, event.client_order_id)
        if terms is None:
            raise InvariantViolation(f"order {event.client_order_id} is updated, but it is not open")
        stated = replace(
            terms,
            quantity=event.quantity,
            price=terms.price if event.price is None else event.price,
            trigger_price=terms.trigger_price if event.trigger_price is None else event.trigger_price,
        )
        return _with_unsubmitted(orders, slots.put(orders.unsubmitted, event.client_order_id, stated))
    if event.quantity < order.filled:
        raise InvariantViolation(
            f"order {event.client_order_id} is updated to a quantity of {event.quantity}, below the {order.filled} already filled"
        )
    changed = replace(
        order,
        quantity=event.quantity,
        price=order.price if event.price is None else event.price,
        trigger_price=order.trigger_price if event.trigger_price is None else event.trigger_price,
        pending="",
        venue_order_id=event.venue_order_id or order.venue_order_id,
    )
    return _with_order(orders, changed)


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


def replace_order(orders: Orders, was: Order, now: Order, configuration: CoreConfiguration) -> Orders:
    """Return the orders with one changed, in the map where its status puts it."""
    key = now.terms.client_order_id
    if was.status in FINAL:
        if slots.get(orders.closed_recent, key) is not None:
            return replace(orders, closed_recent=slots.put(orders.closed_recent, key, now))
        return replace(orders, closed_previous=slots.put(orders.closed_previous, key, now))
    if now.status not in FINAL:
        return _with_order(orders, now)
    is_full = orders.closed_recent_count >= configuration.closed_orders_kept
    return Orders(
        orders.unsubmitted,
        slots.remove(orders.open, key),
        slots.put(slots.empty() if is_full else orders.closed_recent, key, now),
        orders.closed_recent if is_full else orders.closed_previous,
        1 if is_full else orders.closed_recent_count + 1,
        orders.closed_total + 1,
    )


def _begin(orders: Orders, terms: OrderInitialized, status: OrderStatus, venue_order_id: str | None) -> Orders:
    key = terms.client_order_id
    order = Order(terms, status, terms.quantity, terms.price, terms.trigger_price, ZERO, "", venue_order_id, ())
    return replace(orders, unsubmitted=slots.remove(orders.unsubmitted, key), open=slots.put(orders.open, key, order))


def _end(
    orders: Orders,
    event: OrderRejected | OrderCanceled | OrderExpired,
    status: OrderStatus,
    venue_order_id: str | None,
    configuration: CoreConfiguration,
) -> Orders:
    key = event.client_order_id
    if slots.get(orders.unsubmitted, key) is not None:
        return _with_unsubmitted(orders, slots.remove(orders.unsubmitted, key))
    return _move(orders, _known(orders, event), status, venue_order_id, configuration)


def _move(
    orders: Orders, order: Order, status: OrderStatus, venue_order_id: str | None, configuration: CoreConfiguration
) -> Orders:
    if status not in MOVES_FROM[order.status]:
        raise InvariantViolation(
            f"order {order.terms.client_order_id} cannot move from {order.status} to {status}",
            hint="The venue or the engine sent an event that no order of this status can have.",
        )
    return replace_order(orders, order, _changed(order, status, "", venue_order_id), configuration)


def _with_pending(orders: Orders, event: OrderPendingUpdate | OrderPendingCancel, pending: Unanswered) -> Orders:
    order = slots.get(orders.open, event.client_order_id)
    if order is None:
        _terms(orders, event)
        return orders
    return _with_order(orders, _changed(order, order.status, pending, None))


def _known(orders: Orders, event: OrderEvent) -> Order:
    order = find(orders, event.client_order_id)
    if order is None:
        raise InvariantViolation(f"{type(event).__name__} speaks of order {event.client_order_id}, which was never submitted")
    return order


def _terms(
    orders: Orders,
    event: OrderDenied | OrderEmulated | OrderReleased | OrderSubmitted | OrderPendingUpdate | OrderPendingCancel,
) -> OrderInitialized:
    terms = slots.get(orders.unsubmitted, event.client_order_id)
    if terms is None:
        raise InvariantViolation(
            f"{type(event).__name__} speaks of order {event.client_order_id}, which is not waiting to be sent"
        )
    return terms


def _changed(order: Order, status: OrderStatus, pending: Unanswered, venue_order_id: str | None) -> Order:
    return replace(order, status=status, pending=pending, venue_order_id=venue_order_id or order.venue_order_id)


def _with_order(orders: Orders, order: Order) -> Orders:
    return replace(orders, open=slots.put(orders.open, order.terms.client_order_id, order))


def _with_unsubmitted(orders: Orders, unsubmitted: slots.Slots[OrderInitialized]) -> Orders:
    return replace(orders, unsubmitted=unsubmitted)
