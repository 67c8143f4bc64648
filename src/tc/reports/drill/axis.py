"""The one axis of a timeline: what stands where, in percent of its width, so that it fits a phone and a desktop."""

from dataclasses import dataclass

from tc.checks.drills.facts import SteadyStateChecked
from tc.reports.drill.course import Course
from tc.reports.page.words import MINUS, NANOS

_STEPS_NS = tuple(int(step * NANOS) for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600))
MOST_TICKS = 12
_MARGIN = 25
"""So little of what is shown lies before the steady state: what was started there is no part of the drill."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the axis: its place, its seconds, and whether it may be left out where there is little room."""

    x: str
    text: str
    is_minor: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where it goes, in nanoseconds around its origin."""

    first_ns: int
    last_ns: int

    def x(self, offset_ns: int) -> str:
        """Return a place in percent; what lies outside stands at the edge."""
        return f"{self.share(offset_ns) * 100:.2f}%"

    def width(self, first_ns: int, last_ns: int) -> str:
        """Return the width of a stretch in percent."""
        return f"{max(self.share(last_ns) - self.share(first_ns), 0) * 100:.2f}%"

    def share(self, offset_ns: int) -> float:
        """Return a place as a part of the whole, from 0 to 1."""
        return min(max((offset_ns - self.first_ns) / (self.last_ns - self.first_ns), 0.0), 1.0)

    def holds(self, offset_ns: int) -> bool:
        """Say whether a place lies on it."""
        return self.first_ns <= offset_ns <= self.last_ns

    def ticks(self) -> tuple[Tick, ...]:
        """Return its lines, on round numbers of seconds."""
        span_ns = self.last_ns - self.first_ns
        longest = _STEPS_NS[-1]
        hours = -(-span_ns // (MOST_TICKS * longest))
        step_ns = next((each for each in _STEPS_NS if span_ns / each <= MOST_TICKS), hours * longest)
        first = -(-self.first_ns // step_ns)
        numbers = range(first, self.last_ns // step_ns + 1)
        return tuple(Tick(self.x(at * step_ns), _seconds(at * step_ns), at % 3 != 0) for at in numbers)


def axis_of(course: Course) -> Axis:
    """Return the axis of a drill: from a moment before the steady state was seen, until its last fact."""
    offsets = [course.offset(each) for each in course.facts] or [0]
    steady = [course.offset(each) for each in course.facts if isinstance(each, SteadyStateChecked) and each.phase == "before"]
    first_ns, last_ns = min([0, *steady[:1]]), max(offsets)
    first_ns = max(min(offsets), first_ns - max((last_ns - first_ns) // _MARGIN, NANOS // 2))
    return Axis(first_ns, max(last_ns, first_ns + NANOS))


def _seconds(offset_ns: int) -> str:
    text = f"{offset_ns / NANOS:,.1f}".removesuffix(".0")
    return text.replace("-", MINUS)
