"""A recorded stream as a market: put together around its snapshot as Binance documents it, and played once or again and again.

Depth updates are kept until a snapshot comes; those that it contains are dropped; the first that is applied straddles it; each
later one follows the one before, else the book is lost until the next snapshot. The recording's best prices are ahead of its
depth updates: whichever of the two has the newer update id holds at the top of the book.

Source: "How to manage a local order book correctly" in Binance's documentation of the USD-M futures streams.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from tc.errors import DocumentError
from tc.venue.market.moves import BestChanged, BookChanged, BookReset, Levels, Move, Moves, Traded
from tc.venue.market.recording import Best, Depth, Message, Print, RawLevels, Snapshot, read_recording

_PAUSE_NS = 100_000_000
"""How long after its last message a recording that loops begins again."""


def replay(path: Path, *, tick_size: Decimal, is_looping: bool) -> Moves:
    """Give the market of a recording.

    Raises
    ------
    DocumentError
        While iterating: a line cannot be read, or no snapshot fits the updates.

    """
    start_ns = 0
    while True:
        at_ns = start_ns
        found = False
        for move in _Replay(tick_size, start_ns).moves(read_recording(path)):
            found, at_ns = True, move.at_ns
            yield move
        if not found:
            raise DocumentError(
                f"{path} has no depth snapshot that its depth updates follow, so that there is no book",
                hint="A recording must hold a REST snapshot (a line with lastUpdateId) and the updates around it.",
            )
        if not is_looping:
            return
        start_ns = at_ns + _PAUSE_NS


class _Replay:
    """One pass over a recording."""

    def __init__(self, tick_size: Decimal, start_ns: int) -> None:
        self._tick_size = tick_size
        self._start_ns = start_ns
        self._kept: deque[Depth] = deque(maxlen=10_000)
        self._snapshot: Snapshot | None = None
        self._last_id: int | None = None
        self._best: Best | None = None
        self._first_stamp: int | None = None
        self._stamp = 0
        self._at_ns = start_ns

    def moves(self, messages: Iterator[tuple[int, Message]]) -> Iterator[Move]:
        for stamp, message in messages:
            self._stamp = stamp
            if self._first_stamp is not None:
                self._at_ns = max(self._at_ns, self._start_ns + stamp - self._first_stamp)
            match message:
                case Depth():
                    yield from self._take_depth(message)
                case Snapshot():
                    if self._last_id is None:
                        self._snapshot = message
                        yield from self._join()
                case Best():
                    yield from self._take_best(message)
                case Print() if self._last_id is not None and message.kind == "MARKET":
                    yield Traded(self._at_ns, self._price(message.price), Decimal(message.size), message.is_buyer_maker)

    def _take_depth(self, depth: Depth) -> Iterator[Move]:
        if self._last_id is None or (depth.previous_id != self._last_id and depth.final_id > self._last_id):
            self._last_id = None
            self._kept.append(depth)
            yield from self._join()
        elif depth.previous_id == self._last_id:
            self._last_id = depth.final_id
            yield self._changed(depth)

    def _changed(self, depth: Depth) -> BookChanged:
        """Return a depth update; where the best prices are newer than it, it changes nothing at them or beyond them."""
        bids, asks, best = self._levels(depth.bids), self._levels(depth.asks), self._best
        if best is not None and best.update_id > depth.final_id:
            bid, ask = self._price(best.bid), self._price(best.ask)
            bids = tuple(level for level in bids if level[0] < bid)
            asks = tuple(level for level in asks if level[0] > ask)
        return BookChanged(self._at_ns, bids, asks)

    def _take_best(self, best: Best) -> Iterator[Move]:
        self._best = best
        if self._last_id is not None and best.update_id > self._last_id:
            yield from self._best_again()

    def _best_again(self) -> Iterator[Move]:
        best = self._best
        if best is not None and self._last_id is not None and best.update_id > self._last_id:
            sizes = Decimal(best.bid_size), Decimal(best.ask_size)
            yield BestChanged(self._at_ns, self._price(best.bid), sizes[0], self._price(best.ask), sizes[1])

    def _join(self) -> Iterator[Move]:
        """Apply the snapshot and the updates that were kept for it, once one has come that straddles it."""
        snapshot = self._snapshot
        if snapshot is None:
            return
        waiting = [each for each in self._kept if each.final_id >= snapshot.last_id]
        if not waiting:
            return
        self._snapshot = None
        if waiting[0].first_id > snapshot.last_id:
            return
        if self._first_stamp is None:
            self._first_stamp = self._stamp
        self._kept.clear()
        yield BookReset(self._at_ns, self._levels(snapshot.bids), self._levels(snapshot.asks))
        self._last_id = waiting[0].previous_id
        for depth in waiting:
            yield from self._take_depth(depth)

    def _levels(self, raw: RawLevels) -> Levels:
        return tuple((self._price(price), Decimal(size)) for price, size in raw)

    def _price(self, text: str) -> Decimal:
        """Return a price with as many places as the tick has: a recording writes 61800.20 where the tick is 0.1."""
        price = Decimal(text)
        if price % self._tick_size:
            raise DocumentError(
                f"the recording has a price of {text}, which is no multiple of the tick {self._tick_size}",
                hint="Give the instrument document that the recording is of.",
            )
        return price.quantize(self._tick_size)
