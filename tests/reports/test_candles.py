import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.reports.candles import NANOS, Candles, coarser, fitting_interval_ns, interval_end_ns

MINUTE_NS = 60 * NANOS


def candles(ends: list[int], prices: list[int] | None = None) -> Candles:
    closes = tuple(prices or range(100, 100 + len(ends)))
    return Candles(
        "candles",
        "bars",
        len(ends),
        2,
        MINUTE_NS,
        tuple(ends),
        closes,
        tuple(c + 2 for c in closes),
        tuple(c - 1 for c in closes),
        closes,
    )


def test_a_month_of_minutes_fits_two_thousand_half_hours() -> None:
    assert fitting_interval_ns(30 * 1440 * MINUTE_NS, step_ns=MINUTE_NS, limit=2_000) == 30 * MINUTE_NS


def test_the_interval_is_the_step_when_that_fits() -> None:
    assert fitting_interval_ns(100 * MINUTE_NS, step_ns=MINUTE_NS, limit=2_000) == MINUTE_NS


def test_an_interval_is_whole_seconds_even_when_the_step_is_not() -> None:
    assert fitting_interval_ns(10 * NANOS, step_ns=NANOS * 3 // 2, limit=2_000) == 3 * NANOS


@given(st.integers(0, 10**19), st.sampled_from([NANOS, MINUTE_NS, 7 * MINUTE_NS, 1440 * MINUTE_NS]), st.integers(3, 5_000))
def test_an_interval_is_a_multiple_of_the_step_and_touches_no_more_than_the_limit(span: int, step: int, limit: int) -> None:
    interval = fitting_interval_ns(span, step_ns=step, limit=limit)
    assert interval % step == 0
    for offset in (0, 1, interval // 2, interval - 1):
        first, last = interval_end_ns(offset, interval), interval_end_ns(offset + span, interval)
        assert (last - first) // interval + 1 <= limit


def test_an_instant_on_the_grid_ends_its_interval() -> None:
    assert [interval_end_ns(at, 10) for at in (9, 10, 11, 20)] == [10, 10, 20, 20]


def test_a_short_series_stays_as_it_is() -> None:
    short = candles([MINUTE_NS, 2 * MINUTE_NS])
    assert coarser(short, limit=2) is short


def test_coarser_candles_open_first_close_last_and_reach_as_far() -> None:
    found = coarser(candles([MINUTE_NS * minute for minute in range(1, 9)], [5, 9, 1, 4, 7, 7, 8, 6]), limit=6)
    assert found.interval_ns == 2 * MINUTE_NS
    assert found.ends_ns == tuple(MINUTE_NS * minute for minute in (2, 4, 6, 8))
    assert (found.opens, found.closes) == ((5, 1, 7, 8), (9, 4, 7, 6))
    assert (found.highs, found.lows) == ((11, 6, 9, 10), (4, 0, 6, 5))
    assert found.rows == 8


@given(st.sets(st.integers(1, 5_000), min_size=1, max_size=300), st.integers(3, 60))
def test_coarser_candles_lose_no_extreme_and_stay_in_order(minutes: set[int], limit: int) -> None:
    series = candles([MINUTE_NS * minute for minute in sorted(minutes)])
    found = coarser(series, limit=limit)
    assert len(found) <= limit
    assert (max(found.highs), min(found.lows)) == (max(series.highs), min(series.lows))
    assert (found.opens[0], found.closes[-1]) == (series.opens[0], series.closes[-1])
    assert list(found.ends_ns) == sorted(set(found.ends_ns))


@pytest.mark.parametrize("limit", [3, 10])
def test_gaps_leave_no_candle(limit: int) -> None:
    assert len(coarser(candles([MINUTE_NS, 2 * MINUTE_NS, 9_000 * MINUTE_NS, 9_001 * MINUTE_NS]), limit=limit)) <= limit
