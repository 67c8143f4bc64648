"""A real TradingNode with Nautilus's own Binance futures adapter, run as a program: it trades a script, and prints what came.

python tests/venue_node.py URL SCRIPT
"""

import asyncio
import json
import sys
from collections.abc import Callable, Generator, Iterator
from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.binance import BINANCE, BinanceLiveDataClientFactory, BinanceLiveExecClientFactory
from nautilus_trader.adapters.binance.common.enums import BinanceAccountType, BinanceEnvironment
from nautilus_trader.adapters.binance.config import (
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceInstrumentProviderConfig,
)
from nautilus_trader.config import LiveExecEngineConfig, LoggingConfig, StrategyConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import BookType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from venue_process import API_KEY, API_SECRET, Caller

INSTRUMENT = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
STEP_S = 20.0
LEFT_BEHIND = Decimal("0.5")
"""How far the market goes away from an order near it before another one is tried: the market is a random walk."""
type Step = tuple[str, Callable[[], bool]]
type Script = Iterator[Step]


class Scripted(Strategy):
    """Does one step after another, each when what the one before waits for is there."""

    def __init__(self, script: str, done: Callable[[], None]) -> None:
        super().__init__(StrategyConfig(order_id_tag="001"))
        self._script_name, self._done = script, done
        self._waiting: tuple[str, Callable[[], bool]] = ("", lambda: True)
        self._until_ns = 0
        self.seen: dict[str, int] = {}
        self.events: list[dict[str, Any]] = []
        self.steps: list[str] = []
        self.failed = ""

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT)
        self.subscribe_trade_ticks(INSTRUMENT)
        self.subscribe_mark_prices(INSTRUMENT)
        self.subscribe_order_book_deltas(INSTRUMENT, BookType.L2_MBP)
        self.subscribe_bars(BarType.from_str(f"{INSTRUMENT}-1-MINUTE-LAST-EXTERNAL"))
        self._steps: Script = getattr(self, f"script_{self._script_name}")()
        self._until_ns = self.clock.timestamp_ns() + int(STEP_S * 1e9)
        self.clock.set_timer_ns("step", 5_000_000, 0, 0, self._advance)

    def _advance(self, _event: object) -> None:
        name, is_there = self._waiting
        if not is_there():
            if self.clock.timestamp_ns() > self._until_ns:
                self._finish(f"{name} did not come")
            return
        if name:
            self.steps.append(name)
        try:
            self._waiting = next(self._steps)
            self._until_ns = self.clock.timestamp_ns() + int(STEP_S * 1e9)
        except StopIteration:
            self._finish("")

    def _finish(self, failed: str) -> None:
        self.clock.cancel_timer("step")
        self.failed = failed
        self._done()

    def on_quote_tick(self, _tick: object) -> None:
        self._count("quote")

    def on_trade_tick(self, _tick: object) -> None:
        self._count("trade")

    def on_mark_price(self, _update: object) -> None:
        self._count("mark_price")

    def on_order_book_deltas(self, _deltas: object) -> None:
        self._count("book")

    def _count(self, kind: str) -> None:
        self.seen[kind] = self.seen.get(kind, 0) + 1

    def on_order_event(self, event: Any) -> None:
        told = {"type": type(event).__name__, "order": event.client_order_id.value}
        for name in ("reason", "last_qty", "last_px", "commission", "liquidity_side", "due_post_only"):
            if hasattr(event, name):
                told[name] = str(getattr(event, name))
        self.events.append(told)

    # -- what scripts are made of ---------------------------------------------------------------------------------------

    @property
    def _rules(self) -> Any:
        return self.cache.instrument(INSTRUMENT)

    def _best(self) -> tuple[Decimal, Decimal]:
        quote = self.cache.quote_tick(INSTRUMENT)
        return quote.bid_price.as_decimal(), quote.ask_price.as_decimal()

    def _limit(self, side: OrderSide, quantity: str, price: Decimal, **options: Any) -> Any:
        order = self.order_factory.limit(
            INSTRUMENT, side, self._rules.make_qty(Decimal(quantity)), self._rules.make_price(price), **options
        )
        self.submit_order(order)
        return order

    def _market(self, side: OrderSide, quantity: str, **options: Any) -> Any:
        order = self.order_factory.market(INSTRUMENT, side, self._rules.make_qty(Decimal(quantity)), **options)
        self.submit_order(order)
        return order

    def _is(self, order: Any, *statuses: str) -> Callable[[], bool]:
        return lambda: order.status_string() in statuses

    def _net(self) -> Decimal:
        return Decimal(str(self.portfolio.net_position(INSTRUMENT)))

    # -- scripts --------------------------------------------------------------------------------------------------------

    def script_whole_path(self) -> Script:
        for kind in ("quote", "trade", "book", "mark_price"):
            yield kind, lambda kind=kind: self.seen.get(kind, 0) > 0
        yield from self._limits()
        yield from self._takers()
        yield from self._refusals()
        yield from self._conditionals()
        yield from self._many()
        yield from self._flat()

    def _limits(self) -> Script:
        bid, _ = self._best()
        resting = self._limit(OrderSide.BUY, "0.010", bid - 500)
        yield "limit accepted", self._is(resting, "ACCEPTED")
        self.modify_order(resting, quantity=self._rules.make_qty(Decimal("0.020")), price=self._rules.make_price(bid - 501))
        yield "limit modified", lambda: resting.quantity.as_decimal() == Decimal("0.020")
        self.query_order(resting)
        self.cancel_order(resting)
        yield "limit cancelled", self._is(resting, "CANCELED")
        filled = False
        while not filled:
            filled = yield from self._make()

    def _make(self) -> Generator[Step, None, bool]:
        """Rest at the best bid until that fills, or the market has left; tell whether it filled."""
        price = self._best()[0]
        maker = self._limit(OrderSide.BUY, "0.010", price, post_only=True)
        yield "post-only answered", lambda: not maker.is_inflight and maker.status_string() != "INITIALIZED"
        yield "maker filled or passed", lambda: maker.is_closed or self._best()[0] > price + LEFT_BEHIND
        if not maker.is_closed:
            self.cancel_order(maker)
            yield "maker cancelled", lambda: bool(maker.is_closed)
        return bool(maker.status_string() == "FILLED")

    def _takers(self) -> Script:
        bought = self._market(OrderSide.BUY, "0.010")
        yield "market filled", self._is(bought, "FILLED")
        greedy = self._limit(OrderSide.BUY, "25.000", self._best()[1], time_in_force=TimeInForce.IOC)
        yield "IOC partly filled, the rest expired", lambda: greedy.is_closed and greedy.filled_qty < greedy.quantity
        sold = self._market(OrderSide.SELL, str(abs(self._net())), reduce_only=True)
        yield "reduce-only filled", self._is(sold, "FILLED")

    def _refusals(self) -> Script:
        crossing = self._limit(OrderSide.BUY, "0.010", self._best()[1] + 100, post_only=True)
        yield "post-only rejected", self._is(crossing, "REJECTED")
        killed = self._limit(OrderSide.BUY, "29.000", self._best()[0], time_in_force=TimeInForce.FOK)
        yield "FOK not filled", lambda: killed.is_closed and killed.filled_qty == 0
        too_big = self._limit(OrderSide.BUY, "900.000", self._best()[0] - 100)
        yield "margin rejected", self._is(too_big, "REJECTED")
        nothing = self._market(OrderSide.SELL, "0.010", reduce_only=True)
        yield "reduce-only of nothing answered", lambda: nothing.is_closed

    def _conditionals(self) -> Script:
        far = self.order_factory.stop_market(
            INSTRUMENT, OrderSide.SELL, self._rules.make_qty(Decimal("0.010")), self._rules.make_price(self._best()[0] - 700)
        )
        self.submit_order(far)
        yield "stop accepted", self._is(far, "ACCEPTED")
        self.cancel_order(far)
        yield "stop cancelled", self._is(far, "CANCELED")
        long = self._market(OrderSide.BUY, "0.020")
        yield "long", self._is(long, "FILLED")
        for kind, ticks in (("stop_market", -3), ("market_if_touched", 3)):
            status = ""
            while status != "FILLED":
                status = yield from self._trigger(kind, ticks)
            self.steps.append(f"{kind} {status}")
        status = ""
        while status != "CANCELED":
            status = yield from self._trigger_limit()
        self.steps.append(f"triggered stop-limit {status}")

    def _trigger(self, kind: str, ticks: int) -> Generator[Step, None, str]:
        """Wait for a conditional order near the market: it fires, is rejected as too late, or is cancelled as left behind."""
        make, quantity = getattr(self.order_factory, kind), self._rules.make_qty(Decimal("0.010"))
        trigger = self._best()[0] + ticks * Decimal("0.1")
        order = make(INSTRUMENT, OrderSide.SELL, quantity, self._rules.make_price(trigger), reduce_only=True)
        self.submit_order(order)
        yield from self._met_or_left(order, kind, trigger)
        return str(order.status_string())

    def _met_or_left(self, order: Any, name: str, trigger: Decimal) -> Script:
        start = abs(self._best()[0] - trigger)
        yield (
            f"{name} triggered or left behind",
            lambda: bool(order.is_closed) or abs(self._best()[0] - trigger) > start + LEFT_BEHIND,
        )
        if order.status_string() == "ACCEPTED":
            self.cancel_order(order)
            yield f"{name} ended", lambda: bool(order.is_closed)

    def _trigger_limit(self) -> Generator[Step, None, str]:
        """Wait until a stop-limit order is triggered, and cancel the limit order that it became; or one left behind."""
        trigger, quantity = self._best()[1] + Decimal("0.3"), self._rules.make_qty(Decimal("0.010"))
        prices = self._rules.make_price(trigger - 300), self._rules.make_price(trigger)
        order = self.order_factory.stop_limit(INSTRUMENT, OrderSide.BUY, quantity, *prices)
        self.submit_order(order)
        triggered, far = exec_client()._triggered_algo_order_ids, trigger - Decimal("0.3") - LEFT_BEHIND
        yield (
            "stop-limit triggered or left behind",
            lambda: order.client_order_id in triggered or bool(order.is_closed) or self._best()[1] < far,
        )
        was_triggered = order.client_order_id in triggered
        if not order.is_closed:
            self.cancel_order(order)
            # One that is triggered meanwhile is another order at the venue, and outlives its cancel.
            yield "stop-limit answered", lambda: bool(order.is_closed) or order.status_string() == "ACCEPTED"
        if not order.is_closed:
            self.cancel_order(order)
            yield "stop-limit cancelled", lambda: bool(order.is_closed)
        return str(order.status_string()) if was_triggered else ""

    def _many(self) -> Script:
        bid, _ = self._best()
        three = [self._limit(OrderSide.BUY, "0.010", bid - 400 - number) for number in range(3)]
        yield "three accepted", lambda: all(order.status_string() == "ACCEPTED" for order in three)
        self.cancel_orders(three[:2])
        yield "batch cancelled", lambda: all(order.status_string() == "CANCELED" for order in three[:2])
        stop = self.order_factory.stop_market(
            INSTRUMENT, OrderSide.SELL, self._rules.make_qty(Decimal("0.010")), self._rules.make_price(bid - 700)
        )
        self.submit_order(stop)
        yield "stop beside it accepted", self._is(stop, "ACCEPTED")
        self.cancel_all_orders(INSTRUMENT)
        yield "all cancelled", lambda: three[2].is_closed and stop.is_closed

    def _flat(self) -> Script:
        if self._net():
            self._market(OrderSide.SELL if self._net() > 0 else OrderSide.BUY, str(abs(self._net())), reduce_only=True)
        yield "flat", lambda: self._net() == 0

    def script_leave_open(self) -> Script:
        yield "quote", lambda: self.seen.get("quote", 0) > 0
        bought = self._market(OrderSide.BUY, "0.010")
        yield "bought", self._is(bought, "FILLED")
        resting = self._limit(OrderSide.SELL, "0.010", self._best()[1] + 600)
        stop = self.order_factory.stop_market(
            INSTRUMENT, OrderSide.SELL, self._rules.make_qty(Decimal("0.010")), self._rules.make_price(self._best()[0] - 700)
        )
        self.submit_order(stop)
        yield "left open", lambda: resting.status_string() == stop.status_string() == "ACCEPTED"

    def script_broken_streams(self) -> Script:
        yield "quote", lambda: self.seen.get("quote", 0) > 0
        venue = Caller(_url)
        for fault in ("abort_websockets", "expire_listen_key"):
            venue.fault(fault)
            quotes = self.seen["quote"]
            yield f"quotes after {fault}", lambda quotes=quotes: self.seen["quote"] > quotes + 5
            yield f"user stream after {fault}", lambda: venue.described()["user_listeners"] == 1
            bought = self._market(OrderSide.BUY, "0.010")
            yield f"fill after {fault}", self._is(bought, "FILLED")
        venue.close()

    def script_look(self) -> Script:
        yield "quote", lambda: self.seen.get("quote", 0) > 0


def config(url: str) -> TradingNodeConfig:
    common: dict[str, Any] = {
        "api_key": API_KEY,
        "api_secret": API_SECRET,
        "account_type": BinanceAccountType.USDT_FUTURES,
        "environment": BinanceEnvironment.TESTNET,
        "base_url_http": url,
        "base_url_ws": url.replace("http", "ws"),
        "instrument_provider": BinanceInstrumentProviderConfig(load_ids=frozenset({INSTRUMENT}), query_commission_rates=True),
    }
    return TradingNodeConfig(
        trader_id="TESTER-001",
        logging=LoggingConfig(log_level="WARNING", log_colors=False),
        exec_engine=LiveExecEngineConfig(reconciliation=True, open_check_interval_secs=1.0, open_check_open_only=False),
        data_clients={BINANCE: BinanceDataClientConfig(use_agg_trade_ticks=False, **common)},
        exec_clients={BINANCE: BinanceExecClientConfig(base_url_ws_stream=url.replace("http", "ws"), **common)},
        timeout_connection=10.0,
        timeout_reconciliation=5.0,
        timeout_disconnection=2.0,
        timeout_post_stop=0.5,
    )


def exec_client() -> Any:
    return next(iter(node.kernel.exec_engine._clients.values()))


def summary(strategy: Scripted) -> dict[str, Any]:
    cache = node.kernel.cache
    account = cache.accounts()[0] if cache.accounts() else None
    return {
        "failed": strategy.failed,
        "steps": strategy.steps,
        "seen": strategy.seen,
        "events": strategy.events,
        "open_orders": sorted(f"{order.side_string()} {order.type_string()} {order.quantity}" for order in cache.orders_open()),
        "positions": [f"{position.side.name} {position.quantity}" for position in cache.positions_open()],
        "balance": str(account.balance_total(account.currencies()[0])) if account else "",
    }


if __name__ == "__main__":
    _url, _script = sys.argv[1:]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    node = TradingNode(config=config(_url), loop=loop)
    told: list[dict[str, Any]] = []

    def done() -> None:
        told.append(summary(strategy))
        node.stop()

    strategy = Scripted(_script, done)
    node.trader.add_strategy(strategy)
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    node.build()
    node.run()
    node.dispose()
    sys.stdout.write("\n" + json.dumps(told[0] if told else {"failed": "it never ended"}) + "\n")
