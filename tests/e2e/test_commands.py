"""`tc` as people use it: real processes, real engine, real signals."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import warm
from recorded_runs import before_the_gate, body_digest
from tc.store.journal import scan_journal
from tc.store.layout import RunDirectory

pytestmark = pytest.mark.e2e
TC = [sys.executable, "-m", "tc"]
SPECS = Path(__file__).resolve().parents[2] / "specs"

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tc(tmp_path: Path) -> Command:
    def run(*arguments: object, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        return warm.tc(*arguments, cwd=tmp_path, timeout=timeout, **environment)

    return run


def documents(tmp_path: Path) -> list[RunDirectory]:
    return [RunDirectory(path) for path in sorted((tmp_path / "artifacts" / "runs").iterdir())]


def test_the_demo_runs_in_an_empty_folder_trades_on_paper_and_says_where_to_look(tc: Command, tmp_path: Path) -> None:
    done = tc("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("verified and replayed") == 2
    told = dict(line.split(maxsplit=1) for line in done.stdout.partition("on paper")[2].splitlines() if len(line.split()) > 1)
    assert told["status"] == "killed"
    assert int(told["fills"].split(",")[0]) > 0
    assert "proven flat after" in told["kill"]
    assert told["reconciliation"].startswith("clean")
    reports = [line.split()[-1] for line in done.stdout.partition("Look at them")[2].splitlines() if line.startswith("  the ")]
    assert [Path(report).name for report in reports] == ["report.html", "journal.jsonl", "report.html", "timeline.html"]
    assert all((tmp_path / report).is_file() for report in reports)
    drilled = json.loads((tmp_path / "artifacts" / "drills" / "disconnect-1" / "verdict.json").read_text())
    if shutil.which("prometheus") and shutil.which("prometheus-alertmanager"):
        assert drilled["verdict"] == "passed", done.stdout
    else:
        assert [part["part"] for part in drilled["parts"] if part["outcome"] == "failed"] == []
    assert "no kill switch is active" in tc("kill", "status").stdout
    assert "Traceback" not in done.stderr


def test_two_processes_with_other_hash_seeds_make_the_same_journal(tc: Command) -> None:
    assert tc("data", "prepare").returncode == 0
    digests = set()
    for seed in ("0", "77"):
        done = tc("run", SPECS / "ops_smoke_demo.yaml", "--run-id", f"seed-{seed}", "--json", PYTHONHASHSEED=seed)
        assert done.returncode == 0, done.stderr
        digests.add(json.loads(done.stdout)["journal_digest"])
    assert len(digests) == 1
    assert tc("runs", "diff", "seed-0", "seed-77").returncode == 0
    assert tc("runs", "reproduce", "seed-0").returncode == 0


def test_set_changes_a_value_and_the_journal(tc: Command) -> None:
    tc("data", "prepare")
    spec = SPECS / "ops_smoke_demo.yaml"
    first = json.loads(tc("run", spec, "--json", "--set", "data.end=2025-01-06T01:00:00Z").stdout)
    second = json.loads(tc("run", spec, "--json", "--set", "data.end=2025-01-06T01:00:00Z", "--set", "seed=43").stdout)
    assert first["journal_digest"] != second["journal_digest"]
    differing = tc("runs", "diff", first["run_id"], second["run_id"])
    assert differing.returncode == 1
    assert "seed" in differing.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("run", SPECS / "ops_smoke_demo.yaml"), 6, "btcusdt-1m-sample"),
        (("run", SPECS / "ops_smoke_demo.yaml", "--set", "venue.oms_type=NETTNG"), 2, "netting"),
        (("run", SPECS / "ops_smoke_demo.yaml", "--run-id", "../x"), 6, "btcusdt-1m-sample"),
        (("runs", "verify", "nothing"), 6, "nothing"),
        (("runs", "show", "../../etc"), 2, "etc"),
        (("run",), 2, "RunSpec"),
    ],
)
def test_what_a_user_can_get_wrong_is_a_message_a_hint_and_an_exit_code(
    tc: Command, arguments: tuple[object, ...], code: int, words: str
) -> None:
    done = tc(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_strategy_that_raises_exits_4_with_a_sealed_run(tc: Command, tmp_path: Path) -> None:
    tc("data", "prepare")
    (tmp_path / "mine.py").write_text(
        "from nautilus_trader.trading.strategy import Strategy\n\n\n"
        "class Mine(Strategy):\n    def on_start(self):\n        raise KeyError('password=hunter2')\n"
    )
    spec = (SPECS / "ops_smoke_demo.yaml").read_text()
    spec = spec.replace("  scenario: ops_smoke_demo\n", '  path: "mine:Mine"\n  python_path: ["."]\n')
    (tmp_path / "mine.yaml").write_text(spec)
    done = tc("run", "mine.yaml", "--run-id", "fails")
    assert done.returncode == 4
    assert "KeyError" in done.stdout + done.stderr
    assert tc("runs", "verify", "fails").returncode == 0
    assert tc("runs", "replay", "fails").returncode == 0
    assert "KeyError" in (tmp_path / "artifacts/runs/fails/error.txt").read_text()


def slow_spec(tmp_path: Path) -> Path:
    """Write a spec whose strategy takes its time at each bar, so that there is time to interrupt it."""
    (tmp_path / "slow.py").write_text(
        "import time\nfrom nautilus_trader.model.data import BarType\nfrom nautilus_trader.trading.strategy import Strategy\n\n\n"
        "class Slow(Strategy):\n"
        "    def on_start(self):\n"
        "        self.subscribe_bars(BarType.from_str('BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL'))\n\n"
        "    def on_bar(self, bar):\n        time.sleep(0.004)\n"
    )
    spec = (SPECS / "ops_smoke_demo.yaml").read_text()
    spec = spec.replace("  scenario: ops_smoke_demo\n", '  path: "slow:Slow"\n  python_path: ["."]\n')
    path = tmp_path / "slow.yaml"
    path.write_text(spec)
    return path


def started(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([*TC, "run", *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "artifacts" / "runs").glob("*/journal.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_as_stopped_and_sealed(tc: Command, tmp_path: Path, number: signal.Signals) -> None:
    tc("data", "prepare")
    process = started(tmp_path, str(slow_spec(tmp_path)), "--run-id", "slow")
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert "Traceback" not in errors
    shown = json.loads(tc("runs", "show", "slow", "--json").stdout)
    assert "stopped" in json.dumps(shown)
    assert tc("runs", "verify", "slow").returncode == 0


def test_a_second_process_may_stop_the_run_and_not_write_it(tc: Command, tmp_path: Path) -> None:
    tc("data", "prepare")
    process = started(tmp_path, str(slow_spec(tmp_path)), "--run-id", "slow")
    refused = tc("run", "slow.yaml", "--run-id", "slow")
    assert refused.returncode == 3
    stopped = tc("runs", "stop", "slow", "--reason", "enough")
    assert stopped.returncode == 0, stopped.stderr
    process.communicate(timeout=60)
    assert process.returncode == 3
    verified = tc("runs", "verify", "slow")
    assert verified.returncode == 0, verified.stdout
    assert "enough" in (tmp_path / "artifacts/runs/slow/metadata.json").read_text()


def test_threads_that_a_strategy_leaves_behind_do_not_keep_the_process(tc: Command, tmp_path: Path) -> None:
    tc("data", "prepare")
    (tmp_path / "strays.py").write_text(
        "import threading, time\nfrom nautilus_trader.trading.strategy import Strategy\n\n\n"
        "class Strays(Strategy):\n    def on_start(self):\n        threading.Thread(target=time.sleep, args=(600,)).start()\n"
    )
    spec = (SPECS / "ops_smoke_demo.yaml").read_text()
    spec = spec.replace("  scenario: ops_smoke_demo\n", '  path: "strays:Strays"\n  python_path: ["."]\n')
    (tmp_path / "strays.yaml").write_text(spec)
    done = tc("run", "strays.yaml", "--run-id", "strays", timeout=60)
    assert done.returncode == 0
    assert "left 1 threads running" in done.stderr
    assert tc("runs", "reproduce", "strays", "--record", timeout=100).returncode == 0


def killed_runs(tc: Command, tmp_path: Path, kills: int) -> None:
    """Kill a run at random moments of its life; each time every command must read what is left."""
    tc("data", "prepare")
    moments = random.Random(20_231_121)  # noqa: S311 - moments, not secrets
    ticks = SPECS / "btcusdt_ticks_smoke.yaml"
    begun = time.monotonic()
    whole = tc("run", ticks, "--run-id", "whole")
    assert whole.returncode == 0, whole.stderr
    life = time.monotonic() - begun
    reference = (tmp_path / "artifacts/runs/whole/journal.jsonl").read_bytes()
    for number in range(kills):
        run_id = f"killed-{number}"
        process = subprocess.Popen(
            [*TC, "run", str(ticks), "--run-id", run_id], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0.3, 1.0) * life)
        process.kill()
        process.wait()
        directory = RunDirectory(tmp_path / "artifacts" / "runs" / run_id)
        if not directory.path.exists():
            continue
        judge_killed(tc, directory, reference)


def judge_killed(tc: Command, directory: RunDirectory, reference: bytes) -> None:
    for command in ("show", "verify", "replay"):
        done = tc("runs", command, directory.run_id)
        assert done.returncode in (0, 6, 7), (command, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
    assert directory.run_id in tc("runs", "list", "--json").stdout
    if directory.journal.exists():
        scan = scan_journal(directory.journal)
        whole = b"".join(directory.journal.read_bytes().splitlines(keepends=True)[: scan.entries])
        assert reference.startswith(whole)
    if not directory.seal.exists() and directory.journal.exists():
        recovered = tc("runs", "recover", directory.run_id)
        assert "Traceback" not in recovered.stderr, recovered.stderr
        if recovered.returncode == 0:
            assert tc("runs", "verify", directory.run_id).returncode == 0
            assert tc("runs", "replay", directory.run_id).returncode == 0


def test_a_run_killed_at_random_moments_leaves_a_readable_directory(tc: Command, tmp_path: Path) -> None:
    killed_runs(tc, tmp_path, 2)


@pytest.mark.soak
def test_200_runs_killed_at_random_moments_leave_readable_directories(tc: Command, tmp_path: Path) -> None:
    killed_runs(tc, tmp_path, 200)


def test_the_real_klines_and_ticks_are_imported_checked_run_verified_replayed_and_reproduced(
    tc: Command, real_data: Path, tmp_path: Path
) -> None:
    klines = real_data / "binance_um_klines_1m" / "FILUSDT-1m-2023-04.csv.gz"
    ticks = real_data / "derived_tardis_format"
    name = "binance-futures_{}_2024-08-08_BTCUSDT.csv.gz"
    assert tc("data", "import", klines, "--instrument", "FILUSDT-PERP.BINANCE", "--dataset", "filusdt-1m-2023-04").returncode == 0
    imported = tc(
        "data", "import", ticks / name.format("trades"), ticks / name.format("quotes"),
        "--instrument", "BTCUSDT-PERP.BINANCE", "--dataset", "btcusdt-ticks-2024-08-08",
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    assert tc("data", "check", "filusdt-1m-2023-04").returncode == 0
    found = tc("data", "check", "btcusdt-ticks-2024-08-08", "--json")
    assert found.returncode == 1
    codes = {finding["code"] for finding in json.loads(found.stdout)["findings"]}
    assert {"duplicate", "received_before_event"} <= codes
    for spec, commands in (("filusdt_ema_cross", ("verify", "reproduce")), ("btcusdt_ticks_ema_cross", ("verify", "replay"))):
        done = tc("run", SPECS / f"{spec}.yaml", "--run-id", spec.replace("_", "-"), "--json")
        assert done.returncode == 0, done.stderr
        run = json.loads(done.stdout)
        assert body_digest(RunDirectory(tmp_path / "artifacts" / "runs" / run["run_id"])) == before_the_gate(spec)
        for command in commands:
            checked = tc("runs", command, run["run_id"])
            assert checked.returncode == 0, (command, checked.stdout, checked.stderr)
