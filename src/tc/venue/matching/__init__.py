"""The pure matching of the loopback exchange: our orders against a visible book, exact and deterministic, no clock and no I/O."""

from tc.venue.matching.amounts import ZERO
from tc.venue.matching.exchange import Exchange
from tc.venue.matching.facts import AccountChanged, AccountView, AlgoChanged, BalanceView, Fact, OrderChanged, PositionView
from tc.venue.matching.orders import AlgoView, NewOrder, OrderView, TradeView
from tc.venue.matching.refusals import Refused
from tc.venue.matching.requests.filters import check_client_id
from tc.venue.matching.rules import (
    AlgoStatus,
    Execution,
    OrderStatus,
    OrderType,
    Side,
    SymbolRules,
    TimeInForce,
    WorkingType,
)
from tc.venue.matching.state.timeline import Page

__all__ = [
    "ZERO",
    "AccountChanged",
    "AccountView",
    "AlgoChanged",
    "AlgoStatus",
    "AlgoView",
    "BalanceView",
    "Exchange",
    "Execution",
    "Fact",
    "NewOrder",
    "OrderChanged",
    "OrderStatus",
    "OrderType",
    "OrderView",
    "Page",
    "PositionView",
    "Refused",
    "Side",
    "SymbolRules",
    "TimeInForce",
    "TradeView",
    "WorkingType",
    "check_client_id",
]
