"""The account, its balances and its positions as documents of the REST interface.

Source: "Account Information V2", "Account Information V3", "Futures Account Balance V3" and "Position Information V3" in
Binance's documentation of the USD-M futures API.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from tc.venue.matching import ZERO, AccountView, BalanceView, PositionView, SymbolRules
from tc.venue.protocol.amounts import milliseconds, money, quantity
from tc.venue.protocol.orders import Document

LARGEST_NOTIONAL = "1000000000"


def account_document(account: AccountView, rules_of: Callable[[str], SymbolRules]) -> Document:
    """Return the account (version 2): totals of the settlement asset, every asset, every position."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "feeBurn": False,
        "tradeGroupId": -1,
        "updateTime": 0,
        "multiAssetsMargin": False,
        **_totals(account.balances),
        "assets": [_asset(balance) for balance in account.balances],
        "positions": [_account_position(rules_of(each.symbol), each) for each in account.positions],
    }


def account_document_v3(account: AccountView, rules_of: Callable[[str], SymbolRules]) -> Document:
    """Return the account (version 3): as version 2 without the settings, and only positions that are in use."""
    positions = [each for each in account.positions if is_in_use(each)]
    return {
        **_totals(account.balances),
        "assets": [_asset(balance) for balance in account.balances],
        "positions": [_account_position(rules_of(each.symbol), each) for each in positions],
    }


def balance_document(balance: BalanceView) -> Document:
    """Return one asset as the balance endpoints do."""
    return {
        "accountAlias": "tcVenue",
        "asset": balance.asset,
        "balance": money(balance.wallet),
        "crossWalletBalance": money(balance.wallet),
        "crossUnPnl": money(balance.unrealised_pnl),
        "availableBalance": money(balance.available),
        "maxWithdrawAmount": money(min(balance.available, balance.wallet)),
        "marginAvailable": True,
        "updateTime": milliseconds(balance.updated_ns),
    }


def position_document(rules: SymbolRules, position: PositionView) -> Document:
    """Return a position as positionRisk (version 3) does."""
    return {
        "symbol": position.symbol,
        "positionSide": "BOTH",
        "positionAmt": quantity(rules, position.quantity),
        "entryPrice": money(position.entry_price),
        "breakEvenPrice": money(position.entry_price),
        "markPrice": money(position.mark_price),
        "unRealizedProfit": money(position.unrealised_pnl),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": money(position.notional),
        "marginAsset": position.margin_asset,
        "isolatedWallet": "0",
        "initialMargin": money(position.initial_margin),
        "maintMargin": money(position.maintenance_margin),
        "positionInitialMargin": money(position.position_initial_margin),
        "openOrderInitialMargin": money(position.open_order_initial_margin),
        "adl": 0,
        "bidNotional": money(position.bid_notional),
        "askNotional": money(position.ask_notional),
        "updateTime": milliseconds(position.updated_ns),
    }


def position_document_v2(rules: SymbolRules, position: PositionView) -> Document:
    """Return a position as positionRisk (version 2) did."""
    return position_document(rules, position) | {
        "marginType": "cross",
        "isAutoAddMargin": "false",
        "leverage": str(position.leverage),
        "maxNotionalValue": LARGEST_NOTIONAL,
        "isolated": False,
    }


def is_in_use(position: PositionView) -> bool:
    """Tell whether there is a position, or an order that may open one."""
    return bool(position.quantity or position.bid_notional or position.ask_notional)


def _totals(balances: Iterable[BalanceView]) -> Document:
    def total(of: Callable[[BalanceView], Decimal]) -> str:
        return money(sum((of(balance) for balance in balances), ZERO))

    return {
        "totalInitialMargin": total(lambda each: each.initial_margin),
        "totalMaintMargin": total(lambda each: each.maintenance_margin),
        "totalWalletBalance": total(lambda each: each.wallet),
        "totalUnrealizedProfit": total(lambda each: each.unrealised_pnl),
        "totalMarginBalance": total(lambda each: each.margin_balance),
        "totalPositionInitialMargin": total(lambda each: each.position_initial_margin),
        "totalOpenOrderInitialMargin": total(lambda each: each.initial_margin - each.position_initial_margin),
        "totalCrossWalletBalance": total(lambda each: each.wallet),
        "totalCrossUnPnl": total(lambda each: each.unrealised_pnl),
        "availableBalance": total(lambda each: each.available),
        "maxWithdrawAmount": total(lambda each: min(each.available, each.wallet)),
    }


def _asset(balance: BalanceView) -> Document:
    return {
        "asset": balance.asset,
        "walletBalance": money(balance.wallet),
        "unrealizedProfit": money(balance.unrealised_pnl),
        "marginBalance": money(balance.margin_balance),
        "maintMargin": money(balance.maintenance_margin),
        "initialMargin": money(balance.initial_margin),
        "positionInitialMargin": money(balance.position_initial_margin),
        "openOrderInitialMargin": money(balance.initial_margin - balance.position_initial_margin),
        "crossWalletBalance": money(balance.wallet),
        "crossUnPnl": money(balance.unrealised_pnl),
        "availableBalance": money(balance.available),
        "maxWithdrawAmount": money(min(balance.available, balance.wallet)),
        "marginAvailable": True,
        "updateTime": milliseconds(balance.updated_ns),
    }


def _account_position(rules: SymbolRules, position: PositionView) -> Document:
    return {
        "symbol": position.symbol,
        "initialMargin": money(position.initial_margin),
        "maintMargin": money(position.maintenance_margin),
        "unrealizedProfit": money(position.unrealised_pnl),
        "positionInitialMargin": money(position.position_initial_margin),
        "openOrderInitialMargin": money(position.open_order_initial_margin),
        "leverage": str(position.leverage),
        "isolated": False,
        "entryPrice": money(position.entry_price),
        "breakEvenPrice": money(position.entry_price),
        "maxNotional": LARGEST_NOTIONAL,
        "bidNotional": money(position.bid_notional),
        "askNotional": money(position.ask_notional),
        "positionSide": "BOTH",
        "positionAmt": quantity(rules, position.quantity),
        "notional": money(position.notional),
        "isolatedWallet": "0",
        "updateTime": milliseconds(position.updated_ns),
    }
