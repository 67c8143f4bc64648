"""What a real backtest records, and in which order."""

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.enums import TradingState

from nautilus_runs import INSTRUMENT, Recorded, record, request, rows_before, venue, write_strategy
from tc.core import ProcessingContext, fold_event_stream_entries, last_position, state_digest
from tc.core.events import (
    AccountUpdated,
    MarketDataRows,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    TradingStateChanged,
)
from tc.core.state.orders import find
from tc.data.importing import import_files
from tc.data.target import ImportTarget
from tc.engines.nautilus.recorder import Recorder
from tc.ports import BacktestRequest
from tc.spec.library import load_instrument
from tc.spec.run_spec import DataSpec, StrategySpec, VenueSpec
from tc.store.dataset import load_dataset

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def run(data_root: Path, tmp_path: Path, body: str, module: str, **changes: object) -> Recorded:
    strategy = write_strategy(tmp_path, body, module=module)
    changes.setdefault("data", DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T01:00:00Z"))
    return record(request(data_root, tmp_path, strategy=strategy, **changes))


def test_the_scenario_makes_every_outcome_happen_and_counts_it(data_root: Path, tmp_path: Path) -> None:
    recorded = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")))
    assert recorded.outcome is not None
    counters = recorded.outcome.strategy_counters
    events = Counter(recorded.names())
    assert counters["OrderDenied"] == 1
    for name in ("OrderSubmitted", "OrderAccepted", "OrderUpdated", "OrderCanceled", "OrderDenied"):
        assert counters[name] == events[name] or name == "OrderCanceled"
        assert counters[name] > 0
    assert counters["OrderFilled"] > 0
    assert counters["OrderPartiallyFilled"] > 0
    assert counters["OrderFilled"] + counters["OrderPartiallyFilled"] == events["OrderFilled"]
    assert ProcessingContext(recorded.stream.state, recorded.stream.context.configuration).anomaly_counts() == {}


def test_the_scenario_runs_on_ticks_too(data_root: Path, tmp_path: Path) -> None:
    scenario = StrategySpec(scenario="ops_smoke_demo", parameters={"feed": "quotes", "step_every": 200})
    recorded = record(request(data_root, tmp_path, strategy=scenario, data=DataSpec(dataset="btcusdt-ticks-sample")))
    assert recorded.outcome is not None
    assert recorded.outcome.rows == 44_131 + 20_161
    assert recorded.stream.state.market.rows == recorded.outcome.rows
    assert recorded.outcome.strategy_counters["OrderPartiallyFilled"] > 0


def test_every_row_is_in_the_stream_exactly_once_and_positions_are_gapless(data_root: Path, tmp_path: Path) -> None:
    recorded = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")))
    rows = recorded.of(MarketDataRows)
    assert rows[0].first_row == 0
    assert all(after.first_row == before.last_row + 1 for before, after in pairwise(rows))
    assert rows[-1].last_row == 1439
    assert all(b.position == last_position(a) + 1 for a, b in pairwise(recorded.entries))
    folded = fold_event_stream_entries(recorded.entries, configuration=recorded.stream.context.configuration)
    assert state_digest(folded) == state_digest(recorded.stream.state)


def test_a_row_comes_before_the_fill_it_causes_and_the_reaction_to_it(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 3:\n"
        "            self.resting = self.limit(OrderSide.BUY, '0.010', float(bar.close) * 0.9999)\n\n"
        "    def on_order_filled(self, event):\n"
        "        if event.client_order_id == self.resting.client_order_id:\n"
        "            self.market(OrderSide.SELL, '0.010')\n"
    )
    recorded = run(data_root, tmp_path, body, "row_before_fill")
    initialized, fills = recorded.of(OrderInitialized), recorded.of(OrderFilled)
    index = {id(entry.event): at for at, entry in enumerate(recorded.entries)}
    assert rows_before(recorded.entries, index[id(initialized[0])]) == 3
    filled_at = rows_before(recorded.entries, index[id(fills[0])])
    assert filled_at > 3
    row = next(e for e in recorded.of(MarketDataRows) if e.last_row + 1 == filled_at)
    assert row.at_ns == fills[0].at_ns
    assert index[id(fills[0])] < index[id(initialized[1])]
    assert initialized[1].at_ns == fills[0].at_ns


def test_a_cause_is_recorded_before_what_follows_from_it(data_root: Path, tmp_path: Path) -> None:
    body = "    def bar(self, bar):\n        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n"
    names = run(data_root, tmp_path, body, "cause_first").names()
    at = names.index("OrderInitialized")
    assert names[at : at + 5] == [
        "OrderInitialized",
        "OrderSubmitted",
        "OrderFilled",
        "PositionOpened",
        "AccountUpdated",
    ] or names[at : at + 5] == ["OrderInitialized", "OrderSubmitted", "OrderFilled", "AccountUpdated", "PositionOpened"]


def test_orders_sent_at_the_start_come_before_every_row(data_root: Path, tmp_path: Path) -> None:
    body = "    def started(self):\n        self.limit(OrderSide.BUY, '0.010', 1000.0)\n"
    recorded = run(data_root, tmp_path, body, "order_at_start")
    names = recorded.names()
    assert names.index("OrderInitialized") < names.index("MarketDataRows")
    assert rows_before(recorded.entries, names.index("OrderInitialized")) == 0


def test_timers_stand_between_the_rows_they_fire_between(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def started(self):\n"
        "        self.clock.set_timer('T', pd.Timedelta(seconds=90), callback=self.on_timer)\n\n"
        "    def on_timer(self, event):\n"
        "        self.limit(OrderSide.BUY, '0.010', 1000.0)\n"
    )
    recorded = run(data_root, tmp_path, body, "timers_between")
    for at, entry in enumerate(recorded.entries):
        if isinstance(entry.event, OrderInitialized):
            # Bars close at whole minutes after the first; a row of the timer's own stamp comes before the timer.
            first = recorded.of(MarketDataRows)[0]
            expected = (entry.event.at_ns - (first.at_ns - first.last_row * 60_000_000_000)) // 60_000_000_000 + 1
            assert rows_before(recorded.entries, at) == expected
    assert len(recorded.of(OrderInitialized)) > 10


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_the_size_of_chunks_changes_nothing(data_root: Path, tmp_path: Path, chunk: int) -> None:
    ticks = DataSpec(dataset="btcusdt-ticks-sample", end="2025-01-06T08:03:00Z")
    scenario = StrategySpec(scenario="ops_smoke_demo", parameters={"feed": "quotes", "step_every": 10})
    whole = record(request(data_root, tmp_path, strategy=scenario, data=ticks))
    cut = record(request(data_root, tmp_path, strategy=scenario, data=ticks), chunk_rows=chunk)
    assert cut.entries == whole.entries
    assert len(whole.of(OrderFilled)) > 10


def test_a_window_refers_to_rows_by_their_number_in_the_whole_dataset(data_root: Path, tmp_path: Path) -> None:
    window = DataSpec(dataset="btcusdt-1m-sample", start="2025-01-06T00:10:00Z", end="2025-01-06T00:20:00Z")
    recorded = run(data_root, tmp_path, "", "window_rows", data=window)
    rows = recorded.of(MarketDataRows)
    assert (rows[0].first_row, rows[-1].last_row) == (9, 18)
    assert recorded.outcome is not None
    assert recorded.outcome.rows == 10


def test_a_flip_is_followed_exactly_when_netting(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n"
        "        if self.bars == 4:\n            self.market(OrderSide.SELL, '0.030')\n"
        "        if self.bars == 6:\n            self.market(OrderSide.BUY, '0.020')\n"
    )
    recorded = run(data_root, tmp_path, body, "netting_flip")
    context = recorded.stream.context
    assert context.anomaly_counts() == {}
    assert list(context.positions()) == []
    assert len(recorded.of(PositionOpened)) == 2
    assert len(recorded.of(PositionClosed)) == 2
    fills = recorded.of(OrderFilled)
    cash = sum(fill.quantity * fill.price * (1 if fill.side == "SELL" else -1) for fill in fills)
    assert context.realized() == {"BTCUSDT-PERP.BINANCE": cash}


def test_hedging_keeps_a_position_for_each_opening_order(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n"
        "        if self.bars == 4:\n            self.market(OrderSide.SELL, '0.030')\n"
    )
    recorded = run(data_root, tmp_path, body, "hedging_two", venue=venue(oms_type="hedging"))
    quantities = sorted(position.signed_quantity for position in recorded.stream.context.positions())
    assert quantities == [Decimal("-0.03"), Decimal("0.01")]
    assert recorded.stream.context.anomaly_counts() == {}


def test_a_flip_when_hedging_goes_on_under_the_engines_new_id(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n"
        "        if self.bars == 4:\n"
        "            order = self.order_factory.market(INSTRUMENT, OrderSide.SELL, Quantity.from_str('0.030'))\n"
        "            self.submit_order(order, position_id=self.cache.positions_open()[0].id)\n"
    )
    recorded = run(data_root, tmp_path, body, "hedging_flip", venue=venue(oms_type="hedging"))
    held = list(recorded.stream.context.positions())
    assert [position.signed_quantity for position in held] == [Decimal("-0.02")]
    assert recorded.stream.context.anomaly_counts() == {}


def test_emulated_stop_orders_and_their_release_are_recorded(data_root: Path, tmp_path: Path) -> None:
    ticks = DataSpec(dataset="btcusdt-ticks-sample", end="2025-01-06T08:30:00Z")
    body = (
        "    def started(self):\n"
        "        self.subscribe_trade_ticks(INSTRUMENT)\n"
        "        self.seen = 0\n\n"
        "    def on_trade_tick(self, tick):\n"
        "        self.seen += 1\n"
        "        if self.seen == 5:\n"
        "            price = Price(float(tick.price) + 5, 1)\n"
        "            self.submit_order(self.order_factory.stop_market(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'),\n"
        "                trigger_price=price, emulation_trigger=TriggerType.LAST_PRICE))\n"
        "            self.cancel_me = self.order_factory.limit(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'),\n"
        "                Price(1000.0, 1), emulation_trigger=TriggerType.LAST_PRICE)\n"
        "            self.submit_order(self.cancel_me)\n"
        "        if self.seen == 10:\n"
        "            self.modify_order(self.cancel_me, price=Price(1001.0, 1))\n"
        "        if self.seen == 15:\n"
        "            self.cancel_order(self.cancel_me)\n"
    )
    recorded = run(data_root, tmp_path, body, "emulated_stop", data=ticks)
    names = Counter(recorded.names())
    assert names["OrderEmulated"] == 2
    assert names["OrderReleased"] == 1
    assert len(recorded.of(OrderReleased)) == 1
    submitted = recorded.of(OrderSubmitted)
    assert len(submitted) == 1
    order = find(recorded.stream.state.execution.orders, submitted[0].client_order_id)
    assert order is not None
    assert order.status == "FILLED"
    assert len(recorded.of(OrderCanceled)) == 1


def test_an_order_in_quote_quantity_is_followed(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '1000.000', quote_quantity=True)\n"
    )
    recorded = run(data_root, tmp_path, body, "quote_quantity")
    fills = recorded.of(OrderFilled)
    assert len(fills) == 1
    assert recorded.of(OrderUpdated)[0].quantity == fills[0].quantity
    assert recorded.stream.state.execution.anomaly_counts == {}


def test_brackets_are_recorded_with_their_links(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            close = float(bar.close)\n"
        "            self.submit_order_list(self.order_factory.bracket(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'),\n"
        "                sl_trigger_price=Price(close * 0.999, 1), tp_price=Price(close * 1.001, 1)))\n"
    )
    recorded = run(data_root, tmp_path, body, "brackets", data=DataSpec(dataset="btcusdt-1m-sample"))
    initialized = recorded.of(OrderInitialized)
    assert [event.contingency_type for event in initialized] == ["OTO", "OUO", "OUO"]
    assert all(event.order_list_id for event in initialized)
    assert initialized[1].parent_order_id == initialized[0].client_order_id
    assert list(recorded.stream.context.positions()) == []
    assert recorded.stream.context.anomaly_counts() == {}


def test_account_states_are_facts_once_though_the_engine_repeats_them(data_root: Path, tmp_path: Path) -> None:
    recorded = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")))
    accounts = recorded.of(AccountUpdated)
    assert accounts[0].reported
    assert all(a != b or a.at_ns != b.at_ns for a, b in pairwise(accounts))
    for account in accounts:
        for balance in account.balances:
            assert balance.total == balance.locked + balance.free


def test_no_random_id_is_in_the_stream(data_root: Path, tmp_path: Path) -> None:
    first = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")))
    second = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")))
    assert first.entries == second.entries


def test_the_seed_decides_what_is_drawn(data_root: Path, tmp_path: Path) -> None:
    first = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")))
    second = record(request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo"), seed=43))
    assert first.entries != second.entries


def test_a_strategy_that_draws_at_random_repeats_with_its_seed(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        import random\n"
        "        import numpy as np\n"
        "        if random.random() < 0.2 and np.random.rand() < 0.5:\n"
        "            self.market(OrderSide.BUY, '0.010')\n"
    )
    first = run(data_root, tmp_path, body, "draws_random")
    second = run(data_root, tmp_path, body, "draws_random")
    assert first.entries == second.entries
    assert len(first.of(OrderFilled)) > 1


def test_a_run_stops_between_chunks_when_asked(data_root: Path, tmp_path: Path) -> None:
    answers = iter([False, False, True])
    recorded = record(
        request(data_root, tmp_path, strategy=StrategySpec(scenario="ops_smoke_demo")),
        chunk_rows=100,
        should_stop=lambda: next(answers),
    )
    assert recorded.outcome is not None
    assert recorded.outcome.is_stopped
    assert recorded.outcome.rows == recorded.stream.state.market.rows
    assert 100 < recorded.outcome.rows <= 200


def test_refusals_expiry_and_triggers_are_recorded(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        close = float(bar.close)\n"
        "        if self.bars == 2:\n"
        "            self.limit(OrderSide.BUY, '0.010', close + 50, post_only=True)\n"
        "            self.limit(OrderSide.BUY, '0.010', 1000.0, time_in_force=TimeInForce.GTD,\n"
        "                expire_time=self.clock.utc_now() + pd.Timedelta(minutes=3))\n"
        "            self.submit_order(self.order_factory.stop_limit(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'),\n"
        "                price=Price(close - 3000, 1), trigger_price=Price(close + 1, 1)))\n"
        "        if self.bars == 4:\n"
        "            self.cancel_order(self.limit(OrderSide.BUY, '0.010', close + 50))\n"
        "            self.resting_stop = self.order_factory.stop_market(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'),\n"
        "                trigger_price=Price(close + 3000, 1))\n"
        "            self.submit_order(self.resting_stop)\n"
        "        if self.bars == 6:\n"
        "            self.modify_order(self.resting_stop, trigger_price=Price(close - 100, 1))\n"
    )
    recorded = run(data_root, tmp_path, body, "refusals_all", data=DataSpec(dataset="btcusdt-1m-sample"))
    names = Counter(recorded.names())
    assert names["OrderRejected"] >= 1
    assert names["OrderExpired"] == 1
    assert names["OrderTriggered"] == 1
    assert names["OrderCancelRejected"] == 1
    assert names["OrderModifyRejected"] == 1
    rejected = next(event for event in recorded.of(OrderRejected) if event.due_post_only)
    order = find(recorded.stream.state.execution.orders, rejected.client_order_id)
    assert order is not None
    assert order.status == "REJECTED"
    assert recorded.stream.state.execution.anomaly_counts == {}


def test_a_change_of_the_trading_state_is_recorded() -> None:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    seen = []
    recorder = Recorder(engine, seen.append, dataset="d" * 64, first_row=0)
    recorder.attach()
    engine.kernel.risk_engine.set_trading_state(TradingState.HALTED)
    recorder.detach()
    engine.kernel.risk_engine.set_trading_state(TradingState.ACTIVE)
    engine.dispose()
    assert [event.trading_state for event in seen if isinstance(event, TradingStateChanged)] == ["HALTED"]


def test_a_spot_pair_is_traded_on_a_cash_account(real_data: Path, data_root: Path, tmp_path: Path) -> None:
    files = sorted((real_data / "binance_spot_klines_1m").glob("ADABTC-1m-*.csv"))
    instrument = load_instrument("ADABTC.BINANCE", search=())
    target = ImportTarget(instrument.id, instrument.raw_symbol, instrument.price_precision, instrument.size_precision)
    import_files(files[:1], target, data_root=data_root, dataset_id="adabtc")
    body = "    def bar(self, bar):\n        if self.bars == 3:\n            self.market(OrderSide.BUY, '10.0')\n"
    strategy = write_strategy(tmp_path, body, module="spot_cash")
    text = (tmp_path / "spot_cash.py").read_text().replace(INSTRUMENT, "ADABTC.BINANCE")
    (tmp_path / "spot_cash.py").write_text(text)
    cash = VenueSpec(name="BINANCE", account_type="cash", oms_type="netting", starting_balances=("1 BTC", "100 ADA"))
    small = request(data_root, tmp_path, strategy=strategy, venue=cash)
    spec = msgspec.structs.replace(small.spec, instrument="ADABTC.BINANCE", data=DataSpec(dataset="adabtc"))
    recorded = record(BacktestRequest(spec, instrument, load_dataset(data_root, "adabtc"), tmp_path))
    assert len(recorded.of(OrderFilled)) == 1
    assert recorded.of(AccountUpdated)[-1].account_type == "CASH"
    assert recorded.stream.state.execution.anomaly_counts == {}
