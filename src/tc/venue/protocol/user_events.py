"""What the user data stream says: the exchange's facts as events.

Source: "Event: Order Update", "Event: Trade Lite", "Event: Algo Order Update", "Event: Balance and Position Update" and "Event:
User Data Stream Expired" in Binance's documentation of the USD-M futures user data streams.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from tc.venue.matching import ZERO, AccountChanged, AlgoChanged, Fact, OrderChanged, SymbolRules, TradeView
from tc.venue.protocol.amounts import milliseconds, money, plain, price, quantity
from tc.venue.protocol.orders import Document

_NO_TRADE = 0


@dataclass(frozen=True, slots=True)
class UserUpdate:
    """One update of the user data stream: the kind of its main event, its messages in order, and whether it tells of a fill."""

    kind: str
    events: tuple[Document, ...]
    is_fill: bool = False


def user_update(fact: Fact, rules_of: Callable[[str], SymbolRules], now_ns: int) -> UserUpdate:
    """Return a fact as the user data stream tells it."""
    match fact:
        case OrderChanged():
            order = _event("ORDER_TRADE_UPDATE", fact.order.updated_ns, now_ns) | {"o": _order(rules_of(fact.order.symbol), fact)}
            if fact.trade is None:
                return UserUpdate("ORDER_TRADE_UPDATE", (order,))
            lite = _trade_lite(rules_of(fact.order.symbol), fact, fact.trade, now_ns)
            return UserUpdate("ORDER_TRADE_UPDATE", (lite, order), is_fill=True)
        case AlgoChanged():
            algo = _event("ALGO_UPDATE", fact.algo.updated_ns, now_ns) | {"o": _algo(rules_of(fact.algo.symbol), fact)}
            return UserUpdate("ALGO_UPDATE", (algo,))
        case AccountChanged():
            account = _event("ACCOUNT_UPDATE", fact.time_ns, now_ns) | {"a": _account(fact, rules_of)}
            return UserUpdate("ACCOUNT_UPDATE", (account,))
        case _:
            assert_never(fact)


def listen_key_expired(listen_key: str, now_ns: int) -> Document:
    """Return the last event of a user data stream."""
    return {"e": "listenKeyExpired", "E": milliseconds(now_ns), "listenKey": listen_key}


def _event(kind: str, at_ns: int, now_ns: int) -> Document:
    return {"e": kind, "E": milliseconds(now_ns), "T": milliseconds(at_ns)}


def _order(rules: SymbolRules, fact: OrderChanged) -> Document:
    order, trade = fact.order, fact.trade
    document: Document = {
        "s": order.symbol,
        "c": order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": quantity(rules, order.quantity),
        "p": price(rules, order.price),
        "ap": money(order.average_price),
        "sp": price(rules, order.stop_price),
        "x": fact.execution,
        "X": order.status,
        "i": order.order_id,
        "l": quantity(rules, trade.quantity if trade else ZERO),
        "z": quantity(rules, order.executed_quantity),
        "L": price(rules, trade.price if trade else ZERO),
        "T": milliseconds(trade.time_ns if trade else order.updated_ns),
        "t": trade.trade_id if trade else _NO_TRADE,
        "b": "0",
        "a": "0",
        "m": trade.is_maker if trade else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.original_type,
        "ps": "BOTH",
        "cp": order.close_position,
        "rp": money(trade.realised_pnl if trade else ZERO),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    if trade:
        document |= {"N": trade.commission_asset, "n": money(trade.commission)}
    return document


def _trade_lite(rules: SymbolRules, fact: OrderChanged, trade: TradeView, now_ns: int) -> Document:
    order = fact.order
    return _event("TRADE_LITE", trade.time_ns, now_ns) | {
        "s": order.symbol,
        "q": quantity(rules, order.quantity),
        "p": price(rules, order.price),
        "m": trade.is_maker,
        "c": order.client_order_id,
        "S": order.side,
        "L": price(rules, trade.price),
        "l": quantity(rules, trade.quantity),
        "t": trade.trade_id,
        "i": order.order_id,
    }


def _algo(rules: SymbolRules, fact: AlgoChanged) -> Document:
    algo, order = fact.algo, fact.order
    document: Document = {
        "caid": algo.client_algo_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": "BOTH",
        "f": algo.time_in_force,
        "q": quantity(rules, algo.quantity),
        "X": algo.status,
        "ai": "" if algo.order_id is None else str(algo.order_id),
        "tp": price(rules, algo.trigger_price),
        "p": price(rules, algo.price),
        "V": "EXPIRE_MAKER",
        "wt": algo.working_type,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": False,
        "R": algo.reduce_only,
        "tt": milliseconds(algo.triggered_ns),
        "gtd": 0,
        "rm": algo.reject_reason,
    }
    if order is not None:
        document |= {"ap": money(order.average_price), "aq": quantity(rules, order.executed_quantity), "act": order.type}
    return document


def _account(fact: AccountChanged, rules_of: Callable[[str], SymbolRules]) -> Document:
    change = plain(fact.balance_change)
    balances = [{"a": each.asset, "wb": money(each.wallet), "cw": money(each.wallet), "bc": change} for each in fact.balances]
    positions = [
        {
            "s": each.symbol,
            "pa": quantity(rules_of(each.symbol), each.quantity),
            "ep": money(each.entry_price),
            "bep": money(each.entry_price),
            "cr": money(each.realised_pnl),
            "up": money(each.unrealised_pnl),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
        }
        for each in fact.positions
    ]
    return {"m": fact.reason, "B": balances, "P": positions}
