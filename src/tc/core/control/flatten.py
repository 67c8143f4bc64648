"""The flatten: cancel what is open, close what is held, then halt; as Intents that go the way of all others."""

from collections.abc import Collection, Iterator
from decimal import Decimal

from tc.core.context import ProcessingContext
from tc.core.events import KillMode
from tc.core.intents import CancelIntent, Intent, NewIntent
from tc.core.reserved import FLATTEN_PREFIX, is_flattens
from tc.core.state.exact import ZERO, add
from tc.core.state.model import Order

_MODE: KillMode = "flatten"


def flatten_intents(context: ProcessingContext, taken: Collection[str] = ()) -> tuple[Intent, ...]:
    """Return what the flatten asks for now; nothing under any other mode of the kill switch.

    First it cancels every order that is not being cancelled. Once nothing is open, in flight or waiting, a reduce-only
    MARKET order closes the net position of each instrument, or as much of it as one order may hold: the rest is asked for when
    that is filled. Should an order fail, it is asked for again under another key. ``taken`` are keys that somebody else is
    about to ask for.
    """
    if context.kill_switch != _MODE:
        return ()
    cancels = tuple(CancelIntent(order.terms.client_order_id) for order in context.open_orders() if _is_left(context, order))
    if cancels:
        return cancels
    return () if _is_under_way(context) else _closing(context, taken)


def left_open(context: ProcessingContext) -> str:
    """Return, in words, what a flatten has not come to cancel or close; empty under any other mode of the kill switch."""
    if context.kill_switch != _MODE:
        return ""
    held = [f"{instrument_id} at {quantity:f}" for instrument_id, quantity in _net_positions(context)]
    orders = sum(1 for _ in context.open_orders())
    commands = context.pending_count + sum(1 for _ in context.commands_in_flight())
    under_way = [f"{number} {what}" for number, what in ((orders, "orders open"), (commands, "commands under way")) if number]
    return ", ".join([*held, *under_way])


def is_flat(context: ProcessingContext) -> bool:
    """Return whether the flatten is done: the kill switch says so, nothing is open, in flight or waiting, nothing is held."""
    return context.kill_switch == _MODE and not _is_under_way(context) and not _net_positions(context)


def _is_left(context: ProcessingContext, order: Order) -> bool:
    """Return whether an order is still to be cancelled: it is none of the flatten's own, and no CANCEL is under way."""
    key = order.terms.client_order_id
    waiting, flying = context.pending(key), context.in_flight(key)
    return not (
        is_flattens(order.terms)
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


def _closing(context: ProcessingContext, taken: Collection[str]) -> tuple[Intent, ...]:
    return tuple(
        NewIntent(
            key=key,
            instrument_id=instrument_id,
            side="SELL" if quantity > ZERO else "BUY",
            quantity=_in_one_order(context, instrument_id, quantity.copy_abs()),
            order_type="MARKET",
            reduce_only=True,
        )
        for (instrument_id, quantity), key in zip(_net_positions(context), _free_keys(context, taken), strict=False)
    )


def _free_keys(context: ProcessingContext, taken: Collection[str]) -> Iterator[str]:
    """Yield keys that nobody has: of the orders that are asked for at one position of the stream, the later are numbered."""
    number = 0
    while True:
        key = f"{FLATTEN_PREFIX}{context.position}" + (f"-{number}" if number else "")
        if key not in taken and context.terms(key) is None:
            yield key
        number += 1


def _in_one_order(context: ProcessingContext, instrument_id: str, quantity: Decimal) -> Decimal:
    """Return as much of a quantity as one order of the instrument may hold."""
    gate = context.configuration.gate
    terms = None if gate is None else gate.instruments.get(instrument_id)
    most = None if terms is None else terms.max_quantity
    return quantity if most is None or not most.is_finite() or most <= ZERO else min(quantity, most)


def _net_positions(context: ProcessingContext) -> list[tuple[str, Decimal]]:
    """Return each instrument's position over all strategies where it is not flat, in the order of the instruments."""
    net: dict[str, Decimal] = {}
    for position in context.positions():
        net[position.instrument_id] = add(net.get(position.instrument_id, ZERO), position.signed_quantity)
    return [(instrument_id, quantity) for instrument_id, quantity in sorted(net.items()) if quantity]
