"""Intents: what a strategy asks for, as values; they are judged, queued and sent, and never are entries of a stream."""

from decimal import Decimal
from typing import Literal

import msgspec

from tc.core.events.orders import Side

OrderType = Literal["MARKET", "LIMIT"]
TimeInForce = Literal["GTC", "IOC", "FOK"]


class NewIntent(msgspec.Struct, frozen=True, tag="NEW", gc=False):
    """Open an order under a key that was never used before in the stream.

    Parameters
    ----------
    key
        The logical order key, ours and stable: it becomes the client order id.
    instrument_id, side, quantity
        What to trade, and how much of it.
    order_type, price
        A LIMIT order has a price, a MARKET order has none.
    time_in_force, post_only, reduce_only
        As venues mean them.

    """

    key: str
    instrument_id: str
    side: Side
    quantity: Decimal
    order_type: OrderType = "LIMIT"
    price: Decimal | None = None
    time_in_force: TimeInForce = "GTC"
    post_only: bool = False
    reduce_only: bool = False


class ReplaceIntent(msgspec.Struct, frozen=True, tag="REPLACE", gc=False):
    """Change an order: to a new total quantity, a new price, or both."""

    key: str
    quantity: Decimal | None = None
    price: Decimal | None = None


class CancelIntent(msgspec.Struct, frozen=True, tag="CANCEL", gc=False):
    """Cancel an order."""

    key: str


type Intent = NewIntent | ReplaceIntent | CancelIntent
