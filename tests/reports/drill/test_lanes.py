"""Claims about lanes: what was expected and came, came late, came unasked or never came looks different."""

from drill_samples import (
    at,
    control,
    disconnect_concluded,
    disconnect_facts,
    disconnect_spec,
    failed_concluded,
    failed_facts,
    failed_spec,
    started,
)
from tc.checks.drills.facts import AlertResolved, AnyDrillFact, Observed
from tc.reports.drill.axis import axis_of
from tc.reports.drill.course import course_of
from tc.reports.drill.lanes import (
    MOST_ROWS,
    Lane,
    Row,
    alert_lane,
    command_lane,
    fault_lane,
    gate_lane,
    recovery_lane,
    sign_lane,
)
from tc.spec.drills.drill_spec import DrillSpec, ExpectSpec

PASSED = (*disconnect_facts(), disconnect_concluded())
FAILED = (*failed_facts(), failed_concluded())


def lanes(spec: DrillSpec, facts: tuple[AnyDrillFact, ...]) -> dict[str, Lane]:
    course = course_of(facts)
    axis = axis_of(course)
    made = (
        fault_lane(course, axis, is_control=not spec.faults),
        *(make(spec, course, axis) for make in (gate_lane, sign_lane, alert_lane)),
        recovery_lane(course, axis),
        command_lane(course, axis),
    )
    return {each.id: each for each in made}


def standing(row: Row) -> tuple[str, str, str]:
    return row.name, row.standing, row.tone


def test_a_fault_is_a_bar_that_is_pale_until_it_is_proven() -> None:
    down, fill = lanes(disconnect_spec(), PASSED)["faults"].rows
    assert [bar.look for bar in down.bars] == ["asked", "fault"]
    assert down.bars[0].note == "asked for at \N{MINUS SIGN}0.18 s"
    assert down.bars[1].note == "proven at 0.00 s, for 3.73 s"
    assert standing(fill) == ("fill_order on venue", "proven", "plain")


def test_a_fault_that_was_not_put_back_is_bad_to_the_end_and_one_that_failed_is_a_moment() -> None:
    stopped, killed = lanes(failed_spec(), FAILED)["faults"].rows
    assert standing(stopped) == ("sigstop on node", "problem", "bad")
    assert "never put back" in stopped.when
    assert standing(killed) == ("kill_switch", "problem", "bad")
    assert (killed.when, killed.bars, len(killed.dots)) == ("not injected", (), 1)


def test_alerts_are_expected_late_unexpected_missing_or_allowed() -> None:
    shown = lanes(disconnect_spec(), PASSED)["alerts"]
    assert [standing(row) for row in shown.rows] == [
        ("TcFeedStale", "may fire", "plain"),
        ("TcVenueDisconnected", "expected within 5 s", "good"),
    ]
    assert [row.deadline for row in shown.rows] == ["", axis_of(course_of(PASSED)).x(5_000_000_000)]
    failed = lanes(failed_spec(), FAILED)["alerts"]
    assert [standing(row) for row in failed.rows] == [
        ("TcHeartbeatMissing", "late: expected within 4 s", "bad"),
        ("TcEventLoopLag", "not expected", "bad"),
        ("TcKillSwitchActive", "expected within 9 s, never fired", "bad"),
    ]
    assert failed.rows[0].when == "fired 5.62 s, fires still"


def test_an_alert_that_fires_again_has_one_row_with_a_bar_each_time() -> None:
    again = (
        at(10_000, Observed, source="alert", name="TcVenueDisconnected"),
        at(11_000, AlertResolved, name="TcVenueDisconnected"),
    )
    first = next(place for place, fact in enumerate(PASSED) if isinstance(fact, AlertResolved) and fact.name != "TcFeedStale")
    _, row = lanes(disconnect_spec(), (*PASSED[: first + 1], *again))["alerts"].rows
    assert row.when == "fired 2.93 s, resolved 5.59 s, 2 times"
    assert [bar.note for bar in row.bars] == [
        "TcVenueDisconnected at 2.93 s, for 4.36 s",
        "TcVenueDisconnected at 4.59 s, for 1.00 s",
    ]


def test_without_alerting_no_alert_is_missed() -> None:
    facts = (started(sees_alerts=False), *PASSED[1:4])
    rows = lanes(disconnect_spec(), facts)["alerts"].rows
    assert [standing(row) for row in rows] == [("TcVenueDisconnected", "not looked at", "plain")]


def test_gates_events_and_findings_that_were_expected_and_never_seen_are_told() -> None:
    shown = lanes(failed_spec(), FAILED)
    assert [standing(row) for row in shown["gates"].rows] == [("halted", "expected, never seen", "bad")]
    assert [standing(row) for row in shown["signs"].rows] == [("position_differs", "seen besides", "plain")]
    assert [standing(row) for row in lanes(disconnect_spec(), PASSED)["gates"].rows] == [("blocked", "as expected", "good")]


def test_the_reason_that_a_document_expects_of_what_a_gate_held_back_is_expected() -> None:
    spec = disconnect_spec(expect=ExpectSpec(gates=("blocked",), reasons=("reference_age",)))
    why = at(3_000, Observed, source="gate", name="reference_age", detail="reference_age: 2.1 s")
    rows = lanes(spec, (*PASSED, why))["gates"].rows
    assert [standing(row) for row in rows] == [("blocked", "as expected", "good"), ("reference_age", "as expected", "good")]


def test_steady_states_and_commands_are_told_as_they_came_out() -> None:
    shown = lanes(failed_spec(), FAILED)
    assert [standing(row) for row in shown["recovery"].rows] == [
        ("Steady state before", "holds", "good"),
        ("Steady state after", "does not hold", "bad"),
        ("Run ended", "crashed", "plain"),
        ("Invariants", "6 hold, 1 broken, 1 unknown", "bad"),
    ]
    [command] = shown["commands"].rows
    assert standing(command) == ("tc kill clear --run RUN", "exit 2", "warn")
    assert command.detail == "who still runs: node"


def test_a_control_says_that_nothing_is_broken() -> None:
    spec, facts, concluded = control()
    shown = lanes(spec, (*facts, concluded))
    assert shown["faults"].nothing == "nothing is broken: this is a control"
    assert shown["alerts"].nothing == "no alerting ran"


def test_of_very_many_rows_the_first_are_shown_and_the_others_counted() -> None:
    many = tuple(Observed(at_ns=0, elapsed_ns=at, source="finding", name=f"f{at}") for at in range(MOST_ROWS + 7))
    shown = lanes(disconnect_spec(), (*PASSED, *many))["signs"]
    assert len(shown.rows) == MOST_ROWS
    assert shown.more == "and 8 more rows: all facts are below"
