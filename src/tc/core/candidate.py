"""Candidate: one command as Risk judges it and the queue takes it, with what State already counts for its order."""

from decimal import Decimal

import msgspec

from tc.core.events.requests import Kind


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A command that was asked for.

    Parameters
    ----------
    key, kind
        The order key, and what is asked.
    strategy_id, instrument_id, side, order_type, reduce_only
        Of its order.
    quantity, price, trigger_price
        As asked: a NEW states its terms, a REPLACE only what it changes, a CANCEL nothing.
    total
        The order's whole quantity after the command; 0 for a CANCEL.
    effective_price
        The price that the order would have: None for a market order. Of a stop order it is the trigger price.
    wanted
        What the order could still fill after the command.
    counted
        What exposure counts for the order now: open, in flight and queued.
    is_known
        Whether the order exists, open or waiting; always for a NEW.
    is_new_key
        Whether no order of the stream had the key before; matters for a NEW.
    group
        The keys of its atomic group; empty when it stands alone.
    is_flatten
        Whether it is one of the flatten's own commands.

    """

    key: str
    kind: Kind
    strategy_id: str
    instrument_id: str
    side: str
    order_type: str
    reduce_only: bool
    quantity: Decimal | None
    price: Decimal | None
    trigger_price: Decimal | None
    total: Decimal
    effective_price: Decimal | None
    wanted: Decimal
    counted: Decimal
    is_known: bool
    is_new_key: bool
    group: tuple[str, ...]
    is_flatten: bool
