"""Tests for orders that are held at the gate while a strategy cancels all, leaves the market, stops, or somebody stops it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gated_runs import LISTENS, QUARTER_OF_AN_HOUR, SLOW, Gated, gated, limits, run, told
from nautilus_runs import INSTRUMENT, request, venue, write_strategy
from tc.core.events import (
    CancelRequested,
    DispatchFailed,
    KillSwitchChanged,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    PositionClosed,
    ThrottleReset,
)
from tc.core.reserved import FLATTEN_STRATEGY
from tc.spec.gate_spec import ExecutionSpec, OperationSpec, RateSpec, ThrottleSpec

HOLDS_ONE = (
    "    def bar(self, bar):\n"
    "        if self.bars == 2:\n"
    "            self.first = self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
    "            self.held = self.limit(OrderSide.SELL, '0.010', 150000.0)\n"
)
"""One order is sent at the second bar; the other waits for the rate, until half past the third."""


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the tests of this file share."""
    return tmp_path_factory.mktemp("data")


def held_run(data_root: Path, tmp_path: Path, then: str, module: str, **changes: Any) -> Gated:
    """Run a strategy that does something at the third bar, while its second order is held."""
    body = LISTENS + HOLDS_ONE + (f"        if self.bars == 3:\n            {then}\n" if then else "")
    return run(data_root, tmp_path, body, module, **{"execution": SLOW, **changes})


def ends(recorded: Gated, number: str) -> list[str]:
    """Return the names of the events that speak of the strategy's order of that number."""
    key = next(event.client_order_id for event in recorded.of(OrderInitialized) if event.client_order_id.endswith(f"-{number}"))
    return recorded.names_of(key)


def test_cancelling_all_ends_what_is_held(data_root: Path, tmp_path: Path) -> None:
    recorded = held_run(data_root, tmp_path, "self.cancel_all_orders(INSTRUMENT)", "held_cancel_all")
    assert ends(recorded, "2") == ["OrderInitialized", "SubmitRequested", "CancelRequested", "OrderCanceled"]
    assert [name for name, number, _ in told("held_cancel_all") if number == "2"] == ["OrderInitialized", "OrderCanceled"]
    assert ends(recorded, "1")[-1] == "OrderCanceled"
    assert list(recorded.stream.context.open_orders()) == []


def test_cancelling_all_of_one_side_leaves_what_is_held_of_the_other(data_root: Path, tmp_path: Path) -> None:
    recorded = held_run(data_root, tmp_path, "self.cancel_all_orders(INSTRUMENT, order_side=OrderSide.BUY)", "held_other_side")
    assert ends(recorded, "2")[-1] == "OrderAccepted"
    assert ends(recorded, "1")[-1] == "OrderCanceled"


def test_a_cancel_all_sent_by_other_means_ends_what_is_held_too(data_root: Path, tmp_path: Path) -> None:
    sends = (
        "from nautilus_trader.core.uuid import UUID4; from nautilus_trader.execution.messages import CancelAllOrders; "
        "self.msgbus.send(endpoint='ExecEngine.execute', msg=CancelAllOrders(self.trader_id, self.id, INSTRUMENT, "
        "OrderSide.NO_ORDER_SIDE, UUID4(), self.clock.timestamp_ns()))"
    )
    recorded = held_run(data_root, tmp_path, sends, "held_cancel_all_message")
    assert [len(event.client_order_ids) for event in recorded.of(CancelRequested)] == [2]
    assert ends(recorded, "2")[-1] == "OrderCanceled"
    assert len(recorded.of(OrderSubmitted)) == 1


def test_leaving_the_market_ends_what_is_held_and_closes_what_is_open(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def post_market_exit(self):\n        self.SEEN.append(('exited', '', ''))\n\n"
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.market(OrderSide.BUY, '0.010')\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "        if self.bars == 3:\n"
        "            self.market_exit()\n"
    )
    recorded = run(data_root, tmp_path, body, "held_exit", execution=SLOW)
    assert ends(recorded, "2") == ["OrderInitialized", "SubmitRequested", "CancelRequested", "OrderCanceled"]
    closing = [event for event in recorded.of(OrderInitialized) if "MARKET_EXIT" in event.tags]
    assert len(closing) == 1, "the exit asks again at each check, but its first order is held"
    assert ends(recorded, "3")[-1] == "OrderFilled"
    assert len(recorded.of(PositionClosed)) == 1
    assert [name for name, _, _ in told("held_exit")].count("exited") == 1


def test_stopping_ends_what_is_held(data_root: Path, tmp_path: Path) -> None:
    recorded = held_run(data_root, tmp_path, "self.stop()", "held_stop")
    assert ends(recorded, "2") == ["OrderInitialized", "SubmitRequested", "CancelRequested", "OrderCanceled"]
    assert told("held_stop")[-1] == ("OrderCanceled", "2", ""), "the strategy is told while it still runs"
    assert ends(recorded, "1")[-1] == "OrderAccepted", "stopping cancels nothing at the venue, with a gate or without"


def test_a_managed_stop_leaves_the_market_through_the_gate(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.market(OrderSide.BUY, '0.010')\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "        if self.bars == 3:\n"
        "            self.stop()\n"
    )
    recorded = run(data_root, tmp_path, body, "held_managed_stop", config="    manage_stop: bool = True", execution=SLOW)
    assert ends(recorded, "2")[-1] == "OrderCanceled"
    assert len(recorded.of(OrderFilled)) == 2
    assert list(recorded.stream.context.positions()) == []
    assert recorded.stream.context.pending_count == 0


def test_an_expiry_that_the_strategy_manages_ends_what_is_held(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            self.limit(OrderSide.BUY, '0.010', 50001.0, time_in_force=TimeInForce.GTD,\n"
        "                expire_time=self.clock.utc_now() + pd.Timedelta(seconds=70))\n"
    )
    recorded = run(data_root, tmp_path, body, "held_expiry", config="    manage_gtd_expiry: bool = True", execution=SLOW)
    assert ends(recorded, "2") == ["OrderInitialized", "SubmitRequested", "CancelRequested", "OrderCanceled"]
    submitted = recorded.of(OrderSubmitted)[0].at_ns
    assert recorded.of(OrderCanceled)[0].at_ns == submitted + 70 * 10**9


@pytest.mark.parametrize("mode", ["reduce", "halt", "halt_all", "flatten"])
def test_R43_a_kill_switch_ends_what_is_held_and_the_strategy_is_told(data_root: Path, tmp_path: Path, mode: Any) -> None:
    stops = OperationSpec(at="2025-01-06T00:03:10Z", kill_switch=mode, reason="a test")
    recorded = held_run(data_root, tmp_path, "", f"held_kill_{mode}", operations=(stops,))
    switched = recorded.of(KillSwitchChanged)[0]
    assert (switched.mode, switched.by, switched.at_ns) == (mode, "spec", stops.at_ns)
    assert [(each.key[-1], each.reason) for each in recorded.outcomes("invalid")] == [("2", "kill_switch")]
    assert ("OrderDenied", "2", "kill_switch (R43)") in told(f"held_kill_{mode}")
    assert ends(recorded, "2")[-1] == "OrderDenied"


def test_R42_under_halt_all_a_cancel_is_rejected_and_the_order_stays(data_root: Path, tmp_path: Path) -> None:
    stops = OperationSpec(at="2025-01-06T00:02:30Z", kill_switch="halt_all", reason="a test")
    then = "self.cancel_order(self.first); self.SEEN.append((self.first.status_string(), '', ''))"
    recorded = held_run(data_root, tmp_path, then, "held_halt_all", operations=(stops,))
    assert ends(recorded, "1")[-3:] == ["OrderPendingCancel", "CancelRequested", "OrderCancelRejected"]
    assert told("held_halt_all")[-2:] == [("OrderCancelRejected", "1", "kill_switch_halt_all (R42)"), ("ACCEPTED", "", "")]


def test_R42_a_switch_that_is_released_lets_all_through_again(data_root: Path, tmp_path: Path) -> None:
    operations = (
        OperationSpec(at="2025-01-06T00:03:10Z", kill_switch="halt", reason="a test"),
        OperationSpec(at="2025-01-06T00:05:10Z", kill_switch="none", reason="over"),
    )
    body = LISTENS + "    def bar(self, bar):\n        if self.bars in (4, 6):\n            self.market(OrderSide.BUY, '0.010')\n"
    recorded = run(data_root, tmp_path, body, "held_released", operations=operations)
    assert [event.client_order_id[-1] for event in recorded.of(OrderDenied)] == ["1"]
    assert [event.client_order_id[-1] for event in recorded.of(OrderFilled)] == ["2"]


def test_R42_a_flatten_cancels_closes_and_halts(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.market(OrderSide.BUY, '0.010')\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "        if self.bars == 5:\n            self.market(OrderSide.BUY, '0.010')\n"
    )
    stops = OperationSpec(at="2025-01-06T00:03:10Z", kill_switch="flatten", reason="a test")
    recorded = run(data_root, tmp_path, body, "held_flatten", operations=(stops,))
    assert [(event.mode, event.by) for event in recorded.of(KillSwitchChanged)] == [("flatten", "spec"), ("halt", "core")]
    assert ends(recorded, "2")[-1] == "OrderCanceled"
    closing = recorded.of(OrderFilled)[-1]
    assert closing.client_order_id.startswith("FLATTEN-")
    assert closing.at_ns == stops.at_ns
    assert len(recorded.of(PositionClosed)) == 1
    assert list(recorded.stream.context.positions()) == []
    assert [event.reason for event in recorded.of(OrderDenied)] == ["kill_switch_halt (R42)"]
    assert len([event for event in recorded.of(OrderInitialized) if event.client_order_id.startswith("FLATTEN-")]) == 1


TWO_OF = "    def bar(self, bar):\n        if self.bars in (2, 3):\n            self.market(OrderSide.BUY, '{quantity}')\n"
FLATTENS = OperationSpec(at="2025-01-06T00:05:10Z", kill_switch="flatten", reason="a test")


def test_R42_a_position_above_the_largest_order_is_closed_by_several(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + TWO_OF.format(quantity="700.000")
    rich = venue(starting_balances=("1000000000 USDT",))
    recorded = run(data_root, tmp_path, body, "held_above", operations=(FLATTENS,), venue=rich)
    closing = [event for event in recorded.of(OrderInitialized) if event.strategy_id == FLATTEN_STRATEGY]
    assert [event.quantity for event in closing] == [1000, 400]
    assert [event.mode for event in recorded.of(KillSwitchChanged)] == ["flatten", "halt"]
    assert list(recorded.stream.context.positions()) == []


def test_R42_a_flatten_that_is_always_refused_keeps_the_run_under_control(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.020')\n"
        "        if self.bars == 3:\n            self.market(OrderSide.SELL, '0.015')\n"
    )
    strategy = write_strategy(tmp_path, body, module="held_refused")
    asked = request(
        data_root, tmp_path, strategy=strategy, gate="on", risk=limits(), data=QUARTER_OF_AN_HOUR, operations=(FLATTENS,)
    )
    recorded = gated(replace(asked, instrument=msgspec.structs.replace(asked.instrument, min_quantity="0.010")))
    failed = recorded.of(DispatchFailed)
    assert all("minimum" in event.reason for event in failed), "too little to be closed"
    assert len({event.at_ns for event in failed}) == len(failed) > 1, "once at an instant, and again later"
    assert [event.mode for event in recorded.of(KillSwitchChanged)] == ["flatten"]
    last = recorded.decisions[-1].outcomes
    assert [(each.result, each.reason, each.detail) for each in last] == [("held", "not_flat", f"{INSTRUMENT} at 0.005")]


def test_R42_a_strategy_cannot_pass_its_orders_off_as_the_flattens(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.market(OrderSide.BUY, '0.010')\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0, client_order_id=ClientOrderId('FLATTEN-7'))\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0, tags=['tc.core'])\n"
        "        if self.bars == 5:\n"
        "            self.limit(OrderSide.SELL, '0.005', 150000.0, reduce_only=True,\n"
        "                client_order_id=ClientOrderId('FLATTEN-8'))\n"
    )
    stops = OperationSpec(at="2025-01-06T00:03:10Z", kill_switch="flatten", reason="a test")
    recorded = run(data_root, tmp_path, body, "held_spoof", operations=(stops,))
    denied = {event.client_order_id: event.reason for event in recorded.of(OrderDenied)}
    assert set(denied) == {"FLATTEN-7", "FLATTEN-8"}
    assert all(reason.startswith("reserved_key: ") and reason.endswith("(R42)") for reason in denied.values())
    assert ends(recorded, "2")[-1] == "OrderCanceled", "its tag makes it nobody else's"
    assert list(recorded.stream.context.open_orders()) == []
    assert list(recorded.stream.context.positions()) == []


@pytest.mark.parametrize("tag", ["tc.core", "other"])
def test_an_order_that_ends_unsent_is_its_strategys_whatever_its_tag(data_root: Path, tmp_path: Path, tag: str) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        f"            self.limit(OrderSide.BUY, '0.010', 50000.0, tags=['{tag}'])\n"
        f"            self.held = self.limit(OrderSide.BUY, '0.020', 50000.0, tags=['{tag}'])\n"
        "        if self.bars == 3:\n"
        "            self.cancel_order(self.held)\n"
    )
    recorded = run(data_root, tmp_path, body, f"held_tag_{tag.replace('.', '_')}", execution=SLOW)
    assert ends(recorded, "2").count("OrderCanceled") == 1


def test_where_the_gate_only_observes_an_order_with_the_cores_tag_goes_once(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0, tags=['tc.core'],\n"
        "                client_order_id=ClientOrderId('FLATTEN-7'))\n"
    )
    recorded = run(data_root, tmp_path, body, "held_observed", gate="observe")
    assert [(each.result, each.reason) for each in recorded.outcomes("would_deny")] == [("would_deny", "reserved_key")]
    assert len(recorded.of(OrderSubmitted)) == len(recorded.of(OrderAccepted)) == 1


def test_a_throttled_strategy_trades_again_once_an_operator_resets_it(data_root: Path, tmp_path: Path) -> None:
    body = (
        LISTENS + "    def bar(self, bar):\n        if self.bars in (2, 3, 8):\n            self.market(OrderSide.BUY, '0.010')\n"
    )
    risk = limits(throttle=ThrottleSpec(executions=1, window_s="3600"))
    resets = OperationSpec(at="2025-01-06T00:06:00Z", reset_throttle=True, reason="looked into")
    recorded = run(data_root, tmp_path, body, "held_throttle", risk=risk, operations=(resets,))
    assert len(recorded.of(ThrottleReset)) == 1
    assert [event.client_order_id[-1] for event in recorded.of(OrderFilled)] == ["1", "3"]
    assert [event.client_order_id[-1] for event in recorded.of(OrderDenied)] == ["2"]


def test_what_a_strategy_asks_for_while_it_stops_is_declared_when_it_is_held_at_the_end(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n\n"
        "    def on_stop(self):\n        self.close_all_positions(INSTRUMENT)\n"
    )
    day = ExecutionSpec(rate=RateSpec(messages=1, period_s="86400", burst=1))
    recorded = run(data_root, tmp_path, body, "held_end", execution=day)
    last = recorded.decisions[-1]
    assert [(each.key[-1], each.result, each.reason) for each in last.outcomes] == [("2", "held", "run_ended")]
    assert [each.reason for each in last.unrealised] == ["rate_window"]
    assert len(recorded.of(OrderSubmitted)) == 1
