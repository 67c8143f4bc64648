"""Control events: Control-Time, the kill switch, and what else an operator or the Runtime does to a running stream."""

from decimal import Decimal
from typing import Literal

import msgspec

from tc.core.events.account import AccountUpdated
from tc.core.events.fact import EngineFact, Fact
from tc.core.events.orders import OrderInitialized

KillMode = Literal["none", "reduce", "halt", "halt_all", "flatten"]
"""What the kill switch lets through: everything, what shrinks a position, cancels only, nothing, or the flatten's own orders."""

ControlReason = Literal["acknowledgement_timeout", "stale_feed", "rate_window", "kill_switch_review", "heartbeat"]
"""Why a Control Scheduling Obligation exists. The order is the fixed one in which equal deadlines are realised."""


class ControlTimeReached(Fact, frozen=True):
    """A Control Scheduling Obligation was realised: stream time reached its deadline. Only the Runtime emits it.

    ``scope`` is what the deadline is about: an order key, an instrument, or empty for the whole stream.
    """

    deadline_ns: int
    reason: ControlReason
    scope: str = ""


class KillSwitchChanged(Fact, frozen=True):
    """Somebody set the kill switch; it never changes by itself, save that a flatten ends as ``halt``."""

    mode: KillMode
    by: str
    reason: str


class ThrottleReset(Fact, frozen=True):
    """A person re-enabled a strategy that the repeated-execution throttle had switched off."""

    strategy_id: str
    by: str
    reason: str


class StrategyFailed(Fact, frozen=True):
    """A Core-native strategy raised or returned what is no sequence of Intents; nothing of that step passes."""

    error: str


class SnapshotOrder(msgspec.Struct, frozen=True, gc=False):
    """An order that is open at the venue, as a snapshot states it."""

    terms: OrderInitialized
    account_id: str
    venue_order_id: str
    quantity: Decimal
    filled: Decimal


class SnapshotPosition(msgspec.Struct, frozen=True, gc=False):
    """A position that the account holds, as a snapshot states it; ``value`` is its cost, average price times quantity."""

    position_id: str
    strategy_id: str
    instrument_id: str
    signed_quantity: Decimal
    value: Decimal


class SnapshotTaken(EngineFact, frozen=True):
    """What was true outside when the stream began, or a gap was closed: kill switch, orders, positions, balances."""

    source: str
    kill_switch: KillMode
    orders: tuple[SnapshotOrder, ...] = ()
    positions: tuple[SnapshotPosition, ...] = ()
    accounts: tuple[AccountUpdated, ...] = ()
