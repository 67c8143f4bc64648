"""How paper runs end when what they stand on gives way: the disk, the strategy, the venue, or the node's own time."""

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from paper_runs import TRADER, Done, PaperRun, Place, until
from tc.core.events import KillSwitchChanged, OrderAccepted
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from venue_process import API_KEY, API_SECRET, Caller, VenueProcess, venue_process

pytestmark = pytest.mark.e2e

LONG = ("--duration", "5m")
FULL_SOON = ("sh", "-c", 'ulimit -f 300; exec "$@"', "sh")
"""No file may grow beyond 300 blocks: a journal soon would."""

RAISES = """
    def started(self):
        self.is_out = False

    def quote(self, tick):
        if not self.is_out:
            self.is_out = True
            self.limit("BUY", 500)
        if self.cache.orders_open():
            import pathlib
            if pathlib.Path("raise").exists():
                raise ZeroDivisionError("with an order out")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("ends"))


def open_orders(venue: VenueProcess) -> int:
    """Return how many orders are open at a venue."""
    with closing(Caller(venue.url)) as caller:
        return len(caller.signed("GET", "/fapi/v1/openOrders").document)


def is_taken_care_of(venue: VenueProcess, done: Done, code: int, status: str) -> dict[str, Any]:
    """Hold a run that failed to what was done at its venue, and to having said so; return what it said."""
    assert done.code == code, done.err
    said = done.json()
    assert (said["status"], said["left_at_venue"]) == (status, [])
    assert said["unsettled"] != []
    assert open_orders(venue) == 0
    return said


def test_a_run_whose_journal_cannot_grow_has_its_orders_cancelled_from_outside(place: Place) -> None:
    with venue_process("--speed", "4", "--weight-limit", "0") as venue:
        with place.paper("full", *LONG, "--venue-url", venue.url, under=FULL_SOON) as run:
            run.until_recorded(OrderAccepted, 2)
            done = run.ended()
        said = is_taken_care_of(venue, done, 6, "crashed")
    assert said["unsettled"] == ["the node ended without a word about its orders and positions"]
    assert "journal" in done.err


def test_orders_that_a_failing_node_could_not_cancel_are_cancelled_from_outside(place: Place) -> None:
    options = (*place.strategy(RAISES, "raising"), "--set", "node.stop_deadline_s=5")
    with venue_process("--faults", "--weight-limit", "0") as venue:
        with place.paper("raises", *LONG, "--venue-url", venue.url, *options) as run:
            run.until_recorded(OrderAccepted)
            with closing(Caller(venue.url)) as caller:
                caller.fault("hang", count=1000, requests="DELETE /fapi/v1/order", seconds=60, handled="before")
            (place.folder / "raise").touch()
            done = run.ended()
        said = is_taken_care_of(venue, done, 4, "failed")
    assert any("cancel" in each.lower() for each in said["unsettled"]), said["unsettled"]
    assert "ZeroDivisionError: with an order out" in said["reason"]


def test_a_venue_that_dies_in_the_middle_of_a_signed_request_brings_neither_key_nor_signature_to_light(place: Place) -> None:
    sets = ("--set", "stop.on_stop=leave", "--set", "node.stop_deadline_s=4")
    with (
        venue_process("--faults", "--weight-limit", "0") as venue,
        place.paper("cut-off", *LONG, "--venue-url", venue.url, *sets) as run,
    ):
        run.until_recorded(OrderAccepted, 2)
        with closing(Caller(venue.url)) as caller:
            caller.fault("hang", count=1000, requests="PUT /fapi/v1/order", seconds=60, handled="before")
            until(lambda: caller.counters().get("hang"))
        os.kill(venue.process.pid, signal.SIGKILL)
        done = run.send(signal.SIGTERM).ended()
    written = [path for path in run.directory.path.rglob("*") if path.is_file()]
    texts = {str(path): path.read_bytes() for path in written} | {"out": done.out.encode(), "err": done.err.encode()}
    hidden = re.compile(rb"signature=[0-9a-f]|" + API_KEY.encode() + b"|" + API_SECRET.encode())
    assert [name for name, text in texts.items() if hidden.search(text)] == []
    assert b"signature=***" in logs(run)


def logs(run: PaperRun) -> bytes:
    """Return what the node has logged."""
    return b"".join(each.read_bytes() for each in run.directory.path.glob("logs/*"))


def asleep(run: PaperRun, meanwhile: Callable[[KillSwitch], None]) -> None:
    """Stop a node, do something at its kill switch, and let it go on."""
    node = run.node().pid
    os.kill(node, signal.SIGSTOP)
    try:
        until(lambda: "\nState:\tT" in Path(f"/proc/{node}/status").read_text())
        meanwhile(KillSwitch(run.place.folder / "runtime" / FOLDER))
    finally:
        os.kill(node, signal.SIGCONT)


def test_a_node_that_slept_through_a_kill_and_its_clearing_carries_it_out_when_it_wakes(place: Place) -> None:
    def killed_and_cleared(switch: KillSwitch) -> None:
        scope, at_ns = Scope.of_name("btcusdt-paper"), time.time_ns()
        switch.activate(scope, mode="flatten", reason="enough", actor="night shift", at_ns=at_ns)
        switch.clear(scope, reason="it seems flat", actor="day shift", at_ns=at_ns)
        assert switch.effective(run_id="asleep", name="btcusdt-paper") is None

    with place.paper("asleep", *LONG, *place.strategy(TRADER)) as run:
        run.until_out()
        asleep(run, killed_and_cleared)
        done = run.ended()
    assert done.code == 3, done.err
    assert (done.json()["status"], done.json()["reconciliation"]) == ("killed", "clean")
    changed = run.events(KillSwitchChanged)[0]
    assert (changed.mode, changed.reason) == ("flatten", "enough (the switch was cleared since)")
    assert run.open_orders() == []
    assert run.is_flat()


def test_a_run_does_not_start_on_a_disk_with_too_little_room(place: Place) -> None:
    with place.paper("no-room", *LONG, "--set", "node.min_free_mb=1000000000000") as run:
        done = run.ended()
    assert done.code == 3, done.err
    assert "the run does not start: the disk has less than 1000000000000 MB free" in done.err
    assert not run.directory.path.exists()
