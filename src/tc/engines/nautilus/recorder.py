"""The recorder: listens on Nautilus's message bus and emits our events, with the market rows before them by reference."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.enums import ComponentState
from nautilus_trader.common.messages import ComponentStateChanged
from nautilus_trader.model.events import AccountState

from tc.core.events import EVENT_TYPES, Event, MarketDataRows
from tc.engines.nautilus.duplicates import NAMING, marked
from tc.engines.nautilus.translate import TRANSLATORS, account_snapshot
from tc.errors import EngineError

_PRIORITY = 20
"""Before Nautilus's own engines (10) and its strategies (0): a reaction is never recorded before its cause."""

BATCH = 512
_NOT_TRADING = -1
_OURS = frozenset(EVENT_TYPES.values())


class Recorder:
    """Turns what a backtest engine publishes into our Event Stream.

    Market data is not listened to, which would cost on every tick. The engine counts the rows it has completed;
    at each event that count, and whether the next row's stamp has been reached, say exactly which rows were taken up
    before it. A row is taken up before the fills it causes.

    Parameters
    ----------
    engine
        The engine to listen to.
    emit
        Receives each event, in the order of processing.
    dataset
        Fingerprint of the dataset whose rows are referred to.
    first_row
        Number of the first row that will be played.
    batch
        So many events are translated and emitted together. A batch is handled in a third of the time that its events take
        one by one between the engine's own work; where effects leave the process, it must be 1.
    is_waiting
        Says whether a decision may hang on the next event: it is then emitted at once; None where nothing is decided.
    see
        Turns a row and its number into the event that stands for it, where a strategy is to see every row; None where rows
        enter by reference. Such a row enters when the engine hands it on, after the fills that it brings: the strategy is asked
        when a strategy of Nautilus's would be.

    """

    def __init__(
        self,
        engine: BacktestEngine,
        emit: Callable[[Event], None],
        *,
        dataset: str,
        first_row: int,
        batch: int = BATCH,
        is_waiting: Callable[[], bool] | None = None,
        see: Callable[[Any, int], Event] | None = None,
    ) -> None:
        self._engine = engine
        self._emit = emit
        self._dataset = dataset
        self._next_row = first_row
        self._chunk_row = first_row
        self._chunk: Sequence[Any] = ()
        self._before_ns = 0
        self._iterations_before = 0
        self._is_trading = False
        self._batch = batch
        self._is_waiting = is_waiting
        self._see = see
        self._waiting: deque[tuple[Any, int]] = deque()
        self._replace: Callable[[Any], Any] | None = None
        self._accounts: dict[str, AccountState] = {}
        self._topics: tuple[tuple[str, Callable[[Any], None]], ...] = (
            ("events.order.*", self.record),
            ("events.position.*", self.record),
            ("events.risk*", self.record),
            ("events.account.*", self.record_account),
            ("events.system.*", self.record_system),
            *((("data.*", self._seen),) if see is not None else ()),
        )

    def attach(self) -> None:
        """Subscribe to every topic that carries events to record."""
        for topic, handler in self._topics:
            self._engine.kernel.msgbus.subscribe(topic=topic, handler=handler, priority=_PRIORITY)

    def detach(self) -> None:
        """Emit what waits and the rows that were taken up after it, and listen no longer."""
        for topic, handler in self._topics:
            self._engine.kernel.msgbus.unsubscribe(topic=topic, handler=handler)
        self.catch_up()

    def replace_by(self, replace: Callable[[Any], Any]) -> None:
        """Let every order event be replaced before it is recorded: what an engine published need not be the fact to record."""
        self._replace = replace

    def begin_chunk(self, rows: Sequence[Any]) -> None:
        """Tell the recorder which rows the engine plays next."""
        self.flush()
        if self._chunk:
            self._before_ns = self._chunk[-1].ts_init
        self._chunk_row += len(self._chunk)
        self._chunk = rows
        self._iterations_before = self._engine.iteration

    def record(self, event: Any) -> None:  # noqa: ANN401 - any Nautilus event
        """Take the event; it is emitted with its batch, after the rows taken up before it."""
        if type(event) in NAMING:
            event = marked(event, self._engine.kernel.cache)
        if self._replace is not None:
            event = self._replace(event)
        waiting = self._waiting
        waiting.append((event, self._engine.iteration if self._is_trading else _NOT_TRADING))
        if len(waiting) >= self._batch or (self._is_waiting is not None and self._is_waiting()):
            self.flush()

    def put(self, *events: Event) -> None:
        """Emit events of our own now, after everything that waits and the rows taken up so far."""
        iteration = self._engine.iteration if self._is_trading else _NOT_TRADING
        self._waiting.extend((event, iteration) for event in events)
        self.flush()

    def catch_up(self) -> None:
        """Emit everything that waits, and the rows taken up so far."""
        self.flush()
        if self._is_trading:
            self._catch_up(self._engine.iteration, self._engine.kernel.clock.timestamp_ns())

    def record_account(self, event: AccountState) -> None:
        """Take an account's state, unless it is the one taken last, which the engine may publish once more."""
        account_id = event.account_id.value
        if self._accounts.get(account_id) is event:
            return
        self._accounts[account_id] = event
        self.record(account_snapshot(event))

    def record_system(self, event: ComponentStateChanged) -> None:
        """Take a component's state; rows are only taken up once the trader runs."""
        self.record(event)
        if event.component_type == "Trader" and event.state == ComponentState.RUNNING:
            self._is_trading = True

    def flush(self) -> None:
        """Emit everything that waits, each event after the rows taken up before it.

        An event's effects may record further events: those are emitted from in here, too, after all that came before them.

        Raises
        ------
        EngineError
            An event is of a type that is not known.
        InvariantViolation
            As the stream that takes the events raises it. What came after the event waits on: it happened all the same.

        """
        waiting, emit = self._waiting, self._emit
        while waiting:
            event, iteration = waiting[0]
            kind = type(event)
            translate = TRANSLATORS.get(kind)
            if translate is not None:
                event = translate(event)
            elif kind not in _OURS:
                waiting.popleft()
                require_ignored(event)
                continue
            if iteration >= 0 and self._catch_up(iteration, event.at_ns):
                continue  # What the rows led to may have been recorded, and then this event was emitted before it.
            waiting.popleft()
            emit(event)

    def _catch_up(self, iteration: int, now_ns: int) -> bool:
        """Emit the rows taken up so far, and say whether there were any; what they lead to may ask for the same again."""
        taken = iteration - self._iterations_before
        first = self._next_row
        if self._see is not None:
            self._see_rows(self._chunk_row + taken)
            return self._next_row > first
        if taken < len(self._chunk) and self._chunk[taken].ts_init <= now_ns:
            taken += 1
        end = self._chunk_row + taken
        if end <= first:
            return False
        self._next_row = end
        # With none of this chunk's rows taken up, a timer rang before its first.
        last_ns = self._chunk[taken - 1].ts_init if taken else self._before_ns
        self._emit(MarketDataRows(last_ns, self._dataset, first, end - 1))
        return True

    def _see_rows(self, end: int) -> None:
        """Emit the rows one by one; what a row leads to may ask for it again, and then it was taken up already."""
        while self._next_row < end and self._see is not None:
            number = self._next_row
            self._next_row = number + 1
            self._emit(self._see(self._chunk[number - self._chunk_row], number))

    def _seen(self, datum: Any) -> None:  # noqa: ANN401, ARG002 - a row that the engine has just handed on
        self.flush()
        self._see_rows(self._chunk_row + self._engine.iteration - self._iterations_before + 1)


def require_ignored(event: object) -> None:
    """Raise EngineError for an event that is neither known nor known to be no fact."""
    if type(event).__name__ not in _IGNORED:
        raise EngineError(
            f"NautilusTrader published {type(event).__name__}, which this version of tc does not know",
            hint="Use NautilusTrader 1.231, or report it: no event may be lost silently.",
        )


_IGNORED = frozenset({"PositionAdjusted"})
"""Published on a recorded topic, but no fact of its own: an adjustment restates the commission that its fill carries."""
