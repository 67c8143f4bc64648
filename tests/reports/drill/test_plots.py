"""Claims about market and position as they are drawn: gaps are gaps, extremes are kept, and steps hold."""

import re
from decimal import Decimal

from drill_samples import BEGAN_NS, MS, disconnect_concluded, disconnect_facts, market, position
from tc.reports.drill.axis import axis_of
from tc.reports.drill.course import course_of
from tc.reports.drill.plots import COLUMNS, longest_gap_ns, market_plot, position_plot

COURSE = course_of((*disconnect_facts(), disconnect_concluded()))
AXIS = axis_of(COURSE)

type Point = tuple[int, Decimal]


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](\S+) (\S+)", path)]


def every(step_ms: int, first_ms: int, last_ms: int, price: str = "10") -> tuple[Point, ...]:
    return tuple((BEGAN_NS + ms * MS, Decimal(price)) for ms in range(first_ms, last_ms, step_ms))


def test_the_line_stops_where_no_data_came_and_goes_on_where_it_came_again() -> None:
    plot = market_plot(market(), COURSE, AXIS)
    assert plot is not None
    assert plot.path.count("M") == 2
    [gap] = plot.gaps
    assert (gap.note, gap.length_ns) == ("no data for 4.20 s", 4_200 * MS)
    assert longest_gap_ns(market(), COURSE, AXIS) == 4_200 * MS
    assert not [x for x, _ in places(plot.path) if AXIS.share(0) * 1000 < x < AXIS.share(4_000 * MS) * 1000]


def test_a_market_that_stops_for_good_has_a_gap_until_the_run_ended() -> None:
    plot = market_plot(every(50, 3_900, 6_000), COURSE, AXIS)
    assert plot is not None
    assert [each.note for each in plot.gaps] == ["no data for 8.15 s"]


def test_a_slow_market_has_no_gaps() -> None:
    plot = market_plot(every(900, 3_900, 14_000), COURSE, AXIS)
    assert plot is not None
    assert plot.gaps == ()
    assert longest_gap_ns(every(900, 3_900, 14_000), COURSE, AXIS) == 0


def test_of_very_many_points_few_are_drawn_and_the_extremes_are_among_them() -> None:
    points = [(BEGAN_NS + 4_000 * MS + at * MS // 20, Decimal(100)) for at in range(200_000)]
    points[123_456] = (points[123_456][0], Decimal(7))
    points[123_999] = (points[123_999][0], Decimal("900.50"))
    plot = market_plot(points, COURSE, AXIS)
    assert plot is not None
    assert (plot.lowest, plot.highest) == ("7", "900.50")
    drawn = places(plot.path)
    assert len(drawn) <= 4 * COLUMNS + 4
    assert (min(y for _, y in drawn), max(y for _, y in drawn)) == (6.0, 94.0)
    assert len(plot.path) < 30_000


def test_one_point_is_drawn_and_none_is_nothing() -> None:
    one = market_plot(every(50, 6_000, 6_050), COURSE, AXIS)
    assert one is not None
    assert len(places(one.path)) == 2
    assert market_plot((), COURSE, AXIS) is None
    assert longest_gap_ns((), COURSE, AXIS) is None
    assert position_plot((), COURSE, AXIS) is None


def test_points_after_the_drill_by_a_clock_that_jumped_are_left_out_and_counted() -> None:
    plot = market_plot((*market(), *every(50, 3_600_000, 3_600_200)), COURSE, AXIS)
    assert plot is not None
    assert plot.note == "4 later by their own clock are not shown"
    assert max(x for x, _ in places(plot.path)) <= 1000
    assert market_plot(every(50, 3_600_000, 3_600_200), COURSE, AXIS) is None


def test_a_position_holds_until_it_changes_and_is_what_it_was_before() -> None:
    plot = position_plot(position(), COURSE, AXIS)
    assert plot is not None
    assert (plot.lowest, plot.highest, plot.last) == ("\N{MINUS SIGN}0.01", "0.02", "0.01")
    assert re.fullmatch(r"M0\.0 [\d.]+( H[\d.]+ V[\d.]+)+", plot.path)
    first = re.match(r"M0\.0 (\S+)", plot.path)
    assert first is not None
    assert 6.0 < float(first[1]) < float(plot.zero) < 94.0


def test_a_position_that_is_always_long_shows_zero_too() -> None:
    plot = position_plot(((BEGAN_NS + 6_000 * MS, Decimal("0.5")),), COURSE, AXIS)
    assert plot is not None
    assert (plot.lowest, plot.highest, plot.zero) == ("0", "0.5", "94.0")
