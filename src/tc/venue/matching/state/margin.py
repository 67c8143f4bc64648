"""What positions and open orders are worth and need: views of the account, and the check before an order is taken.

Cross margin in one-way mode, as on Binance's page "USD-M futures: how is the initial margin calculated": a symbol needs the
worse of its position with all open bids, and of its position with all open asks; reduce-only orders need nothing.
"""

from collections.abc import Iterable
from decimal import Decimal

from tc.venue.matching.amounts import ZERO, divided_up, rounded
from tc.venue.matching.book.market import Market
from tc.venue.matching.facts import BalanceView, PositionView
from tc.venue.matching.orders import OrderView
from tc.venue.matching.rules import Side
from tc.venue.matching.state.ledger import Holding, Ledger


def open_notional(orders: Iterable[OrderView], side: Side) -> Decimal:
    """Add up price times remaining quantity of a side's open orders, less the reduce-only ones."""
    return sum((order.price * order.remaining for order in orders if order.side is side and not order.reduce_only), ZERO)


def position_view(market: Market, holding: Holding, orders: Iterable[OrderView]) -> PositionView:
    """Value one position with its open orders."""
    mark = market.mark()
    notional = holding.cost if mark is None else holding.quantity * mark
    bids, asks = open_notional(orders, Side.BUY), open_notional(orders, Side.SELL)
    return PositionView(
        symbol=market.rules.symbol,
        quantity=holding.quantity,
        entry_price=holding.entry_price,
        mark_price=ZERO if mark is None else mark,
        unrealised_pnl=notional - holding.cost,
        realised_pnl=holding.realised,
        notional=notional,
        bid_notional=bids,
        ask_notional=asks,
        leverage=market.leverage,
        initial_margin=needed(notional, bids, asks, market.leverage),
        position_initial_margin=needed(notional, ZERO, ZERO, market.leverage),
        maintenance_margin=rounded(abs(notional) * market.rules.maintenance_rate),
        margin_asset=market.rules.quote,
        updated_ns=holding.updated_ns,
    )


def needed(notional: Decimal, bids: Decimal, asks: Decimal, leverage: int) -> Decimal:
    """Return the initial margin of a position with its open orders."""
    return divided_up(max(abs(notional + bids), abs(notional - asks), abs(notional)), leverage)


def balance_view(asset: str, ledger: Ledger, positions: Iterable[PositionView]) -> BalanceView:
    """Value one asset of the wallet with the positions that are settled in it."""
    of_asset = [position for position in positions if position.margin_asset == asset]
    return BalanceView(
        asset=asset,
        wallet=ledger.wallet.get(asset, ZERO),
        unrealised_pnl=sum((position.unrealised_pnl for position in of_asset), ZERO),
        initial_margin=sum((position.initial_margin for position in of_asset), ZERO),
        position_initial_margin=sum((position.position_initial_margin for position in of_asset), ZERO),
        maintenance_margin=sum((position.maintenance_margin for position in of_asset), ZERO),
        updated_ns=ledger.wallet_ns,
    )


def is_covered(position: PositionView, balance: BalanceView, side: Side, notional: Decimal) -> bool:
    """Whether the account can carry one more order of this notional; an order that needs no more margin always passes."""
    bids = position.bid_notional + (notional if side is Side.BUY else ZERO)
    asks = position.ask_notional + (notional if side is Side.SELL else ZERO)
    more = needed(position.notional, bids, asks, position.leverage) - position.initial_margin
    return more <= 0 or balance.margin_balance - balance.initial_margin >= more
