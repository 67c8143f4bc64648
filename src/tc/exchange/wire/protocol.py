"""The venue's documents as its public protocol writes them; amounts become exact decimals straight from the text."""

# ruff: noqa: N815 - the names are the protocol's
from decimal import Decimal

import msgspec

from tc.core.state.exact import ZERO
from tc.exchange.wire.errors import VenueUnreachableError

_MOST_DIGITS = 30


class ServerTime(msgspec.Struct, frozen=True):
    """GET /fapi/v1/time."""

    serverTime: int


class TouchDocument(msgspec.Struct, frozen=True, kw_only=True):
    """GET /fapi/v1/ticker/bookTicker of one symbol: the best prices and their sizes."""

    symbol: str
    bidPrice: Decimal
    bidQty: Decimal
    askPrice: Decimal
    askQty: Decimal


class MarketTradeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of anybody's in GET /fapi/v1/trades."""

    id: int


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An order in GET openOrders, order and allOrders."""

    symbol: str
    orderId: int
    clientOrderId: str
    side: str
    type: str
    status: str
    origQty: Decimal
    executedQty: Decimal
    timeInForce: str = "GTC"
    price: Decimal = ZERO
    avgPrice: Decimal = ZERO
    stopPrice: Decimal = ZERO
    reduceOnly: bool = False
    positionSide: str = "BOTH"
    time: int = 0
    updateTime: int = 0


class AlgoOrderDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A conditional order in GET openAlgoOrders and allAlgoOrders; one that closes the position has no quantity."""

    symbol: str
    algoId: int
    clientAlgoId: str
    side: str
    orderType: str
    algoStatus: str = "NEW"
    quantity: Decimal | None = None
    timeInForce: str | None = None
    price: Decimal | None = None
    triggerPrice: Decimal | None = None
    reduceOnly: bool | None = None
    positionSide: str | None = None
    actualOrderId: str | None = None
    createTime: int | None = None
    updateTime: int | None = None


class TradeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A fill in GET userTrades."""

    symbol: str
    id: int
    orderId: int
    side: str
    price: Decimal
    qty: Decimal
    commission: Decimal
    commissionAsset: str
    realizedPnl: Decimal = ZERO
    maker: bool = False
    positionSide: str = "BOTH"
    time: int = 0


class PositionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A position in GET positionRisk."""

    symbol: str
    positionAmt: Decimal
    positionSide: str = "BOTH"
    entryPrice: Decimal = ZERO


class AssetDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one currency, in GET account."""

    asset: str
    walletBalance: Decimal
    availableBalance: Decimal = ZERO


class AccountDocument(msgspec.Struct, frozen=True, kw_only=True):
    """GET account, as far as balances go."""

    assets: tuple[AssetDocument, ...]


class FilterDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A filter of a symbol in GET exchangeInfo."""

    filterType: str
    maxQty: Decimal | None = None


class SymbolDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol in GET exchangeInfo."""

    symbol: str
    filters: tuple[FilterDocument, ...] = ()


class RateLimitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A limit of an address in GET exchangeInfo."""

    rateLimitType: str
    interval: str
    intervalNum: int
    limit: int


class ExchangeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """GET exchangeInfo, as far as quantities and limits go."""

    symbols: tuple[SymbolDocument, ...] = ()
    rateLimits: tuple[RateLimitDocument, ...] = ()

    def minute_weight(self) -> int | None:
        """Return the request weight that an address may use in a minute, 0 for no limit; None where it is not said."""
        named = (each for each in self.rateLimits if each.rateLimitType == "REQUEST_WEIGHT")
        return next((each.limit for each in named if (each.interval, each.intervalNum) == ("MINUTE", 1)), None)


def decoded[T](body: bytes, kind: type[T], path: str) -> T:
    """Return an answer as the kind given.

    Raises
    ------
    VenueUnreachableError
        It is not of this kind, or an amount in it is no finite number.

    """
    try:
        document = msgspec.json.decode(body, type=kind)
        _require_finite(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise VenueUnreachableError(
            f"GET {path}: the answer is not what the protocol says: {ascii(str(error))[1:-1]}", is_unclear=True
        ) from None
    return document


def _require_finite(value: object) -> None:
    match value:
        case Decimal():
            if not value.is_finite() or abs(value.adjusted()) > _MOST_DIGITS:
                raise ValueError("an amount is no number that a venue can mean")
        case list() | tuple():
            for each in value:
                _require_finite(each)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                _require_finite(getattr(value, name))
        case _:
            return
