"""A paper run from the command line: an unmodified strategy on the embedded exchange; stopped, killed, verified, replayed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.e2e

SPEC = Path(__file__).resolve().parents[2] / "specs" / "btcusdt_paper.yaml"
EMA_CROSS = {
    "path": "nautilus_trader.examples.strategies.ema_cross:EMACross",
    "config_path": "nautilus_trader.examples.strategies.ema_cross:EMACrossConfig",
    "config": {
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "bar_type": "BTCUSDT-PERP.BINANCE-2-TICK-MID-INTERNAL",
        "trade_size": "0.010",
        "fast_ema_period": 2,
        "slow_ema_period": 3,
        "request_bars": False,
    },
}
PATIENCE_S = 40


def tc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `tc` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "tc", *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def written(folder: Path, **changes: Any) -> Path:
    """Write the packaged paper spec with an unmodified strategy of Nautilus's."""
    document = {**yaml.safe_load(SPEC.read_text()), "gate": "on", "strategy": EMA_CROSS, **changes}
    path = folder / "paper.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run a paper spec as a process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tc", "run", str(written(folder)), "--json", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run_of(folder: Path) -> Path:
    """Return the one run directory, once there is one that trades."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        for each in (folder / "artifacts" / "runs").glob("*/journal.jsonl"):
            if b"OrderFilled" in each.read_bytes():
                return each.parent
        time.sleep(0.05)
    raise AssertionError("no order was filled")


def test_a_paper_run_of_an_unmodified_strategy_verifies_and_replays_to_the_same_decisions(tmp_path: Path) -> None:
    ran = tc(tmp_path, "run", str(written(tmp_path)), "--duration", "6", "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    run = run_of(tmp_path)
    assert tc(tmp_path, "runs", "verify", run.name).returncode == 0
    replayed = tc(tmp_path, "runs", "replay", run.name)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert json.loads((run / "metadata.json").read_text())["status"] == "completed"
    assert (run / "decisions.jsonl").stat().st_size > 0
    assert [each for each in (run / "logs").iterdir() if each.suffix == ".jsonl"]


def test_a_paper_run_that_is_killed_ends_flat_as_killed_with_exit_code_3(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        run = run_of(tmp_path)
        killed = tc(tmp_path, "kill", "activate", "--run", run.name, "--mode", "flatten", "--reason", "a test")
        assert killed.returncode == 0, killed.stdout + killed.stderr
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 3, out + err
    assert json.loads((run / "metadata.json").read_text())["status"] == "killed"
    steps = [
        event["step"]
        for line in (run / "journal.jsonl").read_text().splitlines()
        if (event := json.loads(line)["entry"]["event"])["type"] == "KillSwitchAdvanced"
    ]
    assert steps == ["blocked", "annihilated", "cancelled", "flattened", "halted"]
    assert tc(tmp_path, "runs", "verify", run.name).returncode == 0
    assert tc(tmp_path, "runs", "replay", run.name).returncode == 0


def test_a_paper_run_leaves_no_process_when_it_is_interrupted(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        run = run_of(tmp_path)
        children = [int(each) for each in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 3
    assert len(children) == 2
    assert not [each for each in children if Path(f"/proc/{each}").exists()]
    assert json.loads((run / "metadata.json").read_text())["status"] == "stopped"
    assert not os.path.lexists(tmp_path / "runtime" / "nodes" / f"{run.name}.sock")
