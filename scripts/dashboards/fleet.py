"""The dashboard *Fleet*: all runs, and what needs somebody."""

from grafana_foundation_sdk.builders import dashboard
from parts import BLUE, GREEN, RED, YELLOW, Query, Shown, lines, new_dashboard, number, page_link, rows


def fleet() -> dashboard.Dashboard:
    """Return the dashboard of all runs."""
    made = new_dashboard("tc-fleet", "tc / Fleet", "All runs, live or finished, as their run directories say.")
    for panel in (_alerts(), _active(), _runs(), _unreadable(), _switches(), _mismatches()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("Runs"))
    for panel in (_table(), _states()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("What they do"))
    for panel in (_events(), _fills(), _exposure(), _refusals(), _staleness(), _cpu()):
        made = made.with_panel(panel)
    return made


def _one(title: str, text: str, expr: str, *, worst: str = "", runbook: str = "") -> object:
    steps = ((0, GREEN), (1, worst)) if worst else ((0, BLUE),)
    return number(Shown(title, text, (Query(expr, is_instant=True),), steps=steps, runbook=runbook, width=4, height=4))


def _alerts() -> object:
    expr = 'count(ALERTS{alertstate="firing", alertname=~"Tc.+", severity=~"critical|warning"}) or vector(0)'
    return _one("Alerts firing", "Alerts of tc that fire now, but for the dead man's switch.", expr, worst=RED)


def _active() -> object:
    return _one("Runs at work", "Runs that a process is at work on.", "sum(tc_run_active) or vector(0)")


def _runs() -> object:
    return _one("Run directories", "All of them, shown or not.", "sum(tc_runs)")


def _unreadable() -> object:
    expr = "count(tc_run_unreadable) or vector(0)"
    return _one("Unreadable", "Run directories that cannot be read.", expr, worst=YELLOW, runbook="journal-broken")


def _switches() -> object:
    expr = 'count(tc_kill_switch_scope_state{mode!="none"} == 1) or vector(0)'
    return _one("Kill switches on", "Scopes whose kill switch is on.", expr, worst=RED, runbook="safety-gate")


def _mismatches() -> object:
    expr = 'count(tc_reconciliation_state{verdict="found"} == 1) or vector(0)'
    text = "Runs whose last comparison with the venue has findings."
    return _one("Not as the venue says", text, expr, worst=RED, runbook="reconciliation-mismatch")


def _table() -> object:
    queries = (
        Query('max by (run, state) (tc_run_state == 1) * on (run) group_left (name, mode, strategy, instrument) tc_run_info'),
        Query("max by (run) (tc_run_started_timestamp_seconds) * 1000"),
        Query("max by (run) (tc_run_duration_seconds)"),
        Query("sum by (run) (tc_fills_total)"),
    )
    shown = Shown("Runs", "Every run that has series of its own; its name leads to its page.", queries, width=16, height=11)
    renamed = {"run": "run", "state": "state", "mode": "mode", "strategy": "strategy", "instrument": "instrument"}
    renamed |= {"Value #B": "started", "Value #C": "duration", "Value #D": "fills"}
    panel = rows(shown, renamed=renamed, hidden=("Value #A", "name"))
    return _with_columns(panel)


def _with_columns(panel: object) -> object:
    from grafana_foundation_sdk.models import dashboard as models

    columns = (
        ("run", [models.DynamicConfigValue(id_val="links", value=[_to_page()])]),
        ("started", [models.DynamicConfigValue(id_val="unit", value="dateTimeFromNow")]),
        ("duration", [models.DynamicConfigValue(id_val="unit", value="s")]),
    )
    for name, properties in columns:
        panel = panel.override_by_name(name, properties)  # type: ignore[attr-defined]
    return panel


def _to_page() -> dict[str, object]:
    link = page_link("${__value.raw}").build()
    return {"title": link.title, "url": link.url, "targetBlank": True}


def _states() -> object:
    return lines(
        Shown("Runs by state", "Run directories by mode and state.", (Query("tc_runs > 0", "{{mode}} {{state}}"),), height=11),
        stacked=True,
        style="steps",
    )


def _events() -> object:
    query = Query("tc:events:rate1m and on (run) tc_run_active == 1", "{{run}}")
    return lines(Shown("Events", "Entries of the journal per second.", (query,), unit="cps"))


def _fills() -> object:
    query = Query("tc:fills:rate1m and on (run) tc_run_active == 1", "{{run}}")
    return lines(Shown("Fills", "Fills per second.", (query,), unit="cps"))


def _exposure() -> object:
    query = Query("tc_exposure and on (run) tc_run_active == 1", "{{run}} {{instrument}} ({{currency}})")
    return lines(Shown("Exposure", "Value of positions at the last price known.", (query,), runbook="risk-limit-exceeded"))


def _refusals() -> object:
    query = Query("sum by (run) (rate(tc_order_refusals_total[1m])) and on (run) tc_run_active == 1", "{{run}}")
    return lines(Shown("Denials and rejections", "Refused orders per second.", (query,), unit="cps", runbook="reject-rate"))


def _staleness() -> object:
    query = Query("max by (run) (tc_data_staleness_seconds and on (run) tc_run_active == 1)", "{{run}}")
    steps = ((0, GREEN), (5, RED))
    return lines(Shown("Oldest channel", "Time since the last message.", (query,), unit="s", steps=steps, runbook="feed-stale"))


def _cpu() -> object:
    query = Query("rate(process_cpu_seconds_total{job=\"tc\"}[1m])", "tc metrics serve")
    return lines(Shown("CPU of the metrics server", "Cores.", (query,), unit="percentunit"))
