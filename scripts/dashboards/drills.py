"""The dashboard *Drills*: whether faults are noticed, stopped and put right, and how fast."""

from content import FINE, GREEN, PLAIN, RED, YELLOW, Query, Shown, from_on
from frame import About, choice, framed
from grafana_foundation_sdk.builders import dashboard
from panels import PanelBuilder, bars, coloured, lines, number, rows, states
from state_sets import DRILL, words

SHIPPED = (
    *("stale-market-data", "mute-feed", "stale-orderbook", "sequence-gap", "disconnect", "reconnect-storm", "missing-update"),
    *("lost-ack", "fill-during-disconnect", "duplicate-fill", "reject-storm", "rate-limit-exhaustion", "auth-expired"),
    *("venue-query-error", "reconciliation-mismatch", "external-order", "venue-restart", "node-crash", "node-hang"),
    *("restart-recovery", "kill-during-disconnect", "kill-while-hung", "disk-full", "journal-tamper", "event-loop-block"),
    *("clock-jump", "cancel-fill-race", "position-limit", "probe-failing", "wrong-build", "alertmanager-down", "metrics-down"),
    *("quiet-market", "no-fault"),
)
"""The drills that come with tc: each has a panel of its own, and is in the tables and lines above like any other."""

_NEVER = "none was carried out: tc drill suite"
_CHOSEN = '{drill=~"$drill"}'
_TIMES = ("detect", "mitigate", "recover")


def drills() -> dashboard.Dashboard:
    """Return the dashboard of drills."""
    question = "Are faults noticed, stopped and put right, and how fast?"
    made = {
        "": (_resilience(), _carried_out(), _failed(), _inconclusive(), _oldest(), _not_passed(), _executions(), _table()),
        "Over time": (_verdicts(), _over_time(), *map(_slowest, _TIMES)),
        "Each drill": tuple(map(_one, SHIPPED)),
    }
    drill = choice("drill", "label_values(tc_drill_state, drill)", label="Drill", is_multi=True)
    about = About("tc-drills", "tc / Drills", question, "30s", "now-7d")
    return framed(about, made, variables=(drill,), alerts='alertname="TcDrillFailed"')


def _resilience() -> PanelBuilder:
    text = "Part of the drills whose last execution passed, by weight; one that is inconclusive has proven nothing."
    steps = ((0, RED), (0.9, YELLOW), (1, GREEN))
    query = Query("max(tc_drill_resilience_ratio)", is_instant=True)
    return number(Shown("Resilience", text, (query,), "percentunit", steps, "drill-failed", width=4, height=4, nothing=_NEVER))


def _count(title: str, text: str, expr: str, colour: str) -> PanelBuilder:
    query = Query(f"({expr}) or 0 * count(tc_drill_timestamp_seconds)", is_instant=True)
    steps = from_on(1, colour) if colour else PLAIN
    return number(Shown(title, text, (query,), "none", steps, "drill-failed", width=4, height=4, nothing=_NEVER))


def _carried_out() -> PanelBuilder:
    return _count("Drills", "Drills that were carried out.", "count(tc_drill_timestamp_seconds)", "")


def _failed() -> PanelBuilder:
    text = "Drills whose last execution failed: what they prove does not work."
    return _count("Failed", text, 'count(tc_drill_state{verdict="failed"} == 1)', RED)


def _inconclusive() -> PanelBuilder:
    text = "Drills whose last execution proved nothing."
    return _count("Inconclusive", text, 'count(tc_drill_state{verdict="inconclusive"} == 1)', YELLOW)


def _oldest() -> PanelBuilder:
    text = "How long ago the drill was carried out that was not for longest."
    query = Query("time() - min(tc_drill_timestamp_seconds)", is_instant=True)
    return number(Shown("Longest not practised", text, (query,), "s", PLAIN, width=8, height=4, nothing=_NEVER))


def _not_passed() -> PanelBuilder:
    query = Query('max by (drill, verdict) (tc_drill_state{verdict!="passed"} == 1)', is_instant=True)
    text = "Drills whose last execution did not pass; artifacts/drills/ has the incident report and the timeline of each."
    shown = Shown("Not passed", text, (query,), runbook="drill-failed", width=8, height=9, nothing="every one passed")
    columns = {"drill": "drill", "verdict": "verdict"}
    return rows(shown, columns, {"verdict": coloured(words(DRILL.colours))}, sort="drill", is_rising=True)


def _executions() -> PanelBuilder:
    query = Query(f"sum by (verdict) (tc_drill_executions{_CHOSEN})", "{{verdict}}", is_instant=True)
    text = "Stored executions of the drills chosen above by verdict, without those whose detector was switched off."
    return bars(Shown("Executions", text, (query,), "none", PLAIN, width=16, height=9, nothing=_NEVER))


def _table() -> PanelBuilder:
    asked = (
        f"max by (drill, verdict) (tc_drill_state{_CHOSEN} == 1)",
        f"max by (drill) (tc_drill_timestamp_seconds{_CHOSEN}) * 1000",
        *(f"max by (drill) (tc_drill_{part}_seconds{_CHOSEN})" for part in _TIMES),
        f"sum by (drill) (tc_drill_executions{_CHOSEN})",
        'sum by (drill) (tc_drill_executions{drill=~"$drill", verdict="passed"})',
    )
    queries = tuple(Query(expr, is_instant=True) for expr in asked)
    columns = {"drill": "drill", "verdict": "verdict", "Value #B": "when", "Value #C": "detected", "Value #D": "mitigated"}
    columns |= {"Value #E": "recovered", "Value #F": "executions", "Value #G": "passed"}
    styles: dict[str, dict[str, object]] = {"verdict": coloured(words(DRILL.colours)), "when": {"unit": "dateTimeFromNow"}}
    styles |= {name: {"unit": "s"} for name in ("detected", "mitigated", "recovered")}
    styles |= {name: {"unit": "none"} for name in ("executions", "passed")}
    text = "The last execution of each drill chosen above. A time that is missing never came, or is not asked for."
    shown = Shown("Last executions", text, queries, runbook="drill-failed", width=24, height=14, nothing=_NEVER)
    return rows(shown, columns, styles, sort="drill", is_rising=True)


def _verdicts() -> PanelBuilder:
    query = Query(DRILL.coded("drill", 'drill=~"$drill"'), "{{drill}}")
    text = "What the last execution of each drill chosen above came to, over time."
    shown = Shown("Verdicts over time", text, (query,), "none", runbook="drill-failed", width=24, height=14, nothing=_NEVER)
    return states(shown, DRILL.mappings)


def _over_time() -> PanelBuilder:
    query = Query("max(tc_drill_resilience_ratio)", "resilience")
    return lines(Shown("Resilience over time", "As above.", (query,), "percentunit", FINE, nothing=_NEVER, width=24))


def _slowest(part: str) -> PanelBuilder:
    query = Query(f"max by (drill) (tc_drill_{part}_seconds{_CHOSEN})", "{{drill}}")
    text = {
        "detect": "From the proven injection to the first of what was expected",
        "mitigate": "From there to the last expected gate",
    }
    told = f"{text.get(part, 'From when the fault was put back to the steady state without alerts')}, in the last execution."
    return lines(Shown(f"Time to {part}", told, (query,), "s", FINE, nothing=_NEVER), is_stepped=True)


def _one(drill: str) -> PanelBuilder:
    each = (f'label_replace(tc_drill_{part}_seconds{{drill="{drill}"}}, "time", "{part}", "", "")' for part in _TIMES)
    query = Query(f"max by (time) ({' or '.join(each)})", "{{time}}")
    text = "How long the last execution took to detect, mitigate and recover, over time."
    shown = Shown(drill, text, (query,), "s", FINE, drill, width=6, height=6, nothing="not carried out")
    return lines(shown, is_stepped=True)
