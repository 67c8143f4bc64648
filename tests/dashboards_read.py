"""The committed dashboards as Grafana reads them: their panels and queries, and what it puts in place of variables."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from conftest import REPOSITORY

FOLDER = REPOSITORY / "compose" / "grafana" / "dashboards"
POINTS = 1000
SCRAPE_S = 1
_MINUTES = {"m": 60, "h": 3600}
_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}]")
_PLACE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Return the dashboards by their uids."""
    read = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    return {each["uid"]: each for each in read}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of a panel."""

    dashboard: str
    panel: str
    expr: str
    legend: str
    is_instant: bool


def panels(uid: str) -> list[dict[str, Any]]:
    """Return the panels of a dashboard without its rows."""
    return [panel for panel in dashboards()[uid]["panels"] if panel["type"] != "row"]


def queries(uid: str) -> Iterator[Asked]:
    """Yield every query of every panel."""
    for panel in panels(uid):
        for target in panel["targets"]:
            yield Asked(uid, panel["title"], target["expr"], target["legendFormat"], target.get("instant", False))


def variables(uid: str) -> dict[str, dict[str, Any]]:
    """Return the variables of a dashboard by their names."""
    return {each["name"]: each for each in dashboards()[uid]["templating"]["list"]}


def label_values(variable: Mapping[str, Any]) -> tuple[str, str]:
    """Return the selector and the label of a variable whose values Prometheus knows."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found is not None, variable
    return found[1], found[2]


def substituted(uid: str, text: str, chosen: Mapping[str, Sequence[str] | str]) -> str:
    """Return a query as Grafana sends it: of several values a pattern, of all the pattern for all, and its own interval."""
    known = variables(uid)

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name == "__rate_interval":
            return f"{rate_interval_s(uid)}s"
        if name.isdigit():  # a group of a pattern, in label_replace: Grafana leaves alone what is no variable
            return found[0]
        given = chosen[name]
        if isinstance(given, str):
            return given.replace("\\", "\\\\").replace('"', '\\"')
        if given == ["$__all"]:
            return str(known[name]["allValue"])
        escaped = [_SPECIAL.sub(lambda special: "\\\\" + special[0], each) for each in given]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"

    return _PLACE.sub(value, text)


def rate_interval_s(uid: str) -> int:
    """Return ``$__rate_interval`` of a dashboard over the time that it shows, where the data source is told of scrapes."""
    since = dashboards()[uid]["time"]["from"].removeprefix("now-")
    step_s = max(int(since[:-1]) * _MINUTES[since[-1]] // POINTS, SCRAPE_S)
    return max(step_s + SCRAPE_S, 4 * SCRAPE_S)
