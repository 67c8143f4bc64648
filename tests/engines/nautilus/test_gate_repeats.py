"""Tests for what a strategy or the engine says twice: ids that are used again, triggers that fire again, denials without end."""

from pathlib import Path
from typing import Any

import pytest

from gated_runs import LISTENS, SLOW, Gated, limits, run, told
from tc.core.events import OrderDenied, OrderInitialized, OrderPendingCancel, OrderTriggered, SubmitRequested
from tc.errors import EngineError
from tc.spec.gate_spec import ExecutionSpec, RateSpec
from tc.spec.run_spec import DataSpec

AGAIN = (
    "    def again(self):\n"
    "        self.second = self.order_factory.limit(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.020'),"
    " Price.from_str('40000.0'), client_order_id=self.first.client_order_id)\n"
    "        self.submit_order(self.second)\n\n"
)
FIRSTS: dict[str, tuple[str, int]] = {
    "working": ("self.first = self.limit(OrderSide.BUY, '0.010', 50000.0)", 3),
    "filled": ("self.first = self.limit(OrderSide.BUY, '0.010', 150000.0)", 3),
    "held": ("self.limit(OrderSide.BUY, '0.010', 50000.0); self.first = self.limit(OrderSide.BUY, '0.010', 49000.0)", 2),
}


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the tests of this file share."""
    return tmp_path_factory.mktemp("data")


def used_again(data_root: Path, tmp_path: Path, first: str, mode: Any, module: str) -> tuple[Gated, str]:
    """Run a strategy that uses the id of an order again; return the run and the id."""
    asks, bar = FIRSTS[first]
    body = LISTENS + AGAIN + (
        "    def bar(self, bar):\n"
        f"        if self.bars == 2:\n            {asks}\n"
        f"        if self.bars == {bar}:\n            self.again()\n"
        "        if self.bars == 6:\n            self.cancel_all_orders(INSTRUMENT)\n"
    )  # fmt: skip
    recorded = run(data_root, tmp_path, body, module, gate=mode, execution=SLOW)
    duplicate = next(event for event in recorded.of(OrderInitialized) if event.is_duplicate)
    return recorded, duplicate.client_order_id


@pytest.mark.parametrize("first", FIRSTS)
def test_an_id_that_is_used_again_is_denied_and_nothing_happens_to_the_first(data_root: Path, tmp_path: Path, first: str) -> None:
    recorded, key = used_again(data_root, tmp_path, first, "on", f"again_on_{first}")
    (denied,) = recorded.outcomes("denied")
    assert (denied.key, denied.reason) == (key, "duplicate_key")
    (told_of,) = recorded.of(OrderDenied)
    assert (told_of.client_order_id, told_of.is_duplicate) == (key, True)
    assert [name for name, _, _ in told(f"again_on_{first}")].count("OrderDenied") == 1
    assert recorded.stream.state.execution.anomaly_counts == {"duplicate_key": 2}
    if first == "held":
        assert recorded.names_of(key)[-1] == "OrderCanceled"
    else:
        order = recorded.stream.context.order(key)
        assert order is not None
        assert (order.status, str(order.quantity)) == ("FILLED" if first == "filled" else "CANCELED", "0.01")
    assert len([event for event in recorded.of(SubmitRequested) if key in event.client_order_ids]) == 2


@pytest.mark.parametrize("first", FIRSTS)
def test_where_the_gate_only_observes_an_id_that_is_used_again_would_be_denied(
    data_root: Path, tmp_path: Path, first: str
) -> None:
    recorded, key = used_again(data_root, tmp_path, first, "observe", f"again_observed_{first}")
    assert [(each.key, each.reason) for each in recorded.outcomes("would_deny")] == [(key, "duplicate_key")]
    assert recorded.stream.state.execution.anomaly_counts == {"duplicate_key": 2}


def test_an_id_of_an_order_that_was_denied_is_denied_by_nautilus_alone(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + AGAIN + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.first = self.limit(OrderSide.BUY, '0.010', 50000.0)\n            self.again()\n"
    )  # fmt: skip
    recorded = run(data_root, tmp_path, body, "again_denied", risk=limits(max_order_quantity="0.005"))
    assert len(recorded.of(SubmitRequested)) == 1
    assert [event.is_duplicate for event in recorded.of(OrderDenied)] == [False, True]


def test_a_stop_that_triggers_while_its_cancel_is_held_is_cancelled_at_its_time(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            close = float(bar.close)\n"
        "            self.first = self.order_factory.stop_limit(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'),"
        " Price.from_str(f'{close * 0.95:.1f}'), Price.from_str(f'{close + 40:.1f}'))\n"
        "            self.submit_order(self.first)\n"
        "        if self.bars == 3:\n            self.cancel_order(self.first)\n"
    )
    slow = ExecutionSpec(rate=RateSpec(messages=1, period_s="7200", burst=1))
    until = DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T04:30:00Z")
    recorded = run(data_root, tmp_path, body, "triggers_again", execution=slow, data=until)
    assert len(recorded.of(OrderTriggered)) > 1
    key = recorded.of(OrderPendingCancel)[0].client_order_id
    assert recorded.names_of(key)[-1] == "OrderCanceled"
    assert recorded.stream.state.execution.anomaly_counts == {"repeated_event": len(recorded.of(OrderTriggered)) - 1}


@pytest.mark.parametrize("swallows", [False, True])
def test_a_strategy_that_asks_again_whenever_it_is_denied_fails_the_run(data_root: Path, tmp_path: Path, swallows: bool) -> None:
    asks = "self.limit(OrderSide.BUY, '0.010', 50000.0)"
    guarded = f"try:\n            {asks}\n        except Exception:\n            pass" if swallows else asks
    body = (
        f"    def bar(self, bar):\n        if self.bars == 2:\n            {asks}\n\n"
        f"    def on_order_denied(self, event):\n        {guarded}\n"
    )
    with pytest.raises(EngineError, match="1,000 commands at one instant"):
        run(data_root, tmp_path, body, f"asks_again_{swallows}", risk=limits(max_order_quantity="0.005"))
