"""Orders, conditional orders and fills as documents of the REST interface.

Source: "New Order", "Query Order", "Account Trade List" and "New Algo Order" in Binance's documentation of the USD-M futures API.
"""

from tc.venue.matching import ZERO, AlgoView, OrderView, SymbolRules, TradeView
from tc.venue.protocol.amounts import milliseconds, money, price, quantity

type Document = dict[str, object]


def order_document(rules: SymbolRules, order: OrderView) -> Document:
    """Return an order as it is."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_order_id,
        "price": price(rules, order.price),
        "avgPrice": money(order.average_price),
        "origQty": quantity(rules, order.quantity),
        "executedQty": quantity(rules, order.executed_quantity),
        "cumQuote": money(order.executed_notional),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": "BOTH",
        "stopPrice": price(rules, order.stop_price),
        "workingType": order.working_type,
        "priceProtect": False,
        "origType": order.original_type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": milliseconds(order.created_ns),
        "updateTime": milliseconds(order.updated_ns),
    }


def answer_document(rules: SymbolRules, order: OrderView, *, is_acknowledgement: bool = False) -> Document:
    """Return what a request for an order is answered with: the order as it is, or as it was when it was accepted."""
    document = order_document(rules, order)
    del document["time"]
    document["cumQty"] = document["executedQty"]
    if is_acknowledgement:
        nothing = quantity(rules, ZERO)
        document |= {
            "status": "NEW",
            "executedQty": nothing,
            "cumQty": nothing,
            "cumQuote": money(ZERO),
            "avgPrice": money(ZERO),
        }
    return document


def trade_document(rules: SymbolRules, trade: TradeView) -> Document:
    """Return a fill."""
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side,
        "price": price(rules, trade.price),
        "qty": quantity(rules, trade.quantity),
        "realizedPnl": money(trade.realised_pnl),
        "quoteQty": money(trade.quote_quantity),
        "commission": money(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": milliseconds(trade.time_ns),
        "positionSide": "BOTH",
        "buyer": trade.side == "BUY",
        "maker": trade.is_maker,
    }


def algo_document(rules: SymbolRules, algo: AlgoView) -> Document:
    """Return a conditional order."""
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": "BOTH",
        "timeInForce": algo.time_in_force,
        "quantity": quantity(rules, algo.quantity),
        "algoStatus": algo.status,
        "actualOrderId": "" if algo.order_id is None else str(algo.order_id),
        "triggerPrice": price(rules, algo.trigger_price),
        "price": price(rules, algo.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": algo.working_type,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": False,
        "reduceOnly": algo.reduce_only,
        "createTime": milliseconds(algo.created_ns),
        "updateTime": milliseconds(algo.updated_ns),
        "triggerTime": milliseconds(algo.triggered_ns),
        "goodTillDate": 0,
    }
