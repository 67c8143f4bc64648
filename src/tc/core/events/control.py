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


KillStep = Literal["blocked", "annihilated", "cancelled", "flattened", "halted", "failed"]
"""How far a kill has come, in its order; or that it could not come further in its time."""


class KillSwitchAdvanced(Fact, frozen=True):
    """A kill came a step further: all that the step's name says is true from here on.

    ``halted`` says more than that nothing is sent: nothing is under way that could still reach the venue, which was asked.

    Parameters
    ----------
    at_ns
        Local stamp, in nanoseconds since the epoch.
    step
        What is true now.
    latency_ns
        How long after the kill was asked for.
    detail
        The figures behind it, for people.

    """

    step: KillStep
    latency_ns: int
    detail: str = ""


class TapeBlockWritten(Fact, frozen=True):
    """A block of the run's tape is on disk: the market data of these rows, as the node saw it.

    Parameters
    ----------
    at_ns
        Local stamp, in nanoseconds since the epoch.
    block
        Its number, from 1.
    first_row, last_row
        The numbers of its rows, from 0, both inclusive.
    sha256
        The digest of its file, hex.

    """

    block: int
    first_row: int
    last_row: int
    sha256: str


TapeEnd = Literal["budget", "free_space", "disk", "behind"]
"""Why a tape ends before its run: its budget is used, the disk is nearly full, it refused a block, or it is too slow."""


class TapeStopped(Fact, frozen=True):
    """The tape takes nothing more; the run goes on, and its rows are numbered on.

    Parameters
    ----------
    at_ns
        Local stamp, in nanoseconds since the epoch.
    reason
        Why.
    next_row
        The number of the first row that is not kept.
    detail
        The figures behind it, for people.

    """

    reason: TapeEnd
    next_row: int
    detail: str = ""


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
