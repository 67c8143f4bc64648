"""Histories of an account, read whole or not at all: a venue gives a page at a time, and does not say which part of it.

Binance's pages "All Orders", "Query All Algo Orders" and "Account Trade List" say that an id gives what is at or after it, and
that otherwise the most recent are returned. Of a window of time that holds more than a page they do not say clearly whether it is
the first or the latest that come. So a full page of a window proves nothing here: the window is made smaller until its page is
not full, and then it is whole under either reading.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tc.exchange.wire.errors import VenueUnreachableError
from tc.exchange.wire.line import Parameters, VenueLine
from tc.exchange.wire.protocol import AlgoOrderDocument, OrderDocument, TradeDocument

PAGE = 1000
"""The most that one page of a history holds."""

PAGE_WEIGHT = 5
_MS = 1_000_000
_WINDOW_MS = 7 * 86_400 * 1_000 - 1
_LONGEST_LOOK_BACK_NS = 26 * _WINDOW_MS * _MS
_CLOCKS_APART_MS = 1_000
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class History[T]:
    """One kind of history: where it is, by which parameter it is read from an id on, and each document's id and time."""

    path: str
    kind: type[T]
    by: str
    identity: Callable[[T], int]
    at_ms: Callable[[T], int]


ORDERS = History("/fapi/v1/allOrders", OrderDocument, "orderId", lambda each: each.orderId, lambda each: each.time)
ALGO_ORDERS = History(
    "/fapi/v1/allAlgoOrders", AlgoOrderDocument, "algoId", lambda each: each.algoId, lambda each: each.createTime or 0
)
TRADES = History("/fapi/v1/userTrades", TradeDocument, "fromId", lambda each: each.id, lambda each: each.time)


async def read_history[T](line: VenueLine, history: History[T], symbol: str, since_ns: int | None) -> list[T]:
    """Return a history in the order of its ids: from a time on, or as far as the venue has ids.

    A time that is more than half a year ago is further back than a venue looks up by time; then it is read by id.

    Raises
    ------
    VenueUnreachableError
        The venue's pages do not prove that nothing is left out; or as `VenueLine.get`.
    VenueRefusedError, VenueBusyError
        As `VenueLine.get`.

    """
    reading = _Reading(line, history, symbol)
    if since_ns is not None and since_ns > time.time_ns() + line.skew_ns - _LONGEST_LOOK_BACK_NS:
        await reading.read_since(since_ns // _MS)
    else:
        await reading.read_by_id()
    return [reading.found[number] for number in sorted(reading.found)]


@dataclass(slots=True)
class _Reading[T]:
    line: VenueLine
    history: History[T]
    symbol: str
    found: dict[int, T] = field(default_factory=dict)
    pages: int = 0

    async def read_since(self, start_ms: int) -> None:
        """Read window after window, each made smaller until its page is not full.

        What happens meanwhile only ever comes into a later window, so nothing slips through between two.
        """
        width_ms = _WINDOW_MS
        while start_ms <= self._now_ms():
            # A window ends before the next begins: both bounds are inclusive.
            got = await self._page(startTime=start_ms, endTime=start_ms + width_ms)
            if len(got) < PAGE:
                start_ms += width_ms + 1
                width_ms = min(_WINDOW_MS, width_ms * _wider(len(got)) + 1)
            elif width_ms:
                width_ms = min(width_ms // 2, self._narrower(got, start_ms))
            else:
                raise self._incomplete(f"one millisecond has {PAGE} or more")

    def _narrower(self, got: tuple[T, ...], start_ms: int) -> int:
        """Return how long a window is likely not to be full: up to before what was seen, or else as long as most of it took."""
        stamps = [self.history.at_ms(each) for each in got]
        first_ms = min(stamps)
        return first_ms - start_ms - 1 if first_ms > start_ms else (max(stamps) - first_ms) * 7 // 10

    async def read_by_id(self) -> None:
        """Read from the first id on; each page begins with the last of the page before, so that there is no gap between them."""
        got = await self._page(**{self.history.by: 1})
        if len(got) >= PAGE:
            first = min(self.found)
            if first not in self._ids(await self._page(limit=1, **{self.history.by: 1})):
                raise self._incomplete("from an id on, it gives what is not next to it")
        while len(got) >= PAGE:
            last = max(self.found)
            got = await self._page(**{self.history.by: last})
            if last not in self._ids(got) or (len(got) >= PAGE and max(self.found) == last):
                raise self._incomplete("from an id on, it gives what is not next to it")

    async def _page(self, limit: int = PAGE, **where: int) -> tuple[T, ...]:
        self.pages += 1
        if self.pages > _MOST_PAGES:
            raise self._incomplete("it does not end")
        parameters: Parameters = {"symbol": self.symbol, "limit": limit, **where}
        kind = tuple[self.history.kind, ...]  # type: ignore[name-defined] # a type is a value here
        got: tuple[T, ...] = await self.line.get(self.history.path, parameters, kind, weight=PAGE_WEIGHT)
        self.found.update((self.history.identity(each), each) for each in got)
        return got

    def _ids(self, got: tuple[T, ...]) -> set[int]:
        return {self.history.identity(each) for each in got}

    def _now_ms(self) -> int:
        return (time.time_ns() + self.line.skew_ns) // _MS + _CLOCKS_APART_MS

    def _incomplete(self, why: str) -> VenueUnreachableError:
        return VenueUnreachableError(
            f"GET {self.history.path}: the history of {self.symbol} cannot be shown to be whole: {why}", is_unclear=False
        )


def _wider(found: int) -> int:
    """Return how many times as long the next window may be."""
    if not found:
        return 8
    return 2 if 2 * found < PAGE else 1
