"""The course of a drill: its facts put together, each fault from injection to restoration and each alert until it is resolved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillStarted,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    Observed,
    RestoreFailed,
    RunEnded,
    SteadyStateChecked,
)

ORIGINS = ("the first proven injection", "the steady state before", "the drill's start")
"""What the axis begins at: the first of these that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCourse:
    """A fault; times are on the drill's own clock, in nanoseconds, and None for what never came.

    Parameters
    ----------
    number, kind, target, detail
        Its place in the document from 1, what it is, to whom it is done, and how.
    injected_ns, proven_ns, restored_ns
        When it was asked for, when it had bitten, and when it was put back.
    bites
        How often it had bitten when it was proven.
    problem
        Why it could not be injected, proven or put back.

    """

    number: int
    kind: str
    target: str = ""
    detail: str = ""
    injected_ns: int | None = None
    proven_ns: int | None = None
    restored_ns: int | None = None
    bites: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCourse:
    """An alert: what it said, when it fired, and when it no longer did, on the drill's own clock."""

    name: str
    detail: str
    fired_ns: int
    resolved_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A drill's facts, put together.

    Parameters
    ----------
    facts
        All of them, in order.
    started, ended
        The first, and how the paper run ended; None where there is none.
    origin, zero_ns
        What the axis begins at, and when that was on the drill's own clock.
    ahead_ns
        What has to be taken from a time of the wall clock to get one of the drill's own clock.
    faults, alerts
        In the order in which they began.

    """

    facts: tuple[AnyDrillFact, ...]
    started: DrillStarted | None
    ended: RunEnded | None
    origin: str
    zero_ns: int
    ahead_ns: int
    faults: tuple[FaultCourse, ...]
    alerts: tuple[AlertCourse, ...]

    def offset(self, fact: AnyDrillFact) -> int:
        """Return where a fact stands on the axis, in nanoseconds."""
        return fact.elapsed_ns - self.zero_ns

    def on_axis(self, elapsed_ns: int | None) -> int | None:
        """Return where a time of the drill's own clock stands on the axis."""
        return None if elapsed_ns is None else elapsed_ns - self.zero_ns

    def of_wall_clock(self, at_ns: int) -> int:
        """Return where a time of the wall clock stands on the axis."""
        return at_ns - self.ahead_ns - self.zero_ns

    def seen(self, source: str) -> tuple[Observed, ...]:
        """Return what was seen of a source."""
        return tuple(each for each in self.facts if isinstance(each, Observed) and each.source == source)


def course_of(facts: Sequence[AnyDrillFact]) -> Course:
    """Return what facts say when they are put together; of none, an empty course."""
    whole = tuple(facts)
    origin, zero = _zero(whole)
    return Course(
        facts=whole,
        started=next((each for each in whole if isinstance(each, DrillStarted)), None),
        ended=next((each for each in whole if isinstance(each, RunEnded)), None),
        origin=origin,
        zero_ns=0 if zero is None else zero.elapsed_ns,
        ahead_ns=0 if zero is None else zero.at_ns - zero.elapsed_ns,
        faults=_faults(whole),
        alerts=_alerts(whole),
    )


def _zero(facts: Sequence[AnyDrillFact]) -> tuple[str, AnyDrillFact | None]:
    proven = next((each for each in facts if isinstance(each, FaultProven)), None)
    if proven is not None:
        return ORIGINS[0], proven
    steady = next((each for each in facts if isinstance(each, SteadyStateChecked) and each.phase == "before"), None)
    return (ORIGINS[1], steady) if steady is not None else (ORIGINS[2], facts[0] if facts else None)


def _faults(facts: Sequence[AnyDrillFact]) -> tuple[FaultCourse, ...]:
    known: dict[int, FaultCourse] = {}
    for fact in facts:
        if isinstance(fact, FaultInjected | FaultProven | FaultFailed | FaultRestored | RestoreFailed):
            known[fact.fault] = _taken(known.get(fact.fault, FaultCourse(number=fact.fault, kind=fact.kind)), fact)
    return tuple(known.values())


def _taken(course: FaultCourse, fact: FaultInjected | FaultProven | FaultFailed | FaultRestored | RestoreFailed) -> FaultCourse:
    match fact:
        case FaultInjected():
            return replace(course, target=fact.target, detail=fact.detail, injected_ns=fact.elapsed_ns)
        case FaultProven():
            return replace(course, proven_ns=fact.elapsed_ns, bites=fact.after - fact.before)
        case FaultRestored():
            return replace(course, restored_ns=fact.elapsed_ns)
        case FaultFailed() | RestoreFailed():
            return replace(course, problem=fact.reason)


def _alerts(facts: Sequence[AnyDrillFact]) -> tuple[AlertCourse, ...]:
    known: list[AlertCourse] = []
    for fact in facts:
        if isinstance(fact, Observed) and fact.source == "alert":
            known.append(AlertCourse(name=fact.name, detail=fact.detail, fired_ns=fact.elapsed_ns))
        elif isinstance(fact, AlertResolved):
            known = [
                replace(each, resolved_ns=fact.elapsed_ns) if each.name == fact.name and each.resolved_ns is None else each
                for each in known
            ]
    return tuple(known)
