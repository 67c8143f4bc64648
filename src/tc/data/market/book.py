"""Ten made-up minutes of an order book of BTCUSDT perpetual futures, level by level, with the trades that hit it.

Twenty times a second takers hit the best levels, makers add, change and cancel, and step in where the spread has opened; the
update holds every level that is another one than before. Everything is counted in whole ticks (0.1 USDT), lots (0.001 BTC) and
nanoseconds, so that every machine makes the same bits. It is no model of any real market.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tc.data.market.day import DAY_START_NS, FIRST_PRICE_TICKS, FIRST_TRADE_ID, MILLISECOND_NS, Integers, Trades
from tc.data.market.random_integers import RandomIntegers

STEPS = 12_000
STEP_NS = 50 * MILLISECOND_NS
START_NS = DAY_START_NS + 8 * 3_600 * 10**9
DEPTH = 40
"""How many ticks from the best price levels are kept filled; they are taken away beyond half as much again."""

FIRST_ID = 5_000_000_001
BUYER, SELLER = 1, 2
_BID, _ASK = 1, 2
_CALM, _CHANGES, _MOST_TRADES, _NOISE = 16, 6, 2, 12


@dataclass(frozen=True, slots=True)
class BookUpdates:
    """Levels in ticks and lots, by time: no side (0) clears the book, no lots take a level away, `ends` marks a last row."""

    side: Integers
    price_ticks: Integers
    lots: Integers
    is_snapshot: Integers
    ends: Integers
    sequence: Integers
    ts_event: Integers
    ts_init: Integers


def make_book(seed: int) -> tuple[BookUpdates, Trades]:
    """Return the book and its trades; it begins with a snapshot."""
    maker = _Maker(RandomIntegers(seed))
    rows: list[tuple[int, ...]] = list(maker.snapshot())
    for step in range(STEPS):
        rows.extend(maker.step(step))
    trades = [np.array(column, dtype=np.int64) for column in zip(*maker.trades, strict=True)]
    price, lots, side, happened, received = trades
    ids = FIRST_TRADE_ID + np.arange(len(price))
    updates = BookUpdates(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))
    return updates, Trades(price, lots, side, ids, happened, received)


class _Draws:
    """Numbers drawn for all steps at once, taken step by step."""

    def __init__(self, random: RandomIntegers) -> None:
        wide = _CHANGES + _MOST_TRADES
        self.noise = random.around_zero(_NOISE, STEPS).tolist()
        self.takers = random.below(8, STEPS).tolist()
        self.sides = random.below(256, STEPS * _MOST_TRADES).reshape(STEPS, -1).tolist()
        self.sizes = _sizes(random, STEPS * wide).reshape(STEPS, -1).tolist()
        near = np.minimum(random.below(DEPTH, STEPS * _CHANGES), random.below(DEPTH, STEPS * _CHANGES))
        self.offsets = near.reshape(STEPS, -1).tolist()
        self.fates = random.below(16, STEPS * _CHANGES).reshape(STEPS, -1).tolist()
        self.delays = (4 * MILLISECOND_NS + random.below(4 * MILLISECOND_NS, STEPS)).tolist()
        self.moments = np.sort(random.below(48, STEPS * 3).reshape(STEPS, -1), axis=1).tolist()
        self.improvements = _sizes(random, STEPS).tolist()
        self.fresh = _sizes(random, 4_096).tolist()


@dataclass(slots=True)
class _Book:
    """One side's lots by price, and what changed since the last update."""

    sign: int
    lots: dict[int, int] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)

    @property
    def best(self) -> int:
        return max(self.lots) if self.sign > 0 else min(self.lots)

    def set(self, price: int, lots: int) -> None:
        self.before.setdefault(price, self.lots.get(price, 0))
        if lots:
            self.lots[price] = lots
        else:
            self.lots.pop(price, None)

    def changed(self) -> Iterator[tuple[int, int]]:
        for price in sorted(self.before, key=lambda price: -self.sign * price):
            lots = self.lots.get(price, 0)
            if lots != self.before[price]:
                yield price, lots
        self.before.clear()


class _Maker:
    def __init__(self, random: RandomIntegers) -> None:
        self._draws = _Draws(random)
        self._bids, self._asks = _Book(1), _Book(-1)
        self._next_fresh = 0
        self._pressure = 0
        self._sequence = FIRST_ID
        self._received = 0
        self.trades: list[tuple[int, int, int, int, int]] = []
        for offset in range(DEPTH):
            self._bids.lots[FIRST_PRICE_TICKS - offset] = self._fresh()
            self._asks.lots[FIRST_PRICE_TICKS + 1 + offset] = self._fresh()

    def snapshot(self) -> Iterator[tuple[int, ...]]:
        """Give the rows of the book at the start."""
        self._received = START_NS
        levels = [(_BID, *level) for level in sorted(self._bids.lots.items(), reverse=True)]
        levels += [(_ASK, *level) for level in sorted(self._asks.lots.items())]
        for number, level in enumerate([(0, 0, 0), *levels]):
            is_last = number == len(levels)
            yield *level, 1, is_last, self._sequence, START_NS - MILLISECOND_NS, START_NS

    def step(self, step: int) -> Iterator[tuple[int, ...]]:
        """Trade, change the book, and give the rows of the update."""
        draws = self._draws
        began = START_NS + step * STEP_NS
        *moments, updated = (began + moment * MILLISECOND_NS for moment in draws.moments[step])
        self._pressure += draws.noise[step] - (abs(self._pressure) // _CALM) * (1 if self._pressure > 0 else -1)
        for number in range(max(0, draws.takers[step] - 5)):
            is_buy = draws.sides[step][number] + self._pressure // 2 >= 128  # noqa: PLR2004 - even odds
            self._hit(moments[number], draws.delays[step], draws.sizes[step][number] // 2 + 1, is_buy=is_buy)
        for number in range(_CHANGES):
            self._change(step, number)
        self._improve(step)
        for side in (self._bids, self._asks):
            self._fill(side)
        yield from self._update(updated, draws.delays[step])

    def _hit(self, at_ns: int, delay_ns: int, lots: int, *, is_buy: bool) -> None:
        """Take from the best levels, at most three of them; each is a trade."""
        side = self._asks if is_buy else self._bids
        for _ in range(3):
            price = side.best
            taken = min(lots, side.lots[price])
            side.set(price, side.lots[price] - taken)
            self.trades.append((price, taken, BUYER if is_buy else SELLER, at_ns, self._receive(at_ns + delay_ns)))
            lots -= taken
            if not lots:
                return

    def _change(self, step: int, number: int) -> None:
        """Add to a level, make it smaller or cancel it; near the best price more often."""
        draws = self._draws
        side = self._bids if number % 2 else self._asks
        price = side.best - side.sign * draws.offsets[step][number]
        fate, size = draws.fates[step][number], draws.sizes[step][_MOST_TRADES + number]
        there = side.lots.get(price, 0)
        if fate == 0:
            side.set(price, 0)
        elif fate < 8:  # noqa: PLR2004 - half of the changes
            side.set(price, there - there // 4 if there > 4 else size)  # noqa: PLR2004 - too few lots to halve
        else:
            side.set(price, there + size // 4 + 1)

    def _improve(self, step: int) -> None:
        """Let a maker step into an open spread, on the side to which the price is pressed; and one step back before pressure."""
        bid, ask = self._bids.best, self._asks.best
        if ask - bid > 1 and step % 2:
            side, price = (self._bids, bid + 1) if self._pressure > 0 else (self._asks, ask - 1)
            side.set(price, self._draws.improvements[step])
        elif abs(self._pressure) > 8 * _NOISE and step % 8 == 0:
            side = self._asks if self._pressure > 0 else self._bids
            side.set(side.best, 0)

    def _fill(self, side: _Book) -> None:
        """Keep the levels near the best price filled and take those far from it away."""
        best = side.best
        last = best - side.sign * (DEPTH - 1)
        if last not in side.lots:
            side.set(last, self._fresh())
        for price in [price for price in side.lots if side.sign * (best - price) >= DEPTH * 3 // 2]:
            side.set(price, 0)

    def _update(self, at_ns: int, delay_ns: int) -> Iterator[tuple[int, ...]]:
        levels = [(_BID, *level) for level in self._bids.changed()] + [(_ASK, *level) for level in self._asks.changed()]
        if not levels:
            return
        self._sequence += len(levels)
        received = self._receive(at_ns + delay_ns)
        for number, level in enumerate(levels, start=1):
            yield *level, 0, number == len(levels), self._sequence, at_ns, received

    def _receive(self, at_ns: int) -> int:
        """Return when news arrives: never before earlier news, never at once with it."""
        self._received = max(at_ns, self._received + 1)
        return self._received

    def _fresh(self) -> int:
        lots: int = self._draws.fresh[self._next_fresh % len(self._draws.fresh)]
        self._next_fresh += 1
        return lots


def _sizes(random: RandomIntegers, count: int) -> Integers:
    """Return sizes in lots: many small, few large, 0.001 to 2.5 BTC."""
    product: Integers = random.below(5_000, count) * random.below(5_000, count) // 10_000
    return 1 + product
