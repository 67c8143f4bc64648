"""incident.md: the incident report of a drill, as somebody would write it of a real fault, with its timeline filled in."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillConcluded,
    FaultRestored,
    Observed,
    OperatorActed,
    RestoreFailed,
    SteadyStateChecked,
)
from tc.reports.drill.axis import Axis, axis_of
from tc.reports.drill.course import Course, course_of
from tc.reports.drill.page import (
    MUTATED,
    JudgedPart,
    Line,
    Link,
    is_back,
    lines_of,
    links_of,
    parts_of,
    subtitle_of,
    times_of,
)
from tc.reports.drill.plots import Point, longest_gap_ns
from tc.reports.drill.told import told
from tc.reports.drill.words import at, lasted
from tc.reports.markdown import markdown_environment
from tc.reports.page.content import Tile
from tc.reports.page.words import exact
from tc.spec.drills.drill_spec import DrillSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """The whole report, each section as sentences."""

    title: str
    name: str
    verdict: str
    subtitle: str
    mutated: str
    run: str
    description: str
    broken: str
    times: tuple[Tile, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    origin: str
    timeline: tuple[Line, ...]
    well: tuple[JudgedPart, ...]
    badly: tuple[JudgedPart, ...]
    follow_ups: tuple[str, ...]
    questions: tuple[str, ...]
    links: tuple[Markup, ...]


def render_incident(
    spec: DrillSpec,
    facts: Sequence[AnyDrillFact],
    concluded: DrillConcluded,
    *,
    market: Sequence[Point] = (),
    position: Sequence[Point] = (),
    run_link: str,
    runbook_link: str,
) -> str:
    """Return a drill's incident report as Markdown; what it is made of is that of `render_timeline`."""
    course = course_of(facts)
    axis = axis_of(course)
    parts = parts_of(concluded)
    report = Incident(
        title=spec.title,
        name=spec.name if course.started is None else f"{course.started.drill}-{course.started.number}",
        verdict=concluded.verdict,
        subtitle=subtitle_of(course),
        mutated=MUTATED if course.started is not None and course.started.is_mutated else "",
        run="" if course.started is None else course.started.run_id,
        description=" ".join(spec.description.split()),
        broken=_broken(course, concluded),
        times=times_of(spec, concluded),
        sections=(
            ("Impact", _impact(course, axis, market, position)),
            ("Detection", _detection(course)),
            ("Response", _response(course)),
            ("Recovery", _recovery(course, concluded)),
        ),
        origin=course.origin,
        timeline=lines_of(course),
        well=tuple(each for each in parts if each.outcome == "passed"),
        badly=tuple(each for each in parts if each.outcome != "passed"),
        follow_ups=_follow_ups(spec, concluded),
        questions=QUESTIONS,
        links=tuple(map(_linked, (*links_of(run_link, runbook_link), Link("Timeline", "timeline.html")))),
    )
    return markdown_environment().get_template("drill/incident.md.j2").render(report=report)


def _linked(link: Link) -> Markup:
    """Return a link, whose address holds nothing that could end it."""
    return Markup(f"[{link.text}](<{link.href}>)")  # noqa: S704 - `links_of` lets no other address through


def _broken(course: Course, concluded: DrillConcluded) -> str:
    if not course.faults:
        return f"Nothing was broken. The drill {_CAME_TO[concluded.verdict]}."
    broken = ", ".join(f"{each.kind} on {each.target}" if each.target else each.kind for each in course.faults)
    return f"Broken was: {broken}. The drill {_CAME_TO[concluded.verdict]}."


_CAME_TO = {"passed": "passed", "failed": "failed", "inconclusive": "is inconclusive: nothing is proven"}


def _impact(course: Course, axis: Axis, market: Sequence[Point], position: Sequence[Point]) -> tuple[str, ...]:
    sentences = ["It ran on paper, on a venue of its own: no money was at risk."]
    gap_ns = longest_gap_ns(market, course, axis)
    if gap_ns is not None:
        sentences.append(f"No market data came for {lasted(gap_ns)} at most." if gap_ns else "Market data came all the time.")
    if position:
        held = sorted(position)
        before = [quantity for at_ns, quantity in held if course.of_wall_clock(at_ns) <= 0]
        during = [quantity for at_ns, quantity in held if course.of_wall_clock(at_ns) > 0]
        sentences.append(
            f"The position was {exact(before[-1]) if before else 0} when it began, and {exact(held[-1][1])} at last."
        )
        if during and min(during) != max(during):
            sentences.append(f"In between it went from {exact(min(during))} to {exact(max(during))}.")
    if course.ended is not None:
        why = f": {course.ended.reason}" if course.ended.reason else ""
        sentences.append(f"The run ended {at(course.offset(course.ended))} after the origin as {course.ended.status}{why}.")
    return tuple(sentences)


def _detection(course: Course) -> tuple[str, ...]:
    """Tell what was seen; what comes of ending the run, once the steady state was back, detects nothing."""
    ends = _back_at(course)
    seen = [each for each in course.facts[:ends] if isinstance(each, Observed) and each.source != "gate"]
    return _sentences(course, seen) or ("Nothing was seen.",)


def _response(course: Course) -> tuple[str, ...]:
    acted = [
        each for each in course.facts if isinstance(each, OperatorActed) or (isinstance(each, Observed) and each.source == "gate")
    ]
    return _sentences(course, acted) or ("No gate closed, and nobody typed anything.",)


def _recovery(course: Course, concluded: DrillConcluded) -> tuple[str, ...]:
    back = [each for each in course.facts if isinstance(each, FaultRestored | RestoreFailed | AlertResolved)]
    ends = _back_at(course)
    last = "The steady state never came back."
    if concluded.recover_ns is not None:
        last = f"The steady state was back after {lasted(concluded.recover_ns)}."
    elif is_back(concluded) and ends is not None:
        last = f"The steady state was there at {at(course.offset(course.facts[ends]))}; nothing was put back before."
    return (*_sentences(course, back), last)


def _back_at(course: Course) -> int | None:
    """Return the place of the fact that says that the steady state is back; None where none does."""
    for index, fact in enumerate(course.facts):
        if isinstance(fact, SteadyStateChecked) and fact.phase == "after" and fact.holds:
            return index
    return None


def _sentences(course: Course, facts: Sequence[AnyDrillFact]) -> tuple[str, ...]:
    words = ((fact, told(fact)) for fact in facts)
    return tuple(f"{at(course.offset(fact))}: {each.kind}: {each.text}" for fact, each in words)


def _follow_ups(spec: DrillSpec, concluded: DrillConcluded) -> tuple[str, ...]:
    """Return what is left to do: something for each part that did not pass, and to carry the drill out again."""
    found = tuple(
        f"{_TO_DO[each.outcome]} {each.part}: {each.reason or 'no reason is given'}"
        for each in parts_of(concluded)
        if each.outcome != "passed"
    )
    return (*found, f"Carry it out again: tc drill run {spec.name}") if found else ()


QUESTIONS = (
    "Who would have been woken, and how long until somebody looked?",
    "Did the runbook say what to do, in the order in which it had to be done?",
    "What would it have cost with real money, at the position that was held?",
)
"""What only a person can answer."""
_TO_DO = {"failed": "Mend", "inconclusive": "Make it possible to judge"}
