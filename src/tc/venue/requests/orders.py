"""Requests for orders: place, change, cancel, look up."""

from collections.abc import Sequence

from tc.venue.matching import Fact, NewOrder, OrderChanged, OrderType, OrderView, TimeInForce
from tc.venue.protocol.orders import answer_document, order_document, trade_document
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError, missing
from tc.venue.requests import broken, reading
from tc.venue.requests.reply import Reply
from tc.venue.venue import Venue

_INVALID_TYPE = ApiError(-1116, "Invalid orderType.")
_FOR_ALGOS = ApiError(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")


def place(venue: Venue, params: Params, now_ns: int) -> Reply:
    """POST order."""
    rules = reading.rules_of(venue, params)
    form = params.choice("newOrderRespType", ("ACK", "RESULT"), ApiError(-1136, "Invalid newOrderRespType."))
    order = new_order(params)
    facts = venue.exchange.submit(order, now_ns)
    return Reply(answer_document(rules, _placed(facts, order), is_acknowledgement=form != "RESULT"), facts)


def change(venue: Venue, params: Params, now_ns: int) -> Reply:
    """PUT order."""
    rules = reading.rules_of(venue, params)
    order_id, client_id = reading.order_ids_of(params, "orderId", "origClientOrderId")
    facts = venue.exchange.amend(
        rules.symbol,
        order_id=order_id,
        client_order_id=client_id,
        side=reading.side_of(params),
        quantity=reading.amount_of(params, "quantity"),
        price=reading.amount_of(params, "price"),
        now_ns=now_ns,
    )
    order = venue.exchange.order(rules.symbol, order_id=order_id, client_order_id=client_id)
    return Reply(answer_document(rules, order), facts)


def cancel(venue: Venue, params: Params, now_ns: int) -> Reply:
    """DELETE order."""
    rules = reading.rules_of(venue, params)
    order_id, client_id = reading.order_ids_of(params, "orderId", "origClientOrderId")
    broken.lose_race(venue, rules.symbol, order_id, client_id, now_ns)
    facts = venue.exchange.cancel(rules.symbol, order_id=order_id, client_order_id=client_id, now_ns=now_ns)
    (order,) = [fact.order for fact in facts if isinstance(fact, OrderChanged)][-1:]
    return Reply(answer_document(rules, order), facts)


def cancel_all(venue: Venue, params: Params, now_ns: int) -> Reply:
    """DELETE allOpenOrders."""
    facts = venue.exchange.cancel_all(reading.rules_of(venue, params).symbol, now_ns)
    return Reply({"code": 200, "msg": "The operation of cancel all open order is done."}, facts)


def look_up(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET order."""
    rules = reading.rules_of(venue, params)
    order_id, client_id = reading.order_ids_of(params, "orderId", "origClientOrderId")
    return Reply(order_document(rules, venue.exchange.order(rules.symbol, order_id=order_id, client_order_id=client_id)))


def look_up_open(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET openOrder."""
    reply = look_up(venue, params, now_ns)
    rules = reading.rules_of(venue, params)
    order_id, client_id = reading.order_ids_of(params, "orderId", "origClientOrderId")
    if not venue.exchange.order(rules.symbol, order_id=order_id, client_order_id=client_id).status.is_open:
        raise ApiError(-2013, "Order does not exist.")
    return reply


def list_open(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET openOrders."""
    chosen = reading.chosen_symbols(venue, params)
    return Reply([order_document(rules, order) for rules in chosen for order in venue.exchange.open_orders(rules.symbol)])


def list_all(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET allOrders: from an order id on, or else the latest."""
    rules = reading.rules_of(venue, params)
    found = venue.exchange.page_of_orders(rules.symbol, reading.account_page(params, now_ns, first="orderId"))
    return Reply([order_document(rules, order) for order in found])


def list_trades(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET userTrades: from a trade id on, or else the latest."""
    rules = reading.rules_of(venue, params)
    if params.text("fromId") is not None and (params.text("startTime") or params.text("endTime")) is not None:
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    page = reading.account_page(params, now_ns, first="fromId")
    found = venue.exchange.page_of_trades(rules.symbol, page, order_id=params.integer("orderId"))
    return Reply([trade_document(rules, trade) for trade in found])


def new_order(params: Params) -> NewOrder:
    """Read an order.

    Raises
    ------
    ApiError
        A parameter is missing or wrong, or the type is one of the conditional ones.

    """
    kind = params.choice("type", [*OrderType, "TRAILING_STOP_MARKET"], _INVALID_TYPE)
    if kind is None:
        raise missing("type")
    if kind not in {OrderType.LIMIT, OrderType.MARKET}:
        raise _FOR_ALGOS
    reading.check_one_way(params)
    time_in_force, price = reading.time_in_force_of(params), params.decimal("price")
    if kind == OrderType.LIMIT and time_in_force is None:
        raise missing("timeInForce")
    if kind == OrderType.LIMIT and price is None:
        raise missing("price")
    if kind == OrderType.MARKET and price is not None:
        raise ApiError(-1106, "Parameter 'price' sent when not required.")
    return NewOrder(
        client_order_id=reading.client_id_of(params, "newClientOrderId") or "",
        symbol=params.values["symbol"],
        side=reading.side_of(params),
        type=OrderType(kind),
        time_in_force=TimeInForce.GTC if time_in_force is None or kind == OrderType.MARKET else time_in_force,
        quantity=reading.amount_of(params, "quantity"),
        price=price,
        reduce_only=params.flag("reduceOnly"),
    )


def _placed(facts: Sequence[Fact], order: NewOrder) -> OrderView:
    """Return the order as the facts leave it."""
    changed = [fact.order for fact in facts if isinstance(fact, OrderChanged)]
    mine = order.client_order_id or next(each.client_order_id for each in changed)
    return [each for each in changed if each.client_order_id == mine][-1]
