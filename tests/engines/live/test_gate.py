"""The gate before a live node: denied, held by the rate and sent by the control clock; deadlines of the wall clock."""

from itertools import pairwise
from pathlib import Path

from live_nodes import live_node, venue
from tc.core.events import ControlTimeReached, OrderAccepted, OrderDenied, OrderInitialized, OrderSubmitted, SubmitRequested
from tc.spec.gate_spec import LIMITS

BURST = """
    def quote(self, tick):
        if self.n == 5:
            self.market("BUY", "0.500")
            for away in (500, 600, 700):
                self.limit("BUY", away)
"""


def test_orders_are_denied_held_and_sent_as_the_core_decides(tmp_path: Path) -> None:
    spec = {
        "risk": {**dict.fromkeys(LIMITS), "max_order_quantity": "0.100"},
        "execution": {"rate": {"messages": 1, "period_s": "0.3", "burst": 1}},
    }
    with venue("--rate", "50") as exchange, live_node(tmp_path, exchange.url, BURST, **spec) as node:
        node.until("trading")
        node.wait_for(lambda status: status["open_orders_count"] == 3)
        lived = node.stop()
        posted = [each for each in exchange.requests() if each["method"] == "POST" and each["path"] == "/fapi/v1/order"]
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    assert [each.reason for each in lived.outcomes("denied")] == ["max_order_quantity"]
    assert [each.reason for each in lived.of(OrderDenied)] == ["max_order_quantity: 0.5 above 0.1 (R37)"]
    assert [each.reason for each in lived.outcomes("held") if each.kind == "NEW"] == ["rate_capacity", "rate_capacity"]
    asked = [each.client_order_ids[0] for each in lived.of(SubmitRequested)]
    assert [each["client_order_id"] for each in posted] == asked[1:]
    assert len([each for each in lived.of(ControlTimeReached) if each.reason == "rate_window"]) >= 2
    for each in lived.of(ControlTimeReached):
        assert 0 <= each.at_ns - each.deadline_ns < 200_000_000
    apart = [each["time_ns"] for each in posted]
    assert all(second - first > 250_000_000 for first, second in pairwise(apart))


def test_an_order_without_an_answer_is_overdue_at_its_deadline(tmp_path: Path) -> None:
    methods = """
    def quote(self, tick):
        if self.n == 5:
            self.limit("BUY", 500)
"""
    timing = {"acknowledgement_timeout_s": "0.2"}
    with venue("--rate", "50") as exchange:
        exchange.fault("hang", count=1, requests="orders", seconds=0.6, handled="after")
        with live_node(tmp_path, exchange.url, methods, timing=timing) as node:
            node.until("trading")
            node.wait_for(lambda status: status["open_orders_count"] == 1 and not status["in_flight"])
            lived = node.stop()
    assert lived.is_replayed, lived.difference
    [overdue] = [each for each in lived.of(ControlTimeReached) if each.reason == "acknowledgement_timeout"]
    [submitted] = lived.of(OrderSubmitted)
    assert overdue.scope == submitted.client_order_id
    names = lived.names_of(submitted.client_order_id)
    assert names[:4] == ["OrderInitialized", "SubmitRequested", "OrderSubmitted", "OrderAccepted"]
    assert overdue.at_ns < lived.of(OrderAccepted)[0].at_ns


def test_what_a_strategy_does_in_a_timer_comes_home_to_the_loop(tmp_path: Path) -> None:
    methods = """
    def started(self):
        self.clock.set_timer("t", pd.Timedelta(milliseconds=5), callback=self.rang)

    def rang(self, event):
        if self.n > 2:
            self.limit("BUY", 500)
            self.cancel_all_orders(I)
"""
    with venue("--rate", "200") as exchange, live_node(tmp_path, exchange.url, methods) as node:
        node.until("trading")
        node.wait_for(lambda status: status["position"] > 600)
        lived = node.stop()
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    assert len(lived.of(SubmitRequested)) > 20
    assert len(lived.of(OrderInitialized)) == len(lived.of(SubmitRequested))


def test_a_gate_that_observes_records_and_changes_nothing(tmp_path: Path) -> None:
    spec = {"gate": "observe", "risk": {**dict.fromkeys(LIMITS), "max_order_quantity": "0.100"}}
    with venue("--rate", "50") as exchange, live_node(tmp_path, exchange.url, BURST, **spec) as node:
        node.until("trading")
        node.wait_for(lambda status: status["open_orders_count"] == 3 and bool(status["positions"]))
        lived = node.stop()
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    assert [each.reason for each in lived.outcomes("would_deny")] == ["max_order_quantity"]
    assert len(lived.of(OrderSubmitted)) == 4


def test_a_core_native_strategy_trades_and_is_stopped_by_the_gate(tmp_path: Path) -> None:
    strategy = {
        "core": "tc.strategies.quoter:TwoSidedQuoter",
        "parameters": {
            "tick": "0.1",
            "quantity": "0.010",
            "half_spread_ticks": 20,
            "requote_ticks": 5,
            "max_position": "0.100",
            "skew_ticks": 5,
        },
    }
    with venue("--rate", "50") as exchange, live_node(tmp_path, exchange.url, strategy) as node:
        node.until("trading")
        node.wait_for(lambda status: status["position"] > 300)
        lived = node.stop()
        assert exchange.signed("GET", "/fapi/v1/openOrders").document == []
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    assert lived.of(OrderAccepted)
    assert lived.outcome is not None
    assert (lived.outcome["killed"], lived.unsettled) == ("none", [])
