"""What may be traded and how, as the documents of exchangeInfo, symbolConfig, commissionRate and leverageBracket.

Source: "Exchange Information", "Symbol Configuration", "User Commission Rate" and "Notional and Leverage Brackets" in Binance's
documentation of the USD-M futures API.
"""

from collections.abc import Iterable

from tc.venue.matching import OrderType, SymbolRules, TimeInForce
from tc.venue.protocol.account import LARGEST_NOTIONAL
from tc.venue.protocol.amounts import plain
from tc.venue.protocol.limits import LimitSettings
from tc.venue.protocol.orders import Document

_ONBOARD_MS = 1_569_398_400_000
_NEVER_MS = 4_133_404_800_000
_PRECISION = 8


def exchange_document(all_rules: Iterable[SymbolRules], limits: LimitSettings, now_ms: int) -> Document:
    """Return the whole of exchangeInfo."""
    all_rules = tuple(all_rules)
    assets = dict.fromkeys(rules.quote for rules in all_rules)
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight),
            _rate_limit("ORDERS", "MINUTE", 1, limits.orders),
            _rate_limit("ORDERS", "SECOND", 10, limits.orders_in_ten_seconds),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"} for asset in assets],
        "symbols": [_symbol(rules) for rules in all_rules],
    }


def config_document(rules: SymbolRules, leverage: int) -> Document:
    """Return a symbol's configuration."""
    return {
        "symbol": rules.symbol,
        "marginType": "CROSSED",
        "isAutoAddMargin": False,
        "leverage": leverage,
        "maxNotionalValue": LARGEST_NOTIONAL,
    }


def commission_document(rules: SymbolRules) -> Document:
    """Return a symbol's rates."""
    return {
        "symbol": rules.symbol,
        "makerCommissionRate": f"{rules.maker_rate:f}",
        "takerCommissionRate": f"{rules.taker_rate:f}",
        "rpiCommissionRate": "0",
    }


def bracket_document(rules: SymbolRules) -> Document:
    """Return a symbol's one bracket: the venue has no tiers."""
    bracket = {
        "bracket": 1,
        "initialLeverage": 125,
        "notionalCap": int(LARGEST_NOTIONAL),
        "notionalFloor": 0,
        "maintMarginRatio": float(rules.maintenance_rate),
        "cum": 0.0,
    }
    return {"symbol": rules.symbol, "notionalCoef": 1.0, "brackets": [bracket]}


def _rate_limit(kind: str, interval: str, count: int, limit: int) -> Document:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit or 1_000_000_000}


def _symbol(rules: SymbolRules) -> Document:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _NEVER_MS,
        "onboardDate": _ONBOARD_MS,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.quote,
        "pricePrecision": rules.price_precision,
        "quantityPrecision": rules.quantity_precision,
        "baseAssetPrecision": _PRECISION,
        "quotePrecision": _PRECISION,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _filters(rules),
        "orderTypes": [*OrderType],
        "timeInForce": [*TimeInForce],
    }


def _filters(rules: SymbolRules) -> list[Document]:
    lot = {"minQty": plain(rules.min_quantity), "stepSize": f"{rules.step_size:f}"}
    prices = {"minPrice": plain(rules.min_price), "maxPrice": plain(rules.max_price), "tickSize": f"{rules.tick_size:f}"}
    filters: list[Document] = [
        {"filterType": "PRICE_FILTER", **prices},
        {"filterType": "LOT_SIZE", **lot, "maxQty": plain(rules.max_quantity)},
        {"filterType": "MARKET_LOT_SIZE", **lot, "maxQty": plain(rules.market_max_quantity)},
        {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_open_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": rules.max_open_orders},
        {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
    ]
    if rules.multiplier_up is not None and rules.multiplier_down is not None:
        band = {"multiplierUp": plain(rules.multiplier_up), "multiplierDown": plain(rules.multiplier_down)}
        filters.append({"filterType": "PERCENT_PRICE", **band, "multiplierDecimal": "4"})
    return filters
