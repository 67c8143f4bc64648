"""Requests for conditional orders, which Binance keeps apart from the others: place, cancel, look up."""

from tc.venue.matching import AlgoChanged, NewOrder, OrderType, TimeInForce, WorkingType
from tc.venue.protocol.orders import algo_document
from tc.venue.protocol.params import Params
from tc.venue.protocol.problems import ApiError, malformed, missing
from tc.venue.requests import reading
from tc.venue.requests.reply import Reply
from tc.venue.venue import Venue

_CONDITIONAL = tuple(each for each in OrderType if each.is_conditional)


def place(venue: Venue, params: Params, now_ns: int) -> Reply:
    """POST algoOrder."""
    rules = reading.rules_of(venue, params)
    facts = venue.exchange.submit(_new_order(params), now_ns)
    algo = next(fact.algo for fact in facts if isinstance(fact, AlgoChanged))
    return Reply(algo_document(rules, algo), facts)


def cancel(venue: Venue, params: Params, now_ns: int) -> Reply:
    """DELETE algoOrder."""
    algo_id, client_id = reading.order_ids_of(params, "algoId", "clientAlgoId")
    facts = venue.exchange.cancel_algo(algo_id=algo_id, client_algo_id=client_id, now_ns=now_ns)
    algo = next(fact.algo for fact in facts if isinstance(fact, AlgoChanged))
    return Reply({"algoId": algo.algo_id, "clientAlgoId": algo.client_algo_id, "code": "200", "msg": "success"}, facts)


def cancel_all(venue: Venue, params: Params, now_ns: int) -> Reply:
    """DELETE algoOpenOrders."""
    facts = venue.exchange.cancel_all_algos(reading.rules_of(venue, params).symbol, now_ns)
    return Reply({"code": 200, "msg": "The operation of cancel all open order is done."}, facts)


def look_up(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET algoOrder."""
    algo_id, client_id = reading.order_ids_of(params, "algoId", "clientAlgoId")
    algo = venue.exchange.algo(algo_id=algo_id, client_algo_id=client_id)
    return Reply(algo_document(venue.exchange.rules(algo.symbol), algo))


def list_open(venue: Venue, params: Params, _now_ns: int) -> Reply:
    """GET openAlgoOrders."""
    only, chosen = params.integer("algoId"), reading.chosen_symbols(venue, params)
    found = [(rules, algo) for rules in chosen for algo in venue.exchange.open_algos(rules.symbol)]
    return Reply([algo_document(rules, algo) for rules, algo in found if only in {None, algo.algo_id}])


def list_all(venue: Venue, params: Params, now_ns: int) -> Reply:
    """GET allAlgoOrders: from an id on, or else the latest, and with a page number those before them."""
    rules = reading.rules_of(venue, params)
    page = reading.account_page(params, now_ns, first="algoId", page=params.integer("page") or 1)
    return Reply([algo_document(rules, algo) for algo in venue.exchange.page_of_algos(rules.symbol, page)])


def _new_order(params: Params) -> NewOrder:
    if params.text("algoType") != "CONDITIONAL":
        raise malformed("algoType")
    kind = params.choice("type", _CONDITIONAL, ApiError(-1116, "Invalid orderType."))
    if kind is None:
        raise missing("type")
    reading.check_one_way(params)
    working_type = params.choice("workingType", [*WorkingType], ApiError(-4031, "Invalid working type."))
    closes = params.flag("closePosition")
    return NewOrder(
        client_order_id=reading.client_id_of(params, "clientAlgoId") or "",
        symbol=params.values["symbol"],
        side=reading.side_of(params),
        type=OrderType(kind),
        time_in_force=reading.time_in_force_of(params) or TimeInForce.GTC,
        quantity=params.decimal("quantity") if closes else reading.amount_of(params, "quantity"),
        price=reading.amount_of(params, "price") if OrderType(kind).has_price else params.decimal("price"),
        stop_price=reading.amount_of(params, "triggerPrice"),
        reduce_only=params.flag("reduceOnly"),
        close_position=closes,
        working_type=WorkingType(working_type or "CONTRACT_PRICE"),
    )
