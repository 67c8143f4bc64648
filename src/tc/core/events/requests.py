"""Requests: the fact that a strategy asked for something, whatever the Core decides about it, and what came of sending it.

The Intents that a request holds are derived from it and are never entries themselves.
"""

from decimal import Decimal
from typing import Literal

from tc.core.events.fact import EngineFact

Kind = Literal["NEW", "REPLACE", "CANCEL"]
"""What an Intent asks for, in the words of every venue's order entry."""


class SubmitRequested(EngineFact, frozen=True):
    """A strategy asked to submit orders, whose terms `OrderInitialized` stated: one, or a list that is one atomic group."""

    client_order_ids: tuple[str, ...]


class ModifyRequested(EngineFact, frozen=True):
    """A strategy asked to change an order: to a new total quantity and new prices, each only where it is stated."""

    client_order_id: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None


class CancelRequested(EngineFact, frozen=True):
    """A strategy asked to cancel orders, each by itself."""

    client_order_ids: tuple[str, ...]


class DispatchFailed(EngineFact, frozen=True):
    """A command that was dispatched never left for the venue; a NEW leaves no Order, and its key is free."""

    client_order_id: str
    kind: Kind
    reason: str
