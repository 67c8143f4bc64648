"""What a run's facts are as samples of the families in `tc.telemetry.names`."""

from collections.abc import Iterator

import msgspec

from tc.telemetry.live_samples import live_samples
from tc.telemetry.names import PROBE_STATES, READINESS_STATES, RUN_STATES, VERDICTS, Sample
from tc.telemetry.recorded_samples import recorded_samples
from tc.telemetry.run_facts import Compared, Probed, RunFacts

__all__ = ["Sample", "duration_of", "samples_of", "state_set"]

_NS = 1_000_000_000


def samples_of(facts: RunFacts, now_ns: int) -> Iterator[Sample]:
    """Yield a run's samples, each label set once, families in no order; the first label is the run's id.

    Of a directory that cannot be read there is one sample; the facts of what belongs to no run yield what they have.

    Parameters
    ----------
    facts
        What the run's directory says.
    now_ns
        The wall clock, for ages. A finished run's samples do not depend on it.

    """
    run = facts.run_id
    if facts.problem:
        yield "tc_run_unreadable", (run,), 1
        return
    if run:
        yield from _what_it_is(facts, now_ns)
        yield from recorded_samples(facts)
        yield from _compared(facts)
        yield from live_samples(facts, now_ns)
    yield from _checked(facts)


def _what_it_is(facts: RunFacts, now_ns: int) -> Iterator[Sample]:
    run, identity = facts.run_id, facts.identity
    yield "tc_run_info", (run, *msgspec.structs.astuple(identity)), 1
    yield from state_set("tc_run_state", (run,), RUN_STATES, facts.status)
    yield "tc_run_active", (run,), int(facts.is_active)
    times = {"created": facts.created_ns, "started": facts.started_ns, "resumed": facts.resumed_ns, "ended": ended_ns(facts)}
    for name, at_ns in times.items():
        if at_ns:
            yield f"tc_run_{name}_timestamp_seconds", (run,), at_ns / _NS
    duration_s = duration_of(facts, now_ns)
    if duration_s is not None:
        yield "tc_run_duration_seconds", (run,), duration_s
    yield "tc_run_resumes_total", (run,), facts.resumes


def ended_ns(facts: RunFacts) -> int | None:
    """Return when a run ended, as far as anybody knows: a crashed one when it wrote last. None while it goes on."""
    return None if facts.is_active else facts.ended_ns or facts.last_write_ns


def duration_of(facts: RunFacts, now_ns: int) -> float | None:
    """Return how long a run took so far, in seconds; of a crashed one, until it wrote last. None before its start."""
    if facts.started_ns is None:
        return None
    until_ns = now_ns if facts.is_active else ended_ns(facts) or facts.started_ns
    return max(until_ns - facts.started_ns, 0) / _NS


def state_set(name: str, labels: tuple[str, ...], states: tuple[str, ...], now: str) -> Iterator[Sample]:
    """Yield one sample for each state that there can be: 1 for the one that is so, 0 for the others."""
    for state in states:
        yield name, (*labels, state), int(state == now)


def _compared(facts: RunFacts) -> Iterator[Sample]:
    run, compared = facts.run_id, facts.compared
    if facts.reconcile_every_s is not None:
        yield "tc_reconciliation_interval_seconds", (run,), facts.reconcile_every_s
    if compared is None:
        if facts.identity.mode not in {"", "backtest"}:
            for verdict in VERDICTS:
                yield "tc_reconciliations_total", (run, verdict), 0
        return
    yield from _last_compared(run, compared)


def _last_compared(run: str, compared: Compared) -> Iterator[Sample]:
    for verdict, count in zip(VERDICTS, (compared.clean, compared.found, compared.unknown), strict=True):
        yield "tc_reconciliations_total", (run, verdict), count
    yield from state_set("tc_reconciliation_state", (run,), VERDICTS, compared.verdict)
    yield "tc_reconciliation_timestamp_seconds", (run,), compared.at_ns / _NS
    if compared.severities is not None:
        for severity, count in zip(("critical", "warning"), compared.severities, strict=True):
            yield "tc_reconciliation_findings", (run, severity), count


def _checked(facts: RunFacts) -> Iterator[Sample]:
    run = facts.run_id
    for ready in facts.readiness:
        yield from state_set("tc_connectivity_readiness_state", (run, ready.spec), READINESS_STATES, ready.state)
    for probe in facts.probes:
        yield from _probed(run, probe)


def _probed(run: str, probe: Probed) -> Iterator[Sample]:
    labels = run, probe.spec, probe.target
    yield from state_set("tc_probe_state", labels, PROBE_STATES, probe.state)
    for phase, seconds in probe.phases:
        yield "tc_probe_duration_seconds", (*labels, phase), seconds
    if probe.http_status is not None:
        yield "tc_probe_http_status_code", labels, probe.http_status
    yield "tc_probe_loss_ratio", labels, probe.loss_ratio
    yield "tc_probe_timestamp_seconds", labels, probe.at_ns / _NS
