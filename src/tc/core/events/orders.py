"""Order events: what a strategy asked for (intent-related), and what became of it at the venue (execution).

Names and meanings are NautilusTrader's. Terms are stated once, in `OrderInitialized`;
the events after it name the order by ``client_order_id`` (ours, stable) and add what is new.
``at_ns`` is the local stamp and ``event_ns`` the time at which it happened, in nanoseconds since the epoch.
Prices and quantities are exact decimals.
"""

from decimal import Decimal
from typing import Literal

from tc.core.events.fact import EngineFact

Side = Literal["BUY", "SELL"]
FillSource = Literal["canonical", "compat"]


class OrderInitialized(EngineFact, frozen=True):
    """A strategy created an order: its full terms. No Order exists in State yet.

    ``is_duplicate`` says that another order has the id already: that one goes on, and this one is never sent.
    """

    client_order_id: str
    strategy_id: str
    instrument_id: str
    side: Side
    order_type: str
    quantity: Decimal
    time_in_force: str
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_type: str | None = None
    activation_price: Decimal | None = None
    limit_offset: Decimal | None = None
    trailing_offset: Decimal | None = None
    trailing_offset_type: str | None = None
    expire_time_ns: int | None = None
    display_quantity: Decimal | None = None
    post_only: bool = False
    reduce_only: bool = False
    quote_quantity: bool = False
    emulation_trigger: str | None = None
    contingency_type: str | None = None
    order_list_id: str | None = None
    linked_order_ids: tuple[str, ...] = ()
    parent_order_id: str | None = None
    exec_algorithm_id: str | None = None
    exec_spawn_id: str | None = None
    tags: tuple[str, ...] = ()
    is_duplicate: bool = False


class OrderDenied(EngineFact, frozen=True):
    """The order was denied before it was sent; ``reason`` says by which check.

    ``is_duplicate`` says that it is not the order that has the id: that one goes on.
    """

    client_order_id: str
    reason: str
    is_duplicate: bool = False


class OrderEmulated(EngineFact, frozen=True):
    """The order is held by the local emulator, which watches its trigger."""

    client_order_id: str


class OrderReleased(EngineFact, frozen=True):
    """The local emulator released the order at a price."""

    client_order_id: str
    released_price: Decimal


class OrderSubmitted(EngineFact, frozen=True):
    """The order was sent to the venue: here an Order begins."""

    client_order_id: str
    account_id: str


class OrderAccepted(EngineFact, frozen=True):
    """The venue acknowledged the order and gave it an id of its own."""

    client_order_id: str
    venue_order_id: str
    account_id: str


class OrderRejected(EngineFact, frozen=True):
    """The venue rejected the order."""

    client_order_id: str
    reason: str
    due_post_only: bool = False


class OrderCanceled(EngineFact, frozen=True):
    """The order was cancelled, by us, by the venue, or locally before it was sent."""

    client_order_id: str
    venue_order_id: str | None = None


class OrderExpired(EngineFact, frozen=True):
    """The order reached the end of its time in force."""

    client_order_id: str
    venue_order_id: str | None = None


class OrderTriggered(EngineFact, frozen=True):
    """A stop or touched order's trigger fired."""

    client_order_id: str
    venue_order_id: str | None = None


class OrderPendingUpdate(EngineFact, frozen=True):
    """A modification was sent and is not yet answered."""

    client_order_id: str
    venue_order_id: str | None = None


class OrderPendingCancel(EngineFact, frozen=True):
    """A cancel was sent and is not yet answered."""

    client_order_id: str
    venue_order_id: str | None = None


class OrderModifyRejected(EngineFact, frozen=True):
    """A modification was rejected; the order stands as it was."""

    client_order_id: str
    reason: str
    venue_order_id: str | None = None


class OrderCancelRejected(EngineFact, frozen=True):
    """A cancel was rejected; the order stands as it was."""

    client_order_id: str
    reason: str
    venue_order_id: str | None = None


class OrderUpdated(EngineFact, frozen=True):
    """The order's terms changed: the new quantity, and the new prices where they changed."""

    client_order_id: str
    quantity: Decimal
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    venue_order_id: str | None = None


class OrderFilled(EngineFact, frozen=True):
    """One fill, whole or partial, from a per-fill record of the venue.

    ``source`` is ``compat`` when the fill was guessed from a difference of snapshots; such a fill is never counted as canonical.
    """

    client_order_id: str
    venue_order_id: str
    account_id: str
    trade_id: str
    position_id: str
    strategy_id: str
    instrument_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    currency: str
    commission: Decimal
    commission_currency: str
    liquidity: str
    source: FillSource = "canonical"
