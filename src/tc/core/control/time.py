"""Control-Time: the deadlines that State implies, and what realising one of them marks."""

from collections.abc import Iterator
from typing import get_args

from tc.core.configuration import CoreConfiguration
from tc.core.decision import Obligation
from tc.core.events import ControlReason, ControlTimeReached
from tc.core.gate import GateConfiguration
from tc.core.state.model import ClockMarks, State

_RANK: dict[str, int] = {reason: rank for rank, reason in enumerate(get_args(ControlReason))}


def obligations(state: State, configuration: CoreConfiguration) -> tuple[Obligation, ...]:
    """Return all deadlines that State implies, in the order in which they are realised; also those that a run's end left.

    Equal deadlines are in the fixed order of the reasons, and then of what they are about.
    """
    gate = configuration.gate
    if gate is None or state.control.run == "none":
        return ()
    watched = (Obligation(deadline_ns, "acknowledgement_timeout", key) for deadline_ns, key in state.execution.queue.watch)
    return tuple(sorted((*watched, *_others(state, gate)), key=_order))


def next_obligation(state: State, configuration: CoreConfiguration) -> Obligation | None:
    """Return the first of the obligations while the run lasts, or None: then no timer is armed."""
    gate = configuration.gate
    if gate is None or state.control.run != "running":
        return None
    first: Obligation | None = None
    for each in _others(state, gate):
        if first is None or (each.deadline_ns <= first.deadline_ns and _order(each) < _order(first)):
            first = each
    watch = state.execution.queue.watch
    if watch and (first is None or watch[0][0] <= first.deadline_ns):
        # Acknowledgements are the first of the reasons, so at equal deadlines theirs comes first.
        return Obligation(watch[0][0], "acknowledgement_timeout", watch[0][1])
    return first


def started(clock: ClockMarks, now_ns: int) -> ClockMarks:
    """Return the marks of a run that starts: heartbeats are counted from here."""
    return ClockMarks(now_ns, clock.review_ns, clock.stale, clock.realised)


def observed(clock: ClockMarks, instrument_id: str) -> ClockMarks:
    """Return the marks after a newer observation of an instrument: its feed is not stale any more."""
    if instrument_id not in clock.stale:
        return clock
    stale = tuple(each for each in clock.stale if each != instrument_id)
    return ClockMarks(clock.heartbeat_ns, clock.review_ns, stale, clock.realised)


def realised(clock: ClockMarks, event: ControlTimeReached) -> ClockMarks:
    """Return the marks after a deadline was realised. What recurs is counted from when it was: missed repetitions collapse."""
    heartbeat_ns, review_ns, stale = clock.heartbeat_ns, clock.review_ns, clock.stale
    if event.reason == "heartbeat":
        heartbeat_ns = event.at_ns
    elif event.reason == "kill_switch_review":
        review_ns = event.at_ns
    elif event.reason == "stale_feed":
        stale = tuple(sorted((*stale, event.scope)))
    return ClockMarks(heartbeat_ns, review_ns, stale, clock.realised + 1)


def _others(state: State, gate: GateConfiguration) -> Iterator[Obligation]:
    """Yield the obligations but for the acknowledgements, of which there may be many."""
    timing, clock = gate.timing, state.control.clock
    if timing.stale_feed_ns is not None:
        for instrument_id, reference in state.market.references.items():
            if instrument_id not in clock.stale:
                yield Obligation(reference.seen_ns + timing.stale_feed_ns, "stale_feed", instrument_id)
    if state.execution.queue.rate_deadline_ns:
        yield Obligation(state.execution.queue.rate_deadline_ns, "rate_window")
    safeguards = state.control.safeguards
    if timing.kill_switch_review_ns is not None and safeguards.kill_switch != "none":
        last_ns = max(clock.review_ns, safeguards.kill_switch_ns)
        yield Obligation(last_ns + timing.kill_switch_review_ns, "kill_switch_review")
    if timing.heartbeat_ns is not None:
        yield Obligation(clock.heartbeat_ns + timing.heartbeat_ns, "heartbeat")


def _order(obligation: Obligation) -> tuple[int, int, str]:
    return obligation.deadline_ns, _RANK[obligation.reason], obligation.scope
