"""A kill of a live node: by its socket, by the state file, with a retry in flight; after HALTED the venue sees nothing more."""

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from live_nodes import NAME, RUN_ID, Lived, NodeProcess, live_node, venue
from tc.core.events import KillSwitchAdvanced, KillSwitchChanged, OrderFilled, OrderRejected, SnapshotTaken
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.nodes import socket_path
from venue_process import Caller

QUOTER = """
    def quote(self, tick):
        if self.n % 5 == 0:
            self.cancel_all_orders(I)
        if self.n % 5 == 1:
            self.limit("BUY", 50)
            self.limit("SELL", 50)
        if self.n % 7 == 2:
            self.market("BUY", "0.005")
"""
"""Quotes, and buys: whenever it is killed there are orders open, in flight, or about to be."""

STEPS = ["blocked", "annihilated", "cancelled", "flattened", "halted"]


def orders_after(exchange: Caller, at_ns: int) -> list[dict[str, Any]]:
    """Return the requests about orders that reached the venue later, but for questions."""
    return [
        each
        for each in exchange.requests()
        if each["time_ns"] > at_ns and each["method"] != "GET" and "listenKey" not in each["path"]
    ]


def is_flat(exchange: Caller) -> bool:
    """Say whether the venue has no open order and no position."""
    positions = exchange.signed("GET", "/fapi/v3/positionRisk").document
    return not exchange.signed("GET", "/fapi/v1/openOrders").document and all(
        float(each["positionAmt"]) == 0 for each in positions
    )


def assert_halted(lived: Lived, exchange: Caller) -> None:
    """Everything that holds after a flatten by the kill switch."""
    assert lived.error == ""
    assert lived.is_replayed, lived.difference
    assert lived.outcome is not None
    assert (lived.outcome["killed"], lived.unsettled) == ("flatten", [])
    assert [each.step for each in lived.of(KillSwitchAdvanced)] == STEPS
    assert [(each.mode, each.by) for each in lived.of(KillSwitchChanged)] == [("flatten", "operator"), ("halt", "core")]
    assert orders_after(exchange, lived.of(KillSwitchAdvanced)[-1].at_ns) == []
    assert is_flat(exchange)
    assert lived.states == ["starting", "trading", "halting", "halted", "stopped", "ended"]


def test_a_kill_by_socket_flattens_and_nothing_reaches_the_venue_after_halted(tmp_path: Path) -> None:
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]) and status["open_orders_count"] > 0)
        steps = node.kill()
        lived = node.ended()
        assert_halted(lived, exchange)
    assert [each["step"] for each in steps] == STEPS
    told = [(each["position"], each["at_ns"], each["latency_ns"]) for each in steps]
    entered = [each for each in lived.entries if type(each.event) is KillSwitchAdvanced]
    assert told == [(each.position, each.event.at_ns, each.event.latency_ns) for each in entered]  # type: ignore[union-attr]


def test_a_kill_by_the_state_file_flattens_without_the_socket(tmp_path: Path) -> None:
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]))
        node.kill_by_file()
        assert_halted(node.ended(), exchange)


def test_a_retry_inside_the_adapter_places_no_order_after_the_switch(tmp_path: Path) -> None:
    methods = """
    def quote(self, tick):
        if self.n == 5:
            self.market("BUY", "0.010")
"""
    with venue("--rate", "50") as exchange:
        exchange.fault("too_many_requests", count=1, requests="orders", code=-1003)
        with live_node(tmp_path, exchange.url, methods) as node:
            node.until("trading")
            node.wait_for(lambda _: exchange.counters().get("too_many_requests", 0) == 1)
            steps = node.kill()
            lived = node.ended()
        assert_halted(lived, exchange)
        posted = [each for each in exchange.requests() if each["method"] == "POST" and each["path"] == "/fapi/v1/order"]
    assert [each["status"] for each in posted] == [429]
    assert steps[0]["detail"] == "mode flatten; 1 retries ended"
    assert [each.reason for each in lived.of(OrderRejected)] == ["Canceled retry"]
    assert lived.of(OrderFilled) == []


def test_a_market_order_on_its_way_at_the_kill_is_closed_again(tmp_path: Path) -> None:
    methods = """
    def quote(self, tick):
        if self.n == 5:
            self.market("BUY", "0.010")
"""
    with venue("--rate", "50") as exchange:
        exchange.fault("hang", count=1, requests="orders", seconds=0.5, handled="after")
        with live_node(tmp_path, exchange.url, methods) as node:
            node.until("trading")
            node.wait_for(lambda status: status["in_flight"] == 1)
            steps = node.kill()
            lived = node.ended()
        assert_halted(lived, exchange)
    assert [(each.side, str(each.quantity)) for each in lived.of(OrderFilled)] == [("BUY", "0.01"), ("SELL", "0.01")]
    assert steps[-1]["latency_ns"] > 300_000_000


def test_orders_of_others_at_the_venue_are_flattened_too(tmp_path: Path) -> None:
    with venue() as exchange, live_node(tmp_path, exchange.url, "") as node:
        node.until("trading")
        exchange.fault("order_appears", symbol="BTCUSDT", side="BUY", quantity="0.020", price="50000.0", client_order_id="web_1")
        exchange.fault("order_appears", symbol="BTCUSDT", side="SELL", quantity="0.030", client_order_id="web_2")
        node.wait_for(lambda status: status["open_orders_count"] == 1 and bool(status["positions"]))
        node.kill()
        assert_halted(node.ended(), exchange)


def test_what_the_engine_never_heard_of_is_flattened_over_our_own_line(tmp_path: Path) -> None:
    with venue() as exchange, live_node(tmp_path, exchange.url, "") as node:
        node.until("trading")
        exchange.fault("position_changed", symbol="BTCUSDT", by="0.050")
        exchange.fault(
            "order_appears", symbol="BTCUSDT", side="BUY", quantity="0.020", price="50000.0", client_order_id="web_1", silent=True
        )
        steps = node.kill()
        lived = node.ended()
        assert is_flat(exchange)
        assert orders_after(exchange, lived.of(KillSwitchAdvanced)[-1].at_ns) == []
    assert steps[-1]["step"] == "halted"
    assert lived.outcome is not None
    assert lived.unsettled == []


def test_a_venue_that_does_not_answer_is_never_flat(tmp_path: Path) -> None:
    with venue() as exchange, live_node(tmp_path, exchange.url, "", stop_seconds=4) as node:
        node.until("trading")
        exchange.fault("hang", count=1000, requests="all", seconds=60, handled="before")
        steps = node.kill()
        lived = node.ended()
    assert steps[-1]["step"] == "failed"
    assert lived.outcome is not None
    assert "does not answer" in lived.unsettled[0]


@pytest.mark.parametrize("mode", ["halt", "halt_all", "reduce"])
def test_the_other_modes_hold_new_orders_back_and_the_node_lives_on_until_it_is_stopped(tmp_path: Path, mode: str) -> None:
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: status["open_orders_count"] > 0)
        first = next(iter(node.talk(do="kill", mode=mode, reason="a test", actor="operator")))
        assert first["step"] == "blocked"
        status = node.ask(do="status")
        assert status["kill_switch"] == mode
        node.wait_for(lambda now: now["rows"] > status["rows"] + 100)
        lived = node.stop()
        posted = [each for each in orders_after(exchange, first["at_ns"] + 50_000_000) if each["method"] != "DELETE"]
    assert posted == []
    assert lived.is_replayed, lived.difference
    assert {each.reason for each in lived.outcomes("denied")} <= {f"kill_switch_{mode}", "reduce_only_would_open"}
    assert lived.outcomes("denied")
    assert lived.outcome is not None
    assert lived.outcome["killed"] == mode


def test_a_stricter_mode_takes_over_and_a_milder_one_changes_nothing(tmp_path: Path) -> None:
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]))
        assert [each["step"] for each in node.kill("halt")] == ["blocked", "annihilated", "halted"]
        assert node.ask(do="kill", mode="reduce", reason="a test", actor="operator") == {"step": "unchanged", "mode": "halt"}
        assert [each["step"] for each in node.kill("flatten")] == STEPS
        lived = node.ended()
        assert is_flat(exchange)
    assert [each.mode for each in lived.of(KillSwitchChanged)] == ["halt", "flatten", "halt"]


def test_kills_that_race_are_one_kill(tmp_path: Path) -> None:
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]))
        heard: list[list[dict[str, Any]]] = []
        racing = [threading.Thread(target=lambda: heard.append(node.kill())) for _ in range(4)]
        for each in racing:
            each.start()
        node.kill_by_file()
        for each in racing:
            each.join()
        lived = node.ended()
        assert_halted(lived, exchange)
    assert {steps[-1]["step"] for steps in heard} == {"halted"}


RUBBISH = (b"\n", b"rubbish\n", b'{"do":"kill"}\n', b'{"do":"kill","mode":"x"}\n', b"\xff\n", b"[" * 9_000 + b"\n")


def test_what_is_no_request_is_answered_and_changes_nothing(tmp_path: Path) -> None:
    with venue() as exchange, live_node(tmp_path, exchange.url, "") as node:
        node.until("trading")
        for line in RUBBISH:
            assert "error" in said(node, line)
        assert node.ask(do="ping") == {"pong": True}
        lived = node.stop()
    assert lived.of(KillSwitchChanged) == []


def said(node: NodeProcess, line: bytes) -> dict[str, Any]:
    """Send a line as it is, and return the answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(socket_path(node.folder / "runtime", RUN_ID)))
        connection.sendall(line)
        answer: dict[str, Any] = json.loads(connection.makefile().readline())
        return answer


def test_a_kill_takes_milliseconds(tmp_path: Path) -> None:
    with venue("--rate", "20") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]))
        time.sleep(0.2)
        steps = {each["step"]: each["latency_ns"] / 1e6 for each in node.kill()}
        node.ended()
    assert steps["blocked"] < 50
    assert steps["halted"] < 2_000


@pytest.mark.parametrize("gate", ["observe", "off"])
def test_without_a_gate_that_holds_the_engine_itself_is_halted_and_our_own_line_flattens(tmp_path: Path, gate: str) -> None:
    risk = {"risk": None} if gate == "off" else {}
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER, gate=gate, **risk) as node:
        node.until("trading")
        node.wait_for(lambda status: bool(status["positions"]))
        steps = [each["step"] for each in node.kill()]
        lived = node.ended()
        assert is_flat(exchange)
        assert orders_after(exchange, lived.of(KillSwitchAdvanced)[-1].at_ns) == []
    assert steps == ["blocked", "annihilated", "halted"]
    assert lived.error == ""
    assert lived.is_replayed, lived.difference


def test_a_switch_that_is_active_at_the_start_lets_nothing_through_from_the_first_moment(tmp_path: Path) -> None:
    KillSwitch(tmp_path / "runtime" / FOLDER).activate(
        Scope.of_name(NAME), mode="halt", reason="a test", actor="operator", at_ns=time.time_ns()
    )
    with venue("--rate", "100") as exchange, live_node(tmp_path, exchange.url, QUOTER) as node:
        node.until("trading")
        node.wait_for(lambda status: status["rows"] > 100)
        lived = node.stop()
        assert [each for each in exchange.requests() if each["method"] == "POST" and "listenKey" not in each["path"]] == []
    assert [each.kill_switch for each in lived.of(SnapshotTaken)] == ["halt"]
    assert lived.outcomes("denied")
    assert lived.is_replayed, lived.difference


def test_the_engine_heals_itself_only_when_it_is_told_to_and_shows_what_it_holds(tmp_path: Path) -> None:
    with venue() as exchange, live_node(tmp_path, exchange.url, "") as node:
        node.until("trading")
        exchange.fault(
            "order_appears", symbol="BTCUSDT", side="BUY", quantity="0.020", price="50000.0", client_order_id="web_1", silent=True
        )
        assert node.ask(do="holdings")["orders"] == []
        assert node.ask(do="heal") == {"healed": True}
        [order] = node.ask(do="holdings")["orders"]
        status = node.ask(do="status")
        lived = node.stop()
    assert (order["key"], order["quantity"], order["status"]) == ("web_1", "0.02", "ACCEPTED")
    assert status["open_orders_count"] == 1
    assert status["connected"] == {"data": True, "execution": True}
    assert status["lag_s"] < 1
    assert lived.names_of("web_1")[:2] == ["OrderInitialized", "OrderAccepted"]
    assert lived.is_replayed, lived.difference
