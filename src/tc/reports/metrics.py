"""metrics.json: a run's figures under stable names, and the table that says what each name means."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal

from tc.reports.figures import RunSummary, Safety
from tc.reports.report import ProcessUsage

METRICS_SCHEMA = 1
LONGEST = 60

type Metrics = dict[str, object]


@dataclass(frozen=True, slots=True)
class Metric:
    """One name in metrics.json: dots lead into objects, and ``*`` stands for a key that the run decides."""

    name: str
    unit: str
    meaning: str


METRICS: tuple[Metric, ...] = (
    Metric("schema", "", "version of this format"),
    Metric("status", "", "how the run ended, as its journal says: running, completed, stopped or failed"),
    Metric("time.first_ns", "ns since 1970 UTC", "local stamp of the first entry; null when there is none"),
    Metric("time.last_ns", "ns since 1970 UTC", "highest local stamp; null when there is none"),
    Metric("journal.entries", "entries", "lines of the journal"),
    Metric("journal.positions", "positions", "last position: each row of market data has its own"),
    Metric("journal.events", "entries", "entries that are not market data by reference"),
    Metric("journal.events_by_type.*", "entries", "entries by type of event"),
    Metric("data.rows", "rows", "rows of market data played"),
    Metric("data.rows_by_dataset.*", "rows", "the same by the dataset's fingerprint"),
    Metric("orders.total", "orders", "orders that a strategy created"),
    Metric("orders.filled", "orders", "filled completely"),
    Metric("orders.partly_filled", "orders", "partly filled, then cancelled, expired or rejected"),
    Metric("orders.canceled", "orders", "cancelled without a fill"),
    Metric("orders.rejected", "orders", "rejected by the venue without a fill"),
    Metric("orders.denied", "orders", "denied before they were sent"),
    Metric("orders.expired", "orders", "expired without a fill"),
    Metric("orders.open_at_end", "orders", "still open when the journal ends"),
    Metric("orders.not_sent", "orders", "created, and neither sent nor ended when the journal ends"),
    Metric("refusals[].event", "", "OrderDenied, OrderRejected, OrderModifyRejected or OrderCancelRejected"),
    Metric("refusals[].reason", "", "the reason, numbers replaced by #"),
    Metric("refusals[].count", "events", "how often"),
    Metric("refusals[].example", "", "the first such reason in full"),
    Metric("refusals[].position", "position", "where the first one is in the journal"),
    Metric("fills.total", "fills", "fills counted, each once"),
    Metric("fills.compat", "fills", "of these, guessed from a difference of snapshots"),
    Metric("fills.repeated", "fills", "fills that came again and were not counted again"),
    Metric("turnover.*", "currency", "sum of price times quantity times multiplier of all fills, by currency"),
    Metric("commissions.*", "currency", "commissions paid, by currency; negative is a rebate"),
    Metric("profit.*.currency", "", "by instrument: the currency of the amounts below"),
    Metric("profit.*.closed", "positions", "positions that became flat"),
    Metric("profit.*.won", "positions", "of these, closed with a gain before commissions"),
    Metric("profit.*.lost", "positions", "of these, closed with a loss before commissions"),
    Metric("profit.*.realized", "currency", "sales less purchases of closed positions times multiplier, before commissions"),
    Metric("profit.*.gross_gain", "currency", "the gains among them"),
    Metric("profit.*.gross_loss", "currency", "the losses among them, negative"),
    Metric("profit.*.largest_win", "currency", "the largest gain"),
    Metric("profit.*.largest_loss", "currency", "the largest loss, negative"),
    Metric("equity", "", "null where it cannot be recomputed from fills, else the object below"),
    Metric("equity.currency", "", "the instrument's quote currency"),
    Metric("equity.starting", "currency", "starting balance"),
    Metric("equity.final", "currency", "starting balance + profit of all fills at the last mark - commissions"),
    Metric("equity.net_profit", "currency", "final - starting"),
    Metric("equity.marked_at", "", "candles: valued at the close of each candle; fills: at the price of each fill"),
    Metric("equity.marks", "marks", "how often it was valued"),
    Metric("equity.left_out[]", "", "what is part of the account and not of these figures"),
    Metric("equity.max_drawdown", "currency", "deepest fall from a peak"),
    Metric(
        "equity.max_drawdown_fraction", "", "the same as a fraction of the peak, rounded; null when the peak is not above zero"
    ),
    Metric("equity.max_drawdown_peak_ns", "ns since 1970 UTC", "when the peak was"),
    Metric("equity.max_drawdown_trough_ns", "ns since 1970 UTC", "when the lowest point was"),
    Metric("balances[].account_id", "", "the account"),
    Metric("balances[].currency", "", "the currency"),
    Metric("balances[].first", "currency", "its first total, as the engine stated it"),
    Metric("balances[].last", "currency", "its last total, as the engine stated it"),
    Metric("balances[].recomputed", "currency", "the last total as the fills make it; null where they do not determine it"),
    Metric("open_positions[].position_id", "", "a position that is open at the end"),
    Metric("open_positions[].instrument_id", "", "its instrument"),
    Metric("open_positions[].signed_quantity", "units", "its quantity; above zero when long"),
    Metric("open_positions[].average_price", "currency", "average price of the fills on its side since it was flat, rounded"),
    Metric("oddities[].code", "", "an anomaly of the fold, or rule_broken"),
    Metric("oddities[].count", "", "how often"),
    Metric("oddities[].position", "position", "where the first one is in the journal; 0 when it was not kept"),
    Metric("oddities[].subject", "", "what the first one is about"),
    Metric("gate", "", "null where no gate is configured, else the object below"),
    Metric("gate.mode", "", "on, or observe: decided, and nothing held back"),
    Metric("gate.decisions", "decisions", "steps at which something was decided"),
    Metric("gate.outcomes[].result", "", "what became of a command: allowed, denied, merged, held, sent …"),
    Metric("gate.outcomes[].reason", "", "why, from the closed list; empty for what needs no reason"),
    Metric("gate.outcomes[].rule", "", "the Core's rule that the reason follows from"),
    Metric("gate.outcomes[].count", "outcomes", "how often"),
    Metric("gate.outcomes[].position", "position", "where the first one was decided"),
    Metric("gate.outcomes[].key", "", "the order key of the first one"),
    Metric("gate.unrealised[].deadline_ns", "ns since 1970 UTC", "a deadline that lay behind the run's end"),
    Metric("gate.unrealised[].reason", "", "why it was one"),
    Metric("gate.unrealised[].scope", "", "what it was about: an order key, an instrument, or empty"),
    Metric("kill_switch.mode", "", "the kill switch when the journal ends: none, reduce, halt, halt_all or flatten"),
    Metric("kill_switch.steps_ns.*", "ns", "how long after it was asked for the last kill reached a step"),
    Metric(
        "kill_switch.submits_after_halt", "orders", "sent although they were created, or held back, when the run was halted: 0"
    ),
    Metric("exposures[].instrument_id", "", "an instrument of which something is or was held"),
    Metric("exposures[].signed_quantity", "units", "what is held at the end, over all positions; above zero when long"),
    Metric("exposures[].value", "currency", "its value at the last price known, without its sign; null where none is known"),
    Metric("exposures[].currency", "", "the currency of that; empty where it is not known"),
    Metric("limits[].limit", "", "a limit of the risk configuration that is set"),
    Metric("limits[].value", "", "what it is set to"),
    Metric("limits[].used", "", "what is used of it at the end, in the worst case; null for a limit of single orders"),
    Metric("reconciliation.comparisons", "comparisons", "with the venue, as far as this was written: absent for a backtest"),
    Metric("reconciliation.clean", "comparisons", "of these, as the journal says"),
    Metric("reconciliation.found", "comparisons", "of these, not as the journal says"),
    Metric("reconciliation.unknown", "comparisons", "of these, with something that could not be asked"),
    Metric("reconciliation.latest", "", "clean, found or unknown by the last of these; null when there was none"),
    Metric("reconciliation.is_over", "", "false in a sealed run: its last comparison is made after that, and kept in ops/"),
    Metric("process", "", "null where it was not measured, else the object below; it differs between two runs of one spec"),
    Metric("process.wall_s", "s", "wall-clock time of the engine"),
    Metric("process.cpu_s", "s", "processor time of the engine"),
    Metric("process.peak_rss_bytes", "B", "most memory resident"),
    Metric("process.read_bytes", "B", "read from storage; null where the system does not say"),
    Metric("process.written_bytes", "B", "written to storage; null where the system does not say"),
    Metric("process.rows_per_s", "rows/s", "data.rows / wall_s; null when no time passed"),
    Metric("process.events_per_s", "entries/s", "journal.events / wall_s; null when no time passed"),
    Metric("process.recording", "", "buffered, or durable: each entry on disk before the next, on paper before its effects"),
    Metric("strategy_counters.*", "", "what a packaged scenario counted, by name; empty for other strategies"),
)


def run_metrics(
    summary: RunSummary,
    process: ProcessUsage | None,
    *,
    strategy_counters: Mapping[str, int] | None = None,
    compared: Metrics | None = None,
) -> Metrics:
    """Return the content of metrics.json: counts as integers, amounts as exact decimal strings; see `METRICS`."""
    outcomes = summary.outcomes
    return {
        "schema": METRICS_SCHEMA,
        "status": summary.status,
        "time": {"first_ns": summary.first_ns, "last_ns": summary.last_ns},
        "journal": {
            "entries": summary.entries,
            "positions": summary.positions,
            "events": summary.recorded_events,
            "events_by_type": dict(summary.events),
        },
        "data": {"rows": summary.rows, "rows_by_dataset": dict(summary.rows_by_dataset)},
        "orders": {"total": outcomes.total, **asdict(outcomes)},
        "refusals": [asdict(refusal) for refusal in summary.refusals],
        "fills": {"total": summary.fills.total, "compat": summary.compat_fills, "repeated": summary.repeated_fills},
        "turnover": _amounts(summary.turnover),
        "commissions": _amounts(summary.commissions),
        "profit": {name: _plain(asdict(profit)) for name, profit in summary.profits.items()},
        "equity": _equity(summary),
        "balances": [_plain(asdict(balance)) for balance in summary.balances],
        "open_positions": [_plain(asdict(position)) for position in summary.open_positions],
        "oddities": [asdict(oddity) for oddity in summary.oddities],
        "gate": _gate(summary),
        **_safety(summary.safety),
        **({} if compared is None else {"reconciliation": compared}),
        "process": _process(summary, process),
        "strategy_counters": dict(strategy_counters or {}),
    }


def amount(value: Decimal) -> str:
    """Return an amount exactly, without zeros at its end; with an exponent only when it is longer than any real one."""
    if not value.is_finite() or abs(value.adjusted()) > LONGEST:
        return str(value)
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _equity(summary: RunSummary) -> Metrics | None:
    equity = summary.equity
    if equity is None:
        return None
    fraction = equity.drawdown.fraction
    return {
        "currency": equity.currency,
        "starting": amount(equity.starting),
        "final": amount(equity.final),
        "net_profit": amount(equity.net_profit),
        "marked_at": equity.marked_at,
        "marks": equity.points.total,
        "left_out": list(equity.left_out),
        "max_drawdown": amount(equity.drawdown.amount),
        "max_drawdown_fraction": None if fraction is None else amount(fraction),
        "max_drawdown_peak_ns": equity.drawdown.peak.at_ns,
        "max_drawdown_trough_ns": equity.drawdown.trough.at_ns,
    }


def _gate(summary: RunSummary) -> Metrics | None:
    gate = summary.gate
    if gate is None:
        return None
    return {
        "mode": gate.mode,
        "decisions": gate.decisions,
        "outcomes": [asdict(each) for each in gate.outcomes],
        "unrealised": [{"deadline_ns": each.deadline_ns, "reason": each.reason, "scope": each.scope} for each in gate.unrealised],
    }


def _safety(safety: Safety) -> Metrics:
    switch = {"mode": safety.kill_switch, "steps_ns": dict(safety.kill_steps), "submits_after_halt": safety.submits_after_halt}
    return {
        "kill_switch": switch,
        "exposures": [_plain(asdict(each)) for each in safety.exposures],
        "limits": [_plain(asdict(each)) for each in safety.limits],
    }


def _process(summary: RunSummary, process: ProcessUsage | None) -> Metrics | None:
    if process is None:
        return None
    return {**asdict(process), **rates(summary, process)}


def rates(summary: RunSummary, process: ProcessUsage) -> dict[str, float | None]:
    """Return rows and recorded events per second of wall-clock time, rounded to a tenth."""
    counts = {"rows_per_s": summary.rows, "events_per_s": summary.recorded_events}
    return {name: round(number / process.wall_s, 1) if process.wall_s > 0 else None for name, number in counts.items()}


def _amounts(amounts: Mapping[str, Decimal]) -> Metrics:
    return {currency: amount(value) for currency, value in amounts.items()}


def _plain(values: Mapping[str, object]) -> Metrics:
    return {name: amount(value) if isinstance(value, Decimal) else value for name, value in values.items()}
