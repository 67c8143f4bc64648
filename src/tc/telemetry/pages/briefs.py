"""A run's facts as what is judged of it, and as its line in the overview; and a drill's figures as its line."""

from tc.checks.attention import Beat, Feed, Probe, Vitals
from tc.checks.feed import anomalies_of, feed_states
from tc.reports.drill.figures import DrillFigures
from tc.reports.metrics import amount
from tc.reports.status.content import DrillBrief, Holding, RunBrief
from tc.telemetry.figures import Figures
from tc.telemetry.run_facts import RunFacts, node_state_of
from tc.telemetry.samples import ended_ns

UNREADABLE = "unreadable"
_S = 1_000_000_000
_WORST_FIRST = ("dead", "disconnected", "silent", "quiet", "live")
_NO_FIGURES = Figures()


def vitals_of(facts: RunFacts, now_ns: int) -> Vitals:
    """Return what is judged of a run."""
    if facts.problem:
        return Vitals(state=UNREADABLE, problem=facts.problem)
    figures, node, supervisor = facts.figures or _NO_FIGURES, facts.node, facts.supervisor
    heard = (("node", node, facts.node_offset_ns), ("supervisor", supervisor, facts.supervisor_offset_ns))
    beats = [Beat(name, each.at_ns, each.every_s, offset_ns) for name, each, offset_ns in heard if each]
    compared, every_s = facts.compared, facts.reconcile_every_s
    return Vitals(
        state=facts.status,
        mode=facts.identity.mode,
        is_active=facts.is_active,
        started_ns=facts.started_ns or 0,
        resumed_ns=facts.resumed_ns or 0,
        ended_ns=ended_ns(facts) or 0,
        is_journal_intact=facts.is_intact,
        submits_after_halt=figures.kill.submits_after_halt if figures.kill else 0,
        kill_mode=figures.kill.mode if figures.kill else "none",
        node_state=node_state_of(facts),
        beats=tuple(beats),
        disconnected=tuple(sorted(client for client, is_up in node.connected.items() if not is_up)) if node else (),
        is_venue_up=supervisor.is_venue_reachable if supervisor else None,
        feeds=_feeds(facts, now_ns),
        loop_lag_s=node.longest_lag_s if node else 0.0,
        oldest_in_flight_ns=node.oldest_in_flight_ns if node else None,
        request_weight=supervisor.request_weight if supervisor else None,
        request_weight_limit=supervisor.request_weight_limit if supervisor else None,
        free_bytes=facts.disk.free_bytes if facts.disk else None,
        min_free_bytes=facts.min_free_bytes,
        limit_usage=tuple((each.limit, float(each.used / each.value)) for each in figures.limits if each.used and each.value),
        reconciled=compared.verdict if compared else "",
        findings=sum(compared.severities or ()) if compared else 0,
        reconciled_ns=compared.at_ns if compared else 0,
        reconciled_every_ns=None if every_s is None else int(every_s * _S),
        probes=probes_of(facts),
    )


def brief_of(facts: RunFacts, vitals: Vitals) -> RunBrief:
    """Return a run's line; what needs attention is left to who judges it."""
    figures, identity = facts.figures or _NO_FIGURES, facts.identity
    equity = figures.equity
    return RunBrief(
        run_id=facts.run_id,
        name=identity.name,
        mode=identity.mode,
        state=vitals.state,
        strategy=identity.strategy,
        is_active=facts.is_active,
        created_ns=facts.created_ns or 0,
        ended_ns=vitals.ended_ns,
        holdings=_holdings(figures),
        profit="" if equity is None or equity.net_profit is None else amount(equity.net_profit),
        currency="" if equity is None else equity.currency,
        fills=figures.fills.total,
        orders=figures.orders.total,
        feed=next((state for state in _WORST_FIRST if any(feed.state == state for feed in vitals.feeds)), ""),
        kill_mode=vitals.kill_mode,
        reconciled=vitals.reconciled,
        reconciled_ns=vitals.reconciled_ns,
        findings=vitals.findings,
    )


def probes_of(facts: RunFacts) -> tuple[Probe, ...]:
    """Return what the last probe of each target found."""
    return tuple(Probe(each.spec, each.target, each.state, each.at_ns, each.loss_ratio) for each in facts.probes)


def drill_brief_of(figures: DrillFigures) -> DrillBrief:
    """Return a drill's line."""
    last = figures.newest
    return DrillBrief(
        name=last.drill,
        title=last.title,
        verdict=last.verdict,
        ended_ns=last.ended_ns,
        executions=figures.executions,
        passed=figures.passed,
        detect_ns=last.detect_ns,
        mitigate_ns=last.mitigate_ns,
        recover_ns=last.recover_ns,
    )


def _feeds(facts: RunFacts, now_ns: int) -> tuple[Feed, ...]:
    if facts.node is None or not facts.is_active:
        return ()
    witnesses = facts.supervisor.witnesses if facts.supervisor else ()
    states = feed_states(facts.node, witnesses, now_ns=now_ns)
    return tuple(
        Feed(channel.instrument_id, channel.channel, state, channel.last_ns, anomalies_of(channel)) for channel, state in states
    )


def _holdings(figures: Figures) -> tuple[Holding, ...]:
    if figures.exposures:
        return tuple(
            Holding(
                each.instrument_id,
                amount(each.signed_quantity),
                "" if each.value is None else amount(each.value),
                each.currency,
            )
            for each in figures.exposures
            if each.signed_quantity
        )
    return tuple(Holding(each.instrument_id, amount(each.signed_quantity)) for each in figures.open_positions)
