"""The recorder: listens on Nautilus's message bus and emits our events, with the market rows before them by reference."""

from collections.abc import Callable, Sequence
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.enums import ComponentState
from nautilus_trader.common.messages import ComponentStateChanged
from nautilus_trader.model.events import AccountState

from tc.core.events import Event, MarketDataRows
from tc.engines.nautilus.translate import TRANSLATORS, account_snapshot
from tc.errors import EngineError

_PRIORITY = 20
"""Before Nautilus's own engines (10) and its strategies (0): a reaction is never recorded before its cause."""

BATCH = 512
_NOT_TRADING = -1


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

    """

    def __init__(
        self, engine: BacktestEngine, emit: Callable[[Event], None], *, dataset: str, first_row: int, batch: int = BATCH
    ) -> None:
        self._engine = engine
        self._emit = emit
        self._dataset = dataset
        self._next_row = first_row
        self._chunk_row = first_row
        self._chunk: Sequence[Any] = ()
        self._iterations_before = 0
        self._is_trading = False
        self._batch = batch
        self._waiting: list[tuple[Any, int]] = []
        self._accounts: dict[str, AccountState] = {}
        self._topics: tuple[tuple[str, Callable[[Any], None]], ...] = (
            ("events.order.*", self.record),
            ("events.position.*", self.record),
            ("events.risk*", self.record),
            ("events.account.*", self.record_account),
            ("events.system.*", self.record_system),
        )

    def attach(self) -> None:
        """Subscribe to every topic that carries events to record."""
        for topic, handler in self._topics:
            self._engine.kernel.msgbus.subscribe(topic=topic, handler=handler, priority=_PRIORITY)

    def detach(self) -> None:
        """Emit what waits and the rows that were taken up after it, and listen no longer."""
        for topic, handler in self._topics:
            self._engine.kernel.msgbus.unsubscribe(topic=topic, handler=handler)
        self.flush()
        if self._is_trading:
            self._catch_up(self._engine.iteration, self._engine.kernel.clock.timestamp_ns())

    def begin_chunk(self, rows: Sequence[Any]) -> None:
        """Tell the recorder which rows the engine plays next."""
        self.flush()
        self._chunk_row += len(self._chunk)
        self._chunk = rows
        self._iterations_before = self._engine.iteration

    def record(self, event: Any) -> None:  # noqa: ANN401 - any Nautilus event
        """Take the event; it is emitted with its batch, after the rows taken up before it."""
        waiting = self._waiting
        waiting.append((event, self._engine.iteration if self._is_trading else _NOT_TRADING))
        if len(waiting) >= self._batch:
            self.flush()

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

        Raises
        ------
        EngineError
            An event is of a type that is not known.
        InvariantViolation
            As the stream that takes the events raises it.

        """
        waiting, self._waiting = self._waiting, []
        emit = self._emit
        done = 0
        try:
            for event, iteration in waiting:
                done += 1
                translate = TRANSLATORS.get(type(event))
                if translate is None:
                    _require_ignored(event)
                    continue
                translated = translate(event)
                if iteration >= 0:
                    self._catch_up(iteration, translated.at_ns)
                emit(translated)
        finally:
            self._waiting[:0] = waiting[done:]  # What came after one that failed happened all the same.

    def _catch_up(self, iteration: int, now_ns: int) -> None:
        taken = iteration - self._iterations_before
        if taken < len(self._chunk) and self._chunk[taken].ts_init <= now_ns:
            taken += 1
        end = self._chunk_row + taken
        if end > self._next_row:
            last = self._chunk[taken - 1]
            self._emit(MarketDataRows(last.ts_init, self._dataset, self._next_row, end - 1))
            self._next_row = end


def _require_ignored(event: object) -> None:
    if type(event).__name__ not in _IGNORED:
        raise EngineError(
            f"NautilusTrader published {type(event).__name__}, which this version of tc does not know",
            hint="Use NautilusTrader 1.231, or report it: no event may be lost silently.",
        )


_IGNORED = frozenset({"PositionAdjusted"})
"""Published on a recorded topic, but no fact of its own: an adjustment restates the commission that its fill carries."""
