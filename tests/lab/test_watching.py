"""What is seen of a run in its directory: every line once, what gates and comparisons say, and a reading for every probe."""

import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from gated import INSTRUMENT
from paper_runs import until
from status_samples import comparison
from tc.core.events import KillSwitchAdvanced, OrderDenied
from tc.lab.lab import VENUE_PROBES
from tc.lab.watching import LATELY_S, RunWatch
from tc.ports.drills import Seen
from tc.spec.drills.drill_spec import ProbeName
from tc.spec.drills.words import PROBES
from tc.store.facts import RunReconciled
from tc.store.heartbeat import Channel
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.layout import RunDirectory, run_directory
from tc.store.ops import append_fact, write_ops_artifact
from tracked_runs import SECOND, GrowingRun, growing, killed, traded

OF_THE_RUN = sorted({*get_args(ProbeName)} - VENUE_PROBES - {"alerts"})

OF_HEARTBEATS = ("node_state", "feed", "data_connection", "open_orders", "in_flight_s", "loop_lag_s", "venue")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[GrowingRun]:
    with growing(tmp_path, "r") as made:
        yield made


@pytest.fixture
def watch(run: GrowingRun, tmp_path: Path) -> RunWatch:
    return watching(run.directory, tmp_path)


def watching(run: RunDirectory, root: Path) -> RunWatch:
    return RunWatch(run, root / "runtime", "made-up")


def reconciled(run: RunDirectory, number: int, verdict: str = "found") -> None:
    """Let a comparison with the venue come to something, as the supervisor keeps it."""
    document = comparison()
    if verdict != "found":
        document = msgspec.structs.replace(document, verdict=verdict, findings=())
    artifact = write_ops_artifact(run, f"reconciliation-{number:04}.json", msgspec.json.encode(document))
    count = len(document.findings)
    fact = RunReconciled(at_ns=number, tc="0", artifacts=(artifact,), position=1, source="venue", verdict=verdict, findings=count)  # type: ignore[arg-type]
    append_fact(run, fact)


def of(source: str, seen: list[Seen]) -> list[Seen]:
    return [each for each in seen if each.source == source]


def test_every_probe_is_read_in_the_directory_of_a_run_that_trades_but_for_those_of_venue_and_alertmanager(
    run: GrowingRun, watch: RunWatch
) -> None:
    traded(run.stream)
    run.write()
    run.say(open_orders=3, connected={"data": True, "execution": False})
    reconciled(run.directory, 1)
    watch.look()
    for probe in OF_THE_RUN:
        value = watch.read(probe)
        if PROBES[probe].is_number:
            assert isinstance(value, Decimal), probe
        else:
            assert value in PROBES[probe].words, probe
    assert (watch.read("run_state"), watch.read("node_state"), watch.read("venue")) == ("running", "trading", "up")
    assert (watch.read("data_connection"), watch.read("execution_connection")) == ("up", "down")
    assert (watch.read("open_orders"), watch.read("loop_lag_s")) == (Decimal(3), Decimal("0.25"))
    assert 1 <= watch.read("in_flight_s") < 30  # type: ignore[operator]


def test_what_a_comparison_found_is_seen_before_what_came_of_it(run: GrowingRun, watch: RunWatch) -> None:
    killed(run.stream)
    run.write()
    reconciled(run.directory, 1)
    sources = [each.source for each in watch.look()]
    assert {"finding", "gate"} <= {*sources}
    assert "finding" not in sources[sources.index("event") :]


def test_where_there_is_no_run_yet_nothing_is_seen_and_nothing_is_read(tmp_path: Path) -> None:
    watch = watching(run_directory(tmp_path, "none"), tmp_path)
    assert watch.look() == []
    empty = {"kill_switch": "none", "journal": "intact", "orders_accepted": Decimal(0), "fills": Decimal(0)}
    assert {probe: watch.read(probe) for probe in OF_THE_RUN} == {**dict.fromkeys(OF_THE_RUN), **empty}


def test_nobody_who_is_silent_is_taken_for_connected(run: GrowingRun, watch: RunWatch) -> None:
    run.say(connected={}, oldest_in_flight_ns=None)
    assert watch.read("data_connection") is None
    assert watch.read("in_flight_s") == 0


def test_what_was_said_before_it_was_forgotten_is_no_reading_and_what_is_said_next_is_one(
    run: GrowingRun, watch: RunWatch
) -> None:
    run.say(open_orders=3)
    before = {probe: watch.read(probe) for probe in OF_HEARTBEATS}
    assert None not in before.values()
    watch.forget()
    assert {probe: watch.read(probe) for probe in OF_HEARTBEATS} == dict.fromkeys(OF_HEARTBEATS)
    assert watch.read("run_state") == "running"

    def says_again() -> bool:  # A file's time is that of the system's last tick.
        run.say(open_orders=3)
        return None not in {watch.read(probe) for probe in OF_HEARTBEATS}

    until(says_again)


def test_the_worst_channel_is_the_feed(run: GrowingRun, watch: RunWatch) -> None:
    run.say(channels=())
    assert watch.read("feed") is None
    now_ns = time.time_ns()
    old, young = (Channel(INSTRUMENT, kind, now_ns - age_s * SECOND, 7) for kind, age_s in (("TradeTick", 60), ("QuoteTick", 0)))
    run.say(channels=(young,))
    assert watch.read("feed") == "live"
    run.say(channels=(young, old), connected={"data": False})
    assert watch.read("feed") == "disconnected"


def test_a_clock_that_jumped_makes_nothing_older(run: GrowingRun, watch: RunWatch) -> None:
    run.say(ahead_ns=3600 * SECOND)
    assert watch.read("feed") == "live"
    assert 1 <= watch.read("in_flight_s") < 30  # type: ignore[operator]


def test_each_line_is_seen_once_in_order(run: GrowingRun, watch: RunWatch) -> None:
    assert [each.name for each in watch.look()] == ["RunStarted"]
    traded(run.stream)
    run.write()
    told = [each.name for each in of("event", watch.look())]
    assert told == [type(each.event).__name__ for each in run.stream.entries[1:]]
    assert watch.look() == []
    run.complete()
    assert watch.look() == [Seen("event", "RunCompleted")]


def test_an_order_that_is_denied_is_a_gate_that_blocks_and_says_why(run: GrowingRun, watch: RunWatch) -> None:
    run.stream.market()
    run.stream.initialize("O-LARGE", quantity="900")
    run.stream.emit(OrderDenied(run.stream.now, run.stream.now, "O-LARGE", "max_position"))
    run.write()
    assert of("gate", watch.look()) == [Seen("gate", "blocked", "max_position"), Seen("gate", "max_position", "max_position")]


@pytest.mark.parametrize(
    ("mode", "gates"),
    [("none", []), ("reduce", ["reducing"]), ("flatten", ["reducing"]), ("halt", ["halted"]), ("halt_all", ["halted"])],
)
def test_the_kill_switch_is_a_gate_by_its_mode(run: GrowingRun, watch: RunWatch, mode: str, gates: list[str]) -> None:
    run.stream.kill(mode)  # type: ignore[arg-type]
    run.write()
    assert [(each.name, each.detail) for each in of("gate", watch.look())] == [(gate, "a test") for gate in gates]


def test_a_flatten_comes_to_a_halt_with_its_last_step(run: GrowingRun, watch: RunWatch) -> None:
    run.stream.kill("flatten")
    for step in ("blocked", "halted"):
        run.stream.emit(KillSwitchAdvanced(run.stream.now, step, 1, detail="flat"))
    run.write()
    assert [(each.name, each.detail) for each in of("gate", watch.look())] == [("reducing", "a test"), ("halted", "flat")]
    assert [each.name for each in of("event", watch.look())] == []


def test_a_halt_in_all_its_steps_is_halted(run: GrowingRun, watch: RunWatch) -> None:
    killed(run.stream)
    run.write()
    assert {each.name for each in of("gate", watch.look())} == {"halted"}


def test_the_switch_itself_is_read_on_disk_whether_the_node_heard_of_it_or_not(watch: RunWatch, tmp_path: Path) -> None:
    assert watch.read("kill_switch") == "none"
    switch = KillSwitch(tmp_path / "runtime" / FOLDER)
    switch.activate(Scope("run", "r"), mode="reduce", reason="it hangs", actor="me", at_ns=1)
    assert watch.read("kill_switch") == "reduce"
    switch.activate(Scope("name", "made-up"), mode="halt", reason="it hangs", actor="me", at_ns=2)
    assert watch.read("kill_switch") == "halt"


def test_what_a_comparison_found_is_told_once_with_its_verdict(run: GrowingRun, watch: RunWatch) -> None:
    reconciled(run.directory, 1, "clean")
    assert of("finding", watch.look()) == []
    assert watch.read("reconciliation") == "clean"
    reconciled(run.directory, 2)
    found = of("finding", watch.look())
    assert [each.name for each in found] == ["order_missing", "position_differs", "balance_differs"]
    assert found[1].detail.endswith(": expected -1.250, found -0.750")
    assert watch.read("reconciliation") == "found"
    assert of("finding", watch.look()) == []
    reconciled(run.directory, 3, "unknown")
    assert of("finding", watch.look()) == []
    assert watch.read("reconciliation") == "unknown"


def test_a_comparison_whose_document_is_gone_or_altered_still_has_its_verdict(run: GrowingRun, watch: RunWatch) -> None:
    reconciled(run.directory, 1)
    (run.directory.ops_folder / "reconciliation-0001.json").write_text("{}")
    reconciled(run.directory, 2)
    (run.directory.ops_folder / "reconciliation-0002.json").unlink()
    assert of("finding", watch.look()) == []
    assert watch.read("reconciliation") == "found"


def test_orders_and_fills_are_counted_for_a_moment_only(run: GrowingRun, watch: RunWatch) -> None:
    traded(run.stream)
    run.write()
    watch.look()
    assert (watch.read("orders_accepted"), watch.read("fills")) == (1, 1)
    until(lambda: watch.read("orders_accepted") == 0 and watch.read("fills") == 0, within_s=LATELY_S + 5)


def test_a_journal_that_is_cut_is_broken_until_it_comes_back_and_is_read_on_from_there(run: GrowingRun, watch: RunWatch) -> None:
    watch.look()
    assert watch.read("journal") == "intact"
    whole = run.directory.journal.read_bytes()
    os.truncate(run.directory.journal, len(whole) - 10)
    assert watch.look() == []
    assert watch.read("journal") == "broken"
    assert watch.look() == []
    run.directory.journal.write_bytes(whole)
    traded(run.stream)
    run.write()
    assert len(of("event", watch.look())) == len(run.stream.entries) - 1
    assert watch.read("journal") == "intact"


def test_a_line_that_is_not_as_it_was_written_breaks_the_journal_until_it_is_put_back(run: GrowingRun, watch: RunWatch) -> None:
    watch.look()
    traded(run.stream)
    run.write()
    whole = run.directory.journal.read_bytes()
    *lines, last = whole.splitlines(keepends=True)
    run.directory.journal.write_bytes(b"".join(lines) + last.replace(b"digest", b"digesT"))
    told = of("event", watch.look())
    assert len(told) == len(run.stream.entries) - 2
    assert watch.read("journal") == "broken"
    run.directory.journal.write_bytes(whole)
    assert [each.name for each in of("event", watch.look())] == [type(run.stream.entries[-1].event).__name__]
    assert watch.read("journal") == "intact"


def test_how_a_run_ended_is_read_when_it_has(run: GrowingRun, watch: RunWatch) -> None:
    assert watch.read("run_state") == "running"
    run.crash()
    assert watch.read("run_state") == "crashed"
    with growing(run.directory.path.parents[1], "sealed") as other:
        directory = other.seal("stopped")
    assert watching(directory, directory.path.parents[1]).read("run_state") == "stopped"
