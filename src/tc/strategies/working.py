"""What a strategy still has under way, found by the beginning of its keys."""

from decimal import Decimal

import msgspec

from tc.core import ProcessingContext


class Working(msgspec.Struct, frozen=True, gc=False):
    """An order that is waiting, in flight or open; ``price`` is the one it will have once all that waits is done.

    ``is_changing`` says that a REPLACE was sent whose answer is not there yet, ``is_ending`` that its CANCEL is waiting or under
    way.
    """

    key: str
    price: Decimal | None
    is_changing: bool
    is_ending: bool


def working(context: ProcessingContext, prefix: str) -> tuple[Working, ...]:
    """Return the orders whose keys begin so, in the order of their keys."""
    keys = {order.terms.client_order_id for order in context.open_orders()}
    keys.update(command.key for command in context.pending_commands())
    keys.update(command.key for command in context.commands_in_flight())
    return tuple(_of(context, key) for key in sorted(keys) if key.startswith(prefix))


def _of(context: ProcessingContext, key: str) -> Working:
    order, pending, in_flight = context.order(key), context.pending(key), context.in_flight(key)
    terms = context.terms(key)
    price = order.price if order is not None else None if terms is None else terms.price
    if pending is not None and pending.price is not None:
        price = pending.price
    is_ending = (
        (pending is not None and pending.kind == "CANCEL")
        or (in_flight is not None and in_flight.kind == "CANCEL")
        or (order is not None and order.pending == "CANCEL")
    )
    is_changing = in_flight is not None and in_flight.kind == "REPLACE"
    return Working(key, price, is_changing, is_ending)
