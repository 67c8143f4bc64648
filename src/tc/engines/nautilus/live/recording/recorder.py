"""The recorder of a live node: what its bus carries becomes events at once, with the market rows before them by reference."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from nautilus_trader.model import data, events
from nautilus_trader.model.identifiers import InstrumentId

from tc.core.events import EVENT_TYPES, Event, FeedDegraded, MarketDataRows, SnapshotTaken
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.recording.tape_rows import tape_rows
from tc.engines.nautilus.recorder import require_ignored
from tc.engines.nautilus.seams import HasKernel
from tc.engines.nautilus.translate import TRANSLATORS, account_snapshot
from tc.ports import TapeWriter

_PRIORITY = 20
"""Before Nautilus's own engines (10) and its strategies (0): a reaction is never recorded before its cause."""

_OURS = frozenset(EVENT_TYPES.values())
_ROWS = frozenset(
    {
        data.QuoteTick,
        data.TradeTick,
        data.Bar,
        data.OrderBookDelta,
        data.OrderBookDeltas,
        data.OrderBookDepth10,
        data.MarkPriceUpdate,
        data.IndexPriceUpdate,
        data.FundingRateUpdate,
    }
)
"""What is a row of market data; whatever else is published as data is derived from it, or describes an instrument."""

_SEEN_ONE_BY_ONE = frozenset({data.QuoteTick, data.TradeTick, data.Bar})


@dataclass(slots=True)
class Elsewhere:
    """How much a node published of instruments that are not recorded: rows of market data, and events of orders and positions."""

    rows: int = 0
    events: int = 0


class LiveRecorder:
    """Turns what a live node publishes into our Event Stream, each entry by itself.

    Rows are counted as the bus delivers them: a row that was delivered before an event stands before it. Until the strategies
    start, orders and positions are only what Nautilus takes over from the venue: they enter together, by `take_over`.

    Parameters
    ----------
    node
        The node to listen to.
    emit
        Receives each event, in the order of processing.
    tape
        Keeps the rows and numbers them.
    home
        Brings what is published on other threads home.
    is_known
        Says whether the stream knows an order's terms.
    see
        Turns a row and its number into the event that stands for it, where a strategy is to see every row; else None.
    first_row
        The number of the first row.
    only
        The one instrument whose rows, orders and positions are recorded; what is published of others is only counted. None
        records them all.

    """

    def __init__(
        self,
        node: HasKernel,
        emit: Callable[[Event], None],
        *,
        tape: TapeWriter,
        home: Home,
        is_known: Callable[[str], bool],
        see: Callable[[Any, int], Event] | None = None,
        first_row: int = 0,
        only: InstrumentId | None = None,
    ) -> None:
        kernel = node.kernel
        self._msgbus = kernel.msgbus
        self._cache = kernel.cache
        self._clock = kernel.clock
        self._emit = emit
        self._tape = tape
        self._home = home
        self._is_known = is_known
        self._see = see
        self._next_row = first_row
        self._last_row = first_row - 1
        self._last_row_ns = 0
        self._waiting: deque[Any] = deque()
        self._is_taken_over = False
        self._is_attached = False
        self.is_muted = False
        self._replace: Callable[[Any], Any] | None = None
        self._refused_fills: set[tuple[str, str]] = set()
        self._accounts: dict[str, events.AccountState] = {}
        self._channels: dict[tuple[InstrumentId, type], tuple[str, str]] = {}
        self.last_seen_ns: dict[tuple[str, str], int] = {}
        self.messages: Counter[tuple[str, str]] = Counter()
        self.every_s: dict[tuple[str, str], float] = {}
        self.contradictions = 0
        self._only = only
        self.elsewhere = Elsewhere()
        self._topics: tuple[tuple[str, Callable[[Any], object]], ...] = (
            ("events.order.*", home.guard(self._ordered)),
            ("events.position.*", home.guard(self._positioned)),
            ("events.risk*", home.guard(self._published)),
            ("events.account.*", home.guard(self._accounted)),
            ("events.system.*", home.guard(self._published)),
            ("data.*", home.guard(self._seen)),
        )

    @property
    def rows(self) -> int:
        """How many rows of market data the node has seen."""
        return self._last_row + 1

    def attach(self) -> None:
        """Subscribe to every topic that carries events or rows."""
        for topic, handler in self._topics:
            self._msgbus.subscribe(topic=topic, handler=handler, priority=_PRIORITY)
        self._is_attached = True

    def detach(self) -> None:
        """Emit the rows that were seen last, and listen no longer; the tape is on disk on return."""
        if self._is_attached:
            self._is_attached = False
            for topic, handler in self._topics:
                self._msgbus.unsubscribe(topic=topic, handler=handler)
            try:
                self.catch_up()
            finally:
                written = self._tape.close()
            self.put(*written)

    def take_over(self, snapshot: SnapshotTaken) -> None:
        """Emit what Nautilus took over; from here on, orders and positions are recorded by their own events."""
        self._is_taken_over = True
        self.put(snapshot)

    def mute(self) -> None:
        """Record nothing any more: the stream takes nothing more, or the node is not to act."""
        self.is_muted = True
        self._emit = _nothing
        self._waiting.clear()

    def replace_by(self, replace: Callable[[Any], Any]) -> None:
        """Let every order event be replaced before it is recorded: what Nautilus published need not be the fact to record."""
        self._replace = replace

    def put(self, *events: Event) -> None:
        """Emit events of our own now, after everything that waits and the rows seen so far."""
        self._waiting.extend(events)
        self._flush()

    def degrade(self, event: FeedDegraded) -> None:
        """Emit that a feed is in doubt, as long as anything is recorded."""
        if self._is_attached:
            self.put(event)

    def catch_up(self) -> None:
        """Emit everything that waits, and the rows seen so far."""
        self._flush()
        self._emit_rows()

    def turn(self) -> None:
        """Emit what is to be recorded of the tape."""
        written = self._tape.turn()
        if written:
            self.put(*written)

    def _published(self, event: Any) -> None:  # noqa: ANN401 - any Nautilus event
        self._home.run(self._record, event)

    def _ordered(self, event: Any) -> None:  # noqa: ANN401 - any order event
        """Take an order's event, unless it could not be applied: such is no fact of the order's, and the venue is to be asked.

        A fill is a fact nevertheless, once: Nautilus publishes one of an order that has ended each time it hears of it.
        """
        if not self._is_taken_over:
            return
        if self._is_elsewhere(event.instrument_id):
            self.elsewhere.events += 1
            return
        order = self._cache.order(event.client_order_id)
        if order is not None and order.last_event is not event and not self._is_new_fill(event):
            self.contradictions += 1
            return
        is_first = order is not None and order.event_count == _FIRST
        self._home.run(self._record_order, order.init_event if is_first else None, event)

    def _is_new_fill(self, event: Any) -> bool:  # noqa: ANN401 - Nautilus's
        """Whether an event that its order refused is a fill, and the first word of its trade."""
        if type(event) is not events.OrderFilled:
            return False
        trade = (event.client_order_id.value, event.trade_id.value)
        if trade in self._refused_fills:
            return False
        self._refused_fills.add(trade)
        return True

    def _record_order(self, terms: Any, event: Any) -> None:  # noqa: ANN401
        """Record the event, after the order's terms where Nautilus published none: it has met the order at the venue."""
        if terms is not None and not self._is_known(terms.client_order_id.value):
            self._record(terms)
        self._record(event)

    def _positioned(self, event: Any) -> None:  # noqa: ANN401 - any position event
        if self._is_elsewhere(event.instrument_id):
            self.elsewhere.events += 1
        elif self._is_taken_over:
            self._home.run(self._record, event)

    def is_recorded(self, instrument_id: InstrumentId) -> bool:
        """Whether what is published of an instrument is recorded."""
        return not self._is_elsewhere(instrument_id)

    def _is_elsewhere(self, instrument_id: InstrumentId) -> bool:
        return self._only is not None and instrument_id != self._only

    def _accounted(self, event: events.AccountState) -> None:
        """Take an account's state, unless it is the one taken last, which Nautilus may publish once more."""
        account_id = event.account_id.value
        if self._accounts.get(account_id) is event:
            return
        self._accounts[account_id] = event
        self._home.run(self._record, account_snapshot(event))

    def _seen(self, datum: Any) -> None:  # noqa: ANN401 - whatever is published as data
        kind = type(datum)
        if kind not in _ROWS or (kind is data.Bar and datum.bar_type.is_internally_aggregated()):
            return
        instrument_id = datum.bar_type.instrument_id if kind is data.Bar else datum.instrument_id
        if self._is_elsewhere(instrument_id):
            self.elsewhere.rows += 1
            return
        self._home.run(self._row, datum, kind, instrument_id)

    def _row(self, datum: Any, kind: type, instrument_id: InstrumentId) -> None:  # noqa: ANN401
        channel = self._channels.get((instrument_id, kind))
        if channel is None:
            channel = self._channels[instrument_id, kind] = (instrument_id.value, kind.__name__)
        self.last_seen_ns[channel] = datum.ts_init
        self.messages[channel] += 1
        if kind is data.Bar and datum.bar_type.spec.is_time_aggregated():
            self.every_s[channel] = min(datum.bar_type.spec.timedelta.total_seconds(), self.every_s.get(channel, inf))
        rows = tape_rows(datum)
        if not rows:
            return
        for row in rows:
            number = self._tape.append(row)
        self._last_row_ns = datum.ts_init
        self._last_row = number
        if self._see is not None and kind in _SEEN_ONE_BY_ONE:
            self._next_row = number + 1
            self.put(self._see(datum, number))

    def _record(self, published: Any) -> None:  # noqa: ANN401
        self._waiting.append(published if self._replace is None else self._replace(published))
        self._flush()

    def _flush(self) -> None:
        """Emit everything that waits, each event after the rows seen before it."""
        waiting = self._waiting
        while waiting:
            event = waiting[0]
            kind = type(event)
            translate = TRANSLATORS.get(kind)
            if translate is not None:
                event = translate(event)
            elif kind not in _OURS:
                waiting.popleft()
                require_ignored(event)
                continue
            if self._emit_rows():
                continue  # What the rows led to may have been recorded, and then this event was emitted before it.
            waiting.popleft()
            self._emit(event)

    def _emit_rows(self) -> bool:
        """Emit the rows seen so far, and say whether there were any; what they lead to may ask for the same again."""
        first, last = self._next_row, self._last_row
        if last < first:
            return False
        self._next_row = last + 1
        self._emit(MarketDataRows(self._last_row_ns, self._tape.id, first, last))
        return True


_FIRST = 2
"""How many events an order has when the first after its terms has been applied."""


def _nothing(event: Event) -> None:
    """Take no event."""
