"""An order as it is asked for, and the views of orders, conditional orders and fills as the venue holds them."""

from dataclasses import dataclass
from decimal import Decimal

from tc.venue.matching.amounts import ZERO, divided
from tc.venue.matching.rules import AlgoStatus, OrderStatus, OrderType, Side, TimeInForce, WorkingType


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order as a client asks for it; an empty client order id is given one.

    `close_position` (with a conditional market order) trades the whole position when it triggers; its quantity is None.
    """

    client_order_id: str = ""
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce = TimeInForce.GTC
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    close_position: bool = False
    working_type: WorkingType = WorkingType.CONTRACT_PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order in the matching engine; times in nanoseconds since 1970, a price of 0 means none.

    `original_type` is what was asked for, `algo_id` the conditional order that became this one.
    """

    order_id: int
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    original_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal
    stop_price: Decimal
    reduce_only: bool
    close_position: bool
    working_type: WorkingType
    status: OrderStatus
    created_ns: int
    updated_ns: int
    executed_quantity: Decimal = ZERO
    executed_notional: Decimal = ZERO
    amendments: int = 0
    algo_id: int | None = None

    @property
    def remaining(self) -> Decimal:
        """What has not traded yet."""
        return self.quantity - self.executed_quantity

    @property
    def average_price(self) -> Decimal:
        """The fills' average price, rounded to eight places; 0 without a fill."""
        return divided(self.executed_notional, self.executed_quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoView:
    """A conditional order; once triggered, `order_id` names the order that it became (Binance's actualOrderId)."""

    algo_id: int
    client_algo_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal
    trigger_price: Decimal
    reduce_only: bool
    close_position: bool
    working_type: WorkingType
    status: AlgoStatus
    created_ns: int
    updated_ns: int
    triggered_ns: int = 0
    order_id: int | None = None
    reject_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeView:
    """One fill of ours; the commission is positive when paid."""

    trade_id: int
    order_id: int
    client_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    realised_pnl: Decimal
    is_maker: bool
    time_ns: int

    @property
    def quote_quantity(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.quantity
