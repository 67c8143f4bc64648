"""Rules R72 to R75 and R77 to R80, as far as they are pure: what State implies by when, and what realising it marks."""

from decimal import Decimal
from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gated import INSTRUMENT, SECOND, START_NS, GatedStream, gated_configuration, results
from tc.core import INITIAL, CoreConfiguration, State, state_digest
from tc.core.control import next_obligation, obligations, observed, realised, started
from tc.core.decision import Obligation
from tc.core.events import ControlReason, ControlTimeReached, KillMode
from tc.core.state.model import ClockMarks, Reference

EVERYTHING = dict.fromkeys(("acknowledgement_timeout_ns", "stale_feed_ns", "heartbeat_ns", "kill_switch_review_ns"), 10 * SECOND)
DUE_NS = START_NS + 10 * SECOND


def all_due() -> tuple[State, CoreConfiguration]:
    """Return a State that implies a deadline of every reason, all at one stamp."""
    stream = GatedStream(rate=(1, 10 * SECOND, 1), timing=EVERYTHING)
    stream.market()
    stream.new("B")
    stream.new("A")
    stream.kill("reduce")
    state = stream.state
    queue = replace(state.execution.queue, rate_deadline_ns=DUE_NS, watch=((DUE_NS, "A"), (DUE_NS, "B")))
    return replace(state, execution=replace(state.execution, queue=queue)), stream.configuration


def seen(seen_ns: int) -> Reference:
    """Return an observation of that stamp."""
    return Reference(None, None, None, None, Decimal(1), None, seen_ns, is_degraded=False)


def test_R72_obligations_are_a_function_of_state_and_configuration_and_change_neither() -> None:
    state, configuration = all_due()
    before = state_digest(state)
    assert obligations(state, configuration) == obligations(state, configuration)
    assert state_digest(state) == before


def test_R73_the_deadline_on_a_decision_is_structured() -> None:
    stream = GatedStream(rate=(1, SECOND, 1))
    stream.new("A")
    stream.new("B")
    assert stream.decisions[-1].obligation == Obligation(START_NS + SECOND, "rate_window", "")


def test_R74_equal_deadlines_are_realised_in_the_fixed_order_of_their_reasons_and_then_of_what_they_are_about() -> None:
    state, configuration = all_due()
    assert [(each.reason, each.scope) for each in obligations(state, configuration)] == [
        ("acknowledgement_timeout", "A"),
        ("acknowledgement_timeout", "B"),
        ("stale_feed", INSTRUMENT),
        ("rate_window", ""),
        ("kill_switch_review", ""),
        ("heartbeat", ""),
    ]
    assert list(dict.fromkeys(each.reason for each in obligations(state, configuration))) == list(get_args(ControlReason))


@given(st.data())
def test_R74_the_next_obligation_is_the_first_of_all(data: st.DataObject) -> None:
    stamps = st.integers(1, 6).map(lambda number: START_NS + number)
    state, configuration = all_due()
    watch = tuple(sorted((data.draw(stamps), key) for key in data.draw(st.sets(st.sampled_from("abc")))))
    queue = replace(state.execution.queue, rate_deadline_ns=data.draw(st.just(0) | stamps), watch=watch)
    names = data.draw(st.sets(st.sampled_from("xyz")))
    references = {name: seen(data.draw(stamps)) for name in sorted(names)}
    clock = ClockMarks(data.draw(stamps), data.draw(stamps), tuple(sorted(data.draw(st.sets(st.sampled_from("xy"))))), 0)
    state = replace(
        state,
        market=replace(state.market, references=references),
        execution=replace(state.execution, queue=queue),
        control=replace(state.control, clock=clock),
    )
    everything = obligations(state, configuration)
    assert next_obligation(state, configuration) == everything[0]
    assert [each.deadline_ns for each in everything] == sorted(each.deadline_ns for each in everything)


def test_R74_the_order_in_which_references_came_is_irrelevant() -> None:
    state, configuration = all_due()
    answers = set()
    for order in permutations("xyz"):
        market = replace(state.market, references={name: seen(START_NS) for name in order})
        quiet = replace(state.execution, queue=INITIAL.execution.queue)
        answers.add(next_obligation(replace(state, market=market, execution=quiet), configuration))
    assert answers == {Obligation(DUE_NS, "stale_feed", "x")}


def test_R75_the_event_that_realises_a_deadline_carries_it_and_why() -> None:
    stream = GatedStream(rate=(1, SECOND, 1))
    stream.new("A")
    stream.new("B")
    assert results(stream.reach()) == [("B", "sent", "")]
    event = stream.entries[-1].event
    assert event == ControlTimeReached(START_NS + SECOND, START_NS + SECOND, "rate_window", "")
    assert stream.state.control.clock.realised == 1


def test_R78_a_feed_is_found_stale_once_until_it_is_seen_again() -> None:
    stream = GatedStream(timing={"stale_feed_ns": SECOND})
    stream.market()
    first = next_obligation(stream.state, stream.configuration)
    assert first == Obligation(START_NS + SECOND, "stale_feed", INSTRUMENT)
    stream.now = first.deadline_ns + 1
    stream.emit(ControlTimeReached(stream.now, first.deadline_ns, first.reason, first.scope))
    assert stream.state.control.clock.stale == (INSTRUMENT,)
    assert next_obligation(stream.state, stream.configuration) is None
    stream.market()
    assert not stream.state.control.clock.stale
    assert next_obligation(stream.state, stream.configuration) == Obligation(stream.now + SECOND, "stale_feed", INSTRUMENT)


def test_R78_an_overdue_acknowledgement_is_realised_once_and_the_command_stays_in_flight() -> None:
    stream = GatedStream(timing={"acknowledgement_timeout_ns": SECOND})
    stream.new("A")
    stream.reach()
    flying = stream.context.in_flight("A")
    assert flying is not None
    assert flying.is_overdue
    assert next_obligation(stream.state, stream.configuration) is None


@pytest.mark.parametrize("late_ns", [0, 1, 25 * SECOND])
def test_R78_a_heartbeat_that_is_late_is_not_made_up_for(late_ns: int) -> None:
    stream = GatedStream(timing={"heartbeat_ns": 10 * SECOND})
    stream.now = DUE_NS + late_ns
    stream.emit(ControlTimeReached(stream.now, DUE_NS, "heartbeat"))
    assert next_obligation(stream.state, stream.configuration) == Obligation(stream.now + 10 * SECOND, "heartbeat", "")


@pytest.mark.parametrize("mode", ["reduce", "halt", "halt_all", "flatten"])
def test_R42_R80_a_kill_switch_is_reviewed_again_and_again_and_never_expires(mode: KillMode) -> None:
    stream = GatedStream(timing={"kill_switch_review_ns": 10 * SECOND})
    assert next_obligation(stream.state, stream.configuration) is None
    stream.kill(mode)
    for number in (1, 2, 3):
        due = next_obligation(stream.state, stream.configuration)
        assert due == Obligation(START_NS + number * 10 * SECOND, "kill_switch_review", "")
        stream.now = due.deadline_ns
        stream.emit(ControlTimeReached(stream.now, due.deadline_ns, due.reason, due.scope))
        assert stream.context.kill_switch == mode
    stream.kill("none")
    assert next_obligation(stream.state, stream.configuration) is None


def test_R79_what_a_step_implies_replaces_what_was_implied_before() -> None:
    stream = GatedStream(rate=(1, SECOND, 1))
    stream.new("A")
    stream.new("B")
    assert next_obligation(stream.state, stream.configuration) is not None
    stream.cancel("B")
    assert next_obligation(stream.state, stream.configuration) is None


def test_R80_without_deadlines_nothing_is_ever_due() -> None:
    stream = GatedStream()
    stream.market()
    stream.new("A")
    stream.kill("halt")
    assert obligations(stream.state, stream.configuration) == ()


def test_R80_without_a_gate_or_before_the_run_or_after_it_nothing_is_due() -> None:
    state, configuration = all_due()
    ungated = replace(configuration, gate=None)
    assert obligations(state, ungated) == ()
    assert next_obligation(state, ungated) is None
    assert obligations(INITIAL, configuration) == ()
    assert next_obligation(INITIAL, configuration) is None
    ended = replace(state, control=replace(state.control, run="completed"))
    assert next_obligation(ended, configuration) is None


def test_R83_the_deadlines_behind_the_runs_end_can_be_listed() -> None:
    state, configuration = all_due()
    ended = replace(state, control=replace(state.control, run="completed"))
    assert obligations(ended, configuration) == obligations(state, configuration)


def test_R77_marks_move_only_by_what_was_realised() -> None:
    clock = ClockMarks(1, 2, ("b",), 3)
    configuration = gated_configuration()
    assert configuration.gate is not None
    assert realised(clock, ControlTimeReached(9, 8, "rate_window")) == ClockMarks(1, 2, ("b",), 4)
    assert realised(clock, ControlTimeReached(9, 8, "acknowledgement_timeout", "k")) == ClockMarks(1, 2, ("b",), 4)
    assert realised(clock, ControlTimeReached(9, 8, "heartbeat")) == ClockMarks(9, 2, ("b",), 4)
    assert realised(clock, ControlTimeReached(9, 8, "kill_switch_review")) == ClockMarks(1, 9, ("b",), 4)
    assert realised(clock, ControlTimeReached(9, 8, "stale_feed", "a")) == ClockMarks(1, 2, ("a", "b"), 4)
    assert started(clock, 7) == ClockMarks(7, 2, ("b",), 3)
    assert observed(clock, "b") == ClockMarks(1, 2, (), 3)
    assert observed(clock, "a") is clock
