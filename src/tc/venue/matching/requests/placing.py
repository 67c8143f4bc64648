"""How an order enters the book: what is checked at the door, and what happens to it at once."""

from dataclasses import replace
from decimal import Decimal

from tc.venue.matching.amounts import ZERO
from tc.venue.matching.orders import NewOrder, OrderView
from tc.venue.matching.refusals import Refused
from tc.venue.matching.requests.step import Step
from tc.venue.matching.rules import Execution, OrderStatus, OrderType, Side, TimeInForce


def open_view(step: Step, asked: NewOrder, quantity: Decimal) -> OrderView:
    """Make the order that is asked for, before it has an id."""
    return OrderView(
        order_id=0,
        client_order_id=asked.client_order_id,
        symbol=asked.symbol,
        side=asked.side,
        type=OrderType.LIMIT if asked.type.has_price else OrderType.MARKET,
        original_type=asked.type,
        time_in_force=asked.time_in_force,
        quantity=quantity,
        price=asked.price or ZERO,
        stop_price=asked.stop_price or ZERO,
        reduce_only=asked.reduce_only,
        close_position=asked.close_position,
        working_type=asked.working_type,
        status=OrderStatus.NEW,
        created_ns=step.now_ns,
        updated_ns=step.now_ns,
    )


def admit(step: Step, order: OrderView, *, instead_of: OrderView | None = None) -> OrderView:
    """Refuse an order that may not enter, or return it as it may: a reduce-only order is cut to what it can close.

    Sources: Binance's "Error Codes" (-2019, -2022, -4118) and derivatives change log, 2023-03-08 (FOK and GTX orders that cannot
    be executed so are refused at once, and not recorded). That Binance cuts reduce-only orders, and counts the resting ones
    against the position, is what users measured: nautilus_trader issue 3983, xLydianSoftware/Qubx issue 386.
    """
    if order.reduce_only:
        order = replace(order, quantity=_reducible(step, order, instead_of) + order.executed_quantity)
    if order.time_in_force is TimeInForce.GTX and would_take(step, order):
        raise Refused(
            -5022,
            "Due to the order could not be executed as maker, the Post Only order will be rejected. "
            "The order will not be recorded in the order history",
        )
    if order.time_in_force is TimeInForce.FOK:
        _refuse_unless_filled_whole(step, order)
    if not order.reduce_only:
        _refuse_unless_covered(step, order, instead_of)
    return order


def _reducible(step: Step, order: OrderView, instead_of: OrderView | None) -> Decimal:
    closable = step.holding.can_reduce(order.side.sign)
    if not closable:
        raise Refused(-2022, "ReduceOnly Order is rejected.")
    if order.close_position:
        return closable
    for resting in step.records.open_orders(step.symbol):
        if resting.reduce_only and (instead_of is None or resting.order_id != instead_of.order_id):
            closable -= resting.remaining
    if closable <= 0:
        raise Refused(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders")
    return min(order.remaining, closable)


def would_take(step: Step, order: OrderView) -> bool:
    """Whether a limit order would trade at once."""
    return step.market.is_met(order.side, order.price)


def _refuse_unless_filled_whole(step: Step, order: OrderView) -> None:
    limit = order.price if order.type is OrderType.LIMIT else None
    if step.market.visible[order.side.opposite].offered_up_to(limit, order.quantity) < order.quantity:
        raise Refused(
            -5021,
            "Due to the order could not be filled immediately, the FOK order has been rejected. "
            "The order will not be recorded in the order history",
        )


def _refuse_unless_covered(step: Step, order: OrderView, instead_of: OrderView | None) -> None:
    notional = order.remaining * _assumed_price(step, order)
    if instead_of is not None:
        notional -= instead_of.remaining * instead_of.price
    if not step.state.covers(step.symbol, order.side, notional):
        raise Refused(-2019, "Margin is insufficient.")


def _assumed_price(step: Step, order: OrderView) -> Decimal:
    """Return the price at which an order is taken to trade: its limit, but for a sell never below the best bid."""
    touch = step.market.visible[order.side.opposite].best()
    if order.type is OrderType.MARKET:
        return touch if touch is not None else step.market.mark() or ZERO
    return max(order.price, touch) if touch is not None and order.side is Side.SELL else order.price


def enter(step: Step, order: OrderView) -> None:
    """Put an admitted order to work: it takes what it may, and what is left rests or expires."""
    step.change(order, Execution.NEW)
    left = step.take(order.order_id, order.price if order.type is OrderType.LIMIT else None)
    if not left.status.is_open:
        return
    if left.type is OrderType.MARKET or left.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
        step.close(left, Execution.EXPIRED, OrderStatus.EXPIRED)
    else:
        step.rest(left)
