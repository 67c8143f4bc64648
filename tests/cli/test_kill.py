"""`tc kill` blocks on disk, tells real processes over real sockets, and flattens a real venue when they do not answer."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commands import Answer
from fake_venue import KEYS, FakeVenue, answers, serving_beside
from fakes import make_run
from tc.store.kill_switch import KillSwitch
from tc.store.nodes import NodeDocument, write_node

LONG = ("BTCUSDT", "BOTH")
RUNTIME = Path("runtime")

type Command = Callable[..., Answer]

NODE = """
import json, os, socket, sys
path, *lines = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
print("listening", flush=True)
while True:
    line, _ = listener.accept()
    request = json.loads(line.makefile().readline())
    print(json.dumps(request), flush=True)
    for answer in lines if request["do"] == "kill" else ['{"pong":true}']:
        line.sendall(answer.encode() + b"\\n")
    line.close()
"""

STEPS = (
    '{"step":"blocked","at_ns":5,"position":88,"latency_ns":9,"mode":"flatten","detail":"0 retries ended"}',
    '{"step":"halted","at_ns":6,"position":95,"latency_ns":12,"mode":"flatten","detail":""}',
)


class Node:
    """A process that answers on a socket as a node does."""

    def __init__(self, process: subprocess.Popen[str], document: NodeDocument) -> None:
        self.process = process
        self.document = document

    def request(self) -> dict[str, Any]:
        assert self.process.stdout
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)


@contextmanager
def running(
    run_id: str = "quoter-1", *, lines: tuple[str, ...] = STEPS, venue: FakeVenue | None = None, **other: str
) -> Iterator[Node]:
    socket = Path(f"{run_id}.sock").absolute()
    with subprocess.Popen([sys.executable, "-c", NODE, str(socket), *lines], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "listening\n"
            url = "" if venue is None else venue.url.http
            fields = {
                "name": "quoter", "directory": "/r", "venue_url": url, "api_key_env": "MY_KEY", "api_secret_env": "MY_SECRET",
                **other,
            }  # fmt: skip
            document = NodeDocument(run_id=run_id, socket=str(socket), pid=process.pid, **fields)
            yield Node(process, write_node(RUNTIME, document))
        finally:
            process.kill()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEYS.api_key)
    monkeypatch.setenv("MY_SECRET", KEYS.api_secret)


@pytest.fixture(autouse=True)
def no_runtime_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TC_RUNTIME_ROOT", raising=False)


@pytest.fixture
def venue() -> Iterator[FakeVenue]:
    made = FakeVenue(positions={LONG: Decimal("0.5")})
    made.rests("BTCUSDT")
    made.waits_for_trigger("BTCUSDT")
    with serving_beside(made):
        yield made


def switch() -> KillSwitch:
    return KillSwitch(RUNTIME / "kill_switch")


def test_a_healthy_node_is_told_after_the_switch_is_on_disk(command: Command, venue: FakeVenue, keys: None) -> None:
    with running(venue=venue) as node:
        answer = command("kill", "activate", "--run", "quoter", "--reason", "too many losses", "--actor", "night", "--json")
        killed = answer.json("kill-activate")
        assert node.request() == {"do": "kill", "mode": "flatten", "reason": "too many losses", "actor": "night"}
    assert answer.code == 0
    assert (killed["scope"], killed["value"], killed["is_on_disk"], killed["is_confirmed"]) == ("run", "quoter-1", True, True)
    [told] = killed["nodes"]
    assert told["by_socket"]["outcome"] == "done"
    assert "blocked" in told["by_socket"]["words"]
    assert "position 95" in told["by_socket"]["words"]
    assert told["by_socket"]["latency_ns"] > 0
    assert told["at_venue"]["outcome"] == "not needed"
    assert venue.log == []
    active = switch().effective(run_id="quoter-1", name="x")
    assert active
    assert (active.mode, active.reason, active.actor) == ("flatten", "too many losses", "night")


def test_a_node_that_hangs_is_flattened_from_outside(command: Command, venue: FakeVenue, keys: None) -> None:
    with running(venue=venue) as node:
        node.stop()
        began = time.monotonic()
        answer = command("kill", "activate", "--all", "--reason", "it hangs")
        took_s = time.monotonic() - began
    assert answer.code == 0, answer.out
    assert f"process {node.process.pid} is stopped by a signal: it does as the switch says at its next look" in answer.out
    assert "kill -9" not in answer.out
    assert "run quoter-1: its account is flattened from here" in answer.err
    assert took_s < 5
    assert "did not answer" in answer.out
    assert "flat, says the venue" in answer.out
    assert "stopped" in answer.out
    assert venue.positions[LONG] == 0
    assert {each["status"] for each in venue.orders.values()} == {"CANCELED", "FILLED"}
    assert {each["algoStatus"] for each in venue.algos.values()} == {"CANCELED"}


def test_a_dead_node_is_flattened_from_outside(command: Command, venue: FakeVenue, keys: None) -> None:
    with running(venue=venue):
        pass
    answer = command("kill", "activate", "--name", "quoter", "--reason", "it died", "--json")
    [dead] = answer.json("kill-activate")["nodes"]
    assert answer.code == 0
    assert (dead["process"], dead["by_socket"]["outcome"], dead["at_venue"]["outcome"]) == ("gone", "unavailable", "done")
    assert dead["advice"] == ""
    assert venue.positions[LONG] == 0


@pytest.mark.parametrize(
    "lines",
    [
        (), STEPS[:1], (STEPS[0], '{"step":"failed","why":"it refused"}'), ('{"step":"halted","detail":"BTCUSDT 0.5"}',),
        ("garbage",), ("[1]",), ('{"error":"not a request"}',),
    ],
    ids=["nothing", "only blocked", "failed", "halted and not flat", "garbage", "no object", "an error"],
)  # fmt: skip
def test_a_node_that_does_not_finish_its_flatten_is_flattened_from_outside(
    command: Command, venue: FakeVenue, keys: None, lines: tuple[str, ...]
) -> None:
    with running(venue=venue, lines=lines):
        answer = command("kill", "activate", "--all", "--reason", "now", "--json")
    [node] = answer.json("kill-activate")["nodes"]
    assert node["by_socket"]["outcome"] == "failed"
    assert node["at_venue"]["outcome"] == "done"
    assert venue.positions[LONG] == 0


def test_without_keys_the_third_path_is_closed_and_says_so_beforehand(
    command: Command, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEYS.api_key)
    monkeypatch.delenv("MY_SECRET", raising=False)
    with running(venue=venue) as node:
        status = command("kill", "status")
        assert "MY_SECRET is not set" in status.out
        assert KEYS.api_key not in status.out
        node.stop()
        answer = command("kill", "activate", "--all", "--reason", "it hangs", "--json")
    [hanging] = answer.json("kill-activate")["nodes"]
    assert answer.code == 5
    assert hanging["at_venue"] == {"outcome": "unavailable", "words": "there are no keys: MY_SECRET is not set", "latency_ns": 0}
    assert not hanging["is_confirmed"]
    assert venue.positions[LONG] == Decimal("0.5")


@pytest.mark.parametrize(
    ("url", "environment"), [("https://fapi.binance.com", "loopback"), ("https://demo-fapi.binance.com", "testnet")]
)
def test_nothing_is_signed_for_a_venue_that_orders_may_not_go_to(
    command: Command, keys: None, url: str, environment: str
) -> None:
    with running(venue_url=url, environment=environment) as node:
        node.stop()
        answer = command("kill", "activate", "--all", "--reason", "it hangs", "--flatten-at-venue", "--json")
    [hanging] = answer.json("kill-activate")["nodes"]
    assert answer.code == 5
    assert hanging["at_venue"]["outcome"] == "unavailable"
    assert "do not go to" in hanging["at_venue"]["words"]


def test_what_is_left_at_the_venue_is_said(command: Command, venue: FakeVenue, keys: None) -> None:
    venue.fail("POST", "order", answers(400, '{"code":-2019,"msg":"Margin is insufficient."}'), times=99)
    with running(venue=venue):
        pass
    answer = command("kill", "activate", "--all", "--reason", "now", "--deadline", "1")
    assert answer.code == 5
    assert "NOT CONFIRMED" in answer.out
    assert "positions left: BTCUSDT 0.5" in answer.out
    assert "Margin is insufficient" in answer.out


def test_a_flatten_at_the_venue_is_done_as_well_when_asked_for(command: Command, venue: FakeVenue, keys: None) -> None:
    with running(venue=venue), running("other-1", name="other", venue=venue):
        answer = command("kill", "activate", "--run", "quoter-1", "--mode", "halt", "--reason", "sure", "--flatten-at-venue")
    assert answer.code == 0, answer.out
    assert "also that of other-1" in answer.out
    assert venue.positions[LONG] == 0


@pytest.mark.parametrize("mode", ["reduce", "halt", "halt_all"])
def test_R42_milder_modes_touch_no_position(command: Command, venue: FakeVenue, keys: None, mode: str) -> None:
    with running(venue=venue) as node:
        assert command("kill", "activate", "--all", "--mode", mode, "--reason", "careful").code == 0
        assert node.request()["mode"] == mode
        node.stop()
        answer = command("kill", "activate", "--all", "--mode", mode, "--reason", "careful")
    assert answer.code == 5
    assert "NOT CONFIRMED" in answer.out
    assert command("kill", "activate", "--all", "--mode", mode, "--reason", "it is dead now").code == 0
    assert venue.log == []


def test_R42_a_node_is_never_told_a_milder_mode_than_the_one_that_holds(command: Command, venue: FakeVenue, keys: None) -> None:
    with running(venue=venue) as node:
        command("kill", "activate", "--all", "--mode", "halt_all", "--reason", "nothing at all")
        node.request()
        answer = command("kill", "activate", "--run", "quoter-1", "--reason", "flatten it")
        assert node.request()["mode"] == "halt_all"
        assert answer.code == 0
        node.process.kill()
        node.process.wait()
        command("kill", "activate", "--run", "quoter-1", "--reason", "flatten it")
    assert venue.positions[LONG] == Decimal("0.5")


def test_nodes_of_other_scopes_are_left_alone(command: Command) -> None:
    with running("a-1", name="a") as one, running("b-1", name="b"):
        answer = command("kill", "activate", "--name", "a", "--reason", "only a", "--json")
        assert [node["run_id"] for node in answer.json("kill-activate")["nodes"]] == ["a-1"]
        assert one.request()["reason"] == "only a"
    assert switch().effective(run_id="b-1", name="b") is None


def test_a_disk_that_cannot_be_written_stops_no_other_path(command: Command, venue: FakeVenue, keys: None) -> None:
    RUNTIME.mkdir()
    (RUNTIME / "kill_switch").touch()
    with running(venue=venue) as node:
        answer = command("kill", "activate", "--all", "--reason", "now", "--json")
        assert node.request()["mode"] == "flatten"
    killed = answer.json("kill-activate")
    assert answer.code == 6
    assert killed["change"] is None
    assert "cannot be made" in killed["problem"]
    assert killed["nodes"][0]["is_confirmed"]


def test_activating_and_clearing_twice_says_so_and_is_recorded(command: Command) -> None:
    first = command("kill", "activate", "--name", "quoter", "--reason", "one")
    again = command("kill", "activate", "--name", "quoter", "--reason", "two")
    assert "record 1" in first.out
    assert "it was flatten already" in again.out
    cleared = command("kill", "clear", "--name", "quoter", "--reason", "three", "--json").json("kill-clear")
    assert (cleared["outcome"], cleared["position"], cleared["active"]) == ("cleared", 3, None)
    twice = command("kill", "clear", "--name", "quoter", "--reason", "four")
    assert twice.code == 0
    assert "was not active" in twice.out
    assert [record.reason for record in switch().records().records] == ["one", "two", "three", "four"]


def test_clearing_resumes_nothing(command: Command) -> None:
    with running() as node:
        command("kill", "activate", "--run", "quoter-1", "--mode", "halt", "--reason", "wait")
        node.request()
        answer = command("kill", "clear", "--run", "quoter-1", "--reason", "go on")
        assert "no run resumes" in answer.out
        command("kill", "status")
        assert node.request()["do"] == "ping"  # the node was told nothing in between


def test_status_tells_each_path_of_each_node(command: Command, venue: FakeVenue, keys: None) -> None:
    command("kill", "activate", "--name", "quoter", "--mode", "reduce", "--reason", "a\x1b[31mred", "--actor", "me")
    with (
        running("well-1", venue=venue),
        running("hangs-1", name="b", venue=venue) as hanging,
        running("dead-1", name="c") as dead,
    ):
        hanging.stop()
        dead.process.kill()
        dead.process.wait()
        document = command("kill", "status", "--json").json("kill-status")
        text = command("kill", "status").out
    nodes = {node["run_id"]: node for node in document["nodes"]}
    assert (nodes["well-1"]["no_socket"], nodes["well-1"]["no_file"], nodes["well-1"]["no_venue"]) == ("", "", "")
    assert nodes["well-1"]["mode"] == "reduce"
    assert nodes["hangs-1"]["process"] == "stopped"
    assert "did not answer" in nodes["hangs-1"]["no_socket"]
    assert nodes["hangs-1"]["no_venue"] == ""
    assert nodes["dead-1"]["no_file"] == "there is no such process any more"
    assert nodes["dead-1"]["no_venue"] == "nothing may be sent to its venue from outside"
    assert document["switches"][0]["reason"] == "a\x1b[31mred"
    assert "\x1b" not in text
    assert KEYS.api_secret not in text
    assert venue.log == []


def test_status_of_what_cannot_be_read_is_exit_6(command: Command) -> None:
    assert command("kill", "status").code == 0
    command("kill", "activate", "--all", "--reason", "x")
    (RUNTIME / "kill_switch" / "all.json").write_bytes(b"")
    answer = command("kill", "status", "--json")
    assert answer.code == 6
    assert answer.json("kill-status")["switches"][0]["mode"] == "halt"
    command("kill", "clear", "--all", "--reason", "looked at")
    assert command("kill", "status").code == 0
    (RUNTIME / "nodes").mkdir()
    (RUNTIME / "nodes" / "x.json").write_bytes(b"")
    assert command("kill", "status").code == 6
    assert command("kill", "activate", "--all", "--reason", "y").code == 5


def test_a_run_without_a_node_is_found_by_its_directory(command: Command) -> None:
    make_run(Path("artifacts"), "made-up-run")
    answer = command("kill", "activate", "--run", "made-up", "--reason", "x")
    assert answer.code == 0
    assert "there was nobody to tell" in answer.out
    assert switch().effective(run_id="made-up-run", name="x")
    assert command("kill", "activate", "--run", "no-such", "--reason", "x").code == 6


@pytest.mark.parametrize(
    "arguments",
    [
        ["activate", "--reason", "x"],
        ["activate", "--reason", "x", "--all", "--name", "a"],
        ["activate", "--reason", "x", "--run", "a", "--name", "a"],
        ["activate", "--reason", " ", "--all"],
        ["activate", "--all"],
        ["activate", "--reason", "x", "--all", "--mode", "none"],
        ["activate", "--reason", "x", "--all", "--mode", "stop"],
        ["activate", "--reason", "x", "--name", "../x"],
        ["activate", "--reason", "x", "--run", "../x"],
        ["clear", "--reason", "x"],
        ["clear", "--all"],
        ["clear", "--reason", "", "--all"],
        ["status", "--all", "--name", "x"],
    ],
)
def test_what_is_not_said_clearly_is_a_usage_error_and_changes_nothing(command: Command, arguments: list[str]) -> None:
    assert command("kill", *arguments).code == 2
    assert switch().all() == ()
    assert switch().records().records == ()


def test_the_runtime_root_is_taken_from_the_environment(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TC_RUNTIME_ROOT", str(tmp_path / "elsewhere"))
    command("kill", "activate", "--all", "--reason", "x")
    assert (tmp_path / "elsewhere" / "kill_switch" / "all.json").is_file()
