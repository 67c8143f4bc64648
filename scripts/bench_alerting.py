"""From a feed that is cut off to the webhook, and back: the test of it, three times with everything real; prints one JSON object.

`dead_to_webhook_s` is from the moment at which node and supervisor together say that the feed is dead, over scrape, evaluation
and Alertmanager, each at an interval of a second. `live_to_resolved_webhook_s` has Alertmanager's `group_interval` in it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parents[1]
TIMES = 3


def main() -> None:
    """Measure, and print the median and the worst."""
    found = [_once() for _ in range(TIMES)]
    print(json.dumps({name: {"p50": median(values), "max": max(values)} for name, values in _columns(found).items()}))


def _once() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "times.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/e2e/test_alerting.py"]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "TC_TIMES_FILE": str(times), "CI": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stdout)
        measured: dict[str, float] = json.loads(times.read_text())
        return measured


def _columns(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


if __name__ == "__main__":
    main()
