"""Tests for the gate: each thing that the Core can decide, on a real backtest, as the strategy sees it and the stream has it."""

from pathlib import Path

import pytest

from gated_runs import BAR_NS, LISTENS, MINUTE, SLOW, limits, run, told
from tc.core.events import (
    CancelRequested,
    ControlTimeReached,
    DispatchFailed,
    MarketObserved,
    ModifyRequested,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderSubmitted,
    OrderUpdated,
    SubmitRequested,
)
from tc.spec.gate_spec import ExecutionSpec, RateSpec


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the tests of this file share."""
    return tmp_path_factory.mktemp("data")


def test_an_allowed_order_goes_at_once_after_what_the_market_said(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + "    def bar(self, bar):\n        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010')\n"
    recorded = run(data_root, tmp_path, body, "gate_allowed")
    kinds = (OrderInitialized, MarketObserved, SubmitRequested, OrderSubmitted, OrderFilled)
    assert [type(event) for event in recorded.of(*kinds)] == list(kinds)
    observed = recorded.of(MarketObserved)[0]
    assert observed.event_ns == observed.at_ns == BAR_NS + 2 * MINUTE
    assert observed.last is not None
    assert [name for name, _, _ in told("gate_allowed")] == ["OrderInitialized", "OrderSubmitted", "OrderFilled"]


def test_the_market_is_recorded_once_for_several_requests_that_see_the_same(data_root: Path, tmp_path: Path) -> None:
    body = (
        "    def bar(self, bar):\n"
        "        if self.bars in (2, 4):\n"
        "            for step in range(3):\n                self.limit(OrderSide.BUY, '0.010', 50000.0 + step)\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_observed_once")
    assert len(recorded.of(SubmitRequested)) == 6
    assert len(recorded.of(MarketObserved)) == 2


def test_a_denial_reaches_the_strategy_with_the_reason_of_the_core(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + "    def bar(self, bar):\n        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.030')\n"
    recorded = run(data_root, tmp_path, body, "gate_denied", risk=limits(max_order_quantity="0.02"))
    reason = "max_order_quantity: 0.03 above 0.02 (R37)"
    assert told("gate_denied")[-1] == ("OrderDenied", "1", reason)
    assert [event.reason for event in recorded.of(OrderDenied)] == [reason]
    assert recorded.of(OrderSubmitted) == []
    assert recorded.outcomes("sent") == []


def test_a_change_of_an_order_that_is_held_changes_it_where_it_is(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            held = self.limit(OrderSide.BUY, '0.010', 50001.0)\n"
        "            self.modify_order(held, quantity=Quantity.from_str('0.020'), price=Price(50002.0, 1))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_merged", execution=SLOW)
    assert len(recorded.of(ModifyRequested)) == 1
    assert [(each.result, each.reason) for each in recorded.outcomes("merged")] == [("merged", "replace_of_unsent")]
    assert [name for name, number, _ in told("gate_merged") if number == "2"] == [
        "OrderInitialized",
        "OrderUpdated",
        "OrderSubmitted",
        "OrderAccepted",
    ]
    second = recorded.of(OrderAccepted)[1].client_order_id
    order = recorded.stream.context.order(second)
    assert order is not None
    assert (str(order.quantity), str(order.price)) == ("0.02", "50002")


def test_a_cancel_of_an_order_that_is_held_ends_both(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            self.cancel_order(self.limit(OrderSide.BUY, '0.010', 50001.0))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_annihilated", execution=SLOW)
    assert [(each.kind, each.reason) for each in recorded.outcomes("annihilated")] == [
        ("NEW", "cancel_of_unsent"),
        ("CANCEL", "cancel_of_unsent"),
    ]
    assert [name for name, number, _ in told("gate_annihilated") if number == "2"] == ["OrderInitialized", "OrderCanceled"]
    assert len(recorded.of(OrderSubmitted)) == 1


def test_what_the_rate_holds_is_sent_at_the_exact_deadline_between_bars(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            for step in range(3):\n                self.limit(OrderSide.BUY, '0.010', 50000.0 + step)\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_held", execution=SLOW)
    start = BAR_NS + 2 * MINUTE
    assert [event.at_ns for event in recorded.of(OrderSubmitted)] == [start, start + 3 * MINUTE // 2, start + 3 * MINUTE]
    reached = recorded.of(ControlTimeReached)
    assert [(event.reason, event.at_ns, event.deadline_ns) for event in reached] == [
        ("rate_window", start + 3 * MINUTE // 2, start + 3 * MINUTE // 2),
        ("rate_window", start + 3 * MINUTE, start + 3 * MINUTE),
    ]
    held = [each for each in recorded.outcomes("held") if each.reason == "rate_capacity"]
    assert held[0].until_ns == start + 3 * MINUTE // 2
    names = [name for name, number, _ in told("gate_held") if number == "3"]
    assert names == ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


def test_commands_for_an_order_that_the_venue_has_not_acknowledged_wait_for_it(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            order = self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            self.modify_order(order, price=Price(50001.0, 1))\n"
        "            self.cancel_order(self.limit(OrderSide.BUY, '0.010', 50002.0))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_in_flight")
    assert [(each.kind, each.reason) for each in recorded.outcomes("held")] == [("REPLACE", "in_flight"), ("CANCEL", "in_flight")]
    first, second = (event.client_order_id for event in recorded.of(OrderSubmitted))
    order, gone = recorded.stream.context.order(first), recorded.stream.context.order(second)
    assert order is not None
    assert gone is not None
    assert (order.status, str(order.price), order.pending) == ("ACCEPTED", "50001", "")
    assert gone.status == "CANCELED"


def test_a_denied_change_of_an_unacknowledged_order_is_told_after_the_acknowledgement(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.order = self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            self.modify_order(self.order, quantity=Quantity.from_str('0.030'))\n"
        "        if self.bars == 4:\n"
        "            self.SEEN.append((self.order.status_string(), '', ''))\n"
        "            self.cancel_order(self.order)\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_late_rejection", risk=limits(max_order_quantity="0.02"))
    assert [name for name, _, _ in told("gate_late_rejection")] == [
        "OrderInitialized",
        "OrderSubmitted",
        "OrderPendingUpdate",
        "OrderAccepted",
        "OrderModifyRejected",
        "ACCEPTED",
        "OrderPendingCancel",
        "OrderCanceled",
    ]
    assert [event.reason for event in recorded.of(OrderModifyRejected)] == ["max_order_quantity: 0.03 above 0.02 (R37)"]


def test_a_denied_change_answers_no_other_change_that_is_in_flight(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.order = self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "        if self.bars == 4:\n"
        "            self.modify_order(self.order, price=Price(50001.0, 1))\n"
        "            self.modify_order(self.order, quantity=Quantity.from_str('0.030'))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_two_changes", risk=limits(max_order_quantity="0.02"))
    names = [type(event) for event in recorded.of(OrderUpdated, OrderModifyRejected)]
    assert names == [OrderUpdated, OrderModifyRejected]
    assert list(recorded.stream.context.commands_in_flight()) == []


def test_a_denied_change_of_an_order_that_fills_first_is_not_told_at_all(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            order = self.market(OrderSide.BUY, '0.010')\n"
        "            self.modify_order(order, quantity=Quantity.from_str('0.030'))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_moot_rejection", risk=limits(max_order_quantity="0.02"))
    assert recorded.of(OrderModifyRejected) == []
    assert [name for name, _, _ in told("gate_moot_rejection")][-1] == "OrderFilled"


def test_changes_that_wait_are_one_with_the_terms_of_all(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            order = self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            self.modify_order(order, price=Price(50001.0, 1))\n"
        "            self.modify_order(order, quantity=Quantity.from_str('0.020'))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_two_waiting")
    assert [each.reason for each in recorded.outcomes("superseded")] == ["same_kind_latest_wins"]
    assert len(recorded.of(OrderUpdated)) == 1
    order = recorded.stream.context.order(recorded.of(OrderSubmitted)[0].client_order_id)
    assert order is not None
    assert (str(order.quantity), str(order.price)) == ("0.02", "50001")


def test_a_cancel_beats_a_change_that_waits(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            order = self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            self.modify_order(order, price=Price(50001.0, 1))\n"
        "            self.cancel_order(order)\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_cancel_beats")
    assert [each.reason for each in recorded.outcomes("superseded")] == ["cancel_beats"]
    assert recorded.of(OrderUpdated, OrderModifyRejected) == []
    assert len(recorded.of(OrderCanceled)) == 1


def test_R60_a_denial_by_nautilus_after_dispatch_is_a_failed_dispatch(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.market(OrderSide.BUY, '0.010', reduce_only=False)\n"
        "        if self.bars == 3:\n            self.limit(OrderSide.BUY, '0.00001', 50000.0)\n"
        "        if self.bars == 4:\n            self.submit_order(self.order_factory.market(\n"
        "                INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010')), position_id=PositionId('elsewhere'))\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_dispatch_failed")
    failed = recorded.of(DispatchFailed)
    assert [(event.client_order_id[-1], event.kind) for event in failed] == [("2", "NEW"), ("3", "NEW")]
    assert "precision" in failed[0].reason
    assert "NETTING" in failed[1].reason
    assert recorded.of(OrderDenied) == []
    assert [name for name, number, _ in told("gate_dispatch_failed") if number == "2"] == ["OrderInitialized", "OrderDenied"]
    assert list(recorded.stream.context.commands_in_flight()) == []


def test_a_plain_list_is_one_atomic_group(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def two(self, first, second):\n"
        "        orders = [self.order_factory.limit(INSTRUMENT, OrderSide.BUY, Quantity.from_str(each), Price(50000.0, 1))\n"
        "            for each in (first, second)]\n"
        "        self.submit_order_list(self.order_factory.create_list(orders))\n\n"
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n            self.two('0.010', '0.011')\n"
        "        if self.bars == 4:\n            self.two('0.010', '0.030')\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_list", risk=limits(max_order_quantity="0.02"))
    assert [len(event.client_order_ids) for event in recorded.of(SubmitRequested)] == [2, 2]
    assert len(recorded.of(OrderSubmitted)) == 2
    assert [(event.client_order_id[-1], event.reason.partition(":")[0]) for event in recorded.of(OrderDenied)] == [
        ("3", "group_member_denied"),
        ("4", "max_order_quantity"),
    ]


def test_what_is_left_of_a_list_goes_by_itself(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.limit(OrderSide.BUY, '0.010', 50000.0)\n"
        "            orders = [self.order_factory.limit(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'), Price(each, 1))\n"
        "                for each in (50001.0, 50002.0)]\n"
        "            self.submit_order_list(self.order_factory.create_list(orders))\n"
        "            self.cancel_order(orders[0])\n"
    )
    pairs = ExecutionSpec(rate=RateSpec(messages=1, period_s="90", burst=2))
    recorded = run(data_root, tmp_path, body, "gate_list_left", execution=pairs)
    assert [event.client_order_id[-1] for event in recorded.of(OrderSubmitted)] == ["1", "3"]
    assert [event.client_order_id[-1] for event in recorded.of(OrderCanceled)] == ["2"]


def test_batch_and_all_are_one_request_with_every_order(data_root: Path, tmp_path: Path) -> None:
    body = LISTENS + (
        "    def bar(self, bar):\n"
        "        if self.bars == 2:\n"
        "            self.all = [self.limit(OrderSide.BUY, '0.010', 50000.0 + step) for step in range(4)]\n"
        "        if self.bars == 4:\n            self.cancel_orders(self.all[:2])\n"
        "        if self.bars == 6:\n            self.cancel_all_orders(INSTRUMENT)\n"
    )
    recorded = run(data_root, tmp_path, body, "gate_cancels")
    asked = [tuple(key[-1] for key in event.client_order_ids) for event in recorded.of(CancelRequested)]
    assert asked == [("1", "2"), ("3", "4")]
    assert len(recorded.of(OrderCanceled)) == 4
    assert list(recorded.stream.context.open_orders()) == []


BRACKET = (
    "self.submit_order_list(self.order_factory.bracket(INSTRUMENT, OrderSide.BUY, Quantity.from_str('0.010'), "
    "sl_trigger_price=Price(50000.0, 1), tp_price=Price(150000.0, 1){}))"
)


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        ("emulated", "self.limit(OrderSide.BUY, '0.010', 50000.0, emulation_trigger=TriggerType.LAST_PRICE)"),
        ("bracket", BRACKET.format("")),
        ("emulated_bracket", BRACKET.format(", emulation_trigger=TriggerType.LAST_PRICE")),
        ("in_quote_currency", "self.market(OrderSide.BUY, '1000.000', quote_quantity=True)"),
    ],
)
def test_what_no_gate_can_hold_is_denied_at_the_command(data_root: Path, tmp_path: Path, name: str, asks: str) -> None:
    body = LISTENS + f"    def bar(self, bar):\n        if self.bars == 2:\n            {asks}\n"
    recorded = run(data_root, tmp_path, body, f"gate_unsupported_{name}")
    assert recorded.of(OrderSubmitted) == []
    reasons = {event.reason.partition(":")[0] for event in recorded.of(OrderDenied)}
    assert "unsupported_under_gate" in reasons
    assert reasons <= {"unsupported_under_gate", "group_member_denied"}
    assert told(f"gate_unsupported_{name}")[-1][0] == "OrderDenied"
