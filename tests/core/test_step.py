"""One step of the Core under a gate: requests judged, queued and sent, feedback settled, deadlines realised."""

from decimal import Decimal
from typing import get_args

import pytest
from msgspec.structs import replace

from gated import INSTRUMENT, SECOND, GatedStream, gate_document, gated_configuration, results
from streams import Venue
from tc.core import (
    INITIAL,
    CoreConfiguration,
    decode_state,
    encode_state,
    fold_event_stream_entries,
    state_digest,
    step_event_entry,
)
from tc.core.events import (
    CATEGORIES,
    ControlTimeReached,
    DispatchFailed,
    Kind,
    MarketObserved,
    OrderDenied,
    OrderModifyRejected,
    RunResumed,
    SnapshotTaken,
    SubmitRequested,
)
from tc.core.intents import Intent
from tc.core.state.fold import HANDLERS
from tc.core.step import DECIDERS
from tc.errors import InvariantViolation

RATE = (1, SECOND, 1)
FACTS_ALONE = {
    "MarketDataRows",
    "FeedDegraded",
    "OrderInitialized",
    "OrderEmulated",
    "OrderReleased",
    "OrderPendingUpdate",
    "OrderPendingCancel",
    "PositionOpened",
    "PositionChanged",
    "PositionClosed",
    "AccountUpdated",
    "TradingStateChanged",
    "ComponentStateChanged",
    "KillSwitchAdvanced",
    "TapeBlockWritten",
    "TapeStopped",
    "ThrottleReset",
    "StrategyFailed",
}


def test_every_event_is_folded_and_either_decides_something_or_is_a_fact_alone() -> None:
    assert set(HANDLERS) == set(CATEGORIES)
    assert {kind.__name__ for kind in set(CATEGORIES) - set(DECIDERS)} == FACTS_ALONE


def test_R35_an_allowed_order_is_queued_and_sent_in_one_step() -> None:
    stream = GatedStream()
    assert results(stream.new("A")) == [("A", "allowed", ""), ("A", "sent", "")]
    assert stream.context.in_flight("A") is not None
    assert stream.context.pending_count == 0


def test_without_a_gate_nothing_is_decided_and_the_facts_are_the_same() -> None:
    venue = Venue()
    venue.fill(venue.accepted())
    state = INITIAL
    for entry in venue.entries:
        step = step_event_entry(state, entry, configuration=venue.configuration)
        assert step.decision is None
        state = step.state
    assert state == fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    assert state.execution.exposures == {}


def test_R44_a_denied_order_leaves_no_queue_entry_and_no_order() -> None:
    stream = GatedStream(max_order_quantity="10")
    before = stream.context.exposure("BTCUSDT.X")
    assert results(stream.new("A", quantity="11")) == [("A", "denied", "max_order_quantity")]
    assert stream.context.pending("A") is None
    assert stream.context.in_flight("A") is None
    assert stream.context.order("A") is None
    assert stream.context.exposure("BTCUSDT.X") == before
    stream.emit(OrderDenied(stream.now, stream.now, "A", "max_order_quantity"))
    assert stream.context.terms("A") is None


def test_R38_every_command_gets_exactly_one_verdict() -> None:
    stream = GatedStream(max_order_quantity="10", rate=RATE)
    for number in range(5):
        stream.new(f"A{number}", quantity=str(9 + number % 3))
    verdicts = [o.key for d in stream.decisions for o in d.outcomes if o.result in ("allowed", "denied")]
    assert verdicts == [f"A{number}" for number in range(5)]


def test_R53_R76_an_order_over_the_rate_waits_and_goes_at_its_deadline_after_the_control_time() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    held = stream.new("B")
    assert results(held) == [("B", "allowed", ""), ("B", "held", "rate_capacity")]
    assert held[1].until_ns == stream.now + SECOND
    stream.now += 2 * SECOND
    stream.market()
    stream.submitted("A")
    assert stream.sent == [("NEW", "A")]
    assert results(stream.reach()) == [("B", "sent", "")]


def test_R78_a_deadline_is_realised_once() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    stream.reach()
    done = stream.entries[-1].event
    assert isinstance(done, ControlTimeReached)
    with pytest.raises(InvariantViolation, match=r"rate_window at \d+ is not the deadline"):
        stream.emit(done)


def test_R75_a_deadline_is_not_realised_early() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    due = stream.decisions[-1].obligation
    assert due is not None
    with pytest.raises(InvariantViolation, match="was realised early"):
        stream.emit(ControlTimeReached(due.deadline_ns - 1, due.deadline_ns, due.reason, due.scope))


def test_R49_a_cancel_of_an_order_that_waits_annihilates_both() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    assert ("B", "annihilated", "cancel_of_unsent") in results(stream.cancel("B"))
    assert stream.context.pending("B") is None
    assert stream.decisions[-1].obligation is None
    stream.canceled("B")
    assert stream.sent == [("NEW", "A")]


def test_R48_a_change_of_an_order_that_waits_becomes_the_order() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    assert ("B", "merged", "replace_of_unsent") in results(stream.replace("B", quantity="3", price="101"))
    stream.updated("B", "3", "101")
    sent = stream.reach()
    assert (sent[0].kind, sent[0].quantity, sent[0].price) == ("NEW", Decimal(3), Decimal(101))


def test_R46_a_second_command_waits_for_the_answer_of_the_first() -> None:
    stream = GatedStream()
    stream.new("A")
    assert results(stream.cancel("A")) == [("A", "allowed", ""), ("A", "held", "in_flight")]
    stream.submitted("A")
    assert results(stream.accepted("A")) == [("A", "sent", "")]
    assert stream.sent == [("NEW", "A"), ("CANCEL", "A")]


def test_R52_a_command_whose_order_is_gone_is_not_sent() -> None:
    stream = GatedStream()
    stream.new("A")
    stream.cancel("A")
    stream.submitted("A")
    assert results(stream.filled("A")) == [("A", "invalid", "order_gone")]
    assert results(stream.cancel("A")) == [("A", "invalid", "order_gone")]
    assert stream.sent == [("NEW", "A")]


def test_R43_the_kill_switch_invalidates_what_waits_and_cancels_go_on() -> None:
    stream = GatedStream(rate=RATE)
    stream.open("A")
    stream.new("B")
    stream.cancel("A")
    assert ("B", "invalid", "kill_switch") in results(stream.kill("halt"))
    assert results(stream.reach()) == [("A", "sent", "")]
    assert results(stream.new("C")) == [("C", "denied", "kill_switch_halt")]


def test_R60_a_failed_dispatch_leaves_no_order_and_frees_the_key() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.emit(DispatchFailed(stream.now, stream.now, "A", "NEW", "the engine denied it"))
    assert stream.context.in_flight("A") is None
    assert stream.context.order("A") is None
    assert stream.context.exposure("BTCUSDT.X").buy_reserved == 0


def test_a_failed_change_leaves_the_order_as_it_was() -> None:
    stream = GatedStream()
    stream.open("A")
    stream.replace("A", quantity="5")
    assert stream.context.exposure("BTCUSDT.X").buy_reserved == 4
    stream.emit(DispatchFailed(stream.now, stream.now, "A", "REPLACE", "refused"))
    assert stream.context.exposure("BTCUSDT.X").buy_reserved == 0
    stream.replace("A", quantity="2")
    stream.emit(OrderModifyRejected(stream.now, stream.now, "A", "refused"))
    assert stream.context.in_flight("A") is None


def test_a_group_is_sent_whole_or_not_at_all() -> None:
    stream = GatedStream(rate=(1, SECOND, 2), max_order_quantity="10")
    stream.new("X")
    assert [(o.key, o.result) for o in stream.group("A", "B") if o.result != "held"] == [("A", "allowed"), ("B", "allowed")]
    assert stream.sent == [("NEW", "X")]
    assert [(o.key, o.result) for o in stream.reach()] == [("A", "sent"), ("B", "sent")]
    assert results(stream.group("C", "D", "E")) == [
        ("C", "denied", "group_too_large"),
        ("D", "denied", "group_member_denied"),
        ("E", "denied", "group_member_denied"),
    ]
    for key in ("F", "G"):
        stream.initialize(key, quantity="11" if key == "G" else "1")
    denied = stream.emit(SubmitRequested(stream.now, stream.now, ("F", "G")))
    assert results(denied) == [("F", "denied", "group_member_denied"), ("G", "denied", "max_order_quantity")]
    assert stream.context.exposure("BTCUSDT.X").buy_reserved == 3


def test_observe_decides_and_holds_nothing() -> None:
    stream = GatedStream(mode="observe", rate=RATE, max_order_quantity="10")
    assert results(stream.new("A")) == [("A", "would_send", "")]
    held = stream.new("B")
    assert results(held) == [("B", "would_hold", "rate_capacity")]
    assert held[0].until_ns == stream.now + SECOND
    assert results(stream.new("C", quantity="11")) == [("C", "would_deny", "max_order_quantity")]
    assert stream.context.pending_count == 0
    assert stream.decisions[-1].obligation is None
    for key in ("A", "B", "C"):
        stream.submitted(key)
    assert stream.context.exposure("BTCUSDT.X").buy_open == 13


def test_observe_without_a_rate_would_send_at_once() -> None:
    assert results(GatedStream(mode="observe").new("A")) == [("A", "would_send", "")]


def test_R83_what_waits_and_the_deadlines_behind_the_end_are_listed() -> None:
    stream = GatedStream(rate=RATE, timing={"acknowledgement_timeout_ns": 5 * SECOND})
    stream.new("A")
    stream.new("B")
    last = stream.complete()
    assert last is not None
    assert results(last.outcomes) == [("B", "held", "run_ended")]
    assert [(o.reason, o.scope) for o in last.unrealised] == [("rate_window", ""), ("acknowledgement_timeout", "A")]


def test_R69_an_order_that_is_not_acknowledged_stays_and_blocks_its_key() -> None:
    stream = GatedStream(timing={"acknowledgement_timeout_ns": 5 * SECOND})
    stream.new("A")
    stream.submitted("A")
    stream.reach()
    in_flight = stream.context.in_flight("A")
    assert in_flight is not None
    assert in_flight.is_overdue
    assert results(stream.cancel("A"))[-1] == ("A", "held", "in_flight")
    order = stream.context.order("A")
    assert order is not None
    assert order.status == "SUBMITTED"


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ({"emulation_trigger": "BID_ASK"}, "emulated order"),
        ({"exec_algorithm_id": "TWAP"}, "execution algorithm"),
        ({"contingency_type": "OCO"}, "contingent order"),
        ({"quote_quantity": True}, "quantity in quote currency"),
    ],
)
def test_what_the_gate_cannot_hold_is_denied(terms: dict[str, object], what: str) -> None:
    denied = GatedStream().new("A", **terms)
    assert results(denied) == [("A", "denied", "unsupported_under_gate")]
    assert what in denied[0].detail


def test_what_nobody_knows_is_denied() -> None:
    stream = GatedStream()
    assert results(stream.cancel("A")) == [("A", "denied", "unknown_order")]
    assert results(stream.replace("A", "1")) == [("A", "denied", "unknown_order")]
    assert results(stream.emit(SubmitRequested(stream.now, stream.now, ("A",)))) == [("A", "denied", "unknown_order")]
    stream.initialize("A")
    assert results(stream.cancel("A")) == [("A", "denied", "unknown_order")]


def test_R08_R55_R89_replay_gives_the_same_state_and_decisions() -> None:
    stream = GatedStream(rate=(2, SECOND, 2), timing={"acknowledgement_timeout_ns": 5 * SECOND})
    stream.open("A")
    stream.new("B")
    stream.new("C")
    stream.replace("C", "2")
    stream.cancel("A")
    stream.reach()
    state, decisions = INITIAL, []
    for entry in stream.entries:
        state, decision = step_event_entry(state, entry, configuration=stream.configuration)
        decisions += [decision] if decision is not None else []
    assert decisions == stream.decisions
    assert state_digest(state) == state_digest(stream.state)


def test_the_configuration_of_a_gate_is_complete_or_refused() -> None:
    assert gated_configuration().gate is not None


def test_a_merge_that_is_recorded_after_its_order_was_sent_answers_nothing() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    stream.replace("B", "3")
    stream.reach()
    stream.updated("B", "3")
    assert stream.context.in_flight("B") is not None
    assert stream.context.exposure("BTCUSDT.X").buy_reserved == 4


@pytest.mark.parametrize("priority", [["CANCEL", "REPLACE", "NEW"], ["NEW", "REPLACE", "CANCEL"]])
def test_R18_the_order_of_kinds_is_the_configurations(priority: list[str]) -> None:
    document = gate_document(rate=(1, SECOND, 3))
    core = {"closed_orders_kept": 9, "history": {"samples": 0, "every_ns": 1}, "gate": {**document, "kind_priority": priority}}
    stream = GatedStream(CoreConfiguration.from_document({"configuration_version": 2, "core": core}))
    for key in ("A", "B", "C"):
        stream.open(key)
    stream.new("D")
    stream.replace("A", "2")
    stream.cancel("B")
    before = len(stream.sent)
    for _ in range(3):
        stream.reach()
    assert [kind for kind, _ in stream.sent[before:]] == priority


def test_R31_an_intent_is_a_new_a_replace_or_a_cancel_of_a_key() -> None:
    intents = get_args(Intent.__value__)
    assert {kind.__struct_config__.tag for kind in intents} == set(get_args(Kind)) == {"NEW", "REPLACE", "CANCEL"}
    assert all(kind.__struct_fields__[0] == "key" for kind in intents)


def test_R32_a_command_waits_flies_and_ends_once() -> None:
    stream = GatedStream(rate=RATE, max_order_quantity="5")
    stream.new("A")
    stream.new("B")
    assert stream.context.pending("B") is not None
    stream.new("C", quantity="6")
    stream.new("D")
    stream.cancel("D")
    stream.reach()
    assert stream.context.pending("B") is None
    assert stream.context.in_flight("B") is not None
    stream.submitted("B")
    stream.accepted("B")
    assert stream.context.in_flight("B") is None
    stream.filled("B")
    order = stream.context.order("B")
    assert order is not None
    assert order.status == "FILLED"
    ends = ("denied", "superseded", "annihilated", "invalid", "sent")
    ended = [(o.key, o.kind, o.result) for d in stream.decisions for o in d.outcomes if o.result in ends]
    assert ended == [
        ("A", "NEW", "sent"),
        ("C", "NEW", "denied"),
        ("D", "NEW", "annihilated"),
        ("D", "CANCEL", "annihilated"),
        ("B", "NEW", "sent"),
    ]


def test_R36_a_later_command_does_not_alter_what_was_sent() -> None:
    stream = GatedStream()
    sent = stream.new("A", quantity="2")[-1]
    stream.replace("A", "9")
    stream.replace("A", "3")
    assert (sent.quantity, stream.sent) == (Decimal(2), [("NEW", "A")])
    stream.submitted("A")
    order = stream.context.order("A")
    assert order is not None
    assert order.quantity == 2
    assert [(o.kind, o.quantity) for o in stream.accepted("A")] == [("REPLACE", Decimal(3))]


def test_R24_resuming_from_a_checkpoint_forgets_the_same_recent_orders() -> None:
    stream = GatedStream(duplicate_window_ns=10)
    for key, price in (("A", "100"), ("B", "99"), ("C", "98")):
        stream.new(key, price=price)
        stream.now += 4
    resumed = decode_state(encode_state(stream.state))
    stream.now += 3
    before = len(stream.entries)
    stream.new("D", price="97")
    for entry in stream.entries[before:]:
        resumed = step_event_entry(resumed, entry, configuration=stream.configuration).state
    assert state_digest(resumed) == state_digest(stream.state)
    assert len(resumed.control.safeguards.recent_orders) == 2


def test_R56_a_queue_that_cannot_be_processed_sends_nothing_and_keeps_what_waits() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    due = stream.decisions[-1].obligation
    assert due is not None
    queue = stream.state.execution.queue
    torn = replace(queue, lanes=((), (), ((0, "nothing waits here"), *queue.lanes[2])))
    stream.state = replace(stream.state, execution=replace(stream.state.execution, queue=torn))
    assert results(stream.reach()) == [("", "held", "queue_failure")]
    assert stream.context.pending("B") is not None
    assert stream.decisions[-1].obligation == due


def test_a_cancel_that_never_left_after_its_order_had_ended_changes_nothing() -> None:
    stream = GatedStream()
    stream.open("A")
    stream.canceled("A")
    before = stream.state.execution
    stream.emit(DispatchFailed(stream.now, stream.now, "A", "CANCEL", "too late"))
    assert stream.state.execution == before


def test_past_prices_are_kept_at_least_so_far_apart_and_no_more_than_so_many() -> None:
    core = {"closed_orders_kept": 9, "history": {"samples": 2, "every_ns": 10}, "gate": gate_document()}
    stream = GatedStream(CoreConfiguration.from_document({"configuration_version": 2, "core": core}))
    start = stream.now
    stream.emit(MarketObserved(stream.now, stream.now, INSTRUMENT))
    assert stream.context.history(INSTRUMENT) == ()
    for after, bid in ((0, "9"), (9, "10"), (10, "11"), (20, "12")):
        stream.now = start + after
        stream.market(bid, "13")
    assert stream.context.history(INSTRUMENT) == ((start + 10, Decimal(12)), (start + 20, Decimal("12.5")))
    assert stream.context.reference_price(INSTRUMENT) == Decimal("12.5")


def test_R42_R43_what_waits_under_reduce_is_judged_by_the_position_as_it_is_then() -> None:
    stream = GatedStream(rate=RATE)
    stream.hold("BUY", "10")
    stream.now += 2 * SECOND
    stream.open("A", "SELL", "1")
    held = stream.new("B", "SELL", "9")
    assert held[-1].result == "held"
    stream.replace("A", "10")
    stream.reach()
    stream.updated("A", "10")
    stream.filled("A", "10")
    assert stream.context.exposure(INSTRUMENT).position == 0
    assert ("B", "invalid", "kill_switch") in results(stream.kill("reduce"))
    assert ("NEW", "B") not in stream.sent


def test_R43_what_still_reduces_goes_on_under_reduce() -> None:
    stream = GatedStream(rate=RATE)
    stream.hold("SELL", "10")
    stream.now += 2 * SECOND
    stream.open("A", "BUY", "2")
    stream.new("B", "BUY", "5")
    stream.new("C", "BUY", "4")
    stream.new("D", "SELL", "1")
    stream.cancel("A")
    assert results(stream.kill("reduce")) == [("C", "invalid", "kill_switch"), ("D", "invalid", "kill_switch")]
    assert [key for _, key in (stream.reach() and stream.sent)[-1:]] == ["A"]


def test_R43_a_group_of_which_one_may_not_go_ends_whole() -> None:
    stream = GatedStream(rate=(1, SECOND, 2))
    stream.hold("BUY", "3")
    stream.new("X", "SELL", "1")
    for key, side in (("F", "SELL"), ("G", "BUY")):
        stream.initialize(key, side)
    stream.emit(SubmitRequested(stream.now, stream.now, ("F", "G")))
    assert [key for key, result, _ in results(stream.kill("reduce")) if result == "invalid"] == ["F", "G"]


def test_R41_R46_an_update_that_the_venue_made_by_itself_answers_no_change_of_ours() -> None:
    stream = GatedStream(max_position="20")
    stream.open("A", quantity="10")
    stream.replace("A", "20")
    stream.updated("A", "10", "99")
    assert stream.context.in_flight("A") is not None
    assert results(stream.new("B", quantity="10")) == [("B", "denied", "max_position")]
    stream.updated("A", "20", "99")
    assert stream.context.in_flight("A") is None
    assert stream.context.exposure(INSTRUMENT).buy_open == 20


def test_R78_a_feed_that_is_looked_at_again_without_news_is_not_stale_a_second_time() -> None:
    stream = GatedStream(timing={"stale_feed_ns": SECOND})
    stream.market()
    stream.new("A")
    seen_ns = stream.now
    stream.reach()
    stream.emit(MarketObserved(stream.now, seen_ns, INSTRUMENT, Decimal(99)))
    stream.new("B")
    assert stream.decisions[-1].obligation is None


def test_R76_what_takes_the_place_of_what_waited_waits_for_the_deadline_too() -> None:
    stream = GatedStream(rate=RATE)
    stream.open("A")
    stream.replace("A", "2")
    stream.now += 5 * SECOND
    assert [result for _, result, _ in results(stream.cancel("A"))] == ["allowed", "superseded", "held"]
    assert results(stream.reach()) == [("A", "sent", "")]


def test_R49_a_key_that_is_named_twice_in_one_cancel_is_cancelled_once() -> None:
    stream = GatedStream(rate=RATE)
    stream.new("A")
    stream.new("B")
    assert [result for _, result, _ in results(stream.cancel("B", "B"))] == ["allowed", "annihilated", "annihilated"]
    assert stream.context.pending_count == 0


def test_R52_a_change_below_what_was_filled_meanwhile_is_not_sent() -> None:
    stream = GatedStream()
    stream.open("A", quantity="10")
    stream.replace("A", price="101")
    stream.replace("A", "5")
    assert results(stream.filled("A", "7")) == [("A", "invalid", "invalid_terms")]
    assert stream.sent == [("NEW", "A"), ("REPLACE", "A")]


def test_R42_a_snapshot_never_releases_the_kill_switch() -> None:
    stream = GatedStream()
    stream.kill("halt")
    stream.emit(SnapshotTaken(stream.now, stream.now, "venue", "none"))
    assert stream.context.kill_switch == "halt"
    stream.emit(SnapshotTaken(stream.now, stream.now, "venue", "halt_all"))
    assert stream.context.kill_switch == "halt_all"


def test_observe_counts_what_it_let_pass_as_the_gate_would() -> None:
    stream = GatedStream(mode="observe", max_position="2", rate=(1, SECOND, 2))
    assert [o.result for o in stream.group("A", "B", "C")] == ["would_deny"] * 3
    assert results(stream.new("D")) == [("D", "would_send", "")]
    grouped = stream.group("E", "F")
    assert [(o.key, o.result, o.reason) for o in grouped] == [
        ("E", "would_deny", "group_member_denied"),
        ("F", "would_deny", "max_position"),
    ]
    stream.submitted("D")
    stream.accepted("D")
    stream.replace("D", "2")
    assert results(stream.new("G")) == [("G", "would_deny", "max_position")]
    stream.cancel("D")
    stream.canceled("D")
    held = stream.group("H", "I")
    assert [(o.result, o.until_ns) for o in held] == [("would_hold", stream.now + 3 * SECOND)] * 2
    assert stream.context.exposure(INSTRUMENT).buy_reserved == 2


def test_a_run_that_goes_on_has_its_heartbeat_from_then() -> None:
    stream = GatedStream(timing={"heartbeat_ns": SECOND})
    stream.now += 5 * SECOND
    stream.emit(RunResumed(stream.now, 2, "it had crashed"))
    stream.new("A")
    obligation = stream.decisions[-1].obligation
    assert obligation is not None
    assert (obligation.reason, obligation.deadline_ns) == ("heartbeat", stream.now + SECOND)


@pytest.mark.parametrize("segment", [-1, 0, 1])
def test_a_run_goes_on_as_its_second_part_or_a_later_one(segment: int) -> None:
    stream = GatedStream()
    with pytest.raises(InvariantViolation, match=f"as its part {segment}, which is none behind another"):
        stream.emit(RunResumed(stream.now, segment, "it had crashed"))


def test_the_latest_observation_of_a_market_is_read_as_it_was_observed() -> None:
    stream = GatedStream()
    assert stream.context.reference("another instrument") is None
    stream.market("98", "102")
    seen = stream.context.reference(INSTRUMENT)
    assert seen is not None
    assert (seen.bid, seen.ask, seen.seen_ns) == (98, 102, stream.now)
