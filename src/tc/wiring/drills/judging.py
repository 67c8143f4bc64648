"""What is made of a drill in the end: its invariants, its verdict, its timeline and its incident report."""

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tc.checks.drills.facts import AnyDrillFact, DrillConcluded
    from tc.checks.invariants.venue_log import VenueLog
    from tc.core import EventStreamEntry
    from tc.spec.drills.drill_spec import DrillSpec
    from tc.store.drills import DrillVerdict
    from tc.store.layout import RunDirectory
    from tc.wiring.drills.lab import MadeLab, Making

_RUNBOOKS = "http://127.0.0.1:8000/runbooks"
"""Where `tc metrics serve` serves them unless it is told otherwise."""
_MISSED = "fill_unexpected"

type Series = list[tuple[int, Decimal]]


def held_to_invariants(lab: "MadeLab") -> "Mapping[str, tuple[str, ...]]":
    """Hold the run's journal and the venue's own log to the invariants; ArtifactError when the run left nothing to hold to."""
    from tc.checks.invariants.catalogue import check_invariants
    from tc.checks.invariants.evidence import Evidence
    from tc.flows.configuration import read_configuration

    entries, damage = _entries(lab.made.run)
    evidence = Evidence(
        entries=entries,
        damage=damage,
        configuration=read_configuration(lab.made.run).core,
        venue=_venue_log(lab),
        foreign=_foreign(lab.made.spec),
        missed=_missed(lab.made.run) if _MISSED in lab.made.spec.expect.findings else frozenset(),
    )
    found = check_invariants(evidence)
    return {"held": found.held, "broken": found.broken, "unknown": found.unknown}


def _entries(run: "RunDirectory") -> "tuple[list[EventStreamEntry], str]":
    """Return a journal's entries up to its first damage, and what that is; a last line that a crash tore is none."""
    from tc.store.journal.tail import JournalTail

    tail = JournalTail(run.journal)
    entries = list(tail.read())
    damage = tail.damage
    is_torn = damage is not None and damage.reason == "torn_line"
    return entries, "" if damage is None or is_torn else f"line {damage.line}: {damage.reason}"


def _venue_log(lab: "MadeLab") -> "VenueLog | None":
    from tc.errors import ArtifactError
    from tc.wiring.venue_log import read_venue_log

    with suppress(ArtifactError):
        return read_venue_log(lab.venue_state)
    return None


def _missed(run: "RunDirectory") -> frozenset[str]:
    """Return the ids of the trades that the run's comparisons found missing from its journal."""
    from tc.flows.reconciliation.reconcile import kept_reconciliations

    kept = (each.document for each in kept_reconciliations(run) if each.document is not None)
    found = (finding for document in kept for finding in document.findings if finding.code == _MISSED)
    return frozenset(finding.subject.removeprefix("fill ") for finding in found)


def _foreign(spec: "DrillSpec") -> frozenset[str]:
    """Return the keys of the orders that the drill's faults place at the venue."""
    from tc.spec.drills.fault_parameters.venue import OrderAppears
    from tc.spec.drills.parse import fault_parameters

    placed = (fault_parameters(each) for each in spec.faults)
    return frozenset(each.client_order_id for each in placed if isinstance(each, OrderAppears))


def verdict_of(made: "Making", facts: "Sequence[AnyDrillFact]") -> "DrillVerdict":
    """Write a drill's verdict beside its journal, and return it."""
    from tc.flows.drills.verdict import verdict_of as made_of
    from tc.store.drills import write_verdict

    verdict = made_of(made.spec, facts, journal=made.drill.journal)
    write_verdict(made.drill, verdict)
    return verdict


def write_shown(made: "Making", facts: "Sequence[AnyDrillFact]") -> None:
    """Write what people read of a drill: its timeline and its incident report."""
    from tc.reports.drill.html import render_timeline
    from tc.reports.drill.incident import render_incident
    from tc.store.files import write_atomic

    market, position = _series(made.run)
    runbook = made.spec.runbook or made.spec.name
    run_link, runbook_link = f"artifacts/runs/{made.run_id}/report.html", f"{_RUNBOOKS}/{runbook}"
    concluded = _concluded(facts)
    page = render_timeline(
        made.spec, facts, concluded, market=market, position=position, run_link=run_link, runbook_link=runbook_link
    )
    report = render_incident(
        made.spec, facts, concluded, market=market, position=position, run_link=run_link, runbook_link=runbook_link
    )
    write_atomic(made.drill.timeline, page.encode())
    write_atomic(made.drill.incident, report.encode())


def _concluded(facts: "Sequence[AnyDrillFact]") -> "DrillConcluded":
    from tc.checks.drills.facts import DrillConcluded

    last = facts[-1]
    assert isinstance(last, DrillConcluded)  # noqa: S101 - whoever asks has just noted it
    return last


def _series(run: "RunDirectory") -> tuple[Series, Series]:
    """Return the prices that the node saw, one a second while there were any, and the position, as far as they can be read."""
    from tc.core.events import OrderFilled
    from tc.errors import TcError
    from tc.flows.configuration import read_configuration
    from tc.flows.runs.taped_prices import taped_prices
    from tc.wiring.data import candles_of_tape

    with suppress(TcError):
        entries, _ = _entries(run)
        held = Decimal(0)
        position: Series = []
        for event in (entry.event for entry in entries):
            if isinstance(event, OrderFilled):
                held += event.quantity if event.side == "BUY" else -event.quantity
                position.append((event.at_ns, held))
        candles = taped_prices(run, read_configuration(run).document, candles_of_tape, entries=len(entries))
        if candles is None:
            return [], position
        prices = (Decimal(close).scaleb(-candles.precision) for close in candles.closes)
        return list(zip(candles.ends_ns, prices, strict=True)), position
    return [], []
