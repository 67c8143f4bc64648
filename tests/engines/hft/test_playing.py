from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from hft_runs import BOOK, FAST, MS, START_NS, Script, cancel, frame, new, quiet, record, replace, ticks
from tc.core import ProcessingContext
from tc.core.events import (
    ControlTimeReached,
    FeedDegraded,
    MarketObserved,
    OrderAccepted,
    OrderFilled,
    OrderSubmitted,
)
from tc.core.intents import Intent
from tc.engines.hft.settings import HftSettings
from tc.spec.gate_spec import ExecutionSpec, RateSpec, TimingSpec
from tc.spec.run_spec import DataSpec

pytestmark = pytest.mark.e2e

NOTHING = Script([])
SLOW = ExecutionSpec(rate=RateSpec(messages=1, period_s="0.0333", burst=1))


def milliseconds(events: list[Any]) -> list[float]:
    return [(event.at_ns - START_NS) / MS for event in events]


def test_each_change_of_the_best_and_each_trade_is_observed() -> None:
    rows = (
        *BOOK,
        (10, "delta", "BUY", "99.9", "6"),
        (20, "delta", "BUY", "99.0", "1"),
        (30, "trade", "BUY", "100.1", "0.5"),
        (30, "trade", "BUY", "100.1", "0.25"),
        (40, "delta", "SELL", "100.1", "0"),
    )
    seen = record(rows, NOTHING).of(MarketObserved)
    assert [(event.row, event.bid_quantity, event.ask, event.last_quantity) for event in seen] == [
        (4, Decimal("5.000"), Decimal("100.1"), None),
        (5, Decimal("6.000"), Decimal("100.1"), None),
        (7, Decimal("6.000"), Decimal("100.1"), Decimal("0.500")),
        (8, Decimal("6.000"), Decimal("100.1"), Decimal("0.250")),
        (9, Decimal("6.000"), Decimal("100.2"), Decimal("0.250")),
    ]
    assert milliseconds(seen) == [0, 10, 30, 30, 40]


def test_R86_a_gap_in_the_book_is_recorded_until_the_next_snapshot() -> None:
    again = tuple((20, *row[1:]) for row in BOOK)
    recorded = record((*BOOK, (10, "clear", "NONE", "0", "0", False), *quiet(15), *again), NOTHING)
    assert milliseconds(recorded.of(FeedDegraded)) == [10]
    [_, emptied, _, whole] = recorded.of(MarketObserved)
    assert (emptied.bid, emptied.ask, whole.bid) == (None, None, Decimal("99.9"))
    assert not recorded.stream.context.reference(whole.instrument_id).is_degraded


def test_R82_at_one_stamp_feedback_comes_before_data_and_control_time_last() -> None:
    timing = TimingSpec(heartbeat_s="0.015")
    recorded = record((*BOOK, *ticks(10, 15, 20)), Script([(10, [new("A", "BUY", "1", "99.9")])]), timing=timing)
    at_15 = [type(each.event) for each in recorded.entries if each.event.at_ns == START_NS + 15 * MS]
    assert at_15 == [OrderAccepted, MarketObserved, ControlTimeReached]


def test_R76_what_the_rate_holds_is_sent_at_its_exact_deadline_between_two_rows() -> None:
    recorded = record(
        (*BOOK, *ticks(10, 100)), Script([(10, [new("A", "BUY", "1", "99.9"), new("B", "BUY", "1", "99.8")])]), execution=SLOW
    )
    [reached] = recorded.of(ControlTimeReached)
    assert (reached.at_ns, reached.deadline_ns) == (START_NS + 43_300_000, START_NS + 43_300_000)
    assert milliseconds(recorded.of(OrderSubmitted)) == [10, 43.3]
    assert milliseconds(recorded.of(OrderAccepted)) == [15, 48.3]


def test_R80_an_idle_run_has_no_control_time() -> None:
    assert record((*BOOK, *ticks(10, 20)), NOTHING).of(ControlTimeReached) == []


def test_R80_a_due_stale_feed_is_answered_with_what_was_seen_last() -> None:
    timing = TimingSpec(stale_feed_s="0.02")
    recorded = record((*BOOK, *quiet(15), *quiet(30), *ticks(80)), NOTHING, timing=timing)
    assert milliseconds(recorded.of(MarketObserved)) == [0, 20, 35, 80]
    assert milliseconds(recorded.of(ControlTimeReached)) == [50]


def test_an_acknowledgement_that_comes_too_late_leaves_the_command_in_doubt() -> None:
    timing = TimingSpec(acknowledgement_timeout_s="0.002")
    recorded = record((*BOOK, *ticks(10, 40)), Script([(10, [new("A", "BUY", "1", "99.9")])]), timing=timing)
    assert [each.reason for each in recorded.of(ControlTimeReached)] == ["acknowledgement_timeout"]
    assert milliseconds(recorded.of(ControlTimeReached)) == [12]


def test_a_window_begins_with_the_book_as_it_stood() -> None:
    rows = (*BOOK, (10, "delta", "BUY", "99.9", "0"), *quiet(20, 30), *ticks(40))
    start, end = "2023-11-14T22:13:20.015Z", "2023-11-14T22:13:20.035Z"
    recorded = record(rows, NOTHING, data=DataSpec(dataset="book", start=start, end=end))
    assert recorded.outcome.rows == 2
    assert recorded.entries[0].event.at_ns == START_NS + 15 * MS
    [first] = recorded.of(MarketObserved)
    assert (first.bid, first.row, first.at_ns) == (Decimal("99.8"), 6, START_NS + 20 * MS)


def test_the_run_ends_with_its_last_row() -> None:
    recorded = record((*BOOK, *ticks(10, 20)), Script([(20, [new("A", "BUY", "1", "99.9")])]))
    assert recorded.outcome.rows == 7
    assert recorded.outcome.at_ns == START_NS + 20 * MS
    assert recorded.story("A")[-1] == (20, "OrderSubmitted")


def test_a_run_can_be_stopped() -> None:
    rows = (*BOOK, *ticks(*range(1, 5001)))
    asked = iter([False, True])
    recorded = record(rows, NOTHING, should_stop=lambda: next(asked))
    assert recorded.outcome.is_stopped
    assert 4_096 <= recorded.outcome.rows < 4_200


def test_a_long_quiet_stretch_is_interrupted_so_that_a_run_can_be_stopped() -> None:
    rows = (*BOOK, *quiet(*(1 + at / 1000 for at in range(6_000))))
    asked = iter([False, True])
    assert record(rows, NOTHING, should_stop=lambda: next(asked)).outcome.is_stopped


def test_stamps_of_the_venue_that_lie_ahead_of_ours_are_moved_back() -> None:
    ahead = frame((*BOOK, *ticks(10)), behind_ns=-1_270 * MS)
    rows = (*BOOK, *ticks(10, 20, 30))
    plain = record(rows, Script([(10, [new("A", "BUY", "1")])]))
    assert (ahead["ts_event"] > ahead["ts_init"]).all()
    moved = record(rows, Script([(10, [new("A", "BUY", "1")])]), behind_ns=-1_270 * MS)
    assert moved.story("A") == plain.story("A")


def test_venue_stamps_out_of_order_are_played_in_theirs() -> None:
    rows = frame((*BOOK, *ticks(10, 20, 30)))
    assert rows["ts_event"].is_sorted()
    recorded = record(
        (*BOOK, (10, "trade", "BUY", "100.1", "1"), *ticks(20, 30)), Script([(10, [new("A", "BUY", "1")])]), jitter=True
    )
    assert len(recorded.of(OrderFilled)) == 1


def test_latencies_may_be_nothing() -> None:
    settings = HftSettings(order_entry_ns=0, order_response_ns=0)
    script = Script([(10, [new("A", "BUY", "1", "99.9")]), (20, [replace("A", price="99.8")])])
    recorded = record((*BOOK, *ticks(10, 20, 30)), script, settings=settings)
    assert recorded.story("A")[1:] == [
        (10, "OrderSubmitted"),
        (10, "OrderAccepted"),
        (20, "ModifyRequested"),
        (20, "OrderPendingUpdate"),
        (20, "OrderUpdated"),
    ]
    assert FAST.document()["latency"]["model"] == "constant"


def test_what_is_observed_is_the_book_that_exact_numbers_make() -> None:
    random = Random(5)  # noqa: S311 - rows for a test
    rows: list[Any] = list(BOOK)
    sides = {"BUY": {"99.9": "5", "99.8": "7"}, "SELL": {"100.1": "5", "100.2": "7"}}
    expected = {}
    for stamp in range(1, 1_500):
        side = random.choice(("BUY", "SELL"))
        price = str(Decimal(random.randint(990, 999) if side == "BUY" else random.randint(1001, 1010)).scaleb(-1))
        size = "0" if random.random() < 0.4 else str(Decimal(random.randint(1, 9_999)).scaleb(-3))
        rows.append((stamp, "delta", side, price, size))
        sides[side].pop(price, None)
        if size != "0":
            sides[side][price] = size
        bid, ask = max(sides["BUY"], key=Decimal, default=None), min(sides["SELL"], key=Decimal, default=None)
        expected[stamp] = [
            None if text is None else Decimal(text)
            for text in (bid, sides["BUY"].get(bid or ""), ask, sides["SELL"].get(ask or ""))
        ]
    seen = record(rows, NOTHING).of(MarketObserved)
    assert len(seen) > 100
    for event in seen[1:]:
        found = [event.bid, event.bid_quantity, event.ask, event.ask_quantity]
        assert found == expected[(event.at_ns - START_NS) // MS]


@dataclass
class CancelsWhatEnded:
    """Asks for two orders, and cancels the second while the fill of the first is processed: both are filled at one stamp."""

    asked: bool = False
    done: bool = False

    def evaluate(self, context: ProcessingContext) -> tuple[Intent, ...]:
        if not self.asked and context.stream_time_ns >= START_NS + int(10 * MS):
            self.asked = True
            return (new("A", "BUY", "1", "99.9"), new("B", "BUY", "1", "99.9"))
        first = context.order("A")
        if self.done or first is None or not first.filled:
            return ()
        self.done = True
        return (cancel("B"),)


def test_a_cancel_of_an_order_that_ended_at_the_same_stamp_is_not_sent_to_a_library_that_knows_it_no_more() -> None:
    falls = (
        (50, "delta", "SELL", "100.1", "0"),
        (50, "delta", "SELL", "100.2", "0"),
        (50, "delta", "BUY", "99.9", "0"),
        (50, "delta", "BUY", "99.8", "0"),
        (50, "delta", "SELL", "99.5", "5"),
        (50, "delta", "BUY", "99.4", "5"),
    )
    run = record(BOOK + ticks(1, 5, 10, 20, 30, 40) + falls + ticks(60, 70, 80, 90, 120), CancelsWhatEnded())
    for key in ("A", "B"):
        order = run.stream.context.order(key)
        assert order is not None
        assert order.status == "FILLED"
    assert not any(run.stream.state.execution.queue.in_flight)
