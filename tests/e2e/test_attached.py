"""A node that somebody else built and runs, attached to: recorded, killed and compared; and never ended by what of ours fails."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from live_nodes import STRATEGY, venue
from paper_runs import Place, until
from tc.store.heartbeat import read_node_heartbeat
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.layout import RunDirectory
from tc.store.nodes import socket_path
from venue_process import Caller, venue_environment
from warm import NODE, WarmProcess, template

pytestmark = pytest.mark.e2e

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "examples" / "binance_futures_ema_cross.py"
OPERATOR = REPOSITORY / "tests" / "attached_node.py"
SPEC = {
    "spec_version": 1,
    "name": "theirs",
    "mode": "attached",
    "engine": "nautilus",
    "instrument": "BTCUSDT-PERP.BINANCE",
    "risk": {"profile": "research", "duplicate_window_s": None, "throttle": None},
    "timing": {"heartbeat_s": 1},
}

TRADES = """
    def started(self):
        self.side = "BUY"
        self.is_quiet = False
        self.resting = None
        self.denied = set()

    def quote(self, tick):
        if self.n % 8 == 0 and not self.is_quiet:
            self.market(self.side)
            self.side = "SELL" if self.side == "BUY" else "BUY"

    def on_order_denied(self, event):
        if event.reason not in self.denied:
            self.denied.add(event.reason)
            print('{"denied": "' + event.reason.replace('"', "'") + '"}', flush=True)

    def break_disk(self):
        import resource
        self.limit_before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, self.limit_before[1]))

    def mend_disk(self):
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limit_before)

    def fill_disk(self):
        import os
        from types import SimpleNamespace
        os.statvfs = lambda path: SimpleNamespace(f_bavail=1, f_frsize=1)

    def exit_process(self):
        import sys
        sys.exit(0)

    def be_quiet(self):
        self.is_quiet = True

    def buy(self):
        self.market("BUY")

    def rest(self):
        self.resting = self.limit("BUY", 900)

    def cancel_resting(self):
        self.cancel_order(self.resting)

    def close_reduce_only(self):
        for position in self.cache.positions_open():
            self.close_position(position)

    def surprise(self):
        class NobodyKnows:
            instrument_id = I
        self.msgbus.publish("events.position.X", NobodyKnows())

    def other_instrument(self):
        other = InstrumentId.from_str("FILUSDT-PERP.BINANCE")
        order = self.order_factory.market(other, OrderSide.BUY, Quantity.from_str("1"))
        self.submit_order(order)
"""


@dataclass
class Operator:
    """Somebody else's process, and the folder that it works in."""

    process: subprocess.Popen[str]
    folder: Path
    said: list[dict[str, Any]] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.wrote.append(line)
            if line.startswith("{"):
                self.said.append(json.loads(line))

    def heard(self, key: str) -> Any:
        """Return what it says under a key, as soon as it does."""

        def find() -> dict[str, Any] | None:
            found = next((each for each in self.said if key in each), None)
            return found or ({} if self.process.poll() is None else {key: None, "gone": True})

        return until(lambda: (found := find()) and found)[key]

    def close(self) -> None:
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def do(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    @property
    def run(self) -> RunDirectory:
        return RunDirectory(self.folder / "artifacts" / "runs" / self.heard("run_id"))

    def status(self) -> dict[str, Any]:
        """Ask the node over its control socket."""
        return self.ask(do="status")

    def ask(self, **request: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(os.fspath(socket_path(self.folder / "runtime", self.run.run_id)))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile() as answers:
                return dict(json.loads(answers.readline()))

    def wait_for(self, **wanted: Any) -> dict[str, Any]:
        """Wait until its status is as asked."""

        def find() -> dict[str, Any] | None:
            try:
                status = self.status()
            except (ConnectionError, FileNotFoundError):
                return None
            return status if all(status[key] == value for key, value in wanted.items()) else None

        return until(find)

    def ended(self) -> str:
        """Wait for its end, and return how its run ended."""
        assert self.process.wait(30) == 0, "".join(self.wrote)
        self._reader.join(5)
        return str(next(each["status"] for each in self.said if "status" in each))

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = self.run.journal.read_text().splitlines()
        return [event for line in lines if (event := json.loads(line)["entry"]["event"])["type"] == kind]


@contextmanager
def operator(place: Place, url: str, methods: str = TRADES, **changes: Any) -> Iterator[Operator]:
    """Run somebody else's node with a strategy of these methods; it is ended by force when this is left."""
    (place.folder / "subject.py").write_text(STRATEGY + methods)
    (place.folder / "attached.yaml").write_text(yaml.safe_dump({**SPEC, **changes}))
    (place.folder / "job.json").write_text(json.dumps({"url": url}))
    with _process(place, str(OPERATOR), "job.json", start=partial(WarmProcess, template(*NODE))) as started:
        yield started


@contextmanager
def _process(
    place: Place, *command: str, start: Callable[..., subprocess.Popen[str]] = subprocess.Popen, **environment: str
) -> Iterator[Operator]:
    process = start(
        [sys.executable, *command],
        cwd=place.folder,
        env={**place.environment, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started = Operator(process, place.folder)
    try:
        yield started
    finally:
        process.kill()
        started.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, venue_environment())


def holds(place: Place, run_id: str) -> None:
    """Hold a sealed run to verify and replay."""
    verified, replayed = place.tc("runs", "verify", run_id), place.tc("runs", "replay", run_id)
    assert verified.code == 0, verified.out + verified.err
    assert replayed.code == 0, replayed.out + replayed.err
    assert "as recorded" in replayed.out


def sent(exchange: Caller) -> int:
    """Return how many orders the venue took."""
    return sum(
        1
        for each in exchange.requests()
        if each["method"] == "POST" and each["path"] == "/fapi/v1/order" and not each["error_code"]
    )


def is_flat(exchange: Caller) -> bool:
    positions = exchange.signed("GET", "/fapi/v3/positionRisk").document
    return all(Decimal(each["positionAmt"]) == 0 for each in positions)


def the_run(place: Place) -> RunDirectory:
    return until(lambda: next((RunDirectory(each.parent) for each in place.folder.glob("artifacts/runs/*/journal.jsonl")), None))


def recorded(run: RunDirectory, kind: str, times: int = 1) -> None:
    needle = f'"type":"{kind}"'.encode()
    until(lambda: run.journal.read_bytes().count(needle) >= times)


def test_the_documented_example_is_recorded_compared_and_killed_like_a_paper_run(place: Place) -> None:
    with venue("--speed", "3") as exchange, _process(place, str(EXAMPLE), VENUE_URL=exchange.url) as theirs:
        run = the_run(place)
        recorded(run, "OrderFilled", 4)
        recorded(run, "ControlTimeReached")
        assert "running" in place.tc("runs", "list").out
        assert all(
            exchange.send("GET", path).status not in range(300, 400) for path in ("/", "//fapi", "/fapi/v1/order/", "/fapi")
        )
        compared = place.tc("reconcile", run.run_id)
        assert compared.code == 0, compared.out + compared.err
        status = place.tc("kill", "status")
        assert f"{run.run_id}" in status.out
        assert "NO" not in status.out, status.out
        killed = place.tc("kill", "activate", "--run", run.run_id, "--mode", "flatten", "--reason", "a test")
        assert killed.code == 0, killed.out + killed.err
        assert is_flat(exchange)
        assert theirs.process.poll() is None
        before = sent(exchange)
        recorded(run, "OrderDenied", 2)
        assert sent(exchange) == before
        theirs.process.send_signal(signal.SIGINT)
        assert theirs.process.wait(30) == 0, "".join(theirs.wrote)
    metadata = json.loads(run.metadata.read_text())
    assert (metadata["status"], metadata["mode"]) == ("killed", "attached")
    holds(place, run.run_id)
    assert not list((place.folder / "runtime" / "nodes").glob("*.json"))
    kinds = {json.loads(line)["entry"]["event"]["type"] for line in run.journal.read_text().splitlines()}
    assert {"SnapshotTaken", "SubmitRequested", "ControlTimeReached", "TapeBlockWritten", "KillSwitchAdvanced"} <= kinds
    said = read_node_heartbeat(run)
    assert said is not None
    assert (said.state, said.reconnects) == ("stopped", {"data": 0, "execution": 0})
    assert all(each.messages > 0 for each in said.channels if each.channel == "TradeTick")
    assert not run.supervisor_heartbeat.exists()
    assert "Task was destroyed" not in "".join(theirs.wrote)


def test_when_recording_breaks_the_observed_node_trades_on_and_the_run_is_failed_with_its_reason(place: Place) -> None:
    with venue("--speed", "3") as exchange, operator(place, exchange.url) as theirs:
        recorded(theirs.run, "OrderFilled", 2)
        theirs.do("other_instrument")
        until(lambda: theirs.status()["elsewhere"]["events"] >= 2)
        theirs.do("break_disk")
        problem = until(lambda: theirs.status()["problem"])
        assert "the recording stopped" in problem
        before = sent(exchange)
        until(lambda: sent(exchange) >= before + 3)
        theirs.do("mend_disk")
        theirs.do("stop")
        assert theirs.ended() == "failed"
    run = theirs.run
    assert "File too large" in json.loads(run.metadata.read_text())["reason"]
    assert sum("the recording stopped, and the node trades on" in each for each in theirs.wrote) == 1
    verified = place.tc("runs", "verify", run.run_id)
    assert verified.code == 0, verified.out
    assert "FILUSDT" not in run.journal.read_text()
    assert json.loads(run.metrics.read_text())["strategy_counters"]["events_of_others"] >= 2


def test_a_gate_that_is_on_denies_new_risk_when_recording_breaks_while_cancels_and_reductions_pass(place: Place) -> None:
    with venue("--speed", "3") as exchange, operator(place, exchange.url, gate="on") as theirs:
        theirs.wait_for(state="trading")
        theirs.do("other_instrument")
        assert "another instrument" in theirs.heard("denied")
        recorded(theirs.run, "OrderFilled", 1)
        theirs.do("be_quiet")
        until(lambda: (status := theirs.status())["in_flight"] == status["waiting"] == 0)
        if is_flat(exchange):
            theirs.do("buy")
            until(lambda: not is_flat(exchange))
        theirs.do("rest")
        until(lambda: len(exchange.signed("GET", "/fapi/v1/openOrders").document) == 1)
        theirs.do("surprise")
        assert "NobodyKnows" in until(lambda: theirs.status()["problem"])
        assert json.loads(theirs.run.metadata.read_text())["status"] == "failed"
        assert "failed" in place.tc("runs", "list").out
        before = sent(exchange)
        theirs.do("buy")
        until(lambda: "cannot judge any more" in "".join(theirs.wrote) or None)
        theirs.do("cancel_resting")
        until(lambda: not exchange.signed("GET", "/fapi/v1/openOrders").document)
        theirs.do("close_reduce_only")
        until(lambda: is_flat(exchange))
        assert sent(exchange) == before + 1
        theirs.do("stop")
        assert theirs.ended() == "failed"
    holds(place, theirs.run.run_id)
    assert sum("the gate denies new risk from now on" in each for each in theirs.wrote) == 1


@pytest.mark.parametrize("gate", ["observe", "on"])
def test_before_the_disk_is_full_the_run_is_sealed_and_the_node_trades_on_or_stays_gated(place: Place, gate: str) -> None:
    with venue("--speed", "3") as exchange, operator(place, exchange.url, gate=gate) as theirs:
        recorded(theirs.run, "OrderFilled", 1)
        theirs.do("fill_disk")
        until(theirs.run.seal.exists)
        if gate == "on":
            assert "the recording of this run has ended" in theirs.heard("denied")
        else:
            before = sent(exchange)
            until(lambda: sent(exchange) >= before + 2)
        assert "the recording ended" in theirs.status()["problem"]
        killed = place.tc("kill", "activate", "--run", theirs.run.run_id, "--mode", "flatten", "--reason", "a test")
        assert killed.code == 0, killed.out + killed.err
        assert is_flat(exchange)
        before = sent(exchange)
        theirs.do("buy")
        assert ("HALTED" in theirs.heard("denied")) is (gate == "observe")
        assert sent(exchange) == before
        theirs.do("stop")
        assert theirs.ended() == "stopped"
    assert not list((place.folder / "runtime" / "nodes").glob("*.json"))
    reason = json.loads(theirs.run.metadata.read_text())["reason"]
    assert reason == "the disk has less than 200 MB free, and the node went on"
    goes_on = "the gate denies new risk from now on" if gate == "on" else "the node trades on"
    assert sum(f"the recording ends, and {goes_on}: the disk has less" in each for each in theirs.wrote) == 1
    holds(place, theirs.run.run_id)


def test_a_node_that_is_halted_by_the_file_stays_so_until_it_is_stopped_and_is_not_let_loose(place: Place) -> None:
    with venue("--speed", "3") as exchange, operator(place, exchange.url, gate="on") as theirs:
        recorded(theirs.run, "OrderFilled", 1)
        switch = KillSwitch(place.folder / "runtime" / FOLDER)
        switch.activate(Scope.of_name("theirs"), mode="halt", reason="a test", actor="operator", at_ns=time.time_ns())
        theirs.wait_for(state="halted", kill_switch="halt")
        before = sent(exchange)
        recorded(theirs.run, "OrderDenied", 2)
        theirs.do("detach")
        assert "kill switch is halt" in theirs.heard("refused")
        assert sent(exchange) == before
        theirs.do("stop")
        assert theirs.ended() == "killed"
    with operator(place, "http://127.0.0.1:1") as theirs:
        assert "the kill switch is halt" in theirs.heard("refused")
        assert theirs.heard("code") == 3
        assert theirs.process.wait(20) == 0
    assert "blocked" in place.tc("runs", "list").out


def test_a_recording_can_end_before_its_node_and_one_that_is_killed_can_be_recovered(place: Place) -> None:
    with venue("--speed", "3") as exchange:
        with operator(place, exchange.url) as theirs:
            recorded(theirs.run, "OrderFilled", 1)
            theirs.do("detach")
            assert theirs.heard("detached")
            before = sent(exchange)
            until(lambda: sent(exchange) >= before + 2)
            theirs.do("stop")
            assert theirs.ended() == "stopped"
        holds(place, theirs.run.run_id)
        with operator(place, exchange.url) as theirs:
            recorded(theirs.run, "OrderFilled", 2)
            os.kill(theirs.process.pid, signal.SIGKILL)
            theirs.process.wait()
            assert "crashed" in place.tc("runs", "list").out
            recovered = place.tc("runs", "recover", theirs.run.run_id)
            assert recovered.code == 0, recovered.out + recovered.err
            holds(place, theirs.run.run_id)
            assert sum("OrderFilled" in line for line in theirs.run.journal.read_text().splitlines()) >= 2


def test_a_strategy_that_ends_its_process_leaves_a_run_that_is_stopped_with_its_whole_tape(place: Place) -> None:
    with venue("--speed", "3") as exchange, operator(place, exchange.url) as theirs:
        recorded(theirs.run, "OrderFilled", 1)
        theirs.do("exit_process")
        theirs.process.wait(30)
    metadata = json.loads(theirs.run.metadata.read_text())
    assert (metadata["status"], metadata["reason"]) == ("stopped", "the process ended, and its node was never stopped")
    assert not any("Error" in each for each in theirs.wrote if "tc, run" in each), "".join(theirs.wrote)
    assert not list((place.folder / "runtime" / "nodes").glob("*.json"))
    holds(place, theirs.run.run_id)
    rows = [each["last_row"] for each in theirs.events("MarketDataRows")]
    assert theirs.events("TapeBlockWritten")[-1]["last_row"] == rows[-1]


def test_a_node_elsewhere_is_only_watched(place: Place) -> None:
    with venue("--speed", "3") as exchange:
        mapped = exchange.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
        with operator(place, mapped, gate="on") as theirs:
            assert "can only be watched" in theirs.heard("refused")
            assert theirs.heard("code") == 3
        with operator(place, mapped) as theirs:
            assert "not written as scheme://host:port" in theirs.heard("watched_only")
            recorded(theirs.run, "OrderFilled", 2)
            recorded(theirs.run, "ControlTimeReached")
            killed = place.tc("kill", "activate", "--run", theirs.run.run_id, "--mode", "flatten", "--reason", "a test")
            assert killed.code == 5, killed.out
            assert "NOT CONFIRMED" in killed.out
            assert "this node is only watched" in killed.out
            assert "next: stop the node where it runs" in killed.out
            recorded(theirs.run, "KillSwitchChanged")
            assert theirs.ask(do="heal")["healed"] is False
            before = sent(exchange)
            until(lambda: sent(exchange) >= before + 2)
            compared = place.tc("reconcile", theirs.run.run_id)
            assert compared.code == 5, compared.out
            theirs.do("stop")
            assert theirs.ended() == "stopped"
        (changed,) = theirs.events("KillSwitchChanged")
        assert (changed["mode"], changed["reason"]) == ("flatten", "a test")
        assert not theirs.events("KillSwitchAdvanced")
        holds(place, theirs.run.run_id)
