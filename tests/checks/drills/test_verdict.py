"""The verdict on a drill: each part by itself, from facts alone."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from drill_facts import CLEAR, SECOND, TRADING, at, drill, passed, seen, steady
from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillConcluded,
    DrillFailed,
    DrillStarted,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    OperatorActed,
    Part,
    RestoreFailed,
    RunEnded,
)
from tc.checks.drills.story import labels_of
from tc.checks.drills.verdict import Judgement, deadline_s, expected_left, is_over, judge, sequence
from tc.spec.drills.drill_spec import BudgetsSpec, DrillSpec, ExpectedAlert, ExpectSpec, FaultSpec, SteadyStateSpec

PARTS = (
    "steady_state",
    "injection",
    "alerts",
    "unexpected",
    "gates",
    "events",
    "findings",
    "during",
    "ended",
    "invariants",
    "rollback",
    "recovery",
    "budgets",
)
DEPENDENT = {"alerts", "unexpected", "gates", "events", "findings", "during", "ended", "recovery", "budgets"}


def outcomes(judgement: Judgement) -> dict[str, str]:
    return {part.part: part.outcome for part in judgement.parts}


def reason(judgement: Judgement, name: str) -> str:
    return next(part.reason for part in judgement.parts if part.part == name)


def without(facts: list[AnyDrillFact], kind: type, /, **fields: object) -> list[AnyDrillFact]:
    """Return the facts but for those of a kind that have these values."""
    return [each for each in facts if not (isinstance(each, kind) and all(getattr(each, key) == fields[key] for key in fields))]


def instead(facts: list[AnyDrillFact], kind: type, /, **fields: object) -> list[AnyDrillFact]:
    """Return the facts with other values in those of a kind."""
    return [replace(each, **fields) if isinstance(each, kind) else each for each in facts]


def unseen(facts: list[AnyDrillFact], name: str) -> list[AnyDrillFact]:
    return [each for each in facts if getattr(each, "name", "") != name]


def phase(facts: list[AnyDrillFact], name: str, fact: AnyDrillFact | None) -> list[AnyDrillFact]:
    """Return the facts with another look at the steady state in a phase, or with none."""
    return [kept for each in facts if (kept := fact if getattr(each, "phase", "") == name else each) is not None]


def test_what_went_as_it_should_passes_in_every_part_and_is_measured_from_the_proof() -> None:
    judgement = judge(drill(), passed())
    assert judgement.verdict == "passed"
    assert tuple(outcomes(judgement)) == PARTS
    assert set(outcomes(judgement).values()) == {"passed"}
    assert (judgement.detect_ns, judgement.mitigate_ns, judgement.recover_ns) == (2 * SECOND, 2 * SECOND, 4 * SECOND)
    assert reason(judgement, "alerts") == "TcVenueDisconnected after 3.000 s of 5 s"
    assert reason(judgement, "gates") == "blocked after 2.000 s"
    assert reason(judgement, "budgets") == (
        "detected after 2.000 s of 3 s; mitigated after 2.000 s of 4 s; recovered after 4.000 s of 6 s"
    )
    fact = at(15, DrillConcluded, verdict=judgement.verdict, parts=judgement.parts, detect_ns=judgement.detect_ns)
    assert judge(drill(), [*passed(), fact]) == judgement


@pytest.mark.parametrize(
    ("change", "part", "why"),
    [
        (lambda facts: unseen(facts, "TcVenueDisconnected"), "alerts", "TcVenueDisconnected did not fire"),
        (lambda facts: unseen(facts, "blocked"), "gates", "blocked was not seen"),
        (lambda facts: unseen(facts, "FeedDegraded"), "events", "FeedDegraded was not seen"),
        (lambda facts: unseen(facts, "order_missing"), "findings", "order_missing was not seen"),
        (lambda facts: [*facts, seen(13, "alert", "TcRunCrashed")], "unexpected", "TcRunCrashed fired"),
        (lambda facts: instead(facts, RunEnded, status="crashed", reason="gone"), "ended", "crashed: gone"),
        (lambda facts: instead(facts, RunEnded, status="unknown"), "ended", "unknown"),
        (lambda facts: without(facts, RunEnded), "ended", "it is not known how the run ended"),
        (
            lambda facts: phase(facts, "during", steady(7, "during", holds=False)),
            "during",
            "feed is unknown, live",
        ),
        (
            lambda facts: instead(facts, OperatorActed, exit_code=2, said="no"),
            "recovery",
            f"tc {' '.join(CLEAR)}: exit code 2: no",
        ),
        (lambda facts: without(facts, OperatorActed), "recovery", "only 0 of 1 commands were typed"),
        (lambda facts: phase(facts, "after", steady(12, "after", holds=False)), "recovery", "feed is unknown, live"),
        (lambda facts: phase(facts, "after", None), "recovery", "the steady state was not looked at again"),
        (
            lambda facts: without(facts, AlertResolved, name="TcVenueDisconnected"),
            "recovery",
            "TcVenueDisconnected still fires",
        ),
        (
            lambda facts: instead(
                facts, InvariantsChecked, held=(), broken=("each_trade_once: trade 7 is in the journal 2 times",)
            ),
            "invariants",
            "each_trade_once: trade 7 is in the journal 2 times",
        ),
        (lambda facts: without(facts, FaultRestored), "rollback", "1 down: not put back"),
        (
            lambda facts: [*without(facts, FaultRestored), at(8, RestoreFailed, fault=1, kind="down", reason="gone")],
            "rollback",
            "1 down: gone",
        ),
        (lambda facts: phase(facts, "after", steady(15, "after")), "budgets", "recovered after 7.000 s of 6 s"),
    ],
)
def test_what_is_missing_or_wrong_fails_its_part(
    change: Callable[[list[AnyDrillFact]], list[AnyDrillFact]], part: str, why: str
) -> None:
    judgement = judge(drill(), change(passed()))
    assert judgement.verdict == "failed"
    assert outcomes(judgement)[part] == "failed"
    assert reason(judgement, part).startswith(why)


def later(facts: list[AnyDrillFact], name: str, seconds: float) -> list[AnyDrillFact]:
    return [
        replace(each, elapsed_ns=int(seconds * SECOND))
        if getattr(each, "name", "") == name and each.elapsed_ns < 7 * SECOND
        else each
        for each in facts
    ]


def test_an_alert_must_come_in_its_time_and_its_last_moment_counts() -> None:
    assert outcomes(judge(drill(), later(passed(), "TcVenueDisconnected", 7)))["alerts"] == "passed"
    late = judge(drill(), later(passed(), "TcVenueDisconnected", 7.001))
    assert outcomes(late)["alerts"] == "failed"
    assert reason(late, "alerts") == "TcVenueDisconnected after 5.001 s of 5 s"


def test_what_was_seen_between_the_injection_and_its_proof_came_at_once() -> None:
    judgement = judge(drill(), later(passed(), "blocked", 1.7))
    assert (judgement.verdict, judgement.detect_ns, judgement.mitigate_ns) == ("passed", 0, 0)


def test_what_was_seen_before_anything_was_broken_is_no_detection() -> None:
    facts = unseen(passed(), "TcVenueDisconnected")
    early = [*facts[:2], seen(1.1, "alert", "TcVenueDisconnected"), *facts[2:], at(11, AlertResolved, name="TcVenueDisconnected")]
    judgement = judge(drill(), early)
    assert outcomes(judgement)["alerts"] == "failed"
    assert reason(judgement, "unexpected") == "TcVenueDisconnected fired before anything was broken"


def test_an_expected_alert_that_fired_before_as_well_as_after_the_injection_fails() -> None:
    facts = passed()
    early = [*facts[:2], seen(1.1, "alert", "TcVenueDisconnected"), at(1.2, AlertResolved, name="TcVenueDisconnected")]
    judgement = judge(drill(), [*early, *facts[2:]])
    assert outcomes(judgement)["alerts"] == "passed"
    assert outcomes(judgement)["unexpected"] == "failed"
    assert reason(judgement, "unexpected") == "TcVenueDisconnected fired before anything was broken"
    always = [*facts[:2], seen(1.1, "alert", "TcDeadMansSwitch"), *facts[2:]]
    assert judge(drill(), always).verdict == "passed"


@pytest.mark.parametrize("status", ["stopped", "killed", "completed"])
def test_a_run_that_ends_in_order_passes(status: str) -> None:
    judgement = judge(drill(), instead(passed(), RunEnded, status=status, reason="enough"))
    assert (judgement.verdict, reason(judgement, "ended")) == ("passed", f"{status}: enough")


@pytest.mark.parametrize(("name", "part"), [("blocked", "gates"), ("FeedDegraded", "events"), ("order_missing", "findings")])
def test_what_is_seen_only_once_the_fault_is_put_back_is_no_detection(name: str, part: str) -> None:
    assert outcomes(judge(drill(), later(passed(), name, 8)))[part] == "passed", "at the last moment"
    late = judge(drill(), later(passed(), name, 8.001))
    assert (outcomes(late)[part], reason(late, part)) == ("failed", f"{name} was not seen")
    assert late.mitigate_ns == (None if part == "gates" else 2 * SECOND)


def test_an_alert_that_is_on_its_way_when_the_fault_is_put_back_counts_in_its_time() -> None:
    spec = drill(expect=replace(drill().expect, alerts=(ExpectedAlert(name="TcVenueDisconnected", within_s="7"),)))
    assert outcomes(judge(spec, later(passed(), "TcVenueDisconnected", 8.9)))["alerts"] == "passed"


@pytest.mark.parametrize(("until", "last"), [("3", 9), ("end", 6)])
def test_where_no_fault_waits_for_detection_it_counts_until_the_last_ones_time_and_the_budgets_are_over(
    until: str, last: int
) -> None:
    spec = drill(faults=(FaultSpec(kind="down", until=until),), budgets=BudgetsSpec(detect_s="3", mitigate_s="4", recover_s="9"))
    spec = replace(spec, watch_s="20")
    assert outcomes(judge(spec, later(passed(), "order_missing", last)))["findings"] == "passed"
    assert outcomes(judge(spec, later(passed(), "order_missing", last + 0.001)))["findings"] == "failed"


def test_the_reason_of_a_denial_is_demanded_among_the_gates() -> None:
    spec = drill(expect=replace(drill().expect, reasons=("reference_stale",)))
    missing = judge(spec, passed())
    assert (outcomes(missing)["gates"], reason(missing, "gates")) == ("failed", "reference_stale was not seen")
    assert "gate reference_stale" in expected_left(spec, passed())
    facts = passed()
    facts.insert(5, seen(4.2, "gate", "reference_stale"))
    judgement = judge(spec, facts)
    assert judgement.verdict == "passed"
    assert reason(judgement, "gates") == "blocked after 2.000 s; reference_stale after 2.200 s"
    assert judgement.mitigate_ns == 2 * SECOND, "the gate was closed before"
    assert sequence(facts) == sequence(passed()), "why it is closed is no step of its own"


def labelled(seconds: float, labels: str) -> AnyDrillFact:
    fact: AnyDrillFact = replace(seen(seconds, "alert", "TcFeedStale"), detail=f"it is {{so}} {labels}".strip())
    return fact


def test_an_alert_with_labels_must_have_all_of_them() -> None:
    alerts = tuple(ExpectedAlert(name="TcFeedStale", within_s="5", labels={"kind": kind}) for kind in ("gap", "late"))
    spec = drill(expect=ExpectSpec(alerts=alerts))
    quiet = [each for each in passed() if not hasattr(each, "source")]
    first, both = [*quiet, labelled(3, "{channel=Q, kind=gap}")], labelled(4, "{kind=late}")
    judgement = judge(spec, first)
    assert reason(judgement, "alerts") == "TcFeedStale{kind=late} did not fire"
    assert expected_left(spec, first) == ("alert TcFeedStale{kind=late}",)
    assert reason(judge(spec, [*first, both]), "alerts") == (
        "TcFeedStale{kind=gap} after 1.000 s of 5 s; TcFeedStale{kind=late} after 2.000 s of 5 s"
    )
    assert outcomes(judge(spec, [*quiet, labelled(3, "")]))["alerts"] == "failed"
    assert outcomes(judge(spec, [*first, both]))["unexpected"] == "passed"


@pytest.mark.parametrize(
    ("detail", "labels"),
    [
        ("", {}),
        ("it is so", {}),
        ("it is {kind=gap} so", {}),
        ("it is so {}", {}),
        ("{kind=gap}", {"kind": "gap"}),
        ("a {b} {channel=Q, kind=a=b}", {"channel": "Q", "kind": "a=b"}),
    ],
)
def test_labels_are_read_where_they_end_what_is_told(detail: str, labels: dict[str, str]) -> None:
    assert labels_of(detail) == labels


def test_the_alert_that_always_fires_never_counts() -> None:
    judgement = judge(drill(), [*passed(), seen(13, "alert", "TcDeadMansSwitch")])
    assert judgement.verdict == "passed"
    assert "alert TcDeadMansSwitch" not in sequence([seen(13, "alert", "TcDeadMansSwitch")])


def test_an_alert_that_fires_again_fires() -> None:
    again = [*passed(), seen(13, "alert", "TcFeedStale")]
    assert reason(judge(drill(), again), "recovery") == "TcFeedStale still fires"
    assert judge(drill(), [*again, at(14, AlertResolved, name="TcFeedStale")]).verdict == "passed"


def test_an_alert_that_is_said_to_last_may_go_on() -> None:
    spec = drill()
    [alert] = spec.expect.alerts
    lasting = replace(spec, expect=replace(spec.expect, lasts=(alert.name,)))
    again = [*passed(), seen(13, "alert", alert.name)]
    assert reason(judge(spec, again), "recovery") == f"{alert.name} still fires"
    assert judge(lasting, again).verdict == "passed"


@pytest.mark.parametrize(
    ("facts", "part", "why"),
    [
        (phase(passed(), "before", steady(1, "before", holds=False)), "steady_state", "feed is unknown, live"),
        (phase(passed(), "before", None), "steady_state", "it was never looked at"),
        (without(passed(), FaultProven), "injection", "1 down: never proven"),
        (
            [*without(passed(), FaultProven), at(2, FaultFailed, fault=1, kind="down", reason="no proxy")],
            "injection",
            "1 down: no proxy",
        ),
        ([*passed(), at(13, DrillFailed, reason="the venue is gone")], "drill", "the venue is gone"),
    ],
)
def test_without_its_ground_a_drill_is_inconclusive_and_what_was_not_seen_is_no_failure(
    facts: list[AnyDrillFact], part: str, why: str
) -> None:
    unseen_all = [each for each in facts if not (hasattr(each, "source") or getattr(each, "phase", "") in {"during", "after"})]
    for told in (facts, unseen_all):
        judgement = judge(drill(), told)
        assert judgement.verdict == "inconclusive"
        assert outcomes(judgement)[part] == "inconclusive"
        assert reason(judgement, part) == why
        assert {outcome for name, outcome in outcomes(judgement).items() if name in DEPENDENT} == {"inconclusive"}


def test_what_is_broken_for_good_fails_also_where_nothing_is_proven() -> None:
    facts = instead(without(passed(), FaultProven), InvariantsChecked, broken=("chain_intact: line 3",))
    assert judge(drill(), facts).verdict == "failed"


def test_without_prometheus_what_is_said_of_alerts_is_inconclusive_and_the_rest_stands() -> None:
    facts = instead([each for each in passed() if getattr(each, "source", "") != "alert"], DrillStarted, sees_alerts=False)
    judgement = judge(drill(), facts)
    assert judgement.verdict == "inconclusive"
    assert {name for name, outcome in outcomes(judgement).items() if outcome != "passed"} == {"alerts", "unexpected"}
    assert expected_left(drill(), facts) == ()


def test_what_is_not_demanded_is_no_part() -> None:
    spec = drill(
        expect=ExpectSpec(invariants=()), steady_state=SteadyStateSpec(before=TRADING, after=()), recovery=(), watch_s="3"
    )
    facts = [each for each in passed() if not hasattr(each, "source")]
    judgement = judge(spec, facts)
    assert tuple(outcomes(judgement)) == ("steady_state", "injection", "unexpected", "ended", "rollback")
    assert (judgement.verdict, judgement.detect_ns, judgement.mitigate_ns, judgement.recover_ns) == ("passed", None, None, None)


def test_a_control_without_a_fault_passes_when_nothing_fires() -> None:
    spec = drill(
        faults=(), expect=ExpectSpec(), recovery=(), steady_state=SteadyStateSpec(before=TRADING), watch_s="5", name="no-fault"
    )
    facts = [each for each in passed() if not isinstance(each, FaultInjected | FaultProven | FaultRestored | OperatorActed)]
    facts = [each for each in facts if not (hasattr(each, "source") or isinstance(each, AlertResolved))]
    judgement = judge(spec, facts)
    assert (judgement.verdict, judgement.recover_ns) == ("passed", None), "there is nothing to recover from"
    assert "injection" not in outcomes(judgement)
    assert "rollback" not in outcomes(judgement)
    assert outcomes(judge(spec, [*facts, seen(3, "alert", "TcFeedStale")]))["unexpected"] == "failed"
    assert [is_over(spec, facts, int(each * SECOND)) for each in (5.9, 6)] == [False, True]


def test_commands_must_be_obeyed_also_where_no_steady_state_is_to_come_back() -> None:
    spec = drill(steady_state=SteadyStateSpec(before=TRADING, after=()))
    assert reason(judge(spec, phase(passed(), "after", None)), "recovery") == "the commands were obeyed"


def test_what_is_typed_while_something_is_broken_is_no_recovery() -> None:
    checks = (("runs", "verify", "RUN"),)
    facts = passed()
    facts.insert(8, at(5.9, OperatorActed, arguments=checks[0], exit_code=1))
    assert judge(drill(checks=checks), facts).verdict == "passed"
    assert outcomes(judge(drill(), facts))["recovery"] == "failed"


def test_only_the_invariants_that_are_demanded_count_and_each_must_have_been_checked() -> None:
    spec = drill(expect=replace(drill().expect, invariants=("chain_intact", "nothing_lost")))
    facts = without(passed(), InvariantsChecked)

    def invariants(**found: tuple[str, ...]) -> Part:
        judgement = judge(spec, [*facts, at(14, InvariantsChecked, **({"held": ()} | found))])
        return next(part for part in judgement.parts if part.part == "invariants")

    assert invariants(held=("chain_intact", "nothing_lost"), broken=("each_trade_once: 7",)).outcome == "passed"
    assert invariants(held=("chain_intact",)) == Part("invariants", "inconclusive", "nothing_lost: not checked")
    assert invariants(held=("chain_intact",), unknown=("nothing_lost: no log",)).reason == "nothing_lost: no log"
    assert invariants(unknown=("all: no journal",)) == Part("invariants", "inconclusive", "all: no journal")
    assert invariants(broken=("chain_intact: line 3",)).outcome == "failed"
    assert reason(judge(spec, facts), "invariants") == "they were never checked"


def test_a_fault_that_is_put_back_at_the_end_does_not_move_what_recovery_is_measured_from() -> None:
    facts = [*without(passed(), FaultRestored), at(13.5, FaultRestored, fault=1, kind="down")]
    judgement = judge(drill(), facts)
    assert (judgement.verdict, judgement.recover_ns) == ("passed", None)


def test_the_worst_part_is_the_verdict() -> None:
    facts = without(unseen(passed(), "blocked"), InvariantsChecked)
    judgement = judge(drill(), facts)
    assert {"failed", "inconclusive", "passed"} == set(outcomes(judgement).values())
    assert judgement.verdict == "failed"


def test_a_mitigation_counts_once_all_gates_were_seen() -> None:
    spec = drill(expect=ExpectSpec(gates=("blocked", "halted")))
    assert judge(spec, passed()).mitigate_ns is None
    facts = passed()
    facts.insert(9, seen(7.5, "gate", "halted"))
    assert judge(spec, facts).mitigate_ns == int(5.5 * SECOND)


def test_what_is_left_to_be_seen_is_told_in_the_documents_order() -> None:
    facts = passed()
    assert expected_left(drill(), facts[:4]) == (
        "alert TcVenueDisconnected",
        "gate blocked",
        "event FeedDegraded",
        "finding order_missing",
    )
    assert expected_left(drill(), facts[:7]) == ("finding order_missing",)
    assert expected_left(drill(), facts[:9]) == ()


def test_the_faults_are_over_when_all_was_seen_or_the_time_is_up() -> None:
    spec, facts = drill(watch_s="4.5"), passed()
    assert not is_over(spec, facts[:3], 100 * SECOND), "nothing is proven yet"
    assert not is_over(spec, facts[:4], 3 * SECOND)
    assert is_over(spec, facts[:4], 7 * SECOND), "the time is up"
    assert not is_over(spec, facts[:9], int(6.4 * SECOND)), "it is still watched"
    assert is_over(spec, facts[:9], int(6.5 * SECOND))
    assert is_over(spec, [*facts[:3], at(2, FaultFailed, fault=1, kind="down", reason="no")], 2 * SECOND)
    assert is_over(spec, [*facts[:4], at(2, DrillFailed, reason="no")], 2 * SECOND)


def two_faults(**second: str) -> DrillSpec:
    return drill(faults=(FaultSpec(kind="down", at="1", until="2"), FaultSpec(kind="fill_order", at="4", **second)))


def test_the_faults_are_not_over_before_the_last_one_was_proven_and_its_own_time_is_over() -> None:
    facts = passed()[:9]
    assert not is_over(two_faults(), facts, int(6.5 * SECOND))
    proven = [*facts, at(6, FaultProven, fault=2, kind="fill_order", before=0, after=1)]
    assert is_over(two_faults(), proven, int(6.5 * SECOND))
    assert not is_over(two_faults(until="2"), proven, int(6.5 * SECOND)), "3 s after the first, for 2 s"
    assert is_over(two_faults(until="2"), proven, 7 * SECOND)


@pytest.mark.parametrize(
    ("spec", "deadline"),
    [
        (drill(), "5"),
        (drill(budgets=BudgetsSpec(detect_s="9")), "10"),
        (drill(expect=ExpectSpec(), watch_s="3", budgets=BudgetsSpec(detect_s="9")), "3"),
        (two_faults(until="4"), "7"),
        (drill(faults=(), expect=ExpectSpec(), watch_s="0"), "0"),
    ],
)
def test_the_deadline_is_the_latest_of_all_that_may_be_waited_for(spec: DrillSpec, deadline: str) -> None:
    assert deadline_s(spec) == Decimal(deadline)


def test_the_sequence_tells_what_was_done_and_seen_in_order() -> None:
    facts = [
        *passed(),
        at(14, RestoreFailed, fault=2, kind="funding", reason="no"),
        at(15, FaultFailed, fault=3, kind="ban", reason=""),
    ]
    assert sequence(facts) == (
        "injected 1 down",
        "proven 1",
        "gate blocked",
        "event FeedDegraded",
        "alert TcVenueDisconnected",
        "alert TcFeedStale",
        "finding order_missing",
        "restored 1",
        "not restored 2",
        "failed 3 ban",
    )
