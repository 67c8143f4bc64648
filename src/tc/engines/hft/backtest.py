"""One backtest in hftbacktest: checked, played stamp by stamp in a process of its own, driven by the Core."""

from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from typing import Any

from tc.core.events import Event
from tc.engines.core_strategies import load_core_strategy
from tc.engines.hft.account import Account
from tc.engines.hft.adapter import HftAdapter
from tc.engines.hft.feed import BookColumns, ReadBook, book_columns
from tc.engines.hft.feedback import HftFeedback
from tc.engines.hft.messages import Advance, Begin, Seen
from tc.engines.hft.operations import Operations
from tc.engines.hft.process import HftProcess
from tc.engines.hft.settings import HftSettings
from tc.engines.requests import check_dataset, no_rows
from tc.engines.sources import importable, python_path
from tc.errors import DocumentError, EngineError
from tc.ports import BacktestRequest, CoreStrategy, EngineOutcome, Progress, Stream
from tc.runtime.feedback import take_in

PROGRESS_ROWS = 4_096


def installed_version(distribution: str) -> str:
    """Return the version of the engine's distribution; DocumentError when it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        raise DocumentError(
            f"engine: {distribution} is not installed", hint="It is an optional extra: `uv sync --extra hft`, or `make setup`."
        ) from None


class HftEngine:
    """hftbacktest, for Core-native strategies on order book data; ``read_book`` reads the data, ``start`` starts its process.

    Raises
    ------
    DocumentError
        It is not installed: it is an optional extra.

    """

    name = "hftbacktest"

    def __init__(
        self, read_book: ReadBook, settings: HftSettings | None = None, start: Callable[[], HftProcess] = HftProcess
    ) -> None:
        self.version = installed_version(self.name)
        self._read_book = read_book
        self._settings = settings or HftSettings()
        self._start = start

    def settings(self) -> dict[str, Any]:
        """Return every setting of the engine that could change a result, with its effective value."""
        return self._settings.document()

    def prepare(self, request: BacktestRequest) -> "HftBacktest":
        """Check data, venue, instrument and strategy before anything runs.

        Raises
        ------
        DocumentError
            The spec does not fit the engine, the dataset, the instrument or the strategy.
        EngineError
            The strategy's own code raised while it was imported or made.

        """
        return HftBacktest(request, self._read_book, self._settings, self._start)


class HftBacktest:
    """One backtest, checked and ready; run it once."""

    def __init__(
        self, request: BacktestRequest, read_book: ReadBook, settings: HftSettings, start: Callable[[], HftProcess]
    ) -> None:
        self._request = request
        self._start = start
        self._settings = settings
        _check_kind(request)
        check_dataset(request)
        data, dataset = request.spec.played, request.dataset
        self.first_ns = data.start_ns or dataset.first_ns
        self._columns: BookColumns | None = book_columns(
            # What lies before the window is needed, too: it says what the book is when the window begins.
            read_book(dataset, None, data.end_ns),
            dataset,
            request.instrument,
            first_ns=self.first_ns,
            feed_ns=settings.feed_ns,
        )
        self.rows_total = self._columns.in_window
        if self.rows_total == 0:
            raise no_rows(request)
        self._folders = python_path(request)
        self.core_strategy: CoreStrategy | None
        with importable(self._folders):
            self.core_strategy, self.identity = load_core_strategy(request, self._folders)
        self._process: HftProcess | None = None

    def run(self, stream: Stream, *, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> EngineOutcome:
        """Play the rows to the end, emitting every event.

        Raises
        ------
        EngineError
            The process of hftbacktest died.

        """
        events = 0

        def emit(event: Event) -> None:
            nonlocal events
            events += 1
            stream.emit(event)

        instrument, spec = self._request.instrument, self._request.spec
        account = Account(spec.stated_venue, instrument)
        feedback = HftFeedback(instrument, account, fees=_fees(self._request))
        adapter = HftAdapter(stream, instrument, feedback, account_id=account.id, now_ns=self.first_ns)
        operations = Operations(spec.operations, strategy_id=self.identity.name)
        process = self._process = self._start()
        process.begin(self._begin())
        with importable(self._folders):
            # Whoever sends at once sends at the first stamp: the venue's clock stands there already.
            seen = process.advance(Advance((), self.first_ns))
            stream.attach(adapter)
            emit(account.stated(self.first_ns))
            told = 0
            while True:
                _take(seen, adapter, feedback, operations, emit)
                _ring(adapter, stream)
                if seen.is_end:
                    break
                if seen.played >= told:
                    if should_stop():
                        return EngineOutcome(seen.played, is_stopped=True, at_ns=adapter.now_ns, strategy_counters={})
                    told = seen.played + PROGRESS_ROWS
                    on_progress(Progress(seen.played, self.rows_total, events))
                seen = process.advance(Advance(adapter.take_commands(), operations.first_of(adapter.deadline_ns)))
        if seen.played != self.rows_total:
            raise EngineError(
                f"{seen.played} rows were played, but the dataset has {self.rows_total} in the spec's window",
                hint="This is a bug of ours or of hftbacktest's.",
            )
        on_progress(Progress(seen.played, self.rows_total, events))
        return EngineOutcome(seen.played, is_stopped=False, at_ns=adapter.now_ns, strategy_counters={})

    def close(self) -> None:
        """End the process, if it was started."""
        if self._process is not None:
            self._process.close()

    def _begin(self) -> Begin:
        columns, settings = self._columns, self._settings
        assert columns is not None  # noqa: S101 - a backtest is run once
        self._columns = None  # The other process has them now.
        return Begin(
            order_entry_ns=settings.order_entry_ns,
            order_response_ns=settings.order_response_ns,
            queue_model=settings.queue_model,
            queue_exponent=settings.queue_exponent,
            first_ns=self.first_ns,
            end_ns=int(columns.local_ns[-1]),
            kinds=columns.kinds.tobytes(),
            sides=columns.sides.tobytes(),
            ticks=columns.ticks.tobytes(),
            lots=columns.lots.tobytes(),
            venue_ns=columns.venue_ns.tobytes(),
            local_ns=columns.local_ns.tobytes(),
        )


def _take(seen: Seen, adapter: HftAdapter, feedback: HftFeedback, operations: Operations, emit: Callable[[Event], None]) -> None:
    """Take in what waits at one stamp: the venue's feedback, then data, then what the operator does; control time follows."""
    adapter.see(seen)
    feedback.arrive(seen.responses, seen.now_ns)
    take_in(feedback, emit)
    for event in chain(adapter.market(), operations.due(seen.now_ns)):
        emit(event)


def _ring(adapter: HftAdapter, stream: Stream) -> None:
    """Ring the timer for as long as it is set to what has come."""
    while adapter.deadline_ns is not None and adapter.deadline_ns <= adapter.now_ns:
        adapter.deadline_ns = None
        stream.reach(adapter.now_ns)


def _fees(request: BacktestRequest) -> tuple[Decimal, Decimal]:
    fees = request.spec.stated_venue.fees
    if fees is not None:
        return Decimal(fees.maker), Decimal(fees.taker)
    return Decimal(request.instrument.maker_fee), Decimal(request.instrument.taker_fee)


def _check_kind(request: BacktestRequest) -> None:
    spec, kinds = request.spec, {part.kind for part in request.dataset.parts}
    if spec.stated_strategy.core is None:
        raise DocumentError(
            "engine: hftbacktest runs Core-native strategies only, and the spec names none",
            hint="Set strategy.core, or use the engine nautilus.",
        )
    if spec.gate == "off":
        raise DocumentError("gate: off, but a Core-native strategy has no way out but through the gate", hint="Set `gate: on`.")
    if "book" not in kinds or not kinds <= {"book", "trades"}:
        raise DocumentError(
            f"data.dataset: {request.dataset.id} holds {', '.join(sorted(kinds))}; "
            "hftbacktest plays a book, with or without trades",
            hint="`tc data import --format tardis-l2` or `binance-raw` makes such a dataset.",
        )
    if spec.stated_venue.oms_type != "netting":
        raise DocumentError("venue.oms_type: hftbacktest keeps one position; expected netting")
    if request.instrument.is_inverse:
        raise DocumentError(
            f"instrument: {request.instrument.id} is inverse, whose commissions cannot be written out exactly",
            hint="Use the engine nautilus for inverse contracts.",
        )
