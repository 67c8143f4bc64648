"""Tests for whole runs behind the gate: what it does not decide it does not change, and how it is run changes nothing."""

from pathlib import Path
from typing import Any

import pytest

from gated_runs import SLOW, gated, limits
from nautilus_runs import BAR_TYPE, INSTRUMENT, request, write_strategy
from tc.core.events import OrderFilled, OrderInitialized, SubmitRequested
from tc.ports import BacktestRequest
from tc.spec.gate_spec import ExecutionSpec, OperationSpec, RateSpec, TimingSpec
from tc.spec.run_spec import DataSpec, StrategySpec

EMA_CROSS = StrategySpec(
    path="nautilus_trader.examples.strategies.ema_cross:EMACross",
    config_path="nautilus_trader.examples.strategies.ema_cross:EMACrossConfig",
    config={
        "instrument_id": INSTRUMENT,
        "bar_type": BAR_TYPE,
        "trade_size": "0.010",
        "fast_ema_period": 10,
        "slow_ema_period": 30,
    },
)
SCENARIO = StrategySpec(scenario="ops_smoke_demo")
HASTE = (
    "    def bar(self, bar):\n"
    "        close = float(bar.close)\n"
    "        if self.bars % 7 == 0:\n"
    "            self.order = self.limit(OrderSide.BUY, '0.010', close - 20)\n"
    "            self.modify_order(self.order, price=Price(close - 30, 1))\n"
    "        if self.bars % 7 == 2:\n            self.market(OrderSide.SELL if self.bars % 2 else OrderSide.BUY, '0.010')\n"
    "        if self.bars % 7 == 3:\n            self.cancel_all_orders(INSTRUMENT)\n"
    "        if self.bars % 7 == 4:\n            self.limit(OrderSide.SELL, '0.900', close + 20)\n"
)


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the tests of this file share."""
    return tmp_path_factory.mktemp("data")


def asked(data_root: Path, tmp_path: Path, strategy: StrategySpec, gate: str, **changes: Any) -> BacktestRequest:
    """Return a request with the gate in a mode, without limits unless the changes state them."""
    return request(data_root, tmp_path, strategy=strategy, **{"gate": gate, "risk": limits(), **changes})


def test_a_gate_without_limits_changes_nothing_at_the_venue(data_root: Path, tmp_path: Path) -> None:
    story = gated(asked(data_root, tmp_path, EMA_CROSS, "off")).venue_story()
    on = gated(asked(data_root, tmp_path, EMA_CROSS, "on"))
    assert on.venue_story() == story
    assert len(on.of(SubmitRequested)) == len(on.outcomes("sent")) > 4


@pytest.mark.parametrize("strategy", [EMA_CROSS, SCENARIO], ids=["EMACross", "scenario"])
def test_observe_changes_nothing_whatever_it_would_have_denied(data_root: Path, tmp_path: Path, strategy: StrategySpec) -> None:
    strict = {"risk": limits(max_order_quantity="0.001"), "execution": SLOW}
    story = gated(asked(data_root, tmp_path, strategy, "off")).venue_story()
    observed = gated(asked(data_root, tmp_path, strategy, "observe", **strict))
    assert observed.venue_story() == story
    assert observed.outcomes("would_deny")
    assert observed.outcomes("allowed", "denied", "sent", "held", "invalid") == []
    assert observed.stream.context.pending_count == 0


@pytest.mark.parametrize(
    ("gate", "timing"),
    [
        ("on", TimingSpec()),
        ("on", TimingSpec(heartbeat_s="1800", stale_feed_s="50", acknowledgement_timeout_s="10")),
        ("on", TimingSpec(acknowledgement_timeout_s="10")),
        ("observe", TimingSpec()),
    ],
    ids=["on", "on-timed", "on-acknowledged", "observe"],
)
def test_neither_chunks_nor_batches_change_a_journal_or_a_decision(
    data_root: Path, tmp_path: Path, gate: str, timing: TimingSpec
) -> None:
    strategy = write_strategy(tmp_path, HASTE, module="gate_haste")
    changes = {
        "data": DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T02:00:00Z"),
        "risk": limits(max_order_quantity="0.5"),
        "execution": ExecutionSpec(rate=RateSpec(messages=1, period_s="77", burst=2)),
        "timing": timing,
        "operations": (OperationSpec(at="2025-01-06T01:30:30Z", kill_switch="flatten", reason="a test"),),
    }
    backtest_request = asked(data_root, tmp_path, strategy, gate, **changes)
    first = gated(backtest_request)
    assert len(first.of(OrderFilled)) > 4
    for chunk_rows, batch in ((16_384, 1), (16_384, 7), (1, 512), (13, 512), (13, 1)):
        again = gated(backtest_request, chunk_rows=chunk_rows, batch=batch)
        assert again.decisions == first.decisions
        assert again.entries == first.entries


def test_two_runs_are_the_same(data_root: Path, tmp_path: Path) -> None:
    first = gated(asked(data_root, tmp_path, EMA_CROSS, "on", execution=SLOW))
    second = gated(asked(data_root, tmp_path, EMA_CROSS, "on", execution=SLOW))
    assert first.entries == second.entries
    assert first.decisions == second.decisions


def test_more_orders_at_one_stamp_than_nautilus_lets_pass_all_go(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            for step in range(150):\n                self.limit(OrderSide.BUY, '0.010', 50000.0 + step)\n"
    )
    strategy = write_strategy(tmp_path, body, module="gate_crowd")
    recorded = gated(asked(data_root, tmp_path, strategy, "on"))
    assert len(recorded.of(OrderInitialized)) == len(recorded.outcomes("sent")) == 150
    assert len(list(recorded.stream.context.open_orders())) == 150
