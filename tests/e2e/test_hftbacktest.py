"""`tc run` on an order book in hftbacktest, as people use it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import warm

pytestmark = pytest.mark.e2e
SPEC = Path(__file__).resolve().parents[2] / "specs" / "btcusdt_hft.yaml"
SHORT = ("--set", "data.end=2025-01-06T08:01:00Z")

Command = Callable[..., subprocess.CompletedProcess[str]]

KILLER = """
import os
import signal
from pathlib import Path

import msgspec


class Killer(msgspec.Struct, frozen=True):
    after: int = 50

    def evaluate(self, context):
        if context.position > self.after:
            for stat in Path("/proc").glob("[0-9]*/stat"):
                try:
                    parent = int(stat.read_text().rpartition(")")[2].split()[1])
                except OSError:
                    continue
                if parent == os.getpid():
                    os.kill(int(stat.parent.name), signal.SIGKILL)
        return ()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hft")
    warm.tc("data", "prepare", "btcusdt-book-sample", cwd=folder).check_returncode()
    return folder


@pytest.fixture
def tc(folder: Path) -> Command:
    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return warm.tc(*arguments, cwd=folder, timeout=240, **environment)

    return run


def test_R90_the_smoke_run_is_the_same_in_every_process_and_holds_to_every_check(tc: Command) -> None:
    digests = set()
    for seed in ("0", "77"):
        done = tc("run", SPEC, *SHORT, "--run-id", f"seed-{seed}", "--json", PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        digests.add(json.loads(done.stdout)["journal_digest"])
    assert len(digests) == 1
    for check in ("verify", "replay", "reproduce"):
        done = tc("runs", check, "seed-0")
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_smoke_run_s_quoter_queues_under_its_rate_limit(tc: Command, folder: Path) -> None:
    done = tc("run", SPEC, *SHORT, "--run-id", "queues")
    assert done.returncode == 0, done.stderr
    text = (folder / "artifacts" / "runs" / "queues" / "decisions.jsonl").read_text()
    assert '"result":"held","reason":"rate_capacity"' in text
    assert '"result":"superseded","reason":"same_kind_latest_wins"' in text


def test_the_momentum_taker_trades_on_the_book(tc: Command, folder: Path) -> None:
    text = SPEC.read_text().replace("quoter:TwoSidedQuoter", "momentum:MomentumTaker")
    old = next(line for line in text.splitlines() if line.startswith("  parameters:"))
    new = '  parameters: {tick: "0.1", quantity: "0.05", lookback_s: 2, threshold: "0.00001", holding_s: 5, max_position: "0.2"}'
    (folder / "momentum.yaml").write_text(text.replace(old, new) + "core: {price_history: {samples: 100, every_s: 1}}\n")
    done = tc("run", "momentum.yaml", *SHORT, "--run-id", "momentum")
    assert done.returncode == 0, done.stderr
    journal = (folder / "artifacts" / "runs" / "momentum" / "journal.jsonl").read_text()
    assert '"type":"OrderFilled"' in journal
    assert '"client_order_id":"M-E-' in journal
    assert '"client_order_id":"M-X-' in journal
    assert tc("runs", "replay", "momentum").returncode == 0


def test_a_run_whose_engine_is_killed_is_sealed_as_failed(tc: Command, folder: Path) -> None:
    (folder / "killer.py").write_text(KILLER)
    text = SPEC.read_text().replace("tc.strategies.quoter:TwoSidedQuoter", "killer:Killer")
    old = next(line for line in text.splitlines() if line.startswith("  parameters:"))
    (folder / "killer.yaml").write_text(text.replace(old, "  python_path: ['.']"))
    done = tc("run", "killer.yaml", *SHORT, "--run-id", "killed")
    assert done.returncode == 4
    assert "signal 9" in done.stderr
    assert tc("runs", "verify", "killed").returncode == 0
    assert json.loads((folder / "artifacts" / "runs" / "killed" / "seal.json").read_text())["status"] == "failed"
