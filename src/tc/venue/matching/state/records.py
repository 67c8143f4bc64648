"""Every order, conditional order and fill that ever was, the ids they get, and what changed since it was last kept."""

from collections import defaultdict
from dataclasses import dataclass, field

from tc.venue.matching.orders import AlgoView, OrderView, TradeView
from tc.venue.matching.rules import AlgoStatus
from tc.venue.matching.state.timeline import Page, Timeline


@dataclass(slots=True)
class Counters:
    """The next order id (orders and conditional orders share one sequence), trade id and turn in a line."""

    order_id: int = 1
    trade_id: int = 1
    turn: int = 1


@dataclass(slots=True)
class Touched:
    """What changed since it was last kept: ids of orders, conditional orders and trades, and symbols traded."""

    orders: dict[int, None] = field(default_factory=dict)
    algos: dict[int, None] = field(default_factory=dict)
    trades: dict[int, None] = field(default_factory=dict)
    symbols: dict[str, None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything did."""
        return bool(self.orders or self.algos or self.trades or self.symbols)


class Records:
    """Orders, conditional orders and trades by id, with the ways to find them."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.orders: dict[int, OrderView] = {}
        self.algos: dict[int, AlgoView] = {}
        self.trades: dict[int, TradeView] = {}
        self.open: dict[int, None] = {}
        self.touched = Touched()
        self._orders_by_client: dict[tuple[str, str], int] = {}
        self._algos_by_client: dict[str, int] = {}
        self._order_times: defaultdict[str, Timeline] = defaultdict(Timeline)
        self._algo_times: defaultdict[str, Timeline] = defaultdict(Timeline)
        self._trade_times: defaultdict[str, Timeline] = defaultdict(Timeline)
        self._fills: defaultdict[int, Timeline] = defaultdict(Timeline)

    def next_order_id(self) -> int:
        """Give out an order id."""
        self.counters.order_id += 1
        return self.counters.order_id - 1

    def next_trade_id(self) -> int:
        """Give out a trade id."""
        self.counters.trade_id += 1
        return self.counters.trade_id - 1

    def next_turn(self) -> int:
        """Give out a turn in a line."""
        self.counters.turn += 1
        return self.counters.turn - 1

    def put_order(self, order: OrderView) -> None:
        """Take over a new or changed order."""
        if order.order_id not in self.orders:
            self._order_times[order.symbol].add(order.order_id, order.created_ns)
        self.orders[order.order_id] = order
        self._orders_by_client[order.symbol, order.client_order_id] = order.order_id
        if order.status.is_open:
            self.open[order.order_id] = None
        else:
            self.open.pop(order.order_id, None)
        self.touched.orders[order.order_id] = None

    def put_algo(self, algo: AlgoView) -> None:
        """Take over a new or changed conditional order."""
        if algo.algo_id not in self.algos:
            self._algo_times[algo.symbol].add(algo.algo_id, algo.created_ns)
        self.algos[algo.algo_id] = algo
        self._algos_by_client[algo.client_algo_id] = algo.algo_id
        self.touched.algos[algo.algo_id] = None

    def put_trade(self, trade: TradeView) -> None:
        """Take over a fill."""
        self.trades[trade.trade_id] = trade
        self._trade_times[trade.symbol].add(trade.trade_id, trade.time_ns)
        self._fills[trade.order_id].add(trade.trade_id, trade.time_ns)
        self.touched.trades[trade.trade_id] = None
        self.touched.symbols[trade.symbol] = None

    def lose_order(self, order: OrderView) -> None:
        """Forget an order as if it had never been."""
        del self.orders[order.order_id]
        self._order_times[order.symbol].remove(order.order_id, order.created_ns)
        self.open.pop(order.order_id, None)
        if self._orders_by_client.get((order.symbol, order.client_order_id)) == order.order_id:
            del self._orders_by_client[order.symbol, order.client_order_id]
        self.touched.orders[order.order_id] = None

    def find_order(self, symbol: str, order_id: int | None, client_order_id: str | None) -> OrderView | None:
        """Find an order by its id, or else the latest one with a client order id."""
        if order_id is None:
            order_id = self._orders_by_client.get((symbol, client_order_id or ""))
        order = self.orders.get(order_id) if order_id is not None else None
        return order if order is not None and order.symbol == symbol else None

    def find_algo(self, algo_id: int | None, client_algo_id: str | None) -> AlgoView | None:
        """Find a conditional order by its id, or else the latest one with a client id."""
        if algo_id is None:
            algo_id = self._algos_by_client.get(client_algo_id or "")
        return self.algos.get(algo_id) if algo_id is not None else None

    def page_of_orders(self, symbol: str, page: Page) -> list[OrderView]:
        """Return a page of a symbol's orders, by the time of their creation."""
        return [self.orders[number] for number in self._order_times[symbol].page(page)]

    def page_of_algos(self, symbol: str, page: Page) -> list[AlgoView]:
        """Return a page of a symbol's conditional orders, by the time of their creation."""
        return [self.algos[number] for number in self._algo_times[symbol].page(page)]

    def page_of_trades(self, symbol: str, page: Page, order_id: int | None) -> list[TradeView]:
        """Return a page of a symbol's fills, of one order or of all."""
        times = self._trade_times[symbol] if order_id is None else self._fills[order_id]
        found = (self.trades[number] for number in times.page(page))
        return [trade for trade in found if trade.symbol == symbol]

    def is_used(self, symbol: str, client_id: str) -> bool:
        """Whether an open order or a waiting conditional order carries this client id."""
        order = self.find_order(symbol, None, client_id)
        algo = self.find_algo(None, client_id)
        return (order is not None and order.status.is_open) or (algo is not None and algo.status is AlgoStatus.NEW)

    def open_orders(self, symbol: str | None) -> list[OrderView]:
        """Return the open orders by id, of one symbol or of all."""
        found = (self.orders[order_id] for order_id in self.open)
        return [order for order in found if symbol is None or order.symbol == symbol]
