"""Samples of what a run's journal adds up to: the same for one that goes on and for one that has ended."""

from collections.abc import Iterable, Iterator, Mapping

from tc.telemetry.figures import Figures, Kill, Process, Refusal
from tc.telemetry.names import KILL_MODES, Sample
from tc.telemetry.run_facts import RunFacts

MOST_KINDS = 64
"""So many types, codes, instruments or currencies of a run are told apart; the rest is one where it can be added up."""

MOST_REASONS = 20
LONGEST_REASON = 120
OTHER = "other"
_NS = 1_000_000_000


def recorded_samples(facts: RunFacts) -> Iterator[Sample]:
    """Yield the samples of a run's figures; nothing where it has none yet."""
    run, figures = facts.run_id, facts.figures
    if figures is None:
        return
    yield from _journal(run, figures, is_intact=facts.is_intact)
    yield from _orders(run, figures)
    yield from _money(run, figures)
    yield from _positions(run, figures)
    yield from _risk(run, figures)
    if figures.kill is not None:
        yield from _kill(run, figures.kill)
    if figures.process is not None:
        yield from _process(run, figures.process)
    for counter, count in added_up(figures.strategy_counters).items():
        yield "tc_strategy_events_total", (run, counter), count


def added_up(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts by name, the first of them told apart and the rest as one."""
    kept: dict[str, int] = {}
    for number, name in enumerate(sorted(counts)):
        label = name[:LONGEST_REASON] if number < MOST_KINDS else OTHER
        kept[label] = kept.get(label, 0) + counts[name]
    return kept


def by_reason(refusals: Iterable[Refusal]) -> dict[tuple[str, str], int]:
    """Return how often orders were refused by event and reason.

    The reasons that came first in the journal are told apart, the others are one of each event: so no count ever goes back
    when another reason becomes more frequent.
    """
    counts: dict[tuple[str, str], int] = {}
    for number, each in enumerate(sorted(refusals, key=lambda refusal: refusal.position)):
        reason = OTHER if number >= MOST_REASONS else each.reason[:LONGEST_REASON]
        counts[each.event, reason] = counts.get((each.event, reason), 0) + each.count
    return counts


def _journal(run: str, figures: Figures, *, is_intact: bool | None) -> Iterator[Sample]:
    journal = figures.journal
    for kind, count in added_up(journal.events_by_type).items():
        yield "tc_events_total", (run, kind), count
    yield "tc_kill_switch_changes_total", (run,), journal.events_by_type.get("KillSwitchChanged", 0)
    yield "tc_market_rows_total", (run,), figures.data.rows
    yield "tc_journal_entries_total", (run,), journal.entries
    yield "tc_journal_position", (run,), journal.positions
    if figures.time.last_ns is not None:
        yield "tc_journal_last_event_timestamp_seconds", (run,), figures.time.last_ns / _NS
    if is_intact is not None:
        yield "tc_journal_intact", (run,), int(is_intact)
    for code, count in added_up({each.code: each.count for each in figures.oddities}).items():
        yield "tc_contradictions_total", (run, code), count


def _orders(run: str, figures: Figures) -> Iterator[Sample]:
    orders = figures.orders
    for status, count in (
        ("filled", orders.filled),
        ("partly_filled", orders.partly_filled),
        ("canceled", orders.canceled),
        ("rejected", orders.rejected),
        ("denied", orders.denied),
        ("expired", orders.expired),
        ("open", orders.open_at_end),
        ("not_sent", orders.not_sent),
    ):
        yield "tc_orders", (run, status), count
    for (event, reason), count in by_reason(figures.refusals).items():
        yield "tc_order_refusals_total", (run, event, reason), count
    if figures.gate is not None:
        outcomes: dict[tuple[str, str, str], int] = {}
        for each in figures.gate.outcomes[:MOST_KINDS]:
            key = each.result, each.reason, each.rule
            outcomes[key] = outcomes.get(key, 0) + each.count
        for labels, count in outcomes.items():
            yield "tc_gate_outcomes_total", (run, *labels), count
    yield "tc_fills_total", (run,), figures.fills.total


def _money(run: str, figures: Figures) -> Iterator[Sample]:
    for currency in sorted(figures.turnover)[:MOST_KINDS]:
        yield "tc_turnover_total", (run, currency), float(figures.turnover[currency])
    for currency in sorted(figures.commissions)[:MOST_KINDS]:
        yield "tc_commissions", (run, currency), float(figures.commissions[currency])
    for instrument in sorted(figures.profit)[:MOST_KINDS]:
        profit = figures.profit[instrument]
        yield "tc_realized_profit", (run, instrument, profit.currency), float(profit.realized)
    if figures.equity is not None:
        yield "tc_equity", (run, figures.equity.currency), float(figures.equity.final)
    balances = {(each.account_id, each.currency): each.last for each in figures.balances[:MOST_KINDS]}
    for labels, last in balances.items():
        yield "tc_balance", (run, *labels), float(last)


def _positions(run: str, figures: Figures) -> Iterator[Sample]:
    """Yield what is held; of a run that was recorded before exposures were, as far as its open positions say it."""
    held = dict.fromkeys(figures.profit, 0.0)
    for position in figures.open_positions:
        held[position.instrument_id] = held.get(position.instrument_id, 0.0) + float(position.signed_quantity)
    held |= {each.instrument_id: float(each.signed_quantity) for each in figures.exposures}
    for instrument in sorted(held)[:MOST_KINDS]:
        yield "tc_position", (run, instrument), held[instrument]
    values = {each.instrument_id: (each.currency, each.value) for each in figures.exposures}
    for instrument in sorted(values)[:MOST_KINDS]:
        currency, value = values[instrument]
        if value is not None:
            yield "tc_exposure", (run, instrument, currency), float(value)


def _risk(run: str, figures: Figures) -> Iterator[Sample]:
    limits = {each.limit: each for each in figures.limits[:MOST_KINDS]}
    for name, limit in limits.items():
        yield "tc_risk_limit", (run, name), float(limit.value)
        if limit.used is not None and limit.value > 0:
            yield "tc_risk_limit_usage_ratio", (run, name), float(limit.used / limit.value)


def _kill(run: str, kill: Kill) -> Iterator[Sample]:
    for mode in KILL_MODES:
        yield "tc_kill_switch_state", (run, mode), int(mode == kill.mode)
    for step in sorted(kill.steps_ns)[:MOST_KINDS]:
        yield "tc_kill_step_latency_seconds", (run, step), kill.steps_ns[step] / _NS
    yield "tc_submits_after_halt_total", (run,), kill.submits_after_halt


def _process(run: str, process: Process) -> Iterator[Sample]:
    for name, value in (
        ("tc_run_cpu_seconds_total", process.cpu_s),
        ("tc_run_peak_memory_bytes", process.peak_rss_bytes),
        ("tc_run_read_bytes_total", process.read_bytes),
        ("tc_run_written_bytes_total", process.written_bytes),
        ("tc_run_rows_per_second", process.rows_per_s),
        ("tc_run_events_per_second", process.events_per_s),
    ):
        if value is not None:
            yield name, (run,), value
