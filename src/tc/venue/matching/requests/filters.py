"""The symbol's filters: which prices, quantities and ids a request may carry.

Sources: developers.binance.com, usds-margined-futures, "Error Codes" (40xx: filters and other issues) and "Common Definition"
(PRICE_FILTER, LOT_SIZE, MARKET_LOT_SIZE, MIN_NOTIONAL, PERCENT_PRICE); "New Order" for the characters of a client order id.
"""

import re
from decimal import Decimal

from tc.venue.matching.amounts import is_multiple, places
from tc.venue.matching.orders import NewOrder
from tc.venue.matching.refusals import Refused, bad_precision, mandatory, not_required
from tc.venue.matching.rules import OrderType, Side, SymbolRules, TimeInForce

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]*")
_LONGEST_CLIENT_ID = 36


def check(order: NewOrder, rules: SymbolRules, mark: Decimal | None) -> None:
    """Refuse an order that its symbol's filters do not let through."""
    check_client_id(order.client_order_id)
    _check_shape(order)
    if order.price is not None:
        check_price(order.price, order.side, rules, mark)
    if order.stop_price is not None:
        _check_tick(order.stop_price, rules, "stopPrice")
    if order.quantity is not None:
        is_market = not order.type.has_price
        check_quantity(order.quantity, rules, rules.market_max_quantity if is_market else rules.max_quantity)
        reference = order.price or order.stop_price or mark
        if reference is not None and not order.reduce_only:
            check_notional(reference * order.quantity, rules)


def check_client_id(client_id: str, parameter: str = "newClientOrderId") -> None:
    """Refuse a client id that is too long (-4015) or has other characters than Binance allows (-1100)."""
    if len(client_id) > _LONGEST_CLIENT_ID:
        raise Refused(-4015, f"Client order id length should be not more than {_LONGEST_CLIENT_ID} chars")
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise Refused(
            -1100, f"Illegal characters found in parameter '{parameter}'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{{1,36}}$'."
        )


def _check_shape(order: NewOrder) -> None:
    if order.close_position and (order.type.has_price or not order.type.is_conditional or order.reduce_only):
        raise Refused(-4136, f"Target strategy invalid for orderType {order.type}, closePosition true.")
    _demand(order.quantity, "quantity", is_required=not order.close_position)
    _demand(order.price, "price", is_required=order.type.has_price)
    _demand(order.stop_price, "stopPrice", is_required=order.type.is_conditional)
    if order.type is OrderType.MARKET and order.time_in_force is not TimeInForce.GTC:
        raise not_required("timeInForce")


def _demand(value: Decimal | None, name: str, *, is_required: bool) -> None:
    if value is None:
        if is_required:
            raise mandatory(name)
    elif not is_required:
        raise not_required(name)


def check_price(price: Decimal, side: Side, rules: SymbolRules, mark: Decimal | None) -> None:
    """Refuse a limit price off the grid, out of range, or too far from the mark price."""
    _check_tick(price, rules, "price")
    if mark is None:
        return
    if side is Side.BUY and rules.multiplier_up is not None and price > mark * rules.multiplier_up:
        raise Refused(-4016, f"Limit price can't be higher than {mark * rules.multiplier_up:f}.")
    if side is Side.SELL and rules.multiplier_down is not None and price < mark * rules.multiplier_down:
        raise Refused(-4024, f"Limit price can't be lower than {mark * rules.multiplier_down:f}.")


def _check_tick(price: Decimal, rules: SymbolRules, name: str) -> None:
    if not price.is_finite():
        raise mandatory(name)
    if price <= 0:
        raise Refused(-4001, "Price less than 0.")
    if price > rules.max_price:
        raise Refused(-4002, "Price greater than max price.")
    if places(price) > rules.price_precision:
        raise bad_precision()
    if price < rules.min_price:
        raise Refused(-4013, "Price less than min price.")
    if not is_multiple(price, rules.tick_size):
        raise Refused(-4014, "Price not increased by tick size.")


def check_quantity(quantity: Decimal, rules: SymbolRules, largest: Decimal) -> None:
    """Refuse a quantity off the grid or out of range."""
    if not quantity.is_finite():
        raise mandatory("quantity")
    if quantity <= 0:
        raise Refused(-4003, "Quantity less than or equal to zero.")
    if quantity > largest:
        raise Refused(-4005, "Quantity greater than max quantity.")
    if places(quantity) > rules.quantity_precision:
        raise bad_precision()
    if quantity < rules.min_quantity:
        raise Refused(-4004, "Quantity less than min quantity.")
    if not is_multiple(quantity, rules.step_size):
        raise Refused(-4023, "Qty not increased by step size.")


def check_notional(notional: Decimal, rules: SymbolRules) -> None:
    """Refuse an order that is worth too little; reduce-only orders are not asked."""
    if notional < rules.min_notional:
        raise Refused(-4164, f"Order's notional must be no smaller than {rules.min_notional:f} (unless you choose reduce only).")
