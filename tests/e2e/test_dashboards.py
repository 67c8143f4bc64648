"""Every panel and variable of every dashboard, asked of a real Prometheus that scrapes a real server over real runs."""

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dashboards_read import Asked, dashboards, label_values, panels, queries, substituted, variables
from tc.telemetry.names import FAMILIES
from watched_place import GATED, LIVE, Prometheus, watched

pytestmark = pytest.mark.e2e

ANSWERS_WITHIN_S = 20
OF_A_BACKTEST = {"This run", "Strategy", "Denials and rejections", "Profit and commissions"}
"""Panels that say something only of a run that ended, is a packaged scenario, was denied something, or closed a position."""
OF_SOME_ALERTS = {label for family in FAMILIES for label in family.labels}
"""Columns of alerts: each has the labels of what it is about."""
MARKED = {"tc-fleet", "tc-run", "tc-drills"}
"""Dashboards about what a killed run, or a drill that failed, raises alerts on."""

type Chosen = Mapping[str, Sequence[str] | str]
type Answers = dict[Asked, list[dict[str, Any]]]


def choices(prometheus: Prometheus, uid: str) -> tuple[Chosen, Chosen]:
    """Return what a person can choose: all of everything, or every value by its name; of what is one, the live run."""
    every: dict[str, Sequence[str] | str] = {}
    named: dict[str, Sequence[str] | str] = {}
    for name, variable in variables(uid).items():
        if variable["type"] == "query":
            selector, label = label_values(variable)
            found = prometheus.ask(f"label/{label}/values", **{"match[]": substituted(uid, selector, every)})
            assert found, (uid, name)
            every[name], named[name] = (["$__all"], found) if variable.get("multi") else (LIVE, LIVE)
    return every, named


def answer(prometheus: Prometheus, asked: Asked, chosen: Chosen) -> list[dict[str, Any]]:
    """Return the series that Grafana gets."""
    if asked.dashboard == "tc-run" and asked.panel in OF_A_BACKTEST:
        chosen = {**chosen, "run": GATED}
    expr = substituted(asked.dashboard, asked.expr, chosen)
    if asked.is_instant:
        return prometheus.series(expr)
    now = time.time()
    found: list[dict[str, Any]] = prometheus.ask("query_range", query=expr, start=str(now - 30), end=str(now), step="1")["result"]
    return found


def answers(prometheus: Prometheus, at: int) -> Answers:
    """Return what every query of every panel gives for one of two choices, once all of them give something."""
    asked = {each: choices(prometheus, uid)[at] for uid in dashboards() for each in queries(uid)}
    assert len(asked) > 100
    given: Answers = {}
    ends = time.monotonic() + ANSWERS_WITHIN_S
    while len(given) < len(asked) and time.monotonic() < ends:
        given |= {
            each: found for each, chosen in asked.items() if each not in given and (found := answer(prometheus, each, chosen))
        }
    assert [each for each in asked if each not in given] == []
    return given


def check_labels(given: Answers) -> None:
    """Legends and columns name labels that series have."""
    labels = {each: {label for series in found for label in series["metric"]} for each, found in given.items()}
    for each, known in labels.items():
        assert set(re.findall(r"\{\{(\w+)\}\}", each.legend)) <= known, each
    for uid in dashboards():
        for panel in panels(uid):
            if panel["type"] == "table":
                check_columns(panel, {label for each, known in labels.items() if each.panel == panel["title"] for label in known})


def check_columns(panel: dict[str, Any], labels: set[str]) -> None:
    targets = panel["targets"]
    known = labels | ({"Value"} if len(targets) == 1 else {f"Value #{each['refId']}" for each in targets})
    known |= OF_SOME_ALERTS if "ALERTS" in targets[0]["expr"] else set()
    (kept,) = [each["options"]["include"]["names"] for each in panel["transformations"] if "include" in each["options"]]
    assert set(kept) <= known, panel["title"]


def check_marks(prometheus: Prometheus) -> None:
    """Alerts are marked in the dashboards of what they are about."""
    for uid, content in dashboards().items():
        (marked,) = content["annotations"]["list"]
        fires = prometheus.series(substituted(uid, marked["expr"], choices(prometheus, uid)[0]))
        assert bool(fires) == (uid in MARKED), (uid, fires)


def test_every_query_has_series_whatever_is_chosen_and_legends_and_columns_name_labels_that_there_are(tmp_path: Path) -> None:
    with watched(tmp_path) as (prometheus, _):
        check_labels(answers(prometheus, 0))
        answers(prometheus, 1)
        check_marks(prometheus)
