"""The row *At work* of the dashboard of all runs: what those that a process is at work on do."""

from content import FINE, GREEN, RED, YELLOW, Query, Shown, Steps, from_on
from panels import PanelBuilder, lines

CHOSEN = 'tc_run_info{mode=~"$mode", name=~"$name"}'
_AT_WORK = 'on (run) tc:at_work:info{mode=~"$mode", name=~"$name"}'


def at_work() -> tuple[PanelBuilder, ...]:
    """Return the panels of runs at work."""
    return _events(), _fills(), _exposure(), _refusals(), _staleness(), _limits(), _lag(), _cpu(), _memory()


def _at_work(
    title: str, text: str, expr: str, *, unit: str = "short", steps: Steps = FINE, runbook: str = "", legend: str = "{{run}}"
) -> PanelBuilder:
    query = Query(f"{expr} and {_AT_WORK}", legend)
    return lines(Shown(title, text, (query,), unit, steps, runbook, nothing="no run is at work", is_by_run=True))


def _events() -> PanelBuilder:
    return _at_work("Journal entries", "Per second, over a minute.", "tc:entries:rate1m", unit="cps")


def _fills() -> PanelBuilder:
    return _at_work("Fills", "Fills per second, over a minute.", "tc:fills:rate1m", unit="cps")


def _exposure() -> PanelBuilder:
    text = "Value of positions at the last price known, without its sign."
    legend = "{{run}} {{instrument}} ({{currency}})"
    return _at_work("Exposure", text, "tc_exposure", runbook="risk-limit-exceeded", legend=legend)


def _refusals() -> PanelBuilder:
    text = "Refused orders per second, over a minute."
    return _at_work("Denials and rejections", text, "tc:refusals:rate1m", unit="cps", runbook="reject-rate")


def _staleness() -> PanelBuilder:
    text = "Time since the last message of the channel that is silent for longest. A quiet market is silent, too."
    expr = "max by (run) (tc_data_staleness_seconds)"
    return _at_work("Oldest channel", text, expr, unit="s", runbook="feed-stale")


def _limits() -> PanelBuilder:
    steps = ((0, GREEN), (0.8, YELLOW), (1, RED))
    text = "What is used of the limit that is used most; at 100 % its gate denies what would add to it."
    expr = "max by (run) (tc_risk_limit_usage_ratio)"
    return _at_work("Limits", text, expr, unit="percentunit", steps=steps, runbook="risk-limit-exceeded")


def _lag() -> PanelBuilder:
    text = "How late the node's event loop was: market data and orders wait as long."
    return _at_work("Event-loop lag", text, "tc_event_loop_lag_seconds", unit="s", steps=from_on(0.25), runbook="event-loop-lag")


def _cpu() -> PanelBuilder:
    text = "Processor time per second, over a minute: 100 % is one core."
    return _at_work("CPU", text, "tc:cpu:rate1m", unit="percentunit")


def _memory() -> PanelBuilder:
    return _at_work("Memory", "Most memory resident since the run began.", "tc_run_peak_memory_bytes", unit="bytes")
