"""Measure how fast `tc` starts: `tc --help` and `tc spec validate` beside `python -c "import typer"`, medians as one JSON object.

The commands alternate, so that a busy machine slows all of them alike. One round before the first is not counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TC = Path(sys.executable).with_name("tc")
BASELINE = "import typer"
COMMANDS = {
    BASELINE: [sys.executable, "-c", "import typer"],
    "tc --help": [str(TC), "--help"],
    "tc spec validate": [str(TC), "spec", "validate", str(REPOSITORY / "specs" / "ops_smoke_demo.yaml")],
}
LIMIT = 2.0


def seconds_of(command: list[str]) -> float:
    """Return the wall-clock seconds of one run of a command."""
    environment = {**os.environ, "COLUMNS": "100", "TERM": "dumb"}
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def measure(rounds: int) -> dict[str, object]:
    """Return the medians in milliseconds, and their ratios to the baseline."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for each in range(rounds + 1):
        for name, command in COMMANDS.items():
            elapsed = seconds_of(command)
            if each > 0:
                seconds[name].append(elapsed)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratios = {name: round(median / medians[BASELINE], 3) for name, median in medians.items() if name != BASELINE}
    return {
        "benchmark": "startup",
        "rounds": rounds,
        "median_ms": {name: round(median * 1000, 1) for name, median in medians.items()},
        "ratio_to_import_typer": ratios,
        "limit": LIMIT,
        "within_limit": all(ratio <= LIMIT for ratio in ratios.values()),
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description="Measure how fast tc starts.")
    parser.add_argument("--rounds", type=int, default=15, help="how often each command is run")
    print(json.dumps(measure(parser.parse_args().rounds), indent=2))


if __name__ == "__main__":
    main()
