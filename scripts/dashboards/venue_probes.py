"""The row *Readiness and probes* of the dashboard of venues."""

from content import FINE, GREEN, RED, YELLOW, Query, Shown
from panels import PanelBuilder, bars, coloured, lines, rows, states
from state_sets import PROBE, READINESS, words


def readiness_and_probes() -> tuple[PanelBuilder, ...]:
    """Return the panels of what specs need to connect, and of what probes found."""
    return _readiness(), _probe_table(), _probe_states(), _probe_latency(), _probe_loss()


def _readiness() -> PanelBuilder:
    query = Query(f"max by (spec, run, state) ({_named('tc_connectivity_readiness_state == 1')})", is_instant=True)
    text = "Whether what a spec needs to connect is configured, as of the last check; no value of a variable is shown anywhere."
    shown = Shown("Readiness", text, (query,), runbook="probe-failing", nothing="never checked")
    return rows(
        shown, {"spec": "spec", "run": "run", "state": "state"}, {"state": coloured(words(READINESS.colours))}, sort="spec"
    )


def _probe_table() -> PanelBuilder:
    by = "max by (run, spec, target"
    asked = (
        f"{by}, state) ({_named('tc_probe_state == 1')})",
        f"{by}) ({_named('tc_probe_http_status_code')})",
        f"{by}) ({_named('tc_probe_duration_seconds{phase="total"}')})",
        f"{by}) ({_named('tc_probe_loss_ratio')})",
        f"{by}) ({_named('tc_probe_timestamp_seconds')}) * 1000",
    )
    columns = {"target": "target", "spec": "spec", "run": "run", "state": "state", "Value #B": "status", "Value #C": "took"}
    columns |= {"Value #D": "lost", "Value #E": "when"}
    styles: dict[str, dict[str, object]] = {"state": coloured(words(PROBE.colours)), "status": {"unit": "none"}}
    styles |= {"took": {"unit": "s"}, "lost": {"unit": "percentunit"}, "when": {"unit": "dateTimeFromNow"}}
    queries = tuple(Query(expr, is_instant=True) for expr in asked)
    text = "What the last probe of each target found; of several attempts the worst state, and the median of the times."
    shown = Shown("Last probes", text, queries, width=16, runbook="probe-failing", nothing="never probed")
    return rows(shown, columns, styles, sort="when")


def _probe_states() -> PanelBuilder:
    query = Query(PROBE.coded("run, spec, target"), "{{spec}} {{target}} {{run}}")
    text = "What probes found, over time."
    return states(
        Shown("Probes over time", text, (query,), "none", runbook="probe-failing", nothing="never probed"), PROBE.mappings
    )


def _probe_latency() -> PanelBuilder:
    query = Query("tc_probe_duration_seconds", "{{target}} {{phase}}", is_instant=True)
    text = "How long the phases of the last probe took."
    return bars(Shown("Probe latency", text, (query,), "s", FINE, "probe-failing", nothing="never probed"))


def _probe_loss() -> PanelBuilder:
    query = Query("tc_probe_loss_ratio", "{{target}}")
    steps = ((0, GREEN), (0.01, YELLOW), (0.5, RED))
    shown = Shown("Probe loss", "Part of the attempts that failed.", (query,), "percentunit", steps, "probe-failing")
    return lines(shown)


def _named(expr: str) -> str:
    """Return an expression whose series have a label run in any case: rows of a table are joined by it."""
    return f'label_replace({expr}, "run", "-", "run", "")'
