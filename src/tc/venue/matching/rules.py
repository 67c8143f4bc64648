"""What may be traded and how: a symbol's rules, and the words of the protocol that matching needs."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Which way an order trades, or which side of the book a level stands on (BUY is the bids)."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """1 for BUY, -1 for SELL: what a fill adds to the position."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """The order types that the venue knows; the last four wait for a trigger."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"

    @property
    def is_conditional(self) -> bool:
        """Whether it waits for a trigger: on Binance an algo order since 2025-12-09."""
        return self not in {OrderType.LIMIT, OrderType.MARKET}

    @property
    def has_price(self) -> bool:
        """Whether it carries a limit price."""
        return self in {OrderType.LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT}

    @property
    def is_stop(self) -> bool:
        """Whether it triggers when the price moves against a position (STOP) rather than for it (TAKE_PROFIT)."""
        return self in {OrderType.STOP, OrderType.STOP_MARKET}


class TimeInForce(StrEnum):
    """How long an order stands; GTX is post-only."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"


class WorkingType(StrEnum):
    """Which price triggers a conditional order: the last trade's, or the mark price."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class OrderStatus(StrEnum):
    """Where an order is in its life; EXPIRED_IN_MATCH is self-trade prevention's."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade."""
        return self in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}


class AlgoStatus(StrEnum):
    """Where a conditional order is in its life (Binance: user data streams, Event: Algo Order Update)."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class Execution(StrEnum):
    """What happened to an order (Binance: user data streams, Event: Order Update)."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    AMENDMENT = "AMENDMENT"
    CALCULATED = "CALCULATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRules:
    """What Binance's exchangeInfo, symbolConfig and commissionRate say of a symbol.

    Prices and quantities are multiples of `tick_size` and `step_size`, with at most `price_precision` and
    `quantity_precision` places. A limit price lies within `multiplier_down` and `multiplier_up` times the mark price
    (filter PERCENT_PRICE), where those are given.
    """

    symbol: str
    base: str
    quote: str
    price_precision: int
    quantity_precision: int
    tick_size: Decimal
    step_size: Decimal
    min_price: Decimal
    max_price: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    maker_rate: Decimal
    taker_rate: Decimal
    leverage: int = 20
    maintenance_rate: Decimal = Decimal("0.004")
    multiplier_up: Decimal | None = None
    multiplier_down: Decimal | None = None
    max_open_orders: int = 200
