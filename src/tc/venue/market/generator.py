"""A market made from a seed, the same for the same seed: a two-sided book of twenty levels that trades, in whole ticks."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tc.errors import DocumentError
from tc.venue.clock import SECOND_NS
from tc.venue.market.moves import BookChanged, BookReset, Move, Moves, Traded

LEVELS = 20
_LARGEST_SIZE = 3_000
_WIDEST_SPREAD = 6
_DRIFT_STEPS, _STRONGEST_DRIFT = 900, 30


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """What is made: its seed, the first price, the units of prices and sizes, and how many moves there are in a second."""

    seed: int
    start_price: Decimal
    tick_size: Decimal
    step_size: Decimal
    rate: int = 30


def generate(settings: GeneratorSettings) -> Moves:
    """Give the market of a seed, without end.

    Raises
    ------
    DocumentError
        The first price has no room for the levels below it.

    """
    if settings.start_price < LEVELS * settings.tick_size:
        raise DocumentError(
            f"a market that begins at {settings.start_price:f} has no room for {LEVELS} levels of {settings.tick_size:f} below",
            hint=f"Let it begin at {LEVELS * settings.tick_size:f} or above.",
        )
    return _Generator(settings).moves()


class _Generator:
    """A book in ticks and steps: the sizes of the levels from the best price outwards, side by side without gaps."""

    def __init__(self, settings: GeneratorSettings) -> None:
        self._settings = settings
        self._random = Random(settings.seed)  # noqa: S311 - reproducible is what it must be
        self._home = int(settings.start_price / settings.tick_size)
        self._bid, self._ask = self._home, self._home + 1
        self._bids = [self._size(depth) for depth in range(LEVELS)]
        self._asks = [self._size(depth) for depth in range(LEVELS)]
        self._drift = 0
        self._at_ns = 0

    def moves(self) -> Iterator[Move]:
        bids = tuple(self._level(self._bid - depth, size) for depth, size in enumerate(self._bids))
        asks = tuple(self._level(self._ask + depth, size) for depth, size in enumerate(self._asks))
        yield BookReset(0, bids, asks)
        mean_ns = SECOND_NS // self._settings.rate
        while True:
            self._at_ns += mean_ns // 2 + self._random.randrange(mean_ns)
            if self._random.randrange(_DRIFT_STEPS) == 0:
                self._drift = self._random.randrange(-_STRONGEST_DRIFT, _STRONGEST_DRIFT + 1)
            drawn = self._random.randrange(100)
            if drawn < 55:  # noqa: PLR2004 - more than half of what happens to a book is a size
                yield self._resize()
            elif drawn < 85:  # noqa: PLR2004 - three in ten are trades, the rest narrows the spread
                yield from self._trade()
            else:
                yield self._narrow()

    def _resize(self) -> Move:
        is_bid = self._random.randrange(2) == 0
        depth = min(self._random.randrange(LEVELS), self._random.randrange(LEVELS))
        sizes = self._bids if is_bid else self._asks
        sizes[depth] = self._size(depth)
        return self._changed(is_bid, ((depth, sizes[depth]),))

    def _trade(self) -> Iterator[Move]:
        """Take from one best level; what is emptied moves the price, so that the levels behind come forward."""
        hits_bid = self._random.randrange(100) < self._pull()
        sizes, best = (self._bids, self._bid) if hits_bid else (self._asks, self._ask)
        taken = min(sizes[0], 1 + self._random.randrange(1 + self._random.randrange(_LARGEST_SIZE)))
        price = self._settings.tick_size * best
        yield Traded(self._at_ns, price, self._settings.step_size * taken, is_buyer_maker=hits_bid)
        sizes[0] -= taken
        if sizes[0]:
            yield self._changed(hits_bid, ((0, sizes[0]),))
            return
        sizes.append(self._size(LEVELS))
        yield self._changed(hits_bid, ((0, 0), (LEVELS, sizes[-1])))
        del sizes[0]
        if hits_bid:
            self._bid -= 1
        else:
            self._ask += 1

    def _narrow(self) -> Move:
        """Put a new level into the spread, or, where there is no room, a new size on a best one."""
        is_bid = self._random.randrange(100) >= self._pull()
        sizes = self._bids if is_bid else self._asks
        if self._ask - self._bid == 1:
            sizes[0] = self._size(0)
            return self._changed(is_bid, ((0, sizes[0]),))
        closer = self._ask - self._bid - 1 if self._ask - self._bid > _WIDEST_SPREAD else 1
        for _ in range(closer):
            sizes.insert(0, self._size(0))
        gone = tuple((LEVELS + extra, 0) for extra in range(closer))
        del sizes[LEVELS:]
        if is_bid:
            self._bid += closer
        else:
            self._ask -= closer
        return self._changed(is_bid, (*((depth, sizes[depth]) for depth in range(closer)), *gone))

    def _pull(self) -> int:
        """Return the chance in a hundred that the price is pushed down: by the drift of the moment, and back from far away.

        There is none where the lowest level has the lowest price that there is.
        """
        if self._bid <= LEVELS:
            return 0
        far = (self._bid - self._home) // max(1, min(100, self._home // 200))
        return max(5, min(95, 50 + self._drift + far))

    def _changed(self, is_bid: bool, changes: tuple[tuple[int, int], ...]) -> BookChanged:  # noqa: FBT001 - a side
        """Return the changes of one side, each by its distance from the best price."""
        best, way = (self._bid, -1) if is_bid else (self._ask, 1)
        levels = tuple(self._level(best + way * depth, size) for depth, size in changes)
        return BookChanged(self._at_ns, levels, ()) if is_bid else BookChanged(self._at_ns, (), levels)

    def _level(self, ticks: int, size: int) -> tuple[Decimal, Decimal]:
        return self._settings.tick_size * ticks, self._settings.step_size * size

    def _size(self, depth: int) -> int:
        return 1 + self._random.randrange(1 + _LARGEST_SIZE * (depth + 4) // (LEVELS // 2))
