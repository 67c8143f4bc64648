"""Claims about the course of a drill and its axis: what begins it, what belongs together, and where it stands."""

from decimal import Decimal

from drill_samples import BEGAN_NS, MS, at, disconnect_concluded, disconnect_facts, failed_facts, started, steady
from tc.checks.drills.facts import AlertResolved, FaultProven, Observed
from tc.reports.drill.axis import Axis, axis_of
from tc.reports.drill.course import ORIGINS, course_of
from tc.reports.drill.words import at as at_
from tc.reports.drill.words import lasted
from tc.reports.page.words import NANOS

WHOLE = (*disconnect_facts(), disconnect_concluded())


def test_the_axis_begins_at_the_first_proven_injection() -> None:
    course = course_of(WHOLE)
    assert (course.origin, course.zero_ns) == (ORIGINS[0], 5_410 * MS)
    assert [course.offset(fact) for fact in course.facts if isinstance(fact, FaultProven)] == [0, 850 * MS]
    assert course.of_wall_clock(BEGAN_NS + 5_410 * MS) == 0


def test_without_an_injection_it_begins_at_the_steady_state_or_the_start() -> None:
    assert course_of((started(), steady("before", 2_000))).origin == ORIGINS[1]
    assert course_of((started(), steady("after", 2_000))).origin == ORIGINS[2]
    assert course_of(()).zero_ns == 0


def test_a_fault_is_followed_from_its_injection_to_its_restoration() -> None:
    first, second = course_of(WHOLE).faults
    assert (first.kind, first.target, first.bites) == ("down", "venue", 4)
    assert (first.injected_ns, first.proven_ns, first.restored_ns) == (5_230 * MS, 5_410 * MS, 9_140 * MS)
    assert (second.number, second.bites, second.problem) == (2, 1, "")


def test_a_fault_that_failed_or_was_not_put_back_says_why() -> None:
    stopped, killed = course_of(failed_facts()).faults
    assert (stopped.restored_ns, stopped.problem) == (None, "there is no such process")
    assert (killed.injected_ns, killed.problem) == (None, "the kill switch did not answer")


def test_an_alert_goes_on_until_it_is_resolved_and_may_fire_again() -> None:
    facts = (
        started(),
        at(1, Observed, source="alert", name="A"),
        at(2, Observed, source="alert", name="B"),
        at(3, AlertResolved, name="A"),
        at(4, Observed, source="alert", name="A"),
    )
    told = [(each.name, each.fired_ns, each.resolved_ns) for each in course_of(facts).alerts]
    assert told == [("A", 1 * MS, 3 * MS), ("B", 2 * MS, None), ("A", 4 * MS, None)]


def test_the_axis_goes_from_a_moment_before_the_steady_state_to_the_last_fact() -> None:
    axis = axis_of(course_of(WHOLE))
    assert axis.last_ns == 9_020 * MS
    assert -1_800 * MS <= axis.first_ns < -1_200 * MS
    assert axis.x(axis.last_ns + 1) == "100.00%"
    assert axis.x(axis.first_ns - 1) == "0.00%"


def test_places_grow_with_time_and_widths_add_up() -> None:
    axis = Axis(-2 * NANOS, 8 * NANOS)
    assert [axis.x(seconds * NANOS) for seconds in (-2, 0, 3, 8)] == ["0.00%", "20.00%", "50.00%", "100.00%"]
    assert axis.width(0, 3 * NANOS) == "30.00%"
    assert axis.width(3 * NANOS, 0) == "0.00%"
    assert axis.width(0, 100 * NANOS) == "80.00%"


def test_its_lines_are_on_round_seconds_and_never_many() -> None:
    texts = [tick.text for tick in Axis(-2 * NANOS, 8 * NANOS).ticks()]
    assert texts == ["\N{MINUS SIGN}2", "\N{MINUS SIGN}1", *map(str, range(9))]
    for seconds in ("0.8", "3", "14.43", "61", "400", "9000", "100000"):
        axis = Axis(-NANOS // 10, int(Decimal(seconds) * NANOS))
        ticks = axis.ticks()
        assert 3 <= len(ticks) <= 13, seconds
        assert [tick.is_minor for tick in ticks if tick.text == "0"] == [False]
        assert len({tick.text for tick in ticks}) == len(ticks)


def test_seconds_are_fine_where_it_matters_and_nothing_has_a_sign() -> None:
    assert [lasted(ms * MS) for ms in (0, 5, 12_345, 123_456, 1_234_567)] == [
        "0.00 s",
        "0.01 s",
        "12.35 s",
        "123.5 s",
        "1,234.6 s",
    ]
    assert [at_(ms * MS) for ms in (-1, -180, 0)] == ["0.00 s", "\N{MINUS SIGN}0.18 s", "0.00 s"]


def test_an_empty_course_has_an_axis_all_the_same() -> None:
    axis = axis_of(course_of(()))
    assert (axis.first_ns, axis.last_ns) == (0, NANOS)
