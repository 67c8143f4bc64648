"""The dashboard *Run*: one run, chosen above."""

from grafana_foundation_sdk.builders import dashboard
from parts import BLUE, GREEN, RED, YELLOW, Query, Shown, choice, lines, new_dashboard, number, page_link, rows, states, value_colours

_ON_OFF = value_colours({"0": ("no", GREEN), "1": ("yes", RED)})
_INTACT = value_colours({"0": ("broken", RED), "1": ("intact", GREEN)})


def one_run() -> dashboard.Dashboard:
    """Return the dashboard of one run."""
    run = choice("run", "label_values(tc_run_info, run)", label="Run")
    made = new_dashboard("tc-run", "tc / Run", "One run: what it is, does, holds and says of itself.", run).link(page_link())
    for panel in (_state(), _journal(), _kill(), _compared(), _since_heartbeat(), _after_halt()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("Trading"))
    for panel in (_position(), _exposure(), _equity(), _orders(), _refusals(), _fills(), _limits(), _gate(), _in_flight()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("Safety"))
    for panel in (_kill_modes(), _kill_steps(), _verdicts(), _findings()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("Journal and process"))
    for panel in (_events(), _contradictions(), _rates(), _memory(), _io(), _strategy()):
        made = made.with_panel(panel)
    return made


def _one(title: str, text: str, expr: str, *, legend: str = "", runbook: str = "", **shown: object) -> Shown:
    return Shown(title, text, (Query(expr, legend, is_instant=True),), runbook=runbook, width=4, height=4, **shown)  # type: ignore[arg-type]


def _state() -> object:
    return number(_one("State", "Where the run stands.", 'tc_run_state{run="$run"} == 1', legend="{{state}}"), text="name")


def _journal() -> object:
    shown = _one("Journal", "Whether every line follows from the one before.", 'tc_journal_intact{run="$run"}', runbook="journal-broken")
    return number(shown, mappings=_INTACT)


def _kill() -> object:
    shown = _one(
        "Kill switch", "Its mode in the journal.", 'tc_kill_switch_state{run="$run"} == 1', legend="{{mode}}", runbook="safety-gate"
    )
    return number(shown, text="name")


def _compared() -> object:
    shown = _one(
        "Last reconciliation",
        "What the last comparison with the venue came to.",
        'tc_reconciliation_state{run="$run"} == 1',
        legend="{{verdict}}",
        runbook="reconciliation-mismatch",
    )
    return number(shown, text="name")


def _since_heartbeat() -> object:
    expr = 'max(time() - tc_heartbeat_timestamp_seconds{run="$run"})'
    steps = ((0, GREEN), (3, RED))
    return number(_one("Last heartbeat", "How long ago.", expr, runbook="heartbeat-missing", unit="s", steps=steps))


def _after_halt() -> object:
    expr = 'tc_submits_after_halt_total{run="$run"}'
    steps = ((0, GREEN), (1, RED))
    return number(_one("Sent after halt", "Orders: must be 0.", expr, runbook="safety-gate", steps=steps))


def _position() -> object:
    return lines(Shown("Position", "Signed quantity.", (Query('tc_position{run="$run"}', "{{instrument}}"),)), style="steps")


def _exposure() -> object:
    query = Query('tc_exposure{run="$run"}', "{{instrument}} ({{currency}})")
    return lines(Shown("Exposure", "Value of the position at the last price known.", (query,), runbook="risk-limit-exceeded"))


def _equity() -> object:
    queries = (Query('tc_equity{run="$run"}', "equity ({{currency}})"), Query('tc_balance{run="$run"}', "balance ({{currency}})"))
    return lines(Shown("Equity and balance", "By the fills, and as the engine stated it.", queries))


def _orders() -> object:
    return lines(Shown("Orders", "By what became of them.", (Query('tc_orders{run="$run"} > 0', "{{status}}"),)), stacked=True)


def _refusals() -> object:
    query = Query('tc_order_refusals_total{run="$run"}', "{{event}}: {{reason}}")
    return lines(Shown("Denials and rejections", "Since the run began.", (query,), runbook="reject-rate"))


def _fills() -> object:
    return lines(Shown("Fills", "Since the run began.", (Query('tc_fills_total{run="$run"}', "fills"),)))


def _limits() -> object:
    query = Query('tc_risk_limit_usage_ratio{run="$run"}', "{{limit}}")
    steps = ((0, GREEN), (0.8, YELLOW), (1, RED))
    shown = Shown("Limits", "What is used of each.", (query,), unit="percentunit", steps=steps, runbook="risk-limit-exceeded")
    return lines(shown)


def _gate() -> object:
    query = Query('tc_gate_outcomes_total{run="$run"}', "{{result}} {{reason}} {{rule}}")
    return lines(Shown("Gate", "What it decided of commands, since the run began.", (query,), runbook="safety-gate"))


def _in_flight() -> object:
    queries = (
        Query('tc_orders_in_flight{run="$run"}', "in flight"),
        Query('tc_orders_waiting{run="$run"}', "held by the gate"),
        Query('tc_order_oldest_in_flight_seconds{run="$run"}', "age of the oldest (s)"),
    )
    return lines(Shown("In flight", "Sent and not answered yet.", queries, runbook="order-stuck-in-flight"))


def _kill_modes() -> object:
    query = Query('tc_kill_switch_state{run="$run", mode!="none"}', "{{mode}}")
    return states(Shown("Kill switch", "Its mode over time.", (query,), runbook="safety-gate", width=6), _ON_OFF)


def _kill_steps() -> object:
    query = Query('tc_kill_step_latency_seconds{run="$run"}', "{{step}}")
    return lines(Shown("Steps of the last kill", "How long after it was asked for.", (query,), unit="s", width=6))


def _verdicts() -> object:
    query = Query('tc_reconciliations_total{run="$run"}', "{{verdict}}")
    return lines(Shown("Comparisons", "With the venue, by verdict.", (query,), runbook="reconciliation-mismatch", width=6))


def _findings() -> object:
    query = Query('tc_reconciliation_findings{run="$run"}', "{{severity}}")
    steps = ((0, GREEN), (1, RED))
    return lines(
        Shown("Findings", "Of the last comparison.", (query,), steps=steps, runbook="reconciliation-mismatch", width=6), style="steps"
    )


def _events() -> object:
    query = Query('rate(tc_events_total{run="$run"}[1m])', "{{type}}")
    return lines(Shown("Events", "Entries of the journal per second, by type.", (query,), unit="cps", width=12))


def _contradictions() -> object:
    query = Query('tc_contradictions_total{run="$run"}', "{{code}}")
    shown = Shown("Contradictions", "Anomalies and broken rules that the fold found.", (query,), runbook="journal-broken", width=12)
    return lines(shown)


def _rates() -> object:
    queries = (
        Query('tc_run_rows_per_second{run="$run"}', "rows/s"),
        Query('tc_run_events_per_second{run="$run"}', "events/s"),
        Query('rate(tc_run_cpu_seconds_total{run="$run"}[1m])', "cores"),
    )
    return lines(Shown("Throughput", "Per second of wall-clock time.", queries, width=6))


def _memory() -> object:
    query = Query('tc_run_peak_memory_bytes{run="$run"}', "peak")
    return lines(Shown("Memory", "Most memory resident.", (query,), unit="bytes", width=6))


def _io() -> object:
    queries = (
        Query('tc_run_read_bytes_total{run="$run"}', "read"),
        Query('tc_run_written_bytes_total{run="$run"}', "written"),
    )
    return lines(Shown("Storage", "Bytes since the run began.", queries, unit="bytes", width=6))


def _strategy() -> object:
    query = Query('tc_strategy_events_total{run="$run"}', "{{counter}}")
    return lines(Shown("Strategy", "What a packaged scenario counted.", (query,), width=6))
