"""The dashboard *Fleet*: all runs, and what needs somebody."""

from content import PLAIN, RED, YELLOW, Query, Shown, from_on, known_or_zero
from fleet_at_work import CHOSEN, at_work
from fleet_server import server
from frame import About, choice, framed
from grafana_foundation_sdk.builders import dashboard
from links import dashboard_of, page_of
from panels import PanelBuilder, coloured, leading, lines, number, rows
from state_sets import INTACT, KILL, RUN, SCOPE, VERDICT, words

_RECENT = "(tc_run_active == 1 or time() - tc_run_ended_timestamp_seconds < 3600)"
_NEWEST = f"on (run) topk(200, max by (run) (tc_run_created_timestamp_seconds and on (run) {CHOSEN}))"


def fleet() -> dashboard.Dashboard:
    """Return the dashboard of all runs."""
    about = About("tc-fleet", "tc / Fleet", "Which runs are there, which are at work, and what needs somebody?", "10s", "now-1h")
    made = {
        "": (*_at_a_glance(), _needs(), _scopes(), _states()),
        "Runs": (_table(),),
        "At work": at_work(),
        "The server of these metrics": server(),
    }
    mode = choice("mode", "label_values(tc_run_info, mode)", label="Mode", is_multi=True)
    name = choice("name", 'label_values(tc_run_info{mode=~"$mode"}, name)', label="Name", is_multi=True)
    return framed(about, made, variables=(mode, name))


def _at_a_glance() -> tuple[PanelBuilder, ...]:
    return _alerts(), _active(), _runs(), _crashed(), _unreadable(), _switches(), _mismatches(), _overdue()


def _one(title: str, text: str, expr: str, *, worst: str = "", runbook: str = "") -> PanelBuilder:
    steps = from_on(1, worst) if worst else PLAIN
    query = Query(expr, is_instant=True)
    return number(Shown(title, text, (query,), "none", steps, runbook, width=3, height=4, nothing="not known"))


def _alerts() -> PanelBuilder:
    expr = (
        'count(ALERTS{alertstate="firing", alertname=~"Tc.+", severity!="none"}) or 0 * max(ALERTS{alertname="TcDeadMansSwitch"})'
    )
    text = "Alerts of tc that fire now. Not known: the dead man's switch does not fire, so no rule is evaluated."
    return _one("Alerts firing", text, expr, worst=RED, runbook="dead-mans-switch")


def _active() -> PanelBuilder:
    return _one("Runs at work", "Runs that a process is at work on.", known_or_zero("sum(tc_run_active)"))


def _runs() -> PanelBuilder:
    return _one("Run directories", "All of them, also those beyond --max-runs.", "sum(tc_runs)")


def _crashed() -> PanelBuilder:
    expr = known_or_zero('count(tc_run_state{state="crashed"} == 1 and on (run) tc_run_info{mode!="backtest"})')
    text = "Live runs that nobody is at work on and that were not ended: what they hold at their venue is unattended."
    return _one("Crashed", text, expr, worst=RED, runbook="restart-recovery")


def _unreadable() -> PanelBuilder:
    expr = known_or_zero("count(tc_run_unreadable)")
    text = "Run directories that cannot be read: they have no other series. The server's log says why."
    return _one("Unreadable", text, expr, worst=YELLOW, runbook="journal-broken")


def _switches() -> PanelBuilder:
    expr = known_or_zero('count(tc_kill_switch_scope_state{mode!="none"} == 1)')
    return _one("Kill switches on", "Scopes whose kill switch is on.", expr, worst=RED, runbook="safety-gate")


def _mismatches() -> PanelBuilder:
    expr = known_or_zero(f'count(tc_reconciliation_state{{verdict="found"}} == 1 and on (run) {_RECENT})')
    text = "Runs at work, or ended in the last hour, whose last comparison with the venue has findings."
    return _one("Not as the venue says", text, expr, worst=RED, runbook="reconciliation-mismatch")


def _overdue() -> PanelBuilder:
    late = "time() - tc_heartbeat_timestamp_seconds > 5 * tc_heartbeat_interval_seconds"
    expr = known_or_zero(f"count({late} and on (run) tc_run_active == 1)")
    return _one(
        "Not heard of", "Processes of runs at work that miss their heartbeat.", expr, worst=RED, runbook="heartbeat-missing"
    )


def _needs() -> PanelBuilder:
    query = Query('ALERTS{alertname=~"Tc.+", severity!="none"}', is_instant=True)
    text = "Alerts that fire, or will if it goes on. Each has a runbook: its address is in the alert, and all are linked above."
    shown = Shown("What needs somebody", text, (query,), width=12, height=8, nothing="nothing")
    columns = {"severity": "severity", "alertname": "alert", "alertstate": "state", "run": "run"}
    columns |= {name: name for name in ("scope", "mode", "instrument", "channel", "target", "dataset", "drill")}
    severities = words({"critical": RED, "warning": YELLOW})
    return rows(shown, columns, {"severity": coloured(severities), "run": _run_links()}, sort="severity", is_rising=True)


def _scopes() -> PanelBuilder:
    query = Query("max by (scope, mode) (tc_kill_switch_scope_state == 1)", is_instant=True)
    text = "The mode of each scope by its state file: all, the runs of a name, a run. `tc kill status` shows what each can reach."
    shown = Shown("Kill switches", text, (query,), width=5, height=8, runbook="safety-gate", nothing="not known")
    return rows(shown, {"scope": "scope", "mode": "mode"}, {"mode": coloured(words(SCOPE.colours))}, sort="scope", is_rising=True)


def _states() -> PanelBuilder:
    query = Query('sum by (mode, state) (tc_runs{mode=~"$mode"}) > 0', "{{mode}} {{state}}")
    return lines(
        Shown("Runs by state", "Run directories by mode and state.", (query,), "none", width=7, height=8),
        is_stacked=True,
        is_stepped=True,
    )


def _table() -> PanelBuilder:
    kill = 'label_replace(tc_kill_switch_state == 1, "kill", "$1", "mode", "(.+)")'
    asked = (
        "max by (run, name, mode, strategy, instrument) (tc_run_info)",
        "max by (run, state) (tc_run_state == 1)",
        "max by (run) (tc_run_started_timestamp_seconds) * 1000",
        "max by (run) (tc_run_duration_seconds)",
        "max by (run) (tc_fills_total)",
        f"max by (run, kill) ({kill})",
        "max by (run, verdict) (tc_reconciliation_state == 1)",
        "max by (run) (tc_journal_intact)",
    )
    queries = tuple(Query(f"{expr} and {_NEWEST}", is_instant=True) for expr in asked)
    text = "The 200 newest of those chosen above. A run leads to its dashboard and to its page."
    columns = {"run": "run", "name": "name", "mode": "mode", "state": "state", "strategy": "strategy", "instrument": "instrument"}
    columns |= {"Value #C": "started", "Value #D": "duration", "Value #E": "fills", "kill": "kill switch"}
    columns |= {"verdict": "reconciled", "Value #H": "journal"}
    return rows(Shown("All runs", text, queries, width=24, height=12), columns, _styles(), sort="started")


def _styles() -> dict[str, dict[str, object]]:
    return {
        "run": _run_links(),
        "state": coloured(words(RUN.colours)),
        "started": {"unit": "dateTimeAsIso"},
        "duration": {"unit": "dtdurations"},
        "fills": {"unit": "none"},
        "kill switch": coloured(words(KILL.colours)),
        "reconciled": coloured(words(VERDICT.colours)),
        "journal": coloured(INTACT),
    }


def _run_links() -> dict[str, object]:
    return leading(dashboard_of("${__value.raw}"), page_of("${__value.raw}"))
