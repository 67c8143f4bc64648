"""The Grafana dashboards: the question that each answers, and what its panels show."""

import json
from itertools import groupby
from typing import Any

from generate_alerts import REPOSITORY

from reference.markdown import code, page, table

FOLDER = REPOSITORY / "compose" / "grafana" / "dashboards"

_INTRODUCTION = """
Made by `scripts/dashboards/` (`make dashboards`) for Grafana 11.6, and kept in `compose/grafana/dashboards/`.
[How to: run the dashboards](../how-to/run-the-dashboards.md) says how they are started. Every query of every panel is asked
of a real Prometheus in the tests, over runs that are real, too; how Grafana itself draws them is not tested.
"""

_NOTES = """
- *Source*, above each dashboard, is the data source. The one of `compose/` has the uid `tc-prometheus`; imported into another
  Grafana, a dashboard takes any Prometheus that scrapes `tc metrics serve` as the job `tc` and loads `compose/prometheus/rules/`.
- *Status page* and *Runbooks* are the addresses that links begin with. Change them above a dashboard for yourself; for everybody,
  make the dashboards again: `scripts/dashboards/generate.py --page-url URL --runbooks-url URL`.
- Panels link to the runbook of their alert, and series of a run to its dashboard and its page. Links to a panel go on working
  when others come before it: its id is made of its title.
- A count is zero only while somebody counts. When the server of metrics is gone, the number is gone, too.
- A state is one row with a name and a colour: the expression makes one number of a family that has a series for each state.
- Rates are taken over Grafana's `$__rate_interval`, which grows with the time that is looked at; those that are recorded, over
  a minute.
- Grafana shows floating-point numbers. Exact amounts are in a run's report.
"""


def dashboards() -> str:
    """Return the page of all dashboards."""
    order = ("tc-fleet", "tc-run", "tc-venue", "tc-data", "tc-drills")
    contents: list[dict[str, Any]] = [json.loads((FOLDER / f"{uid}.json").read_text(encoding="utf-8")) for uid in order]
    rows = [(_link(_name(each)), each["description"], _choices(each)) for each in contents]
    blocks = [_INTRODUCTION, table(["dashboard", "what it answers", "what is chosen"], rows), "## What to know", _NOTES]
    return page("Dashboards", *blocks, *(block for each in contents for block in _sections(each)))


def _name(content: dict[str, Any]) -> str:
    title: str = content["title"]
    return title.removeprefix("tc / ")


def _link(name: str) -> str:
    return f"[{name}](#{name.lower().replace(' ', '-')})"


def _choices(content: dict[str, Any]) -> str:
    return ", ".join(each["label"].lower() for each in content["templating"]["list"] if each["type"] == "query")


def _sections(content: dict[str, Any]) -> list[str]:
    blocks, head = [f"## {_name(content)}"], ""
    for is_row, group in groupby(content["panels"], key=lambda panel: panel["type"] == "row"):
        panels = list(group)
        if is_row:
            head = panels[-1]["title"]
            continue
        blocks += [f"**{head}**"] if head else []
        rows = [(each["title"], each["description"], _runbook(each)) for each in panels]
        blocks.append(table(["panel", "what it shows", "runbook"], rows))
    return blocks


def _runbook(panel: dict[str, Any]) -> str:
    return ", ".join(code(link["url"].rpartition("/")[2]) for link in panel.get("links", ()))
