"""A drill's facts, as its verdict asks for them: what is measured counts from the proof of the first fault."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import inf

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillFailed,
    DrillStarted,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Phase,
    Source,
    SteadyStateChecked,
)
from tc.spec.drills.drill_spec import DrillSpec, FaultSpec
from tc.spec.drills.words import DEAD_MANS_SWITCH

NS = 1_000_000_000

type Expected = tuple[Source, str]
"""Something that must be seen: an alert, a gate, an event, a finding; and its name."""


def seconds(nanoseconds: int) -> Decimal:
    """Return a time in seconds, to the millisecond."""
    return (Decimal(nanoseconds) / NS).quantize(Decimal("0.001"))


def expected(spec: DrillSpec) -> tuple[Expected, ...]:
    """Return all that must be seen, in the order of the document."""
    expect = spec.expect
    return (
        *(("alert", alert.text) for alert in expect.alerts),
        *(("gate", gate) for gate in (*expect.gates, *expect.reasons)),
        *(("event", event) for event in expect.events),
        *(("finding", finding) for finding in expect.findings),
    )


def labels_of(detail: str) -> dict[str, str]:
    """Return the labels with which the detail of an alert ends, as `labels_text` writes them."""
    _, begins, labels = detail.rpartition("{")
    pairs = labels.removesuffix("}").split(", ") if begins and labels.endswith("}") else []
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def last_s(spec: DrillSpec) -> Decimal:
    """Return when the last fault is over that has its own time, or begins, in seconds from the first one."""
    first_s = min((Decimal(fault.at) for fault in spec.faults), default=Decimal(0))
    return max((ends_s(fault) for fault in spec.faults), default=Decimal(0)) - first_s


def ends_s(fault: FaultSpec) -> Decimal:
    """Return when a fault ends that has its own time, else when it begins; in seconds after the steady state was seen."""
    return Decimal(fault.at) + (fault.until_s or 0)


@dataclass(frozen=True)
class Story:
    """What a drill's facts say, beside the document that it carries out."""

    spec: DrillSpec
    facts: Sequence[AnyDrillFact]

    @cached_property
    def sees_alerts(self) -> bool:
        """Whether Prometheus and Alertmanager run."""
        return any(fact.sees_alerts for fact in self.all_of(DrillStarted))

    @cached_property
    def failure(self) -> str:
        """Why the drill itself could not go on; empty where it could."""
        return next((fact.reason for fact in self.all_of(DrillFailed)), "")

    @cached_property
    def unproven(self) -> tuple[str, ...]:
        """The faults that were not proven to have bitten, each with why."""
        why = {fact.fault: fact.reason for fact in self.all_of(FaultFailed)}
        proven = {fact.fault for fact in self.all_of(FaultProven)} - set(why)
        return tuple(
            f"{number} {fault.kind}: {why.get(number, 'never proven')}"
            for number, fault in enumerate(self.spec.faults, 1)
            if number not in proven
        )

    @cached_property
    def begins_ns(self) -> int | None:
        """When the first fault was proven; of a control without faults, when the steady state was seen; None for never."""
        if self.spec.faults:
            return next((fact.elapsed_ns for fact in self.all_of(FaultProven)), None)
        return next((fact.elapsed_ns for fact in self.phase("before") if fact.holds), None)

    @cached_property
    def is_based(self) -> bool:
        """Whether what was seen says something: steady state before, every fault proven, and the drill went on to its end."""
        is_steady = any(fact.holds for fact in self.phase("before"))
        return is_steady and not self.unproven and not self.failure

    @cached_property
    def first_seen(self) -> dict[Expected, int]:
        """When each thing was first seen since the first fault was asked for, from the first proof; what came before it as 0.

        What is seen once faults are put back that wait for detection detects nothing; an alert may be on its way until then.
        """
        seen: dict[Expected, int] = {}
        for fact in self.since_injected():
            if not isinstance(fact, Observed) or self.begins_ns is None:
                continue
            if fact.source == "alert" or fact.elapsed_ns <= self._detects_until_ns:
                for name in self._names(fact):
                    seen.setdefault((fact.source, name), max(fact.elapsed_ns - self.begins_ns, 0))
        return seen

    @cached_property
    def early(self) -> tuple[str, ...]:
        """The alerts that fired before anything was broken."""
        since = next(iter(self.since_injected()), None)
        before = self.facts if since is None else self.facts[: self.facts.index(since)]
        names = (fact.name for fact in before if isinstance(fact, Observed) and fact.source == "alert")
        return tuple(dict.fromkeys(name for name in names if name != DEAD_MANS_SWITCH))

    @cached_property
    def alerts(self) -> dict[str, int]:
        """When each alert was first seen at all, but for the one that always fires."""
        alerts: dict[str, int] = {}
        for fact in self.all_of(Observed):
            if fact.source == "alert" and fact.name != DEAD_MANS_SWITCH:
                alerts.setdefault(fact.name, fact.elapsed_ns)
        return alerts

    @cached_property
    def firing(self) -> tuple[str, ...]:
        """The alerts that fire at the end and are not to last."""
        fires: dict[str, bool] = dict.fromkeys(self.alerts, False)
        for fact in self.facts:
            if isinstance(fact, AlertResolved) or (isinstance(fact, Observed) and fact.source == "alert"):
                fires[fact.name] = isinstance(fact, Observed)
        return tuple(name for name in self.alerts if fires[name] and name not in self.spec.expect.lasts)

    @cached_property
    def restored_ns(self) -> int | None:
        """When the last fault was put back before recovery was looked at; None for never."""
        looked_ns = max((fact.elapsed_ns for fact in self.phase("after")), default=None)
        times = (fact.elapsed_ns for fact in self.all_of(FaultRestored))
        return max((each for each in times if looked_ns is None or each <= looked_ns), default=None)

    @cached_property
    def recovered_ns(self) -> int | None:
        """When the steady state was back and no alert fired any more; None for never, and where none is to come back."""
        checks = self.phase("after")
        if not self.comes_back or self.firing or not (checks and checks[-1].holds):
            return None
        return max(checks[-1].elapsed_ns, *(fact.elapsed_ns for fact in self.all_of(AlertResolved)), 0)

    @property
    def comes_back(self) -> bool:
        """Whether the steady state is demanded again once the faults are put back."""
        return self.spec.steady_state.after != ()

    @cached_property
    def recovery(self) -> tuple[OperatorActed, ...]:
        """What the operator typed to recover; what the document has typed before that, while something is broken, left out."""
        return self.all_of(OperatorActed)[len(self.spec.checks) :]

    @cached_property
    def invariants(self) -> InvariantsChecked | None:
        """What was found of the invariants last."""
        return next(reversed(self.all_of(InvariantsChecked)), None)

    @cached_property
    def _detects_until_ns(self) -> float:
        """Until when gates, events and findings count: when the first fault was put back that waits for them.

        Where none does: when the last one is over by its own time, and the budgets are used up.
        """
        waiting = {number for number, fault in enumerate(self.spec.faults, 1) if fault.until == "detected"}
        if waiting or not self.spec.faults or self.begins_ns is None:
            return min((fact.elapsed_ns for fact in self.all_of(FaultRestored) if fact.fault in waiting), default=inf)
        budgets = self.spec.budgets
        return self.begins_ns + int((last_s(self.spec) + max(Decimal(budgets.detect_s), Decimal(budgets.mitigate_s))) * NS)

    def _names(self, fact: Observed) -> Iterable[str]:
        """Return what a fact is expected as: its name, and with the labels that an alert of this name must have."""
        yield fact.name
        if fact.source == "alert":
            labels = labels_of(fact.detail)
            alerts = (alert for alert in self.spec.expect.alerts if alert.labels and alert.name == fact.name)
            yield from (alert.text for alert in alerts if alert.labels.items() <= labels.items())

    def all_of[T: AnyDrillFact](self, kind: type[T]) -> tuple[T, ...]:
        """Return the facts of a kind."""
        return tuple(fact for fact in self.facts if isinstance(fact, kind))

    def phase(self, phase: Phase) -> tuple[SteadyStateChecked, ...]:
        """Return the looks at the steady state of a phase."""
        return tuple(fact for fact in self.all_of(SteadyStateChecked) if fact.phase == phase)

    def since_injected(self) -> Iterable[AnyDrillFact]:
        """Return the facts since the first fault was asked for; of a control without faults, since the steady state was seen."""
        begins = FaultInjected if self.spec.faults else SteadyStateChecked
        index = next((index for index, fact in enumerate(self.facts) if isinstance(fact, begins)), len(self.facts))
        return self.facts[index:]
