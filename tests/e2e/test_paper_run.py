"""Paper runs from end to end: a real node on a real venue over real sockets, disturbed in every way that the manual names."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from live_nodes import venue
from paper_runs import TRADER, Done, PaperRun, Place, children, is_gone, side_by_side, until
from public_proxy import public_proxy
from tc.core.events import KillSwitchAdvanced, KillSwitchChanged, OrderAccepted, OrderFilled, RunFailed
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.ops import read_facts
from venue_process import API_KEY, API_SECRET, Caller, venue_process

pytestmark = pytest.mark.e2e

LONG = ("--duration", "300")
BUSY = ("--set", "strategy.parameters.half_spread_ticks=1", "--set", "node.market_data.speed=4")
"""What lets the quoter trade much in a short time."""
SENDS = {("POST", "/fapi/v1/order"), ("PUT", "/fapi/v1/order"), ("POST", "/fapi/v1/batchOrders")}
IMBALANCE = {
    "path": "nautilus_trader.examples.strategies.orderbook_imbalance:OrderBookImbalance",
    "config_path": "nautilus_trader.examples.strategies.orderbook_imbalance:OrderBookImbalanceConfig",
    "config": {
        "instrument_id": "BTCUSDT-PERP.BINANCE",
        "max_trade_size": "0.010",
        "use_quote_ticks": True,
        "book_type": "L1_MBP",
        "trigger_min_size": 0.001,
        "trigger_imbalance_ratio": 0.95,
        "min_seconds_between_triggers": 0.2,
    },
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("paper"))


def holds(place: Place, run_id: str) -> None:
    """Hold a run to what every sealed paper run is held to."""
    verified = place.tc("runs", "verify", run_id)
    assert verified.code == 0, verified.out + verified.err
    replayed = place.tc("runs", "replay", run_id)
    assert replayed.code == 0, replayed.out + replayed.err
    assert "as recorded" in replayed.out


def reconciliation(run: PaperRun) -> Any:
    """Return the last comparison of a run with its venue."""
    (*_, last) = sorted(run.directory.ops_folder.glob("reconciliation-*.json"))
    return json.loads(last.read_bytes())


# A run that trades and completes.


@pytest.fixture(scope="module")
def completed(place: Place) -> tuple[PaperRun, Done]:
    with place.paper("trades", "--duration", "5", *BUSY) as run:
        return run, run.ended()


def test_a_run_with_real_fills_completes_and_is_as_its_venue_says(completed: tuple[PaperRun, Done]) -> None:
    run, done = completed
    assert done.code == 0, done.err
    assert done.json()["status"] == "completed"
    assert done.json()["reconciliation"] == "clean"
    fills = run.events(OrderFilled)
    assert len(fills) >= 2
    assert reconciliation(run)["verdict"] == "clean"


def test_its_venue_judges_margin_by_the_leverage_of_the_spec(completed: tuple[PaperRun, Done]) -> None:
    run, _ = completed
    assert [row["leverage"] for row in run._rows("SELECT leverage FROM positions")] == [10]


def test_the_sealed_report_says_that_the_last_comparison_came_after_it_and_a_later_one_shows_it(
    place: Place, completed: tuple[PaperRun, Done]
) -> None:
    run, _ = completed
    for sealed in (run.directory.report_md, run.directory.report_html):
        assert "end comes after this report was sealed with the run" in sealed.read_text()
    assert json.loads(run.directory.metrics.read_bytes())["reconciliation"]["is_over"] is False
    later = place.tc("runs", "report", run.run_id)
    assert "after this report was sealed" not in later.out
    assert "as the journal says" in later.out
    metrics = json.loads(place.tc("runs", "report", run.run_id, "--json").out)
    assert metrics["reconciliation"]["latest"] == "clean"


def test_its_report_is_drawn_from_its_tape_and_says_what_it_left(place: Place, completed: tuple[PaperRun, Done]) -> None:
    run, _ = completed
    sealed, later = run.directory.report_md.read_text(), place.tc("runs", "report", run.run_id).out
    for report in (sealed, later):
        assert "mid-prices of quotes of BTCUSDT-PERP.BINANCE on the run's tape, drawn as" in report
        assert "held at the close of each candle" in report
    assert "By the journal, " in sealed
    assert "By its venue, asked at" in later
    left = [each for each in reconciliation(run)["observed"]["positions"] if each["signed_quantity"].strip("-0.")]
    assert ("| Position | `BTCUSDT-PERP.BINANCE` |" in later) == bool(left)


def test_it_verifies_and_replays_to_the_same_decisions(place: Place, completed: tuple[PaperRun, Done]) -> None:
    holds(place, completed[0].run_id)
    again = place.tc("runs", "replay", completed[0].run_id)
    assert "decisions derived again" in again.out


def test_it_reconciles_clean_again_when_its_venue_is_long_gone(place: Place, completed: tuple[PaperRun, Done]) -> None:
    before = completed[0].state_file.read_bytes()
    done = place.tc("reconcile", completed[0].run_id)
    assert done.code == 0, done.out + done.err
    assert completed[0].state_file.read_bytes() == before


def test_neither_key_nor_secret_nor_signature_is_written_anywhere(completed: tuple[PaperRun, Done]) -> None:
    run, done = completed
    written = [path for path in run.place.folder.rglob("*") if path.is_file()]
    assert any(path.parent.name == "logs" for path in written)
    for text in (API_KEY, API_SECRET, "signature="):
        assert [path for path in written if text.encode() in path.read_bytes()] == []
        assert text not in done.out + done.err


def test_no_process_and_no_name_of_it_is_left(completed: tuple[PaperRun, Done]) -> None:
    run, _ = completed
    assert list((run.place.folder / "runtime" / "nodes").glob(f"{run.run_id}*")) == []
    assert children(run.process.pid) == set()


# A run that is stopped.


@pytest.fixture(scope="module")
def stopped(place: Place) -> Iterator[dict[str, tuple[PaperRun, Done]]]:
    by_terminal = place.paper("by-ctrl-c", *LONG, *place.strategy(TRADER), "--set", "stop.on_stop=flatten")
    by_signal = place.paper("by-sigterm", *LONG, *place.strategy(TRADER))
    with side_by_side({"ctrl-c": by_terminal, "sigterm": by_signal}) as runs:
        for run in runs.values():
            run.until_out()
            assert len(children(run.process.pid)) == 2  # its node and its venue
        left = {pid for run in runs.values() for pid in children(run.process.pid)}
        os.killpg(runs["ctrl-c"].process.pid, signal.SIGINT)
        runs["sigterm"].send(signal.SIGTERM)
        ended = {name: (run, run.ended()) for name, run in runs.items()}
        assert [pid for pid in left if not is_gone(pid)] == []
        yield ended


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_a_signal_stops_it_with_on_stop_done(place: Place, stopped: dict[str, tuple[PaperRun, Done]], how: str) -> None:
    run, done = stopped[how]
    assert done.code == 3, done.err
    assert (done.json()["status"], done.json()["reconciliation"]) == ("stopped", "clean")
    assert run.open_orders() == []
    assert run.is_flat() == (how == "ctrl-c")  # whose on_stop is flatten
    logs = b"".join(log.read_bytes() for log in run.directory.path.glob("logs/*"))
    assert b"Received SIG" not in logs  # Nautilus's own handler would not wait for the orders.
    assert list((place.folder / "runtime" / "nodes").glob(f"{run.run_id}.[js]*")) == []
    holds(place, run.run_id)


# A venue that is not there.


def test_a_venue_that_is_not_there_is_exit_5_by_the_start_deadline(place: Place) -> None:
    absent = ("--set", 'node={"venue_url": "http://127.0.0.1:9", "start_deadline_s": "4"}', "--set", "stop.on_stop=leave")
    with place.paper("nowhere", *LONG, *absent) as run:
        pid = run.node().pid
        began = time.monotonic()
        done = run.ended()
        took_s = time.monotonic() - began
    assert done.code == 5, done.err
    assert "start deadline" in done.err
    assert "nobody listens" in done.out
    assert took_s < 8  # the deadline, and what the process takes to end
    assert is_gone(pid)


# What dies.


@pytest.fixture(scope="module")
def died(place: Place) -> Iterator[dict[str, tuple[PaperRun, Done]]]:
    runs = {
        how: place.paper(f"dies-{how}", *LONG, *place.strategy(TRADER), "--set", f"stop.on_stop={how}")
        for how in ("cancel", "flatten")
    }
    with side_by_side(runs) as begun:
        for run in begun.values():
            run.until_out()
            os.kill(run.node().pid, signal.SIGKILL)
        yield {name: (run, run.ended()) for name, run in begun.items()}


@pytest.mark.parametrize("how", ["cancel", "flatten"])
def test_a_node_that_is_killed_has_its_on_stop_done_from_outside(died: dict[str, tuple[PaperRun, Done]], how: str) -> None:
    run, done = died[how]
    assert done.code == 4, done.err
    assert done.json()["status"] == "crashed"
    assert "was ended by signal 9 (SIGKILL)" in done.err
    assert run.open_orders() == []
    assert run.is_flat() == (how == "flatten")


@pytest.mark.parametrize("how", ["cancel", "flatten"])
def test_its_run_is_crashed_and_is_made_whole(place: Place, died: dict[str, tuple[PaperRun, Done]], how: str) -> None:
    run, _ = died[how]
    assert "crashed" in place.tc("runs", "show", run.run_id).out
    acknowledged = {each.client_order_id for each in run.events(OrderAccepted, OrderFilled)}
    assert len(acknowledged) == 3  # what was acknowledged to the strategy is on disk
    recovered = place.tc("runs", "recover", run.run_id)
    assert recovered.code == 0, recovered.out + recovered.err
    holds(place, run.run_id)


def test_neither_node_nor_venue_outlives_a_supervisor_that_is_killed(place: Place) -> None:
    with place.paper("orphans", *LONG) as run:
        run.until("trading")
        left = {run.node().pid, run.venue_pid()}
        run.send(signal.SIGKILL)
        until(lambda: all(is_gone(pid) for pid in left), within_s=30)
    assert "the embedded venue has ended" in place.tc("kill", "status", "--run", "orphans").out
    began = time.monotonic()
    done = kill(place, "orphans")
    assert time.monotonic() - began < 10  # a flatten would wait twice as long for a venue that is not there
    assert (done.code, "NOT CONFIRMED" in done.out) == (0, False), done.out
    assert list((place.folder / "runtime" / "nodes").glob("orphans.[js]*")) == []


def test_a_node_on_an_exchange_of_its_own_ends_its_run_when_its_supervisor_dies(place: Place) -> None:
    with venue("--speed", "3") as exchange, place.paper("widowed", *LONG, "--venue-url", exchange.url) as run:
        run.until("trading")
        run.send(signal.SIGKILL)
        until(run.directory.seal.exists, within_s=30)
    metadata = json.loads(run.directory.metadata.read_text())
    assert (metadata["status"], metadata["reason"]) == ("stopped", "its supervisor died")


def test_a_node_that_is_killed_before_it_made_a_run_leaves_none_and_is_forgotten(place: Place) -> None:
    with place.paper("unborn", *LONG) as run:
        named = place.folder / "runtime" / "nodes" / "unborn.json"
        until(named.exists)
        os.kill(json.loads(named.read_text())["pid"], signal.SIGKILL)
        assert run.process.wait(60) == 5
    assert not run.directory.path.exists()
    said = "".join(run.said)
    assert "signal 9 (SIGKILL); it never traded" in said
    assert "run the spec again" in said
    assert "unborn" not in place.tc("kill", "status").out


def test_a_venue_that_is_down_at_the_start_cannot_be_reached(place: Place) -> None:
    with place.paper("nobody", *LONG, "--venue-url", "http://127.0.0.1:9") as run:
        assert run.process.wait(60) == 5


# The kill switch.


@contextmanager
def switched(place: Place, run_id: str, *options: str) -> Iterator[PaperRun]:
    """Start a run that has a position and open orders, and clear its switch afterwards."""
    with place.paper(run_id, *LONG, *place.strategy(TRADER), *options) as run:
        yield run.until_out()


def kill(place: Place, run_id: str) -> Done:
    return place.tc("kill", "activate", "--run", run_id, "--mode", "flatten", "--reason", "a test")


def is_killed(run: PaperRun) -> None:
    """Hold a run to what every run is that the switch has ended."""
    done = run.ended()
    assert done.code == 3, done.err
    assert (done.json()["status"], done.json()["reconciliation"]) == ("killed", "clean")
    assert run.open_orders() == []
    assert run.is_flat()
    holds(run.place, run.run_id)


def test_a_run_under_an_active_switch_is_blocked_and_asks_its_venue_nothing(place: Place) -> None:
    activated = place.tc("kill", "activate", "--name", "btcusdt-paper", "--mode", "halt", "--reason", "a test")
    assert activated.code == 0, activated.out
    try:
        with place.paper("blocked", *LONG) as run:
            done = run.ended()
    finally:
        assert place.tc("kill", "clear", "--name", "btcusdt-paper", "--reason", "tested").code == 0
    assert done.code == 3, done.err
    assert done.json()["status"] == "blocked"
    assert run.requests() == []
    holds(place, "blocked")


def test_nothing_reaches_the_venue_after_a_kill_by_socket_is_halted(place: Place) -> None:
    with place.paper("by-socket", *LONG, *BUSY) as run:
        run.until_recorded(OrderFilled)
        done = kill(place, "by-socket")
        assert done.code == 0, done.out
        assert "by its socket: done" in done.out
        is_killed(run)
    steps = {each.step: each.at_ns for each in run.events(KillSwitchAdvanced)}
    assert list(steps) == ["blocked", "annihilated", "cancelled", "flattened", "halted"]
    requests = run.requests()
    sent = [each for each in requests if (each["method"], each["path"]) in SENDS]
    assert sent
    assert [each for each in sent if each["time_ns"] > steps["halted"]] == []
    changes = [each for each in run.entries() if isinstance(each.event, KillSwitchChanged) and each.event.mode == "flatten"]
    assert len(changes) == 1


def test_a_kill_by_the_state_file_alone_is_enough(place: Place) -> None:
    with switched(place, "by-file") as run:
        Path(run.node().socket).unlink()
        switch = KillSwitch(place.folder / "runtime" / FOLDER)
        switch.activate(Scope.of_run("by-file"), mode="flatten", reason="a test", actor="a test", at_ns=time.time_ns())
        is_killed(run)


def test_a_node_that_hangs_is_flattened_from_outside(place: Place) -> None:
    with switched(place, "hangs") as run:
        node = run.node().pid
        os.kill(node, signal.SIGSTOP)
        try:
            keyless = {name: value for name, value in place.environment.items() if value not in (API_KEY, API_SECRET)}
            done = kill(Place(place.folder, keyless), "hangs")
            assert done.code == 0, done.out
            assert "at the venue: done" in done.out, done.out
            assert "through the run's supervisor" in done.out, done.out
            assert f"process {node} is stopped by a signal: it does as the switch says at its next look" in done.out
            assert "kill -9" not in done.out
            assert run.open_orders() == []
            assert run.is_flat()
        finally:
            os.kill(node, signal.SIGCONT)
        is_killed(run)
    assert (place.folder / "runtime" / FOLDER / "run-hangs.json").exists()


# Strategies of others.


def test_a_strategy_that_raises_is_reported_and_its_orders_are_dealt_with(place: Place) -> None:
    raises = TRADER + "\n        if self.n > 40:\n            raise ZeroDivisionError('at the fortieth tick')\n"
    with place.paper("raises", *LONG, *place.strategy(raises, "raising"), "--set", "stop.on_stop=flatten") as run:
        done = run.ended()
    assert done.code == 4, done.err
    assert done.json()["status"] == "failed"
    assert "ZeroDivisionError" in done.err
    trace = run.directory.error.read_text()
    assert "raising.py" in trace
    assert "at the fortieth tick" in trace
    assert run.open_orders() == []
    assert run.is_flat()
    assert run.events(RunFailed)
    holds(place, "raises")


@pytest.fixture(scope="module")
def unmodified(place: Place) -> Iterator[dict[str, tuple[PaperRun, Done]]]:
    runs = {
        gate: place.paper(
            f"imbalance-{gate}", "--duration", "4", "--set", f"strategy={json.dumps(IMBALANCE)}", "--set", f"gate={gate}"
        )
        for gate in ("on", "observe")
    }
    with side_by_side(runs) as begun:
        yield {gate: (run, run.ended()) for gate, run in begun.items()}


@pytest.mark.parametrize("gate", ["on", "observe"])
def test_a_strategy_of_nautilus_own_trades_unmodified(
    place: Place, unmodified: dict[str, tuple[PaperRun, Done]], gate: str
) -> None:
    run, done = unmodified[gate]
    assert done.code == 0, done.err
    assert (done.json()["status"], done.json()["reconciliation"]) == ("completed", "clean")
    assert run.events(OrderFilled)
    assert run.directory.decisions.stat().st_size > 0
    assert list(run.directory.path.glob("logs/*.jsonl"))
    holds(place, run.run_id)


# The venue's protocol.


def test_it_uses_nothing_of_the_venue_but_the_public_protocol(place: Place) -> None:
    with venue_process("--speed", "4") as venue, public_proxy(venue.url) as proxy:
        there = ("--set", f"node={json.dumps({'venue_url': proxy.url})}", "--set", "stop.on_stop=flatten")
        with place.paper("proxied", "--duration", "4", *BUSY[:2], *there) as run:
            done = run.ended()
    assert proxy.refused == []
    assert {"POST /fapi/v1/order", "POST /fapi/v1/listenKey", "GET /stream"} <= set(proxy.passed)
    assert done.code == 0, done.err
    assert (done.json()["status"], done.json()["reconciliation"]) == ("completed", "clean")
    assert run.events(OrderFilled)
    holds(place, "proxied")


def test_a_position_that_changes_silently_at_the_venue_is_found_blocks_new_risk_and_is_healed_when_asked(place: Place) -> None:
    with venue_process("--faults", "--weight-limit", "0") as venue:
        sets = ("--set", "node.reconciliation.every_s=1", "--set", "stop.on_stop=leave")
        with place.paper("shifted", *LONG, *place.strategy(TRADER), "--venue-url", venue.url, *sets) as run:
            run.until("trading").until_out()
            clean = until_compared(run, lambda last: last["cached"] is not None and len(last["cached"]["orders"]) == 3)
            assert (clean["verdict"], wrong_in_cache(clean)) == ("clean", 0)
            with closing(Caller(venue.url)) as caller:
                caller.fault("position_changed", symbol="BTCUSDT", by="0.5")
            run.until_recorded(KillSwitchChanged)
            found = until_compared(run, lambda last: last["verdict"] == "found")
            healed = place.tc("reconcile", "shifted", "--heal", "--json")
            done = run.send(signal.SIGTERM).ended()
    switched = run.events(KillSwitchChanged)[0]
    assert (switched.mode, switched.by) == ("reduce", "reconciliation")
    assert switched.reason.startswith("the run is not as its venue says: ")
    assert (found["verdict"], [each["code"] for each in found["findings"]]) == ("found", ["position_differs"])
    is_healed(place, run, healed)
    assert (done.json()["reconciliation"], done.code) == ("clean", 3), done.err
    active = KillSwitch(place.folder / "runtime" / FOLDER).effective(run_id="shifted", name="btcusdt-paper")
    assert active is not None
    assert active.scope == Scope.of_run("shifted")


def until_compared(run: PaperRun, is_so: Callable[[Any], bool]) -> Any:
    """Wait until the run's last comparison is so, and return it."""

    def found() -> Any:
        has_any = any(run.directory.ops_folder.glob("reconciliation-*.json"))
        last = reconciliation(run) if has_any else None
        return last if last is not None and is_so(last) else None

    return until(found)


def wrong_in_cache(document: Any) -> int:
    """Return how many rows the node's cache had wrong in a comparison in which it was told."""
    assert document["cached"]["orders"]
    return sum(counts[each] for counts in document["cached_counts"].values() for each in ("missing", "unexpected", "differs"))


def is_healed(place: Place, run: PaperRun, done: Done) -> None:
    """Hold a run to what healing makes of a position that changed silently."""
    assert done.code == 0, done.out + done.err
    document = done.json("reconcile")
    assert (document["heal"]["is_asked"], document["heal"]["is_healed"]) == (True, True)
    before = json.loads((run.directory.path / document["heal"]["before"]).read_bytes())
    assert [each["actual"] for row in before["rows"] for each in row["differences"]] == ["0.510"]
    after = json.loads((run.directory.path / document["artifact"]).read_bytes())
    assert wrong_in_cache(after) == 0
    assert [Decimal(each["signed_quantity"]) for each in after["cached"]["positions"]] == [Decimal("0.51")]
    guessed = [each for each in run.events(OrderFilled) if each.source == "compat"]
    assert len(guessed) == document["invented"] > 0
    assert {each.strategy_id for each in guessed} == {"EXTERNAL"}
    assert sum(each.quantity if each.side == "BUY" else -each.quantity for each in guessed) == Decimal("0.5")
    stated = {each["trade_id"] for each in after["observed"]["fills"]}
    assert not stated & {each.trade_id for each in guessed}
    facts = [type(each).__name__ for each in read_facts(run.directory)]
    assert [each for each in facts if each != "RunReconciled"] == ["HealRequested", "RunHealed"]
    holds(place, run.run_id)
