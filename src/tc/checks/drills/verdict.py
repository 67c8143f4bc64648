"""The verdict on a drill, from its document and its facts alone; and what is still to be seen while it goes on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tc.checks.drills.facts import (
    AnyDrillFact,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    Observed,
    Outcome,
    Part,
    RestoreFailed,
)
from tc.checks.drills.parts import detect_ns, mitigate_ns, parts_of, recover_ns
from tc.checks.drills.story import Story, ends_s, expected, last_s, seconds
from tc.spec.drills.drill_spec import DrillSpec
from tc.spec.drills.words import DEAD_MANS_SWITCH

GATES = frozenset({"blocked", "reducing", "halted"})
"""What a gate comes to; it is told beside that why it denied an order."""

_WORST: tuple[Outcome, ...] = ("failed", "inconclusive", "passed")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a drill; see `tc.checks.drills.facts.DrillConcluded`, which states the same."""

    verdict: Outcome
    parts: tuple[Part, ...]
    detect_ns: int | None
    mitigate_ns: int | None
    recover_ns: int | None


def judge(spec: DrillSpec, facts: Sequence[AnyDrillFact]) -> Judgement:
    """Return the verdict on a drill: the worst of its parts, each with its reason, and how long everything took."""
    story = Story(spec, tuple(facts))
    parts = parts_of(story)
    verdict = min((part.outcome for part in parts), key=_WORST.index)
    return Judgement(verdict, parts, detect_ns(story), mitigate_ns(story), recover_ns(story))


def expected_left(spec: DrillSpec, facts: Sequence[AnyDrillFact]) -> tuple[str, ...]:
    """Return what must come of the faults and was not seen yet, such as ``alert TcFeedStale``; alerts where they can be seen."""
    story = Story(spec, tuple(facts))
    return tuple(
        f"{source} {name}"
        for source, name in expected(spec)
        if (source, name) not in story.first_seen and (source != "alert" or story.sees_alerts)
    )


def deadline_s(spec: DrillSpec) -> Decimal:
    """Return by when the faults are put back at the latest, in seconds from the first proof, whatever was not seen by then."""
    budget_s = max(Decimal(spec.budgets.detect_s), Decimal(spec.budgets.mitigate_s)) if expected(spec) else Decimal(0)
    alerts = (Decimal(alert.within_s) for alert in spec.expect.alerts)
    return max(last_s(spec), budget_s, Decimal(spec.watch_s), *alerts)


def is_over(spec: DrillSpec, facts: Sequence[AnyDrillFact], elapsed_ns: int) -> bool:
    """Say whether the faults may be put back: each was injected, all that is expected was seen, and the watch is over.

    Also once there is no more time for it. ``elapsed_ns`` is the clock of the facts.
    """
    story = Story(spec, tuple(facts))
    if story.failure or story.all_of(FaultFailed):
        return True
    if story.begins_ns is None:
        return False
    since_s = seconds(elapsed_ns - story.begins_ns)
    if since_s >= deadline_s(spec):
        return True
    return since_s >= _least_s(spec) and not story.unproven and not expected_left(spec, facts)


def sequence(facts: Iterable[AnyDrillFact]) -> tuple[str, ...]:
    """Return what was done and what was seen of it, in order; of what comes at nearly the same time, as it was seen."""
    return tuple(line for fact in facts if (line := _line(fact)))


def _least_s(spec: DrillSpec) -> Decimal:
    """Return how long is watched at least: `watch_s`, and as long as a fault has its own time."""
    first_s = min((Decimal(fault.at) for fault in spec.faults), default=Decimal(0))
    timed = (ends_s(fault) - first_s for fault in spec.faults if fault.until_s is not None)
    return max(Decimal(spec.watch_s), *timed, Decimal(0))


def _line(fact: AnyDrillFact) -> str:
    line = ""
    match fact:
        case FaultInjected():
            line = f"injected {fact.fault} {fact.kind}"
        case FaultProven():
            line = f"proven {fact.fault}"
        case FaultFailed():
            line = f"failed {fact.fault} {fact.kind}"
        case FaultRestored():
            line = f"restored {fact.fault}"
        case RestoreFailed():
            line = f"not restored {fact.fault}"
        case Observed() if fact.name != DEAD_MANS_SWITCH and (fact.source != "gate" or fact.name in GATES):
            line = f"{fact.source} {fact.name}"
        case _:
            pass
    return line
