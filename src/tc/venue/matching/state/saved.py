"""The whole state as plain data, out and in again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tc.venue.matching.book.line import Resting
from tc.venue.matching.book.market import Market
from tc.venue.matching.orders import AlgoView, OrderView, TradeView
from tc.venue.matching.rules import AlgoStatus, Side, SymbolRules
from tc.venue.matching.state.ledger import Holding, Ledger
from tc.venue.matching.state.model import State
from tc.venue.matching.state.records import Counters, Records, Touched

type Level = tuple[Decimal, Decimal]


@dataclass(slots=True, kw_only=True)
class SavedMarket:
    """What the market data of one symbol came to."""

    bids: list[Level]
    asks: list[Level]
    last: Decimal | None
    told_mark: Decimal | None


@dataclass(slots=True, kw_only=True)
class Saved:
    """Everything but the rules; without `markets` the book is empty until the market data comes again."""

    counters: Counters
    orders: list[OrderView]
    algos: list[AlgoView]
    trades: list[TradeView]
    resting: list[Resting]
    holdings: dict[str, Holding]
    wallet: dict[str, Decimal]
    wallet_ns: int
    leverage: dict[str, int]
    markets: dict[str, SavedMarket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed since it was last kept; the wallet whole when anything traded, places in the line and counters always."""

    orders: list[OrderView]
    lost_orders: list[int]
    algos: list[AlgoView]
    trades: list[TradeView]
    holdings: dict[str, tuple[Holding, int]]
    resting: list[Resting]
    wallet: dict[str, Decimal]
    wallet_ns: int
    counters: Counters

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that must be kept; a place that moved up in the line alone need not be."""
        return not (self.orders or self.lost_orders or self.algos or self.trades or self.holdings)


def changes_of(state: State) -> Changes:
    """Return what changed, as it is and not copied."""
    records, touched = state.records, state.records.touched
    return Changes(
        orders=[records.orders[order_id] for order_id in touched.orders if order_id in records.orders],
        lost_orders=[order_id for order_id in touched.orders if order_id not in records.orders],
        algos=[records.algos[algo_id] for algo_id in touched.algos],
        trades=[records.trades[trade_id] for trade_id in touched.trades],
        holdings={symbol: (state.ledger.holdings[symbol], state.markets[symbol].leverage) for symbol in touched.symbols},
        resting=resting_of(state),
        wallet=state.ledger.wallet if touched.symbols else {},
        wallet_ns=state.ledger.wallet_ns,
        counters=records.counters,
    )


def resting_of(state: State) -> list[Resting]:
    """Return the places of all resting orders, by symbol, side and order in the line."""
    return [resting for market in state.markets.values() for line in market.ours.values() for resting in line]


def save(state: State) -> Saved:
    """Copy the state out."""
    records = state.records
    return Saved(
        counters=records.counters,
        orders=list(records.orders.values()),
        algos=list(records.algos.values()),
        trades=list(records.trades.values()),
        resting=resting_of(state),
        holdings=state.ledger.holdings,
        wallet=state.ledger.wallet,
        wallet_ns=state.ledger.wallet_ns,
        leverage={symbol: market.leverage for symbol, market in state.markets.items()},
        markets={symbol: _save_market(market) for symbol, market in state.markets.items()},
    )


def _save_market(market: Market) -> SavedMarket:
    return SavedMarket(
        bids=list(market.visible[Side.BUY].levels()),
        asks=list(market.visible[Side.SELL].levels()),
        last=market.last,
        told_mark=market.told_mark,
    )


def restore(rules: Mapping[str, SymbolRules], saved: Saved) -> State:
    """Make a state that goes on exactly where the saved one was; symbols that are new in the rules start empty."""
    records = Records(saved.counters)
    for order in saved.orders:
        records.put_order(order)
    for algo in saved.algos:
        records.put_algo(algo)
    for trade in saved.trades:
        records.put_trade(trade)
    records.touched = Touched()
    holdings = {symbol: saved.holdings.get(symbol) or Holding() for symbol in rules}
    markets = {symbol: Market(rules[symbol]) for symbol in rules}
    state = State(markets, Ledger(saved.wallet, holdings, saved.wallet_ns), records)
    _restore_markets(state, saved)
    return state


def _restore_markets(state: State, saved: Saved) -> None:
    for symbol, market in state.markets.items():
        market.leverage = saved.leverage.get(symbol, market.leverage)
        if told := saved.markets.get(symbol):
            market.tell_all(told.bids, told.asks)
            market.last, market.told_mark = told.last, told.told_mark
    for resting in saved.resting:
        order = state.records.orders[resting.order_id]
        state.markets[order.symbol].ours[order.side].add(resting)
    for algo in state.records.algos.values():
        if algo.status is AlgoStatus.NEW:
            state.markets[algo.symbol].waiting[algo.algo_id] = algo
