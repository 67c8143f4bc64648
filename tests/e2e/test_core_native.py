"""Core-native strategies as people run them: on both engines, the same in every process, and re-fed to another Runtime."""

import hashlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import warm
from tc.checks.evidence import items_of
from tc.core import EventStreamEntry
from tc.core.decision import Decision
from tc.flows.configuration import read_configuration
from tc.flows.runs.decided import decisions_of
from tc.reports.story import merged
from tc.store.journal import read_entries
from tc.store.layout import RunDirectory

pytestmark = pytest.mark.e2e
SPECS = Path(__file__).resolve().parents[2] / "specs"
ENDS = {"quoter": "2025-01-06T08:03:00Z", "momentum": "2025-01-06T08:22:00Z", "hft": "2025-01-06T08:01:00Z"}
SEEDS = ("0", "77")
IN_NAUTILUS = ("quoter", "momentum")
needs_hft = pytest.mark.skipif(find_spec("hftbacktest") is None, reason="the optional extra hft is not installed")
EVERY = [*IN_NAUTILUS, pytest.param("hft", marks=needs_hft)]

REFEED = """
import importlib, json, sys
import msgspec
from pathlib import Path
from tc.core import CoreConfiguration
from tc.runtime.refeed import refeed
from tc.store.journal import read_entries

folder = Path(sys.argv[1])
document = json.loads((folder / "configuration.json").read_bytes())
module, _, name = document["strategy"]["name"].partition(":")
strategy_class = getattr(importlib.import_module(module), name)
strategy = msgspec.json.decode(msgspec.json.encode(document["strategy"]["parameters"]), type=strategy_class)
configuration = CoreConfiguration.from_document(document)
refed = refeed(read_entries(folder / "journal.jsonl"), configuration=configuration, strategy=strategy)
assert "nautilus_trader" not in sys.modules
print(json.dumps([str(refed.difference), refed.entries, refed.state_digest, refed.decision_digest]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every run, made twice: by processes with other hash seeds."""
    folder = tmp_path_factory.mktemp("native")
    names = [*IN_NAUTILUS, *(("hft",) if find_spec("hftbacktest") else ())]
    for sample in ("btcusdt-ticks-sample", "btcusdt-book-sample"):
        assert command(folder, "data", "prepare", sample).returncode == 0
    for name in names:
        for seed in SEEDS:
            spec, end = SPECS / f"btcusdt_{name}.yaml", f"data.end={ENDS[name]}"
            done = command(folder, "run", spec, "--set", end, "--run-id", f"{name}-{seed}", PYTHONHASHSEED=seed)
            assert done.returncode == 0, done.stderr
    return folder


def command(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return warm.tc(*arguments, cwd=folder, timeout=240, **environment)


def directory(folder: Path, run: str) -> RunDirectory:
    return RunDirectory(folder / "artifacts" / "runs" / run)


def told(run: RunDirectory) -> tuple[list[EventStreamEntry], list[Decision]]:
    """Return a run's entries and decisions."""
    return list(read_entries(run.journal)), list(decisions_of(run, read_configuration(run).core)[0])


def lanes(run: RunDirectory) -> dict[str, list[Any]]:
    """Return what a run's stream says, apart for each source."""
    entries, decisions = told(run)
    found: dict[str, list[Any]] = {}
    for item in items_of(merged(iter(entries), iter(decisions))):
        found.setdefault(item.lane, []).append(item.value)
    return found


@pytest.mark.parametrize("name", EVERY)
def test_it_trades_and_has_to_wait_for_its_rate(folder: Path, name: str) -> None:
    entries, decisions = told(directory(folder, f"{name}-0"))
    names = {type(entry.event).__name__ for entry in entries}
    assert {"MarketObserved", "OrderSubmitted", "OrderFilled", "ControlTimeReached"} <= names
    assert "StrategyFailed" not in names
    held = {(each.result, each.reason) for decision in decisions for each in decision.outcomes}
    assert {("sent", ""), ("held", "rate_capacity")} <= held
    if name != "momentum":
        assert {("superseded", "same_kind_latest_wins"), ("merged", "replace_of_unsent")} <= held


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("check", ["verify", "replay", "reproduce"])
def test_it_holds_to_every_check(folder: Path, name: str, check: str) -> None:
    done = command(folder, "runs", check, f"{name}-0")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", IN_NAUTILUS)
def test_its_report_counts_the_rows_that_it_saw(folder: Path, name: str) -> None:
    metrics = json.loads(directory(folder, f"{name}-0").metrics.read_text())
    observed = sum(type(entry.event).__name__ == "MarketObserved" for entry in told(directory(folder, f"{name}-0"))[0])
    assert metrics["data"]["rows"] == observed > 1000
    assert metrics["fills"]["total"] > 0


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("seed", ["1", "4242"])
def test_R89_its_stream_gives_the_same_State_and_decisions_under_another_runtime_process_and_hash_seed(
    folder: Path, name: str, seed: str
) -> None:
    run = directory(folder, f"{name}-0")
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", REFEED, str(run.path)], env=environment, capture_output=True, text=True, check=True, timeout=240
    )
    seal = json.loads(run.seal.read_text())
    decisions = hashlib.sha256(run.decisions.read_bytes()).hexdigest()
    assert json.loads(done.stdout) == ["None", seal["journal"]["entries"], seal["state_digest"], decisions]


@pytest.mark.parametrize("name", EVERY)
def test_R90_the_same_data_and_the_same_requests_give_the_same_feedback(folder: Path, name: str) -> None:
    one, other = (lanes(directory(folder, f"{name}-{seed}")) for seed in SEEDS)
    assert one["market"] == other["market"]
    assert one["request"] == other["request"]
    assert one["feedback"] == other["feedback"]
    assert len(one["feedback"]) > 100


@pytest.mark.parametrize("name", EVERY)
def test_two_runs_of_one_strategy_on_one_engine_compare_as_equal(folder: Path, name: str, tmp_path: Path) -> None:
    done = command(folder, "evidence", "compare", *(f"{name}-{seed}" for seed in SEEDS), "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    evidence = json.loads(done.stdout)
    assert (evidence["same"], evidence["cause"], evidence["configuration"]) == (True, None, [])
    assert evidence["same_state_digest"]
    assert evidence["same_decision_digest"]


@needs_hft
def test_runs_of_one_strategy_on_two_engines_part_where_the_engines_and_their_data_differ(folder: Path, tmp_path: Path) -> None:
    done = command(folder, "evidence", "compare", "quoter-0", "hft-0", "--out", tmp_path, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    evidence = json.loads(done.stdout)
    assert [evidence[side]["engine"].split()[0] for side in ("left", "right")] == ["nautilus", "hftbacktest"]
    assert evidence["cause"]["kind"] == "market_data"
    assert {"dataset.id", "engine.name"} <= {each["path"] for each in evidence["cause"]["related"]}
    assert evidence["lanes"]["feedback"]["parting"] is not None


def test_another_fill_of_the_same_request_is_named_the_venues_fill_model(folder: Path, tmp_path: Path) -> None:
    fees = ("--set", 'venue.fees={maker: "0.0001", taker: "0.0003"}')
    spec, end = SPECS / "btcusdt_quoter.yaml", f"data.end={ENDS['quoter']}"
    assert command(folder, "run", spec, "--set", end, *fees, "--run-id", "other-fees").returncode == 0
    done = command(folder, "evidence", "compare", "quoter-0", "other-fees", "--out", tmp_path, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    evidence = json.loads(done.stdout)
    assert evidence["cause"]["kind"] == "venue_fill_model"
    assert any(each["path"].startswith("run_spec.venue.fees") for each in evidence["cause"]["related"])
