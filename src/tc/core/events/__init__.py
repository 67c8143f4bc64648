"""Events: facts that have happened, immutable, each of exactly one category.

A Struct here is both the Core's event and its journal line: one definition.
"""

from typing import Literal, get_args

from tc.core.events.account import AccountUpdated, Balance, Margin, PositionChanged, PositionClosed, PositionOpened
from tc.core.events.control import (
    ControlReason,
    ControlTimeReached,
    KillMode,
    KillStep,
    KillSwitchAdvanced,
    KillSwitchChanged,
    SnapshotOrder,
    SnapshotPosition,
    SnapshotTaken,
    StrategyFailed,
    TapeBlockWritten,
    TapeEnd,
    TapeStopped,
    ThrottleReset,
)
from tc.core.events.market import FeedDegraded, MarketDataRows, MarketObserved
from tc.core.events.orders import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from tc.core.events.requests import CancelRequested, DispatchFailed, Kind, ModifyRequested, SubmitRequested
from tc.core.events.run import (
    STREAM_SCHEMA,
    ComponentStateChanged,
    RunCompleted,
    RunFailed,
    RunResumed,
    RunStarted,
    RunStopped,
    TradingStateChanged,
)

type MarketEvent = MarketDataRows | MarketObserved | FeedDegraded
type IntentEvent = (
    OrderInitialized
    | OrderDenied
    | OrderEmulated
    | OrderReleased
    | SubmitRequested
    | ModifyRequested
    | CancelRequested
    | DispatchFailed
)
type OrderEvent = (
    OrderSubmitted
    | OrderAccepted
    | OrderRejected
    | OrderCanceled
    | OrderExpired
    | OrderTriggered
    | OrderPendingUpdate
    | OrderPendingCancel
    | OrderModifyRejected
    | OrderCancelRejected
    | OrderUpdated
    | OrderFilled
)
type AccountEvent = PositionOpened | PositionChanged | PositionClosed | AccountUpdated
type ControlEvent = (
    RunStarted
    | RunResumed
    | RunCompleted
    | RunStopped
    | RunFailed
    | TradingStateChanged
    | ComponentStateChanged
    | ControlTimeReached
    | KillSwitchChanged
    | KillSwitchAdvanced
    | TapeBlockWritten
    | TapeStopped
    | ThrottleReset
    | StrategyFailed
    | SnapshotTaken
)
type Event = MarketEvent | IntentEvent | OrderEvent | AccountEvent | ControlEvent

Category = Literal["market", "execution", "intent", "control"]


def _members(alias: object) -> tuple[type, ...]:
    value = getattr(alias, "__value__", alias)
    if isinstance(value, type):
        return (value,)
    return tuple(member for part in get_args(value) for member in _members(part))


_ALIASES: tuple[tuple[object, Category], ...] = (
    (MarketEvent, "market"),
    (IntentEvent, "intent"),
    (OrderEvent, "execution"),
    (AccountEvent, "execution"),
    (ControlEvent, "control"),
)

CATEGORIES: dict[type, Category] = {kind: category for alias, category in _ALIASES for kind in _members(alias)}
"""Each event type's one category."""

EVENT_TYPES: dict[str, type] = {kind.__name__: kind for kind in CATEGORIES}
"""Each event type by the name it has in the journal."""


def span(event: Event) -> int:
    """Return how many positions the event takes: one, or one for each row it refers to."""
    if type(event) is MarketDataRows:
        return event.last_row - event.first_row + 1
    return 1


__all__ = [
    "CATEGORIES",
    "EVENT_TYPES",
    "STREAM_SCHEMA",
    "AccountEvent",
    "AccountUpdated",
    "Balance",
    "CancelRequested",
    "Category",
    "ComponentStateChanged",
    "ControlEvent",
    "ControlReason",
    "ControlTimeReached",
    "DispatchFailed",
    "Event",
    "FeedDegraded",
    "IntentEvent",
    "KillMode",
    "KillStep",
    "KillSwitchAdvanced",
    "KillSwitchChanged",
    "Kind",
    "Margin",
    "MarketDataRows",
    "MarketEvent",
    "MarketObserved",
    "ModifyRequested",
    "OrderAccepted",
    "OrderCancelRejected",
    "OrderCanceled",
    "OrderDenied",
    "OrderEmulated",
    "OrderEvent",
    "OrderExpired",
    "OrderFilled",
    "OrderInitialized",
    "OrderModifyRejected",
    "OrderPendingCancel",
    "OrderPendingUpdate",
    "OrderRejected",
    "OrderReleased",
    "OrderSubmitted",
    "OrderTriggered",
    "OrderUpdated",
    "PositionChanged",
    "PositionClosed",
    "PositionOpened",
    "RunCompleted",
    "RunFailed",
    "RunResumed",
    "RunStarted",
    "RunStopped",
    "SnapshotOrder",
    "SnapshotPosition",
    "SnapshotTaken",
    "StrategyFailed",
    "SubmitRequested",
    "TapeBlockWritten",
    "TapeEnd",
    "TapeStopped",
    "ThrottleReset",
    "TradingStateChanged",
    "span",
]
