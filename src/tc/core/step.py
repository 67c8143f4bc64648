"""One step of the Core: an entry's fact is folded, commands are judged, and what may be sent is selected. State in, State out."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from tc.core import requests
from tc.core.configuration import CoreConfiguration
from tc.core.context import ProcessingContext
from tc.core.control.execution import advance
from tc.core.control.flatten import left_open
from tc.core.control.queue import invalidate, overdue
from tc.core.control.time import next_obligation, obligations, observed, realised, started
from tc.core.decision import Decision, Outcome, outcome
from tc.core.entry import EventStreamEntry
from tc.core.events import (
    CancelRequested,
    ControlTimeReached,
    DispatchFailed,
    Event,
    KillSwitchChanged,
    MarketObserved,
    ModifyRequested,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    RunCompleted,
    RunFailed,
    RunResumed,
    RunStarted,
    RunStopped,
    SnapshotTaken,
    SubmitRequested,
)
from tc.core.feedback import answered, snapshot_counted
from tc.core.gate import GateConfiguration
from tc.core.risk import lets_through, still_reducing
from tc.core.state import slots
from tc.core.state.fold import fold_entry
from tc.core.state.model import INITIAL, ClockMarks, ExecutionState, Pending, State
from tc.errors import InvariantViolation

type Outcomes = tuple[Outcome, ...]
type Decided = tuple[State, Outcomes]


class Step(NamedTuple):
    """What an entry led to: State after it, and what was decided; None when there was nothing to decide."""

    state: State
    decision: Decision | None


_tuple = tuple.__new__  # What Step(...) comes to, without a call in Python between: most steps decide nothing.


def step_event_entry(state: State, entry: EventStreamEntry, *, configuration: CoreConfiguration) -> Step:
    """Process an entry: fold its fact, then decide what follows from it. The State given is untouched.

    Without a gate in the configuration nothing is decided.

    Raises
    ------
    InvariantViolation
        The position is not the next one, the stream does not begin by naming this configuration,
        the event's type is unknown, or the event breaks a rule.

    """
    folded = fold_entry(state, entry, configuration)
    gate = configuration.gate
    if gate is None:
        return _tuple(Step, (folded, None))
    event = entry.event
    decide = DECIDERS.get(type(event))
    if decide is None:
        return _tuple(Step, (folded, None))
    decided, outcomes = decide(state, folded, event, configuration, gate)
    if outcomes:
        obligation = next_obligation(decided, configuration)
        return Step(decided, Decision(decided.position, decided.stream_time_ns, outcomes, obligation))
    if decide is _run_ended:
        return Step(decided, _last_decision(decided, configuration, gate))
    return _tuple(Step, (decided, None))


def process_event_entry(state: State, entry: EventStreamEntry, *, configuration: CoreConfiguration) -> State:
    """Return the State after the entry; as `step_event_entry`, without the decision."""
    return step_event_entry(state, entry, configuration=configuration).state


def fold_event_stream_entries(
    entries: Iterable[EventStreamEntry], *, configuration: CoreConfiguration, state: State | None = None
) -> State:
    """Return the State after all entries, from the start of the stream or on from ``state``.

    Raises
    ------
    InvariantViolation
        As `process_event_entry`; entries before the one that broke the rule have no effect on the caller.

    """
    current = INITIAL if state is None else state
    for entry in entries:
        current = step_event_entry(current, entry, configuration=configuration).state
    return current


def _submit_requested(
    before: State,  # noqa: ARG001
    folded: State,
    event: SubmitRequested,
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,
) -> Decided:
    state, outcomes = requests.submit_requested(folded, event, gate)
    return _advanced(state, outcomes, event.client_order_ids, gate)


def _modify_requested(
    before: State,  # noqa: ARG001
    folded: State,
    event: ModifyRequested,
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,
) -> Decided:
    state, outcomes = requests.modify_requested(folded, event, gate)
    return _advanced(state, outcomes, (event.client_order_id,), gate)


def _cancel_requested(
    before: State,  # noqa: ARG001
    folded: State,
    event: CancelRequested,
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,
) -> Decided:
    state, outcomes = requests.cancel_requested(folded, event, gate)
    return _advanced(state, outcomes, event.client_order_ids, gate)


def _fed_back(
    before: State,
    folded: State,
    event: Any,  # noqa: ANN401 - any execution event
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,
) -> Decided:
    state, outcomes = decided = answered(before, folded, event, gate)
    queue = state.execution.queue
    if not queue.size and not queue.rate_deadline_ns:
        return decided
    return _advanced(state, outcomes, (event.client_order_id,), gate)


def _kill_switch_changed(
    before: State,  # noqa: ARG001
    folded: State,
    event: Event,  # noqa: ARG001
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,
) -> Decided:
    mode = folded.control.safeguards.kill_switch
    reducing = still_reducing(folded.execution) if mode == "reduce" else frozenset()

    def may_go(pending: Pending) -> bool:
        terms = slots.get(folded.execution.orders.unsubmitted, pending.key)
        is_own = requests.is_flatten(mode, pending.kind, terms)
        return lets_through(mode, pending.kind, reduces=pending.key in reducing, is_flatten=is_own)

    execution, outcomes = invalidate(folded.execution, may_go, gate)
    return _advanced(_with_execution(folded, execution), outcomes, (), gate)


def _snapshot_taken(
    before: State, folded: State, event: SnapshotTaken, configuration: CoreConfiguration, gate: GateConfiguration
) -> Decided:
    return _kill_switch_changed(before, snapshot_counted(folded, event), event, configuration, gate)


def _control_time_reached(
    before: State, folded: State, event: ControlTimeReached, configuration: CoreConfiguration, gate: GateConfiguration
) -> Decided:
    due = next_obligation(before, configuration)
    if due is None or (due.deadline_ns, due.reason, due.scope) != (event.deadline_ns, event.reason, event.scope):
        raise InvariantViolation(
            f"{event.reason} at {event.deadline_ns} is not the deadline that State implies, which is {due}",
            hint="A deadline is realised once, by the Runtime, the earliest first; what it was set for may be gone.",
        )
    if event.at_ns < event.deadline_ns:
        raise InvariantViolation(f"the deadline {event.reason} at {event.deadline_ns} was realised early, at {event.at_ns}")
    clock = realised(folded.control.clock, event)
    execution = folded.execution
    if event.reason == "acknowledgement_timeout":
        execution = overdue(execution, event.scope)
    state = _with_execution(_with_clock(folded, clock), execution)
    return _advanced(state, (), (), gate, is_released=event.reason == "rate_window")


def _market_observed(
    before: State,
    folded: State,
    event: MarketObserved,
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,  # noqa: ARG001
) -> Decided:
    clock, instrument_id = folded.control.clock, event.instrument_id
    if instrument_id not in clock.stale:
        return folded, ()
    was = before.market.references[instrument_id]
    if folded.market.references[instrument_id].seen_ns <= was.seen_ns:
        return folded, ()  # It was looked at again, and nothing new was seen.
    return _with_clock(folded, observed(clock, event.instrument_id)), ()


def _run_started(
    before: State,  # noqa: ARG001
    folded: State,
    event: RunStarted,
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,  # noqa: ARG001
) -> Decided:
    return _with_clock(folded, started(folded.control.clock, event.at_ns)), ()


def _run_resumed(
    before: State,  # noqa: ARG001
    folded: State,
    event: RunResumed,
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,  # noqa: ARG001
) -> Decided:
    return _with_clock(folded, started(folded.control.clock, event.at_ns)), ()


def _run_ended(
    before: State,  # noqa: ARG001
    folded: State,
    event: Event,  # noqa: ARG001
    configuration: CoreConfiguration,  # noqa: ARG001
    gate: GateConfiguration,  # noqa: ARG001
) -> Decided:
    return folded, ()


def _last_decision(state: State, configuration: CoreConfiguration, gate: GateConfiguration) -> Decision | None:
    """Declare the run's end: what still waits, what a flatten has not closed, and the deadlines behind it."""
    pending = sorted((each for slot in state.execution.queue.pending for each in slot.values()), key=lambda each: each.admission)
    left = tuple(outcome(each.key, each.kind, "held", "run_ended") for each in pending)
    not_flat = left_open(ProcessingContext(state, configuration)) if gate.mode == "on" else ""
    if not_flat:
        left += (outcome("", "NEW", "held", "not_flat", detail=not_flat),)
    unrealised = obligations(state, configuration)
    if not left and not unrealised:
        return None
    return Decision(state.position, state.stream_time_ns, left, None, unrealised)


def _advanced(
    state: State, outcomes: Outcomes, touched: tuple[str, ...], gate: GateConfiguration, *, is_released: bool = False
) -> Decided:
    """Let Execution Control select what is sent now. Should that fail, nothing is sent and everything stays pending."""
    try:
        advanced, selected = advance(state.execution, state.stream_time_ns, gate, touched, is_released=is_released)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not send, nor lose what waits
        return state, (*outcomes, outcome("", "NEW", "held", "queue_failure", detail=type(error).__name__))
    return _with_execution(state, advanced), outcomes + selected


def _with_execution(state: State, execution: ExecutionState) -> State:
    return replace(state, execution=execution)


def _with_clock(state: State, clock: ClockMarks) -> State:
    return replace(state, control=replace(state.control, clock=clock))


DECIDERS: dict[type, Callable[[State, State, Any, CoreConfiguration, GateConfiguration], Decided]] = {
    MarketObserved: _market_observed,
    SubmitRequested: _submit_requested,
    ModifyRequested: _modify_requested,
    CancelRequested: _cancel_requested,
    KillSwitchChanged: _kill_switch_changed,
    SnapshotTaken: _snapshot_taken,
    ControlTimeReached: _control_time_reached,
    RunStarted: _run_started,
    RunResumed: _run_resumed,
    RunCompleted: _run_ended,
    RunStopped: _run_ended,
    RunFailed: _run_ended,
} | dict.fromkeys(
    (
        DispatchFailed,
        OrderDenied,
        OrderSubmitted,
        OrderAccepted,
        OrderRejected,
        OrderCanceled,
        OrderExpired,
        OrderTriggered,
        OrderModifyRejected,
        OrderCancelRejected,
        OrderUpdated,
        OrderFilled,
    ),
    _fed_back,
)
"""What is decided after each event; an event that is not here changes facts alone, and time lets nothing go by itself."""
