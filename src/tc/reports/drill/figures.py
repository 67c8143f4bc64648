"""What all stored executions of drills come to: how many passed, how fast, and how resilient that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from tc.checks.drills.facts import Outcome


class Execution(Protocol):
    """What is counted of an execution, as its verdict.json says it; times are in nanoseconds."""

    @property
    def drill(self) -> str:
        """The drill's name."""

    @property
    def number(self) -> int:
        """Which execution of it this is."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def weight(self) -> int:
        """Its share in the resilience score."""

    @property
    def is_mutated(self) -> bool:
        """Whether its detector was switched off: it proves the drill, not the system."""

    @property
    def verdict(self) -> Outcome:
        """What came of it."""

    @property
    def detect_ns(self) -> int | None:
        """From the proven injection to the first of what was expected."""

    @property
    def mitigate_ns(self) -> int | None:
        """From the proven injection to the last expected gate."""

    @property
    def recover_ns(self) -> int | None:
        """From when the last fault was put back to the steady state."""

    @property
    def ended_ns(self) -> int:
        """When it ended."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """An execution whose verdict cannot be read: it has proven nothing, and counts as inconclusive."""

    drill: str
    number: int
    ended_ns: int = 0
    title: str = ""
    weight: int = 1
    is_mutated: bool = False
    verdict: Outcome = "inconclusive"
    detect_ns: int | None = None
    mitigate_ns: int | None = None
    recover_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle and the worst of some lengths of time, in nanoseconds."""

    median_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillFigures:
    """A drill over its executions; those with the detector switched off are none.

    Parameters
    ----------
    newest
        Its last execution; one that is damaged has title and weight of the last that is not.
    passed, failed, inconclusive
        How many executions came to that.
    detect, mitigate, recover
        Over the executions that have such a time; None where none has.

    """

    newest: Execution
    passed: int
    failed: int
    inconclusive: int
    detect: Spread | None
    mitigate: Spread | None
    recover: Spread | None

    @property
    def drill(self) -> str:
        """The drill's name."""
        return self.newest.drill

    @property
    def last(self) -> Outcome:
        """What the last execution came to."""
        return self.newest.verdict

    @property
    def executions(self) -> int:
        """How many there are."""
        return self.passed + self.failed + self.inconclusive


def figures(verdicts: Iterable[Execution]) -> tuple[DrillFigures, ...]:
    """Return what executions come to, by drill, in the order of names."""
    by_drill: dict[str, list[Execution]] = {}
    for each in verdicts:
        if not each.is_mutated:
            by_drill.setdefault(each.drill, []).append(each)
    return tuple(_of(executions) for _, executions in sorted(by_drill.items()))


def resilience(last: Iterable[tuple[int, Outcome]]) -> Fraction | None:
    """Return the weighted part of drills whose last execution passed; None when there is none.

    Parameters
    ----------
    last
        Weight and outcome of the last execution of each drill; an inconclusive one has proven nothing, and counts as not passed.

    """
    known = list(last)
    weights = sum(weight for weight, _ in known)
    return Fraction(sum(weight for weight, outcome in known if outcome == "passed"), weights) if weights else None


def score(all_of_them: Iterable[DrillFigures]) -> Fraction | None:
    """Return the resilience of the last executions."""
    return resilience((each.newest.weight, each.last) for each in all_of_them)


def _of(executions: Sequence[Execution]) -> DrillFigures:
    outcomes = [each.verdict for each in executions]
    return DrillFigures(
        newest=_newest(executions),
        passed=outcomes.count("passed"),
        failed=outcomes.count("failed"),
        inconclusive=outcomes.count("inconclusive"),
        detect=spread(each.detect_ns for each in executions),
        mitigate=spread(each.mitigate_ns for each in executions),
        recover=spread(each.recover_ns for each in executions),
    )


def _newest(executions: Sequence[Execution]) -> Execution:
    newest = max(executions, key=lambda each: each.number)
    if not isinstance(newest, Damaged):
        return newest
    readable = [each for each in executions if not isinstance(each, Damaged)]
    like = max(readable, key=lambda each: each.number, default=newest)
    return replace(newest, title=like.title or newest.drill, weight=like.weight)


def spread(lengths: Iterable[int | None]) -> Spread | None:
    """Return the middle and the worst of the lengths that are known; None where none is."""
    known = sorted(each for each in lengths if each is not None)
    if not known:
        return None
    middle = len(known) // 2
    median_ns = known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) // 2
    return Spread(median_ns, known[-1])
