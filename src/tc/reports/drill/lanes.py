"""The lanes of a timeline: faults, gates, events and findings, alerts, recovery and commands, each with its rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tc.checks.drills.facts import (
    AnyDrillFact,
    InvariantsChecked,
    Observed,
    OperatorActed,
    RunEnded,
    SteadyStateChecked,
)
from tc.reports.drill.axis import Axis
from tc.reports.drill.course import AlertCourse, Course, FaultCourse
from tc.reports.drill.told import command, told
from tc.reports.drill.words import at, lasted
from tc.reports.page.content import Tone
from tc.reports.page.words import NANOS, count
from tc.spec.drills.drill_spec import DrillSpec

MOST_ROWS = 40
"""A lane has no more; the table of all facts has the rest."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a row: its place and width in percent, its look, and what a pointer over it says."""

    x: str
    width: str
    look: str
    note: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A moment of a row: its place in percent, its tone, and what a pointer over it says."""

    x: str
    tone: Tone
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a lane: what it is, in which standing, when in words, and what is drawn; a deadline is a place in percent."""

    name: str
    standing: str = ""
    tone: Tone = "plain"
    when: str = ""
    detail: str = ""
    bars: tuple[Bar, ...] = ()
    dots: tuple[Dot, ...] = ()
    deadline: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """Rows under a heading, and what is said where there are none."""

    id: str
    title: str
    rows: tuple[Row, ...]
    nothing: str = ""
    more: str = ""


def fault_lane(course: Course, axis: Axis, *, is_control: bool) -> Lane:
    """Return what was broken."""
    rows = [_fault(each, course, axis) for each in course.faults]
    return _lane("faults", "Faults", rows, "nothing is broken: this is a control" if is_control else "nothing was injected")


def gate_lane(spec: DrillSpec, course: Course, axis: Axis) -> Lane:
    """Return the gates, and the reasons of what they held back, that were expected or seen."""
    rows = _observed(course.seen("gate"), (*spec.expect.gates, *spec.expect.reasons), course, axis)
    return _lane("gates", "Gates", list(rows), "none is expected, and none was seen")


def sign_lane(spec: DrillSpec, course: Course, axis: Axis) -> Lane:
    """Return the events and findings that were expected or seen."""
    rows = [
        *_observed(course.seen("event"), spec.expect.events, course, axis),
        *_observed(course.seen("finding"), spec.expect.findings, course, axis),
    ]
    return _lane("signs", "Events and findings", rows, "none is expected, and none was seen")


def alert_lane(spec: DrillSpec, course: Course, axis: Axis) -> Lane:
    """Return the alerts that were expected or fired, each until it was resolved."""
    within = {each.name: each.within_s for each in spec.expect.alerts}
    fired: dict[str, list[AlertCourse]] = {}
    for each in course.alerts:
        fired.setdefault(each.name, []).append(each)
    rows = [_alert(each, within.get(name), name in spec.expect.also, course, axis) for name, each in fired.items()]
    rows += [_silent(name, within_s, axis) for name, within_s in within.items() if name not in fired]
    if course.started is not None and not course.started.sees_alerts:
        rows = [replace(row, standing="not looked at", tone="plain") for row in rows]
        return _lane("alerts", "Alerts", rows, "no alerting ran")
    return _lane("alerts", "Alerts", rows, "none is expected, and none fired")


def recovery_lane(course: Course, axis: Axis) -> Lane:
    """Return the steady states, and how the run ended."""
    kinds = SteadyStateChecked | RunEnded | InvariantsChecked
    rows = [_moment(fact, course, axis) for fact in course.facts if isinstance(fact, kinds)]
    return _lane("recovery", "Steady state and recovery", rows, "nobody looked")


def command_lane(course: Course, axis: Axis) -> Lane:
    """Return what was typed."""
    rows = [
        replace(_moment(fact, course, axis), name=command(fact.arguments), detail=fact.said)
        for fact in course.facts
        if isinstance(fact, OperatorActed)
    ]
    return _lane("commands", "Commands", rows, "nothing had to be typed")


def _lane(id_: str, title: str, rows: Sequence[Row], nothing: str) -> Lane:
    hidden = len(rows) - MOST_ROWS
    more = f"and {count(hidden, 'more row')}: all facts are below" if hidden > 0 else ""
    return Lane(id_, title, tuple(rows[:MOST_ROWS]), nothing, more)


def _fault(fault: FaultCourse, course: Course, axis: Axis) -> Row:
    injected, proven, restored = (course.on_axis(each) for each in (fault.injected_ns, fault.proven_ns, fault.restored_ns))
    ends = axis.last_ns if restored is None else restored
    bars, words = [], []
    if injected is not None:
        until = ends if proven is None else proven
        bars.append(Bar(axis.x(injected), axis.width(injected, until), "asked", f"asked for at {at(injected)}"))
        words.append(f"injected {at(injected)}")
    if proven is not None:
        note = f"proven at {at(proven)}, for {lasted(ends - proven)}"
        bars.append(Bar(axis.x(proven), axis.width(proven, ends), "fault", note))
        words.append(f"proven {at(proven)}")
    if restored is not None:
        words.append(f"put back {at(restored)}")
    else:
        words.append("never put back" if words else "not injected")
    bitten = f"had bitten {count(fault.bites, 'time')} when it was proven" if proven is not None else ""
    is_bad = bool(fault.problem) or restored is None
    standing = "problem" if fault.problem else "proven" if proven is not None else "not proven"
    return Row(
        name=f"{fault.kind} on {fault.target}" if fault.target else fault.kind,
        standing=standing,
        tone="bad" if is_bad else "plain" if proven is not None else "warn",
        when=", ".join(words),
        detail="; ".join(filter(None, (fault.detail, bitten, fault.problem))),
        bars=tuple(bars),
        dots=() if injected is not None else tuple(_dots(course, axis, fault.number)),
    )


def _dots(course: Course, axis: Axis, number: int) -> Iterator[Dot]:
    """Yield the moments of a fault that could not even be asked for."""
    for fact in course.facts:
        if getattr(fact, "fault", None) == number:
            yield Dot(axis.x(course.offset(fact)), "bad", told(fact).text)


def _observed(seen: Iterable[Observed], expected: Sequence[str], course: Course, axis: Axis) -> Iterator[Row]:
    first: dict[str, Observed] = {}
    for each in seen:
        first.setdefault(each.name, each)
    for name in (*expected, *(name for name in first if name not in expected)):
        fact, is_expected = first.get(name), name in expected
        if fact is None:
            yield Row(name=name, standing="expected, never seen", tone="bad")
            continue
        offset = course.offset(fact)
        tone: Tone = "good" if is_expected else "plain"
        yield Row(
            name=name,
            standing="as expected" if is_expected else "seen besides",
            tone=tone,
            when=at(offset),
            detail=fact.detail,
            dots=(Dot(axis.x(offset), tone, f"{name} at {at(offset)}"),),
        )


def _alert(alerts: Sequence[AlertCourse], within_s: str | None, may_fire: bool, course: Course, axis: Axis) -> Row:  # noqa: FBT001
    """Return the row of an alert, which may have fired several times."""
    first, last = alerts[0], alerts[-1]
    fired = first.fired_ns - course.zero_ns
    standing, tone = _standing(fired, within_s, may_fire=may_fire)
    resolved = course.on_axis(last.resolved_ns)
    often = f", {count(len(alerts), 'time')}" if len(alerts) > 1 else ""
    until = "fires still" if resolved is None else f"resolved {at(resolved)}"
    return Row(
        name=first.name,
        standing=standing,
        tone=tone,
        when=f"fired {at(fired)}, {until}{often}",
        detail=first.detail,
        bars=tuple(_fired(each, tone, course, axis) for each in alerts),
        deadline="" if within_s is None else axis.x(_nanos(within_s)),
    )


def _fired(alert: AlertCourse, tone: Tone, course: Course, axis: Axis) -> Bar:
    fired, resolved = alert.fired_ns - course.zero_ns, course.on_axis(alert.resolved_ns)
    ends = axis.last_ns if resolved is None else resolved
    return Bar(
        axis.x(fired), axis.width(fired, ends), f"alert {tone}", f"{alert.name} at {at(fired)}, for {lasted(ends - fired)}"
    )


def _standing(fired_ns: int, within_s: str | None, *, may_fire: bool) -> tuple[str, Tone]:
    if within_s is None:
        return ("may fire", "plain") if may_fire else ("not expected", "bad")
    if fired_ns < 0:
        return "before the injection", "bad"
    expected = f"expected within {within_s} s"
    return (expected, "good") if fired_ns <= _nanos(within_s) else (f"late: {expected}", "bad")


def _silent(name: str, within_s: str, axis: Axis) -> Row:
    return Row(name=name, standing=f"expected within {within_s} s, never fired", tone="bad", deadline=axis.x(_nanos(within_s)))


def _nanos(seconds: str) -> int:
    return int(Decimal(seconds) * NANOS)


def _moment(fact: AnyDrillFact, course: Course, axis: Axis) -> Row:
    words, offset = told(fact), course.offset(fact)
    return Row(
        name=words.kind,
        standing=words.short,
        tone=words.tone,
        when=at(offset),
        detail=words.detail,
        dots=(Dot(axis.x(offset), words.tone, f"{words.text}, at {at(offset)}"),),
    )
