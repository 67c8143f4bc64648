"""How a snapshot of what is open and held outside enters State: at one position, never silently."""

from msgspec.structs import replace

from tc.core.events import SnapshotOrder, SnapshotPosition, SnapshotTaken
from tc.core.state import slots
from tc.core.state.exact import ZERO
from tc.core.state.model import ExecutionState, Order, Position
from tc.core.state.orders import find
from tc.errors import InvariantViolation


def taken(execution: ExecutionState, event: SnapshotTaken) -> ExecutionState:
    """Add the orders and positions that a snapshot states, which the stream must not know yet, and take its balances over.

    Raises
    ------
    InvariantViolation
        An order or a position of the snapshot is in State already: what is known only moves by its own events.

    """
    open_orders, positions = execution.orders.open, execution.holdings.positions
    for each in event.orders:
        key = each.terms.client_order_id
        if find(execution.orders, key) is not None or slots.get(open_orders, key) is not None:
            raise InvariantViolation(f"the snapshot of {event.source} states order {key}, which the stream knows already")
        open_orders = slots.put(open_orders, key, _order(each))
    for held in event.positions:
        if slots.get(positions, held.position_id) is not None:
            raise InvariantViolation(f"the snapshot of {event.source} states position {held.position_id} a second time")
        positions = slots.put(positions, held.position_id, _position(held))
    return replace(
        execution,
        orders=replace(execution.orders, open=open_orders),
        holdings=replace(execution.holdings, positions=positions),
        accounts={**execution.accounts, **{each.account_id: each for each in event.accounts}},
    )


def _order(stated: SnapshotOrder) -> Order:
    return Order(
        stated.terms,
        "PARTIALLY_FILLED" if stated.filled > ZERO else "ACCEPTED",
        stated.quantity,
        stated.terms.price,
        stated.terms.trigger_price,
        stated.filled,
        "",
        stated.venue_order_id,
        (),
    )


def _position(stated: SnapshotPosition) -> Position:
    quantity = stated.signed_quantity.copy_abs()
    bought = stated.signed_quantity > ZERO
    return Position(
        stated.position_id,
        stated.strategy_id,
        stated.instrument_id,
        stated.signed_quantity,
        quantity if bought else ZERO,
        stated.value if bought else ZERO,
        ZERO if bought else quantity,
        ZERO if bought else stated.value,
    )
