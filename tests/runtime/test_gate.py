"""What a gated stream lets out, when, and in which order: append, step, decision, own records, send, and the strategy last."""

import pytest

from adapters import Adapter, Gated
from gated import INSTRUMENT, SECOND, START_NS, gated_configuration, results
from tc.core import INITIAL, EventStreamEntry, fold_event_stream_entries, state_digest, step_event_entry
from tc.core.events import (
    ControlTimeReached,
    DispatchFailed,
    Event,
    KillSwitchChanged,
    MarketObserved,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderSubmitted,
    RunCompleted,
    SubmitRequested,
)
from tc.errors import ArtifactError, EngineError, InvariantViolation
from tc.ports import DispatchError
from tc.runtime.clock import ControlClock
from tc.runtime.native import AGAIN_AFTER_NS
from tc.runtime.stream import EventStream

ONE_A_SECOND = (1, SECOND, 1)


def test_R05_positions_come_from_the_cursor_alone_whoever_emits() -> None:
    gated = Gated()
    gated.ask("O-1")
    gated.cancel("O-1")
    assert [entry.position for entry in gated.entries] == list(range(1, len(gated.entries) + 1))
    assert len({id(entry) for entry in gated.entries}) == len(gated.entries)


def test_R07_nothing_is_sent_before_its_entry_is_appended() -> None:
    appended: list[EventStreamEntry] = []
    before: list[int] = []
    gated = Gated(append=appended.append)
    stream = gated.stream
    gated.adapter.answers["O-1"] = lambda: before.append(len(appended)) or ()
    gated.ask("O-1")
    assert before == [stream.state.position] == [3]
    assert type(appended[2].event) is SubmitRequested


def test_R07_an_entry_that_cannot_be_appended_sends_nothing() -> None:
    def append(entry: EventStreamEntry) -> None:
        if type(entry.event) is SubmitRequested:
            raise ArtifactError("disk full")

    gated = Gated(append=append)
    with pytest.raises(ArtifactError, match="disk full"):
        gated.ask("O-1")
    assert gated.adapter.carried == []
    assert not gated.stream.is_whole


def test_R07_the_journal_is_put_on_disk_before_effects_leave() -> None:
    order: list[str] = []
    configuration = gated_configuration()
    gated = Gated(configuration)
    stream = EventStream(
        configuration,
        append=lambda entry: order.append(type(entry.event).__name__),
        checkpoint=lambda position, digest: None,
        checkpoint_every=9,
        decided=lambda decision: order.append("decided"),
        before_effects=lambda: order.append("on disk"),
    )

    class Last:
        def carry_out(self, decision: object) -> None:
            order.append("carried out")

        def clear_timer(self) -> None: ...

    for entry in gated.entries:
        stream.emit(entry.event)
    stream.attach(Last())
    gated.ask("O-1")
    order.clear()
    for entry in gated.entries[1:3]:
        stream.emit(entry.event)
    assert order == ["OrderInitialized", "SubmitRequested", "decided", "on disk", "carried out"]


def test_R07_nothing_waits_for_the_disk_where_nothing_leaves() -> None:
    synced: list[int] = []
    gated = Gated(before_effects=lambda: synced.append(1))
    gated.stream.emit(KillSwitchChanged(START_NS, "halt", "a test", "denies"))
    gated.ask("O-1")
    assert [each.result for decision in gated.decisions for each in decision.outcomes] == ["denied"]
    assert synced == []


def test_R26_feedback_that_nests_inside_the_send_waits_its_turn_in_order() -> None:
    gated = Gated()
    states = []
    gated.adapter.answers["O-1"] = lambda: [
        *(states.append(gated.stream.state.position) or ()),
        OrderSubmitted(START_NS, START_NS, "O-1", "A-1"),
        OrderAccepted(START_NS, START_NS, "O-1", "V-1", "A-1"),
    ]
    gated.ask("O-1")
    assert states == [3]
    assert gated.names() == ["RunStarted", "OrderInitialized", "SubmitRequested", "OrderSubmitted", "OrderAccepted"]
    assert gated.stream.state == fold_event_stream_entries(gated.entries, configuration=gated.configuration)


def test_R30_every_entry_is_processed_whether_a_strategy_looks_or_not() -> None:
    gated = Gated(rate=ONE_A_SECOND)
    gated.observe()
    for number in range(3):
        gated.ask(f"O-{number}")
    gated.adapter.at(START_NS + 5 * SECOND)
    gated.stream.emit(RunCompleted(gated.now))
    assert state_digest(gated.stream.state) == state_digest(
        fold_event_stream_entries(gated.entries, configuration=gated.configuration)
    )


def test_R35_R58_only_what_a_decision_sent_reaches_the_venue() -> None:
    gated = Gated(rate=ONE_A_SECOND, max_order_quantity="2")
    gated.ask("too-large", quantity="3")
    gated.ask("first")
    gated.ask("waits")
    gated.ask("withdrawn")
    gated.cancel("withdrawn")
    assert gated.adapter.sent == [("NEW", "first")]
    sent = [(each.kind, each.key) for decision in gated.decisions for each in decision.outcomes if each.result == "sent"]
    assert gated.adapter.sent == sent
    gated.adapter.at(START_NS + SECOND)
    assert gated.adapter.sent == [("NEW", "first"), ("NEW", "waits")]


def test_R35_R58_without_an_adapter_nothing_is_sent_and_the_stream_says_so() -> None:
    asked = Gated()
    asked.ask("O-1")
    entries: list[EventStreamEntry] = []
    stream = EventStream(asked.configuration, append=entries.append, checkpoint=lambda position, digest: None, checkpoint_every=9)
    for entry in asked.entries[:3]:
        stream.emit(entry.event)
    failed = entries[-1].event
    assert isinstance(failed, DispatchFailed)
    assert (failed.client_order_id, failed.kind, failed.reason) == ("O-1", "NEW", "no adapter is attached")
    assert stream.context.in_flight("O-1") is None


def test_decisions_are_handed_on_before_they_are_carried_out_and_equal_those_derived_again() -> None:
    gated = Gated(rate=ONE_A_SECOND)
    for key in ("A", "B", "C"):
        gated.ask(key)
    gated.cancel("B")
    gated.adapter.at(START_NS + 3 * SECOND)
    gated.stream.emit(RunCompleted(gated.now))
    state, derived = INITIAL, []
    for entry in gated.entries:
        state, decision = step_event_entry(state, entry, configuration=gated.configuration)
        derived += [] if decision is None else [decision]
    assert gated.decisions == derived
    assert [each.position for each in gated.adapter.carried] == [each.position for each in derived]


def test_R56_what_is_still_due_after_its_step_waits_for_the_next_input_instead_of_spinning() -> None:
    """So it is when the queue failed in the step: nothing was sent, and everything is pending as before."""
    gated = Gated(rate=ONE_A_SECOND)
    gated.ask("O-1")
    gated.ask("O-2")
    state, now = gated.stream.state, START_NS + SECOND
    timers = Adapter(gated.stream, [])
    clock = ControlClock(gated.configuration)
    clock.attach(timers, state)
    clock.rang()
    due = clock.due(state, now)
    assert due is not None
    clock.realised(due)
    assert clock.due(state, now) is None
    clock.arm(state)
    assert clock.armed_ns is None
    clock.processed(state)
    assert timers.timers == [now, now]
    assert clock.due(state, now) == due


def test_R60_a_send_that_raises_before_anything_came_back_is_one_DispatchFailed_and_the_key_is_free() -> None:
    gated = Gated()
    gated.adapter.failures["O-1"] = ConnectionError("no route at 0x7f0000000000")
    gated.ask("O-1")
    (failed,) = gated.events(DispatchFailed)
    assert (failed.client_order_id, failed.kind, failed.reason) == ("O-1", "NEW", "ConnectionError")
    assert gated.stream.context.order("O-1") is None
    assert gated.stream.context.in_flight("O-1") is None
    assert gated.stream.context.pending("O-1") is None


def test_R60_an_adapter_may_name_what_it_could_not_send() -> None:
    gated = Gated()
    gated.ask("O-1")

    def refuse() -> None:
        outcome = gated.adapter.carried[-1].outcomes[-1]
        raise DispatchError([outcome], "connection refused")

    gated.adapter.answers["O-1"] = refuse
    gated.cancel("O-1")
    (failed,) = gated.events(DispatchFailed)
    assert (failed.client_order_id, failed.kind, failed.reason) == ("O-1", "CANCEL", "connection refused")
    assert gated.stream.context.order("O-1").status == "ACCEPTED"
    assert gated.stream.context.in_flight("O-1") is None


def test_R60_an_exception_behind_feedback_is_no_failed_send_and_goes_on_as_it_is() -> None:
    gated = Gated()

    def submitted_and_raise() -> None:
        gated.stream.emit(OrderSubmitted(START_NS, START_NS, "O-1", "A-1"))
        raise ZeroDivisionError

    gated.adapter.answers["O-1"] = submitted_and_raise
    with pytest.raises(ZeroDivisionError):
        gated.ask("O-1")
    assert gated.events(DispatchFailed) == []


def test_R60_an_exception_of_one_among_several_sends_that_nobody_names_leaves_them_in_doubt() -> None:
    gated = Gated()
    gated.ask("A")
    gated.ask("B")
    gated.adapter.failures = {"A": OSError("somewhere")}
    with pytest.raises(OSError, match="somewhere"):
        gated.cancel("A", "B")
    assert gated.stream.context.in_flight("A") is not None
    assert gated.stream.context.in_flight("B") is not None


def test_an_error_of_our_own_in_a_send_is_not_taken_for_a_failed_send() -> None:
    gated = Gated()
    gated.adapter.failures["O-1"] = EngineError("the engine is gone")
    with pytest.raises(EngineError, match="gone"):
        gated.ask("O-1")


def test_R87_after_a_violation_nothing_is_sent_and_no_deadline_is_realised() -> None:
    gated = Gated(rate=ONE_A_SECOND)
    gated.ask("A")
    gated.ask("B")
    entries, sent = len(gated.entries), list(gated.adapter.sent)
    with pytest.raises(InvariantViolation, match="never submitted"):
        gated.stream.emit(OrderAccepted(START_NS, START_NS, "O-404", "V", "A-1"))
    for stop in (lambda: gated.cancel("A"), lambda: gated.stream.reach(START_NS + SECOND), gated.observe):
        with pytest.raises(InvariantViolation, match="never submitted"):
            stop()
    assert len(gated.entries) == entries + 1
    assert gated.adapter.sent == sent


def test_R87_a_violation_in_feedback_of_a_send_stops_what_waits_behind_it() -> None:
    gated = Gated()
    gated.adapter.answers["O-1"] = lambda: (
        OrderCanceled(START_NS, START_NS, "O-404"),
        OrderSubmitted(START_NS, START_NS, "O-1", "A-1"),
    )
    with pytest.raises(InvariantViolation, match="never submitted"):
        gated.ask("O-1")
    assert gated.names()[-1] == "OrderCanceled"


def test_R81_an_engine_cannot_emit_control_time() -> None:
    gated = Gated(rate=ONE_A_SECOND)
    gated.ask("A")
    gated.ask("B")
    due = gated.adapter.timer
    with pytest.raises(EngineError, match="from outside"):
        gated.stream.emit(ControlTimeReached(due, due, "rate_window"))
    assert gated.adapter.sent == [("NEW", "A")]


def test_a_stream_says_when_feedback_must_be_taken_in_at_once() -> None:
    gated = Gated(rate=ONE_A_SECOND)
    assert not gated.stream.is_waiting
    during: list[bool] = []

    def unanswered() -> tuple[Event, ...]:
        during.append(gated.stream.is_waiting)
        return ()

    gated.adapter.answers["A"] = unanswered
    gated.ask("A")
    assert during == [True]
    assert gated.stream.context.in_flight("A") is not None
    assert not gated.stream.is_waiting
    gated.ask("B")
    assert gated.stream.is_waiting


def test_observed_only_nothing_waits_and_everything_asked_for_is_explained() -> None:
    gated = Gated(mode="observe", rate=ONE_A_SECOND, max_order_quantity="1")
    gated.ask("A")
    gated.ask("B")
    gated.ask("C", quantity="2")
    assert [results(decision.outcomes) for decision in gated.decisions] == [
        [("A", "would_send", "")],
        [("B", "would_hold", "rate_capacity")],
        [("C", "would_deny", "max_order_quantity")],
    ]
    assert not any(gated.events(MarketObserved))


def test_R42_a_flatten_cancels_then_closes_then_halts_by_itself() -> None:
    gated = Gated()
    gated.observe()
    gated.ask("long")
    gated.stream.emit(gated.adapter.filled("long"))
    gated.ask("rests", price="98")
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    assert gated.adapter.sent[2:] == [("CANCEL", "rests"), ("NEW", gated.adapter.sent[-1][1])]
    key = gated.adapter.sent[-1][1]
    terms = gated.stream.context.terms(key)
    assert (terms.side, terms.reduce_only, terms.order_type) == ("SELL", True, "MARKET")
    gated.stream.emit(gated.adapter.filled(key, price="99"))
    switches = gated.events(KillSwitchChanged)
    assert [(each.mode, each.by) for each in switches] == [("flatten", "operator"), ("halt", "core")]
    assert gated.stream.context.kill_switch == "halt"


def test_R42_a_flatten_that_is_refused_at_once_asks_again_a_moment_later_and_the_runs_end_says_what_is_left() -> None:
    gated = Gated()
    gated.observe()
    gated.ask("long")
    gated.stream.emit(gated.adapter.filled("long"))

    def refuse() -> tuple[OrderSubmitted, OrderRejected]:
        key = gated.adapter.sent[-1][1]
        return OrderSubmitted(gated.now, gated.now, key, "A-1"), OrderRejected(gated.now, gated.now, key, "no")

    gated.adapter.otherwise = refuse
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    assert len(gated.adapter.sent) == 2
    for _ in range(5):
        gated.observe()
    assert len(gated.adapter.sent) == 2, "nothing else happens at the instant that refused it"
    gated.adapter.at(gated.now + AGAIN_AFTER_NS)
    gated.observe()
    assert len(gated.adapter.sent) == 3
    assert gated.stream.context.kill_switch == "flatten"
    gated.stream.emit(RunCompleted(gated.now))
    (left,) = gated.decisions[-1].outcomes
    assert (left.reason, left.detail) == ("not_flat", f"{INSTRUMENT} at 1")


def test_checkpoints_are_taken_behind_a_gate_too() -> None:
    asked = Gated()
    asked.ask("O-1")
    checkpoints: list[tuple[int, str]] = []
    stream = EventStream(
        asked.configuration,
        append=lambda entry: None,
        checkpoint=lambda position, digest: checkpoints.append((position, digest)),
        checkpoint_every=2,
    )
    for entry in asked.entries[:3]:
        stream.emit(entry.event)
    at_2 = fold_event_stream_entries(asked.entries[:2], configuration=asked.configuration)
    assert checkpoints == [(2, state_digest(at_2)), (4, state_digest(stream.state))]
