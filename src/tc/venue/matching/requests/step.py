"""One step of the matching: what a request or a message of the market does to our orders of one symbol."""

from dataclasses import replace
from decimal import Decimal

from tc.venue.matching.amounts import ZERO, rounded
from tc.venue.matching.facts import AccountChanged, AlgoChanged, Fact, OrderChanged
from tc.venue.matching.orders import OrderView, TradeView
from tc.venue.matching.rules import AlgoStatus, Execution, OrderStatus, Side
from tc.venue.matching.state.model import State


class Step:
    """Changes the state and collects the facts, in the order in which they happen."""

    def __init__(self, state: State, symbol: str, now_ns: int) -> None:
        self.state = state
        self.market = state.market(symbol)
        self.records = state.records
        self.holding = state.ledger.holdings[symbol]
        self.symbol = symbol
        self.now_ns = now_ns
        self.facts: list[Fact] = []

    def change(self, order: OrderView, execution: Execution) -> None:
        """Take over a changed order and tell of it."""
        self.records.put_order(order)
        self.facts.append(OrderChanged(order=order, execution=execution))

    def close(self, order: OrderView, execution: Execution, status: OrderStatus) -> None:
        """End an order without a fill."""
        self.market.ours[order.side].remove(order.order_id)
        self.change(replace(order, status=status, updated_ns=self.now_ns), execution)
        self._finish_algo(order)

    def rest(self, order: OrderView) -> None:
        """Let an order stand in the book, behind all that is visible at its price."""
        self.market.ours[order.side].queue(order.order_id, order.price, self.records.next_turn())

    def take(self, order_id: int, limit: Decimal | None) -> OrderView:
        """Trade against the visible book within a limit, level by level; return the order as it is then.

        Resting orders of ours that stand in the way expire first (self-trade prevention EXPIRE_MAKER, the default on
        Binance's page "New Order").
        """
        order = self.records.orders[order_id]
        opposite = self.market.visible[order.side.opposite]
        while order.status.is_open and (price := opposite.best()) is not None and (limit is None or opposite.meets(limit)):
            self._clear_own(order.side.opposite, price)
            quantity = min(order.remaining, opposite.size_at(price))
            opposite.consume_best(quantity)
            order = self.fill(order, price, quantity, is_maker=False)
        if order.status.is_open and limit is not None:
            self._clear_own(order.side.opposite, limit)
        return order

    def _clear_own(self, side: Side, price: Decimal) -> None:
        if not self.market.ours[side]:
            return
        for resting in self.market.ours[side].reached_by(price):
            order = self.records.orders[resting.order_id]
            self.close(order, Execution.EXPIRED, OrderStatus.EXPIRED_IN_MATCH)

    def fill(self, order: OrderView, price: Decimal, quantity: Decimal, *, is_maker: bool) -> OrderView:
        """Trade a part of an order: wallet, position, order, and who must leave because the position changed."""
        trade = self._book(order, price, quantity, is_maker=is_maker)
        order = replace(
            order,
            executed_quantity=order.executed_quantity + quantity,
            executed_notional=order.executed_notional + price * quantity,
            status=OrderStatus.FILLED if quantity == order.remaining else OrderStatus.PARTIALLY_FILLED,
            updated_ns=self.now_ns,
        )
        self.records.put_order(order)
        if not order.status.is_open:
            self.market.ours[order.side].remove(order.order_id)
        self.facts += [self._account_changed(), OrderChanged(order=order, execution=Execution.TRADE, trade=trade)]
        if not order.status.is_open:
            self._finish_algo(order)
        self.expire_what_cannot_reduce()
        return self.records.orders[order.order_id]

    def _book(self, order: OrderView, price: Decimal, quantity: Decimal, *, is_maker: bool) -> TradeView:
        rules = self.market.rules
        commission = rounded(price * quantity * (rules.maker_rate if is_maker else rules.taker_rate))
        signed = quantity * order.side.sign
        won = self.state.ledger.fill(self.symbol, rules.quote, signed, price, commission, self.now_ns)
        trade = TradeView(
            trade_id=self.records.next_trade_id(),
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            symbol=self.symbol,
            side=order.side,
            price=price,
            quantity=quantity,
            commission=commission,
            commission_asset=rules.quote,
            realised_pnl=won,
            is_maker=is_maker,
            time_ns=self.now_ns,
        )
        self.records.put_trade(trade)
        return trade

    def _account_changed(self) -> AccountChanged:
        balance = self.state.balance(self.market.rules.quote)
        position = self.state.position(self.symbol)
        return AccountChanged(reason="ORDER", balances=(balance,), positions=(position,), time_ns=self.now_ns)

    def _finish_algo(self, order: OrderView) -> None:
        if order.algo_id is None:
            return
        algo = replace(self.records.algos[order.algo_id], status=AlgoStatus.FINISHED, updated_ns=self.now_ns)
        self.records.put_algo(algo)
        self.facts.append(AlgoChanged(algo=algo, order=self.records.orders[order.order_id]))

    def expire_what_cannot_reduce(self) -> None:
        """End the reduce-only orders that have no position left to reduce."""
        for order in self.records.open_orders(self.symbol):
            if order.reduce_only and not self.holding.can_reduce(order.side.sign):
                self.close(order, Execution.EXPIRED, OrderStatus.EXPIRED)

    def _tradable(self, order: OrderView) -> Decimal:
        # A reduce-only order never trades more than the position that it closes.
        if order.reduce_only:
            return min(order.remaining, self.holding.can_reduce(order.side.sign))
        return order.remaining

    def drain(self, side: Side, price: Decimal, volume: Decimal) -> None:
        """Let a trade of the market that hit this side at a price go through the queue: those in front, then ours.

        Orders of ours at better prices would have been met first, with nobody left in front of them.
        """
        line, passed = self.market.ours[side], ZERO
        for resting in line.reached_by(price):
            order = self.records.orders[resting.order_id]
            if resting.price == price:
                others = min(volume, max(ZERO, resting.ahead - passed))
                passed += others
                volume -= others
            else:
                resting.ahead = ZERO
            if quantity := min(volume, self._tradable(order)):
                volume -= quantity
                self.fill(order, resting.price, quantity, is_maker=True)
        line.pass_by(price, passed)

    def fill_through(self, order: OrderView, quantity: Decimal | None) -> None:
        """Fill an order of ours at its price, whoever stands in front of it: so much of it, or all that can trade."""
        tradable = self._tradable(order)
        self.fill(order, order.price, tradable if quantity is None else min(quantity, tradable), is_maker=True)

    def book_funding(self, amount: Decimal) -> None:
        """Take a funding fee over into the wallet."""
        asset = self.market.rules.quote
        self.state.ledger.book(asset, amount, self.now_ns)
        self.records.touched.symbols[self.symbol] = None
        balance = self.state.balance(asset)
        self.facts.append(
            AccountChanged(reason="FUNDING_FEE", balances=(balance,), positions=(), time_ns=self.now_ns, balance_change=amount)
        )

    def uncross(self, side: Side) -> None:
        """Fill our orders that the other side of the visible book has come through, each at its own price."""
        line, opposite = self.market.ours[side], self.market.visible[side.opposite]
        while (first := line.first()) is not None and opposite.meets(first.price):
            order = self.records.orders[first.order_id]
            quantity = min(self._tradable(order), opposite.best_size())
            opposite.consume_best(quantity)
            self.fill(order, first.price, quantity, is_maker=True)
