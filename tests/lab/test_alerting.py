"""The alerting that a drill is given: the shipped configuration at a drill's pace, which the programs themselves accept."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from system_programs import program
from tc.errors import InconclusiveError
from tc.lab.alerting import Alerting, dead_mans_switch_every_s, has_programs, prepare_alerting, require_programs, shipped_alerts
from tc.lab.scaling import alert_names

WEBHOOK = "http://127.0.0.1:9/a-webhook"
AMTOOL = ("amtool", "prometheus-amtool")


@pytest.fixture
def alerting(tmp_path: Path) -> Alerting:
    return prepare_alerting(tmp_path, WEBHOOK, environment={})


def checked(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_what_is_written_with_every_rule_and_target(alerting: Alerting, tmp_path: Path) -> None:
    checked(program("promtool"), "check", "config", tmp_path / "prometheus" / "prometheus.yml")
    rules = "".join(each.read_text() for each in (tmp_path / "prometheus" / "rules").iterdir())
    assert alert_names(rules) == shipped_alerts()
    targets = {each.stem: yaml.safe_load(each.read_text()) for each in (tmp_path / "prometheus" / "targets").iterdir()}
    assert targets["tc"] == [{"targets": [alerting.metrics_url.removeprefix("http://")]}]
    [alertmanager] = targets["alertmanager"][0]["targets"]
    assert f"--web.listen-address={alertmanager}" in alerting.alertmanager.command


def test_alertmanager_accepts_what_is_written_and_tells_one_receiver_of_all_of_it(alerting: Alerting, tmp_path: Path) -> None:
    path = tmp_path / "alertmanager" / "alertmanager.yml"
    amtool = next((found for each in AMTOOL if (found := shutil.which(each))), None) or program(AMTOOL[0])
    checked(amtool, "check-config", path)
    document = yaml.safe_load(path.read_text())
    told = {each["name"]: each.get("webhook_configs", []) for each in document["receivers"]}
    assert {name: [each["url"] for each in hooks] for name, hooks in told.items() if hooks} == {
        "people": [WEBHOOK],
        "dead-mans-switch": [WEBHOOK],
    }
    assert {name: hooks[0]["send_resolved"] for name, hooks in told.items() if hooks} == {
        "people": True,
        "dead-mans-switch": False,
    }
    assert path.stat().st_mode & 0o077 == 0


def test_how_often_the_alert_that_always_fires_comes_is_what_alertmanager_is_told(alerting: Alerting, tmp_path: Path) -> None:
    document = yaml.safe_load((tmp_path / "alertmanager" / "alertmanager.yml").read_text())
    [route] = [each for each in document["route"]["routes"] if "TcDeadMansSwitch" in each["matchers"][0]]
    assert route["repeat_interval"] == f"{dead_mans_switch_every_s() * 1000:.0f}ms"
    assert dead_mans_switch_every_s() == 6


def test_nothing_listens_on_anything_but_this_machine(alerting: Alerting) -> None:
    listens = [word for each in alerting.processes for word in each.command if word.startswith("--web.listen-address=")]
    assert len(listens) == 2
    assert {word.partition("=")[2].partition(":")[0] for word in listens} == {"127.0.0.1"}
    assert alerting.metrics_url.startswith("http://127.0.0.1:")
    assert "--cluster.listen-address=" in alerting.alertmanager.command
    ports = {word.rpartition(":")[2] for word in (*listens, alerting.metrics_url)}
    assert len(ports) == 3


def test_a_rule_that_is_left_out_is_the_detector_that_is_switched_off(tmp_path: Path) -> None:
    prepare_alerting(tmp_path, WEBHOOK, environment={}, without=frozenset({"TcFeedStale"}))
    rules = "".join(each.read_text() for each in (tmp_path / "prometheus" / "rules").iterdir())
    assert set(shipped_alerts()) - set(alert_names(rules)) == {"TcFeedStale"}
    checked(program("promtool"), "check", "config", tmp_path / "prometheus" / "prometheus.yml")


def test_without_the_programs_it_says_which_are_missing_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_programs()
    with pytest.raises(InconclusiveError, match="prometheus and prometheus-alertmanager cannot be found") as caught:
        require_programs()
    assert "--no-prometheus" in caught.value.hint
    one = tmp_path / "prometheus"
    one.write_text("#!/bin/sh\n")
    one.chmod(0o755)
    with pytest.raises(InconclusiveError, match=r"^prometheus-alertmanager cannot be found"):
        require_programs()
    (tmp_path / "prometheus-alertmanager").symlink_to(one)
    require_programs()
    assert has_programs()
