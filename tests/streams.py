"""Legal Event Streams: a builder that plays a small venue, and a hypothesis strategy that drives it at random."""

from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import strategies as st

from core_documents import core_part
from tc.core import CoreConfiguration, EventStreamEntry
from tc.core.events import (
    STREAM_SCHEMA,
    AccountUpdated,
    Balance,
    CancelRequested,
    ComponentStateChanged,
    ControlTimeReached,
    DispatchFailed,
    Event,
    FeedDegraded,
    KillSwitchAdvanced,
    KillSwitchChanged,
    MarketDataRows,
    MarketObserved,
    ModifyRequested,
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
    PositionChanged,
    PositionClosed,
    PositionOpened,
    RunCompleted,
    RunResumed,
    RunStarted,
    SnapshotOrder,
    SnapshotPosition,
    SnapshotTaken,
    StrategyFailed,
    SubmitRequested,
    TapeBlockWritten,
    TapeStopped,
    ThrottleReset,
    TradingStateChanged,
    span,
)
from tc.core.events.orders import FillSource
from tc.runtime.cursor import EventStreamCursor

DATASET = "d" * 64
START_NS = 1_700_000_000_000_000_000
FINAL = {"FILLED", "CANCELED", "REJECTED", "EXPIRED"}


def configuration(*, closed_orders_kept: int = 4096, **other: object) -> CoreConfiguration:
    """Return a small configuration."""
    document = {"configuration_version": 2, "core": core_part(closed_orders_kept=closed_orders_kept), **other}
    return CoreConfiguration.from_document(document)


@dataclass
class _Order:
    side: str
    quantity: Decimal
    status: str = "INITIALIZED"
    filled: Decimal = Decimal(0)
    fills: list[str] = field(default_factory=list)


class Venue:
    """Emits only what a venue may legally do next; ``entries`` is the stream so far."""

    def __init__(self, config: CoreConfiguration | None = None) -> None:
        self.configuration = config or configuration()
        self.entries: list[EventStreamEntry] = []
        self.orders: dict[str, _Order] = {}
        self.net = Decimal(0)
        self._cursor = EventStreamCursor()
        self._row = 0
        self.now = START_NS
        self.emit(RunStarted(self.now, STREAM_SCHEMA, self.configuration.fingerprint))

    def emit(self, event: Event) -> Event:
        """Append an event at the next position."""
        self.entries.append(EventStreamEntry(self._cursor.allocate(event), event))
        return event

    def rows(self, count: int) -> None:
        """Take up so many rows."""
        self.now += count * 1_000
        self.emit(MarketDataRows(self.now, DATASET, self._row, self._row + count - 1))
        self._row += count

    def initialize(self, side: str = "BUY", quantity: str = "1.0", *, order_id: str | None = None) -> str:
        """Create an order; nobody sent it yet."""
        order_id = order_id or f"O-{len(self.orders) + 1}"
        self.orders[order_id] = _Order(side, Decimal(quantity))
        self.emit(
            OrderInitialized(
                self.now, self.now, order_id, "S-1", "BTCUSDT.X", side, "LIMIT", Decimal(quantity), "GTC", price=Decimal("100.5")
            )
        )
        return order_id

    def submit(self, order_id: str) -> None:
        """Send the order."""
        self.orders[order_id].status = "SUBMITTED"
        self.emit(OrderSubmitted(self.now, self.now, order_id, "A-1"))

    def accept(self, order_id: str) -> None:
        """Acknowledge the order."""
        self.orders[order_id].status = "ACCEPTED"
        self.emit(OrderAccepted(self.now, self.now, order_id, f"V-{order_id}", "A-1"))

    def accepted(self, side: str = "BUY", quantity: str = "1.0") -> str:
        """Create, send and acknowledge an order."""
        order_id = self.initialize(side, quantity)
        self.submit(order_id)
        self.accept(order_id)
        return order_id

    def fill(
        self,
        order_id: str,
        quantity: str | None = None,
        price: str = "100.5",
        *,
        late: bool = False,
        source: FillSource = "canonical",
    ) -> OrderFilled:
        """Fill the order, wholly unless a quantity is given, and say what became of the position."""
        order = self.orders[order_id]
        part = order.quantity - order.filled if quantity is None else Decimal(quantity)
        order.filled += part
        if not late:
            order.status = "FILLED" if order.filled == order.quantity else "PARTIALLY_FILLED"
        trade_id = f"T-{order_id}-{len(order.fills)}"
        order.fills.append(trade_id)
        event = OrderFilled(
            self.now,
            self.now,
            order_id,
            f"V-{order_id}",
            "A-1",
            trade_id,
            "P-1",
            "S-1",
            "BTCUSDT.X",
            order.side,
            part,
            Decimal(price),
            "USDT",
            Decimal("0.01"),
            "USDT",
            "TAKER",
            source,
        )
        self.emit(event)
        self._position(part if order.side == "BUY" else -part)
        return event

    def _position(self, change: Decimal) -> None:
        before, self.net = self.net, self.net + change
        where = (self.now, self.now, "P-1", "S-1", "BTCUSDT.X")
        is_flip = before * self.net < 0
        if before == 0:
            self.emit(PositionOpened(*where, self.net))
        elif self.net == 0 or is_flip:
            self.emit(PositionClosed(*where))
            if is_flip:
                self.emit(PositionOpened(*where, self.net))
        else:
            self.emit(PositionChanged(*where, self.net))

    def end(self, order_id: str, kind: str) -> None:
        """End the order: CANCELED, EXPIRED or REJECTED."""
        self.orders[order_id].status = kind
        if kind == "REJECTED":
            self.emit(OrderRejected(self.now, self.now, order_id, "NO"))
        else:
            event = OrderCanceled if kind == "CANCELED" else OrderExpired
            self.emit(event(self.now, self.now, order_id, f"V-{order_id}"))

    def every_type(self) -> None:
        """Play each event type there is at least once; the run completes, since only one end can follow."""
        at = (self.now, self.now)
        balance = Balance("USDT", Decimal("10.5"), Decimal(0), Decimal("10.5"))
        self.rows(3)
        self.emit(ComponentStateChanged(*at, "S-1", "Strategy", "RUNNING"))
        self.emit(TradingStateChanged(*at, "ACTIVE"))
        self.emit(AccountUpdated(*at, "A-1", "MARGIN", True, (balance,)))
        self.emit(OrderDenied(*at, self.initialize(), "NO"))
        held = self.initialize()
        self.emit(OrderEmulated(*at, held))
        self.emit(OrderReleased(*at, held, Decimal("99.5")))
        self.submit(held)
        self.end(held, "REJECTED")
        worked = self.accepted("BUY", "2.0")
        self.emit(OrderPendingUpdate(*at, worked))
        self.emit(OrderModifyRejected(*at, worked, "TOO LATE"))
        self.emit(OrderUpdated(*at, worked, Decimal("2.5"), price=Decimal("101.25")))
        self.orders[worked].quantity = Decimal("2.5")
        self.emit(OrderPendingCancel(*at, worked))
        self.emit(OrderCancelRejected(*at, worked, "TOO LATE"))
        self.fill(worked, "1.0")
        self.fill(worked, "0.5", "99.75")
        self.end(worked, "CANCELED")
        stop = self.accepted("SELL", "1.5")
        self.emit(OrderTriggered(*at, stop))
        self.fill(stop)
        self.end(self.accepted(), "EXPIRED")
        self.control_and_requests()
        self.emit(RunCompleted(self.now))

    def control_and_requests(self) -> None:
        """Play each event that asks for something, observes the market or controls the run."""
        at = (self.now, self.now)
        self.emit(MarketObserved(*at, "BTCUSDT.X", Decimal("99.5"), Decimal(3), Decimal("100.5"), Decimal(2)))
        self.emit(FeedDegraded(*at, "BTCUSDT.X", "a gap"))
        asked = self.initialize()
        self.emit(SubmitRequested(*at, (asked,)))
        self.emit(DispatchFailed(*at, asked, "NEW", "refused"))
        self.orders[asked].status = "DENIED"
        self.emit(ModifyRequested(*at, asked, Decimal(1)))
        self.emit(CancelRequested(*at, (asked,)))
        self.emit(ControlTimeReached(self.now, self.now, "heartbeat"))
        self.emit(KillSwitchChanged(self.now, "reduce", "operator", "a look"))
        self.emit(KillSwitchAdvanced(self.now, "blocked", 7, "2 held"))
        self.emit(RunResumed(self.now, 2, "it had crashed"))
        self.emit(TapeBlockWritten(self.now, 1, 0, 9, "ab" * 32))
        self.emit(TapeStopped(self.now, "budget", 10, "9 of 9 bytes are used"))
        self.emit(ThrottleReset(self.now, "S-1", "operator", "looked at"))
        self.emit(StrategyFailed(self.now, "ValueError"))
        terms = OrderInitialized(*at, "E-1", "S-2", "BTCUSDT.X", "SELL", "LIMIT", Decimal(4), "GTC", price=Decimal(120))
        order = SnapshotOrder(terms, "A-1", "V-E-1", Decimal(4), Decimal(1))
        position = SnapshotPosition("P-E", "S-2", "BTCUSDT.X", Decimal(-2), Decimal(210))
        account = AccountUpdated(*at, "A-1", "MARGIN", True, (Balance("USDT", Decimal(7), Decimal(0), Decimal(7)),))
        self.emit(SnapshotTaken(*at, "venue", "none", (order,), (position,), (account,)))


@st.composite
def venues(draw: st.DrawFn, *, max_steps: int = 40, closed_orders_kept: int | None = None) -> Venue:
    """Draw a venue that has played a random legal stream."""
    kept = draw(st.integers(1, 8)) if closed_orders_kept is None else closed_orders_kept
    venue = Venue(configuration(closed_orders_kept=kept))
    for _ in range(draw(st.integers(0, max_steps))):
        _step(draw, venue)
    if draw(st.booleans()):
        venue.emit(RunCompleted(venue.now))
    return venue


def _step(draw: st.DrawFn, venue: Venue) -> None:
    alive = [order_id for order_id, order in venue.orders.items() if order.status not in FINAL | {"DENIED"}]
    actions = ["rows", "initialize", "account", "component", "trading"] + ["order"] * (4 if alive else 0)
    venue.now += draw(st.integers(0, 1000))
    match draw(st.sampled_from(actions)):
        case "rows":
            venue.rows(draw(st.integers(1, 50)))
        case "initialize":
            venue.initialize(draw(st.sampled_from(["BUY", "SELL"])), draw(st.sampled_from(["1.0", "2.5", "0.001"])))
        case "account":
            total = Decimal(draw(st.integers(0, 10**9))).scaleb(-2)
            balance = Balance("USDT", total, Decimal(0), total)
            venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", draw(st.booleans()), (balance,)))
        case "component":
            venue.emit(ComponentStateChanged(venue.now, venue.now, draw(st.sampled_from("XYZ")), "Strategy", "RUNNING"))
        case "trading":
            venue.emit(TradingStateChanged(venue.now, venue.now, draw(st.sampled_from(["ACTIVE", "REDUCING", "HALTED"]))))
        case _:
            _order_step(draw, venue, draw(st.sampled_from(alive)))


def _order_step(draw: st.DrawFn, venue: Venue, order_id: str) -> None:  # noqa: C901 - a table of moves
    order, now = venue.orders[order_id], venue.now
    moves = {
        "INITIALIZED": ["deny", "submit", "submit", "submit", "emulate", "release", "CANCELED", "update"],
        "SUBMITTED": ["accept", "accept", "fill", "CANCELED", "EXPIRED", "REJECTED", "pending"],
        "ACCEPTED": ["fill", "fill", "CANCELED", "EXPIRED", "REJECTED", "pending", "trigger", "update", "refuse"],
        "TRIGGERED": ["fill", "CANCELED", "EXPIRED", "REJECTED", "pending", "update"],
        "PARTIALLY_FILLED": ["fill", "fill", "CANCELED", "EXPIRED", "pending", "update", "refuse"],
    }
    match draw(st.sampled_from(moves[order.status])):
        case "deny":
            order.status = "DENIED"
            venue.emit(OrderDenied(now, now, order_id, "NO"))
        case "submit":
            venue.submit(order_id)
        case "emulate":
            venue.emit(OrderEmulated(now, now, order_id))
        case "release":
            venue.emit(OrderReleased(now, now, order_id, Decimal("99.5")))
        case "accept":
            venue.accept(order_id)
        case "fill":
            rest = order.quantity - order.filled
            venue.fill(order_id, None if draw(st.booleans()) else str(rest / 2), draw(st.sampled_from(["100.5", "99", "0.0001"])))
        case "pending":
            kind = draw(st.sampled_from([OrderPendingUpdate, OrderPendingCancel]))
            venue.emit(kind(now, now, order_id))
        case "refuse":
            kind = draw(st.sampled_from([OrderModifyRejected, OrderCancelRejected]))
            venue.emit(kind(now, now, order_id, "TOO LATE"))
        case "trigger":
            order.status = "TRIGGERED"
            venue.emit(OrderTriggered(now, now, order_id))
        case "update":
            order.quantity = order.quantity + order.filled
            venue.emit(OrderUpdated(now, now, order_id, order.quantity, price=Decimal("101.25")))
        case kind:
            venue.end(order_id, kind)


def position_spans(entries: list[EventStreamEntry]) -> int:
    """Return how many positions the entries hold."""
    return sum(span(entry.event) for entry in entries)
