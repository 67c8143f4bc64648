"""What became at a venue of a run's orders while nobody recorded it, as the events that say so."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tc.checks.reconcile import HeldFill, HeldOrder, Unknown
from tc.core import EventStreamEntry, State
from tc.core.events import (
    DispatchFailed,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
    SnapshotTaken,
)
from tc.core.events.orders import Side
from tc.core.state import slots
from tc.core.state.exact import ZERO, add
from tc.core.state.model import FINAL, InFlight, Order
from tc.core.state.orders import find
from tc.exchange.reading.account import VenueReading
from tc.exchange.reading.holdings import held_at_venue

NEVER_THERE = "the venue never had it"
NEVER_DONE = "the venue never did it"
EXTERNAL = "EXTERNAL"
_NO_ACCOUNT = ""
_MS = 1_000_000


@dataclass(slots=True)
class Known:
    """What the entries of a stream have said already, beyond what State remembers; it takes each entry once.

    Parameters
    ----------
    strategies
        Whose each order is, by its key.
    trades
        The fills, as instrument and trade id.
    since_ns
        When the stream first learned what was held; None before that.

    """

    strategies: dict[str, str] = field(default_factory=dict)
    trades: set[tuple[str, str]] = field(default_factory=set)
    since_ns: int | None = None

    def take(self, entry: EventStreamEntry) -> None:
        """Take the next entry."""
        event = entry.event
        match event:
            case OrderInitialized():
                self.strategies.setdefault(event.client_order_id, event.strategy_id)
            case OrderFilled():
                self.trades.add((event.instrument_id, event.trade_id))
            case SnapshotTaken():
                self.since_ns = event.at_ns if self.since_ns is None else self.since_ns
            case _:
                pass


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What is to be recorded, and which commands the venue has not seen: such a request may still be on its way."""

    events: tuple[Event, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catching:
    """What catching up needs to know beside State and the venue.

    Parameters
    ----------
    instruments
        Instrument ids by the venue's symbols.
    currency
        The currency of their prices.

    """

    instruments: Mapping[str, str]
    currency: str


def caught_up(state: State, known: Known, reading: VenueReading, catching: Catching, *, is_last_word: bool) -> CaughtUp:
    """Return what State does not know of what the venue says: each fill once, by its trade id.

    Parameters
    ----------
    state, known
        The stream as it stands; what it has said of an order, it says no second time.
    reading
        The account, with all orders and fills since the run began.
    catching
        What the names are.
    is_last_word
        Whether nothing is on its way to the venue any more: what it does not have then never came, and what nobody sent ends.
        Otherwise only what the venue has is told.

    """
    if known.since_ns is None:
        return CaughtUp((), ())
    return _CatchingUp(state, known, reading, catching, is_last_word=is_last_word).told()


def wait_ns(last_ns: int, now_ns: int, *, longest_ns: int) -> int:
    """Return how long to wait from now until nothing that was sent by the last stamp can be on its way any more.

    A clock that was set back meanwhile makes it no longer than a request may be on its way.
    """
    return min(longest_ns, max(0, last_ns + longest_ns - now_ns))


class _CatchingUp:
    def __init__(self, state: State, known: Known, reading: VenueReading, catching: Catching, *, is_last_word: bool) -> None:
        self._execution = state.execution
        self._known = known
        self._catching = catching
        self._is_last_word = is_last_word
        self._at_ns = reading.at_ns
        self._account = next(iter(sorted(self._execution.accounts)), _NO_ACCOUNT)
        held = held_at_venue(reading, instruments=catching.instruments, since_ns=None)
        orders = () if isinstance(held.orders, Unknown) else held.orders
        fills = () if isinstance(held.fills, Unknown) else held.fills
        self._orders = {each.key: each for each in orders}
        self._ended_ns = {each.venue_order_id: each.updated_ns for each in reading.orders}
        names = catching.instruments
        self._trades = {(names.get(each.symbol, each.symbol), each.trade_id): each for each in reading.trades}
        self._since_ns = (known.since_ns or 0) + reading.skew_ns - _MS
        self._fills = [each for each in fills if self._is_new(each)]
        self._unseen: list[str] = []

    def told(self) -> CaughtUp:
        """Return everything, in the order in which a stream can take it: what began, what was filled, what ended."""
        keys = sorted(self._open_keys())
        foreign = self._foreign()
        events = [
            *(event for key in keys for event in self._begun(key)),
            *(event for order in foreign for event in self._met(order)),
            *(self._filled(each) for each in self._fills),
            *(event for key in keys for event in self._ended(key)),
            *(event for order in foreign for event in self._end_of(order)),
        ]
        return CaughtUp(tuple(events), tuple(self._unseen))

    def _open_keys(self) -> set[str]:
        orders = self._execution.orders
        return {key for key, _ in slots.items(orders.open)} | {key for key, _ in slots.items(orders.unsubmitted)}

    def _is_new(self, fill: HeldFill) -> bool:
        if (fill.instrument_id, fill.trade_id) in self._known.trades:
            return False
        return fill.key in self._known.strategies or fill.at_ns >= self._since_ns

    # Orders that the stream knows.

    def _begun(self, key: str) -> Iterator[Event]:
        """Tell that an order reached the venue, and which terms it has there; or that it never did."""
        held, order = self._orders.get(key), find(self._execution.orders, key)
        terms = slots.get(self._execution.orders.unsubmitted, key)
        if held is None:
            yield from self._absent(key, order)
            return
        if order is None:
            if terms is None:
                return
            yield OrderSubmitted(self._at_ns, self._at_ns, key, self._account)
        venue_order_id = held.venue_order_id or ""
        if (order is None or order.status == "SUBMITTED") and held.status != "REJECTED":
            yield OrderAccepted(self._at_ns, self._at_ns, key, venue_order_id, self._account)
        yield from self._updated(held, order or terms)

    def _updated(self, held: HeldOrder, stated: Order | OrderInitialized | None) -> Iterator[Event]:
        if stated is None or not held.quantity:
            return
        price = None if held.price in (None, stated.price) else held.price
        trigger = None if held.trigger_price in (None, stated.trigger_price) else held.trigger_price
        if held.quantity != stated.quantity or price is not None or trigger is not None:
            yield OrderUpdated(self._at_ns, self._at_ns, held.key, held.quantity, price, trigger, held.venue_order_id)

    def _absent(self, key: str, order: Order | None) -> Iterator[Event]:
        """Tell of an order that the venue does not have: it never came, or it has ended so long ago that it is forgotten."""
        flying = slots.get(self._execution.queue.in_flight, key)
        is_sent = flying is not None if order is None else order.status == "SUBMITTED"
        if is_sent:
            self._unseen.append(key)
        if not self._is_last_word:
            return
        if order is None and is_sent:
            yield DispatchFailed(self._at_ns, self._at_ns, key, "NEW", NEVER_THERE)
        elif is_sent:
            yield OrderRejected(self._at_ns, self._at_ns, key, NEVER_THERE)
        else:
            yield OrderCanceled(self._at_ns, self._at_ns, key, None if order is None else order.venue_order_id)

    def _ended(self, key: str) -> Iterator[Event]:
        """Tell how an order ended; of one that is open still, that what was under way was never done."""
        held = self._orders.get(key)
        if held is None:
            return
        if held.status in FINAL:
            yield from self._end_of(held)
        else:
            yield from self._undone(key, held)

    def _end_of(self, held: HeldOrder) -> Iterator[Event]:
        key, ended_ns = held.key, self._ended_ns.get(held.venue_order_id or "", self._at_ns)
        if held.status == "CANCELED":
            yield OrderCanceled(self._at_ns, ended_ns, key, held.venue_order_id)
        elif held.status == "EXPIRED":
            yield OrderExpired(self._at_ns, ended_ns, key, held.venue_order_id)
        elif held.status == "REJECTED":
            yield OrderRejected(self._at_ns, ended_ns, key, "the venue rejected it")

    def _undone(self, key: str, held: HeldOrder) -> Iterator[Event]:
        order, flying = find(self._execution.orders, key), slots.get(self._execution.queue.in_flight, key)
        is_changed = order is not None and any(self._updated(held, order))
        is_cancel = (flying is not None and flying.kind == "CANCEL") or (order is not None and order.pending == "CANCEL")
        is_change = (flying is not None and flying.kind == "REPLACE") or (order is not None and order.pending == "UPDATE")
        if is_cancel or (is_change and not is_changed):
            self._unseen.append(key)
        if not self._is_last_word:
            return
        if flying is not None and flying.kind != "NEW" and not (is_changed and _is_as_asked(flying, held)):
            yield DispatchFailed(self._at_ns, self._at_ns, key, flying.kind, NEVER_DONE)
        elif flying is None and is_cancel:
            yield OrderCancelRejected(self._at_ns, self._at_ns, key, NEVER_DONE, held.venue_order_id)
        elif flying is None and is_change and not is_changed:
            yield OrderModifyRejected(self._at_ns, self._at_ns, key, NEVER_DONE, held.venue_order_id)

    # Fills, and the orders of others.

    def _filled(self, fill: HeldFill) -> Event:
        key = fill.key or _foreign_key(fill)
        trade = self._trades[fill.instrument_id, fill.trade_id]
        strategy_id, position_id = self._position(fill.instrument_id, self._known.strategies.get(key), trade.position_side)
        return OrderFilled(
            self._at_ns,
            fill.at_ns,
            key,
            fill.venue_order_id or "",
            self._account,
            fill.trade_id,
            position_id,
            strategy_id,
            fill.instrument_id,
            _side(fill.side),
            fill.quantity,
            fill.price,
            self._catching.currency,
            fill.fee,
            fill.fee_currency,
            "MAKER" if trade.is_maker else "TAKER",
        )

    def _position(self, instrument_id: str, strategy_id: str | None, side: str) -> tuple[str, str]:
        """Return in whose position, and in which, a fill counts: that of another's order in the one that it changes."""
        held = [each for _, each in slots.items(self._execution.holdings.positions) if each.instrument_id == instrument_id]
        if len(held) == 1:
            return strategy_id or held[0].strategy_id, held[0].position_id
        return strategy_id or EXTERNAL, f"{instrument_id}-{side}"

    def _foreign(self) -> list[HeldOrder]:
        """Return the orders that the stream has never heard of, and that were filled."""
        found: dict[str, HeldOrder] = {}
        for fill in self._fills:
            key = fill.key or _foreign_key(fill)
            if key in self._known.strategies or find(self._execution.orders, key) is not None:
                continue
            held = self._orders.get(key)
            if held is None:
                same = [each.quantity for each in self._fills if each.venue_order_id == fill.venue_order_id]
                held = HeldOrder(
                    key, fill.instrument_id, fill.side, _sum(same), _sum(same), "FILLED", None, None, fill.venue_order_id
                )
            found[key] = held
        return list(found.values())

    def _met(self, held: HeldOrder) -> Iterator[Event]:
        key = held.key
        kind = "MARKET" if held.price is None else "LIMIT"
        terms = OrderInitialized(
            self._at_ns,
            self._at_ns,
            key,
            EXTERNAL,
            held.instrument_id,
            _side(held.side),
            kind,
            held.quantity or held.filled,
            "GTC",
            price=held.price,
            trigger_price=held.trigger_price,
            tags=(EXTERNAL,),
        )
        yield terms
        yield OrderAccepted(self._at_ns, self._at_ns, key, held.venue_order_id or "", self._account)


def _is_as_asked(flying: InFlight, held: HeldOrder) -> bool:
    return flying.quantity in (None, held.quantity) and flying.price in (None, held.price)


def _side(word: str) -> Side:
    return "BUY" if word == "BUY" else "SELL"


def _foreign_key(fill: HeldFill) -> str:
    return f"{EXTERNAL}-{fill.venue_order_id}"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for each in amounts:
        total = add(total, each)
    return total
