"""The scripts that measure and torment the store still do."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def run_script(name: str, *arguments: str) -> dict[str, object]:
    command = [sys.executable, str(SCRIPTS / name), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_writers_killed_at_random_moments_lose_nothing() -> None:
    found = run_script("soak.py", "--kills", "5")
    assert found["kills"] == 5
    assert sum(count for count in found.values() if isinstance(count, int)) - found["kills"] - found["seed"] == 5


def test_the_journal_benchmark_measures_everything_it_names(tmp_path: Path) -> None:
    found = run_script("bench_journal.py", "--entries", "20000", "--rounds", "1", "--folder", str(tmp_path))
    for what in ("append", "durable", "verify", "replay"):
        assert found[what]["entries_per_s"] > 0
    assert list(tmp_path.iterdir()) == []
