"""The price that a chart shows: that of the market where it is known, and of the fills where it is not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tc.reports.candles import NANOS, Candles, fitting_interval_ns, interval_end_ns
from tc.reports.figures import Fill

DECIMALS = 8
"""So many decimal places are drawn at most."""


def prices_of(candles: Candles | None, fills: Sequence[Fill], instrument: str, *, limit: int) -> tuple[Candles | None, int]:
    """Return what is drawn, and how many fills beyond the ends of a tape it is drawn on by; None of nothing.

    Of fills alone at most ``limit`` points are made.
    """
    if candles is None:
        return _of_fills(fills, limit), 0
    if not candles.is_of_tape:
        return candles, 0
    first_ns, last_ns = candles.ends_ns[0] - candles.interval_ns, candles.ends_ns[-1]
    ours = sorted((fill for fill in fills if fill.instrument_id == instrument), key=lambda fill: fill.at_ns)
    before = [fill for fill in ours if fill.at_ns <= first_ns]
    after = [fill for fill in ours if fill.at_ns > last_ns]
    head = _made(before, candles.interval_ns, candles.precision, candles)
    tail = _made(after, candles.interval_ns, candles.precision, candles)
    return _joined(head, candles, tail), len(before) + len(after)


def _of_fills(fills: Sequence[Fill], limit: int) -> Candles | None:
    if not fills:
        return None
    in_order = sorted(fills, key=lambda fill: fill.at_ns)
    span_ns = in_order[-1].at_ns - in_order[0].at_ns
    precision = max(min(DECIMALS, max(-int(fill.price.as_tuple().exponent) for fill in fills)), 0)
    nothing = Candles("line", "prices of fills", len(fills), precision, 0, (), (), (), (), ())
    return _made(in_order, fitting_interval_ns(span_ns, step_ns=NANOS, limit=limit), precision, nothing)


def _made(fills: Iterable[Fill], interval_ns: int, precision: int, like: Candles) -> Candles:
    """Return a candle for each interval in which something was filled; the fills are in the order of time."""
    found: dict[int, list[int]] = {}
    for fill in fills:
        found.setdefault(interval_end_ns(fill.at_ns, interval_ns), []).append(round(fill.price.scaleb(precision)))
    return replace(
        like,
        interval_ns=interval_ns,
        ends_ns=tuple(found),
        opens=tuple(prices[0] for prices in found.values()),
        highs=tuple(max(prices) for prices in found.values()),
        lows=tuple(min(prices) for prices in found.values()),
        closes=tuple(prices[-1] for prices in found.values()),
    )


def _joined(head: Candles, candles: Candles, tail: Candles) -> Candles:
    parts = (head, candles, tail)
    return replace(
        candles,
        ends_ns=tuple(each for part in parts for each in part.ends_ns),
        opens=tuple(each for part in parts for each in part.opens),
        highs=tuple(each for part in parts for each in part.highs),
        lows=tuple(each for part in parts for each in part.lows),
        closes=tuple(each for part in parts for each in part.closes),
    )
