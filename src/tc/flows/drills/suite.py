"""A suite of drills: each carried out by somebody else, so many at once, and what came of all of them."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from msgspec import to_builtins

from tc.checks.drills.facts import Outcome
from tc.reports.drill.figures import figures
from tc.reports.drill.tables import score_text
from tc.store.drills import DrillVerdict


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one drill of a suite: its verdict; or none, and what it said last."""

    drill: str
    verdict: DrillVerdict | None
    said: str = ""


@dataclass(frozen=True, slots=True)
class FinishedSuite:
    """Drills that were carried out.

    Parameters
    ----------
    verdicts
        Of those that left one.
    taken_s
        How long all of it took, in seconds.
    lost
        Those that left none, each with what it said last.
    is_interrupted
        Whether somebody ended it before all were carried out.

    """

    verdicts: tuple[DrillVerdict, ...]
    taken_s: float
    lost: tuple[Tried, ...] = ()
    is_interrupted: bool = False

    @property
    def not_carried_out(self) -> tuple[str, ...]:
        """The names of those that left no verdict."""
        return tuple(each.drill for each in self.lost)

    @property
    def verdict(self) -> Outcome:
        """The worst of all; a drill that leaves no verdict has failed, unless somebody ended the suite."""
        if self.count("failed") or (self.lost and not self.is_interrupted):
            return "failed"
        is_proven = self.verdicts and not self.is_interrupted and not self.count("inconclusive")
        return "passed" if is_proven else "inconclusive"

    @property
    def resilience(self) -> str:
        """The share of those that passed, by weight."""
        return score_text(figures(self.verdicts))

    def count(self, outcome: Outcome) -> int:
        """Return how many ended so."""
        return sum(each.verdict == outcome for each in self.verdicts)

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that `tc drill suite --json` shows."""
        return {
            "verdict": self.verdict,
            "taken_s": round(self.taken_s, 3),
            "resilience": self.resilience,
            "not_carried_out": list(self.not_carried_out),
            "drills": [to_builtins(each) for each in self.verdicts],
        }


def carry_out_suite(
    names: Sequence[str],
    carry_out: Callable[[str], Tried],
    *,
    jobs: int,
    on_done: Callable[[DrillVerdict], None],
    should_stop: Callable[[], bool],
) -> FinishedSuite:
    """Carry out drills, so many at once, and tell of each verdict in their order; nothing is begun once somebody ends it."""
    began_s = time.monotonic()
    done: list[DrillVerdict] = []
    lost: list[Tried] = []

    def tried(name: str) -> Tried:
        return Tried(name, None, "it was not begun") if should_stop() else carry_out(name)

    with ThreadPoolExecutor(jobs) as pool:
        for each in pool.map(tried, names):
            if each.verdict is None:
                lost.append(each)
            else:
                done.append(each.verdict)
                on_done(each.verdict)
    return FinishedSuite(tuple(done), time.monotonic() - began_s, tuple(lost), should_stop())
