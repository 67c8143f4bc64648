"""timeline.html: a drill on one axis, as one file that loads nothing and runs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup

from tc.checks.drills.facts import AnyDrillFact, DrillConcluded
from tc.reports.drill.page import page_of
from tc.reports.drill.plots import Point
from tc.reports.page.environment import html_environment, policy_source
from tc.spec.drills.drill_spec import DrillSpec


@dataclass(frozen=True, slots=True)
class _Assets:
    style: Markup
    policy: str


def render_timeline(
    spec: DrillSpec,
    facts: Sequence[AnyDrillFact],
    concluded: DrillConcluded,
    *,
    market: Sequence[Point],
    position: Sequence[Point],
    run_link: str,
    runbook_link: str,
) -> str:
    """Return a drill's timeline as one page.

    Parameters
    ----------
    spec, facts, concluded
        The document, the drill's own journal, and its verdict.
    market, position
        Mid price and signed quantity, each with the wall clock in nanoseconds since 1970 UTC.
    run_link, runbook_link
        Relative paths, or addresses of the web; what is neither is left out.

    """
    page = page_of(spec, facts, concluded, market=market, position=position, run_link=run_link, runbook_link=runbook_link)
    return _template().render(page=page, assets=_assets())


@cache
def _assets() -> _Assets:
    static = files("tc.reports") / "static"
    style = "\n".join((static / name).read_text(encoding="utf-8").strip() for name in ("report.css", "drill.css"))
    policy = f"default-src 'none'; style-src {policy_source(style)}; base-uri 'none'; form-action 'none'"
    return _Assets(Markup(style), policy)  # noqa: S704 - files of this package


@cache
def _template() -> jinja2.Template:
    return html_environment().get_template("drill/timeline.html.j2")
