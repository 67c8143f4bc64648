"""The scripts that measure and torment the store still do."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def run_script(name: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(SCRIPTS / name), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.soak)])
def test_writers_killed_at_random_moments_lose_nothing(kills: int) -> None:
    found = run_script("soak.py", "--kills", str(kills))
    outcomes = {name: found.get(name, 0) for name in ("no_directory", "before_the_journal", "torn", "whole", "sealed")}
    assert sum(outcomes.values()) == found["kills"] == kills


def test_the_journal_benchmark_measures_everything_it_names(tmp_path: Path) -> None:
    found = run_script("bench_journal.py", "--entries", "20000", "--rounds", "1", "--folder", str(tmp_path))
    for what in ("append", "durable", "verify", "replay"):
        assert found[what]["entries_per_s"] > 0
    assert list(tmp_path.iterdir()) == []


def test_the_core_benchmark_measures_every_kind_of_step() -> None:
    found = run_script("bench_core.py", "--orders", "20", "--history", "20", "--rounds", "1")
    for where in ("open_orders_0", "open_orders_10", "open_orders_1000", "long_history"):
        for how in ("alone", "with_append"):
            assert all(found[where][how][what] > 0 for what in ("market", "order", "terms", "submit_request"))


def test_the_replay_benchmark_derives_decisions_again() -> None:
    found = run_script("bench_replay.py", "--entries", "1000", "--rounds", "1")
    assert found["entries_per_s"] > 0
    assert found["decisions"] > 100


@pytest.mark.e2e
def test_the_gate_benchmark_records_the_same_events_whether_the_gate_is_on_or_observes() -> None:
    found = run_script("bench_gate.py", "--rounds", "1", "--workload", "packaged")["packaged"]
    assert found["events"]["on"] == found["events"]["observe"] > found["events"]["recording"]
    assert found["on"]["ratio_of_minima"] > 0
