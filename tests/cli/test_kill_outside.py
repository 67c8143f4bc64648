"""`tc kill` where no node answers: runs that end meanwhile, venues that have ended, runs without a document, keys elsewhere."""

import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import encode
from msgspec.structs import replace

from commands import Answer
from fake_venue import KEYS, FakeVenue, answers, serving_beside
from fakes import make_run, run_configuration
from tc.checks.reconcile.observed.document import Observed, ObservedOrder, ObservedPosition
from tc.core import EventStreamEntry
from tc.core.entry import ProcessingPosition
from tc.core.events import Event, KillSwitchAdvanced, KillSwitchChanged, RunResumed
from tc.flows.kill.killed import VenueFlatten
from tc.flows.kill.retired import MOST_KEPT, retire_node
from tc.flows.kill.words import KEPT_TO_LOOK_AT, KEPT_TO_RESUME, NOTHING_RECORDED
from tc.flows.paper.supervisor_line import listening
from tc.reports.reconciliation import ReconciliationDocument
from tc.store.facts import RunReconciled
from tc.store.journal import JournalWriter, read_entries
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.metadata import read_metadata, write_metadata
from tc.store.nodes import NodeDocument, forget_node, list_nodes, socket_path, supervisor_path, write_node
from tc.store.ops import append_fact, write_numbered_artifact
from tc.store.seal import read_seal

LONG = ("BTCUSDT", "BOTH")
RUNTIME = Path("runtime")
ARTIFACTS = Path("artifacts")
SOON_S = 3.0
"""Far less than a flatten waits for a venue."""

type Command = Callable[..., Answer]


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TC_RUNTIME_ROOT", raising=False)
    monkeypatch.setenv("MY_KEY", KEYS.api_key)
    monkeypatch.setenv("MY_SECRET", KEYS.api_secret)


@pytest.fixture
def venue() -> Iterator[FakeVenue]:
    made = FakeVenue(positions={LONG: Decimal("0.5")})
    made.rests("BTCUSDT")
    with serving_beside(made):
        yield made


def document(run_id: str, url: str, *, directory: Path = Path("/r"), pid: int | None = None) -> NodeDocument:
    """Write the document of a node that has died, or of a process that is given."""
    return write_node(
        RUNTIME,
        NodeDocument(
            run_id=run_id,
            name="quoter",
            directory=str(directory),
            socket=str(socket_path(RUNTIME, run_id)),
            pid=ended_process() if pid is None else pid,
            venue_url=url,
            api_key_env="MY_KEY",
            api_secret_env="MY_SECRET",  # noqa: S106 - a name
        ),
    )


def ended_process() -> int:
    """Return the number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def embedded_state(run_id: str) -> Path:
    state = RUNTIME / "venues" / f"{run_id}.sqlite"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.touch()
    return state


def paper_run(run_id: str, *, seal: bool = False, **node: object) -> RunDirectory:
    """Make a paper run whose spec says this of its node."""
    spec = {"mode": "paper", "name": "quoter", "node": {"api_key": "MY_KEY", "api_secret": "MY_SECRET", **node}}
    run = make_run(ARTIFACTS, run_id, seal=seal, configuration=run_configuration(run_spec=spec))
    if not seal:
        write_metadata(run, replace(read_metadata(run), mode="paper", name="quoter"))
    return run


def killed(command: Command, *arguments: str) -> tuple[Answer, dict[str, Any], float]:
    """Activate the switch; return the answer, what it says of the one node, and how long it took."""
    began = time.monotonic()
    answer = command("kill", "activate", "--reason", "a test", "--json", *(arguments or ("--all",)))
    [node] = answer.json("kill-activate")["nodes"]
    return answer, node, time.monotonic() - began


# An embedded venue that has ended.


def test_a_dead_run_whose_embedded_venue_ended_is_confirmed_at_once_and_nothing_goes_to_who_has_its_port_now(
    command: Command, venue: FakeVenue
) -> None:
    embedded_state("quoter-1")
    document("quoter-1", venue.url.http)
    supervisor_path(RUNTIME, "quoter-1").touch()
    assert "the embedded venue has ended" in command("kill", "status").out
    answer, node, took_s = killed(command)
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"], node["advice"]) == (0, "ended", True, "")
    assert took_s < SOON_S
    assert venue.log == []
    assert list_nodes(RUNTIME) == ((), ())
    assert [path.name for path in (RUNTIME / "nodes").iterdir()] == [".lock"]


def test_a_dead_run_whose_embedded_venue_still_runs_is_flattened_there(command: Command, venue: FakeVenue) -> None:
    state = embedded_state("quoter-1")
    document("quoter-1", venue.url.http)
    with Path(f"{state}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer, node, _ = killed(command)
    assert (answer.code, node["at_venue"]["outcome"]) == (0, "done")
    assert venue.positions[LONG] == 0
    assert list_nodes(RUNTIME)[0] == ()


def test_an_embedded_venue_that_ends_while_it_is_flattened_is_not_waited_for(command: Command, venue: FakeVenue) -> None:
    state = embedded_state("quoter-1")
    document("quoter-1", venue.url.http)
    venue.fail("POST", "order", answers(400, '{"code":-2019,"msg":"Margin is insufficient."}'), times=99)
    with Path(f"{state}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ending = threading.Timer(0.5, lock.close)
        ending.start()
        answer, node, took_s = killed(command)
        ending.join()
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (0, "ended", True)
    assert "broken off" in node["at_venue"]["words"]
    assert took_s < SOON_S


def test_a_stopped_process_whose_venue_ended_is_still_to_be_ended(command: Command) -> None:
    embedded_state("quoter-1")
    written = document("quoter-1", "http://127.0.0.1:9", pid=os.getpid())
    answer, node, took_s = killed(command)
    assert (answer.code, node["is_confirmed"]) == (5, False)
    assert f"kill -9 {os.getpid()}" in node["advice"]
    assert took_s < SOON_S
    assert list_nodes(RUNTIME)[0] == (written,)


# A venue of its own that is not there.


def test_where_nobody_listens_and_nobody_sends_it_says_so_at_once_and_keeps_the_document(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    written = document("quoter-1", f"http://127.0.0.1:{port}")
    answer, node, took_s = killed(command)
    assert (answer.code, node["at_venue"]["outcome"]) == (5, "failed")
    assert "nobody listens" in node["at_venue"]["words"]
    assert took_s < SOON_S
    assert list_nodes(RUNTIME)[0] == (written,)


def test_a_venue_that_asks_for_a_longer_wait_than_there_is_time_for_is_told_as_the_reason(
    command: Command, venue: FakeVenue
) -> None:
    document("quoter-1", venue.url.http)
    for path in ("time", "openAlgoOrders", "openOrders", "positionRisk"):
        venue.fail("GET", path, answers(429, "{}", Retry_After="57"), times=99)
    answer, node, _ = killed(command, "--all", "--deadline", "1")
    assert (answer.code, node["at_venue"]["outcome"]) == (5, "failed")
    assert "orders left: unknown" in node["at_venue"]["words"]
    assert "asked us to wait" in node["at_venue"]["words"]


# What a run proves of itself.

HALTED = KillSwitchAdvanced(9, "halted", 5)
STEPS: tuple[Event, ...] = (
    KillSwitchChanged(7, "flatten", "me", "a test"),
    KillSwitchAdvanced(8, "blocked", 1, "mode flatten"),
    KillSwitchChanged(8, "halt", "core", "flattened"),
)


def journal_of(run_id: str, *events: Event) -> Path:
    folder = ARTIFACTS / "runs" / run_id
    folder.mkdir(parents=True)
    with JournalWriter(RunDirectory(folder).journal) as journal:
        for number, event in enumerate(events, 1):
            journal.append(EventStreamEntry(ProcessingPosition(number), event))
    return folder


def test_a_run_that_ended_halted_and_flat_is_believed_before_its_venue_is_asked(command: Command, venue: FakeVenue) -> None:
    document("quoter-1", venue.url.http, directory=journal_of("quoter-1", *STEPS, HALTED))
    answer, node, _ = killed(command)
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"], node["advice"]) == (0, "not needed", True, "")
    assert "halted at position 4" in node["at_venue"]["words"]
    assert venue.log == []


@pytest.mark.parametrize(
    "events",
    [
        STEPS,
        (*STEPS, KillSwitchAdvanced(9, "halted", 5, "BTCUSDT order 7")),
        (*STEPS, KillSwitchAdvanced(9, "failed", 5, "BTCUSDT 0.5")),
        (*STEPS, HALTED, RunResumed(10, 2, "again")),
        (*STEPS, HALTED, KillSwitchChanged(10, "none", "operator", "resumed")),
    ],
    ids=["never halted", "halted and not flat", "failed", "resumed since", "cleared since"],
)
def test_a_run_that_does_not_prove_it_is_flattened(command: Command, venue: FakeVenue, events: tuple[Event, ...]) -> None:
    document("quoter-1", venue.url.http, directory=journal_of("quoter-1", *events))
    answer, node, _ = killed(command)
    assert (answer.code, node["at_venue"]["outcome"]) == (0, "done")
    assert venue.positions[LONG] == 0


def test_a_run_that_proves_it_while_its_venue_is_asked_ends_the_asking(command: Command, venue: FakeVenue) -> None:
    folder = journal_of("quoter-1", *STEPS)
    document("quoter-1", venue.url.http, directory=folder)
    venue.fail("POST", "order", answers(400, '{"code":-2019,"msg":"Margin is insufficient."}'), times=99)

    def halt() -> None:
        path = RunDirectory(folder).journal
        path.unlink()
        with JournalWriter(path) as journal:
            for number, event in enumerate((*STEPS, HALTED), 1):
                journal.append(EventStreamEntry(ProcessingPosition(number), event))

    halting = threading.Timer(0.5, halt)
    halting.start()
    answer, node, took_s = killed(command)
    halting.join()
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (0, "not needed", True)
    assert took_s < SOON_S


def test_a_flatten_that_is_asked_for_is_done_whatever_the_run_proves(command: Command, venue: FakeVenue) -> None:
    document("quoter-1", venue.url.http, directory=journal_of("quoter-1", *STEPS, HALTED))
    answer, node, _ = killed(command, "--all", "--flatten-at-venue")
    assert (answer.code, node["at_venue"]["outcome"]) == (0, "done")
    assert venue.positions[LONG] == 0


# Runs that no document names.


@pytest.mark.parametrize("scope", [("--run", "crashed-1"), ("--name", "quoter"), ("--all",)], ids=["run", "name", "all"])
def test_a_crashed_run_without_a_document_is_flattened_by_its_stored_spec(
    command: Command, venue: FakeVenue, scope: tuple[str, ...]
) -> None:
    paper_run("crashed-1", venue_url=venue.url.http)
    paper_run("ended-1", seal=True, venue_url=venue.url.http)
    found = command("kill", "status", *scope, "--json").json("kill-status")["nodes"]
    assert [(each["run_id"], each["pid"], each["no_venue"]) for each in found] == [("crashed-1", 0, "")]
    answer, node, _ = killed(command, *scope)
    assert answer.code == 0
    assert (node["run_id"], node["process"], node["at_venue"]["outcome"]) == ("crashed-1", "gone", "done")
    assert venue.positions[LONG] == 0


def test_a_crashed_run_of_another_name_is_left_alone(command: Command, venue: FakeVenue) -> None:
    paper_run("crashed-1", venue_url=venue.url.http)
    answer = command("kill", "activate", "--name", "other", "--reason", "a test", "--json")
    assert answer.json("kill-activate")["nodes"] == []
    assert venue.log == []


def ended_run(venue: FakeVenue) -> RunDirectory:
    run = paper_run("ended-1", seal=True, venue_url=venue.url.http)
    write_metadata(run, replace(read_metadata(run), mode="paper", name="quoter"))
    return run


def test_a_run_that_has_ended_and_proves_nothing_is_flattened(command: Command, venue: FakeVenue) -> None:
    ended_run(venue)
    answer, node, _ = killed(command, "--run", "ended-1")
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (0, "done", True)
    assert venue.positions[LONG] == 0


def test_a_run_that_has_ended_is_not_confirmed_while_its_venue_keeps_the_position(command: Command, venue: FakeVenue) -> None:
    ended_run(venue)
    venue.fail("POST", "order", answers(400, '{"code":-2019,"msg":"Margin is insufficient."}'), times=99)
    for _ in range(2):
        answer, node, _ = killed(command, "--run", "ended-1", "--deadline", "1")
        assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (5, "failed", False)
        assert "activate again" in node["advice"]
        assert "run ended-1: its account is flattened from here, at most 1 s" in answer.err
    assert " s: its account is flattened from here, at most 1 s; so far: round " in answer.err


@pytest.mark.parametrize("mode", ["reduce", "halt"])
def test_a_mode_that_only_blocks_says_of_a_run_that_has_ended_what_it_takes_not_back(
    command: Command, venue: FakeVenue, mode: str
) -> None:
    run = ended_run(venue)
    observed(run, positions={"BTCUSDT-PERP.BINANCE": "0.5"})
    document("ended-1", venue.url.http, directory=run.path)
    assert "ended-1, left at the venue: BTCUSDT-PERP.BINANCE 0.5, order KEY" in command("kill", "status").out
    answer, node, _ = killed(command, "--all", "--mode", mode)
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (0, "not needed", True)
    assert "this mode takes nothing back; it left BTCUSDT-PERP.BINANCE 0.5" in node["at_venue"]["words"]
    assert venue.log == []
    answer, node, _ = killed(command, "--all")
    assert (answer.code, node["at_venue"]["outcome"]) == (0, "done")
    assert list_nodes(RUNTIME)[0] == ()


def observed(run: RunDirectory, *, positions: dict[str, str], is_open: bool = True, position: int = 0) -> None:
    """Keep a comparison with the venue that was made with the journal as it stands, or one entry before."""
    entries = [each for each in read_entries(run.journal) if isinstance(each, EventStreamEntry)]
    order = ObservedOrder(
        key="KEY", instrument_id="I", side="BUY", status="ACCEPTED" if is_open else "FILLED", quantity="1", filled="0"
    )
    seen = Observed(
        observed_version=1,
        at_ns=1,
        orders=(order,),
        positions=tuple(ObservedPosition(instrument_id=name, signed_quantity=each) for name, each in positions.items()),
    )
    digest = read_seal(run).journal.digest if not position else "0" * 64
    kept = ReconciliationDocument(
        run_id=run.run_id, tc="0", at_ns=1, source="venue", source_name="v", verdict="clean", position=1,
        entries=len(entries), journal_digest=digest, looks=1, in_flight=0, counts={}, not_compared={}, unknown={},
        findings=(), rows=(), notes=(), observed=seen,
    )  # fmt: skip
    artifact = write_numbered_artifact(run, "reconciliation", ".json", encode(kept))
    append_fact(
        run,
        RunReconciled(at_ns=1, tc="0", artifacts=(artifact,), position=1, source="venue", verdict="clean", findings=0),
    )


@pytest.mark.parametrize(
    ("seen", "is_proven"),
    [
        ({"positions": {"I": "0", "J": "-0.00"}, "is_open": False}, True),
        ({"positions": {"I": "-0.001"}, "is_open": False}, False),
        ({"positions": {}, "is_open": True}, False),
        ({"positions": {}, "is_open": False, "position": -1}, False),
    ],
    ids=["flat", "a position", "an open order", "of an earlier journal"],
)
def test_the_last_comparison_proves_the_end_only_when_it_saw_nothing_and_the_whole_journal(
    command: Command, venue: FakeVenue, seen: dict[str, Any], is_proven: bool
) -> None:
    observed(ended_run(venue), **seen)
    answer, node, _ = killed(command, "--run", "ended-1")
    assert (answer.code, node["at_venue"]["outcome"]) == (0, "not needed" if is_proven else "done")
    assert (venue.log == []) == is_proven


def test_a_run_that_has_ended_is_not_flattened_unasked_where_a_running_node_has_its_account(
    command: Command, venue: FakeVenue
) -> None:
    ended_run(venue)
    document("other-1", venue.url.http, pid=os.getpid())
    answer, node, _ = killed(command, "--run", "ended-1")
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (5, "unavailable", False)
    assert "others have its account: other-1" in node["at_venue"]["words"]
    assert "--flatten-at-venue" in node["advice"]
    assert venue.log == []
    answer, node, _ = killed(command, "--run", "ended-1", "--flatten-at-venue")
    assert (answer.code, node["at_venue"]["outcome"]) == (0, "done")


# What stays known of a run that has ended.


def test_the_newest_of_an_account_stays_known_until_it_is_flat_and_there_are_never_many(
    command: Command, venue: FakeVenue
) -> None:
    assert command("kill", "status").code == 0
    run = ended_run(venue)
    for number in range(MOST_KEPT + 3):
        document(f"old-{number}", f"http://127.0.0.1:{number + 1}")
    document("before-1", venue.url.http, directory=run.path)
    document("ended-1", venue.url.http, directory=run.path)
    retire_node(RUNTIME, "ended-1", is_venue_gone=False)
    names = {node.run_id for node in list_nodes(RUNTIME)[0]}
    assert {"ended-1", f"old-{MOST_KEPT + 2}"} <= names
    assert not {"before-1", "old-0"} & names
    assert len(names) == MOST_KEPT
    observed(run, positions={}, is_open=False)
    retire_node(RUNTIME, "ended-1", is_venue_gone=False)
    assert "ended-1" not in {node.run_id for node in list_nodes(RUNTIME)[0]}


def test_a_run_whose_venue_ended_with_it_is_forgotten(command: Command, venue: FakeVenue) -> None:
    document("ended-1", venue.url.http, directory=ended_run(venue).path)
    assert "left at the venue: what it left is unknown" in command("kill", "status").out
    retire_node(RUNTIME, "ended-1", is_venue_gone=True)
    assert list_nodes(RUNTIME)[0] == ()


def test_a_run_that_is_written_and_named_nowhere_says_that_its_runtime_root_may_be_another(command: Command) -> None:
    run = paper_run("elsewhere-1", venue="embedded")
    with RunLock(run):
        status = command("kill", "status")
        answer, node, _ = killed(command)
    assert "was it started with another" in status.out
    assert (answer.code, node["pid"], node["is_confirmed"]) == (5, os.getpid(), False)


def test_crashed_runs_whose_embedded_venue_ended_are_no_noise_and_still_told_when_asked_for(command: Command) -> None:
    paper_run("crashed-1", venue="embedded")
    embedded_state("crashed-1")
    assert command("kill", "status", "--json").json("kill-status")["nodes"] == []
    status = command("kill", "status", "--run", "crashed-1")
    assert "the embedded venue has ended" in status.out
    answer, node, _ = killed(command, "--run", "crashed-1")
    assert (answer.code, node["at_venue"]["outcome"], node["is_confirmed"]) == (0, "ended", True)


def nothing() -> Path:
    return ARTIFACTS / "runs" / "quoter-1"


def begun() -> Path:
    run = paper_run("quoter-1", venue="embedded")
    run.journal.write_bytes(b"")
    return run.path


def crashed() -> Path:
    return paper_run("quoter-1", venue="embedded").path


def sealed() -> Path:
    return paper_run("quoter-1", venue="embedded", seal=True).path


def unsealed() -> Path:
    """Make a run whose process was killed after its last event, before its seal."""
    run = paper_run("quoter-1", venue="embedded", seal=True)
    run.seal.unlink()
    return run.path


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (nothing, NOTHING_RECORDED), (begun, NOTHING_RECORDED), (crashed, KEPT_TO_RESUME), (sealed, KEPT_TO_LOOK_AT),
        (unsealed, KEPT_TO_LOOK_AT),
    ],
)  # fmt: skip
def test_only_of_a_run_that_can_go_on_is_it_said_that_its_account_is_kept_for_that(
    command: Command, made: Callable[[], Path], words: str
) -> None:
    embedded_state("quoter-1")
    document("quoter-1", "http://127.0.0.1:9", directory=made())
    [seen] = command("kill", "status", "--json").json("kill-status")["nodes"]
    assert seen["no_venue"] == words
    _, node, _ = killed(command)
    assert (node["at_venue"]["outcome"], node["at_venue"]["words"]) == ("ended", words)


# Keys that only the supervisor has.


@contextmanager
def supervisor(run_id: str, flat: VenueFlatten) -> Iterator[list[Any]]:
    asked: list[Any] = []

    def flatten(request: Any) -> dict[str, Any]:
        asked.append(request)
        return asdict(flat)

    with listening(supervisor_path(RUNTIME, run_id), {"ping": lambda _: {"pong": True}, "flatten": flatten}):
        yield asked


@pytest.mark.parametrize(("is_flat", "code"), [(True, 0), (False, 5)])
def test_without_keys_the_supervisor_flattens_in_our_place(
    command: Command, venue: FakeVenue, monkeypatch: pytest.MonkeyPatch, is_flat: bool, code: int
) -> None:
    monkeypatch.delenv("MY_SECRET")
    document("quoter-1", venue.url.http)
    assert "MY_SECRET is not set" in command("kill", "status").out
    with supervisor("quoter-1", VenueFlatten(is_flat, "as it is", 7)) as asked:
        status = command("kill", "status", "--json").json("kill-status")["nodes"]
        answer, node, _ = killed(command)
    assert [each["no_venue"] for each in status] == [""]
    assert (answer.code, node["is_confirmed"]) == (code, is_flat)
    assert node["at_venue"] == {
        "outcome": "done" if is_flat else "failed",
        "words": "through the run's supervisor: as it is",
        "latency_ns": 7,
    }
    assert [each["do"] for each in asked] == ["flatten"]
    assert venue.log == []


# Clearing.


def test_clearing_says_who_still_runs_and_may_go_on(command: Command) -> None:
    document("dead-1", "http://127.0.0.1:9")
    document("alive-1", "http://127.0.0.1:9", pid=os.getpid())
    command("kill", "activate", "--name", "quoter", "--mode", "reduce", "--reason", "x")
    other = command("kill", "clear", "--run", "alive-1", "--reason", "it was not set")
    assert "still there" not in other.out
    answer = command("kill", "clear", "--name", "quoter", "--reason", "y")
    assert answer.code == 0
    assert f"run alive-1 (process {os.getpid()}, running) still there" in answer.out
    assert "dead-1" not in answer.out


def test_clearing_takes_every_scope_that_status_shows_also_of_a_run_without_a_directory(command: Command) -> None:
    dead = document("p2", "http://127.0.0.1:9")
    document("p22", "http://127.0.0.1:9")
    command("kill", "activate", "--run", "p2", "--mode", "halt", "--reason", "x")
    forget_node(RUNTIME, dead)
    assert "run p2" in command("kill", "status").out
    answer = command("kill", "clear", "--run", "p2", "--reason", "y")
    assert (answer.code, "the kill switch of run p2 is cleared" in answer.out) == (0, True)
    assert command("kill", "clear", "--run", "p3", "--reason", "y").code == 6


def test_the_start_of_an_id_means_the_node_that_runs_before_those_that_have_ended(command: Command) -> None:
    document("quoter-1", "http://127.0.0.1:9")
    document("quoter-2", "http://127.0.0.1:9", pid=os.getpid())
    answer = command("kill", "clear", "--run", "quoter", "--reason", "y")
    assert "of run quoter-2 was not active" in answer.out


# A node that is about to listen.


def test_a_node_that_starts_and_is_confirmed_at_the_venue_is_not_to_be_ended_by_force(command: Command, venue: FakeVenue) -> None:
    document("quoter-1", venue.url.http, pid=os.getpid())
    answer, node, _ = killed(command)
    assert (answer.code, node["is_confirmed"], node["at_venue"]["outcome"]) == (0, True, "done")
    assert "kill -9" not in node["advice"]
    assert f"process {os.getpid()} has not answered: it does as the switch says" in node["advice"]


def test_a_node_that_does_not_answer_and_finds_no_switch_on_disk_is_never_confirmed(command: Command, venue: FakeVenue) -> None:
    document("quoter-1", venue.url.http, pid=os.getpid())
    (RUNTIME / "kill_switch").touch()
    answer, node, _ = killed(command)
    assert (answer.code, node["is_confirmed"], node["at_venue"]["outcome"]) == (6, False, "done")
    assert f"kill -9 {os.getpid()}" in node["advice"]


def test_a_node_that_starts_is_told_as_soon_as_it_listens(command: Command) -> None:
    document("quoter-1", "http://127.0.0.1:9", pid=os.getpid())
    heard: list[Any] = []

    def kill(request: Any) -> dict[str, Any]:
        heard.append(request["mode"])
        return {"step": "halted", "position": 7}

    node = listening(socket_path(RUNTIME, "quoter-1"), {"kill": kill})
    starting = threading.Timer(0.4, node.__enter__)
    starting.start()
    answer, told, _ = killed(command, "--all", "--mode", "halt")
    starting.join()
    node.__exit__(None, None, None)
    assert (answer.code, told["by_socket"]["outcome"], told["is_confirmed"]) == (0, "done", True)
    assert heard == ["halt"]
