"""Prices over time as columns of scaled integers, and how many of them become one when there are too many to draw."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

NANOS = 1_000_000_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * count for count in (1, 2, 3, 5, 10, 15, 30)),
    *(_HOUR * count for count in (1, 2, 4, 6, 8, 12)),
    *(_DAY * count for count in (1, 2, 7, 28, 364)),
)

DrawnAs = Literal["candles", "line"]


@dataclass(frozen=True, slots=True)
class Candles:
    """A price series: one candle for each interval that has a price. Prices are integers of ``10 ** -precision``.

    Parameters
    ----------
    drawn_as
        ``candles`` when the source has bars; a ``line`` of closing prices for trades, mid-prices of quotes, or fills.
    source
        What the prices are, in words, e.g. ``bars FILUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL``.
    rows
        How many rows of the source they were made from.
    precision
        Decimal places of the integers.
    interval_ns
        Length of a candle; whole seconds.
    ends_ns
        End of each candle, inclusive, in nanoseconds since the epoch, rising; a multiple of the interval. Its start is exclusive.
    opens, highs, lows, closes
        The first, highest, lowest and last price of each candle.
    is_of_tape
        Whether they are of the run's own tape, which may end before the run does.

    """

    drawn_as: DrawnAs
    source: str
    rows: int
    precision: int
    interval_ns: int
    ends_ns: tuple[int, ...]
    opens: tuple[int, ...]
    highs: tuple[int, ...]
    lows: tuple[int, ...]
    closes: tuple[int, ...]
    is_of_tape: bool = False

    def __len__(self) -> int:
        return len(self.ends_ns)


def fitting_interval_ns(span_ns: int, *, step_ns: int, limit: int) -> int:
    """Return the shortest usual interval, a multiple of ``step_ns`` and of a second, of which ``limit`` hold a span."""
    step = math.lcm(step_ns, NANOS)
    for interval_ns in _candidates(step):
        # A span that does not begin on the grid touches one interval more.
        if span_ns // interval_ns + 2 <= max(limit, 3):
            return interval_ns
    raise AssertionError("the candidates never end")  # pragma: no cover - they double without an end


def coarser(candles: Candles, *, limit: int) -> Candles:
    """Return the series in at most ``limit`` candles of a longer interval; the same series when it is short enough."""
    if len(candles) <= limit:
        return candles
    span_ns = candles.ends_ns[-1] - candles.ends_ns[0]
    interval_ns = fitting_interval_ns(span_ns, step_ns=candles.interval_ns, limit=limit)
    groups = list(_groups(candles, interval_ns))
    return Candles(
        candles.drawn_as,
        candles.source,
        candles.rows,
        candles.precision,
        interval_ns,
        tuple(interval_end_ns(candles.ends_ns[first], interval_ns) for first, _ in groups),
        tuple(candles.opens[first] for first, _ in groups),
        tuple(max(candles.highs[first:end]) for first, end in groups),
        tuple(min(candles.lows[first:end]) for first, end in groups),
        tuple(candles.closes[end - 1] for _, end in groups),
        candles.is_of_tape,
    )


def interval_end_ns(at_ns: int, interval_ns: int) -> int:
    """Return the end of the interval that an instant belongs to: an instant on the grid ends its interval."""
    return -(-at_ns // interval_ns) * interval_ns


def _candidates(step: int) -> Iterator[int]:
    yield step
    yield from (usual * NANOS for usual in _STEPS_S if usual * NANOS > step and usual * NANOS % step == 0)
    longest = max(step, _STEPS_S[-1] * NANOS)
    while True:
        longest = math.lcm(longest, step) * 2
        yield longest


def _groups(candles: Candles, interval_ns: int) -> Iterator[tuple[int, int]]:
    first = 0
    ends = [interval_end_ns(at_ns, interval_ns) for at_ns in candles.ends_ns]
    for index in range(1, len(ends) + 1):
        if index == len(ends) or ends[index] != ends[first]:
            yield first, index
            first = index
