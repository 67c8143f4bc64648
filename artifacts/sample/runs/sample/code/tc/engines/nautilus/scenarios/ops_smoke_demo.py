"""A scenario that makes every kind of order outcome happen; under a gate, every outcome of the gate as well."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Literal

from nautilus_trader.config import NonNegativeInt, PositiveInt, StrategyConfig
from nautilus_trader.core.message import Event
from nautilus_trader.model.data import Bar, BarType, QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.trading.strategy import Strategy

if TYPE_CHECKING:
    from nautilus_trader.model.instruments import Instrument

VERSION = "2"
_STEPS = 8


class OpsSmokeDemoConfig(StrategyConfig, frozen=True):
    """Parameters of the scenario.

    Parameters
    ----------
    instrument_id, seed
        Set from the RunSpec.
    feed
        What drives it: one-minute bars, or quotes.
    trade_size
        Quantity of its ordinary orders.
    step_every
        A step of its cycle of eight is taken every so many bars or quotes.
    partial_every
        The order that is more than the market offers is sent once in so many cycles, because what it is filled with is large.
    burst_every
        Once in so many cycles a burst of orders, of which a gate with a rate of two a second sends two at once, holds, merges,
        annihilates and denies the others; 0 leaves it out.

    """

    instrument_id: InstrumentId
    seed: int
    feed: Literal["bars", "quotes"] = "bars"
    trade_size: Decimal = Decimal("0.010")
    step_every: PositiveInt = 5
    partial_every: PositiveInt = 8
    burst_every: NonNegativeInt = 0


class OpsSmokeDemo(Strategy):
    """Goes round a fixed cycle of orders, each step provoking one outcome; ``counters`` say how often each happened."""

    def __init__(self, config: OpsSmokeDemoConfig) -> None:
        super().__init__(config)
        self.counters: Counter[str] = Counter()
        self._random = Random(config.seed)  # noqa: S311 - a scenario must repeat, not surprise
        self._ticks = 0
        self._resting: ClientOrderId | None = None
        self._too_much: ClientOrderId | None = None
        self._instrument: Instrument | None = None

    def on_start(self) -> None:
        """Subscribe to the feed."""
        self._instrument = self.cache.instrument(self.config.instrument_id)
        if self.config.feed == "bars":
            self.subscribe_bars(BarType.from_str(f"{self.config.instrument_id}-1-MINUTE-LAST-EXTERNAL"))
        else:
            self.subscribe_quote_ticks(self.config.instrument_id)

    def on_bar(self, bar: Bar) -> None:
        """Take the next step at the bar's close; its whole volume is more than is on offer at once."""
        self._tick(bid=bar.close, ask=bar.close, too_much=bar.volume.as_decimal())

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Take the next step at the quote; twice its size is more than is on offer at once."""
        self._tick(bid=tick.bid_price, ask=tick.ask_price, too_much=tick.ask_size.as_decimal() * 2)

    def on_event(self, event: Event) -> None:
        """Count what happened to our orders."""
        name = type(event).__name__
        if name == "OrderFilled":
            order = self.cache.order(event.client_order_id)
            name = "OrderFilled" if order.is_closed else "OrderPartiallyFilled"
        if name.startswith("Order"):
            self.counters[name] += 1

    def on_order_filled(self, event: OrderFilled) -> None:
        """Cancel the rest of the order that asked for too much, at its first partial fill."""
        order = self.cache.order(event.client_order_id)
        if event.client_order_id == self._too_much and not order.is_closed:
            self.cancel_order(order)
            self._too_much = None

    def on_stop(self) -> None:
        """Leave nothing behind."""
        self.cancel_all_orders(self.config.instrument_id)
        self.close_all_positions(self.config.instrument_id)

    def _tick(self, *, bid: Price, ask: Price, too_much: Decimal) -> None:
        self._ticks += 1
        if self._ticks % self.config.step_every:
            return
        cycle, step = divmod(self._ticks // self.config.step_every, _STEPS)
        match step:
            case 0:
                self._rest(bid)
            case 1:
                self._move_closer(bid)
            case 2:
                self._cancel_resting()
            case 3:
                self._buy_at_market()
            case 4 if cycle % self.config.partial_every == 0:
                self._ask_for_too_much(ask, too_much)
            case 6 if self.config.burst_every and cycle % self.config.burst_every == 0:
                self._burst(bid)
            case 4 | 5 | 6:
                self.close_all_positions(self.config.instrument_id)
            case _:
                if self.config.burst_every:
                    self.cancel_all_orders(self.config.instrument_id)
                self._be_denied_once(bid)

    def _rest(self, bid: Price) -> None:
        price = bid.as_decimal() * (1 - Decimal(self._random.randint(20, 40)) / 1000)
        self._resting = self._limit(price, self.config.trade_size)

    def _move_closer(self, bid: Price) -> None:
        order = None if self._resting is None else self.cache.order(self._resting)
        if order is not None and order.is_open:
            price = bid.as_decimal() * (1 - Decimal(self._random.randint(10, 20)) / 1000)
            self.modify_order(order, price=self._instrument.make_price(price))  # type: ignore[union-attr]

    def _cancel_resting(self) -> None:
        order = None if self._resting is None else self.cache.order(self._resting)
        if order is not None and order.is_open:
            self.cancel_order(order)
        self._resting = None

    def _buy_at_market(self) -> None:
        quantity = self._instrument.make_qty(self.config.trade_size)  # type: ignore[union-attr]
        self.submit_order(self.order_factory.market(self.config.instrument_id, OrderSide.BUY, quantity))

    def _ask_for_too_much(self, ask: Price, too_much: Decimal) -> None:
        self._too_much = self._limit(ask.as_decimal(), max(too_much, self.config.trade_size))

    def _burst(self, bid: Price) -> None:
        """Ask at once for two orders, a third that is changed, a fourth that is cancelled, and a fifth that is far too large."""
        low = bid.as_decimal() * Decimal("0.97")
        size = self.config.trade_size
        for number in range(2):
            self._limit(low - number, size)
        changed = self.cache.order(self._limit(low - 2, size))
        self.modify_order(changed, price=self._instrument.make_price(low - 3))  # type: ignore[union-attr]
        self.cancel_order(self.cache.order(self._limit(low - 4, size)))
        self._limit(low - 5, size * 1_000_000)

    def _be_denied_once(self, bid: Price) -> None:
        if self.counters["OrderDenied"]:
            return
        quantity = self._instrument.make_qty(self.config.trade_size)  # type: ignore[union-attr]
        too_precise = Price(float(bid), bid.precision + 1)
        self.submit_order(self.order_factory.limit(self.config.instrument_id, OrderSide.BUY, quantity, price=too_precise))

    def _limit(self, price: Decimal, quantity: Decimal) -> ClientOrderId:
        order = self.order_factory.limit(
            self.config.instrument_id,
            OrderSide.BUY,
            self._instrument.make_qty(quantity),  # type: ignore[union-attr]
            price=self._instrument.make_price(price),  # type: ignore[union-attr]
        )
        self.submit_order(order)
        return order.client_order_id
