"""State: what a stream's entries add up to, in three domains, each an immutable value.

Values that never change refer to no value made after them, so there is no cycle for the garbage collector to find: ``gc=False``.
"""

from decimal import Decimal
from typing import Literal

import msgspec

from tc.core.events import AccountUpdated, KillMode, Kind, OrderInitialized
from tc.core.state.exact import ZERO
from tc.core.state.slots import Slots, empty

OrderStatus = Literal["SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"]
FINAL: frozenset[str] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED"})
Unanswered = Literal["", "UPDATE", "CANCEL"]
RunStatus = Literal["none", "running", "completed", "stopped", "failed"]
AnomalyCode = Literal["late_fill", "unknown_order_fill", "position_mismatch", "repeated_event", "late_event", "duplicate_key"]
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
    pending: Unanswered
    venue_order_id: str | None
    trade_ids: tuple[str, ...]


class Orders(msgspec.Struct, frozen=True, gc=False):
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


class Holdings(msgspec.Struct, frozen=True, gc=False):
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


class Reference(msgspec.Struct, frozen=True, gc=False):
    """The latest observation of an instrument's market; ``seen_ns`` is the local stamp of its latest datum.

    ``is_degraded`` says that the feed has had a gap since.
    """

    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    last: Decimal | None
    last_quantity: Decimal | None
    seen_ns: int
    is_degraded: bool


class MarketState(msgspec.Struct, frozen=True, gc=False):
    """The last row processed of each dataset, by fingerprint, and how many rows in all.

    ``references`` are the latest observations by instrument; ``history`` their prices, (stamp, price), oldest first.
    """

    last_rows: dict[str, int]
    rows: int
    references: dict[str, Reference]
    history: dict[str, tuple[tuple[int, Decimal], ...]]


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A command that Risk allowed and that was not yet sent.

    Parameters
    ----------
    key, kind
        The order key, and what is asked. At most one command is pending per key.
    admission
        Its number in the order of admission; a merge keeps the number.
    admitted_ns
        Stream time of its admission.
    instrument_id, side
        Of its order.
    quantity, price, trigger_price
        The terms to send; None where a REPLACE leaves them as they are.
    reserved
        The quantity that exposure counts for it, on top of the order's open quantity.
    reduces
        Whether Risk found that it can only shrink the position.
    group
        The keys of its atomic group; empty when it stands alone.
    held_by
        Why it waits, as last explained: empty, ``in_flight``, ``rate_capacity`` or ``group_waits``.

    """

    key: str
    kind: Kind
    admission: int
    admitted_ns: int
    instrument_id: str
    side: str
    quantity: Decimal | None
    price: Decimal | None
    trigger_price: Decimal | None
    reserved: Decimal
    reduces: bool
    group: tuple[str, ...]
    held_by: str


class InFlight(msgspec.Struct, frozen=True, gc=False):
    """A command that was selected for dispatch and whose outcome is not known; its key takes no other until it is.

    ``quantity``, ``price`` and ``trigger_price`` are the terms that were sent, None where they were not to change.
    ``is_overdue`` says that the acknowledgement's deadline has passed: the command is in doubt until an Event settles it.
    """

    key: str
    kind: Kind
    sent_ns: int
    instrument_id: str
    side: str
    quantity: Decimal | None
    price: Decimal | None
    trigger_price: Decimal | None
    reserved: Decimal
    is_overdue: bool


class Queue(msgspec.Struct, frozen=True, gc=False):
    """What waits to be sent, and what is in flight; derived from the stream alone.

    Parameters
    ----------
    pending
        Commands by key.
    size
        How many there are.
    lanes
        For each kind, in the order of priority, (admission, key) of what may be sent, in the order of admission.
        What waits for a command in flight under its key stands in no lane.
    in_flight
        Commands by key.
    watch
        (deadline, key) of what is in flight and must be acknowledged, earliest first.
    admissions
        How many commands were admitted.
    arrival
        The token bucket as its theoretical arrival time (generic cell rate algorithm), in units of a nanosecond
        divided by the rate's messages: exact.
    rate_deadline_ns
        When the rate lets the first of the lanes go; 0 when nothing waits for the rate.

    """

    pending: Slots[Pending]
    size: int
    lanes: tuple[tuple[tuple[int, str], ...], ...]
    in_flight: Slots[InFlight]
    watch: tuple[tuple[int, str], ...]
    admissions: int
    arrival: int
    rate_deadline_ns: int


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """One instrument's exposure as sums that are kept, never recounted: quantities in the instrument's units.

    ``position`` is signed, over all positions. ``buy_open`` and ``sell_open`` are what open orders may still fill;
    ``buy_reserved`` and ``sell_reserved`` what queued and in-flight commands may add to that.
    """

    position: Decimal
    buy_open: Decimal
    sell_open: Decimal
    buy_reserved: Decimal
    sell_reserved: Decimal


NO_EXPOSURE = Exposure(ZERO, ZERO, ZERO, ZERO, ZERO)


class ExecutionState(msgspec.Struct, frozen=True, gc=False):
    """Orders, holdings, the latest account states by id, and anomalies: counts, and the first few of them.

    ``queue`` and ``exposures`` (by instrument) are only kept where a gate is configured.
    """

    orders: Orders
    holdings: Holdings
    accounts: dict[str, AccountUpdated]
    anomaly_counts: dict[str, int]
    anomalies: tuple[Anomaly, ...]
    queue: Queue
    exposures: dict[str, Exposure]


class Safeguards(msgspec.Struct, frozen=True, gc=False):
    """What Risk remembers: the kill switch and since when, and what its counting limits have counted.

    Parameters
    ----------
    kill_switch, kill_switch_ns
        Its mode, and the stream time at which it was last set.
    throttled
        Strategies that the repeated-execution throttle switched off, in the order of their ids.
    executions
        Stream times of the latest executed orders, by strategy; no more than the throttle counts.
    message_day, messages
        The UTC day counted from the epoch, and how many commands were admitted in it.
    recent_orders
        Stream time of admission by an order's terms, within the duplicate window.

    """

    kill_switch: KillMode
    kill_switch_ns: int
    throttled: tuple[str, ...]
    executions: dict[str, tuple[int, ...]]
    message_day: int
    messages: int
    recent_orders: dict[str, int]


class ClockMarks(msgspec.Struct, frozen=True, gc=False):
    """What the control clock has realised: the last heartbeat and kill switch review, feeds found stale, and how many in all."""

    heartbeat_ns: int
    review_ns: int
    stale: tuple[str, ...]
    realised: int


class ControlState(msgspec.Struct, frozen=True, gc=False):
    """Where the run stands, the engine's trading state, the state of its components by id, safeguards and the control clock.

    ``strategy_failures`` counts the steps at which a Core-native strategy raised or returned rubbish.
    """

    run: RunStatus
    trading_state: str
    components: dict[str, str]
    safeguards: Safeguards
    clock: ClockMarks
    strategy_failures: int


class State(msgspec.Struct, frozen=True, gc=False):
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
    market=MarketState({}, 0, {}, {}),
    execution=ExecutionState(
        Orders(empty(), empty(), empty(), empty(), 0, 0),
        Holdings(empty(), {}, {}, 0, 0, None),
        {},
        {},
        (),
        Queue(empty(), 0, ((), (), ()), empty(), (), 0, 0, 0),
        {},
    ),
    control=ControlState("none", "ACTIVE", {}, Safeguards("none", 0, (), {}, 0, 0, {}), ClockMarks(0, 0, (), 0), 0),
)
"""The State of every stream before its first entry."""
