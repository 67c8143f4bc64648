"""A made-up day of BTCUSDT perpetual futures: quotes that move, trades at bid and ask, and volatility that comes in clusters.

One world gives both samples: the bars are those of its trades, the ticks are two hours of it. Everything is counted in whole
ticks (0.1 USDT), lots (0.001 BTC) and nanoseconds, so that every machine makes the same bits. It is no model of any real market.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tc.data.market.random_integers import RandomIntegers

type Integers = npt.NDArray[np.int64]

DAY_START_NS = 1_736_121_600 * 10**9
"""Midnight UTC of Monday 2025-01-06."""
MINUTES = 1_440
MINUTE_MS = 60_000
MILLISECOND_NS = 1_000_000
FIRST_PRICE_TICKS = 983_000
CALM = 1 << 16
FIRST_TRADE_ID = 100_000_001


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes in ticks and lots, by time; `ts_init` rises strictly."""

    bid_ticks: Integers
    ask_ticks: Integers
    bid_lots: Integers
    ask_lots: Integers
    ts_event: Integers
    ts_init: Integers


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades in ticks and lots, by time; `side` is Nautilus's number of the aggressor, 1 for buyers and 2 for sellers."""

    price_ticks: Integers
    lots: Integers
    side: Integers
    trade_id: Integers
    ts_event: Integers
    ts_init: Integers


@dataclass(frozen=True, slots=True)
class Bars:
    """One-minute bars in ticks and lots, stamped at their close."""

    open_ticks: Integers
    high_ticks: Integers
    low_ticks: Integers
    close_ticks: Integers
    lots: Integers
    closed_ns: Integers


def make_market(seed: int) -> tuple[Quotes, Trades]:
    """Return one UTC day of quotes and of the trades against them."""
    random = RandomIntegers(seed)
    volatility = _volatility(random)
    minute, at_ms = _moments(random, volatility)
    count = len(minute)
    moves = _moves(random, volatility[minute])
    middle = FIRST_PRICE_TICKS + np.cumsum(moves)
    spread = 1 + np.where(random.below(12, count) == 0, random.below(6, count), 0) + np.abs(moves) // 32
    bid = middle - spread // 2
    happened = DAY_START_NS + (minute * MINUTE_MS + at_ms) * MILLISECOND_NS
    quotes = Quotes(
        bid_ticks=bid,
        ask_ticks=bid + spread,
        bid_lots=_sizes(random, count),
        ask_lots=_sizes(random, count),
        ts_event=happened,
        ts_init=_received(random, happened),
    )
    return quotes, _trades(random, quotes, moves)


def one_minute_bars(trades: Trades) -> Bars:
    """Return the bars of a day's trades; every minute has at least one."""
    minute = (trades.ts_event - DAY_START_NS) // (MINUTE_MS * MILLISECOND_NS)
    starts = np.searchsorted(minute, np.arange(MINUTES))
    return Bars(
        open_ticks=trades.price_ticks[starts],
        high_ticks=np.maximum.reduceat(trades.price_ticks, starts),
        low_ticks=np.minimum.reduceat(trades.price_ticks, starts),
        close_ticks=trades.price_ticks[np.append(starts[1:], len(minute)) - 1],
        lots=np.add.reduceat(trades.lots, starts),
        closed_ns=DAY_START_NS + np.arange(1, MINUTES + 1) * MINUTE_MS * MILLISECOND_NS,
    )


def _volatility(random: RandomIntegers) -> Integers:
    """Return the volatility of each minute, around `CALM`: it falls back slowly and is now and then shocked upwards."""
    shocks = np.where(random.below(40, MINUTES) == 0, random.below(4 * CALM, MINUTES), 0)
    noise = random.around_zero(CALM // 32, MINUTES)
    levels = np.empty(MINUTES, dtype=np.int64)
    level = CALM
    for index in range(MINUTES):
        level = max(CALM // 4, level + (CALM - level) // 16 + int(noise[index]) + int(shocks[index]))
        levels[index] = level
    return levels


def _moments(random: RandomIntegers, volatility: Integers) -> tuple[Integers, Integers]:
    """Return minute and millisecond of each quote, all distinct and in order; wild minutes have more of them."""
    counts = 90 + np.minimum(volatility, 4 * CALM) * 120 // CALM
    minute = np.repeat(np.arange(MINUTES), counts)
    moments = np.unique(minute * MINUTE_MS + random.below(MINUTE_MS, len(minute)))
    return moments // MINUTE_MS, moments % MINUTE_MS


def _moves(random: RandomIntegers, volatility: Integers) -> Integers:
    """Return by how many ticks each quote moves: mostly not at all, else about 25 in a calm minute, rarely a jump."""
    count = len(volatility)
    scaled = (random.around_zero(20 * CALM, count) * volatility + CALM**2 // 2) // CALM**2
    moves = np.where(random.below(10, count) < 3, scaled, 0)  # noqa: PLR2004 - three in ten
    jumps = np.where(random.below(5_000, count) == 0, random.around_zero(150, count), 0)
    total: Integers = moves + jumps
    return total


def _sizes(random: RandomIntegers, count: int) -> Integers:
    """Return sizes in lots: many small, few large, 0.001 to 12.5 BTC."""
    product: Integers = random.below(5_000, count) * random.below(5_000, count) // 2_000
    return 1 + product


def _received(random: RandomIntegers, happened: Integers) -> Integers:
    """Return when news of each moment arrives: 4 to 24 ms later, never in another order, never two at once."""
    order = np.arange(len(happened))
    arrival = happened + 4 * MILLISECOND_NS + random.below(20 * MILLISECOND_NS, len(happened))
    received: Integers = np.maximum.accumulate(arrival - order) + order
    return received


def _trades(random: RandomIntegers, quotes: Quotes, moves: Integers) -> Trades:
    """Return trades against the quotes of their moment; three in four go where the price goes next."""
    count = len(moves)
    ahead = np.append(moves[1:], 0)
    informed = (random.below(4, count) != 0) & (ahead != 0)
    buys = np.where(informed, ahead > 0, random.below(2, count) == 0)
    at = np.flatnonzero(random.below(5, count) < np.where(ahead != 0, 3, 2))
    buys = buys[at]
    wanted = _sizes(random, len(at)) // 4 + 1
    return Trades(
        price_ticks=np.where(buys, quotes.ask_ticks[at], quotes.bid_ticks[at]),
        lots=np.minimum(wanted, np.where(buys, quotes.ask_lots[at], quotes.bid_lots[at])),
        side=np.where(buys, 1, 2),
        trade_id=FIRST_TRADE_ID + np.arange(len(at)),
        ts_event=quotes.ts_event[at],
        ts_init=quotes.ts_init[at],
    )
