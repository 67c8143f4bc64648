"""What the exchange shows: orders, conditional orders, fills, the account and the touch. Nothing here changes anything."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from tc.venue.matching.amounts import exact
from tc.venue.matching.facts import AccountView, PositionView
from tc.venue.matching.orders import AlgoView, OrderView, TradeView
from tc.venue.matching.refusals import no_such_order
from tc.venue.matching.rules import Side, SymbolRules
from tc.venue.matching.state.model import State
from tc.venue.matching.state.timeline import Page


class Views:
    """The reading half of the exchange. Lists are by id; `since_ns` is inclusive, and so is `from_id`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def order(self, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None) -> OrderView:
        """Return an order by its id, or else the latest one with the client order id; refuses what is unknown (-2013)."""
        order = self._state.records.find_order(symbol, order_id, client_order_id)
        if order is None:
            raise no_such_order()
        return order

    def open_orders(self, symbol: str | None = None) -> list[OrderView]:
        """Return the orders that can still trade."""
        return self._state.records.open_orders(symbol)

    def orders(self, symbol: str | None = None, *, since_ns: int = 0, from_id: int = 0) -> list[OrderView]:
        """Return all orders created since a time, with ids from one on."""
        return [
            order
            for order in self._state.records.orders.values()
            if order.order_id >= from_id and order.created_ns >= since_ns and symbol in {None, order.symbol}
        ]

    def algo(self, *, algo_id: int | None = None, client_algo_id: str | None = None) -> AlgoView:
        """Return a conditional order by its id, or else the latest one with the client id; refuses what is unknown (-2013)."""
        algo = self._state.records.find_algo(algo_id, client_algo_id)
        if algo is None:
            raise no_such_order()
        return algo

    def open_algos(self, symbol: str | None = None) -> list[AlgoView]:
        """Return the conditional orders that wait for their trigger."""
        markets = self._state.markets
        chosen = markets.values() if symbol is None else [market for name, market in markets.items() if name == symbol]
        return [algo for market in chosen for algo in market.waiting.values()]

    def algos(self, symbol: str | None = None, *, since_ns: int = 0, from_id: int = 0) -> list[AlgoView]:
        """Return all conditional orders created since a time, with ids from one on."""
        return [
            algo
            for algo in self._state.records.algos.values()
            if algo.algo_id >= from_id and algo.created_ns >= since_ns and symbol in {None, algo.symbol}
        ]

    def trades(
        self, symbol: str | None = None, *, since_ns: int = 0, from_id: int = 0, order_id: int | None = None
    ) -> list[TradeView]:
        """Return our fills since a time, with trade ids from one on, of one order or of all."""
        return [
            trade
            for trade in self._state.records.trades.values()
            if trade.trade_id >= from_id
            and trade.time_ns >= since_ns
            and symbol in {None, trade.symbol}
            and order_id in {None, trade.order_id}
        ]

    def page_of_orders(self, symbol: str, page: Page) -> list[OrderView]:
        """Return a page of a symbol's orders."""
        return self._state.records.page_of_orders(symbol, page)

    def page_of_algos(self, symbol: str, page: Page) -> list[AlgoView]:
        """Return a page of a symbol's conditional orders."""
        return self._state.records.page_of_algos(symbol, page)

    def page_of_trades(self, symbol: str, page: Page, *, order_id: int | None = None) -> list[TradeView]:
        """Return a page of our fills of a symbol, of one order or of all."""
        return self._state.records.page_of_trades(symbol, page, order_id)

    @exact
    def position(self, symbol: str) -> PositionView:
        """Return a symbol's position, flat ones too; refuses an unknown symbol (-1121)."""
        return self._state.position(symbol)

    def wallet(self) -> Mapping[str, Decimal]:
        """Return the wallet balance of each asset."""
        return MappingProxyType(dict(self._state.ledger.wallet))

    @exact
    def account(self) -> AccountView:
        """Return all balances and positions."""
        return self._state.account()

    def best_bid(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Return price and size that a seller of ours would meet, None when there is none."""
        return next(self._state.market(symbol).visible[Side.BUY].levels(), None)

    def best_ask(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Return price and size that a buyer of ours would meet, None when there is none."""
        return next(self._state.market(symbol).visible[Side.SELL].levels(), None)

    @exact
    def mark(self, symbol: str) -> Decimal | None:
        """Return the mark price that was told, else the middle of the touch, else the last trade's price."""
        return self._state.market(symbol).mark()

    def last(self, symbol: str) -> Decimal | None:
        """Return the price of the market's last trade."""
        return self._state.market(symbol).last

    def rules(self, symbol: str) -> SymbolRules:
        """Return a symbol's rules; refuses an unknown symbol (-1121)."""
        return self._state.market(symbol).rules

    def leverage(self, symbol: str) -> int:
        """Return the leverage that is set for a symbol."""
        return self._state.market(symbol).leverage

    def queue_ahead(self, symbol: str, order_id: int) -> Decimal | None:
        """Return the others' size in front of a resting order of ours, None when it does not rest."""
        lines = self._state.market(symbol).ours.values()
        return next((resting.ahead for line in lines for resting in line if resting.order_id == order_id), None)
