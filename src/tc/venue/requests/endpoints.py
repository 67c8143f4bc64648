"""Every endpoint: its path, what it asks of the caller, its weight, its parameters, and what is done.

Source: the page of each endpoint in Binance's documentation of the USD-M futures API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tc.venue.protocol.access import Security
from tc.venue.protocol.params import Params
from tc.venue.requests import account, algos, batches, orders, public
from tc.venue.requests.reply import Handler

type Weight = int | Callable[[Params], int]

_NONE, _KEY, _SIGNED = Security.NONE, Security.KEY, Security.SIGNED
_IDS = "orderId origClientOrderId"
_RANGE = "startTime endTime limit"
_ORDER = "positionSide timeInForce price priceMatch reduceOnly newClientOrderId newOrderRespType"
_ALGO = "timeInForce quantity price triggerPrice workingType priceMatch closePosition priceProtect reduceOnly clientAlgoId"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint; `orders` counts the new orders of a request, None for one that places none."""

    handle: Handler
    security: Security
    weight: Weight
    mandatory: tuple[str, ...]
    optional: tuple[str, ...]
    orders: Callable[[Params], int] | None = None

    def weight_of(self, params: Params) -> int:
        """Return what a request weighs."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


def _of(
    handle: Handler,
    security: Security,
    weight: Weight,
    mandatory: str = "",
    optional: str = "",
    orders: Callable[[Params], int] | None = None,
) -> Endpoint:
    return Endpoint(handle, security, weight, tuple(mandatory.split()), tuple(optional.split()), orders)


def _one(_params: Params) -> int:
    return 1


def _per_symbol(one: int, every: int) -> Weight:
    return lambda params: one if params.text("symbol") else every


def _depth_weight(params: Params) -> int:
    limit = params.values.get("limit", "500")
    return {"5": 2, "10": 2, "20": 2, "50": 2, "100": 5, "500": 10}.get(limit, 20)


ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/ping"): _of(public.ping, _NONE, 1),
    ("GET", "/fapi/v1/time"): _of(public.time, _NONE, 1),
    ("GET", "/fapi/v1/exchangeInfo"): _of(public.exchange_info, _NONE, 1),
    ("GET", "/fapi/v1/depth"): _of(public.depth, _NONE, _depth_weight, "symbol", "limit"),
    ("GET", "/fapi/v1/trades"): _of(public.trades, _NONE, 5, "symbol", "limit"),
    ("GET", "/fapi/v1/historicalTrades"): _of(public.trades, _KEY, 20, "symbol", "limit fromId"),
    ("GET", "/fapi/v1/aggTrades"): _of(public.aggregate_trades, _NONE, 20, "symbol", f"fromId {_RANGE}"),
    ("GET", "/fapi/v1/klines"): _of(public.candles, _NONE, 5, "symbol interval", _RANGE),
    ("GET", "/fapi/v1/ticker/bookTicker"): _of(public.book_ticker, _NONE, _per_symbol(2, 5), "", "symbol"),
    ("GET", "/fapi/v1/ticker/price"): _of(public.price_ticker, _NONE, _per_symbol(1, 2), "", "symbol"),
    ("GET", "/fapi/v2/ticker/price"): _of(public.price_ticker, _NONE, _per_symbol(1, 2), "", "symbol"),
    ("GET", "/fapi/v1/premiumIndex"): _of(public.premium_index, _NONE, _per_symbol(1, 10), "", "symbol"),
    ("POST", "/fapi/v1/order"): _of(orders.place, _SIGNED, 0, "symbol side type quantity", _ORDER, _one),
    ("PUT", "/fapi/v1/order"): _of(orders.change, _SIGNED, 1, "symbol side quantity price", f"{_IDS} priceMatch", _one),
    ("DELETE", "/fapi/v1/order"): _of(orders.cancel, _SIGNED, 1, "symbol", _IDS),
    ("GET", "/fapi/v1/order"): _of(orders.look_up, _SIGNED, 1, "symbol", _IDS),
    ("GET", "/fapi/v1/openOrder"): _of(orders.look_up_open, _SIGNED, 1, "symbol", _IDS),
    ("GET", "/fapi/v1/openOrders"): _of(orders.list_open, _SIGNED, _per_symbol(1, 40), "", "symbol"),
    ("GET", "/fapi/v1/allOrders"): _of(orders.list_all, _SIGNED, 5, "symbol", f"orderId {_RANGE}"),
    ("DELETE", "/fapi/v1/allOpenOrders"): _of(orders.cancel_all, _SIGNED, 1, "symbol"),
    ("GET", "/fapi/v1/userTrades"): _of(orders.list_trades, _SIGNED, 5, "symbol", f"orderId fromId {_RANGE}"),
    ("POST", "/fapi/v1/batchOrders"): _of(batches.place, _SIGNED, 5, "batchOrders", "", batches.order_count),
    ("PUT", "/fapi/v1/batchOrders"): _of(batches.change, _SIGNED, 5, "batchOrders", "", batches.order_count),
    ("DELETE", "/fapi/v1/batchOrders"): _of(batches.cancel, _SIGNED, 1, "symbol", "orderIdList origClientOrderIdList"),
    ("POST", "/fapi/v1/algoOrder"): _of(algos.place, _SIGNED, 0, "algoType symbol side type", f"positionSide {_ALGO}", _one),
    ("DELETE", "/fapi/v1/algoOrder"): _of(algos.cancel, _SIGNED, 1, "", "algoId clientAlgoId"),
    ("GET", "/fapi/v1/algoOrder"): _of(algos.look_up, _SIGNED, 1, "", "algoId clientAlgoId"),
    ("GET", "/fapi/v1/openAlgoOrders"): _of(algos.list_open, _SIGNED, _per_symbol(1, 40), "", "algoType symbol algoId"),
    ("GET", "/fapi/v1/allAlgoOrders"): _of(algos.list_all, _SIGNED, 5, "symbol", f"algoId page {_RANGE}"),
    ("DELETE", "/fapi/v1/algoOpenOrders"): _of(algos.cancel_all, _SIGNED, 1, "symbol"),
    ("GET", "/fapi/v2/account"): _of(account.account_v2, _SIGNED, 5),
    ("GET", "/fapi/v3/account"): _of(account.account_v3, _SIGNED, 5),
    ("GET", "/fapi/v2/balance"): _of(account.balance, _SIGNED, 5),
    ("GET", "/fapi/v3/balance"): _of(account.balance, _SIGNED, 5),
    ("GET", "/fapi/v2/positionRisk"): _of(account.positions_v2, _SIGNED, 5, "", "symbol"),
    ("GET", "/fapi/v3/positionRisk"): _of(account.positions_v3, _SIGNED, 5, "", "symbol"),
    ("GET", "/fapi/v1/positionSide/dual"): _of(account.position_mode, _SIGNED, 30),
    ("POST", "/fapi/v1/positionSide/dual"): _of(account.set_position_mode, _SIGNED, 1, "dualSidePosition"),
    ("GET", "/fapi/v1/multiAssetsMargin"): _of(account.multi_assets_mode, _SIGNED, 30),
    ("POST", "/fapi/v1/leverage"): _of(account.set_leverage, _SIGNED, 1, "symbol leverage"),
    ("POST", "/fapi/v1/marginType"): _of(account.set_margin_type, _SIGNED, 1, "symbol marginType"),
    ("GET", "/fapi/v1/symbolConfig"): _of(account.symbol_config, _SIGNED, 5, "", "symbol"),
    ("GET", "/fapi/v1/commissionRate"): _of(account.commission, _SIGNED, 20, "symbol"),
    ("GET", "/fapi/v1/leverageBracket"): _of(account.brackets, _SIGNED, 1, "", "symbol"),
    ("POST", "/fapi/v1/listenKey"): _of(account.open_stream, _KEY, 1),
    ("PUT", "/fapi/v1/listenKey"): _of(account.keep_stream, _KEY, 1, "", "listenKey"),
    ("DELETE", "/fapi/v1/listenKey"): _of(account.close_stream, _KEY, 1, "", "listenKey"),
}
