"""What a client may ask for: submit, amend, cancel. Each is refused before anything has changed, or done whole."""

from dataclasses import replace
from decimal import Decimal

from tc.venue.matching.amounts import ZERO
from tc.venue.matching.orders import NewOrder, OrderView
from tc.venue.matching.refusals import Refused, no_such_order
from tc.venue.matching.requests.algos import place_algo
from tc.venue.matching.requests.filters import check, check_notional, check_price, check_quantity
from tc.venue.matching.requests.placing import admit, enter, open_view, would_take
from tc.venue.matching.requests.step import Step
from tc.venue.matching.rules import Execution, OrderStatus, Side, TimeInForce

_MOST_AMENDMENTS = 10_000


def submit(step: Step, asked: NewOrder) -> None:
    """Place an order: into the book, or to wait for its trigger."""
    check(asked, step.market.rules, step.market.mark())
    if asked.client_order_id and step.records.is_used(asked.symbol, asked.client_order_id):
        raise Refused(-4116, "ClientOrderId is duplicated.")
    if len(step.records.open_orders(asked.symbol)) + len(step.market.waiting) >= step.market.rules.max_open_orders:
        raise Refused(-2025, "Reach max open order limit.")
    if asked.type.is_conditional:
        place_algo(step, asked)
        return
    order = open_view(step, asked, asked.quantity or ZERO)
    order = admit(step, order)
    order_id = step.records.next_order_id()
    enter(step, replace(order, order_id=order_id, client_order_id=order.client_order_id or f"auto-{order_id}"))


def amend(step: Step, order: OrderView | None, side: Side, quantity: Decimal, price: Decimal) -> None:
    """Change an order's quantity and price in place: it keeps its ids and goes to the end of the queue.

    Source: Binance, usds-margined-futures, "Modify Order": only LIMIT orders (others never rest here); modified orders are
    reordered in the match queue; the order is cancelled when the new quantity is not above what has traded, or when a GTX
    order would trade at once; at most 10,000 times. Error codes -5026 and -5027 there.
    """
    if order is None or not order.status.is_open:
        raise no_such_order()
    _check_amendment(step, order, side, quantity, price)
    changed = replace(order, quantity=quantity, price=price, amendments=order.amendments + 1, updated_ns=step.now_ns)
    if quantity <= order.executed_quantity or (order.time_in_force is TimeInForce.GTX and would_take(step, changed)):
        step.close(order, Execution.CANCELED, OrderStatus.CANCELED)
        return
    changed = admit(step, changed, instead_of=order)
    step.market.ours[order.side].remove(order.order_id)
    step.change(changed, Execution.AMENDMENT)
    left = step.take(changed.order_id, changed.price)
    if left.status.is_open:
        step.rest(left)


def _check_amendment(step: Step, order: OrderView, side: Side, quantity: Decimal, price: Decimal) -> None:
    if side is not order.side:
        raise Refused(-1117, "Invalid side.")
    if order.amendments >= _MOST_AMENDMENTS:
        raise Refused(-5026, "Exceed maximum modify order limit.")
    rules = step.market.rules
    check_price(price, side, rules, step.market.mark())
    check_quantity(quantity, rules, rules.max_quantity)
    if not order.reduce_only:
        check_notional(price * quantity, rules)
    if (price, quantity) == (order.price, order.quantity):
        raise Refused(-5027, "No need to modify the order.")


def cancel(step: Step, order: OrderView) -> None:
    """End an open order as its owner wishes."""
    step.close(order, Execution.CANCELED, OrderStatus.CANCELED)
