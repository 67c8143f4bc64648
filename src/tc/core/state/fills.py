"""How fills, positions and account states move what is held; amounts are recomputed exactly from fills alone."""

from decimal import Decimal

from msgspec.structs import replace

from tc.core.configuration import CoreConfiguration
from tc.core.events import AccountUpdated, OrderFilled, PositionChanged, PositionClosed, PositionOpened
from tc.core.state import slots
from tc.core.state.anomalies import with_anomaly
from tc.core.state.exact import ZERO, add, multiply, negate, subtract
from tc.core.state.model import (
    FINAL,
    AnomalyCode,
    ExecutionState,
    Holdings,
    Order,
    Orders,
    OrderStatus,
    Position,
)
from tc.core.state.orders import found, replace_order
from tc.errors import InvariantViolation


def filled(execution: ExecutionState, event: OrderFilled, configuration: CoreConfiguration, position: int) -> ExecutionState:
    """Count a fill in its Order and its position, once.

    A late fill of a final Order, and a fill of an order that is not known (any more), still count in the position
    and raise an anomaly. More than the order's quantity is a violation.
    """
    if not (event.quantity.is_finite() and event.price.is_finite() and event.quantity > ZERO):
        raise InvariantViolation(
            f"fill {event.trade_id} of order {event.client_order_id} has quantity {event.quantity} and price {event.price}"
        )
    slot = slots.slot_of(event.client_order_id)
    order = found(execution.orders, slot, event.client_order_id)
    if order is None:
        return _held(execution, execution.orders, event, "unknown_order_fill", position)
    if event.trade_id in order.trade_ids:
        return execution
    orders = _order_filled(execution.orders, slot, order, event, configuration)
    return _held(execution, orders, event, "late_fill" if order.status in FINAL else None, position)


def position_opened(
    execution: ExecutionState,
    event: PositionOpened,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> ExecutionState:
    """Compare with our own; a flip continues our position under the id that the engine gives its other side."""
    holdings = execution.holdings
    flipped = None if holdings.flipping is None else slots.get(holdings.positions, holdings.flipping)
    if flipped is None or (flipped.strategy_id, flipped.instrument_id) != (event.strategy_id, event.instrument_id):
        return _compared(execution, event, position)
    positions = holdings.positions
    if slots.get(positions, event.position_id) is None:
        renamed = replace(flipped, position_id=event.position_id)
        positions = slots.put(slots.remove(positions, flipped.position_id), event.position_id, renamed)
    settled = replace(holdings, positions=positions, flipping=None)
    return _compared(replace(execution, holdings=settled), event, position)


def position_changed(
    execution: ExecutionState,
    event: PositionChanged,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> ExecutionState:
    """Compare the engine's quantity with our own."""
    return _compared(execution, event, position)


def position_closed(
    execution: ExecutionState,
    event: PositionClosed,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,
) -> ExecutionState:
    """Compare with our own, which is flat by now, or went through flat to the other side."""
    holdings = execution.holdings
    if slots.get(holdings.positions, event.position_id) is None or holdings.flipping == event.position_id:
        return execution
    return with_anomaly(execution, "position_mismatch", position, event.position_id)


def account_updated(
    execution: ExecutionState,
    event: AccountUpdated,
    configuration: CoreConfiguration,  # noqa: ARG001
    position: int,  # noqa: ARG001
) -> ExecutionState:
    """Keep the latest state of the account."""
    return replace(execution, accounts={**execution.accounts, event.account_id: event})


def _order_filled(orders: Orders, slot: int, order: Order, event: OrderFilled, configuration: CoreConfiguration) -> Orders:
    total = add(order.filled, event.quantity)
    if total > order.quantity:
        raise InvariantViolation(
            f"fill {event.trade_id} takes order {event.client_order_id} to {total}, above its quantity of {order.quantity}"
        )
    status: OrderStatus = "FILLED" if total == order.quantity else "PARTIALLY_FILLED"
    if order.status in FINAL:
        status = order.status  # Final is final; every open status may be filled.
    now = replace(
        order,
        status=status,
        filled=total,
        pending="" if status == "FILLED" else order.pending,
        venue_order_id=event.venue_order_id,
        trade_ids=(*order.trade_ids, event.trade_id),
    )
    return replace_order(orders, slot, order, now, configuration)


def _held(
    execution: ExecutionState, orders: Orders, event: OrderFilled, anomaly: AnomalyCode | None, position: int
) -> ExecutionState:
    holdings, key = execution.holdings, event.position_id
    slot = slots.slot_of(key)
    positions, realized = holdings.positions, holdings.realized
    now, gained = _filled_position(positions[slot].get(key), event)
    # A position that is flat after a fill was held before it.
    positions = slots.remove_at(positions, slot, key) if now is None else slots.put_at(positions, slot, key, now)
    if gained is not None:
        before = realized.get(event.instrument_id, ZERO)
        realized = {**realized, event.instrument_id: add(before, gained)}
    paid = holdings.commissions.get(event.commission_currency, ZERO)
    is_canonical = event.source == "canonical"
    changed = Holdings(
        positions,
        realized,
        {**holdings.commissions, event.commission_currency: add(paid, event.commission)},
        holdings.fills + is_canonical,
        holdings.compat_fills + (not is_canonical),
        key if gained is not None and now is not None else holdings.flipping,
    )
    counted = replace(execution, orders=orders, holdings=changed)
    return counted if anomaly is None else with_anomaly(counted, anomaly, position, event.client_order_id)


def _filled_position(ours: Position | None, event: OrderFilled) -> tuple[Position | None, Decimal | None]:
    """Return the position after the fill (None when flat) and what a position that became flat gained (None when none did)."""
    signed = event.quantity if event.side == "BUY" else negate(event.quantity)
    if ours is None:
        return _grown(None, event, event.quantity, signed), None
    after = add(ours.signed_quantity, signed)
    if after and (after > ZERO) == (ours.signed_quantity > ZERO):
        return _grown(ours, event, event.quantity, after), None
    closing = ours.signed_quantity.copy_abs()
    flat = _grown(ours, event, closing, ZERO)
    opened = _grown(None, event, subtract(event.quantity, closing), after) if after else None
    return opened, subtract(flat.sell_value, flat.buy_value)


def _grown(ours: Position | None, event: OrderFilled, quantity: Decimal, signed_quantity: Decimal) -> Position:
    value = multiply(event.price, quantity)
    buy_quantity, buy_value, sell_quantity, sell_value = (
        (ZERO, ZERO, ZERO, ZERO) if ours is None else (ours.buy_quantity, ours.buy_value, ours.sell_quantity, ours.sell_value)
    )
    if event.side == "BUY":
        buy_quantity, buy_value = add(buy_quantity, quantity), add(buy_value, value)
    else:
        sell_quantity, sell_value = add(sell_quantity, quantity), add(sell_value, value)
    return Position(
        event.position_id,
        event.strategy_id,
        event.instrument_id,
        signed_quantity,
        buy_quantity,
        buy_value,
        sell_quantity,
        sell_value,
    )


def _compared(execution: ExecutionState, event: PositionOpened | PositionChanged, position: int) -> ExecutionState:
    ours = slots.get(execution.holdings.positions, event.position_id)
    if (ZERO if ours is None else ours.signed_quantity) == event.signed_quantity:
        return execution
    return with_anomaly(execution, "position_mismatch", position, event.position_id)
