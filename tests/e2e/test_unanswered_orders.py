"""Orders whose answers are lost are in doubt as long as nobody can be asked about them, and are settled by the venue's word."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live_nodes import PATIENCE_S, NodeProcess, live_node, venue
from tc.core.events import OrderFilled, OrderInitialized, OrderRejected

pytestmark = pytest.mark.e2e

ASKS_OFTEN = {"in_flight_check_ms": 50, "in_flight_threshold_ms": 200, "in_flight_retries": 2}
QUESTIONS = 10
"""More than Nautilus's engine puts before it gives an order up (2), and its adapter before it calls one rejected (3)."""

TWO_ORDERS = """
    def started(self):
        self.sent = False

    def quote(self, tick):
        if not self.sent and __import__("pathlib").Path({asks!r}).exists():
            self.sent = True
            self.limit("BUY", 500)
            self.limit("SELL", 500)
"""


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def statuses(node: NodeProcess) -> dict[str, str]:
    return {each["side"]: each["status"] for each in node.ask(do="status")["open_orders"]}


def test_orders_without_an_answer_stay_in_doubt_while_questions_fail_and_are_settled_by_what_the_venue_then_says(
    tmp_path: Path,
) -> None:
    asks = tmp_path / "asks"
    asking: dict[str, Any] = {"reconciling": ASKS_OFTEN, "stop_seconds": 2.0}
    with venue() as caller, live_node(tmp_path, caller.url, TWO_ORDERS.format(asks=str(asks)), **asking) as node:
        node.until("trading")
        assert caller.fault("hang", count=1, seconds=60, handled="before").status == 200
        assert caller.fault("hang", count=1, seconds=60, handled="after").status == 200
        assert caller.fault("drop_user_updates", count=1, kinds=["ORDER_TRADE_UPDATE"]).status == 200
        assert caller.fault("query_error", on=True).status == 200
        asks.touch()
        until(lambda: caller.counters().get("hang", 0) == 2)
        until(lambda: caller.counters().get("query_error", 0) >= QUESTIONS)
        doubtful = statuses(node)
        assert caller.fault("query_error", on=False).status == 200
        until(lambda: "SUBMITTED" not in statuses(node).values())
        settled = statuses(node)
        lived = node.stop()
    assert doubtful == {"BUY": "SUBMITTED", "SELL": "SUBMITTED"}
    unknown = next(each.client_order_id for each in lived.of(OrderInitialized) if each.side == "SELL")
    assert settled == {"BUY": "ACCEPTED"}
    assert [(each.client_order_id, each.reason) for each in lived.of(OrderRejected)] == [(unknown, "UNKNOWN")]


LOSES_A_TRADE = """
    def started(self):
        self.sent = False

    def quote(self, tick):
        if not self.sent and __import__("pathlib").Path({asks!r}).exists():
            self.sent = True
            self.market("BUY")
"""


def test_R68_a_trade_of_an_order_that_the_node_took_for_rejected_is_in_the_journal_once_after_any_heal(tmp_path: Path) -> None:
    asks = tmp_path / "asks"
    with venue() as caller, live_node(tmp_path, caller.url, LOSES_A_TRADE.format(asks=str(asks)), most_retries=0) as node:
        node.until("trading")
        assert caller.fault("drop_user_updates", count=5).status == 200
        assert caller.fault("unavailable_after", count=1).status == 200
        asks.touch()
        until(lambda: caller.counters().get("unavailable_after", 0) == 1)
        node.wait_for(lambda status: not status["in_flight"])
        healed = [node.ask(do="heal")["healed"] for _ in range(2)]
        lived = node.stop()
    assert healed == [True, True]
    [rejected] = lived.of(OrderRejected)
    trades = [each.trade_id for each in lived.of(OrderFilled) if each.client_order_id == rejected.client_order_id]
    assert len(trades) == 1
    assert (lived.is_replayed, lived.error) == (True, "")
