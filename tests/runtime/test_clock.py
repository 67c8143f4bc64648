"""The control clock: one deadline or none, realised once, by the Runtime alone, and before any send that it allows."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from adapters import Gated
from gated import INSTRUMENT, SECOND, START_NS
from streams import configuration
from tc.core import EventStreamEntry, ProcessingPosition, state_digest, step_event_entry
from tc.core.control import next_obligation, obligations
from tc.core.decision import Obligation, outcome
from tc.core.events import (
    ControlTimeReached,
    KillSwitchChanged,
    MarketDataRows,
    MarketObserved,
    OrderAccepted,
    OrderSubmitted,
    RunCompleted,
    StrategyFailed,
    TradingStateChanged,
)
from tc.errors import ArtifactError, EngineError, InvariantViolation
from tc.runtime.feedback import take_in

ONE_A_SECOND = (1, SECOND, 1)


def timed(**timing: int) -> Gated:
    return Gated(timing={f"{name}_ns": value for name, value in timing.items()})


def held(**gate: object) -> Gated:
    """Return a stream in which one command was sent and one waits for the rate."""
    gated = Gated(rate=ONE_A_SECOND, **gate)
    gated.ask("first")
    gated.ask("waits")
    return gated


def test_R72_an_obligation_changes_nothing_and_is_the_same_however_often_it_is_asked_for() -> None:
    gated = held()
    before = state_digest(gated.stream.state)
    asked = [next_obligation(gated.stream.state, gated.configuration) for _ in range(3)]
    assert asked == [Obligation(START_NS + SECOND, "rate_window")] * 3
    assert state_digest(gated.stream.state) == before
    assert "ControlTimeReached" not in gated.names()


def test_R73_the_obligation_stands_structured_on_the_steps_decision_and_is_what_the_timer_is_set_to() -> None:
    gated = held()
    assert gated.decisions[-1].obligation == Obligation(START_NS + SECOND, "rate_window", "")
    assert gated.adapter.timers == [START_NS + SECOND]


def test_R74_one_timer_stands_for_all_deadlines_and_it_is_the_earliest() -> None:
    gated = Gated(
        rate=ONE_A_SECOND,
        timing={"heartbeat_ns": 7 * SECOND, "acknowledgement_timeout_ns": SECOND // 2, "stale_feed_ns": 5 * SECOND},
    )
    gated.adapter.answers = {"first": lambda: ()}
    gated.observe()
    gated.ask("first")
    gated.ask("waits")
    assert gated.stream._clock.armed_ns == gated.adapter.timer == START_NS + SECOND // 2
    assert [each.reason for each in obligations(gated.stream.state, gated.configuration)] == [
        "acknowledgement_timeout",
        "rate_window",
        "stale_feed",
        "heartbeat",
    ]


@pytest.mark.parametrize(
    ("actions", "reasons"),
    [
        (("market", "kill"), ["acknowledgement_timeout", "stale_feed", "kill_switch_review", "heartbeat"]),
        (("market", "ask"), ["acknowledgement_timeout", "stale_feed", "rate_window", "heartbeat"]),
    ],
)
def test_R74_equal_deadlines_are_realised_in_the_fixed_order_of_reasons_whatever_came_first(
    actions: tuple[str, ...], reasons: list[str]
) -> None:
    every = ("acknowledgement_timeout_ns", "stale_feed_ns", "heartbeat_ns", "kill_switch_review_ns")
    for order in permutations((*actions, "first")):
        gated = Gated(rate=ONE_A_SECOND, timing=dict.fromkeys(every, SECOND))
        gated.adapter.answers = {"first": lambda: (), "waits": lambda: ()}
        act = {
            "first": lambda gated=gated: gated.ask("first"),
            "market": gated.observe,
            "ask": lambda gated=gated: gated.ask("waits"),
            "kill": lambda gated=gated: gated.stream.emit(KillSwitchChanged(START_NS, "halt_all", "operator", "a test")),
        }
        if "kill" in order and order.index("kill") < order.index("first"):
            continue  # Nothing would be sent.
        for action in order:
            act[action]()
        gated.adapter.at(START_NS + SECOND)
        assert [each.reason for each in gated.events(ControlTimeReached)] == reasons


def test_R75_realising_is_exactly_one_event_that_carries_its_own_deadline_reason_and_scope() -> None:
    gated = timed(stale_feed=SECOND)
    gated.observe()
    gated.adapter.at(START_NS + 5 * SECOND)
    assert gated.events(ControlTimeReached) == [
        ControlTimeReached(START_NS + SECOND, START_NS + SECOND, "stale_feed", INSTRUMENT)
    ]


def test_R76_the_event_is_processed_before_the_send_that_its_deadline_allows() -> None:
    gated = held()
    seen: list[str] = []
    gated.adapter.answers["waits"] = lambda: seen.append(gated.names()[-1]) or ()
    gated.adapter.at(START_NS + SECOND)
    assert seen == ["ControlTimeReached"]


def test_R76_an_input_behind_the_deadline_sends_nothing_before_the_deadline_is_realised() -> None:
    gated = held()
    gated.adapter.now = START_NS + 3 * SECOND
    gated.observe()
    gated.stream.emit(TradingStateChanged(gated.now, gated.now, "ACTIVE"))
    gated.ask("third")
    assert gated.adapter.sent == [("NEW", "first")]
    gated.adapter.at(gated.now)
    assert gated.adapter.sent == [("NEW", "first"), ("NEW", "waits")]
    assert gated.events(ControlTimeReached)[0].deadline_ns == START_NS + SECOND


def test_R77_a_failed_append_keeps_the_deadline_sends_nothing_and_moves_no_marker() -> None:
    def append(entry: EventStreamEntry) -> None:
        if type(entry.event) is ControlTimeReached:
            raise ArtifactError("disk full")

    gated = held(append=append)
    before = gated.stream.state
    with pytest.raises(ArtifactError, match="disk full"):
        gated.adapter.at(START_NS + SECOND)
    assert gated.stream.state is before
    assert gated.adapter.sent == [("NEW", "first")]
    assert next_obligation(gated.stream.state, gated.configuration) == Obligation(START_NS + SECOND, "rate_window")


def test_R77_a_control_time_event_that_breaks_a_rule_leaves_State_as_it_was() -> None:
    gated = held()
    state = gated.stream.state
    wrong = ControlTimeReached(START_NS + SECOND, START_NS + SECOND - 1, "rate_window")
    with pytest.raises(InvariantViolation):
        step_event_entry(
            state, EventStreamEntry(ProcessingPosition(state.position + 1), wrong), configuration=gated.configuration
        )
    assert gated.stream.state is state
    assert gated.adapter.sent == [("NEW", "first")]


def test_R77_success_consumes_the_deadline_before_the_send() -> None:
    gated = held()
    left: list[object] = []
    gated.adapter.answers["waits"] = lambda: (
        left.append(next_obligation(gated.stream.state, gated.configuration))
        or gated.adapter.answer(outcome("waits", "NEW", "sent"))
    )
    gated.adapter.at(START_NS + SECOND)
    assert left == [None]


def test_R78_a_deadline_is_realised_once_however_often_the_timer_rings() -> None:
    gated = held()
    gated.adapter.at(START_NS + SECOND)
    for late in range(3):
        gated.stream.reach(START_NS + SECOND + late)
    assert len(gated.events(ControlTimeReached)) == 1
    assert gated.adapter.sent == [("NEW", "first"), ("NEW", "waits")]


def test_R79_what_vanishes_clears_the_timer_and_what_stays_replaces_it() -> None:
    gated = held()
    assert gated.adapter.timer == START_NS + SECOND
    gated.cancel("waits")
    assert gated.adapter.timer is None
    assert gated.stream._clock.armed_ns is None
    gated.adapter.at(START_NS + 2 * SECOND)
    assert gated.events(ControlTimeReached) == []


def test_R79_a_timer_that_rings_early_realises_nothing_and_is_set_anew() -> None:
    gated = timed(stale_feed=SECOND)
    gated.observe()
    gated.adapter.now += SECOND // 2
    gated.observe()
    assert gated.adapter.timers == [START_NS + SECOND]
    gated.adapter.at(START_NS + SECOND)
    assert gated.events(ControlTimeReached) == []
    assert gated.adapter.timer == START_NS + SECOND + SECOND // 2
    gated.adapter.at(START_NS + 2 * SECOND)
    assert [each.deadline_ns for each in gated.events(ControlTimeReached)] == [START_NS + SECOND + SECOND // 2]


def test_R80_without_an_obligation_no_timer_is_ever_set_and_idle_is_silent() -> None:
    gated = Gated(rate=(100, SECOND, 100))
    gated.observe()
    gated.ask("A")
    gated.stream.emit(gated.adapter.filled("A"))
    gated.stream.reach(START_NS + 10**12)
    assert gated.adapter.timers == []
    assert gated.events(ControlTimeReached) == []


def test_R80_a_stale_deadline_is_answered_by_what_was_seen_since() -> None:
    gated = timed(stale_feed=SECOND)
    gated.observe()
    fresh = MarketObserved(START_NS + SECOND, START_NS + SECOND // 2, INSTRUMENT, last=Decimal(100))
    gated.adapter.market = fresh
    gated.adapter.at(START_NS + SECOND)
    assert gated.names() == ["RunStarted", "MarketObserved", "MarketObserved"]
    assert gated.entries[-1].event == fresh
    assert gated.adapter.timer == START_NS + SECOND + SECOND // 2
    gated.adapter.at(START_NS + 3 * SECOND)
    (alarm,) = gated.events(ControlTimeReached)
    assert (alarm.at_ns, alarm.reason) == (START_NS + SECOND + SECOND // 2, "stale_feed")


def test_R80_an_answer_that_is_still_too_old_is_recorded_and_the_alarm_is_raised_all_the_same() -> None:
    gated = timed(stale_feed=SECOND)
    gated.observe()
    gated.adapter.market = MarketObserved(START_NS + 9 * SECOND, START_NS + 1, INSTRUMENT, last=Decimal(100))
    gated.adapter.timers.clear()
    gated.stream.reach(START_NS + 9 * SECOND)
    assert gated.names()[2:] == ["MarketObserved", "ControlTimeReached"]
    assert gated.events(ControlTimeReached)[0].deadline_ns == START_NS + 1 + SECOND


def test_R81_no_feedback_source_may_give_what_is_the_Runtimes_own() -> None:
    class Source:
        def __init__(self, *records: object) -> None:
            self.waiting = list(records)

        def records(self) -> Iterator[Any]:
            while self.waiting:
                yield self.waiting.pop(0)

        def events(self, record: Any) -> Any:
            return record

    gated = Gated()
    gated.adapter.answers["A"] = lambda: ()
    gated.ask("A")
    submitted = OrderSubmitted(START_NS, START_NS, "A", "A-1")
    accepted = OrderAccepted(START_NS, START_NS, "A", "V", "A-1")
    assert take_in(Source((submitted, accepted), ()), gated.stream.emit) == 2
    assert gated.names()[-2:] == ["OrderSubmitted", "OrderAccepted"]
    for wrong in (ControlTimeReached(1, 1, "heartbeat"), StrategyFailed(1, "E"), RunCompleted(1)):
        source = Source((wrong,), "next")
        with pytest.raises(EngineError, match=type(wrong).__name__):
            take_in(source, gated.stream.emit)
        assert source.waiting == ["next"]


def test_R82_feedback_and_data_that_wait_at_the_stamp_of_a_deadline_come_before_it() -> None:
    gated = held()
    due = START_NS + SECOND

    def reaction() -> tuple[object, ...]:
        gated.stream.reach(due)  # The engine's timer rings while the step goes on.
        return OrderSubmitted(due, due, "third", "A-1"), OrderAccepted(due, due, "third", "V", "A-1")

    gated.stream.emit(MarketDataRows(due, "d" * 64, 0, 0))
    gated.adapter.now = due
    gated.adapter.at(due)
    names = gated.names()
    assert names.index("MarketDataRows") < names.index("ControlTimeReached")
    gated.adapter.answers["third"] = reaction
    gated.ask("third")
    gated.adapter.at(due + SECOND)
    assert gated.names()[-3:] == ["ControlTimeReached", "OrderSubmitted", "OrderAccepted"]


def test_R82_a_timer_that_rings_inside_a_step_realises_nothing_there_and_is_set_again_behind_it() -> None:
    gated = held()
    due = START_NS + SECOND
    gated.adapter.answers["waits"] = lambda: (
        gated.stream.reach(due + SECOND) or gated.adapter.answer(outcome("waits", "NEW", "sent"))
    )
    gated.ask("third")
    gated.adapter.at(due)
    assert gated.names()[-3:] == ["ControlTimeReached", "OrderSubmitted", "OrderAccepted"]
    assert gated.adapter.timer == due + SECOND
    gated.adapter.at(due + SECOND)
    assert gated.adapter.sent[-1] == ("NEW", "third")


def test_R83_the_runs_end_lists_what_lies_behind_it_and_carries_nothing_out() -> None:
    gated = held(timing={"acknowledgement_timeout_ns": None, "heartbeat_ns": 30 * SECOND})
    carried = len(gated.adapter.carried)
    gated.stream.emit(RunCompleted(START_NS))
    last = gated.decisions[-1]
    assert last.position == gated.entries[-1].position
    assert [(each.key, each.result, each.reason) for each in last.outcomes] == [("waits", "held", "run_ended")]
    assert last.unrealised == (
        Obligation(START_NS + SECOND, "rate_window"),
        Obligation(START_NS + 30 * SECOND, "heartbeat"),
    )
    assert len(gated.adapter.carried) == carried
    assert gated.adapter.timer is None
    gated.stream.reach(START_NS + 60 * SECOND)
    assert gated.names()[-1] == "RunCompleted"


def test_a_heartbeat_beats_in_silence_and_counts_from_when_it_was_realised() -> None:
    gated = timed(heartbeat=10 * SECOND)
    gated.adapter.at(START_NS + 25 * SECOND)
    assert [each.deadline_ns for each in gated.events(ControlTimeReached)] == [START_NS + 10 * SECOND, START_NS + 20 * SECOND]


def test_market_events_of_known_instruments_do_not_touch_the_timer() -> None:
    gated = timed(stale_feed=SECOND)
    for _ in range(100):
        gated.adapter.now += 1000
        gated.observe()
    assert len(gated.adapter.timers) == 1


def test_without_a_gate_the_clock_is_not_there() -> None:
    gated = Gated(configuration())
    gated.stream.reach(START_NS + SECOND)
    gated.stream.emit(MarketDataRows(START_NS, "d" * 64, 0, 0))
    assert not gated.stream.is_waiting
    assert gated.adapter.timers == []
