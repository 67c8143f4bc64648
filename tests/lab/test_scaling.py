"""The shipped alerting at a drill's pace: durations are divided, nothing else is changed, and what is left out is whole."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from system_programs import program
from tc.lab.alerting import shipped, shipped_alerts
from tc.lab.scaling import alert_names, scaled, without_alerts

RULES = shipped("prometheus/rules")
TEXTS = {
    "prometheus.yml": shipped("prometheus") / "prometheus.yml",
    "alertmanager.yml": shipped("alertmanager") / "alertmanager.yml",
    **{each.name: each for each in sorted(RULES.glob("*.yaml"))},
}
_DURATION = re.compile(r"\b[0-9]+(ms|s|m|h)\b")


@pytest.mark.parametrize("name", TEXTS)
def test_only_durations_are_changed(name: str) -> None:
    text = TEXTS[name].read_text(encoding="utf-8")
    before, after = (_DURATION.sub("DURATION", each).splitlines() for each in (text, scaled(text)))
    assert before == after


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_scaled_by_one_says_the_same(name: str) -> None:
    text = TEXTS[name].read_text(encoding="utf-8")
    assert _milliseconds(yaml.safe_load(scaled(text, 1))) == _milliseconds(yaml.safe_load(text))


def test_every_for_interval_and_range_is_divided() -> None:
    text = """
global:
  scrape_interval: 1s # as often
rules:
  - alert: A
    expr: increase(a_total[5m]) > 3 and b[1m] > 10
    for: 2s
    annotations:
      summary: "after 10s, or [soon]"
route:
  - group_interval: 1m
"""
    assert scaled(text, 10) == (
        text.replace("scrape_interval: 1s", "scrape_interval: 100ms")
        .replace("[5m]", "[30000ms]")
        .replace("[1m]", "[6000ms]")
        .replace("for: 2s", "for: 200ms")
        .replace("group_interval: 1m", "group_interval: 6000ms")
    )


def test_an_alert_that_is_left_out_is_the_only_one_missing() -> None:
    rules = (RULES / "tc-alerts.yaml").read_text(encoding="utf-8")
    names = alert_names(rules)
    assert names == shipped_alerts() == tuple(_alerts(yaml.safe_load(rules)))
    for name in names:
        left = yaml.safe_load(without_alerts(rules, frozenset({name})))
        assert _alerts(left) == [each for each in names if each != name]


def test_prometheus_takes_what_is_scaled(tmp_path: Path) -> None:
    promtool = program("promtool")
    (tmp_path / "targets").mkdir()
    for each in RULES.glob("*.yaml"):
        (tmp_path / each.name).write_text(scaled(each.read_text(encoding="utf-8")))
        done = subprocess.run([promtool, "check", "rules", tmp_path / each.name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout


def _alerts(rules: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[str]:
    return [rule["alert"] for group in rules["groups"] for rule in group["rules"] or () if "alert" in rule]


def _milliseconds(document: object) -> object:
    """Return a document with every duration in it in milliseconds."""
    if isinstance(document, dict):
        return {key: _milliseconds(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_milliseconds(each) for each in document]
    scale = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
    if not isinstance(document, str):
        return document
    return re.sub(r"\b([0-9]+)(ms|s|m|h)\b", lambda found: f"{int(found[1]) * scale[found[2]]}ms", document)
