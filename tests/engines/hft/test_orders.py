import sys
from decimal import Decimal
from typing import Any

import pytest

from hft_runs import BOOK, MS, START_NS, UNLIMITED, Script, cancel, new, quiet, record, replace, ticks
from tc.core import fold_event_stream_entries, state_digest
from tc.core.events import (
    AccountUpdated,
    DispatchFailed,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderUpdated,
)
from tc.engines.hft.settings import HftSettings

EVERY_10_MS = (*BOOK, *ticks(*range(10, 201, 10)))

pytestmark = pytest.mark.e2e


def test_R59_an_order_begins_when_it_is_sent_and_is_acknowledged_after_both_latencies() -> None:
    recorded = record(EVERY_10_MS, Script([(10, [new("A", "BUY", "1", "99.9")])]))
    assert recorded.story("A") == [(10, "OrderInitialized"), (10, "OrderSubmitted"), (15, "OrderAccepted")]
    [accepted] = recorded.of(OrderAccepted)
    assert (accepted.event_ns - START_NS, accepted.venue_order_id) == (12 * MS, "HFT-1")


def test_a_market_order_takes_the_best_price_without_an_acknowledgement() -> None:
    recorded = record(EVERY_10_MS, Script([(10, [new("A", "BUY", "2")])]))
    assert [name for _, name in recorded.story("A")] == ["OrderInitialized", "OrderSubmitted", "OrderFilled"]
    [fill] = recorded.of(OrderFilled)
    assert (fill.price, fill.quantity, fill.liquidity) == (Decimal("100.1"), Decimal(2), "TAKER")
    assert (fill.trade_id, fill.source) == ("HFT-1-1", "canonical")


def test_commissions_are_exact() -> None:
    recorded = record(EVERY_10_MS, Script([(10, [new("A", "BUY", "0.123")])]))
    [fill] = recorded.of(OrderFilled)
    assert fill.commission == Decimal("100.1") * Decimal("0.123") * Decimal("0.0005")
    assert fill.commission_currency == "USDT"


def test_a_crossing_limit_order_is_acknowledged_and_takes_the_best_price() -> None:
    recorded = record(EVERY_10_MS, Script([(10, [new("A", "SELL", "1", "99.5", time_in_force="FOK")])]))
    assert [name for _, name in recorded.story("A")][2:] == ["OrderAccepted", "OrderFilled"]
    assert recorded.of(OrderFilled)[0].price == Decimal("99.9")


def test_a_crossing_post_only_order_is_rejected_for_that() -> None:
    recorded = record(EVERY_10_MS, Script([(10, [new("A", "BUY", "1", "100.1", post_only=True)])]))
    [rejected] = recorded.of(OrderRejected)
    assert rejected.due_post_only
    assert recorded.of(OrderFilled, OrderExpired) == []


@pytest.mark.parametrize("time_in_force", ["IOC", "FOK"])
def test_an_immediate_order_that_does_not_cross_expires(time_in_force: Any) -> None:
    recorded = record(EVERY_10_MS, Script([(10, [new("A", "BUY", "1", "100.0", time_in_force=time_in_force)])]))
    assert recorded.story("A")[-1] == (15, "OrderExpired")


def test_a_market_order_that_meets_an_empty_side_is_rejected() -> None:
    emptied = ((10, "delta", "SELL", "100.1", "0"), (10, "delta", "SELL", "100.2", "0"))
    recorded = record((*BOOK, *emptied, *quiet(40)), Script([(10, [new("A", "BUY", "1")])]))
    assert [name for _, name in recorded.story("A")][-1] == "OrderRejected"
    assert recorded.of(OrderFilled) == []


def test_a_resting_order_is_filled_as_maker_when_the_price_trades_through_it() -> None:
    rows = (*BOOK, *ticks(10, 20, 30), (40, "trade", "SELL", "99.7", "1"), *ticks(50, 60))
    recorded = record(rows, Script([(10, [new("A", "BUY", "1", "99.9")])]))
    [fill] = recorded.of(OrderFilled)
    assert (fill.liquidity, fill.price, fill.event_ns - START_NS) == ("MAKER", Decimal("99.9"), 39 * MS)
    assert fill.commission == Decimal("99.9") * Decimal("0.0002")


def test_a_resting_order_waits_for_the_queue_in_front_of_it() -> None:
    trades = tuple((stamp, "trade", "SELL", "99.9", "2") for stamp in (30, 40, 50))
    recorded = record((*BOOK, *ticks(10), *trades, *ticks(60, 70)), Script([(10, [new("A", "BUY", "1", "99.9")])]))
    [fill] = recorded.of(OrderFilled)
    assert fill.event_ns - START_NS == 49 * MS  # five stood in front


@pytest.mark.parametrize(("model", "fills"), [("risk_adverse", 0), ("power_prob", 1), ("power_prob_2", 1), ("power_prob_3", 1)])
def test_queue_models_differ_in_who_cancelled(model: Any, fills: int) -> None:
    levels = ((20, "delta", "BUY", "99.9", "15"), (30, "delta", "BUY", "99.9", "6"))
    rows = (*BOOK, *ticks(10), *levels, (40, "trade", "SELL", "99.9", "4.5"), *ticks(60))
    settings = HftSettings(order_entry_ns=MS, order_response_ns=MS, queue_model=model, queue_exponent=2.0)
    assert len(record(rows, Script([(10, [new("A", "BUY", "1", "99.9")])]), settings=settings).of(OrderFilled)) == fills


def test_R61_a_replace_changes_the_order_that_there_is() -> None:
    script = Script([(10, [new("A", "BUY", "1", "99.9")]), (30, [replace("A", "2", "99.8")])])
    recorded = record(EVERY_10_MS, script)
    assert recorded.story("A")[3:] == [(30, "ModifyRequested"), (30, "OrderPendingUpdate"), (35, "OrderUpdated")]
    [updated] = recorded.of(OrderUpdated)
    assert (updated.quantity, updated.price) == (Decimal(2), Decimal("99.8"))
    assert recorded.stream.context.order("A").price == Decimal("99.8")


def test_a_replace_that_takes_is_an_update_and_a_fill_of_the_new_quantity() -> None:
    script = Script([(10, [new("A", "BUY", "1", "99.9")]), (30, [replace("A", "3", "100.1")])])
    recorded = record(EVERY_10_MS, script)
    assert [name for _, name in recorded.story("A")][-2:] == ["OrderUpdated", "OrderFilled"]
    assert recorded.of(OrderFilled)[0].quantity == Decimal(3)


def test_a_post_only_order_replaced_into_the_market_is_rejected() -> None:
    script = Script([(10, [new("A", "BUY", "1", "99.9", post_only=True)]), (30, [replace("A", price="100.1")])])
    [rejected] = record(EVERY_10_MS, script).of(OrderRejected)
    assert rejected.due_post_only


def test_a_fill_that_overtakes_a_replace_is_of_the_old_terms() -> None:
    rows = (*BOOK, *ticks(10, 20), (22.5, "trade", "SELL", "99.7", "1"), *ticks(40, 50))
    script = Script([(10, [new("A", "BUY", "1", "99.9")]), (20, [replace("A", "2")])])
    recorded = record(rows, script)
    [fill] = recorded.of(OrderFilled)
    assert (fill.quantity, fill.liquidity) == (Decimal(1), "MAKER")
    assert recorded.of(OrderUpdated) == []


def test_a_cancel_ends_an_order() -> None:
    script = Script([(10, [new("A", "BUY", "1", "99.9")]), (30, [cancel("A")])])
    recorded = record(EVERY_10_MS, script)
    assert recorded.story("A")[3:] == [(30, "OrderPendingCancel"), (35, "OrderCanceled")]


def test_a_fill_that_overtakes_a_cancel_is_the_order_s_end() -> None:
    rows = (*BOOK, *ticks(10, 20), (22.5, "trade", "SELL", "99.7", "1"), *ticks(40, 50))
    recorded = record(rows, Script([(10, [new("A", "BUY", "1", "99.9")]), (20, [cancel("A")])]))
    assert len(recorded.of(OrderFilled)) == 1
    assert recorded.of(OrderCanceled) == []


def test_R60_what_the_venue_cannot_express_never_leaves() -> None:
    asked = [new("A", "BUY", "1", "99.95"), new("B", "BUY", "0.0001", "99.9"), new("C", "BUY", "1", "99.9")]
    recorded = record(EVERY_10_MS, Script([(10, asked)]))
    assert [each.client_order_id for each in recorded.of(DispatchFailed)] == ["A", "B"]
    assert [name for _, name in recorded.story("C")][-1] == "OrderAccepted"
    assert recorded.of(DispatchFailed)[0].reason == "1 at 99.95 is no whole number of lots and ticks"


def test_responses_of_one_stamp_come_in_the_order_of_sending() -> None:
    asked = [new(f"{key}", "BUY", "1", "99.9") for key in "FCADEB"]
    recorded = record((*BOOK, *ticks(10, 20), (30, "trade", "SELL", "99.0", "9"), *ticks(40)), Script([(10, asked)]))
    assert [each.client_order_id for each in recorded.of(OrderFilled)] == list("FCADEB")


def test_a_gate_that_only_observes_keeps_nothing_back() -> None:
    asked = [
        (10, [new("A", "BUY", "1", "99.9")]),
        (20, [replace("A", price="99.8")]),
        (21, [replace("A", price="99.7"), cancel("X")]),
        (40, [cancel("A"), new("B", "BUY", "1000000", "150.0")]),
    ]
    recorded = record((*BOOK, *ticks(10, 20, 21, 22, 23, 24, 25, 40, 50)), Script(asked), gate="observe")
    assert recorded.of(OrderUpdated)[0].price == Decimal("99.8")
    assert {each.reason for each in recorded.of(DispatchFailed)} >= {
        "another command of its order is under way",
        "its order is not open at the venue",
    }
    assert recorded.of(OrderFilled)[0].client_order_id == "B"  # what a limit would have denied


def test_the_account_follows_the_fills() -> None:
    rows = (*BOOK, *ticks(10, 20, 30), (40, "delta", "BUY", "100.0", "3"), *ticks(50, 60))
    recorded = record(rows, Script([(10, [new("A", "BUY", "2")]), (50, [new("B", "SELL", "2")])]))
    states = recorded.of(AccountUpdated)
    fees = (Decimal("200.2") + Decimal("200.0")) * Decimal("0.0005")
    assert [state.balances[0].total for state in states][::2] == [1000, 1000 - Decimal("0.2") - fees]
    assert recorded.stream.context.position_of(recorded.of(OrderFilled)[0].position_id) is None


def test_R19_the_recorded_stream_folds_to_the_same_state() -> None:
    script = Script([(10, [new("A", "BUY", "1", "99.9"), new("B", "SELL", "1")]), (30, [replace("A", "2", "99.8")])])
    recorded = record(EVERY_10_MS, script)
    folded = fold_event_stream_entries(recorded.entries, configuration=recorded.configuration)
    assert state_digest(folded) == state_digest(recorded.stream.state)


def test_R90_two_runs_record_the_same() -> None:
    script = [(10, [new("A", "BUY", "1", "99.9"), new("B", "SELL", "1", "100.2")]), (50, [cancel("A"), new("C", "BUY", "1")])]
    assert record(EVERY_10_MS, Script(script)).entries == record(EVERY_10_MS, Script(script)).entries


def test_an_order_that_is_sent_before_the_first_row_is_seen_reaches_the_venue() -> None:
    recorded = record(EVERY_10_MS, Script([(0, [new("A", "BUY", "1", "90.0")])]), risk=UNLIMITED)
    assert recorded.story("A")[-1] == (5, "OrderAccepted")


def test_the_engine_s_process_is_not_the_run_s() -> None:
    assert "hftbacktest" not in sys.modules
