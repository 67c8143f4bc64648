"""Execution Control: which of the waiting commands are sent in a step, and why the others wait."""

from bisect import bisect_left, insort
from collections.abc import Iterable

from msgspec.structs import replace

from tc.core.control.queue import Change
from tc.core.control.rate import charge, earliest
from tc.core.decision import Outcome, Reason, outcome
from tc.core.gate import GateConfiguration, RateLimit
from tc.core.state import slots
from tc.core.state.model import ExecutionState, InFlight, Pending, Queue

type _Lane = tuple[tuple[int, str], ...]


def advance(
    execution: ExecutionState,
    now_ns: int,
    gate: GateConfiguration,
    touched: Iterable[str] = (),
    *,
    is_released: bool = False,
) -> Change:
    """Send the longest prefix that the rate lets go, and explain why what the step's event touched has to wait.

    It comes last in a step. Should it raise, nothing was changed.

    Parameters
    ----------
    execution
        The execution domain after dominance and validity.
    now_ns
        Stream time.
    gate
        How commands are sent.
    touched
        The keys that the event admitted a command for or settled one of, in order: each that still waits is explained, once.
    is_released
        Whether the event is the realisation of the queue's rate deadline: while there is one, nothing else lets anything go.

    """
    queue = execution.queue
    if not queue.size and not queue.rate_deadline_ns:
        return execution, ()
    outcomes: list[Outcome] = []
    if is_released or not queue.rate_deadline_ns:
        queue = _sent(queue, now_ns, gate, outcomes)
    deadline_ns = _rate_deadline(queue, now_ns, gate.rate)
    if deadline_ns != queue.rate_deadline_ns:
        queue = replace(queue, rate_deadline_ns=deadline_ns)
    if queue.size:
        queue = _explained(queue, touched, now_ns, gate, outcomes)
    if queue is execution.queue:
        return execution, ()
    return replace(execution, queue=queue), tuple(outcomes)


def _sent(queue: Queue, now_ns: int, gate: GateConfiguration, outcomes: list[Outcome]) -> Queue:
    """Move what goes now from the lanes into flight; what was reserved for it moves along, so exposure does not change."""
    lanes, selected, arrival = _selected(queue, now_ns, gate.rate)
    if not selected:
        return queue
    pending, in_flight, watch = queue.pending, queue.in_flight, list(queue.watch)
    timeout_ns = gate.timing.acknowledgement_timeout_ns
    for each in selected:
        key = each.key
        slot = slots.slot_of(key)
        pending, in_flight = slots.remove_at(pending, slot, key), slots.put_at(in_flight, slot, key, _in_flight(each, now_ns))
        if timeout_ns is not None:
            insort(watch, (now_ns + timeout_ns, key))
        outcomes.append(
            outcome(key, each.kind, "sent", quantity=each.quantity, price=each.price, trigger_price=each.trigger_price)
        )
    return Queue(
        pending, queue.size - len(selected), lanes, in_flight, tuple(watch), queue.admissions, arrival, queue.rate_deadline_ns
    )


def _in_flight(sent: Pending, now_ns: int) -> InFlight:
    return InFlight(
        sent.key,
        sent.kind,
        now_ns,
        sent.instrument_id,
        sent.side,
        sent.quantity,
        sent.price,
        sent.trigger_price,
        sent.reserved,
        is_overdue=False,
    )


def _selected(queue: Queue, now_ns: int, rate: RateLimit | None) -> tuple[tuple[_Lane, ...], list[Pending], int]:
    """Return the lanes without what goes now, that in its order, and the rate's arrival time after it."""
    lanes, arrival = list(queue.lanes), queue.arrival
    selected: list[Pending] = []
    for index, lane in enumerate(queue.lanes):
        at = 0
        while at < len(lane):
            together = _together(queue, lane, at)
            if rate is not None:
                if earliest(arrival, rate, len(together), now_ns) > now_ns:
                    lanes[index] = lane[at:]
                    return tuple(lanes), selected, arrival
                arrival = charge(arrival, rate, len(together), now_ns)
            selected += together
            at += len(together)
        lanes[index] = ()
    return tuple(lanes), selected, arrival


def _together(queue: Queue, lane: _Lane, at: int) -> list[Pending]:
    """Return the command at a place of a lane, and what is left of its group, which stands right behind it."""
    first = _standing(queue, lane[at])
    together = [first]
    if first.group:
        for place in range(at + 1, len(lane)):
            each = _standing(queue, lane[place])
            if each.group != first.group:
                break
            together.append(each)
    return together


def _standing(queue: Queue, place: tuple[int, str]) -> Pending:
    return queue.pending[slots.slot_of(place[1])][place[1]]


def _rate_deadline(queue: Queue, now_ns: int, rate: RateLimit | None) -> int:
    """Return when the rate lets the first of the lanes go. What is due stays due, at its deadline, until that is realised."""
    lane = next(filter(None, queue.lanes), None)
    if lane is None or rate is None:
        return 0
    deadline_ns = earliest(queue.arrival, rate, len(_together(queue, lane, 0)), now_ns)
    return queue.rate_deadline_ns if deadline_ns == now_ns and 0 < queue.rate_deadline_ns < now_ns else deadline_ns


def _explained(queue: Queue, touched: Iterable[str], now_ns: int, gate: GateConfiguration, outcomes: list[Outcome]) -> Queue:
    for key in touched:
        waiting = slots.get(queue.pending, key)
        if waiting is None:
            continue
        reason, until_ns = _why(queue, waiting, now_ns, gate)
        if waiting.held_by != reason:
            queue = replace(queue, pending=slots.put(queue.pending, key, replace(waiting, held_by=reason)))
            outcomes.append(outcome(key, waiting.kind, "held", reason, until_ns=until_ns))
    return queue


def _why(queue: Queue, waiting: Pending, now_ns: int, gate: GateConfiguration) -> tuple[Reason, int]:
    """Return what a command waits for, and when the rate may let it go, given what stands before it now."""
    if gate.rate is None or slots.get(queue.in_flight, waiting.key) is not None:
        return "in_flight", 0
    members = [slots.get(queue.pending, key) for key in waiting.group] or [waiting]
    standing = [each for each in members if each is not None]
    index = gate.kind_priority.index(waiting.kind)
    before = bisect_left(queue.lanes[index], (standing[-1].admission, standing[-1].key)) + sum(
        len(lane) for lane in queue.lanes[:index]
    )
    until_ns = earliest(queue.arrival, gate.rate, before + 1, now_ns)
    return "rate_capacity" if standing[0] is waiting else "group_waits", until_ns
