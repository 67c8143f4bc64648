"""The laws that hold whatever comes: a machine of random calls, each of which a reloaded twin answers alike."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from matching_samples import BUY, RULES, SELL, START, SYMBOL, an_exchange
from tc.venue.matching import (
    AlgoStatus,
    Exchange,
    Fact,
    NewOrder,
    OrderChanged,
    OrderType,
    Refused,
    Side,
    TimeInForce,
    WorkingType,
)

PRICES = st.integers(985, 1015).map(lambda ticks: Decimal(ticks) / 10)
SIZES = st.integers(0, 40).map(lambda steps: Decimal(steps) / 4)
QUANTITIES = st.integers(1, 60).map(lambda steps: Decimal(steps) / 8)
SIDES = st.sampled_from(Side)
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=4)
CONDITIONAL = [each for each in OrderType if each.is_conditional]


def answer(exchange: Exchange, what: Callable[[Exchange], list[Fact]]) -> list[Fact] | int:
    try:
        return what(exchange)
    except Refused as refused:
        return refused.code


class Laws(RuleBasedStateMachine):
    """Random market data and requests for one exchange, and for a twin that is written out and read again now and then."""

    def __init__(self) -> None:
        super().__init__()
        rules = replace(RULES, leverage=1, min_notional=Decimal(50))
        self.rules = {SYMBOL: rules}
        self.exchange, self.twin = an_exchange(rules=rules), an_exchange(rules=rules)
        self.now_ns = 1
        self.facts: list[Fact] = []

    def call(self, what: Callable[[Exchange], list[Fact]]) -> list[Fact]:
        self.now_ns += 1
        before = self.exchange.dump()
        facts = answer(self.exchange, what)
        assert answer(self.twin, what) == facts
        if isinstance(facts, int):
            assert self.exchange.dump() == before
            return []
        self.facts += facts
        return facts

    @rule(bids=LEVELS, asks=LEVELS)
    def tell_diff(self, bids: Any, asks: Any) -> None:
        self.call(lambda exchange: exchange.book_diff(SYMBOL, bids, asks, self.now_ns))

    @rule(bids=LEVELS, asks=LEVELS)
    def tell_snapshot(self, bids: Any, asks: Any) -> None:
        best = min((price for price, _ in asks), default=Decimal(1000))
        bids = [(price, size) for price, size in bids if price < best]
        self.call(lambda exchange: exchange.book_reset(SYMBOL, bids, asks, self.now_ns))

    @rule(side=SIDES, price=PRICES, size=SIZES)
    def tell_level(self, side: Side, price: Decimal, size: Decimal) -> None:
        self.call(lambda exchange: exchange.book_delta(SYMBOL, side, price, size, self.now_ns))

    @rule(bid=PRICES, ticks=st.integers(1, 5), size=SIZES)
    def tell_touch(self, bid: Decimal, ticks: int, size: Decimal) -> None:
        ask = bid + Decimal(ticks) / 10
        self.call(lambda exchange: exchange.book_ticker(SYMBOL, bid, size + 1, ask, size + 2, self.now_ns))

    @rule(price=PRICES, quantity=QUANTITIES, side=SIDES)
    def tell_trade(self, price: Decimal, quantity: Decimal, side: Side) -> None:
        self.call(lambda exchange: exchange.trade(SYMBOL, price, quantity, side, self.now_ns))

    @rule(price=PRICES)
    def tell_mark(self, price: Decimal) -> None:
        self.call(lambda exchange: exchange.mark_price(SYMBOL, price, self.now_ns))

    @rule(side=SIDES, price=PRICES, quantity=QUANTITIES, tif=st.sampled_from(TimeInForce), reduce_only=st.booleans())
    def submit_limit(self, side: Side, price: Decimal, quantity: Decimal, tif: TimeInForce, reduce_only: bool) -> None:
        asked = NewOrder(
            symbol=SYMBOL,
            side=side,
            type=OrderType.LIMIT,
            time_in_force=tif,
            quantity=quantity,
            price=price,
            reduce_only=reduce_only,
        )
        facts = self.call(lambda exchange: exchange.submit(asked, self.now_ns))
        if facts and tif is TimeInForce.FOK:
            first = facts[0]
            assert isinstance(first, OrderChanged)
            assert not self.exchange.order(SYMBOL, order_id=first.order.order_id).remaining

    @rule(side=SIDES, quantity=QUANTITIES, reduce_only=st.booleans())
    def submit_market(self, side: Side, quantity: Decimal, reduce_only: bool) -> None:
        asked = NewOrder(symbol=SYMBOL, side=side, type=OrderType.MARKET, quantity=quantity, reduce_only=reduce_only)
        self.call(lambda exchange: exchange.submit(asked, self.now_ns))

    @rule(
        side=SIDES,
        kind=st.sampled_from(CONDITIONAL),
        trigger=PRICES,
        quantity=QUANTITIES,
        how=st.sampled_from(["plain", "reduce", "close"]),
        watched=st.sampled_from(WorkingType),
    )
    def submit_conditional(
        self, side: Side, kind: OrderType, trigger: Decimal, quantity: Decimal, how: str, watched: WorkingType
    ) -> None:
        closes = how == "close" and not kind.has_price
        asked = NewOrder(
            symbol=SYMBOL,
            side=side,
            type=kind,
            quantity=None if closes else quantity,
            price=trigger if kind.has_price else None,
            stop_price=trigger,
            reduce_only=how == "reduce",
            close_position=closes,
            working_type=watched,
        )
        self.call(lambda exchange: exchange.submit(asked, self.now_ns))

    @rule(back=st.integers(0, 5), price=PRICES, quantity=QUANTITIES)
    def amend(self, back: int, price: Decimal, quantity: Decimal) -> None:
        if open_orders := self.exchange.open_orders():
            order = open_orders[-1 - back % len(open_orders)]
            self.call(
                lambda exchange: exchange.amend(
                    SYMBOL, order_id=order.order_id, side=order.side, quantity=quantity, price=price, now_ns=self.now_ns
                )
            )

    @rule(order_id=st.integers(1, 40))
    def cancel(self, order_id: int) -> None:
        self.call(lambda exchange: exchange.cancel(SYMBOL, order_id=order_id, now_ns=self.now_ns))

    @rule(algo_id=st.integers(1, 40))
    def cancel_algo(self, algo_id: int) -> None:
        self.call(lambda exchange: exchange.cancel_algo(algo_id=algo_id, now_ns=self.now_ns))

    @rule()
    def reload_the_twin(self) -> None:
        self.twin = Exchange.load(self.rules, json.loads(json.dumps(self.twin.dump())))
        assert self.twin.dump() == self.exchange.dump()

    @invariant()
    def each_order_has_traded_what_its_fills_say_and_no_more(self) -> None:
        trades = self.exchange.trades()
        for order in self.exchange.orders():
            fills = [trade for trade in trades if trade.order_id == order.order_id]
            assert sum(trade.quantity for trade in fills) == order.executed_quantity <= order.quantity
            assert sum(trade.quote_quantity for trade in fills) == order.executed_notional
            assert (order.status == "FILLED") == (order.executed_quantity == order.quantity)
            assert all(trade.quantity > 0 for trade in fills)
            self.its_fills_keep_its_terms(order, fills)

    @staticmethod
    def its_fills_keep_its_terms(order: Any, fills: Any) -> None:
        if order.time_in_force is TimeInForce.GTX:
            assert all(trade.is_maker for trade in fills)
        if order.type is OrderType.LIMIT and not order.amendments:
            assert all(trade.price == order.price for trade in fills if trade.is_maker)
            assert all((order.price - trade.price) * order.side.sign >= 0 for trade in fills)

    @invariant()
    def wallet_and_position_are_the_sum_of_the_fills(self) -> None:
        trades = self.exchange.trades()
        won = sum(trade.realised_pnl for trade in trades)
        position = self.exchange.position(SYMBOL)
        assert self.exchange.wallet() == {"USDT": START + won - sum(trade.commission for trade in trades)}
        assert position.quantity == sum(trade.quantity * trade.side.sign for trade in trades)
        assert position.realised_pnl == won
        if not position.quantity:
            assert won == -sum(trade.quote_quantity * trade.side.sign for trade in trades)

    @invariant()
    def reduce_only_fills_only_ever_reduce(self) -> None:
        position = Decimal(0)
        for trade in self.exchange.trades():
            after = position + trade.quantity * trade.side.sign
            if self.exchange.order(SYMBOL, order_id=trade.order_id).reduce_only:
                assert abs(after) < abs(position)
                assert after * position >= 0
            position = after

    @invariant()
    def our_resting_orders_never_cross_the_book_nor_each_other(self) -> None:
        bid, ask = self.exchange.best_bid(SYMBOL), self.exchange.best_ask(SYMBOL)
        bids = [order.price for order in self.exchange.open_orders() if order.side is BUY]
        asks = [order.price for order in self.exchange.open_orders() if order.side is SELL]
        assert bid is None or ask is None or bid < ask
        assert ask is None or all(price < ask[0] for price in bids)
        assert bid is None or all(price > bid[0] for price in asks)
        assert not bids or not asks or max(bids) < min(asks)

    @invariant()
    def what_is_open_rests_and_what_rests_is_behind_no_more_than_is_visible(self) -> None:
        dump = self.exchange.dump()
        assert sorted(each["order_id"] for each in dump["resting"]) == [each.order_id for each in self.exchange.open_orders()]
        levels = dict(dump["markets"][SYMBOL]["bids"] + dump["markets"][SYMBOL]["asks"])
        visible = {Decimal(price): Decimal(size) for price, size in levels.items()}
        assert all(0 <= Decimal(each["ahead"]) <= visible.get(Decimal(each["price"]), Decimal(0)) for each in dump["resting"])

    @invariant()
    def a_conditional_order_ends_as_its_order_does(self) -> None:
        for algo in self.exchange.algos():
            if algo.order_id is not None:
                is_open = self.exchange.order(SYMBOL, order_id=algo.order_id).status.is_open
                assert algo.status is (AlgoStatus.TRIGGERED if is_open else AlgoStatus.FINISHED)

    @invariant()
    def the_facts_tell_every_order_as_it_is(self) -> None:
        latest = {fact.order.order_id: fact.order for fact in self.facts if isinstance(fact, OrderChanged)}
        assert latest == {order.order_id: order for order in self.exchange.orders()}
        told = [fact.trade for fact in self.facts if isinstance(fact, OrderChanged) and fact.trade is not None]
        assert told == self.exchange.trades()


Laws.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLaws = Laws.TestCase
