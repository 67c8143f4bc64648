"""report.html: a run's report as one file that loads nothing and runs nothing but what its Content-Security-Policy names."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2
import msgspec
from markupsafe import Markup

from tc.reports.page.build import page_of
from tc.reports.page.chart import chart_of
from tc.reports.page.content import Table
from tc.reports.page.environment import html_environment, policy_source
from tc.reports.report import ReportInput

SHORT_DIGEST = 12
TABLE_HEAD_ROWS = 3
LIBRARY = "lightweight-charts.standalone.production.js"

_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True, slots=True)
class _Assets:
    style: Markup
    library: Markup
    script: Markup
    policy: str


def render_html(report: ReportInput) -> str:
    """Return the report as one page; what others wrote stays text, whatever characters it holds."""
    chart = chart_of(report)
    data = Markup("") if chart is None else _json(chart.data)
    return _template().render(page=page_of(report), chart=chart, data=data, assets=_assets())


def _json(data: object) -> Markup:
    """Return JSON that cannot end the script element it stands in."""
    return Markup(msgspec.json.encode(data).decode().translate(_IN_SCRIPT))  # noqa: S704 - no markup is left in it


@cache
def _assets() -> _Assets:
    static = files("tc.reports") / "static"
    style, library, script = (
        (static / name).read_text(encoding="utf-8").strip() for name in ("report.css", LIBRARY, "report.js")
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {policy_source(library)} {policy_source(script)}",
            f"style-src {policy_source(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return _Assets(Markup(style), Markup(library), Markup(script), policy)  # noqa: S704 - files of this package


def _short(digest: str) -> str:
    return digest if len(digest) <= SHORT_DIGEST else f"{digest[:SHORT_DIGEST]}…"


def _columns(tables: list[Table]) -> list[list[Table]]:
    """Return tables in two columns of about the same height, read one after the other."""
    heights = [len(table.rows) + TABLE_HEAD_ROWS for table in tables]
    splits = range(1, len(tables)) or (len(tables),)
    split = min(splits, key=lambda at: max(sum(heights[:at]), sum(heights[at:])))
    return [tables[:split], tables[split:]]


@cache
def _template() -> jinja2.Template:
    environment = html_environment()
    environment.filters |= {"short": _short, "columns": _columns}
    return environment.get_template("report.html.j2")
