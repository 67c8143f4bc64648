"""The latest runs as a strip of bars, the newest on the right: whether things go well shows before anything is read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tc.reports.page.words import count
from tc.reports.status.content import RunBrief
from tc.reports.status.marks import Tone, state_mark

FEWEST, MOST = 8, 90
LEAST_PLACES = 45
"""A bar is never wider than one of so many."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A run: its tone, and what a pointer over it says."""

    tone: Tone
    note: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The bars, oldest first, how many places are empty before them, and what they say together."""

    empty: int
    bars: tuple[Bar, ...]
    title: str
    summary: str


def strip_of(runs: Sequence[RunBrief]) -> Strip | None:
    """Return the latest runs of all (newest first), or None while there are too few for a picture."""
    latest = runs[:MOST]
    if len(latest) < FEWEST:
        return None
    states = Counter(run.state for run in latest)
    return Strip(
        empty=max(LEAST_PLACES - len(latest), 0),
        bars=tuple(_bar(run) for run in reversed(latest)),
        title=f"The latest {count(len(latest), 'run')}",
        summary=", ".join(f"{number} {state}" for state, number in states.most_common()),
    )


def _bar(run: RunBrief) -> Bar:
    mark = state_mark(run.state, is_active=run.is_active)
    tone = "bad" if any(each.severity == "critical" for each in run.attention) else mark.tone
    return Bar(tone, f"{run.run_id}: {run.state}")
