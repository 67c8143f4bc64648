"""A drill's timeline as values: its verdict, its times against its budgets, its lanes, and all of its facts in words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tc.checks.drills.facts import AnyDrillFact, DrillConcluded, Outcome, SteadyStateChecked
from tc.reports.drill.axis import Axis, Tick, axis_of
from tc.reports.drill.course import Course, course_of
from tc.reports.drill.lanes import (
    Lane,
    alert_lane,
    command_lane,
    fault_lane,
    gate_lane,
    recovery_lane,
    sign_lane,
)
from tc.reports.drill.plots import Plot, Point, market_plot, position_plot
from tc.reports.drill.told import TONES, told
from tc.reports.drill.words import at, lasted
from tc.reports.page.content import Column, Named, Table, Tile, Tone
from tc.reports.page.words import NANOS, NONE, exact, utc
from tc.spec.drills.drill_spec import DrillSpec

_TO_THE_SECOND = len("2026-11-21 09:22:45")
_TO_THE_MILLISECOND = len("2026-11-21 09:22:45.123")
_LINK = re.compile(r"(?:https?://|\.{0,2}/(?!/)|[A-Za-z0-9_.-]+(?=/|$))[^\s\"'<>\\]*")


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """A part of the verdict in words."""

    part: str
    outcome: Outcome
    tone: Tone
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where the page leads to."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Line:
    """A fact in words: its place on the axis, the time of day, what it is, what it says, and how that looks."""

    seconds: str
    moment: str
    kind: str
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillPage:
    """The whole page.

    Parameters
    ----------
    name, title, description, verdict, tone, subtitle, headline, links
        What stands above.
    mutated
        What is said of a drill whose detector was switched off; empty for the others.
    tiles, parts
        The times against their budgets, and what the verdict is made of.
    origin, ticks, zero, band
        The axis: what it begins at, its lines, where zero is, and from where to where something was broken, in percent.
    market, position, before, after
        What is drawn; the lanes above and below the two plots.
    steady, facts
        What was read of the steady state, and all facts in words.

    """

    name: str
    title: str
    description: str
    verdict: Outcome
    tone: Tone
    subtitle: str
    mutated: str
    headline: tuple[Named, ...]
    links: tuple[Link, ...]
    tiles: tuple[Tile, ...]
    parts: tuple[JudgedPart, ...]
    origin: str
    ticks: tuple[Tick, ...]
    zero: str
    band: tuple[str, str] | None
    before: tuple[Lane, ...]
    market: Plot | None
    position: Plot | None
    after: tuple[Lane, ...]
    steady: Table
    facts: tuple[Line, ...]


def page_of(
    spec: DrillSpec,
    facts: Sequence[AnyDrillFact],
    concluded: DrillConcluded,
    *,
    market: Sequence[Point],
    position: Sequence[Point],
    run_link: str,
    runbook_link: str,
) -> DrillPage:
    """Return what a drill's timeline shows."""
    course = course_of(facts)
    axis = axis_of(course)
    return DrillPage(
        name=_name(spec, course),
        title=spec.title,
        description=" ".join(spec.description.split()),
        verdict=concluded.verdict,
        tone=TONES[concluded.verdict],
        subtitle=subtitle_of(course),
        mutated=MUTATED if course.started is not None and course.started.is_mutated else "",
        headline=_headline(course),
        links=links_of(run_link, runbook_link),
        tiles=times_of(spec, concluded),
        parts=parts_of(concluded),
        origin=course.origin,
        ticks=axis.ticks(),
        zero=axis.x(0),
        band=_band(course, axis),
        before=(fault_lane(course, axis, is_control=not spec.faults),),
        market=market_plot(market, course, axis),
        position=position_plot(position, course, axis),
        after=(
            gate_lane(spec, course, axis),
            sign_lane(spec, course, axis),
            alert_lane(spec, course, axis),
            recovery_lane(course, axis),
            command_lane(course, axis),
        ),
        steady=_steady(course),
        facts=lines_of(course),
    )


MUTATED = "The detector was switched off: this execution is to fail, and counts in no figure."


def times_of(spec: DrillSpec, concluded: DrillConcluded) -> tuple[Tile, ...]:
    """Return the times to detect, mitigate and recover against their budgets."""
    expect, budgets = spec.expect, spec.budgets
    is_detected = bool(expect.alerts or expect.gates or expect.events or expect.findings)
    untimed = "nothing was put back before" if is_back(concluded) else ""
    asked = (
        ("Detected", concluded.detect_ns, budgets.detect_s, "" if is_detected else _UNASKED),
        ("Mitigated", concluded.mitigate_ns, budgets.mitigate_s, "" if expect.gates else _UNASKED),
        ("Recovered", concluded.recover_ns, budgets.recover_s, _UNASKED if spec.steady_state.after == () else untimed),
    )
    never = Tile("", NONE, note="not measured") if concluded.verdict == "inconclusive" else Tile("", "never", tone="bad")
    return tuple(_time(*each, never) for each in asked)


def is_back(concluded: DrillConcluded) -> bool:
    """Whether the steady state came back; that can be so without a time, which is counted from when a fault was put back."""
    return any(each.part == "recovery" and each.outcome == "passed" for each in concluded.parts)


_UNASKED = "not asked for"


def _time(label: str, length_ns: int | None, budget_s: str, why_none: str, never: Tile) -> Tile:
    """Return one time against its budget; without one, why there is none, or that it never came."""
    if length_ns is None and why_none:
        return Tile(label, NONE, note=why_none)
    if length_ns is None:
        return replace(never, label=label, note=never.note or f"budget {budget_s} s")
    is_in_time = length_ns <= Decimal(budget_s) * NANOS
    value, unit = lasted(length_ns).rsplit(" ", 1)
    return Tile(label, value, unit, f"budget {budget_s} s", "good" if is_in_time else "bad")


def parts_of(concluded: DrillConcluded) -> tuple[JudgedPart, ...]:
    """Return what the verdict is made of, in words."""
    return tuple(
        JudgedPart(each.part.replace("_", " "), each.outcome, TONES[each.outcome], each.reason) for each in concluded.parts
    )


def subtitle_of(course: Course) -> str:
    """Return when the drill was, and how long it took."""
    if not course.facts:
        return "There are no facts of it."
    first, last = course.facts[0], course.facts[-1]
    return f"{utc(first.at_ns)[:_TO_THE_SECOND]} UTC, took {lasted(last.elapsed_ns - first.elapsed_ns)}"


def links_of(run_link: str, runbook_link: str) -> tuple[Link, ...]:
    """Return the links that are safe to follow; what is no path and no address of the web is none."""
    named = (Link("Report of the run", run_link), Link("Runbook", runbook_link))
    return tuple(each for each in named if each.href and _LINK.fullmatch(each.href))


def moment_of(fact: AnyDrillFact) -> str:
    """Return when a fact was, in UTC to the millisecond."""
    return utc(fact.at_ns)[:_TO_THE_MILLISECOND]


def _name(spec: DrillSpec, course: Course) -> str:
    return spec.name if course.started is None else f"{course.started.drill}-{course.started.number}"


def _headline(course: Course) -> tuple[Named, ...]:
    started = course.started
    if started is None:
        return ()
    scale = f"yes, its intervals divided by {exact(started.time_scale)}" if started.time_scale != 1 else "yes"
    named = (
        Named("Run", started.run_id),
        Named("Seed", str(started.seed)),
        Named("Prometheus and Alertmanager", scale if started.sees_alerts else "no"),
        Named("tc", started.tc),
    )
    return tuple(each for each in named if each.value)


def _band(course: Course, axis: Axis) -> tuple[str, str] | None:
    """Return from where to where something was broken, as place and width in percent."""
    proven = [each.proven_ns - course.zero_ns for each in course.faults if each.proven_ns is not None]
    if not proven:
        return None
    ends = [course.on_axis(each.restored_ns) for each in course.faults if each.proven_ns is not None]
    last = max(axis.last_ns if each is None else each for each in ends)
    return axis.x(min(proven)), axis.width(min(proven), last)


def _steady(course: Course) -> Table:
    rows = tuple(
        (fact.phase, reading.probe, reading.value or "nothing to read", reading.tolerated, "yes" if reading.holds else "no")
        for fact in course.facts
        if isinstance(fact, SteadyStateChecked)
        for reading in fact.readings
    )
    columns = tuple(map(Column, ("When", "Probe", "Read", "Tolerated", "Holds")))
    return Table("steady", "Steady state", columns, rows)


def lines_of(course: Course) -> tuple[Line, ...]:
    """Return all facts in words."""
    words = [(fact, told(fact)) for fact in course.facts]
    return tuple(Line(at(course.offset(fact)), moment_of(fact), each.kind, each.text, each.tone) for fact, each in words)
