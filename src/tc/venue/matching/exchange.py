"""The exchange: market data and requests in, facts out."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

import msgspec

from tc.venue.matching.amounts import ZERO, exact
from tc.venue.matching.book.market import Market
from tc.venue.matching.facts import Fact
from tc.venue.matching.feed import Feed
from tc.venue.matching.orders import NewOrder
from tc.venue.matching.refusals import Refused, unknown_order
from tc.venue.matching.requests import taking
from tc.venue.matching.requests.algos import cancel_algo
from tc.venue.matching.requests.step import Step
from tc.venue.matching.rules import AlgoStatus, Side, SymbolRules
from tc.venue.matching.state.ledger import Holding, Ledger
from tc.venue.matching.state.model import State
from tc.venue.matching.state.records import Counters, Records, Touched
from tc.venue.matching.state.saved import Changes, Saved, changes_of, restore, save

_LARGEST_LEVERAGE = 125


class Exchange(Feed):
    """A Binance USD-M like exchange for one account in one-way mode with cross margin; no funding of its own, no liquidation.

    Our orders meet a visible book that comes from outside, and never move it. The same calls give the same facts and ids.
    Requests raise `Refused`, and then nothing has changed.

    Parameters
    ----------
    rules
        The symbols that are traded.
    balances
        What the wallet holds at the start, by asset.

    """

    def __init__(self, rules: Mapping[str, SymbolRules], balances: Mapping[str, Decimal]) -> None:
        markets = {symbol: Market(each) for symbol, each in rules.items()}
        holdings = {symbol: Holding() for symbol in rules}
        assets = sorted({*balances, *(each.quote for each in rules.values())})
        wallet = {asset: balances.get(asset, ZERO) for asset in assets}
        records = Records(Counters())
        records.touched.symbols.update(dict.fromkeys(rules))
        super().__init__(State(markets, Ledger(wallet, holdings), records))

    @exact
    def submit(self, order: NewOrder, now_ns: int) -> list[Fact]:
        """Place an order: OrderChanged for LIMIT and MARKET, AlgoChanged for the types that wait for a trigger."""
        step = Step(self._state, order.symbol, now_ns)
        taking.submit(step, order)
        return step.facts

    @exact
    def amend(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        now_ns: int,
    ) -> list[Fact]:
        """Change a LIMIT order's quantity and price; it keeps its ids and loses its place in the queue, as on Binance."""
        step = Step(self._state, symbol, now_ns)
        order = self._state.records.find_order(symbol, order_id, client_order_id)
        taking.amend(step, order, side, quantity, price)
        return step.facts

    @exact
    def cancel(self, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None, now_ns: int) -> list[Fact]:
        """End an open order; refuses what is unknown or closed (-2011)."""
        step = Step(self._state, symbol, now_ns)
        order = self._state.records.find_order(symbol, order_id, client_order_id)
        if order is None or not order.status.is_open:
            raise unknown_order()
        taking.cancel(step, order)
        return step.facts

    @exact
    def cancel_all(self, symbol: str, now_ns: int) -> list[Fact]:
        """End all open orders of a symbol; conditional orders stay."""
        step = Step(self._state, symbol, now_ns)
        for order in self.open_orders(symbol):
            taking.cancel(step, order)
        return step.facts

    def cancel_algo(self, *, algo_id: int | None = None, client_algo_id: str | None = None, now_ns: int) -> list[Fact]:
        """End a conditional order that still waits; refuses what is unknown or has triggered (-2011)."""
        algo = self._state.records.find_algo(algo_id, client_algo_id)
        if algo is None or algo.status is not AlgoStatus.NEW:
            raise unknown_order()
        step = Step(self._state, algo.symbol, now_ns)
        cancel_algo(step, algo)
        return step.facts

    def cancel_all_algos(self, symbol: str, now_ns: int) -> list[Fact]:
        """End all conditional orders of a symbol that still wait."""
        step = Step(self._state, symbol, now_ns)
        for algo in self.open_algos(symbol):
            cancel_algo(step, algo)
        return step.facts

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set a symbol's leverage."""
        market = self._state.market(symbol)
        if not 1 <= leverage <= _LARGEST_LEVERAGE:
            raise Refused(-4028, f"Leverage {leverage} is not valid")
        market.leverage = leverage
        self._state.records.touched.symbols[symbol] = None

    def lose_order(self, symbol: str, order_id: int) -> None:
        """Forget an order without a word, as if it had never been: for fault drills only."""
        order = self.order(symbol, order_id=order_id)
        self._state.market(symbol).ours[order.side].remove(order_id)
        self._state.records.lose_order(order)

    @exact
    def shift_position(self, symbol: str, by: Decimal, now_ns: int) -> None:
        """Change a position by a signed quantity at the mark price, without a word, a fill or a fee: for fault drills only."""
        step = Step(self._state, symbol, now_ns)
        step.holding.trade(by, step.market.mark() or step.holding.entry_price)
        step.records.touched.symbols[symbol] = None
        step.expire_what_cannot_reduce()

    @exact
    def fill_resting(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        quantity: Decimal | None = None,
        now_ns: int,
    ) -> list[Fact]:
        """Fill a resting order at its own price, as if the market had traded through it: for fault drills only.

        Of the quantity no more is filled than can trade (None: all that can); refuses what is unknown or closed (-2011).
        """
        step = Step(self._state, symbol, now_ns)
        order = self._state.records.find_order(symbol, order_id, client_order_id)
        if order is None or not order.status.is_open:
            raise unknown_order()
        step.fill_through(order, quantity)
        return step.facts

    @exact
    def book_funding(self, symbol: str, amount: Decimal, now_ns: int) -> list[Fact]:
        """Book a funding fee to the wallet of a symbol's settlement asset (paid: negative): for fault drills only."""
        step = Step(self._state, symbol, now_ns)
        step.book_funding(amount)
        return step.facts

    @property
    def is_kept(self) -> bool:
        """Whether nothing changed since `kept` was last called."""
        return not self._state.records.touched

    def changes(self) -> Changes:
        """Return what changed since `kept` was last called: to be written down before the next request."""
        return changes_of(self._state)

    def kept(self) -> None:
        """Take note that what changed is kept."""
        self._state.records.touched = Touched()

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(save(self._state))
        return plain

    @classmethod
    def load(cls, rules: Mapping[str, SymbolRules], dumped: Mapping[str, Any]) -> Self:
        """Make an exchange that goes on exactly where the dumped one was."""
        return cls.restore(rules, msgspec.convert(dumped, Saved))

    @classmethod
    def restore(cls, rules: Mapping[str, SymbolRules], saved: Saved) -> Self:
        """Make an exchange from a state that was kept; without its markets the book is empty until it is told again."""
        exchange = cls.__new__(cls)
        Feed.__init__(exchange, restore(rules, saved))
        return exchange
