"""What is wrong with messages of Binance's futures streams, one stream after another: by their own numbers, stamps and prices.

Source: "Websocket Market Streams" and "How to manage a local order book correctly" in Binance's documentation of the USD-M
futures API: `pu` of a change of the book is `u` of the one before it.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from tc.checks.feed import Anomaly

LATE_NS: Final = 1_000_000_000
"""So much longer than the fastest one a message may be on its way."""

FORGOTTEN_AFTER_NS: Final = 300_000_000_000
"""The fastest message counts for so long, and once more: clocks drift apart, and a venue's may be set."""

_CLOCK_WAS_SET_NS: Final = 500_000_000
_MILLISECOND_NS: Final = 1_000_000


class _Quote(msgspec.Struct):
    u: int
    E: int
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal


class _Quotes(msgspec.Struct):
    data: _Quote


class _Trade(msgspec.Struct):
    a: int
    E: int


class _Trades(msgspec.Struct):
    data: _Trade


class _Diff(msgspec.Struct):
    u: int
    pu: int
    E: int


class _Diffs(msgspec.Struct):
    data: _Diff


class Delays:
    """How long messages were on their way, of all streams of one venue: judged against the fastest, whose clocks may differ.

    Parameters
    ----------
    monotonic_ns
        A clock that nobody sets: when ours is, what came before says nothing of what comes after.

    """

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic_ns = monotonic_ns
        self._shortest_ns: int | None = None
        self._before_ns = 0
        self._until_ns = 0
        self._set_by_ns = 0

    def is_late(self, event_ms: int, now_ns: int) -> bool:
        """Tell whether a message with this stamp, received now by the wall clock, was much longer on its way than another."""
        delay_ns = now_ns - event_ms * _MILLISECOND_NS
        shortest_ns = self._shortest_ns
        if shortest_ns is None:
            self._begin(delay_ns, delay_ns, now_ns)
            return False
        if delay_ns < shortest_ns:
            self._shortest_ns, self._set_by_ns = delay_ns, now_ns - self._monotonic_ns()
            return False
        if delay_ns - min(shortest_ns, self._before_ns) > LATE_NS:
            if abs(now_ns - self._monotonic_ns() - self._set_by_ns) <= _CLOCK_WAS_SET_NS:
                return self._noted(delay_ns, now_ns, is_late=True)
            self._begin(delay_ns, delay_ns, now_ns)
            return False
        return self._noted(delay_ns, now_ns, is_late=False)

    def _noted(self, delay_ns: int, now_ns: int, *, is_late: bool) -> bool:
        """Forget the fastest one after a time."""
        if now_ns >= self._until_ns and self._shortest_ns is not None:
            self._begin(delay_ns, self._shortest_ns, now_ns)
        return is_late

    def _begin(self, delay_ns: int, before_ns: int, now_ns: int) -> None:
        self._shortest_ns, self._before_ns = delay_ns, before_ns
        self._until_ns, self._set_by_ns = now_ns + FORGOTTEN_AFTER_NS, now_ns - self._monotonic_ns()


class Stream:
    """One stream of one instrument: each message is judged by the one before it; one message may be wrong in two ways."""

    def __init__(self, delays: Delays) -> None:
        self._delays = delays
        self._number: int | None = None
        self._stamp_ms = 0

    def judge(self, raw: bytes, now_ns: int) -> tuple[Anomaly, ...]:
        """Return what is wrong with the next message; ValidationError where it is no message of such a stream."""
        raise NotImplementedError

    def _order(self, number: int, stamp_ms: int, now_ns: int, follows: int | None = None) -> Anomaly | None:
        """Return what is wrong with where it stands; one that is late is not blamed for its stamp twice."""
        last, self._number = self._number, number
        before_ms, self._stamp_ms = self._stamp_ms, stamp_ms
        is_late = self._delays.is_late(stamp_ms, now_ns)
        if last is not None:
            if number == last:
                return "duplicate"
            if number < last:
                self._number = last
                return "backwards"
            if follows is not None and follows != last:
                return "gap"
        if is_late:
            return "delayed"
        return "backwards" if stamp_ms < before_ms else None


class Quotes(Stream):
    """`<symbol>@bookTicker`."""

    _decode = msgspec.json.Decoder(_Quotes).decode

    def judge(self, raw: bytes, now_ns: int) -> tuple[Anomaly, ...]:
        """Judge its number and stamp, and whether there is a market in it."""
        quote = self._decode(raw).data
        order, book = self._order(quote.u, quote.E, now_ns), _book(quote)
        if order is None:
            return () if book is None else (book,)
        return (order,) if book is None else (order, book)


class Trades(Stream):
    """`<symbol>@aggTrade`."""

    _decode = msgspec.json.Decoder(_Trades).decode

    def judge(self, raw: bytes, now_ns: int) -> tuple[Anomaly, ...]:
        """Judge its number and stamp."""
        trade = self._decode(raw).data
        order = self._order(trade.a, trade.E, now_ns)
        return () if order is None else (order,)


class Diffs(Stream):
    """`<symbol>@depth@…`: changes of the book."""

    _decode = msgspec.json.Decoder(_Diffs).decode

    def judge(self, raw: bytes, now_ns: int) -> tuple[Anomaly, ...]:
        """Judge its number, what it follows, and its stamp."""
        diff = self._decode(raw).data
        order = self._order(diff.u, diff.E, now_ns, diff.pu)
        return () if order is None else (order,)


def _book(quote: _Quote) -> Anomaly | None:
    if not (quote.b and quote.B and quote.a and quote.A):
        return "empty"
    return "crossed" if quote.b >= quote.a else None
