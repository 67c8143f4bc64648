"""The dashboard *Data*: what was found in datasets, and what runs played of them."""

from content import FINE, PLAIN, RED, YELLOW, Query, Shown, Steps, from_on
from frame import About, choice, framed
from grafana_foundation_sdk.builders import dashboard
from panels import PanelBuilder, bars, number, rows

_CHOSEN = 'tc_data_quality_findings{dataset=~"$dataset"}'
_JUDGED = f"count(sum by (dataset) ({_CHOSEN}))"
_NEVER = "none was judged: tc data check"


def data_quality() -> dashboard.Dashboard:
    """Return the dashboard of datasets."""
    about = About("tc-data", "tc / Data", "Can the datasets be trusted, and what did runs play?", "30s", "now-6h")
    made = {
        "": (_judged(), _with_findings(), _findings(), _by_code(), _table()),
        "What runs played": (_rows(), _speed()),
    }
    dataset = choice("dataset", "label_values(tc_data_quality_findings, dataset)", label="Dataset", is_multi=True)
    return framed(about, made, variables=(dataset,), alerts='alertname="TcDataQualityFailed"')


def _one(title: str, text: str, expr: str, steps: Steps) -> PanelBuilder:
    query = Query(expr, is_instant=True)
    return number(Shown(title, text, (query,), "none", steps, "data-quality", width=4, height=4, nothing="none"))


def _judged() -> PanelBuilder:
    return _one("Datasets judged", "Datasets whose quality `tc data check` has judged.", _JUDGED, PLAIN)


def _with_findings() -> PanelBuilder:
    expr = f"count(sum by (dataset) ({_CHOSEN}) > 0) or 0 * {_JUDGED}"
    return _one("With findings", "Datasets that are not to be trusted as they are.", expr, from_on(1, RED))


def _findings() -> PanelBuilder:
    return _one("Findings in all", "Over the datasets chosen above.", f"sum({_CHOSEN})", from_on(1, YELLOW))


def _by_code() -> PanelBuilder:
    query = Query(f"sum by (code) ({_CHOSEN})", "{{code}}", is_instant=True)
    text = "Over the datasets chosen above, by code; the reference of findings says what each means."
    return bars(Shown("Findings by code", text, (query,), "none", from_on(1, YELLOW), "data-quality", 12, 10, nothing=_NEVER))


def _table() -> PanelBuilder:
    query = Query(f"sum by (dataset, code) ({_CHOSEN})", is_instant=True)
    shown = Shown("Datasets", "Each with its findings by code.", (query,), "none", FINE, "data-quality", 24, 10, nothing=_NEVER)
    columns = {"dataset": "dataset", "code": "finding", "Value": "how many"}
    many = {"thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}, {"color": YELLOW, "value": 1}]}}
    return rows(shown, columns, {"how many": {"custom.cellOptions": {"type": "color-text"}, **many}}, sort="how many")


def _rows() -> PanelBuilder:
    query = Query("topk(20, max by (run) (tc_market_rows_total))", "{{run}}", is_instant=True)
    text = "Rows of market data that were played or seen, of the twenty runs with most."
    return bars(Shown("Rows", text, (query,), "none", PLAIN, width=12, height=10, nothing="no run has any", is_by_run=True))


def _speed() -> PanelBuilder:
    query = Query("topk(20, max by (run) (tc_run_rows_per_second))", "{{run}}", is_instant=True)
    text = "Rows of market data per second of wall-clock time, of the twenty fastest runs."
    return bars(Shown("Speed", text, (query,), "cps", PLAIN, width=12, height=10, nothing="no run has any", is_by_run=True))
