"""The status pages as HTML: each loads nothing, runs nothing but its own script, and sends nothing but requests for itself."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup

from tc.reports.page.environment import html_environment, policy_source
from tc.reports.status.choice import Choice
from tc.reports.status.content import Fleet, RunBrief, RunDetail
from tc.reports.status.overview import overview_of
from tc.reports.status.run import run_page_of

REFRESH_S = 2
"""How often a page that runs its script fetches itself."""
RELOAD_S = 15
"""How often the browser loads a page whose script does not run."""


@dataclass(frozen=True, slots=True)
class _Assets:
    style: Markup
    script: Markup
    policy: str
    version: str
    refresh_s: int = REFRESH_S
    reload_s: int = RELOAD_S


def render_overview(runs: Sequence[RunBrief], fleet: Fleet, choice: Choice, now_ns: int, *, runbooks: str = "") -> str:
    """Return the page of all runs (newest first), as it stands at a time."""
    page = overview_of(runs, fleet, choice, now_ns, runbooks=runbooks)
    return template("overview").render(page=page, assets=assets())


def render_run(run: RunDetail, now_ns: int, *, runbooks: str = "") -> str:
    """Return the page of a run, as it stands at a time."""
    return template("run").render(page=run_page_of(run, now_ns, runbooks=runbooks), assets=assets())


def prepare() -> None:
    """Compile the templates, so that the first page is as quick as any."""
    for name in ("overview", "run", "runbook"):
        template(name)


def content_policy() -> str:
    """Return the Content-Security-Policy that a server sends with these pages."""
    return f"{assets().policy}; frame-ancestors 'none'"


@cache
def assets() -> _Assets:
    """Return what every page has in it: style, script, and the policy that lets them through and nothing else."""
    static = files("tc.reports") / "static"
    report, status, script = (
        (static / name).read_text(encoding="utf-8").strip() for name in ("report.css", "status.css", "status.js")
    )
    style = f"{report}\n{status}"
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {policy_source(script)}",
            f"style-src {policy_source(style)}",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
        )
    )
    version = hashlib.sha256(f"{style}{script}".encode()).hexdigest()[:12]
    return _Assets(Markup(style), Markup(script), policy, version)  # noqa: S704 - files of this package


@cache
def template(name: str) -> jinja2.Template:
    """Return the template of a page."""
    return html_environment().get_template(f"status/{name}.html.j2")
