# ruff: noqa: INP001 - it is found by the python_path of a RunSpec
"""The strategy that drills are carried out on: it quotes both sides, takes a little now and then, and can be told to misbehave.

What it asks for follows from its seed, how often its timer rang, and the market: the same seed asks for the same in the same
order, as far as the market does. It has no edge and is not for trading.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import NonNegativeInt, PositiveInt, StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import BookType, OrderSide
from nautilus_trader.model.events import OrderAccepted, OrderDenied, OrderRejected
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.trading.strategy import Strategy

SIDES = (OrderSide.BUY, OrderSide.SELL)
TIMER = "drill-trader"
ORDERS_AT_ONCE = 10
MEBIBYTES_AT_ONCE = 16
MEBIBYTE = 1 << 20


class DrillTraderConfig(StrategyConfig, frozen=True):
    """How the strategy trades, and where it is told to misbehave.

    Parameters
    ----------
    instrument_id
        What it trades.
    quantity
        Of each order.
    max_position
        The position that it wants at most, long or short.
    away_ticks, requote_ticks
        How far from the touch its orders rest, and from which distance to there they are quoted anew.
    period_ms
        How often it looks at what it has.
    take_every
        After so many looks it takes a little from the market; 0 never does.
    patience
        So many looks after a refusal it asks for nothing.
    subscribes_trades, subscribes_book
        Whether it listens to trades and to the order book, too.
    seed
        Of what it takes.
    commands
        The folder of the files that tell it to misbehave; empty for none.

    """

    instrument_id: InstrumentId
    quantity: Decimal = Decimal("0.010")
    max_position: Decimal = Decimal("0.050")
    away_ticks: PositiveInt = 20
    requote_ticks: PositiveInt = 5
    period_ms: PositiveInt = 250
    take_every: NonNegativeInt = 4
    patience: NonNegativeInt = 4
    subscribes_trades: bool = True
    subscribes_book: bool = True
    seed: NonNegativeInt = 1
    commands: str = ""


class DrillTrader(Strategy):
    """Keeps one order to buy and one to sell at rest, and a position that goes up and down within its limits."""

    def __init__(self, config: DrillTraderConfig) -> None:
        super().__init__(config)
        self._chance = random.Random(config.seed)  # noqa: S311 - the same seed, the same orders
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick: QuoteTick | None = None
        self._turn = 0
        self._asks_from = 0
        self._is_cautious = False
        self._quotes: dict[OrderSide, ClientOrderId] = {}
        self._misbehaviour = Misbehaviour(Path(config.commands), self._buy) if config.commands else None

    def on_start(self) -> None:
        """Listen, take over what rests from before a crash, and look again and again from now on."""
        instrument_id = self.config.instrument_id
        for order in self.cache.orders_open(instrument_id=instrument_id, strategy_id=self.id):
            self._quotes[order.side] = order.client_order_id
        self.subscribe_quote_ticks(instrument_id)
        if self.config.subscribes_trades:
            self.subscribe_trade_ticks(instrument_id)
        if self.config.subscribes_book:
            self.subscribe_order_book_deltas(instrument_id, BookType.L2_MBP)
        with suppress(RuntimeError):  # A backtest has no loop.
            self._loop = asyncio.get_running_loop()
        self.clock.set_timer(TIMER, timedelta(milliseconds=self.config.period_ms), callback=self._rang)

    def on_stop(self) -> None:
        """Look no more; what becomes of its orders is said in the RunSpec."""
        self.clock.cancel_timer(TIMER)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Take note of the market."""
        self._tick = tick

    def on_order_denied(self, event: OrderDenied) -> None:
        """Be patient."""
        self._was_refused(event)

    def on_order_rejected(self, event: OrderRejected) -> None:
        """Be patient."""
        self._was_refused(event)

    def on_order_accepted(self, _event: OrderAccepted) -> None:
        """Be of good cheer."""
        self._is_cautious = False

    def _was_refused(self, _event: OrderDenied | OrderRejected) -> None:
        self._is_cautious = True
        self._asks_from = self._turn + self.config.patience

    def _rang(self, _event: TimeEvent) -> None:
        """Look, on the thread of the event loop: the timers of a live clock ring on another one."""
        if self._loop is None:
            self._look()
        else:
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if not self.is_running:
            return
        self._turn += 1
        if self._misbehaviour is not None:
            self._misbehaviour.look()
        if self._tick is None or self._turn < self._asks_from:
            return
        for ask in self._wanted(self._tick):
            ask()
            if self._is_cautious:
                break

    def _wanted(self, tick: QuoteTick) -> Iterator[Callable[[], None]]:
        """Give what is to be asked for: quotes that are missing or too far off, and a little from the market when it is time."""
        held = self._held()
        for side in SIDES:
            price = self._price(side, tick)
            order = self.cache.order(self._quotes[side]) if side in self._quotes else None
            if order is None or order.is_closed:
                if abs(held + self._signed(side)) <= self.config.max_position:
                    yield lambda side=side, price=price: self._quote(side, price)
            elif order.is_open and not order.is_pending_cancel and self._is_far(order.price, price):
                yield lambda order=order: self.cancel_order(order)
        if self.config.take_every and self._turn % self.config.take_every == 0:
            side = self._taken_side(held)
            yield lambda: self._take(side)

    def _taken_side(self, held: Decimal) -> OrderSide:
        side = self._chance.choice(SIDES)
        if abs(held + self._signed(side)) <= self.config.max_position:
            return side
        return OrderSide.SELL if held > 0 else OrderSide.BUY

    def _quote(self, side: OrderSide, price: Price) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        quantity = instrument.make_qty(self.config.quantity)
        order = self.order_factory.limit(instrument.id, side, quantity, price)
        self._quotes[side] = order.client_order_id
        self.submit_order(order)

    def _take(self, side: OrderSide) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        self.submit_order(self.order_factory.market(instrument.id, side, instrument.make_qty(self.config.quantity)))

    def _buy(self, quantity: Decimal) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        self.submit_order(self.order_factory.market(instrument.id, OrderSide.BUY, instrument.make_qty(quantity)))

    def _price(self, side: OrderSide, tick: QuoteTick) -> Price:
        """Return where an order of a side is to rest."""
        instrument = self.cache.instrument(self.config.instrument_id)
        away = self.config.away_ticks * instrument.price_increment.as_decimal()
        touch = tick.bid_price if side == OrderSide.BUY else tick.ask_price
        return instrument.make_price(touch.as_decimal() + (-away if side == OrderSide.BUY else away))

    def _is_far(self, price: Price, wanted: Price) -> bool:
        increment = self.cache.instrument(self.config.instrument_id).price_increment.as_decimal()
        return abs(price.as_decimal() - wanted.as_decimal()) > self.config.requote_ticks * increment

    def _held(self) -> Decimal:
        return Decimal(self.portfolio.net_position(self.config.instrument_id) or 0)

    def _signed(self, side: OrderSide) -> Decimal:
        return self.config.quantity if side == OrderSide.BUY else -self.config.quantity


@dataclass
class Command:
    """A command that is being carried out: what it says, how often it is still to be done, and not before when."""

    arguments: dict[str, str | int]
    left: int
    next_s: float = 0.0


class Misbehaviour:
    """Does what command files tell, each once, and counts it in a file beside them; one that is taken away is done no more.

    `stall` sleeps in the handler: seconds, count, every_s. `runaway` buys: count, quantity. `allocate` takes memory: mb.
    """

    def __init__(self, folder: Path, buy: Callable[[Decimal], None]) -> None:
        self._folder = folder
        self._buy = buy
        self._taken: list[bytearray] = []
        self._commands: dict[str, Command] = {}
        self._done = {word: self._counted(word) for word in ("stall", "runaway", "allocate")}

    def look(self) -> None:
        """Do what is to be done now."""
        for word, do in (("stall", self._stall), ("runaway", self._run_away), ("allocate", self._allocate)):
            command = self._told(word)
            if command is not None and command.left and time.monotonic() >= command.next_s:
                do(command)

    def _told(self, word: str) -> Command | None:
        """Return the command that holds; a new one takes the place of the one before."""
        try:
            arguments = json.loads((self._folder / f"{word}.json").read_bytes())
        except FileNotFoundError:
            self._commands.pop(word, None)
            if word == "allocate":
                self._taken.clear()
            return None
        command = self._commands.get(word)
        if command is None or command.arguments != arguments:
            command = self._commands[word] = Command(arguments, int(arguments.get("count", arguments.get("mb", 0))))
        return command

    def _stall(self, command: Command) -> None:
        command.next_s = time.monotonic() + float(command.arguments["every_s"])
        self._count("stall", command)
        time.sleep(float(command.arguments["seconds"]))

    def _run_away(self, command: Command) -> None:
        for _ in range(min(command.left, ORDERS_AT_ONCE)):
            self._count("runaway", command)
            self._buy(Decimal(command.arguments["quantity"]))

    def _allocate(self, command: Command) -> None:
        for _ in range(min(command.left, MEBIBYTES_AT_ONCE)):
            self._taken.append(bytearray(b"\x01") * MEBIBYTE)
            self._count("allocate", command)

    def _count(self, word: str, command: Command) -> None:
        """Count, so that a reader never finds half a number."""
        command.left -= 1
        self._done[word] += 1
        new = self._folder / f".{word}.count"
        new.write_text(str(self._done[word]), encoding="ascii")
        new.replace(self._folder / f"{word}.count")

    def _counted(self, word: str) -> int:
        """Return what was counted before a crash."""
        with suppress(FileNotFoundError):
            return int((self._folder / f"{word}.count").read_text(encoding="ascii"))
        return 0
