"""The row *Safety* of the dashboard of one run: the gate, the kill switch, reconciliation."""

from content import PLAIN, RED, YELLOW, Query, Shown, from_on
from panels import PanelBuilder, bars, lines, number, states
from state_sets import KILL


def safety() -> tuple[PanelBuilder, ...]:
    """Return the panels of a run's safety."""
    return _gate(), _kill_modes(), _kill_steps(), _changes(), _verdicts(), _findings(), _since_compared()


def _gate() -> PanelBuilder:
    expr = 'sum by (result, reason, rule) (tc_gate_outcomes_total{run="$run"})'
    query = Query(expr, "{{result}} {{reason}} {{rule}}", is_instant=True)
    text = "What the gate decided of commands since the run began, by reason and rule."
    return bars(Shown("Gate", text, (query,), "none", PLAIN, "safety-gate", nothing="no gate"))


def _kill_modes() -> PanelBuilder:
    queries = (Query(KILL.coded("run", 'run="$run"'), "mode"),)
    text = "The mode of the kill switch by the journal, over time."
    return states(Shown("Kill switch over time", text, queries, "none", runbook="safety-gate"), KILL.mappings)


def _kill_steps() -> PanelBuilder:
    query = Query('tc_kill_step_latency_seconds{run="$run"}', "{{step}}", is_instant=True)
    text = "How long after the last kill was asked for each step of it was reached."
    return bars(Shown("Last kill", text, (query,), "s", from_on(1, YELLOW), "safety-gate", width=5, nothing="never killed"))


def _changes() -> PanelBuilder:
    query = Query('tc_kill_switch_changes_total{run="$run"}', is_instant=True)
    text = "How often the kill switch was set or cleared since the run began, by the journal."
    return number(Shown("Changes of the switch", text, (query,), "none", PLAIN, "safety-gate", width=3))


def _verdicts() -> PanelBuilder:
    query = Query('tc_reconciliations_total{run="$run"}', "{{verdict}}")
    text = "Comparisons with the venue since the run began, by verdict."
    return lines(Shown("Comparisons", text, (query,), "none", runbook="reconciliation-mismatch", nothing="never compared"))


def _findings() -> PanelBuilder:
    query = Query('tc_reconciliation_findings{run="$run"}', "{{severity}}")
    text = "Findings of the last comparison: critical are orders, fills and positions."
    shown = Shown("Findings", text, (query,), "none", from_on(1, RED), "reconciliation-mismatch", nothing="never compared")
    return lines(shown, is_stepped=True)


def _since_compared() -> PanelBuilder:
    queries = (
        Query('time() - tc_reconciliation_timestamp_seconds{run="$run"} and on (run) tc_run_active{run="$run"} == 1', "ago"),
        Query('tc_reconciliation_interval_seconds{run="$run"}', "interval by the spec"),
    )
    text = "How long ago the last comparison was, beside how often the spec wants one; it is overdue after twice the interval."
    return lines(Shown("Since the last comparison", text, queries, "s", runbook="reconciliation-mismatch", nothing="not at work"))
