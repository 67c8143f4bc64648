"""The market's side of the exchange: what its book, trades and mark price do to our orders."""

from decimal import Decimal

from tc.venue.matching.amounts import exact
from tc.venue.matching.book.market import Levels, Market
from tc.venue.matching.facts import Fact
from tc.venue.matching.requests.algos import trigger_reached
from tc.venue.matching.requests.step import Step
from tc.venue.matching.rules import Side, WorkingType
from tc.venue.matching.views import Views


class Feed(Views):
    """Takes market data in. Sizes are the others' only: our orders are never part of them. Prices and sizes are positive."""

    @exact
    def book_reset(self, symbol: str, bids: Levels, asks: Levels, now_ns: int) -> list[Fact]:
        """Replace the visible book by a snapshot."""
        market = self._state.market(symbol)
        market.tell_all(bids, asks)
        return self._after_book(market, now_ns)

    @exact
    def book_diff(self, symbol: str, bids: Levels, asks: Levels, now_ns: int) -> list[Fact]:
        """Take over the changed levels of one message, before our orders meet any of them; a size of 0 removes a level."""
        market = self._state.market(symbol)
        market.tell_diff(bids, asks)
        return self._after_book(market, now_ns)

    @exact
    def book_delta(self, symbol: str, side: Side, price: Decimal, size: Decimal, now_ns: int) -> list[Fact]:
        """Take over one changed level; a size of 0 removes it."""
        market = self._state.market(symbol)
        market.tell(side, price, size)
        return self._after_book(market, now_ns)

    @exact
    def book_ticker(
        self, symbol: str, bid: Decimal, bid_size: Decimal, ask: Decimal, ask_size: Decimal, now_ns: int
    ) -> list[Fact]:
        """Take over the best level of both sides; levels that were better are gone."""
        market = self._state.market(symbol)
        market.tell_touch(Side.BUY, bid, bid_size)
        market.tell_touch(Side.SELL, ask, ask_size)
        return self._after_book(market, now_ns)

    @exact
    def trade(self, symbol: str, price: Decimal, quantity: Decimal, aggressor: Side, now_ns: int) -> list[Fact]:
        """Let a trade of the market go through the queue at its price, and trigger what waited for the last price.

        The visible book stays as it is: what the trade took from it comes with the book's own update.
        """
        market = self._state.market(symbol)
        market.last = price
        if not (market.ours[aggressor.opposite] or market.waiting):
            return []
        step = Step(self._state, symbol, now_ns)
        step.drain(aggressor.opposite, price, quantity)
        trigger_reached(step, WorkingType.CONTRACT_PRICE)
        trigger_reached(step, WorkingType.MARK_PRICE)
        return step.facts

    @exact
    def mark_price(self, symbol: str, price: Decimal, now_ns: int) -> list[Fact]:
        """Take over a mark price; without one the middle of the touch stands in for it."""
        market = self._state.market(symbol)
        market.told_mark = price
        return self._triggered_by_mark(market, now_ns)

    def _after_book(self, market: Market, now_ns: int) -> list[Fact]:
        if not (market.ours[Side.BUY] or market.ours[Side.SELL]):
            return self._triggered_by_mark(market, now_ns)
        step = Step(self._state, market.rules.symbol, now_ns)
        step.uncross(Side.BUY)
        step.uncross(Side.SELL)
        return step.facts + self._triggered_by_mark(market, now_ns)

    def _triggered_by_mark(self, market: Market, now_ns: int) -> list[Fact]:
        if not market.waiting:
            return []
        step = Step(self._state, market.rules.symbol, now_ns)
        trigger_reached(step, WorkingType.MARK_PRICE)
        return step.facts
