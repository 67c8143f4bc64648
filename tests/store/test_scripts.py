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
