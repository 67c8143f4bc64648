"""The names of all metric families: the one list that the exposition, the reference page, alerts and dashboards are made of."""

from dataclasses import dataclass
from typing import Literal, get_args

from tc.checks.connectivity import PROBE_STATES, READINESS_STATES
from tc.checks.drills.facts import Outcome
from tc.checks.feed import FeedState
from tc.core.events import KillMode
from tc.store.metadata import RunStatus

__all__ = [
    "BY_NAME",
    "DRILL_VERDICTS",
    "FAMILIES",
    "FEED_STATES",
    "KILL_MODES",
    "NODE_STATES",
    "PROBE_STATES",
    "READINESS_STATES",
    "RUN_STATES",
    "VERDICTS",
    "Family",
    "Sample",
]

Kind = Literal["gauge", "counter"]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family; of a counter, ``name`` ends with ``_total``.

    Parameters
    ----------
    name
        What it is called in the text format.
    kind
        Its type.
    help
        What it says, with its unit.
    labels
        The names of its labels, in the order of a sample's values.

    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ("run",)


type Sample = tuple[str, tuple[str, ...], float | int]
"""A family's name (of a counter with ``_total``), the values of its labels in the family's order, and the value."""

RUN_STATES: tuple[str, ...] = get_args(RunStatus)
KILL_MODES: tuple[str, ...] = get_args(KillMode)
FEED_STATES: tuple[str, ...] = get_args(FeedState)
NODE_STATES = ("starting", "replaying", "trading", "halting", "halted", "stopping", "stopped")
VERDICTS = ("clean", "found", "unknown")
DRILL_VERDICTS: tuple[str, ...] = get_args(Outcome.__value__)

_R = ("run",)

FAMILIES: tuple[Family, ...] = (
    # The server itself and the fleet.
    Family("tc_build_info", "gauge", "What serves these metrics; always 1.", ("version", "python")),
    Family("tc_runs", "gauge", "Run directories by mode and state, shown or not.", ("mode", "state")),
    Family("tc_runs_shown", "gauge", "Run directories that have series of their own.", ()),
    Family("tc_runs_left_out", "gauge", "Run directories beyond --max-runs, which are counted in tc_runs only.", ()),
    Family("tc_run_unreadable", "gauge", "1 for a run directory that cannot be read; the server's log says why."),
    Family("tc_index_refresh_timestamp_seconds", "gauge", "When the run directories were looked at last.", ()),
    Family("tc_index_refresh_duration_seconds", "gauge", "How long that took.", ()),
    # A run.
    Family(
        "tc_run_info",
        "gauge",
        "What a run is; always 1.",
        ("run", "name", "mode", "engine", "strategy", "instrument", "venue", "tc_version"),
    ),
    Family("tc_run_state", "gauge", "1 for the state that a run is in, 0 for the others.", ("run", "state")),
    Family("tc_run_active", "gauge", "1 while a process is at work on the run."),
    Family("tc_run_created_timestamp_seconds", "gauge", "When the run directory was made."),
    Family("tc_run_started_timestamp_seconds", "gauge", "When the engine started; absent before."),
    Family("tc_run_resumed_timestamp_seconds", "gauge", "When the run went on after a crash the last time; absent for never."),
    Family("tc_run_ended_timestamp_seconds", "gauge", "When the engine ended, or a crashed run wrote last; absent before."),
    Family("tc_run_duration_seconds", "gauge", "Wall-clock time from start to end, or until now."),
    Family("tc_run_resumes_total", "counter", "How often the run went on after a crash."),
    # The journal.
    Family("tc_events_total", "counter", "Entries of the journal by type of event.", ("run", "type")),
    Family("tc_market_rows_total", "counter", "Rows of market data played or seen."),
    Family("tc_journal_entries_total", "counter", "Lines of the journal."),
    Family("tc_journal_position", "gauge", "The journal's last position."),
    Family("tc_journal_last_event_timestamp_seconds", "gauge", "Local stamp of the last entry; a backtest's is of the past."),
    Family(
        "tc_journal_intact",
        "gauge",
        "1 while every line that comes follows from the one before by its digest and rules, a sealed journal has its length, and "
        "the last `tc runs verify --record` found nothing: it alone reads again what was read, and what is sealed.",
    ),
    # Orders.
    Family(
        "tc_orders",
        "gauge",
        "Orders by what became of them: filled, partly_filled, canceled, rejected, denied, expired, open, not_sent.",
        ("run", "status"),
    ),
    Family(
        "tc_order_refusals_total",
        "counter",
        "Denials and rejections by event and reason, numbers in it replaced by #.",
        ("run", "event", "reason"),
    ),
    Family("tc_gate_outcomes_total", "counter", "What the gate decided of commands.", ("run", "result", "reason", "rule")),
    Family("tc_orders_in_flight", "gauge", "Commands sent that the venue has not answered yet."),
    Family("tc_order_oldest_in_flight_seconds", "gauge", "Age of the oldest of them; 0 when there is none."),
    Family("tc_orders_waiting", "gauge", "Commands that the gate holds back."),
    Family("tc_submits_after_halt_total", "counter", "Orders sent after the run was halted: must stay 0."),
    Family("tc_contradictions_total", "counter", "Anomalies and broken rules that the fold found.", ("run", "code")),
    # Fills, positions, money. Amounts are exact in the artifacts, and floats here.
    Family("tc_fills_total", "counter", "Fills, each counted once."),
    Family("tc_turnover_total", "counter", "Value of all fills.", ("run", "currency")),
    Family("tc_commissions", "gauge", "Commissions paid; negative is a rebate.", ("run", "currency")),
    Family("tc_position", "gauge", "Signed quantity of a position; absent when there never was one.", ("run", "instrument")),
    Family(
        "tc_exposure",
        "gauge",
        "Value of a position at the last price known, without its sign.",
        ("run", "instrument", "currency"),
    ),
    Family("tc_risk_limit", "gauge", "A limit of the run's risk configuration.", ("run", "limit")),
    Family("tc_risk_limit_usage_ratio", "gauge", "What is used of a limit; above 1 it is broken.", ("run", "limit")),
    Family("tc_equity", "gauge", "Starting balance and profit of all fills, less commissions.", ("run", "currency")),
    Family("tc_balance", "gauge", "Balance as the engine stated it last.", ("run", "account", "currency")),
    Family("tc_realized_profit", "gauge", "Profit of closed positions, before commissions.", ("run", "instrument", "currency")),
    # The kill switch.
    Family(
        "tc_kill_switch_scope_state",
        "gauge",
        "1 for the mode that the kill switch has in a scope (all, name:NAME, run:ID), by its state file; not of an ended run.",
        ("scope", "mode"),
    ),
    Family("tc_kill_switch_state", "gauge", "1 for the mode of the kill switch in the run's journal.", ("run", "mode")),
    Family("tc_kill_switch_changes_total", "counter", "How often the switch was set or cleared, by the journal."),
    Family(
        "tc_kill_step_latency_seconds",
        "gauge",
        "How long after the last kill was asked for a step of it was reached.",
        ("run", "step"),
    ),
    # Reconciliation.
    Family("tc_reconciliations_total", "counter", "Comparisons with the venue by verdict.", ("run", "verdict")),
    Family("tc_reconciliation_state", "gauge", "1 for the verdict of the last comparison.", ("run", "verdict")),
    Family(
        "tc_reconciliation_findings",
        "gauge",
        "Findings of the last comparison by severity: critical for orders, fills and positions, warning for the rest.",
        ("run", "severity"),
    ),
    Family("tc_reconciliation_timestamp_seconds", "gauge", "When the last comparison was made."),
    Family("tc_reconciliation_interval_seconds", "gauge", "Time between two comparisons by the spec; absent for none."),
    # What a live node and its supervisor say of themselves.
    Family(
        "tc_node_state",
        "gauge",
        "1 for the state that a node is in, by its own word or its supervisor's, whichever is later.",
        ("run", "state"),
    ),
    Family(
        "tc_heartbeat_timestamp_seconds",
        "gauge",
        "When a process said last that it lives; where the clock that it goes by is wrong, by the kernel's.",
        ("run", "source"),
    ),
    Family("tc_heartbeat_interval_seconds", "gauge", "How often it says so.", ("run", "source")),
    Family(
        "tc_clock_offset_seconds",
        "gauge",
        "How far the clock that a process goes by is ahead of the kernel's, as of its last heartbeat; below zero, behind.",
        ("run", "source"),
    ),
    Family(
        "tc_data_staleness_seconds",
        "gauge",
        "Time since the last message of a channel, as of the last look.",
        ("run", "instrument", "channel"),
    ),
    Family("tc_data_messages_total", "counter", "Messages of a channel.", ("run", "instrument", "channel")),
    Family(
        "tc_feed_anomalies_total",
        "counter",
        "Messages of a channel that were wrong on the wire: gap, duplicate, backwards, delayed, crossed, empty, malformed; "
        "absent where nobody judges them.",
        ("run", "instrument", "channel", "kind"),
    ),
    Family(
        "tc_feed_judged",
        "gauge",
        "1 while a node judges its market data on the wire, 0 once it cannot any more; absent where nobody could.",
        ("run",),
    ),
    Family(
        "tc_feed_state",
        "gauge",
        "1 for the state of a channel: live; quiet: the venue has no news either; silent: connected, nobody knows; "
        "dead: the venue has news that do not come; disconnected.",
        ("run", "instrument", "channel", "state"),
    ),
    Family("tc_connection_up", "gauge", "1 while a client of the node is connected: data, execution.", ("run", "client")),
    Family("tc_reconnects_total", "counter", "How often a client's connection came back.", ("run", "client")),
    Family("tc_queue_size", "gauge", "Messages that wait in a queue of the engine.", ("run", "queue")),
    Family(
        "tc_event_loop_lag_seconds",
        "gauge",
        "How late the node's event loop was, at most since the last heartbeat; 0 before the node trades.",
    ),
    Family("tc_venue_up", "gauge", "1 when the venue answered the supervisor's last question."),
    Family("tc_venue_request_weight", "gauge", "What is used of the venue's request weight per minute."),
    Family("tc_venue_request_weight_limit", "gauge", "The venue's limit of it."),
    # What a run used.
    Family("tc_run_cpu_seconds_total", "counter", "Processor time of the engine."),
    Family("tc_run_peak_memory_bytes", "gauge", "Most memory resident."),
    Family(
        "tc_run_read_bytes_total", "counter", "Bytes read by the engine's process, from wherever: storage, the cache, sockets."
    ),
    Family("tc_run_written_bytes_total", "counter", "Bytes written by the engine's process, to wherever."),
    Family("tc_run_disk_free_bytes", "gauge", "Bytes free on the disk that the directory of a run at work lies on."),
    Family("tc_run_disk_min_free_bytes", "gauge", "With less than this free, a run at work stops itself; 0: it never does."),
    Family("tc_run_rows_per_second", "gauge", "Rows of market data per second of wall-clock time."),
    Family("tc_run_events_per_second", "gauge", "Recorded entries per second of wall-clock time."),
    Family("tc_strategy_events_total", "counter", "What a packaged scenario counted.", ("run", "counter")),
    # Datasets, connectivity, drills.
    Family("tc_data_quality_findings", "gauge", "Findings in a dataset by code.", ("dataset", "code")),
    Family("tc_connectivity_readiness_state", "gauge", "1 for the readiness of a spec's connectivity.", ("run", "spec", "state")),
    Family("tc_probe_state", "gauge", "1 for the state that a probe found.", ("run", "spec", "target", "state")),
    Family(
        "tc_probe_duration_seconds",
        "gauge",
        "How long a phase of the last probe took: dns, connect, tls, first_byte, total.",
        ("run", "spec", "target", "phase"),
    ),
    Family("tc_probe_http_status_code", "gauge", "HTTP status of the last probe; absent without one.", ("run", "spec", "target")),
    Family("tc_probe_loss_ratio", "gauge", "Part of the attempts of the last probe that failed.", ("run", "spec", "target")),
    Family("tc_probe_timestamp_seconds", "gauge", "When the last probe was made.", ("run", "spec", "target")),
    Family("tc_drill_state", "gauge", "1 for the verdict of a drill's last execution.", ("drill", "verdict")),
    Family("tc_drill_timestamp_seconds", "gauge", "When a drill's last execution ended.", ("drill",)),
    Family("tc_drill_executions", "gauge", "Stored executions of a drill by verdict.", ("drill", "verdict")),
    Family(
        "tc_drill_detect_seconds",
        "gauge",
        "From the proven injection to the first of what was expected, in the last execution; absent for never.",
        ("drill",),
    ),
    Family(
        "tc_drill_mitigate_seconds",
        "gauge",
        "From the proven injection to the last of the expected gates, in the last execution; absent for never.",
        ("drill",),
    ),
    Family(
        "tc_drill_recover_seconds",
        "gauge",
        "From when the last fault was put back to the steady state without alerts, in the last execution; absent for never, "
        "and where nothing was put back before.",
        ("drill",),
    ),
    Family(
        "tc_drill_resilience_ratio",
        "gauge",
        "Part of the drills whose last execution passed, by weight; absent before the first.",
        (),
    ),
)

BY_NAME: dict[str, Family] = {family.name: family for family in FAMILIES}
