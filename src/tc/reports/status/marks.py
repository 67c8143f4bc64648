"""Words with a tone: what a state, a verdict or an alert looks like, the same on every page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tc.checks.attention import Attention
from tc.checks.drills.facts import Outcome
from tc.reports.page.words import count

Tone = Literal["good", "bad", "warn", "live", "plain"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A word or two, how they look, and what is behind them."""

    text: str
    tone: Tone = "plain"
    note: str = ""


STATES: dict[str, Tone] = {
    "created": "live",
    "running": "live",
    "completed": "good",
    "failed": "bad",
    "crashed": "bad",
    "killed": "bad",
    "unreadable": "bad",
    "blocked": "warn",
    "recovered": "warn",
}
FEEDS: dict[str, Tone] = {"live": "good", "quiet": "good", "silent": "warn", "dead": "bad", "disconnected": "bad"}
DRILLS: dict[Outcome, Tone] = {"passed": "good", "failed": "bad", "inconclusive": "warn"}
VERDICTS: dict[str, Tone] = {"clean": "good", "found": "bad", "unknown": "warn"}
PROBES: dict[str, Tone] = {
    "ok": "good",
    "configured": "good",
    "disabled": "plain",
    "unknown": "warn",
    "missing_credentials": "warn",
}
LETS_THROUGH = {
    "none": "holds nothing back",
    "reduce": "lets through what shrinks a position",
    "halt": "lets through cancels only",
    "halt_all": "lets nothing through",
    "flatten": "lets through the flatten's own orders",
}
"""What each mode of the kill switch does."""
ORDER = ("running", "created", "completed", "stopped", "failed", "crashed", "killed", "blocked", "recovered", "unreadable")
"""States as a reader looks for them."""


def state_mark(state: str, *, is_active: bool) -> Mark:
    """Return a run's state; one that nobody works on is never shown as live."""
    tone = STATES.get(state, "plain")
    return Mark(state or "unknown", tone if is_active or tone != "live" else "plain")


def feed_mark(state: str) -> Mark:
    """Return the state of a channel of market data."""
    return Mark(state, FEEDS.get(state, "plain"))


def verdict_mark(verdict: str, findings: int) -> Mark:
    """Return what a comparison came to."""
    text = count(findings, "finding") if verdict == "found" and findings else verdict
    return Mark(text, VERDICTS.get(verdict, "plain"))


def check_mark(state: str) -> Mark:
    """Return what a probe or a readiness check found."""
    return Mark(state.replace("_", " "), PROBES.get(state, "bad"))


def kill_mark(mode: str) -> Mark:
    """Return the kill switch's mode."""
    return Mark("off" if mode == "none" else mode.replace("_", " "), "plain" if mode == "none" else "warn")


def drills_mark(verdicts: Sequence[str]) -> Mark:
    """Return what the last executions of drills came to, the worst of it."""
    outcomes: tuple[Outcome, ...] = ("failed", "inconclusive")
    for outcome in outcomes:
        number = verdicts.count(outcome)
        if number:
            return Mark(f"{number} of {len(verdicts)} {outcome}", DRILLS[outcome])
    return Mark(f"{len(verdicts)} passed", "good") if verdicts else Mark("none")


def severity_marks(attention: Iterable[Attention]) -> tuple[Mark, ...]:
    """Return how many alerts of each severity there are, the worst first; none of what there is none of."""
    found = list(attention)
    marks = []
    for severity, tone in _SEVERITIES:
        summaries = [each.summary for each in found if each.severity == severity]
        if summaries:
            marks.append(Mark(f"{len(summaries):,} {severity}", tone, "; ".join(dict.fromkeys(summaries))))
    return tuple(marks)


_SEVERITIES: tuple[tuple[str, Tone], ...] = (("critical", "bad"), ("warning", "warn"))
