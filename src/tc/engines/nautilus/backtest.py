"""One backtest in NautilusTrader's BacktestEngine: checked, streamed in chunks, recorded."""

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import nautilus_trader
import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.trading.strategy import Strategy

from tc.engines.nautilus.instruments import nautilus_instrument
from tc.engines.nautilus.recorder import Recorder
from tc.engines.nautilus.rows import CHUNK_ROWS, chunks, window
from tc.engines.nautilus.strategies import importable, load_strategy, python_path
from tc.errors import DocumentError, EngineError, TcError
from tc.ports import BacktestRequest, Emit, EngineOutcome, Progress

_TRADER = "TC-001"
_VENUE_SETTINGS: dict[str, Any] = {
    "bar_execution": True,
    "trade_execution": True,
    "reject_stop_orders": True,
    "support_gtd_orders": True,
    "support_contingent_orders": True,
    "use_position_ids": True,
    "use_random_ids": False,
    "use_reduce_only": True,
    "use_message_queue": True,
    "use_market_order_acks": False,
    "bar_adaptive_high_low_ordering": False,
    "liquidity_consumption": False,
    "queue_position": False,
    "allow_cash_borrowing": False,
    "frozen_account": False,
}
_FILL_MODEL = {"prob_fill_on_limit": 1.0, "prob_slippage": 0.0}


class NautilusEngine:
    """NautilusTrader's backtest engine; ``chunk_rows`` says how many rows it is given at a time, which changes no result."""

    name = "nautilus"
    version: str = nautilus_trader.__version__

    def __init__(self, *, chunk_rows: int = CHUNK_ROWS) -> None:
        self._chunk_rows = chunk_rows

    def settings(self) -> dict[str, Any]:
        """Return every setting of the engine that could change a result, with its effective value."""
        return {"trader_id": _TRADER, "venue": dict(_VENUE_SETTINGS), "fill_model": dict(_FILL_MODEL)}

    def prepare(self, request: BacktestRequest) -> "NautilusBacktest":
        """Check data, venue, instrument and strategy before anything runs.

        Raises
        ------
        DocumentError
            The spec does not fit the dataset, the instrument or the strategy.
        EngineError
            The strategy's own code raised while it was imported or made.

        """
        return NautilusBacktest(request, chunk_rows=self._chunk_rows)


class NautilusBacktest:
    """One backtest, checked and ready; run it once."""

    def __init__(self, request: BacktestRequest, *, chunk_rows: int) -> None:
        self._request = request
        self._chunk_rows = chunk_rows
        _check_precisions(request)
        _check_balances(request)
        data = request.spec.data
        self._first_row, self.rows_total = window(request.dataset, start_ns=data.start_ns, end_ns=data.end_ns)
        if self.rows_total == 0:
            raise DocumentError(
                f"data: no row of dataset {request.dataset.id} lies between start {data.start} and end {data.end}",
                hint="`tc data list` shows what each dataset covers; end is exclusive.",
            )
        self.first_ns = data.start_ns or request.dataset.first_ns
        self._folders = python_path(request)
        # What the strategy draws at random is drawn from the spec's seed.
        random.seed(request.spec.seed)
        np.random.seed(request.spec.seed % 2**32)  # noqa: NPY002 - a user's strategy may use the old generator
        with importable(self._folders):
            self._strategy, self.identity = load_strategy(request, self._folders)
        self._engine = _checked_engine(request, self._strategy)

    def run(self, emit: Emit, *, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> EngineOutcome:
        """Play the rows to the end, emitting every event.

        Raises
        ------
        EngineError
            The engine or the strategy raised, or the engine played fewer rows than it was given.

        """
        with importable(self._folders):
            return self._played(self._engine, emit, on_progress, should_stop)

    def close(self) -> None:
        """Dispose of the engine; an exception of the strategy's while it is disposed of changes nothing that was recorded."""
        with suppress(Exception, SystemExit):
            self._engine.dispose()

    def _played(
        self,
        engine: BacktestEngine,
        emit: Emit,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> EngineOutcome:
        events = 0

        def count(event: Any) -> None:  # noqa: ANN401
            nonlocal events
            events += 1
            emit(event)

        data = self._request.spec.data
        recorder = Recorder(engine, count, dataset=self._request.dataset.fingerprint, first_row=self._first_row)
        recorder.attach()
        rows, is_stopped = 0, False
        try:
            for chunk in chunks(self._request.dataset, start_ns=data.start_ns, end_ns=data.end_ns, rows=self._chunk_rows):
                if is_stopped := should_stop():
                    break
                recorder.begin_chunk(chunk)
                play(engine, chunk, None if rows else self.first_ns)
                rows += len(chunk)
                on_progress(Progress(rows, self.rows_total, events))
            end(engine)
        finally:
            recorder.detach()  # The rows up to a failure were processed, too: they belong to the stream.
        if rows != self.rows_total and not is_stopped:
            raise EngineError(
                f"{rows} rows were played, but the dataset has {self.rows_total} in the spec's window",
                hint="`tc data fingerprint` says whether the dataset is as it was imported.",
            )
        at_ns = engine.kernel.clock.timestamp_ns()
        counters = getattr(self._strategy, "counters", {}) if self._request.spec.strategy.scenario else {}
        return EngineOutcome(rows, is_stopped, at_ns, dict(counters))


def _check_precisions(request: BacktestRequest) -> None:
    instrument, dataset = request.instrument, request.dataset
    if dataset.instrument_id != instrument.id:
        raise DocumentError(
            f"data.dataset: {dataset.id} holds {dataset.instrument_id}, but the spec trades {instrument.id}",
            hint="Name the dataset's own instrument, or import data of the other.",
        )
    stored = (dataset.price_precision, dataset.size_precision)
    stated = (instrument.price_precision, instrument.size_precision)
    if stored != stated:
        raise DocumentError(
            f"data.dataset: {dataset.id} was imported with precisions {stored} (price, size), "
            f"but the instrument document says {stated}",
            hint="Import the data again under another dataset id, or correct the instrument document.",
        )
    if instrument.venue != request.spec.venue.name:
        raise DocumentError(
            f"venue.name: {request.spec.venue.name!r}, but the instrument {instrument.id} trades on {instrument.venue!r}",
            hint=f"Set venue.name to {instrument.venue}.",
        )


def _check_balances(request: BacktestRequest) -> None:
    for text in request.spec.venue.starting_balances:
        amount, _, code = text.partition(" ")
        if Currency.from_str(code, strict=True) is None:
            raise DocumentError(
                f"venue.starting_balances: NautilusTrader knows no currency {code!r}",
                hint="Currencies are written as Binance does: USDT, BTC, EUR.",
            )
        if Money.from_str(text).as_decimal() != Decimal(amount):
            places = Currency.from_str(code).precision
            raise DocumentError(
                f"venue.starting_balances: {text} is finer than the {places} decimal places of {code}",
                hint="Nothing is rounded: write an amount that the currency can hold.",
            )


def _checked_engine(request: BacktestRequest, strategy: Strategy) -> BacktestEngine:
    try:
        return make_engine(request, strategy)
    except Exception as error:  # Nautilus has many of them, and each speaks of what the documents say
        raise DocumentError(
            f"NautilusTrader refuses the venue, the instrument or the strategy: {type(error).__name__}: {error}",
            hint="Correct the spec or the instrument document.",
        ) from error


def make_engine(request: BacktestRequest, strategy: Strategy) -> BacktestEngine:
    """Return an engine with the request's venue, instrument and strategy, and no data yet."""
    venue = request.spec.venue
    engine = BacktestEngine(
        BacktestEngineConfig(trader_id=_TRADER, logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    engine.add_venue(
        venue=Venue(venue.name),
        oms_type=OmsType[venue.oms_type.upper()],
        account_type=AccountType[venue.account_type.upper()],
        base_currency=None if venue.base_currency is None else Currency.from_str(venue.base_currency),
        starting_balances=[Money.from_str(each) for each in venue.starting_balances],
        default_leverage=Decimal(venue.default_leverage),
        fill_model=FillModel(random_seed=request.spec.seed % 2**32, **_FILL_MODEL),
        **_VENUE_SETTINGS,
    )
    engine.add_instrument(nautilus_instrument(request.instrument, venue.fees))
    engine.add_strategy(strategy)
    return engine


def play(engine: BacktestEngine, chunk: list[Any], start_ns: int | None) -> None:
    """Let the engine play rows; the first time, its clocks are set to the start."""
    before = engine.iteration
    try:
        engine.add_data(chunk, sort=True)
        engine.run(start=start_ns, streaming=True)
        engine.clear_data()
    except (TcError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever the user's strategy or the engine raised, an exit included
        raise _failed(error) from error
    played = engine.iteration - before
    if played != len(chunk):
        raise EngineError(
            f"the engine stopped by itself after {played} of the {len(chunk)} rows it was given",
            hint="An account that cannot pay (AccountError), or a shutdown asked for by a component, stops it.",
        )


def end(engine: BacktestEngine) -> None:
    """Stop the strategy and the engine after the last row."""
    try:
        engine.end()
    except (TcError, KeyboardInterrupt):
        raise
    except BaseException as error:  # whatever the user's on_stop raised, an exit included
        raise _failed(error) from error


def _failed(error: BaseException) -> EngineError:
    return EngineError(f"{type(error).__name__}: {error}", hint="The run directory has the traceback in error.txt.")
