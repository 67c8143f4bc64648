"""The gated smoke run as people use it: each outcome in it, told by `tc runs explain`, the same in every process, and killed."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import warm
from recorded_runs import SPECS, Workshop, decisions, events, held_until_sent, outcomes
from tc.cli.main import main
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal

pytestmark = pytest.mark.e2e
SPEC = SPECS / "ops_smoke_gated.yaml"
HALTED_NS = 1_736_133_000_200_000_000  # 2025-01-06 03:10:00.2 UTC, as the spec's operation says

SLOW = """
import time

from tc.engines.nautilus.scenarios.ops_smoke_demo import OpsSmokeDemo, OpsSmokeDemoConfig


class SlowConfig(OpsSmokeDemoConfig, frozen=True):
    pass


class Slow(OpsSmokeDemo):
    def on_bar(self, bar):
        time.sleep(0.001)
        super().on_bar(bar)
"""

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the packaged data and the spec's run in two processes of other hash seeds."""
    folder = tmp_path_factory.mktemp("gated")
    assert tc_in(folder, "data", "prepare", "btcusdt-1m-sample").returncode == 0
    for seed in ("0", "77"):
        done = tc_in(folder, "run", SPEC, "--run-id", f"seed-{seed}", PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
    return folder


def tc_in(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return warm.tc(*arguments, cwd=folder, **environment)


@pytest.fixture
def tc(folder: Path) -> Command:
    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return tc_in(folder, *arguments, **environment)

    return run


@pytest.fixture
def gated(folder: Path) -> RunDirectory:
    return RunDirectory(folder / "artifacts" / "runs" / "seed-0")


def the_first(run: RunDirectory, kind: str, result: str, reason: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first decision with such an outcome, and the outcome."""
    wanted = (kind, result, reason)
    return next(
        (line, each)
        for line in decisions(run)
        for each in line.get("outcomes", ())
        if (each["kind"], each["result"], each.get("reason", "")) == wanted
    )


def test_R90_two_processes_with_other_hash_seeds_decide_the_same_byte_for_byte(folder: Path, tc: Command) -> None:
    one, other = (RunDirectory(folder / "artifacts" / "runs" / f"seed-{seed}") for seed in ("0", "77"))
    assert read_seal(one).journal.digest == read_seal(other).journal.digest
    assert one.decisions.read_bytes() == other.decisions.read_bytes() != b""
    for check in ("verify", "replay", "reproduce"):
        done = tc("runs", check, "seed-0")
        assert done.returncode == 0, (check, done.stdout, done.stderr)


def test_the_gated_smoke_run_shows_each_outcome(gated: RunDirectory) -> None:
    told = outcomes(gated)
    for outcome in (
        ("allowed", ""),
        ("denied", "max_order_notional"),
        ("merged", "replace_of_unsent"),
        ("annihilated", "cancel_of_unsent"),
        ("held", "rate_capacity"),
        ("sent", ""),
        ("invalid", "kill_switch"),
    ):
        assert told[outcome] > 0, outcome


def test_R53_what_the_smoke_run_s_rate_held_was_sent_exactly_at_its_deadline(gated: RunDirectory) -> None:
    held = held_until_sent(gated)
    assert len(held) > 10
    assert all(until == at and by == "ControlTimeReached" for until, at, by in held)


def test_R43_the_kill_switch_invalidates_what_still_waits(gated: RunDirectory) -> None:
    line, outcome = the_first(gated, "NEW", "invalid", "kill_switch")
    assert line["at_ns"] == HALTED_NS
    key = outcome["key"]
    until = [
        each["until_ns"]
        for earlier in decisions(gated)
        for each in earlier.get("outcomes", ())
        if each["key"] == key and each["result"] == "held"
    ]
    assert until[0] > HALTED_NS
    names = [each["type"] for each in events(gated) if each.get("client_order_id") == key]
    assert "OrderSubmitted" not in names
    assert names[-1] == "OrderDenied"


@pytest.mark.parametrize(
    ("kind", "result", "reason", "words", "ending"),
    [
        ("NEW", "allowed", "", "was allowed by Risk", ""),
        ("NEW", "denied", "max_order_notional", "was denied by Risk", "in the end: never sent: it was denied by Risk"),
        ("REPLACE", "merged", "replace_of_unsent", "was merged into the command that waited", ""),
        (
            "NEW",
            "annihilated",
            "cancel_of_unsent",
            "was annihilated before it was sent",
            "in the end: never sent: it was annihilated",
        ),
        ("NEW", "held", "rate_capacity", "was held back until", ""),
        ("NEW", "sent", "", "was sent with", ""),
        ("NEW", "invalid", "kill_switch", "was dropped unsent", "the kill switch was set while it waited [kill_switch, R43]"),
    ],
)
def test_explain_tells_each_outcome_of_an_order_and_at_its_position(
    tc: Command, gated: RunDirectory, kind: str, result: str, reason: str, words: str, ending: str
) -> None:
    line, outcome = the_first(gated, kind, result, reason)
    life = tc("runs", "explain", "seed-0", "--order", outcome["key"])
    assert life.returncode == 0, life.stderr
    assert words in life.stdout
    assert ending in life.stdout
    there = tc("runs", "explain", "seed-0", "--position", line["position"])
    assert there.returncode == 0, there.stderr
    assert words in there.stdout
    assert outcome["key"] in there.stdout


@pytest.fixture
def victim(folder: Path, tmp_path: Path) -> RunDirectory:
    """Return a copy of the gated run that a test may harm."""
    copy = tmp_path / "artifacts" / "runs" / "victim"
    shutil.copytree(folder / "artifacts" / "runs" / "seed-0", copy)
    return RunDirectory(copy)


def altered(data: bytes) -> bytes:
    assert b'"result":"denied"' in data
    return data.replace(b'"result":"denied"', b'"result":"allowed"', 1)


def without_a_line(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:40] + lines[41:])


def exchanged(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join([*lines[:9], lines[10], lines[9], *lines[11:]])


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(altered, id="altered"),
        pytest.param(without_a_line, id="a line removed"),
        pytest.param(exchanged, id="two lines exchanged"),
        pytest.param(lambda data: data[:-20], id="torn"),
        pytest.param(lambda data: data + data.splitlines(keepends=True)[-1], id="a line added"),
        pytest.param(lambda data: b"", id="emptied"),
        pytest.param(lambda data: b"[" * 100_000 + b"\n" + data, id="nested deeply"),
        pytest.param(lambda data: b"\xff\x00" + data, id="no text"),
        pytest.param(None, id="removed"),
    ],
)
def test_harm_to_the_decisions_of_a_sealed_run_is_found_by_verify_and_replay_and_explain_does_not_break(
    victim: RunDirectory, folder: Path, harm: Callable[[bytes], bytes] | None
) -> None:
    if harm is None:
        victim.decisions.unlink()
    else:
        victim.decisions.write_bytes(harm(victim.decisions.read_bytes()))
    runs = ("--artifacts-root", victim.path.parents[1])
    for command, code in (("verify", {6}), ("replay", {6}), ("explain", {0, 6})):
        done = tc_in(folder, "runs", command, "victim", *runs)
        assert done.returncode in code, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    "setting",
    [
        "risk.max_order_quantity=NaN",
        "risk.max_order_quantity=Infinity",
        "risk.max_position=-1",
        "risk.max_order_notional=1e999999999",
        "risk.price_collar=-0.1",
        "risk.duplicate_window_s=1e300",
        "risk.reference_max_age_s=0",
        "risk.throttle={executions: 0, window_s: 1}",
        "risk.throttle={executions: 1, window_s: 1e30}",
        "risk.max_daily_messages=0",
        "risk.max_daily_messages=true",
        "execution.rate={messages: 0, period_s: 1, burst: 1}",
        "execution.rate={messages: 1, period_s: 0, burst: 1}",
        "execution.rate={messages: 1, period_s: 1, burst: 0}",
        "execution.rate={messages: 1e99, period_s: 1, burst: 1}",
        "execution.priority=[CANCEL, CANCEL, NEW]",
        "timing.acknowledgement_timeout_s=-1",
        "timing.heartbeat_s=1e-12",
        "operations=[{at: yesterday, kill_switch: halt, reason: x}]",
        "operations=[{at: 2025-01-06T03:10:00Z, kill_switch: maybe, reason: x}]",
        "risk.profile=../../etc/passwd",
        "gate=maybe",
    ],
)
def test_hostile_limits_are_refused_by_name_before_anything_is_written(
    folder: Path, setting: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["tc", "run", str(SPEC), "--run-id", "hostile", "--set", setting])
    with pytest.raises(SystemExit) as caught:
        main()
    said = capsys.readouterr().err
    assert caught.value.code == 2, said
    assert setting.partition("=")[0].rpartition(".")[2] in said
    assert "Traceback" not in said
    assert not (folder / "artifacts" / "runs" / "hostile").exists()


def slow_spec(folder: Path) -> Path:
    """Write the gated spec with a strategy that takes its time and steps at each bar, so that it can be killed on the way."""
    (folder / "slow.py").write_text(SLOW, encoding="utf-8")
    path = folder / "slow.yaml"
    text = SPEC.read_text(encoding="utf-8")
    own = 'path: "slow:Slow"\n  config_path: "slow:SlowConfig"\n  python_path: ["."]\n'
    own += "  config: {instrument_id: BTCUSDT-PERP.BINANCE, seed: 42, burst_every: 1, step_every: 1}\n"
    text = text.replace("dataset: btcusdt-1m-sample\n", "dataset: btcusdt-1m-sample\n  end: 2025-01-06T10:00:00Z\n")
    path.write_text(text.replace("scenario: ops_smoke_demo\n  parameters: {burst_every: 4}\n", own), encoding="utf-8")
    return path


def test_a_gated_run_killed_at_random_moments_is_read_and_recovered_with_its_decisions(folder: Path, tc: Command) -> None:
    spec = slow_spec(folder)
    runs = folder / "artifacts" / "runs"
    whole = RunDirectory(runs / "whole")
    done = tc("run", spec, "--run-id", "whole")
    assert done.returncode == 0, done.stderr
    journal, decided = whole.journal.read_bytes(), whole.decisions.read_bytes()
    moments = random.Random(20_241_121)  # noqa: S311 - moments, not secrets
    for number in range(1):
        killed = RunDirectory(runs / f"killed-{number}")
        kill_at_size(folder, spec, killed, moments.uniform(0.3, 0.8) * len(journal))
        assert not killed.seal.exists()
        assert killed.run_id in tc("runs", "list", "--json").stdout
        for command, codes in (("show", {0, 6}), ("verify", {7}), ("replay", {0}), ("explain", {0})):
            done = tc("runs", command, killed.run_id)
            assert done.returncode in codes, (command, done.stdout, done.stderr)
            assert "Traceback" not in done.stderr, done.stderr
        written = killed.decisions.read_bytes().rpartition(b"\n")[0]
        assert written
        assert decided.startswith(written)
        told = json.loads(tc("runs", "explain", killed.run_id, "--json").stdout)["outcomes"]
        assert tc("runs", "recover", killed.run_id).returncode == 0
        assert journal.startswith(killed.journal.read_bytes())
        recovered = killed.decisions.read_bytes()
        assert decided.startswith(recovered)
        last = json.loads(killed.journal.read_bytes().splitlines()[-1])["entry"]["position"]
        behind = decided[len(recovered) :].splitlines()[0]
        assert json.loads(behind)["position"] > last
        assert sum(each["count"] for each in told) == outcomes(killed).total() > 0
        Workshop(folder / "artifacts").hold(killed, is_reproduced=False)
        assert json.loads(tc("runs", "explain", killed.run_id, "--json").stdout)["outcomes"] == told


def kill_at_size(folder: Path, spec: Path, run: RunDirectory, size: float) -> None:
    """Start a run, and kill it once its journal has a size."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tc", "run", str(spec), "--run-id", run.run_id],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (run.journal.exists() and run.journal.stat().st_size >= size) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
