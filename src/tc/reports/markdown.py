"""report.md: a run's report as Markdown, for terminals, diffs and code hosts."""

import re
from collections.abc import Callable
from functools import cache

import jinja2
from markupsafe import Markup

from tc.reports.page.build import page_of
from tc.reports.page.chart import chart_of
from tc.reports.page.content import Column, Kind, Table
from tc.reports.page.words import visible
from tc.reports.report import ReportInput

_SPECIAL = re.compile(r"[\\`*\[\]<>|~&$@]|(?<![^\W_])_|_(?![^\W_])|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
ROWS_SHOWN = 24
_RIGHT: tuple[Kind, ...] = ("number",)


def render_markdown(report: ReportInput) -> str:
    """Return the report as Markdown; what others wrote stays text, whatever characters it holds."""
    return markdown_environment().get_template("report.md.j2").render(page=page_of(report), chart=chart_of(report))


def plain(text: str) -> str:
    """Return text in one line with everything escaped that Markdown would act on inside a line, where all such text stands."""
    line = " ".join(visible(text).split())
    return _SPECIAL.sub(r"\\\g<0>", line)


def code(text: str) -> str:
    """Return text as a code span in one line; nothing is when there is none."""
    line = " ".join(visible(text).split())
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def code_cell(text: str) -> str:
    """Return text as a code span for a table, where a bar would end the cell even inside code."""
    return code(text).replace("|", "\\|")


def block(text: str) -> str:
    """Return text as a fenced block that nothing inside it can end."""
    shown = visible(text).strip("\n")
    fence = "`" * max(3, _longest_run(shown) + 1)
    return f"{fence}\n{shown}\n{fence}"


def table(shown: Table) -> str:
    """Return a table; numbers stand on the right, and the middle of a long one is left out."""
    head = [plain(column.title) for column in shown.columns]
    rule = ["---:" if column.kind in _RIGHT else "---" for column in shown.columns]
    rows = [[_cell(text, column) for text, column in zip(row, shown.columns, strict=True)] for row in shown.rows]
    if len(rows) > ROWS_SHOWN:
        rows[ROWS_SHOWN // 2 : -ROWS_SHOWN // 2] = [["…"] * len(head)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def _cell(text: str, column: Column) -> str:
    return code_cell(text) if column.kind == "code" else plain(text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _trusted[T](render: Callable[[T], str]) -> Callable[[T], Markup]:
    """Return the function with its result marked as Markdown already."""
    return lambda value: Markup(render(value))  # noqa: S704 - the functions here escape what they are given


def _finalize(value: object) -> object:
    return value if isinstance(value, Markup) else plain(str(value))


@cache
def markdown_environment() -> jinja2.Environment:
    """Return the environment of the package's Markdown templates: what is not marked as Markdown is escaped."""
    environment = jinja2.Environment(  # noqa: S701 - this is not HTML: `finalize` escapes what Markdown acts on
        loader=jinja2.PackageLoader("tc.reports"),
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": _trusted(code),
        "code_cell": _trusted(code_cell),
        "block": _trusted(block),
        "table": _trusted(table),
    }
    return environment
