"""What the exchange tells: changes of orders and of the account, and the views of the account."""

from dataclasses import dataclass
from decimal import Decimal

from tc.venue.matching.orders import AlgoView, OrderView, TradeView
from tc.venue.matching.rules import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionView:
    """A net position (one-way mode, cross margin): signed quantity, entry price 0 when flat.

    `initial_margin` is the symbol's whole: the worse of the position with all its bids, or with all its asks.
    """

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealised_pnl: Decimal
    realised_pnl: Decimal
    notional: Decimal
    bid_notional: Decimal
    ask_notional: Decimal
    leverage: int
    initial_margin: Decimal
    position_initial_margin: Decimal
    maintenance_margin: Decimal
    margin_asset: str
    updated_ns: int

    @property
    def open_order_initial_margin(self) -> Decimal:
        """What the open orders need on top of the position."""
        return self.initial_margin - self.position_initial_margin


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """One asset of the wallet, with what its positions win or lose and need."""

    asset: str
    wallet: Decimal
    unrealised_pnl: Decimal
    initial_margin: Decimal
    position_initial_margin: Decimal
    maintenance_margin: Decimal
    updated_ns: int

    @property
    def margin_balance(self) -> Decimal:
        """The wallet with what the positions win or lose."""
        return self.wallet + self.unrealised_pnl

    @property
    def available(self) -> Decimal:
        """What a new order may still need; never below 0."""
        return max(Decimal(0), self.margin_balance - self.initial_margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """Balances and positions at one moment: an asset each, a symbol each, flat ones too."""

    balances: tuple[BalanceView, ...]
    positions: tuple[PositionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """An order changed; `order` is how it is now, `trade` its fill when it traded."""

    order: OrderView
    execution: Execution
    trade: TradeView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoChanged:
    """A conditional order changed; `order` is what it became, once it has triggered."""

    algo: AlgoView
    order: OrderView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged:
    """The wallet moved.

    By a fill, with a position (reason ORDER): it comes before the OrderChanged of its fill. Or by a funding fee (reason
    FUNDING_FEE), which names no position; `balance_change` is what was booked besides profits and commissions.
    """

    reason: str
    balances: tuple[BalanceView, ...]
    positions: tuple[PositionView, ...]
    time_ns: int
    balance_change: Decimal = Decimal(0)


type Fact = OrderChanged | AlgoChanged | AccountChanged
