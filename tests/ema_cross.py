"""A run's Event Stream on real prices, for tests that need one without an engine: a toy EMA cross with limit exits."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from core_documents import core_part
from tc.core import CoreConfiguration, EventStreamEntry
from tc.core.events import (
    STREAM_SCHEMA,
    AccountUpdated,
    Balance,
    ComponentStateChanged,
    Event,
    MarketDataRows,
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    PositionChanged,
    PositionClosed,
    PositionOpened,
    RunCompleted,
    RunStarted,
    span,
)
from tc.reports.candles import Candles

MINUTE_NS = 60_000_000_000
DATASET = "5d263f4c5379cfc27379ef0e22779aa33804463d1b69c292e9c0714e31f2e1b4"
INSTRUMENT = "FILUSDT-PERP.BINANCE"
STARTING = Decimal(10_000)
FEE = Decimal("0.0004")
QUANTITY = Decimal(1000)
DOCUMENT: dict[str, object] = {
    "configuration_version": 2,
    "core": core_part(),
    "run_spec": {
        "spec_version": 1,
        "name": "filusdt-ema-cross",
        "mode": "backtest",
        "engine": "nautilus",
        "instrument": INSTRUMENT,
        "venue": {"name": "BINANCE", "account_type": "margin", "oms_type": "netting", "starting_balances": ["10000 USDT"]},
        "strategy": {
            "path": "nautilus_trader.examples.strategies.ema_cross:EMACross",
            "config": {"fast_ema_period": 40, "slow_ema_period": 160, "trade_size": "1000"},
        },
        "data": {"dataset": "filusdt-1m-2023-04", "fingerprint": DATASET, "start": None, "end": None},
        "seed": 42,
    },
    "instrument": {
        "id": INSTRUMENT,
        "kind": "crypto_perpetual",
        "base_currency": "FIL",
        "quote_currency": "USDT",
        "settlement_currency": "USDT",
        "is_inverse": False,
        "multiplier": "1",
        "price_precision": 3,
        "size_precision": 1,
    },
}


def filusdt_candles(folder: Path, *, rows: int | None = None) -> Candles:
    """Return the one-minute FILUSDT bars of April 2023."""
    path = folder / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        bars = list(csv.DictReader(file))[:rows]
    columns = [tuple(int(Decimal(bar[name]).scaleb(3)) for bar in bars) for name in ("open", "high", "low", "close")]
    ends = tuple((int(bar["close_time"]) + 1) * 1_000_000 for bar in bars)
    return Candles("candles", f"bars of {INSTRUMENT}-1-MINUTE-LAST-EXTERNAL", len(bars), 3, MINUTE_NS, ends, *columns)


@dataclass
class EmaCross:
    """Goes long when the fast average crosses above the slow one, short when below; takes half of a gain with a limit order."""

    candles: Candles
    fast: int = 40
    slow: int = 160
    net: Decimal = Decimal(0)
    average: Decimal = Decimal(0)
    balance: Decimal = STARTING
    resting: tuple[str, str, Decimal] | None = None
    now: int = 0
    orders: int = 0
    fills: int = 0
    waiting: list[Event] = field(default_factory=list)

    def entries(self) -> Iterator[EventStreamEntry]:
        """Give the stream, position by position."""
        position = 1
        for event in self._events():
            yield EventStreamEntry(position, event)
            position += span(event)

    def _events(self) -> Iterator[Event]:
        configuration = CoreConfiguration.from_document(DOCUMENT)
        self.now = self.candles.ends_ns[0]
        yield RunStarted(self.now, STREAM_SCHEMA, configuration.fingerprint)
        yield self._account()
        yield ComponentStateChanged(self.now, self.now, "EMACross-000", "EMACross", "RUNNING")
        fast = slow = float(self.candles.closes[0])
        first_row, was_above = 0, None
        for row, (end_ns, close) in enumerate(zip(self.candles.ends_ns, self.candles.closes, strict=True)):
            self.now = end_ns
            fast += (close - fast) * 2 / (self.fast + 1)
            slow += (close - slow) * 2 / (self.slow + 1)
            is_above = fast > slow
            self._rest(self.candles.lows[row], self.candles.highs[row])
            if row > self.slow and was_above is not None and is_above != was_above:
                self._turn(Decimal(close).scaleb(-3), "BUY" if is_above else "SELL")
            was_above = is_above
            if self.waiting:
                yield MarketDataRows(end_ns, DATASET, first_row, row)
                yield from self.waiting
                self.waiting.clear()
                first_row = row + 1
        if first_row < len(self.candles):
            yield MarketDataRows(self.now, DATASET, first_row, len(self.candles) - 1)
        yield RunCompleted(self.now)

    def _turn(self, price: Decimal, side: str) -> None:
        if self.resting is not None:
            self.waiting.append(OrderCanceled(self.now, self.now, self.resting[0], f"V-{self.resting[0]}"))
            self.resting = None
        quantity = abs((QUANTITY if side == "BUY" else -QUANTITY) - self.net)
        if quantity == 0:
            return
        order_id = self._create(side, quantity, None)
        if self.orders % 37 == 0:
            reason = f"NOTIONAL_EXCEEDS_FREE_BALANCE: free={self.balance} USDT, notional={quantity * price} USDT"
            self.waiting.append(OrderDenied(self.now, self.now, order_id, reason))
            return
        self.waiting.append(OrderSubmitted(self.now, self.now, order_id, "BINANCE-001"))
        self._fill(order_id, side, quantity, price)
        exit_side, factor = ("SELL", Decimal("1.01")) if side == "BUY" else ("BUY", Decimal("0.99"))
        limit = (price * factor).quantize(Decimal("0.001"), ROUND_HALF_EVEN)
        exit_id = self._create(exit_side, QUANTITY / 2, limit)
        self.waiting.append(OrderSubmitted(self.now, self.now, exit_id, "BINANCE-001"))
        self.waiting.append(OrderAccepted(self.now, self.now, exit_id, f"V-{exit_id}", "BINANCE-001"))
        self.resting = (exit_id, exit_side, limit)

    def _rest(self, low: int, high: int) -> None:
        if self.resting is None:
            return
        order_id, side, limit = self.resting
        if low <= limit.scaleb(3) <= high:
            self.resting = None
            self._fill(order_id, side, QUANTITY / 2, limit, "MAKER")

    def _create(self, side: str, quantity: Decimal, price: Decimal | None) -> str:
        self.orders += 1
        order_id = f"O-20230401-{self.orders:06d}"
        kind = "MARKET" if price is None else "LIMIT"
        self.waiting.append(
            OrderInitialized(self.now, self.now, order_id, "EMACross-000", INSTRUMENT, side, kind, quantity, "GTC", price=price)
        )
        return order_id

    def _fill(self, order_id: str, side: str, quantity: Decimal, price: Decimal, liquidity: str = "TAKER") -> None:
        self.fills += 1
        commission = (quantity * price * FEE).quantize(Decimal("1e-8"))
        self.waiting.append(
            OrderFilled(
                self.now,
                self.now,
                order_id,
                f"V-{order_id}",
                "BINANCE-001",
                f"T-{self.fills}",
                "P-1",
                "EMACross-000",
                INSTRUMENT,
                side,
                quantity,
                price,
                "USDT",
                commission,
                "USDT",
                liquidity,
            )
        )
        self._hold(quantity if side == "BUY" else -quantity, price)
        self.balance -= commission
        self.waiting.append(self._account())

    def _hold(self, change: Decimal, price: Decimal) -> None:
        before, self.net = self.net, self.net + change
        where = (self.now, self.now, "P-1", "EMACross-000", INSTRUMENT)
        if before * change < 0:
            closed = min(abs(before), abs(change))
            self.balance += closed * (price - self.average) * (1 if before > 0 else -1)
        if before == 0:
            self.waiting.append(PositionOpened(*where, self.net))
        elif before * self.net > 0:
            self.waiting.append(PositionChanged(*where, self.net))
            if before * change > 0:
                self.average = ((self.average * before + price * change) / self.net).quantize(Decimal("1e-8"))
            return
        else:
            self.waiting.append(PositionClosed(*where))
            if self.net:
                self.waiting.append(PositionOpened(*where, self.net))
        self.average = price

    def _account(self) -> AccountUpdated:
        balance = Balance("USDT", self.balance, Decimal(0), self.balance)
        return AccountUpdated(self.now, self.now, "BINANCE-001", "MARGIN", False, (balance,))
