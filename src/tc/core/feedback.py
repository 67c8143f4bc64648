"""From feedback to the queue: what an execution event settles, and what it moves in exposure and safeguards."""

from msgspec.structs import replace

from tc.core.control.queue import begun, drop, outgrow, settle
from tc.core.decision import Outcome
from tc.core.events import (
    DispatchFailed,
    Event,
    Kind,
    OrderAccepted,
    OrderCancelRejected,
    OrderFilled,
    OrderModifyRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
    SnapshotTaken,
)
from tc.core.gate import GateConfiguration
from tc.core.risk import executed
from tc.core.state import exposure, slots
from tc.core.state.anomalies import is_without_effect
from tc.core.state.exact import ZERO
from tc.core.state.model import FINAL, ExecutionState, Order, State
from tc.core.state.orders import find, found

_NEW: frozenset[Kind] = frozenset({"NEW"})
_NOTHING: frozenset[Kind] = frozenset()

SETTLES: dict[type, frozenset[Kind]] = {
    OrderAccepted: frozenset({"NEW", "REPLACE", "CANCEL"}),
    OrderTriggered: _NEW,
    OrderModifyRejected: frozenset({"REPLACE"}),
    OrderCancelRejected: frozenset({"CANCEL"}),
    OrderUpdated: frozenset({"REPLACE"}),
    OrderFilled: _NEW,
}
"""Which commands in flight an event answers, of an order that goes on; one that has ended answers every one of its key.

An order that is accepted again is as it was: whatever was sent about it has not been carried out.
"""


def answered(before: State, folded: State, event: Event, gate: GateConfiguration) -> tuple[State, tuple[Outcome, ...]]:
    """Move exposure and safeguards by an execution event, and settle what it answers; a late or repeated one does neither."""
    if is_without_effect(event, before.execution, folded.execution):
        return folded, ()
    key: str = event.client_order_id  # type: ignore[union-attr]  # every event that is given here has one
    slot = slots.slot_of(key)
    was, now = found(before.execution.orders, slot, key), found(folded.execution.orders, slot, key)
    execution, control = folded.execution, folded.control
    exposures = exposure.moved(execution.exposures, was, now)
    if type(event) is OrderFilled and execution.holdings is not before.execution.holdings:  # A repeated fill moves nothing.
        exposures = exposure.filled(exposures, event.instrument_id, event.side, event.quantity)
        if was is None or not was.filled:
            safeguards = executed(control.safeguards, event.strategy_id, folded.stream_time_ns, gate)
            control = replace(control, safeguards=safeguards)
    if exposures is not execution.exposures:
        execution = replace(execution, exposures=exposures)
    outcomes: tuple[Outcome, ...] = ()
    queue = execution.queue
    if key in queue.in_flight[slot] or key in queue.pending[slot]:
        execution, outcomes = _settled(execution, now, event, slot, key, gate)
    if execution is folded.execution and control is folded.control:
        return folded, outcomes
    return replace(folded, execution=execution, control=control), outcomes


def _settled(
    execution: ExecutionState, now: Order | None, event: Event, slot: int, key: str, gate: GateConfiguration
) -> tuple[ExecutionState, tuple[Outcome, ...]]:
    if type(event) is OrderSubmitted:
        return begun(execution, key), ()
    is_gone = key not in execution.orders.unsubmitted[slot] if now is None else now.status in FINAL
    if is_gone:
        return drop(execution, key, gate)
    if type(event) is DispatchFailed:
        kinds = frozenset({event.kind})
    elif type(event) is OrderUpdated and not _answers(execution, event):
        kinds = _NOTHING
    else:
        kinds = SETTLES[type(event)]
    execution = settle(execution, key, kinds, gate)
    if now is None or key not in execution.queue.pending[slot]:
        return execution, ()
    return outgrow(execution, key, now.filled, gate)


def _answers(execution: ExecutionState, event: OrderUpdated) -> bool:
    """Say whether an update is what was asked for; a venue may also update an order by itself."""
    flying = slots.get(execution.queue.in_flight, event.client_order_id)
    return flying is not None and (
        flying.quantity in (None, event.quantity)
        and flying.price in (None, event.price)
        and flying.trigger_price in (None, event.trigger_price)
    )


def snapshot_counted(folded: State, event: SnapshotTaken) -> State:
    """Count the orders and positions that a snapshot brought in."""
    exposures = folded.execution.exposures
    for each in event.orders:
        exposures = exposure.moved(exposures, None, find(folded.execution.orders, each.terms.client_order_id))
    for held in event.positions:
        side = "BUY" if held.signed_quantity > ZERO else "SELL"
        exposures = exposure.filled(exposures, held.instrument_id, side, held.signed_quantity.copy_abs())
    return replace(folded, execution=replace(folded.execution, exposures=exposures))
