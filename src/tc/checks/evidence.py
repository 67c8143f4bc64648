"""Two runs compared position by position, and apart for each source: market, strategy, gate, venue, control, engine."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

import msgspec

from tc.checks.compare import FieldDifference, tree_differences
from tc.core.decision import Decision
from tc.core.entry import EventStreamEntry, last_position
from tc.core.events import EVENT_TYPES, Event, MarketDataRows, span

Lane = Literal["market", "request", "decision", "feedback", "control", "engine"]

LANES: Mapping[Lane, str] = {
    "market": "market data: what both strategies were shown",
    "request": "requests: what the strategies asked for",
    "decision": "decisions: what the gates made of it",
    "feedback": "feedback: what came back of the orders",
    "control": "control: deadlines, the kill switch and other operations, and how the runs ended",
    "engine": "the engine's own records: accounts, positions, components",
}
"""What is compared with its like, and what each is."""

_MEMBERS: Mapping[Lane, tuple[str, ...]] = {
    "market": ("MarketDataRows", "MarketObserved", "FeedDegraded"),
    "request": ("OrderInitialized", "SubmitRequested", "ModifyRequested", "CancelRequested", "StrategyFailed"),
    "feedback": (
        "DispatchFailed",
        "OrderDenied",
        "OrderEmulated",
        "OrderReleased",
        "OrderSubmitted",
        "OrderAccepted",
        "OrderRejected",
        "OrderCanceled",
        "OrderExpired",
        "OrderTriggered",
        "OrderPendingUpdate",
        "OrderPendingCancel",
        "OrderModifyRejected",
        "OrderCancelRejected",
        "OrderUpdated",
        "OrderFilled",
    ),
    "control": (
        "ControlTimeReached",
        "KillSwitchChanged",
        "ThrottleReset",
        "SnapshotTaken",
        "RunCompleted",
        "RunStopped",
        "RunFailed",
    ),
    "engine": (
        "RunStarted",
        "RunResumed",
        "TradingStateChanged",
        "ComponentStateChanged",
        "KillSwitchAdvanced",
        "TapeBlockWritten",
        "TapeStopped",
        "PositionOpened",
        "PositionChanged",
        "PositionClosed",
        "AccountUpdated",
    ),
}
LANE_OF: Mapping[type, Lane] = {EVENT_TYPES[name]: lane for lane, names in _MEMBERS.items() for name in names}
"""Each event type's one lane."""

IDENTIFIERS = frozenset({"venue_order_id", "trade_id", "account_id", "position_id"})
"""Names that an engine gives as it likes: that they differ parts no lane."""

_NOT_COMPARED = {"RunStarted": frozenset({"configuration"}), "Decision": frozenset({"position", "at_ns"})}


@dataclass(frozen=True, slots=True)
class Item:
    """An event or a decision at its position; ``at_ns`` is its local stamp in nanoseconds since the epoch."""

    lane: Lane
    position: int
    at_ns: int
    value: Event | Decision


@dataclass(frozen=True, slots=True)
class LaneParting:
    """The first items, counted from 1, in which two sequences differ; None where one has ended, and in which fields they do."""

    index: int
    left: Item | None
    right: Item | None
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class StreamComparison:
    """What comparing two streams came to.

    Parameters
    ----------
    first
        The first difference of all lanes but the engine's own records, in the order of the streams.
    partings
        The first difference of each lane that has one.
    compared
        How many items of each lane were found to be the same before they part.
    has_other_identifiers
        Whether values are the same but for identifiers that the engines give.

    """

    first: LaneParting | None
    partings: Mapping[Lane, LaneParting]
    compared: Mapping[Lane, int]
    has_other_identifiers: bool


def items_of(steps: Iterable[tuple[EventStreamEntry, Decision | None]]) -> Iterator[Item]:
    """Yield the events of a stream, each followed by the decision of its step."""
    for entry, decision in steps:
        yield Item(LANE_OF[type(entry.event)], entry.position, entry.event.at_ns, entry.event)
        if decision is not None:
            yield Item("decision", last_position(entry), decision.at_ns, decision)


def compare_streams(left: Iterable[Item], right: Iterable[Item]) -> StreamComparison:
    """Compare two streams to their ends: as they stand, and lane by lane.

    Rows of market data are compared row by row, however the streams cut them into entries.
    """
    whole = _Pairing()
    lanes: dict[Lane, _Pairing] = {lane: _Pairing() for lane in LANES}
    for pair in zip_longest(left, right):
        for side, item in enumerate(pair):
            if item is not None:
                lanes[item.lane].add(side, item)
                if item.lane != "engine":
                    whole.add(side, item)
    for pairing in (whole, *lanes.values()):
        pairing.finish()
    return StreamComparison(
        first=whole.parting,
        partings={lane: pairing.parting for lane, pairing in lanes.items() if pairing.parting is not None},
        compared={lane: pairing.same for lane, pairing in lanes.items()},
        has_other_identifiers=any(pairing.has_other_identifiers for pairing in lanes.values()),
    )


class _Pairing:
    """Pairs the items of two sequences in their order, up to the first pair that differs."""

    def __init__(self) -> None:
        self.same = 0
        self.has_other_identifiers = False
        self.parting: LaneParting | None = None
        self._waiting: tuple[deque[Item], deque[Item]] = (deque(), deque())

    def add(self, side: int, item: Item) -> None:
        """Take the next item of one side."""
        if self.parting is not None:
            return
        self._waiting[side].append(item)
        left, right = self._waiting
        while left and right and self.parting is None:
            self._pair(left, right)

    def finish(self) -> None:
        """Say that no item comes any more."""
        left, right = self._waiting
        if self.parting is None and (left or right):
            self._part(left[0] if left else None, right[0] if right else None, ())

    def _pair(self, left: deque[Item], right: deque[Item]) -> None:
        one, other = left.popleft(), right.popleft()
        if (rest := _rest_of_rows(one, other)) is not None:
            side, item = rest
            self._waiting[side].appendleft(item)
        elif one.value != other.value:
            fields = differences(one.value, other.value)
            if any(_last_name(each.path) not in IDENTIFIERS for each in fields):
                self._part(one, other, fields)
                return
            self.has_other_identifiers |= bool(fields)
        self.same += 1

    def _part(self, left: Item | None, right: Item | None, fields: tuple[FieldDifference, ...]) -> None:
        self.parting = LaneParting(self.same + 1, left, right, fields)
        for waiting in self._waiting:
            waiting.clear()


def differences(left: Event | Decision, right: Event | Decision) -> tuple[FieldDifference, ...]:
    """Return in what two events or decisions differ; where a decision stands in its stream is no difference."""
    return tree_differences(_tree(left), _tree(right))


def _tree(value: Event | Decision) -> dict[str, object]:
    kind = type(value).__name__
    ignored = _NOT_COMPARED.get(kind, frozenset())
    return {"type": kind} | {name: each for name, each in msgspec.to_builtins(value).items() if name not in ignored}


def _rest_of_rows(left: Item, right: Item) -> tuple[int, Item] | None:
    """Return what is left of the longer of two runs of rows that begin alike, and whose it is."""
    one, other = left.value, right.value
    if not isinstance(one, MarketDataRows) or not isinstance(other, MarketDataRows):
        return None
    if (one.dataset, one.first_row) != (other.dataset, other.first_row) or one.last_row == other.last_row:
        return None
    side, longer, rows = (0, left, span(other)) if one.last_row > other.last_row else (1, right, span(one))
    event = max(one, other, key=lambda each: each.last_row)
    rest = msgspec.structs.replace(event, first_row=event.first_row + rows)
    return side, Item("market", longer.position + rows, longer.at_ns, rest)


def _last_name(path: str) -> str:
    return path.rpartition(".")[2]
