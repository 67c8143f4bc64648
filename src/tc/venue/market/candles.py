"""Candles of one minute, put together from the trades as they happen."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tc.venue.clock import MILLISECOND_NS
from tc.venue.market.messages import KlineData
from tc.venue.matching import SymbolRules
from tc.venue.protocol.amounts import money, price, quantity

MINUTE_MS = 60_000
MOST_KEPT = 1_500


@dataclass(slots=True)
class Candle:
    """A minute's trades."""

    open_ms: int
    first_id: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    last_id: int
    trades: int = 0
    volume: Decimal = Decimal(0)
    quote_volume: Decimal = Decimal(0)
    taker_buy_volume: Decimal = Decimal(0)
    taker_buy_quote_volume: Decimal = Decimal(0)

    def add(self, trade_id: int, at: Decimal, size: Decimal, *, is_buyer_maker: bool) -> None:
        """Add a trade."""
        self.last_id, self.close = trade_id, at
        self.high, self.low = max(self.high, at), min(self.low, at)
        self.trades += 1
        self.volume += size
        self.quote_volume += size * at
        if not is_buyer_maker:
            self.taker_buy_volume += size
            self.taker_buy_quote_volume += size * at

    def data(self, rules: SymbolRules, *, is_closed: bool) -> KlineData:
        """Return the candle as the stream writes it."""
        return KlineData(
            t=self.open_ms,
            T=self.open_ms + MINUTE_MS - 1,
            s=rules.symbol,
            f=self.first_id,
            L=self.last_id,
            o=price(rules, self.open),
            c=price(rules, self.close),
            h=price(rules, self.high),
            l=price(rules, self.low),
            v=quantity(rules, self.volume),
            n=self.trades,
            x=is_closed,
            q=money(self.quote_volume),
            V=quantity(rules, self.taker_buy_volume),
            Q=money(self.taker_buy_quote_volume),
        )


class Candles:
    """The candle of this minute, and the closed ones before it."""

    def __init__(self) -> None:
        self.current: Candle | None = None
        self.has_changed = False
        self._closed: deque[Candle] = deque(maxlen=MOST_KEPT)

    def add(self, trade_id: int, at: Decimal, size: Decimal, *, is_buyer_maker: bool, now_ns: int) -> None:
        """Add a trade to the candle of its minute; `close_before` was called first."""
        if self.current is None:
            open_ms = now_ns // MILLISECOND_NS // MINUTE_MS * MINUTE_MS
            self.current = Candle(open_ms, trade_id, at, at, at, at, trade_id)
        self.current.add(trade_id, at, size, is_buyer_maker=is_buyer_maker)
        self.has_changed = True

    def close_before(self, now_ns: int) -> Candle | None:
        """Close the candle when its minute is over, and return it then."""
        candle = self.current
        if candle is None or now_ns // MILLISECOND_NS < candle.open_ms + MINUTE_MS:
            return None
        self._closed.append(candle)
        self.current, self.has_changed = None, False
        return candle

    def latest(self, limit: int) -> Sequence[Candle]:
        """Return the latest candles, the open one last."""
        every = [*self._closed, *([self.current] if self.current else [])]
        return every[-limit:]
