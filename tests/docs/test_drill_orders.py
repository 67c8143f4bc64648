"""With the same seed a drill does the same in the same order, and the same comes of it: in how many executions is counted."""

import pytest
from drill_orders import order_of, same_orders, wanted

from documentation import REPOSITORY
from drill_records import verdict_of
from tc.spec.drills.drill_spec import DrillSpec
from tc.spec.drills.parse import load_drill

DONE = ("injected 1 order_appears", "proven 1")
FOUND = ("finding order_unexpected", "gate reducing", "alert TcReconciliationMismatch")
PLAIN = (*DONE, *FOUND, "restored 1")


@pytest.fixture(scope="module")
def spec() -> DrillSpec:
    return load_drill(REPOSITORY / "specs" / "drills" / "external-order.yaml")


def counted(spec: DrillSpec, *sequences: tuple[str, ...], **other: object) -> tuple[int, int, int]:
    verdicts = [verdict_of(spec.name, number, sequence=each) for number, each in enumerate(sequences, 1)]
    return same_orders([verdict_of(spec.name, 99, sequence=PLAIN, **other), *verdicts], spec)


def test_the_document_says_what_has_to_come(spec: DrillSpec) -> None:
    assert wanted(spec) == set(FOUND)


def test_the_order_is_that_of_what_was_done_and_of_what_had_to_come_as_each_came_first(spec: DrillSpec) -> None:
    told = (*DONE, "event KillSwitchChanged", *FOUND, "alert TcKillSwitchActive", FOUND[-1], "restored 1", "gate blocked")
    assert order_of(told, spec) == PLAIN


def test_what_nobody_asked_for_may_come_at_any_time(spec: DrillSpec) -> None:
    assert counted(spec, (*PLAIN, "event RunStopped"), ("alert TcFeedStale", *PLAIN)) == (3, 3, 3)


@pytest.mark.parametrize(
    "among",
    [
        (DONE[0], FOUND[0], DONE[1], *FOUND[1:], "restored 1"),
        (*DONE, *FOUND[:2], "restored 1", FOUND[2]),
    ],
)
def test_what_is_done_may_lie_otherwise_among_what_comes_of_it_and_is_counted_apart(
    spec: DrillSpec, among: tuple[str, ...]
) -> None:
    assert counted(spec, among, PLAIN) == (2, 3, 3)


@pytest.mark.parametrize("other", [(*DONE, FOUND[1], FOUND[0], FOUND[2], "restored 1"), PLAIN[:-2] + PLAIN[-1:], PLAIN[:-1]])
def test_another_order_of_what_comes_and_what_is_missing_is_another(spec: DrillSpec, other: tuple[str, ...]) -> None:
    assert counted(spec, other, PLAIN) == (2, 2, 3)


@pytest.mark.parametrize("other", [{"seed": 8}, {"sees_alerts": False}])
def test_only_executions_like_the_newest_are_compared(spec: DrillSpec, other: dict[str, object]) -> None:
    assert counted(spec, PLAIN, PLAIN, **other) == (1, 1, 1)
