"""GateConfiguration: everything by which Risk, Execution Control and Control-Time decide; every value is stated, none assumed."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tc.core.events.requests import Kind

_Count = Annotated[int, Meta(ge=1)]
_Nanoseconds = Annotated[int, Meta(ge=1)]


class Throttle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The repeated-execution throttle: after so many executed orders in a window the strategy is off until a person resets it."""

    executions: _Count
    window_ns: _Nanoseconds


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When orders may be opened: from ``start_ns`` (inclusive) to ``end_ns`` (exclusive), each since midnight UTC.

    A session whose start is behind its end goes over midnight.
    """

    start_ns: int
    end_ns: int


class RiskLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pre-trade limits; each is stated, and None says that it is knowingly not applied.

    Parameters
    ----------
    max_order_quantity
        Largest quantity of one order, in the instrument's units.
    max_order_notional
        Largest value of one order: quantity, price and multiplier, in the quote currency.
    max_position
        Largest position of either side, in the worst case of position, open, in-flight and queued orders.
    max_gross_exposure
        Largest sum over instruments of the worst case's value, in the quote currency.
    price_collar
        Largest distance of a price from the reference price, as a fraction of it.
    reference_max_age_ns
        A reference older than this is stale, and whatever needs it is denied.
    duplicate_window_ns
        An order equal in all its terms to one admitted within this window is a duplicate.
    throttle
        The repeated-execution throttle.
    max_daily_messages
        Most commands admitted in one UTC day; a CANCEL is never denied by it.
    session
        When orders may be opened or changed.

    """

    max_order_quantity: Decimal | None
    max_order_notional: Decimal | None
    max_position: Decimal | None
    max_gross_exposure: Decimal | None
    price_collar: Decimal | None
    reference_max_age_ns: _Nanoseconds | None
    duplicate_window_ns: _Nanoseconds | None
    throttle: Throttle | None
    max_daily_messages: _Count | None
    session: Session | None


class RateLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token bucket: ``messages`` are earned in every ``period_ns``, continuously, and at most ``burst`` are saved up."""

    messages: _Count
    period_ns: _Nanoseconds
    burst: _Count


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The deadlines that State is watched for; None turns one off, and without any the control clock is silent."""

    acknowledgement_timeout_ns: _Nanoseconds | None
    stale_feed_ns: _Nanoseconds | None
    heartbeat_ns: _Nanoseconds | None
    kill_switch_review_ns: _Nanoseconds | None


class InstrumentTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a value is computed with, and what one order may hold.

    Parameters
    ----------
    multiplier
        The contract's multiplier.
    is_inverse
        Whether the contract is worth quantity over price.
    max_quantity
        Largest quantity of one order at the venue, in whole steps of the instrument's size; None where there is no such limit,
        or where a run was recorded before it was stated. The flatten closes a larger position by several orders.

    """

    multiplier: Decimal
    is_inverse: bool
    max_quantity: Decimal | None = None


class GateConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How commands are judged and sent. ``observe`` decides the same and changes nothing.

    ``kind_priority`` orders the queue, first first; equal kinds go in the order of their admission.
    """

    mode: Literal["on", "observe"]
    limits: RiskLimits
    rate: RateLimit | None
    timing: Timing
    kind_priority: tuple[Kind, Kind, Kind]
    instruments: dict[str, InstrumentTerms]
