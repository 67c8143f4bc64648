"""What needs attention, as it is told on a page: worst first, each with its run and its runbook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tc.checks.attention import Attention, ranked_by
from tc.reports.page.words import count
from tc.reports.status.choice import Choice
from tc.reports.status.content import RunBrief
from tc.reports.status.links import run_link, runbook_link
from tc.reports.status.marks import Mark, Tone, severity_marks

FEWEST_IN_ONE = 3
"""So many runs with one alert are told together."""
MOST_NAMED = 20

type Found = tuple[RunBrief | None, Attention]
"""Something that needs attention, and the run that it is about, if it is one."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert for people: its severity, what it means, what it is about, the facts, the run or runs, and its runbook."""

    severity: str
    tone: Tone
    alert: str
    summary: str
    subject: str
    detail: str
    runs: str
    runs_href: str
    runs_note: str
    runbook: str
    runbook_href: str


def notices(found: Sequence[Found], runbooks: str) -> tuple[Notice, ...]:
    """Return alerts in words, the worst first; one that several runs have is told once, with their number."""
    by_alert: dict[str, list[Found]] = {}
    for each in sorted(found, key=lambda each: ranked_by(each[1])):
        by_alert.setdefault(each[1].alert, []).append(each)
    told: list[Notice] = []
    for group in by_alert.values():
        runs = tuple(dict.fromkeys(run.run_id for run, _ in group if run is not None))
        is_in_one = len(runs) >= FEWEST_IN_ONE
        if is_in_one:
            told.append(_notice(replace(group[0][1], subject="", detail=""), _runs(group[0][1].alert, runs), runbooks))
        told += [_notice(each, _run(run), runbooks) for run, each in group if run is None or not is_in_one]
    return tuple(told)


def found_in(runs: Iterable[RunBrief], beside: Iterable[Attention]) -> list[Found]:
    """Return what needs attention beside the runs and in them."""
    return [(None, each) for each in beside] + [(run, each) for run in runs for each in run.attention]


def verdict(found: Iterable[Attention]) -> tuple[Mark, ...]:
    """Return what it all comes to: how many alerts of each severity, or that there is none."""
    return severity_marks(found) or (Mark("All quiet", "good", "Nothing needs attention"),)


def _run(run: RunBrief | None) -> tuple[str, str, str]:
    return ("", "", "") if run is None else (run.name or run.run_id, run_link(run.run_id), run.run_id)


def _runs(alert: str, runs: tuple[str, ...]) -> tuple[str, str, str]:
    return count(len(runs), "run"), f"{Choice(attention=alert).where()}#runs", ", ".join(runs[:MOST_NAMED])


def _notice(each: Attention, runs: tuple[str, str, str], runbooks: str) -> Notice:
    return Notice(
        severity=each.severity,
        tone="bad" if each.severity == "critical" else "warn",
        alert=each.alert,
        summary=each.summary,
        subject=each.subject,
        detail=each.detail,
        runs=runs[0],
        runs_href=runs[1],
        runs_note=runs[2],
        runbook=f"runbooks/{each.runbook}.md",
        runbook_href=runbook_link(runbooks, each.runbook),
    )
