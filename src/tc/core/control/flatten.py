"""The flatten: cancel what is open, close what is held, then halt; as Intents that go the way of all others."""

from decimal import Decimal

from tc.core.context import ProcessingContext
from tc.core.events import KillMode
from tc.core.intents import CancelIntent, Intent, NewIntent
from tc.core.state.exact import ZERO, add
from tc.core.state.model import Order

FLATTEN_PREFIX = "FLATTEN-"
"""How the keys of the flatten's own orders begin."""

_MODE: KillMode = "flatten"


def flatten_intents(context: ProcessingContext) -> tuple[Intent, ...]:
    """Return what the flatten asks for now; nothing under any other mode of the kill switch.

    First it cancels every order that is not being cancelled. Once nothing is open, in flight or waiting, a reduce-only
    MARKET order closes the net position of each instrument; should that fail, it is asked for again under another key.
    """
    if context.kill_switch != _MODE:
        return ()
    cancels = tuple(CancelIntent(order.terms.client_order_id) for order in context.open_orders() if _is_left(context, order))
    if cancels:
        return cancels
    return () if _is_under_way(context) else _closing(context)


def is_flat(context: ProcessingContext) -> bool:
    """Return whether the flatten is done: the kill switch says so, nothing is open, in flight or waiting, nothing is held."""
    return context.kill_switch == _MODE and not _is_under_way(context) and not _net_positions(context)


def _is_left(context: ProcessingContext, order: Order) -> bool:
    """Return whether an order is still to be cancelled: it is none of the flatten's own, and no CANCEL is under way."""
    key = order.terms.client_order_id
    waiting, flying = context.pending(key), context.in_flight(key)
    return not (
        key.startswith(FLATTEN_PREFIX)
        or order.pending == "CANCEL"
        or (waiting is not None and waiting.kind == "CANCEL")
        or (flying is not None and flying.kind == "CANCEL")
    )


def _is_under_way(context: ProcessingContext) -> bool:
    return (
        context.pending_count > 0
        or next(context.commands_in_flight(), None) is not None
        or next(context.open_orders(), None) is not None
    )


def _closing(context: ProcessingContext) -> tuple[Intent, ...]:
    return tuple(
        NewIntent(
            # One position of the stream asks for one order of each instrument; the second and later ones are numbered.
            key=f"{FLATTEN_PREFIX}{context.position}" + (f"-{number}" if number else ""),
            instrument_id=instrument_id,
            side="SELL" if quantity > ZERO else "BUY",
            quantity=abs(quantity),
            order_type="MARKET",
            reduce_only=True,
        )
        for number, (instrument_id, quantity) in enumerate(_net_positions(context))
    )


def _net_positions(context: ProcessingContext) -> list[tuple[str, Decimal]]:
    """Return each instrument's position over all strategies where it is not flat, in the order of the instruments."""
    net: dict[str, Decimal] = {}
    for position in context.positions():
        net[position.instrument_id] = add(net.get(position.instrument_id, ZERO), position.signed_quantity)
    return [(instrument_id, quantity) for instrument_id, quantity in sorted(net.items()) if quantity]
