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
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Currency, Money
from nautilus_trader.trading.strategy import Strategy

from tc.engines.core_strategies import load_core_strategy
from tc.engines.nautilus.control_timer import kill_switch_set, schedule_operations, throttle_reset
from tc.engines.nautilus.gate import Gate
from tc.engines.nautilus.instruments import nautilus_instrument
from tc.engines.nautilus.observing import RowObserver
from tc.engines.nautilus.playing import end, play
from tc.engines.nautilus.recorder import BATCH, Recorder
from tc.engines.nautilus.rows import CHUNK_ROWS, chunks, window
from tc.engines.nautilus.strategies import load_strategy
from tc.engines.requests import check_dataset, no_rows
from tc.engines.sources import importable, python_path
from tc.errors import DocumentError, EngineError
from tc.ports import BacktestRequest, CoreStrategy, EngineOutcome, Progress, Stream

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
_RATE_LIMITS = {"own": "100/00:00:01", "behind_gate": "100000/00:00:00.000001"}
"""Nautilus's own rate limit denies what the gate lets wait: behind a gate it is set out of the way."""

_FILL_MODEL = {"prob_fill_on_limit": 1.0, "prob_slippage": 0.0}


class NautilusEngine:
    """NautilusTrader's backtest engine.

    ``chunk_rows`` says how many rows it is given at a time, ``batch`` how many events are recorded together:
    neither changes a result.
    """

    name = "nautilus"
    version: str = nautilus_trader.__version__

    def __init__(self, *, chunk_rows: int = CHUNK_ROWS, batch: int = BATCH) -> None:
        self._chunk_rows = chunk_rows
        self._batch = batch

    def settings(self) -> dict[str, Any]:
        """Return every setting of the engine that could change a result, with its effective value."""
        return {
            "trader_id": _TRADER,
            "venue": dict(_VENUE_SETTINGS),
            "fill_model": dict(_FILL_MODEL),
            "rate_limits": dict(_RATE_LIMITS),
        }

    def prepare(self, request: BacktestRequest) -> "NautilusBacktest":
        """Check data, venue, instrument and strategy before anything runs.

        Raises
        ------
        DocumentError
            The spec does not fit the dataset, the instrument or the strategy.
        EngineError
            The strategy's own code raised while it was imported or made.

        """
        return NautilusBacktest(request, chunk_rows=self._chunk_rows, batch=self._batch)


class NautilusBacktest:
    """One backtest, checked and ready; run it once."""

    def __init__(self, request: BacktestRequest, *, chunk_rows: int, batch: int) -> None:
        self._request = request
        self._chunk_rows = chunk_rows
        self._batch = batch
        self.core_strategy: CoreStrategy | None = None
        check_dataset(request)
        _check_balances(request)
        data = request.spec.played
        self._first_row, self.rows_total = window(request.dataset, start_ns=data.start_ns, end_ns=data.end_ns)
        if self.rows_total == 0:
            raise no_rows(request)
        self.first_ns = data.start_ns or request.dataset.first_ns
        self._folders = python_path(request)
        # What the strategy draws at random is drawn from the spec's seed.
        random.seed(request.spec.seed)
        np.random.seed(request.spec.seed % 2**32)  # noqa: NPY002 - a user's strategy may use the old generator
        with importable(self._folders):
            self._strategy: Strategy | None = None
            if request.spec.stated_strategy.core is not None:
                _check_kinds(request)
                self.core_strategy, self.identity = load_core_strategy(request, self._folders)
            else:
                self._strategy, self.identity = load_strategy(request, self._folders)
        self._engine = _checked_engine(request, self._strategy)

    def run(self, stream: Stream, *, on_progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> EngineOutcome:
        """Play the rows to the end, emitting every event.

        Raises
        ------
        EngineError
            The engine or the strategy raised, or the engine played fewer rows than it was given.

        """
        with importable(self._folders):
            return self._played(self._engine, stream, on_progress, should_stop)

    def close(self) -> None:
        """Dispose of the engine; an exception of the strategy's while it is disposed of changes nothing that was recorded."""
        with suppress(Exception, SystemExit):
            self._engine.dispose()

    def _played(
        self,
        engine: BacktestEngine,
        stream: Stream,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> EngineOutcome:
        events = 0
        emit = stream.emit

        def count(event: Any) -> None:  # noqa: ANN401
            nonlocal events
            events += 1
            emit(event)

        data = self._request.spec.played
        recorder = Recorder(
            engine,
            count,
            dataset=self._request.dataset.fingerprint,
            first_row=self._first_row,
            batch=self._batch,
            is_waiting=None if stream.context.configuration.gate is None else lambda: stream.is_waiting,
            see=None if self.core_strategy is None else RowObserver(self._request.instrument.id),
        )
        recorder.attach()
        gate = self._gated(engine, recorder, stream)
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
            if gate is not None:
                gate.require_end()
        finally:
            if gate is not None:
                gate.detach()
            recorder.detach()  # The rows up to a failure were processed, too: they belong to the stream.
        if rows != self.rows_total and not is_stopped:
            raise EngineError(
                f"{rows} rows were played, but the dataset has {self.rows_total} in the spec's window",
                hint="`tc data fingerprint` says whether the dataset is as it was imported.",
            )
        at_ns = engine.kernel.clock.timestamp_ns()
        counters = getattr(self._strategy, "counters", {}) if self._request.spec.stated_strategy.scenario else {}
        return EngineOutcome(rows, is_stopped, at_ns, dict(counters))

    def _gated(self, engine: BacktestEngine, recorder: Recorder, stream: Stream) -> Gate | None:
        """Put the gate in front of the engine, with what the spec's operator does; nothing where the gate is off."""
        configured = stream.context.configuration.gate
        if configured is None:
            return None
        gate = Gate(engine, recorder, stream, mode=configured.mode)
        gate.attach()
        strategy_id = self.identity.name if self._strategy is None else self._strategy.id.value
        operations = [
            (
                max(each.at_ns, self.first_ns),
                throttle_reset(strategy_id, each.reason)
                if each.kill_switch is None
                else kill_switch_set(each.kill_switch, each.reason),
            )
            for each in self._request.spec.operations
        ]
        schedule_operations(engine.kernel.clock, operations, recorder.put)
        return gate


def _check_kinds(request: BacktestRequest) -> None:
    if any(part.kind == "book" for part in request.dataset.parts):
        raise DocumentError(
            f"data.dataset: {request.dataset.id} holds an order book; "
            "a Core-native strategy sees quotes, trades and bars on the engine nautilus",
            hint="Set `engine: hftbacktest`, which plays a book, or name a dataset of quotes, trades or bars.",
        )


def _check_balances(request: BacktestRequest) -> None:
    for text in request.spec.stated_venue.starting_balances:
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


def _checked_engine(request: BacktestRequest, strategy: Strategy | None) -> BacktestEngine:
    try:
        return make_engine(request, strategy)
    except Exception as error:  # Nautilus has many of them, and each speaks of what the documents say
        raise DocumentError(
            f"NautilusTrader refuses the venue, the instrument or the strategy: {type(error).__name__}: {error}",
            hint="Correct the spec or the instrument document.",
        ) from error


def make_engine(request: BacktestRequest, strategy: Strategy | None) -> BacktestEngine:
    """Return an engine with the request's venue, instrument and Nautilus strategy, if any, and no data yet."""
    venue = request.spec.stated_venue
    engine = BacktestEngine(
        BacktestEngineConfig(
            trader_id=_TRADER,
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=_risk_engine(is_gated=request.spec.gate == "on"),
            run_analysis=False,
        )
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
    if strategy is not None:
        engine.add_strategy(strategy)
    return engine


def _risk_engine(*, is_gated: bool) -> RiskEngineConfig:
    rate = _RATE_LIMITS["behind_gate" if is_gated else "own"]
    return RiskEngineConfig(max_order_submit_rate=rate, max_order_modify_rate=rate)
