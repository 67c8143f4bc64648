"""The facts of a drill in words."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillConcluded,
    DrillFailed,
    DrillStarted,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Outcome,
    RestoreFailed,
    RunEnded,
    SteadyStateChecked,
)
from tc.reports.page.content import Tone
from tc.reports.page.words import count, exact

TONES: dict[Outcome, Tone] = {"passed": "good", "failed": "bad", "inconclusive": "warn"}
_SEEN = {"alert": "Alert fired", "gate": "Gate", "event": "Event", "finding": "Finding"}


@dataclass(frozen=True, slots=True)
class Told:
    """A fact in words: what it is, what it says in a few words and in full, and how that looks."""

    kind: str
    short: str
    detail: str = ""
    tone: Tone = "plain"

    @property
    def text(self) -> str:
        """All of it but what it is."""
        return f"{self.short}: {self.detail}" if self.detail and self.short else self.short or self.detail


def command(arguments: Sequence[str]) -> str:
    """Return a command as it is typed."""
    return f"tc {shlex.join(arguments)}"


def told(fact: AnyDrillFact) -> Told:  # noqa: C901, PLR0911, PLR0912 - one branch for each fact
    """Return a fact in words."""
    match fact:
        case DrillStarted():
            alerting = f"alerting {exact(fact.time_scale)} times as fast" if fact.sees_alerts else "without alerting"
            return Told("Drill started", f"{fact.drill}-{fact.number}", f"seed {fact.seed}, run {fact.run_id}, {alerting}")
        case SteadyStateChecked():
            return _steady(fact)
        case FaultInjected():
            how = f", {fact.detail}" if fact.detail else ""
            return Told("Fault injected", f"{fact.kind} on {fact.target}{how}")
        case FaultProven():
            return Told("Fault proven", fact.kind, f"its counter went from {exact(fact.before)} to {exact(fact.after)}")
        case FaultFailed():
            return Told("Fault failed", fact.kind, fact.reason, "bad")
        case Observed():
            return Told(_SEEN[fact.source], fact.name, fact.detail, "warn" if fact.source == "alert" else "plain")
        case AlertResolved():
            return Told("Alert resolved", fact.name, tone="good")
        case FaultRestored():
            return Told("Fault put back", fact.kind)
        case RestoreFailed():
            return Told("Fault not put back", fact.kind, fact.reason, "bad")
        case OperatorActed():
            said = f": {fact.said}" if fact.said else ""
            tone: Tone = "warn" if fact.exit_code else "good"
            return Told("Command", f"exit {fact.exit_code}", f"{command(fact.arguments)}{said}", tone)
        case RunEnded():
            return Told("Run ended", fact.status, fact.reason)
        case InvariantsChecked():
            return _invariants(fact)
        case DrillFailed():
            return Told("Drill ended early", "nothing is proven", fact.reason, "bad")
        case DrillConcluded():
            return Told("Verdict", fact.verdict, tone=TONES[fact.verdict])
        case _:
            assert_never(fact)


def _steady(fact: SteadyStateChecked) -> Told:
    broken = [f"{each.probe} is {each.value or 'unknown'}, not {each.tolerated}" for each in fact.readings if not each.holds]
    held = count(len(fact.readings), "probe")
    detail = "; ".join(broken) if broken else held
    return Told(f"Steady state {fact.phase}", "holds" if fact.holds else "does not hold", detail, "good" if fact.holds else "bad")


def _invariants(fact: InvariantsChecked) -> Told:
    tone: Tone = "bad" if fact.broken else "warn" if fact.unknown else "good"
    words = [f"{exact(len(each))} {name}" for each, name in ((fact.broken, "broken"), (fact.unknown, "unknown")) if each]
    short = ", ".join((f"{exact(len(fact.held))} hold", *words))
    return Told("Invariants", short, "; ".join((*fact.broken, *fact.unknown)), tone)
