"""Every alert is loaded by the real Prometheus, proven by its own tests, and leads to a runbook that exists."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from documentation import REPOSITORY
from quoted_commands import QUOTED, unknown_word
from system_programs import program
from tc.telemetry import names
from tc.telemetry.names import BY_NAME

FOLDER = REPOSITORY / "compose" / "prometheus"
SOURCE, RULES = FOLDER / "alerts" / "tc-alerts.yaml", FOLDER / "rules" / "tc-alerts.yaml"
PROOFS = sorted((FOLDER / "tests").glob("*.yaml"))
ALWAYS_FIRES = "TcDeadMansSwitch"
KNOWN_VALUES = {
    *("paper", "backtest"),
    *names.RUN_STATES,
    *names.KILL_MODES,
    *names.FEED_STATES,
    *names.NODE_STATES,
    *names.VERDICTS,
    *names.PROBE_STATES,
    *names.DRILL_VERDICTS,
}
RUNBOOKS_URL = "http://127.0.0.1:8000/runbooks"


def alerts(path: Path) -> dict[str, Any]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def promtool(*arguments: object) -> str:
    """Return what promtool says, which must be content."""
    done = subprocess.run([program("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def generated(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the generator in a folder that has what it reads."""
    script = root / "scripts" / "generate_alerts.py"
    return subprocess.run([sys.executable, script, *options], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("scripts/reference", "compose/prometheus", "runbooks"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "scripts" / "generate_alerts.py", tmp_path / "scripts")
    return tmp_path


def test_prometheus_takes_configuration_and_rules(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "prometheus")
    (tmp_path / "prometheus" / "targets").mkdir()
    for name in ("tc", "alertmanager"):
        (tmp_path / "prometheus" / "targets" / f"{name}.yml").write_text('- targets: ["127.0.0.1:1"]\n')
    said = promtool("check", "config", tmp_path / "prometheus" / "prometheus.yml")
    assert said.count("SUCCESS") == 4
    assert f"{len(alerts(RULES))} rules found" in said


def test_every_rule_behaves_as_its_tests_say() -> None:
    assert promtool("test", "rules", *PROOFS).count("SUCCESS") == len(PROOFS)


def test_every_alert_is_proven_silent_then_firing_with_all_it_says_then_resolved() -> None:
    shown: dict[str, list[str]] = defaultdict(list)
    rules = alerts(RULES)
    for proof in PROOFS:
        for test in yaml.safe_load(proof.read_text(encoding="utf-8"))["tests"]:
            for point in test["alert_rule_test"]:
                shown[point["alertname"]].append("firing" if point["exp_alerts"] else "silent")
                for alert in point["exp_alerts"]:
                    rule = rules[point["alertname"]]
                    assert alert["exp_labels"]["severity"] == rule["labels"]["severity"]
                    assert alert["exp_annotations"].keys() == rule["annotations"].keys()
                    assert alert["exp_annotations"]["runbook_url"] == rule["annotations"]["runbook_url"]
    course = {name: re.sub(r"(\w+)( \1)+", r"\1", " ".join(seen)) for name, seen in shown.items()}
    assert course.pop(ALWAYS_FIRES) == "firing"
    assert course.keys() == rules.keys() - {ALWAYS_FIRES}
    assert [name for name, seen in course.items() if not seen.startswith("silent firing silent")] == []


def test_every_alert_says_how_bad_it_is_and_quotes_commands_that_exist() -> None:
    for name, rule in alerts(RULES).items():
        assert re.fullmatch(r"Tc([A-Z][a-z]+)+", name)
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
        filled = re.sub(r"\{\{[^}]*\}\}", "value", " ".join(rule["annotations"].values()))
        assert {line: word for line in QUOTED.findall(filled) if (word := unknown_word(line))} == {}


def test_the_generator_adds_the_address_of_each_runbook_and_changes_nothing_else(clone: Path) -> None:
    into = clone / "elsewhere.yaml"
    assert generated(clone, "--runbooks-url", "https://ops.example/books/", "--into", str(into)).returncode == 0
    written, made = alerts(SOURCE), alerts(into)
    for name, rule in written.items():
        runbook = rule["annotations"].pop("runbook")
        assert made[name]["annotations"].pop("runbook_url") == f"https://ops.example/books/{runbook}"
        assert alerts(RULES)[name]["annotations"]["runbook_url"] == f"{RUNBOOKS_URL}/{runbook}"
    assert made == written


def test_an_alert_without_a_runbook_and_an_address_that_is_none_stop_the_generator(clone: Path) -> None:
    assert generated(clone, "--runbooks-url", "javascript:alert(1)").returncode == 2
    (clone / "runbooks" / "feed-stale.md").unlink()
    done = generated(clone)
    assert done.returncode == 1
    assert "TcFeedStale: runbooks/feed-stale.md" in done.stderr


def test_rules_and_their_tests_speak_of_metrics_that_are_served_with_the_labels_that_they_have() -> None:
    expressions = [
        rule["expr"]
        for path in (RULES.with_name("tc-recording.yaml"), RULES)
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    series = [
        each["series"]
        for proof in PROOFS
        for test in yaml.safe_load(proof.read_text(encoding="utf-8"))["tests"]
        for each in test["input_series"]
    ]
    found = [match for text in (*expressions, *series) for match in re.findall(r"\b(tc_[a-z_]+|up)\b(?:\{([^}]*)\})?", text)]
    assert len(found) > len(series)
    for name, matchers in found:
        labels = set(re.findall(r"(\w+)[=!]", matchers)) - {"job", "instance"}
        assert labels <= (set() if name == "up" else set(BY_NAME[name].labels)), (name, matchers)
        for value in re.findall(r'(?:state|verdict|mode)[=!]+"([a-z_]+)"', matchers):
            assert value in KNOWN_VALUES, (name, matchers)
