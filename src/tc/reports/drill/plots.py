"""Market and position along the axis of a drill, as paths of an SVG; floats begin here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from tc.reports.drill.axis import Axis
from tc.reports.drill.course import Course
from tc.reports.drill.words import lasted
from tc.reports.page.words import NANOS, exact, written

WIDTH, HEIGHT = 1000, 100
COLUMNS = 500
"""So many places are told apart; of each the first, the lowest, the highest and the last point are drawn."""

_USUAL_GAPS = 2
_LEAST_GAP_NS = NANOS
"""Nothing came for a while where it took so many times as long as usual, and this long at least."""

type Point = tuple[int, Decimal]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which no data came: its place and width in percent, and how long it took."""

    x: str
    width: str
    note: str
    length_ns: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A line: its path in a box of 1000 by 100, its highest and lowest value and its last, where zero is, and its gaps."""

    path: str
    highest: str
    lowest: str
    last: str
    zero: str = ""
    gaps: tuple[Gap, ...] = ()
    note: str = ""


def market_plot(market: Sequence[Point], course: Course, axis: Axis) -> Plot | None:
    """Return the price, with gaps where no data came; None where there is nothing to draw."""
    points, outside = _on_axis(market, course, axis)
    if not points:
        return None
    gaps = tuple(gaps_of(points, _data_ends(course, axis)))
    prices = [price for _, price in points]
    low, high = min(prices), max(prices)
    box = _Box(axis, low, high)
    cuts = {begin for begin, _ in gaps}
    return Plot(
        path="".join(box.line(part) for part in _parts(points, cuts)),
        highest=written(high),
        lowest=written(low),
        last=written(prices[-1]),
        gaps=tuple(
            Gap(axis.x(begin), axis.width(begin, end), f"no data for {lasted(end - begin)}", end - begin) for begin, end in gaps
        ),
        note=outside,
    )


def position_plot(position: Sequence[Point], course: Course, axis: Axis) -> Plot | None:
    """Return the position as steps that go on until the run ended; None where there is nothing to draw."""
    changes = sorted((course.of_wall_clock(at_ns), quantity) for at_ns, quantity in position)
    if not changes:
        return None
    held = [quantity for at_ns, quantity in changes if at_ns < axis.first_ns][-1:] or [Decimal(0)]
    points = [(axis.first_ns, held[0]), *((at_ns, quantity) for at_ns, quantity in changes if axis.holds(at_ns))]
    points.append((_data_ends(course, axis), points[-1][1]))
    quantities = [quantity for _, quantity in points]
    low, high = min(*quantities, Decimal(0)), max(*quantities, Decimal(0))
    box = _Box(axis, low, high)
    return Plot(
        path=box.steps(points),
        highest=exact(high),
        lowest=exact(low),
        last=exact(quantities[-1]),
        zero=f"{box.y(Decimal(0)):.1f}",
    )


def longest_gap_ns(market: Sequence[Point], course: Course, axis: Axis) -> int | None:
    """Return how long no market data came at most, 0 where it never stopped; None where none is known."""
    points, _ = _on_axis(market, course, axis)
    return max((end - begin for begin, end in gaps_of(points, _data_ends(course, axis))), default=0) if points else None


def gaps_of(points: Sequence[Point], ends_ns: int) -> Iterator[tuple[int, int]]:
    """Yield from when to when no data came, up to the end of the run."""
    lengths = sorted(after - before for (before, _), (after, _) in pairwise(points))
    usual = lengths[len(lengths) // 2] if lengths else 0
    least = max(usual * _USUAL_GAPS, _LEAST_GAP_NS)
    for (before, _), (after, _) in pairwise(points):
        if after - before > least:
            yield before, after
    if points and ends_ns - points[-1][0] > least:
        yield points[-1][0], ends_ns


def _data_ends(course: Course, axis: Axis) -> int:
    return axis.last_ns if course.ended is None else course.offset(course.ended)


def _on_axis(points: Sequence[Point], course: Course, axis: Axis) -> tuple[list[Point], str]:
    """Return the points that lie on the axis, in order, and what became of the others where a clock had jumped."""
    placed = sorted((course.of_wall_clock(at_ns), value) for at_ns, value in points)
    inside = [each for each in placed if axis.holds(each[0])]
    after = sum(at_ns > axis.last_ns for at_ns, _ in placed)
    return inside, f"{after:,} later by their own clock are not shown" if after else ""


def _parts(points: Sequence[Point], cuts: set[int]) -> Iterator[list[Point]]:
    part: list[Point] = []
    for at_ns, value in points:
        part.append((at_ns, value))
        if at_ns in cuts:
            yield part
            part = []
    if part:
        yield part


class _Box:
    """Where values stand in the box that is drawn in, which leaves a little room above and below."""

    def __init__(self, axis: Axis, low: Decimal, high: Decimal) -> None:
        self._axis = axis
        self._low, self._span = low, high - low

    def x(self, offset_ns: int) -> float:
        return self._axis.share(offset_ns) * WIDTH

    def y(self, value: Decimal) -> float:
        share = float((value - self._low) / self._span) if self._span else 0.5
        return HEIGHT * (0.94 - 0.88 * share)

    def line(self, points: Sequence[Point]) -> str:
        """Return a path through points, of each column a few."""
        columns: dict[int, list[Point]] = {}
        for each in points:
            columns.setdefault(int(self._axis.share(each[0]) * COLUMNS), []).append(each)
        kept: list[Point] = []
        for column in columns.values():
            by_value = sorted(column, key=lambda each: each[1])
            kept += sorted({column[0], by_value[0], by_value[-1], column[-1]})
        if len(kept) == 1:
            kept *= 2  # a point alone is drawn, too
        places = [f"{self.x(at_ns):.1f} {self.y(value):.1f}" for at_ns, value in kept]
        return f"M{' L'.join(places)} "

    def steps(self, points: Sequence[Point]) -> str:
        """Return a path that holds each value until the next one."""
        (first_ns, value), *rest = points
        moves = [f"M{self.x(first_ns):.1f} {self.y(value):.1f}"]
        moves += [f"H{self.x(at_ns):.1f} V{self.y(value):.1f}" for at_ns, value in rest]
        return " ".join(moves)
