"""The dashboard *Data*: what was found in datasets, and what runs played of them."""

from grafana_foundation_sdk.builders import dashboard
from parts import GREEN, RED, YELLOW, Query, Shown, lines, new_dashboard, number, rows


def data_quality() -> dashboard.Dashboard:
    """Return the dashboard of datasets."""
    made = new_dashboard("tc-data", "tc / Data", "What was found in datasets, and what runs played of them.")
    for panel in (_checked(), _failed(), _by_code(), _table(), _rows(), _speed()):
        made = made.with_panel(panel)
    return made


def _checked() -> object:
    query = Query("count(sum by (dataset) (tc_data_quality_findings)) or vector(0)", is_instant=True)
    return number(Shown("Datasets judged", "Datasets whose quality was looked at.", (query,), width=4, height=5))


def _failed() -> object:
    query = Query("count(sum by (dataset) (tc_data_quality_findings) > 0) or vector(0)", is_instant=True)
    steps = ((0, GREEN), (1, RED))
    return number(
        Shown("With findings", "Datasets not to be trusted.", (query,), steps=steps, runbook="data-quality", width=4, height=5)
    )


def _by_code() -> object:
    query = Query("sum by (code) (tc_data_quality_findings) > 0 or sum by (code) (tc_data_quality_findings)", "{{code}}")
    return lines(Shown("Findings", "By code, over all datasets.", (query,), runbook="data-quality", width=16, height=5))


def _table() -> object:
    query = Query("sum by (dataset, code) (tc_data_quality_findings)")
    shown = Shown("Datasets", "Findings of each by code.", (query,), steps=((0, GREEN), (1, YELLOW)), width=12, height=10)
    return rows(shown, renamed={"dataset": "dataset", "code": "finding", "Value": "how many"}, hidden=())


def _rows() -> object:
    query = Query("topk(20, sum by (run) (tc_market_rows_total))", "{{run}}")
    return lines(Shown("Rows", "Market data played or seen, by run.", (query,), width=6, height=10))


def _speed() -> object:
    query = Query("topk(20, max by (run) (tc_run_rows_per_second))", "{{run}}")
    return lines(Shown("Speed", "Rows per second of wall-clock time, by run.", (query,), unit="cps", width=6, height=10))
