"""From a request to the queue: the commands it holds, what Risk says of each, and their admission."""

from decimal import Decimal
from typing import Literal

from msgspec.structs import replace

from tc.core.candidate import Candidate
from tc.core.control.queue import admit, observe
from tc.core.control.rate import charge, earliest
from tc.core.decision import Outcome, Reason, Result, outcome
from tc.core.events import CancelRequested, KillMode, Kind, ModifyRequested, OrderInitialized, SubmitRequested
from tc.core.gate import GateConfiguration
from tc.core.reserved import is_flattens
from tc.core.risk import Verdict, admitted, judge, reduces
from tc.core.state import slots
from tc.core.state.exact import ZERO, add, subtract
from tc.core.state.model import FINAL, ExecutionState, Order, State
from tc.core.state.orders import find, found

type Decided = tuple[State, tuple[Outcome, ...]]


def is_flatten(mode: KillMode, kind: Kind, terms: OrderInitialized | None) -> bool:
    """Say whether a command is one that a flatten needs: a CANCEL of any order, or the NEW of an order of its own."""
    return mode == "flatten" and (kind == "CANCEL" or (kind == "NEW" and terms is not None and is_flattens(terms)))


def submit_requested(state: State, event: SubmitRequested, gate: GateConfiguration) -> Decided:
    """Judge new orders and admit them: all of a group, or none."""
    keys = event.client_order_ids
    group = keys if len(keys) > 1 else ()
    mode = state.control.safeguards.kill_switch
    candidates = [new_candidate(state.execution, key, group, mode) for key in keys]
    return _by_itself(state, candidates[0], gate) if len(candidates) == 1 else _all_or_none(state, candidates, gate)


def modify_requested(state: State, event: ModifyRequested, gate: GateConfiguration) -> Decided:
    """Judge a change of an order and admit it."""
    return _by_itself(state, replace_candidate(state.execution, event), gate)


def cancel_requested(state: State, event: CancelRequested, gate: GateConfiguration) -> Decided:
    """Judge cancels and admit them, each by itself, as State is after the one before it."""
    mode = state.control.safeguards.kill_switch
    outcomes: tuple[Outcome, ...] = ()
    for key in dict.fromkeys(event.client_order_ids):
        state, added = _by_itself(state, cancel_candidate(state.execution, key, mode), gate)
        outcomes += added
    return state, outcomes


def new_candidate(execution: ExecutionState, key: str, group: tuple[str, ...], mode: KillMode) -> Candidate:
    """Return the NEW of an order whose terms were stated."""
    slot = slots.slot_of(key)
    terms = execution.orders.unsubmitted[slot].get(key)
    is_new_key = _is_unused(execution, slot, key)
    if terms is None:
        return _unknown(key, "NEW", is_new_key=is_new_key, group=group)
    quantity, price, reduce_only = terms.quantity, terms.price, terms.reduce_only
    return Candidate(
        key,
        "NEW",
        terms.strategy_id,
        terms.instrument_id,
        terms.side,
        _order_type(terms),
        reduce_only,
        quantity,
        price,
        terms.trigger_price,
        quantity,
        terms.trigger_price if price is None else price,
        quantity,
        ZERO,
        is_known=True,
        is_new_key=is_new_key,
        group=group,
        is_flatten=is_flatten(mode, "NEW", terms),
    )


def replace_candidate(execution: ExecutionState, event: ModifyRequested) -> Candidate:
    """Return the REPLACE of an order that is open, in flight or waiting."""
    key = event.client_order_id
    slot = slots.slot_of(key)
    order = found(execution.orders, slot, key)
    terms = execution.orders.unsubmitted[slot].get(key) if order is None else order.terms
    if terms is None or _is_unused(execution, slot, key):
        return _unknown(key, "REPLACE", is_new_key=True)
    pending = execution.queue.pending[slot].get(key)
    quantity, price, trigger_price = _terms_now(order, terms)
    if pending is not None:
        quantity = quantity if pending.quantity is None else pending.quantity
        price = price if pending.price is None else pending.price
        trigger_price = trigger_price if pending.trigger_price is None else pending.trigger_price
    total = quantity if event.quantity is None else event.quantity
    price = price if event.price is None else event.price
    trigger_price = trigger_price if event.trigger_price is None else event.trigger_price
    return Candidate(
        key,
        "REPLACE",
        terms.strategy_id,
        terms.instrument_id,
        terms.side,
        _order_type(terms),
        terms.reduce_only,
        event.quantity,
        event.price,
        event.trigger_price,
        total,
        trigger_price if price is None else price,
        subtract(total, ZERO if order is None else order.filled),
        _counted(execution, slot, key, order),
        is_known=True,
        is_new_key=False,
        group=(),
        is_flatten=False,
    )


def cancel_candidate(execution: ExecutionState, key: str, mode: KillMode) -> Candidate:
    """Return the CANCEL of an order that is open, in flight or waiting."""
    slot = slots.slot_of(key)
    order = found(execution.orders, slot, key)
    terms = execution.orders.unsubmitted[slot].get(key) if order is None else order.terms
    if terms is None or _is_unused(execution, slot, key):
        return _unknown(key, "CANCEL", is_new_key=True)
    return Candidate(
        key,
        "CANCEL",
        terms.strategy_id,
        terms.instrument_id,
        terms.side,
        _order_type(terms),
        terms.reduce_only,
        None,
        None,
        None,
        ZERO,
        None,
        ZERO,
        _counted(execution, slot, key, order),
        is_known=True,
        is_new_key=False,
        group=(),
        is_flatten=is_flatten(mode, "CANCEL", terms),
    )


def _by_itself(state: State, candidate: Candidate, gate: GateConfiguration) -> Decided:
    if _is_final(state.execution, candidate):
        return state, (outcome(candidate.key, candidate.kind, "invalid", "order_gone"),)
    verdict = judge(state, candidate, gate)
    return (state, (_denied(candidate, verdict, gate),)) if verdict.reason else _admitted(state, candidate, gate)


def _all_or_none(state: State, candidates: list[Candidate], gate: GateConfiguration) -> Decided:
    """Judge each member as if those before it had been admitted; the first that is denied denies all."""
    tried: State = state
    outcomes: tuple[Outcome, ...] = ()
    for candidate in candidates:
        verdict = _too_large(candidate, gate) or judge(tried, candidate, gate)
        if verdict.reason:
            others = Verdict("group_member_denied", candidate.key)
            return state, tuple(_denied(each, verdict if each is candidate else others, gate) for each in candidates)
        tried, added = _admitted(tried, candidate, gate)
        outcomes += added
    return tried, outcomes


def _too_large(candidate: Candidate, gate: GateConfiguration) -> Verdict | None:
    if gate.rate is None or len(candidate.group) <= gate.rate.burst:
        return None
    return Verdict("group_too_large", f"{len(candidate.group)} orders above a burst of {gate.rate.burst}")


def _admitted(state: State, candidate: Candidate, gate: GateConfiguration) -> Decided:
    now_ns = state.stream_time_ns
    control = state.control
    control = replace(control, safeguards=admitted(control.safeguards, candidate, now_ns, gate))
    if gate.mode == "observe":
        execution, outcomes = _observed(state.execution, candidate, now_ns, gate)
    else:
        is_reducing = candidate.kind != "CANCEL" and reduces(state, candidate)
        execution, outcomes = admit(state.execution, candidate, reduces=is_reducing, now_ns=now_ns, gate=gate)
    return replace(state, execution=execution, control=control), outcomes


def _observed(
    execution: ExecutionState, candidate: Candidate, now_ns: int, gate: GateConfiguration
) -> tuple[ExecutionState, tuple[Outcome, ...]]:
    """Say when the command would go, and charge the rate for it; the command itself goes at once, past the gate."""
    if candidate.kind != "CANCEL":
        execution = observe(execution, candidate, now_ns)
    rate, queue = gate.rate, execution.queue
    if rate is None:
        return execution, (_with_terms(candidate, "would_send"),)
    # The first of a group is charged for all of it, and the others go when it does.
    count = len(candidate.group) or 1
    is_first = candidate.key in candidate.group[:1] or count == 1
    go_ns = earliest(queue.arrival, rate, count if is_first else 0, now_ns)
    charged = execution
    if is_first:
        charged = replace(execution, queue=replace(queue, arrival=charge(queue.arrival, rate, count, go_ns)))
    if go_ns <= now_ns:
        return charged, (_with_terms(candidate, "would_send"),)
    return charged, (_with_terms(candidate, "would_hold", "rate_capacity", until_ns=go_ns),)


def _denied(candidate: Candidate, verdict: Verdict, gate: GateConfiguration) -> Outcome:
    if gate.mode == "on":
        return outcome(candidate.key, candidate.kind, "denied", verdict.reason, detail=verdict.detail)
    return _with_terms(candidate, "would_deny", verdict.reason, detail=verdict.detail)


def _with_terms(
    candidate: Candidate, result: Result, reason: Reason | Literal[""] = "", *, detail: str = "", until_ns: int = 0
) -> Outcome:
    """Return an outcome with the terms that were asked for: past an observing gate they are sent as they are."""
    return outcome(
        candidate.key,
        candidate.kind,
        result,
        reason,
        detail=detail,
        until_ns=until_ns,
        quantity=candidate.quantity,
        price=candidate.price,
        trigger_price=candidate.trigger_price,
    )


def _is_final(execution: ExecutionState, candidate: Candidate) -> bool:
    """Say whether a change or a cancel comes after its order's end: that is nobody's fault, and no matter of Risk."""
    if candidate.kind == "NEW":
        return False
    order = find(execution.orders, candidate.key)
    return order is not None and order.status in FINAL


def _is_unused(execution: ExecutionState, slot: int, key: str) -> bool:
    """Say whether nothing was ever sent or admitted under a key."""
    queue = execution.queue
    return key not in queue.pending[slot] and key not in queue.in_flight[slot] and found(execution.orders, slot, key) is None


def _counted(execution: ExecutionState, slot: int, key: str, order: Order | None) -> Decimal:
    counted = ZERO if order is None or order.status in FINAL else subtract(order.quantity, order.filled)
    for held in (execution.queue.pending[slot].get(key), execution.queue.in_flight[slot].get(key)):
        if held is not None:
            counted = add(counted, held.reserved)
    return counted


def _terms_now(order: Order | None, terms: OrderInitialized) -> tuple[Decimal, Decimal | None, Decimal | None]:
    if order is None:
        return terms.quantity, terms.price, terms.trigger_price
    return order.quantity, order.price, order.trigger_price


def _order_type(terms: OrderInitialized) -> str:
    """Return the order's type, or what about it no gate can hold: then it is denied, with the word behind the colon."""
    if terms.emulation_trigger is not None:
        return "UNSUPPORTED:emulated order"
    if terms.exec_algorithm_id is not None:
        return "UNSUPPORTED:execution algorithm"
    if terms.contingency_type is not None or terms.parent_order_id is not None or terms.linked_order_ids:
        return "UNSUPPORTED:contingent order"
    if terms.quote_quantity:
        return "UNSUPPORTED:quantity in quote currency"
    return terms.order_type


def _unknown(key: str, kind: Kind, *, is_new_key: bool, group: tuple[str, ...] = ()) -> Candidate:
    return Candidate(
        key=key,
        kind=kind,
        strategy_id="",
        instrument_id="",
        side="BUY",
        order_type="LIMIT",
        reduce_only=False,
        quantity=None,
        price=None,
        trigger_price=None,
        total=ZERO,
        effective_price=None,
        wanted=ZERO,
        counted=ZERO,
        is_known=False,
        is_new_key=is_new_key,
        group=group,
        is_flatten=False,
    )
