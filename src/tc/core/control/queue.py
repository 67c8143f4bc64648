"""The Queue's bookkeeping: dominance, what is in flight, and what an Event or the kill switch ends."""

from bisect import bisect_left
from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from tc.core.candidate import Candidate
from tc.core.decision import Outcome, outcome
from tc.core.events import Kind
from tc.core.gate import GateConfiguration
from tc.core.state import slots
from tc.core.state.exact import ZERO, add, negate, subtract
from tc.core.state.exposure import reserved
from tc.core.state.model import ExecutionState, InFlight, Pending, Queue

type Change = tuple[ExecutionState, tuple[Outcome, ...]]
"""What became of the execution domain, and what was decided."""

_STRENGTH: dict[Kind, int] = {"NEW": 0, "REPLACE": 1, "CANCEL": 2}


def admit(execution: ExecutionState, candidate: Candidate, *, reduces: bool, now_ns: int, gate: GateConfiguration) -> Change:
    """Let an allowed command into the queue, where it dominates or is dominated by what waits under its key.

    The latest of a kind takes the place of the one before it, and a REPLACE leaves what it does not state as that one asked.
    A REPLACE of a NEW that was never sent changes the NEW; a CANCEL of it ends both. Otherwise CANCEL beats REPLACE beats NEW.
    """
    queue = execution.queue
    waiting = slots.get(queue.pending, candidate.key)
    number = queue.admissions + 1
    allowed = outcome(candidate.key, candidate.kind, "allowed")
    if waiting is None:
        return _put(execution, _pending(candidate, number, now_ns, reduces=reduces), gate), (allowed,)
    execution = replace(execution, queue=replace(queue, admissions=number))
    execution, ends = _dominate(execution, waiting, _pending(candidate, number, now_ns, waiting, reduces=reduces), gate)
    return execution, (allowed, *ends)


def begun(execution: ExecutionState, key: str) -> ExecutionState:
    """Let go of what the NEW in flight counts: its Order has begun, and counts for itself. The NEW stays in flight."""
    queue, slot = execution.queue, slots.slot_of(key)
    flying = queue.in_flight[slot].get(key)
    if flying is None or flying.kind != "NEW":
        return execution
    queue = replace(queue, in_flight=slots.put_at(queue.in_flight, slot, key, replace(flying, reserved=ZERO)))
    return _without_its_count(execution, queue, flying)


def settle(execution: ExecutionState, key: str, kinds: frozenset[Kind], gate: GateConfiguration) -> ExecutionState:
    """End what is in flight under the key if it is of one of the kinds; what waited for it may now be sent.

    Call it after the Order was moved: what a waiting REPLACE adds to it is counted anew.
    """
    queue, slot = execution.queue, slots.slot_of(key)
    flying, waiting = queue.in_flight[slot].get(key), queue.pending[slot].get(key)
    if flying is not None and flying.kind in kinds:
        execution = _landed(execution, slot, flying, gate)
        if waiting is not None:
            queue = execution.queue
            lanes = _inserted(queue.lanes, gate.kind_priority.index(waiting.kind), (waiting.admission, key))
            execution = _with(execution, replace(queue, lanes=lanes))
    if waiting is not None and waiting.kind == "REPLACE" and waiting.quantity is not None:
        execution = _swapped(execution, waiting, replace(waiting, reserved=_on_top(execution, key, waiting.quantity)))
    return execution


def drop(execution: ExecutionState, key: str, gate: GateConfiguration) -> Change:
    """End everything under a key whose order is gone or final: what is in flight is settled, what waits is invalid."""
    queue, slot = execution.queue, slots.slot_of(key)
    flying, waiting = queue.in_flight[slot].get(key), queue.pending[slot].get(key)
    if flying is not None:
        execution = _landed(execution, slot, flying, gate)
    if waiting is None:
        return execution, ()
    return _taken(execution, waiting, gate), (outcome(key, waiting.kind, "invalid", "order_gone"),)


def outgrow(execution: ExecutionState, key: str, filled: Decimal, gate: GateConfiguration) -> Change:
    """End a REPLACE that waits and asks for no more than what was filled meanwhile: no venue can do that."""
    waiting = slots.get(execution.queue.pending, key)
    if waiting is None or waiting.kind != "REPLACE" or waiting.quantity is None or waiting.quantity > filled:
        return execution, ()
    return _taken(execution, waiting, gate), (outcome(key, "REPLACE", "invalid", "invalid_terms"),)


def observe(execution: ExecutionState, candidate: Candidate, now_ns: int) -> ExecutionState:
    """Count a command that is only observed as in flight: it goes out at once, whatever is decided, and will be answered."""
    key, queue = candidate.key, execution.queue
    flying = slots.get(queue.in_flight, key)
    before = ZERO if flying is None else flying.reserved
    wanted = max(before, add(before, subtract(candidate.wanted, candidate.counted)))
    now = InFlight(
        key,
        candidate.kind if flying is None else flying.kind,
        now_ns,
        candidate.instrument_id,
        candidate.side,
        candidate.quantity,
        candidate.price,
        candidate.trigger_price,
        wanted,
        is_overdue=False,
    )
    queue = replace(queue, in_flight=slots.put(queue.in_flight, key, now))
    return _with(execution, queue, now, subtract(wanted, before))


def overdue(execution: ExecutionState, key: str) -> ExecutionState:
    """Mark what is in flight under the key as in doubt: its acknowledgement's deadline has passed. It stays in flight."""
    queue = execution.queue
    flying = queue.in_flight[slots.slot_of(key)][key]
    in_flight = slots.put(queue.in_flight, key, replace(flying, is_overdue=True))
    watch = tuple(each for each in queue.watch if each[1] != key)
    return _with(execution, replace(queue, in_flight=in_flight, watch=watch))


def invalidate(execution: ExecutionState, may_go: Callable[[Pending], bool], gate: GateConfiguration) -> Change:
    """End all that waits and may not go under the new mode, and of a group the others too, in the order of admission."""
    waiting = sorted((each for slot in execution.queue.pending for each in slot.values()), key=lambda each: each.admission)
    ended = {each.key for each in waiting if not may_go(each)}
    stopped = [each for each in waiting if each.key in ended or not ended.isdisjoint(each.group)]
    for each in stopped:
        execution = _taken(execution, each, gate)
    return execution, tuple(outcome(each.key, each.kind, "invalid", "kill_switch") for each in stopped)


def _dominate(execution: ExecutionState, waiting: Pending, newcomer: Pending, gate: GateConfiguration) -> Change:
    """Decide between what waits under a key and a newcomer: which of them ends, and how."""
    key = waiting.key
    if newcomer.kind == waiting.kind:
        ended = outcome(key, waiting.kind, "superseded", "same_kind_latest_wins")
        return _swapped(execution, waiting, newcomer), (ended,)
    if _STRENGTH[newcomer.kind] < _STRENGTH[waiting.kind]:
        return execution, (outcome(key, newcomer.kind, "superseded", "weaker_newcomer"),)
    if waiting.kind == "NEW" and newcomer.kind == "CANCEL":
        both = (outcome(key, kind, "annihilated", "cancel_of_unsent") for kind in (waiting.kind, newcomer.kind))
        return _taken(execution, waiting, gate), tuple(both)
    if waiting.kind == "NEW":
        return _merged(execution, waiting, newcomer)
    beaten = outcome(key, waiting.kind, "superseded", "cancel_beats")
    return _put(_taken(execution, waiting, gate), newcomer, gate), (beaten,)


def _merged(execution: ExecutionState, waiting: Pending, newcomer: Pending) -> Change:
    merged = replace(
        waiting,
        quantity=newcomer.quantity,
        price=newcomer.price,
        trigger_price=newcomer.trigger_price,
        reserved=newcomer.reserved,
        reduces=newcomer.reduces,
    )
    ended = outcome(
        waiting.key,
        "REPLACE",
        "merged",
        "replace_of_unsent",
        quantity=newcomer.quantity,
        price=newcomer.price,
        trigger_price=newcomer.trigger_price,
    )
    return _swapped(execution, waiting, merged), (ended,)


def _pending(candidate: Candidate, number: int, now_ns: int, waiting: Pending | None = None, *, reduces: bool) -> Pending:
    """Return what is to wait for the candidate, on top of what waits under its key already."""
    quantity, price, trigger_price = candidate.quantity, candidate.price, candidate.trigger_price
    counted, group = candidate.counted, candidate.group
    if waiting is not None:
        counted = subtract(counted, waiting.reserved)
        if candidate.kind == "REPLACE":
            quantity = waiting.quantity if quantity is None else quantity
            price = waiting.price if price is None else price
            trigger_price = waiting.trigger_price if trigger_price is None else trigger_price
        if candidate.kind == waiting.kind:
            number, group = waiting.admission, waiting.group
    return Pending(
        candidate.key,
        candidate.kind,
        number,
        now_ns,
        candidate.instrument_id,
        candidate.side,
        quantity,
        price,
        trigger_price,
        max(ZERO, subtract(candidate.wanted, counted)),
        reduces,
        group,
        "",
    )


def _on_top(execution: ExecutionState, key: str, quantity: Decimal) -> Decimal:
    """Return what a REPLACE to the quantity adds to what its order and the command in flight under its key count."""
    order = slots.get(execution.orders.open, key)
    flying = slots.get(execution.queue.in_flight, key)
    counted = ZERO if order is None else order.quantity
    if flying is not None:
        counted = add(counted, flying.reserved)
    return max(ZERO, subtract(quantity, counted))


def _put(execution: ExecutionState, pending: Pending, gate: GateConfiguration) -> ExecutionState:
    """Let the command that was admitted last wait: in its lane, unless another is in flight under its key."""
    queue, key = execution.queue, pending.key
    slot, lanes = slots.slot_of(key), queue.lanes
    if key not in queue.in_flight[slot]:
        lanes = _inserted(lanes, gate.kind_priority.index(pending.kind), (pending.admission, key))
    queue = replace(
        queue,
        pending=slots.put_at(queue.pending, slot, key, pending),
        size=queue.size + 1,
        lanes=lanes,
        admissions=pending.admission,
    )
    return _with(execution, queue, pending, pending.reserved)


def _taken(execution: ExecutionState, pending: Pending, gate: GateConfiguration) -> ExecutionState:
    """End a command that waits. The rate's deadline stands until the step is over: nothing that comes now may pass it."""
    queue, key = execution.queue, pending.key
    index = gate.kind_priority.index(pending.kind)
    lanes = [*queue.lanes]
    lanes[index] = _without(lanes[index], (pending.admission, key))
    queue = replace(queue, pending=slots.remove(queue.pending, key), size=queue.size - 1, lanes=tuple(lanes))
    return _without_its_count(execution, queue, pending)


def _swapped(execution: ExecutionState, was: Pending, now: Pending) -> ExecutionState:
    """Let a command take the place of another of its key and kind, and of its number."""
    queue = replace(execution.queue, pending=slots.put(execution.queue.pending, now.key, now))
    return _with(execution, queue, now, subtract(now.reserved, was.reserved))


def _landed(execution: ExecutionState, slot: int, flying: InFlight, gate: GateConfiguration) -> ExecutionState:
    """End a command in flight: it is neither watched nor counted any more."""
    queue, key, timeout_ns = execution.queue, flying.key, gate.timing.acknowledgement_timeout_ns
    watch = queue.watch if timeout_ns is None else _without(queue.watch, (flying.sent_ns + timeout_ns, key))
    queue = replace(queue, in_flight=slots.remove_at(queue.in_flight, slot, key), watch=watch)
    return _without_its_count(execution, queue, flying)


def _inserted(
    lanes: tuple[tuple[tuple[int, str], ...], ...], index: int, item: tuple[int, str]
) -> tuple[tuple[tuple[int, str], ...], ...]:
    lane = lanes[index]
    at = bisect_left(lane, item)
    changed = [*lanes]
    # Adding tuples copies a long lane once where it grows at its end; unpacking would copy it twice.
    changed[index] = lane[:at] + (item,) + lane[at:]  # noqa: RUF005
    return tuple(changed)


def _without(ordered: tuple[tuple[int, str], ...], item: tuple[int, str]) -> tuple[tuple[int, str], ...]:
    """Return the ordered tuple without the item, should it hold it."""
    at = bisect_left(ordered, item)
    if at == len(ordered) or ordered[at] != item:
        return ordered
    return ordered[:at] + ordered[at + 1 :]


def _with(
    execution: ExecutionState, queue: Queue, counts: Pending | InFlight | None = None, delta: Decimal = ZERO
) -> ExecutionState:
    """Return the execution domain with another queue, and with what it counts for a command changed by so much."""
    if counts is None or not delta:
        return replace(execution, queue=queue)
    return replace(execution, queue=queue, exposures=reserved(execution.exposures, counts.instrument_id, counts.side, delta))


def _without_its_count(execution: ExecutionState, queue: Queue, held: Pending | InFlight) -> ExecutionState:
    """Return the execution domain with another queue, and without what it counts for a command."""
    if not held.reserved:
        return replace(execution, queue=queue)
    exposures = reserved(execution.exposures, held.instrument_id, held.side, negate(held.reserved))
    return replace(execution, queue=queue, exposures=exposures)
