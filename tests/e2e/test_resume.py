"""Paper runs that go on after a crash: real processes, killed, and `tc run --resume`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from paper_runs import TRADER, Done, PaperRun, Place, children, is_gone, until
from tc.core import EventStreamEntry
from tc.core.events import OrderAccepted, OrderCanceled, OrderFilled, OrderInitialized, RunResumed, SnapshotTaken
from tc.store.journal import read_entries
from venue_process import SYMBOL, Caller, venue_process

pytestmark = pytest.mark.e2e

LONG = ("--duration", "300")
BUSY = ("--set", "strategy.parameters.half_spread_ticks=1", "--set", "node.market_data.speed=4")
LEFT = ("--set", "stop.on_stop=leave")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("resumed"))


def crash(run: PaperRun, *pids: int) -> None:
    """Kill processes of a run, and wait until nothing of it is left."""
    left = {run.process.pid, *children(run.process.pid)}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    run.process.wait(60)
    until(lambda: all(is_gone(pid) for pid in left))


def go_on(place: Place, run_id: str, *options: str) -> Done:
    return place.tc("run", "--resume", run_id, "--json", *(options or ("--duration", "2")))


def goes_on_well(place: Place, run_id: str, status: str = "completed", code: int = 0) -> list[EventStreamEntry]:
    """Go on with a run, and hold it to what every sealed run is held to; return its entries."""
    done = go_on(place, run_id)
    assert done.code == code, done.err
    assert done.json()["status"] == status
    assert done.json()["reconciliation"] == "clean"
    is_whole(place, run_id)
    return entries_of(place, run_id)


def is_whole(place: Place, run_id: str) -> None:
    for command, words in (("verify", "intact"), ("replay", "as recorded")):
        judged = place.tc("runs", command, run_id)
        assert judged.code == 0, judged.out + judged.err
        assert words in judged.out
    assert place.tc("reconcile", run_id).code == 0


def entries_of(place: Place, run_id: str) -> list[EventStreamEntry]:
    return list(read_entries(place.run(run_id).journal))


def recovered(entries: list[EventStreamEntry], *kinds: type[Any]) -> list[Any]:
    """Return the events of these types between a resumption and the snapshot behind it."""
    found, is_between = [], False
    for entry in entries:
        event = entry.event
        is_between = isinstance(event, RunResumed) or (is_between and not isinstance(event, SnapshotTaken))
        if is_between and isinstance(event, kinds):
            found.append(event)
    return found


def test_a_node_and_then_its_venue_and_then_both_are_killed_under_quoting_and_the_run_goes_on_each_time(place: Place) -> None:
    with place.paper("thrice", *LONG, *BUSY) as run:
        run.until_recorded(OrderFilled, 2)
        crash(run, run.node().pid)
    for kill in ("venue", "both"):
        again = subprocess.Popen(
            [sys.executable, "-m", "tc", "run", "--resume", "thrice", "--duration", "300"],
            cwd=place.folder,
            env=place.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        later = PaperRun(place, "thrice", again)
        fills = len(later.events(OrderFilled))
        until((place.folder / "runtime" / "nodes" / "thrice.lock").exists)
        assert go_on(place, "thrice").code == 3  # while it begins, there is no second one
        later.until("trading").until_recorded(OrderFilled, fills + 2)
        venue, node = later.venue_pid(), later.node().pid
        assert node in children(again.pid)
        crash(later, *((venue,) if kill == "venue" else (venue, node)))
        later.close()
        assert again.returncode == 5
    entries = goes_on_well(place, "thrice")
    assert [each.event.segment for each in entries if isinstance(each.event, RunResumed)] == [2, 3, 4]
    keys = [each.event.client_order_id for each in entries if isinstance(each.event, OrderInitialized)]
    assert len(keys) == len(set(keys))
    metadata = json.loads(place.run("thrice").metadata.read_bytes())
    assert len(metadata["resumed"]) == 3
    assert metadata["resumed"][0]["ns"] > metadata["started"]["ns"]


def test_a_supervisor_that_is_killed_leaves_a_run_whose_orders_and_position_are_claimed(place: Place) -> None:
    with place.paper("alone", *LONG, *place.strategy(TRADER), *LEFT) as run:
        run.until_recorded(OrderAccepted, 2).until_recorded(OrderFilled)
        crash(run, run.process.pid, run.node().pid)
        left = set(run.open_orders())
        assert len(left) == 2
    entries = goes_on_well(place, "alone")
    assert recovered(entries, OrderFilled, OrderCanceled, OrderInitialized) == []
    again = [each.event for each in entries if isinstance(each.event, SnapshotTaken)][1]
    assert (again.orders, again.positions) == ((), ())
    terms = [each.event for each in entries if isinstance(each.event, OrderInitialized)]
    assert {each.strategy_id for each in terms} == {terms[0].strategy_id}


def test_what_the_supervisor_cancelled_and_closed_after_the_crash_is_found(place: Place) -> None:
    with place.paper("closed", *LONG, *place.strategy(TRADER), "--set", "stop.on_stop=flatten") as run:
        run.until_recorded(OrderAccepted, 2).until_recorded(OrderFilled)
        crash(run, run.node().pid)
        assert run.open_orders() == []
    entries = goes_on_well(place, "closed")
    assert len(recovered(entries, OrderCanceled)) == 2
    (closing,) = recovered(entries, OrderFilled)
    assert closing.side == "SELL"
    (theirs,) = recovered(entries, OrderInitialized)
    assert theirs.strategy_id == "EXTERNAL"
    story = place.tc("runs", "explain", "closed", "--order", theirs.client_order_id)
    assert "recovered" in story.out, story.out + story.err


@pytest.fixture
def venue(place: Place) -> Iterator[str]:
    with venue_process("--market-data", "generator", "--speed", "4") as found:
        yield found.url


def fills(caller: Caller) -> int:
    return len(caller.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL).document)


def quotes(caller: Caller) -> int:
    return len(caller.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL).document)


def filled_before_it_was_held_quoting(caller: Caller, node: int) -> int | None:
    """Hold a node still that has a quote on either side, and return how many fills there were by then; else let it go on.

    From a single quote the market can stay away for long; and quotes that are filled while their node ends leave none to fill.
    """
    os.kill(node, signal.SIGSTOP)
    time.sleep(0.1)  # What it had sent arrives.
    before = fills(caller)
    if quotes(caller) == 2:
        return before
    os.kill(node, signal.SIGCONT)
    return None


def test_orders_that_were_filled_while_nobody_was_there_are_found(place: Place, venue: str) -> None:
    there = ("--set", f"node={json.dumps({'venue_url': venue})}", "--set", "strategy.parameters.half_spread_ticks=1")
    with place.paper("filled", *LONG, *there) as run, closing(Caller(venue)) as caller:
        run.until_recorded(OrderFilled)
        before = until(lambda: filled_before_it_was_held_quoting(caller, run.node().pid))
        crash(run, run.process.pid, run.node().pid)
        until(lambda: fills(caller) > before)  # The market moves on, and the quotes stay.
    done = go_on(place, "filled")
    assert (done.code, done.json()["reconciliation"]) == (0, "clean"), done.err
    entries = entries_of(place, "filled")
    found = recovered(entries, OrderFilled)
    assert found
    trades = [each.event.trade_id for each in entries if isinstance(each.event, OrderFilled)]
    assert len(trades) == len(set(trades))


def test_a_journal_with_a_torn_end_goes_on_and_its_bytes_are_kept(place: Place) -> None:
    with place.paper("torn", *LONG) as run:
        run.until("trading").until_recorded(OrderAccepted)
        crash(run, run.process.pid, run.node().pid)
    with run.directory.journal.open("ab") as journal:
        journal.write(b'{"digest":"0123')
    goes_on_well(place, "torn")
    assert (run.directory.ops_folder / "torn-journal-2.bin").read_bytes() == b'{"digest":"0123'


def test_a_run_does_not_go_on_under_an_active_switch_and_not_once_it_is_sealed(place: Place) -> None:
    with place.paper("held", *LONG, "--set", "strategy.parameters.half_spread_ticks=2000") as run:  # No order is filled.
        run.until("trading").until_recorded(OrderAccepted)
        crash(run, run.process.pid, run.node().pid)
    assert place.tc("kill", "activate", "--name", "btcusdt-paper", "--mode", "halt", "--reason", "a test").code == 0
    try:
        done = go_on(place, "held")
    finally:
        assert place.tc("kill", "clear", "--name", "btcusdt-paper", "--reason", "tested").code == 0
    assert (done.code, done.json()["status"], done.json()["unsettled"]) == (3, "blocked", []), done.err
    assert run.open_orders() == []
    ends = [type(each.event).__name__ for each in entries_of(place, "held")][-3:]
    assert ends == ["OrderCanceled", "OrderCanceled", "RunStopped"]  # on_stop is done before the run is sealed
    assert place.tc("reconcile", "held").code == 0
    judged = place.tc("runs", "verify", "held")
    assert judged.code == 0, judged.out
    refused = go_on(place, "held")
    assert refused.code == 3
    assert "is sealed" in refused.err


def test_a_configuration_that_comes_out_otherwise_is_refused_and_named(place: Place) -> None:
    with place.paper("changed", *LONG, *place.strategy(TRADER, "changing")) as run:
        run.until("trading")
        crash(run, run.process.pid, run.node().pid)
    kept = run.state_file.rename(run.state_file.with_suffix(".kept"))
    forgotten = go_on(place, "changed")
    assert (forgotten.code, "has forgotten the run's orders" in forgotten.err) == (6, True), forgotten.err
    kept.rename(run.state_file)
    (module,) = Path(run.directory.code).rglob("changing.py")
    module.write_text(module.read_text() + "\n# another\n")
    refused = go_on(place, "changed")
    assert refused.code == 3
    assert "strategy.modules.changing was" in refused.err


@pytest.mark.parametrize("kills", [1, pytest.param(200, marks=pytest.mark.soak)])
def test_processes_killed_at_random_moments_lose_double_and_orphan_nothing(kills: int) -> None:
    kinds = ("node", "venue", "both", "supervisor")
    script = Path(__file__).resolve().parents[2] / "scripts" / "soak_paper.py"
    command = [sys.executable, str(script), "--kills", str(kills), "--spread", "1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [found.get(kind, 0) + found.get(f"{kind} after stop", 0) for kind in kinds] == [kills] * len(kinds)
