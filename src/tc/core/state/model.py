"""State: what a stream's entries add up to, in three domains, each an immutable value."""

from decimal import Decimal
from typing import Literal

import msgspec

from tc.core.events import AccountUpdated, OrderInitialized
from tc.core.state.slots import Slots, empty

OrderStatus = Literal["SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"]
FINAL: frozenset[str] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED"})
Pending = Literal["", "UPDATE", "CANCEL"]
RunStatus = Literal["none", "running", "completed", "stopped", "failed"]
AnomalyCode = Literal["late_fill", "unknown_order_fill", "position_mismatch"]
ANOMALIES_KEPT = 64


class Order(msgspec.Struct, frozen=True, gc=False):
    """An order that was sent: its terms as first stated, and what holds now.

    ``trade_ids`` are the fills seen, in order; ``pending`` names a command that was sent and is not yet answered.
    """

    terms: OrderInitialized
    status: OrderStatus
    quantity: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    filled: Decimal
    pending: Pending
    venue_order_id: str | None
    trade_ids: tuple[str, ...]


class Orders(msgspec.Struct, frozen=True):
    """Orders by client order id.

    ``unsubmitted`` holds the terms of orders that a strategy created and nobody sent yet: those are not Orders.
    Closed orders are kept in two generations: when the recent one reaches the configured count it becomes the
    previous one, so at least that many stay known and memory is bounded.
    """

    unsubmitted: Slots[OrderInitialized]
    open: Slots[Order]
    closed_recent: Slots[Order]
    closed_previous: Slots[Order]
    closed_recent_count: int
    closed_total: int


class Position(msgspec.Struct, frozen=True, gc=False):
    """A position since it was last flat, recomputed from fills.

    Values are sums of price times quantity in the quote currency, before the contract's multiplier:
    exact, and enough for the average price (value / quantity) and for profit at any mark.
    """

    position_id: str
    strategy_id: str
    instrument_id: str
    signed_quantity: Decimal
    buy_quantity: Decimal
    buy_value: Decimal
    sell_quantity: Decimal
    sell_value: Decimal


class Holdings(msgspec.Struct, frozen=True):
    """Open positions by id, and what closed ones left behind.

    ``realized`` is, for each instrument, the sum of sales less purchases of all flat positions (before the multiplier);
    ``commissions`` are sums by currency. ``flipping`` is a position that the
    latest such fill took through flat to the other side: the engine closes and opens it in two events that follow.
    """

    positions: Slots[Position]
    realized: dict[str, Decimal]
    commissions: dict[str, Decimal]
    fills: int
    compat_fills: int
    flipping: str | None


class Anomaly(msgspec.Struct, frozen=True, gc=False):
    """Something that is legal for a venue to do and that an operator should know of."""

    code: AnomalyCode
    position: int
    subject: str


class MarketState(msgspec.Struct, frozen=True):
    """The last row processed of each dataset, by fingerprint, and how many rows in all."""

    last_rows: dict[str, int]
    rows: int


class ExecutionState(msgspec.Struct, frozen=True):
    """Orders, holdings, the latest account states by id, and anomalies: counts, and the first few of them."""

    orders: Orders
    holdings: Holdings
    accounts: dict[str, AccountUpdated]
    anomaly_counts: dict[str, int]
    anomalies: tuple[Anomaly, ...]


class ControlState(msgspec.Struct, frozen=True):
    """Where the run stands, the engine's trading state, and the state of its components by id."""

    run: RunStatus
    trading_state: str
    components: dict[str, str]


class State(msgspec.Struct, frozen=True):
    """The fold of a stream up to and including ``position``; 0 before the first entry.

    ``stream_time_ns`` is the highest local stamp seen so far; it never falls.
    """

    position: int
    configuration: str
    stream_time_ns: int
    market: MarketState
    execution: ExecutionState
    control: ControlState


INITIAL = State(
    position=0,
    configuration="",
    stream_time_ns=0,
    market=MarketState({}, 0),
    execution=ExecutionState(Orders(empty(), empty(), empty(), empty(), 0, 0), Holdings(empty(), {}, {}, 0, 0, None), {}, {}, ()),
    control=ControlState("none", "ACTIVE", {}),
)
"""The State of every stream before its first entry."""
