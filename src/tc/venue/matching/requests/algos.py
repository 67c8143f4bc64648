"""Conditional orders: they wait beside the book, and become ordinary orders when a price triggers them.

Source: Binance, usds-margined-futures, "New Algo Order" and "Event: Algo Order Update" (since 2025-12-09): a conditional order
needs no margin before it triggers; the order that it becomes has an id of its own and the same client order id; what the
matching engine then refuses makes it REJECTED, and a position that is no longer there EXPIRED.
"""

from dataclasses import replace
from decimal import Decimal

from tc.venue.matching.amounts import ZERO
from tc.venue.matching.facts import AlgoChanged
from tc.venue.matching.orders import AlgoView, NewOrder
from tc.venue.matching.refusals import Refused
from tc.venue.matching.requests.placing import admit, enter, open_view
from tc.venue.matching.requests.step import Step
from tc.venue.matching.rules import AlgoStatus, OrderType, Side, WorkingType


def place_algo(step: Step, asked: NewOrder) -> None:
    """Let a conditional order wait; refuse one that would trigger at once (-2021)."""
    trigger = asked.stop_price or ZERO
    price = step.market.price_for(asked.working_type)
    if price is not None and is_triggered(asked.side, asked.type, trigger, price):
        raise Refused(-2021, "Order would immediately trigger.")
    algo_id = step.records.next_order_id()
    algo = AlgoView(
        algo_id=algo_id,
        client_algo_id=asked.client_order_id or f"auto-{algo_id}",
        symbol=asked.symbol,
        side=asked.side,
        type=asked.type,
        time_in_force=asked.time_in_force,
        quantity=asked.quantity or ZERO,
        price=asked.price or ZERO,
        trigger_price=trigger,
        reduce_only=asked.reduce_only,
        close_position=asked.close_position,
        working_type=asked.working_type,
        status=AlgoStatus.NEW,
        created_ns=step.now_ns,
        updated_ns=step.now_ns,
    )
    step.market.waiting[algo_id] = algo
    _change(step, algo)


def is_triggered(side: Side, order_type: OrderType, trigger: Decimal, price: Decimal) -> bool:
    """Whether a price has reached a trigger: a stop's from the near side, a take-profit's from the far side."""
    is_upwards = (side is Side.BUY) is order_type.is_stop
    return price >= trigger if is_upwards else price <= trigger


def cancel_algo(step: Step, algo: AlgoView) -> None:
    """End a waiting conditional order as its owner wishes."""
    _end(step, algo, AlgoStatus.CANCELED)


def trigger_reached(step: Step, working_type: WorkingType) -> None:
    """Trigger what waited for the price as it is now, oldest first."""
    price = step.market.price_for(working_type)
    if price is None:
        return
    for algo in tuple(step.market.waiting.values()):
        if algo.working_type is working_type and is_triggered(algo.side, algo.type, algo.trigger_price, price):
            _trigger(step, algo)


def _trigger(step: Step, algo: AlgoView) -> None:
    algo = replace(algo, status=AlgoStatus.TRIGGERING, triggered_ns=step.now_ns, updated_ns=step.now_ns)
    _change(step, algo)
    quantity = step.holding.can_reduce(algo.side.sign) if algo.close_position else algo.quantity
    if algo.close_position and not quantity:
        _end(step, algo, AlgoStatus.EXPIRED)
        return
    try:
        order = admit(step, open_view(step, _as_asked(algo), quantity))
    except Refused as refused:
        _end(step, replace(algo, reject_reason=refused.message), AlgoStatus.REJECTED)
        return
    order = replace(order, order_id=step.records.next_order_id(), algo_id=algo.algo_id)
    _end(step, replace(algo, order_id=order.order_id), AlgoStatus.TRIGGERED)
    enter(step, order)


def _as_asked(algo: AlgoView) -> NewOrder:
    return NewOrder(
        client_order_id=algo.client_algo_id,
        symbol=algo.symbol,
        side=algo.side,
        type=algo.type,
        time_in_force=algo.time_in_force,
        price=algo.price if algo.type.has_price else None,
        stop_price=algo.trigger_price,
        reduce_only=algo.reduce_only or algo.close_position,
        close_position=algo.close_position,
        working_type=algo.working_type,
    )


def _end(step: Step, algo: AlgoView, status: AlgoStatus) -> None:
    step.market.waiting.pop(algo.algo_id, None)
    _change(step, replace(algo, status=status, updated_ns=step.now_ns))


def _change(step: Step, algo: AlgoView) -> None:
    step.records.put_algo(algo)
    step.facts.append(AlgoChanged(algo=algo))
