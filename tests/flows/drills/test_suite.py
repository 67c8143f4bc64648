"""A suite passes when all of it passed, tells of each verdict in order, and proves nothing once somebody ends it."""

import threading

import pytest

from drill_records import verdict_of
from tc.checks.drills.facts import Outcome
from tc.flows.drills.suite import FinishedSuite, Tried, carry_out_suite


def suite(
    *outcomes: Outcome | None, jobs: int = 1, stops_after: int | None = None, repeats: int = 1
) -> tuple[FinishedSuite, list[str], list[str]]:
    """Carry out drills that come to something, None for nothing; return what came of it, which were begun, and the told ones."""
    begun: list[str] = []
    told: list[str] = []
    names = [f"d-{number}" for number in range(len(outcomes))] * repeats

    def carry_out(name: str) -> Tried:
        begun.append(name)
        outcome = outcomes[int(name.partition("-")[2])]
        return Tried(name, None if outcome is None else verdict_of(name, 1, verdict=outcome), "error: no room")

    done = carry_out_suite(
        names,
        carry_out,
        jobs=jobs,
        on_done=lambda verdict: told.append(verdict.drill),
        should_stop=lambda: stops_after is not None and len(begun) >= stops_after,
    )
    return done, begun, told


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (("passed", "passed"), "passed"),
        (("passed", "inconclusive"), "inconclusive"),
        (("inconclusive", "failed", "passed"), "failed"),
        (("passed", None), "failed"),
        ((), "inconclusive"),
    ],
)
def test_a_suite_is_as_good_as_its_worst_drill(outcomes: tuple[Outcome | None, ...], verdict: Outcome) -> None:
    done, begun, told = suite(*outcomes)
    assert done.verdict == verdict
    assert len(begun) == len(outcomes)
    assert told == [each.drill for each in done.verdicts]
    assert len(told) == len(outcomes) - outcomes.count(None)
    assert done.to_dict()["verdict"] == verdict


def test_a_drill_that_leaves_no_verdict_is_told_with_what_it_said_last() -> None:
    done, _, _ = suite("passed", None)
    assert [(each.drill, each.said) for each in done.lost] == [("d-1", "error: no room")]
    assert done.to_dict()["not_carried_out"] == ["d-1"]


@pytest.mark.parametrize(("first", "verdict"), [("passed", "inconclusive"), ("failed", "failed"), (None, "inconclusive")])
def test_an_interrupted_suite_begins_nothing_more_and_proves_nothing_but_what_failed(
    first: Outcome | None, verdict: Outcome
) -> None:
    done, begun, _ = suite(first, "passed", "passed", stops_after=1)
    assert begun == ["d-0"]
    assert done.verdict == verdict
    assert done.not_carried_out[-2:] == ("d-1", "d-2")
    assert done.lost[-1].said == "it was not begun"


def test_one_that_is_interrupted_in_its_last_drill_is_interrupted() -> None:
    assert suite("passed", stops_after=1)[0].verdict == "inconclusive"


def test_each_is_repeated_and_told_in_order_however_many_go_on_at_once() -> None:
    _, _, told = suite("passed", "failed", jobs=3, repeats=4)
    assert told == ["d-0", "d-1"] * 4


def test_so_many_as_were_asked_for_go_on_at_once() -> None:
    together = threading.Barrier(3)

    def carry_out(name: str) -> Tried:
        together.wait(timeout=10)
        return Tried(name, verdict_of(name, 1))

    done = carry_out_suite("abc", carry_out, jobs=3, on_done=lambda _: None, should_stop=lambda: False)
    assert done.count("passed") == 3
    assert done.resilience == "100.00 %"
