"""The public streams of a symbol: what each move and each moment sends to whom has asked for it."""

import re
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from tc.venue.clock import MILLISECOND_NS, SECOND_NS
from tc.venue.market import payloads
from tc.venue.market.book import Book, Pending
from tc.venue.market.candles import Candles
from tc.venue.market.moves import Move, Traded
from tc.venue.matching import SymbolRules

MOST_TRADES_KEPT = 1_000
_DEPTH = re.compile(r"@depth(?P<levels>5|10|20)?(@(?P<ms>0|100|250|500)ms)?")
_DEFAULT_DEPTH_MS = 250
_CANDLE_NS = 250 * MILLISECOND_NS


class Outlet(Protocol):
    """Where streams go to."""

    def has(self, stream: str) -> bool:
        """Tell whether anybody listens."""
        ...

    def publish(self, stream: str, payload: bytes) -> bool:
        """Send to who listens, and tell whether that was done: it is not while the streams are held up."""
        ...


class PublicStreams:
    """Shows one symbol's market."""

    def __init__(self, rules: SymbolRules, book: Book, outlet: Outlet, mark: Callable[[], Decimal | None]) -> None:
        self.book = book
        self.candles = Candles()
        self.trades: deque[tuple[int, Traded, int]] = deque(maxlen=MOST_TRADES_KEPT)
        """Number, trade, and time."""
        self._rules, self._outlet, self._mark = rules, outlet, mark
        self._name = rules.symbol.lower()
        self._trade_id = book.update_id
        self._due_ns: dict[str, int] = {}
        self._partials: dict[str, tuple[int, int]] = {}

    def watch(self, stream: str) -> None:
        """Prepare for a stream that somebody subscribes to: depth streams begin to remember changes."""
        match = _DEPTH.fullmatch(stream.removeprefix(self._name))
        if match is None:
            return
        interval_ms = int(match["ms"] or _DEFAULT_DEPTH_MS)
        if match["levels"]:
            self._partials[stream] = (int(match["levels"]), max(1, interval_ms))
        else:
            self.book.watch(interval_ms)

    def show(self, move: Move, now_ns: int) -> None:
        """Apply a move to the visible book, and send what it makes at once."""
        if isinstance(move, Traded):
            self._show_trade(move, now_ns)
        elif self.book.apply(move) and self._outlet.has(stream := f"{self._name}@bookTicker"):
            self._send(stream, payloads.best_payload(self._rules, self.book, now_ns))
        if 0 in self.book.pending:
            self._send_depth(0, now_ns)

    def send_due(self, now_ns: int, clock_ns: int) -> None:
        """Send what is sent from time to time: due by the clock, stamped with the venue's time."""
        for interval_ms in self.book.pending:
            if interval_ms and self._is_due(f"depth{interval_ms}", interval_ms * MILLISECOND_NS, clock_ns):
                self._send_depth(interval_ms, now_ns)
        for stream, (levels, interval_ms) in self._partials.items():
            if self._outlet.has(stream) and self._is_due(stream, interval_ms * MILLISECOND_NS, clock_ns):
                self._send(stream, payloads.partial_payload(self._rules, self.book, levels, now_ns))
        for stream, seconds in ((f"{self._name}@markPrice", 3), (f"{self._name}@markPrice@1s", 1)):
            if self._outlet.has(stream) and self._is_due(stream, seconds * SECOND_NS, clock_ns):
                mark = self._mark()
                self._send(stream, None if mark is None else payloads.mark_payload(self._rules, mark, now_ns))
        self._send_candle(now_ns, clock_ns)

    def _is_due(self, what: str, every_ns: int, clock_ns: int) -> bool:
        if 0 < self._due_ns.get(what, 0) - clock_ns <= every_ns:  # What is due later still is of a clock that was set back.
            return False
        self._due_ns[what] = (clock_ns // every_ns + 1) * every_ns
        return True

    def _send(self, stream: str, payload: bytes | None) -> None:
        if payload is not None:
            self._outlet.publish(stream, payload)

    def _show_trade(self, trade: Traded, now_ns: int) -> None:
        self._trade_id += 1
        number = self._trade_id
        self.trades.append((number, trade, now_ns))
        self._close_candle(now_ns)
        self.candles.add(number, trade.price, trade.quantity, is_buyer_maker=trade.is_buyer_maker, now_ns=now_ns)
        if self._outlet.has(stream := f"{self._name}@trade"):
            self._send(stream, payloads.trade_payload(self._rules, number, trade, now_ns))
        if self._outlet.has(stream := f"{self._name}@aggTrade"):
            self._send(stream, payloads.aggregate_payload(self._rules, number, trade, now_ns))

    def _send_depth(self, interval_ms: int, now_ns: int) -> None:
        pending, last_id = self.book.pending[interval_ms], self.book.update_id
        if pending.sent_id == last_id:
            return
        names = [f"{self._name}@depth@{interval_ms}ms", *([f"{self._name}@depth"] if interval_ms == _DEFAULT_DEPTH_MS else [])]
        if any(self._outlet.has(name) for name in names):
            payload = payloads.depth_payload(self._rules, pending, last_id, now_ns)
            was_sent = [self._outlet.publish(name, payload) for name in names if self._outlet.has(name)]
            if not all(was_sent):
                return  # It comes with the next one, so that who listens misses no change.
        self.book.pending[interval_ms] = Pending(last_id)

    def _send_candle(self, now_ns: int, clock_ns: int) -> None:
        self._close_candle(now_ns)
        candle, stream = self.candles.current, f"{self._name}@kline_1m"
        if candle is None or not self.candles.has_changed or not self._outlet.has(stream):
            return
        if self._is_due(stream, _CANDLE_NS, clock_ns):
            self._send(stream, payloads.candle_payload(self._rules, candle, now_ns, is_closed=False))
            self.candles.has_changed = False

    def _close_candle(self, now_ns: int) -> None:
        closed, stream = self.candles.close_before(now_ns), f"{self._name}@kline_1m"
        if closed is not None and self._outlet.has(stream):
            self._send(stream, payloads.candle_payload(self._rules, closed, now_ns, is_closed=True))
