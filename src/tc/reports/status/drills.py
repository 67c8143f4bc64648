"""Drills as lines of the overview: those that did not pass first."""

from collections.abc import Sequence
from dataclasses import dataclass

from tc.reports.drill.words import lasted
from tc.reports.page.words import count, exact, utc
from tc.reports.status.ages import ago
from tc.reports.status.content import DrillBrief
from tc.reports.status.marks import DRILLS, Mark

_TO_THE_SECOND = len("2026-11-21 09:22:45")


@dataclass(frozen=True, slots=True)
class DrillRow:
    """A drill's line in words: ``times`` are what its last execution took to detect, mitigate and recover, as far as it did."""

    name: str
    title: str
    verdict: Mark
    moment: str
    moment_utc: str
    times: tuple[tuple[str, str], ...]
    executions: str


def drill_rows(drills: Sequence[DrillBrief], now_ns: int) -> tuple[DrillRow, ...]:
    """Return drills in words, failed ones first, then inconclusive ones, each by name."""
    order = ("failed", "inconclusive", "passed")
    return tuple(_row(each, now_ns) for each in sorted(drills, key=lambda each: (order.index(each.verdict), each.name)))


def _row(drill: DrillBrief, now_ns: int) -> DrillRow:
    times = (("Detected", drill.detect_ns), ("Mitigated", drill.mitigate_ns), ("Recovered", drill.recover_ns))
    return DrillRow(
        name=drill.name,
        title=drill.title,
        verdict=Mark(drill.verdict, DRILLS[drill.verdict]),
        moment=ago(drill.ended_ns, now_ns),
        moment_utc=f"{utc(drill.ended_ns)[:_TO_THE_SECOND]} UTC",
        times=tuple((name, "" if length_ns is None else lasted(length_ns)) for name, length_ns in times),
        executions=f"{exact(drill.passed)} of {count(drill.executions, 'execution')} passed",
    )
