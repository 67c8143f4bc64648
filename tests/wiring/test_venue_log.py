"""What a venue kept of itself is read from its state file: while it runs, and after it was killed."""

import signal
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tc.checks.invariants.venue_log import VenueLog
from tc.errors import ArtifactError
from tc.wiring.venue_log import read_venue_log
from venue_process import SYMBOL, Caller, VenueProcess, calling, venue_process

LOW, HIGH = "58000.0", "62000.0"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "venue.sqlite"


@pytest.fixture
def venue(state: Path) -> Iterator[VenueProcess]:
    with venue_process("--faults", "--state", str(state)) as started:
        yield started


@pytest.fixture
def caller(venue: VenueProcess) -> Iterator[Caller]:
    with calling(venue.url) as caller:
        yield caller


def trade(caller: Caller) -> None:
    """Leave a cancelled, a refused and a half filled order, and one whose acceptance was never heard of."""
    caller.place("BUY", "0.010", LOW, newClientOrderId="ended-1")
    caller.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="ended-1")
    caller.place("BUY", "0.001", LOW, newClientOrderId="small-1")
    caller.fault("unavailable_after")
    assert caller.place("SELL", "0.010", HIGH, newClientOrderId="lost-1").status == 503
    caller.fault("fill_order", client_order_id="lost-1", fraction="0.4")


def check(log: VenueLog) -> None:
    told = [(each.method, each.client_order_id, each.status, each.error_code, each.is_accepted) for each in log.requests]
    assert told == [
        ("POST", "ended-1", 200, 0, True),
        ("DELETE", "ended-1", 200, 0, True),
        ("POST", "small-1", 400, -4164, False),
        ("POST", "lost-1", 200, 0, True),
    ]
    assert {each.path for each in log.requests} == {"/fapi/v1/order"}
    assert [(each.client_order_id, each.side, each.status, each.quantity, each.filled) for each in log.orders] == [
        ("ended-1", "BUY", "CANCELED", Decimal("0.010"), 0),
        ("lost-1", "SELL", "PARTIALLY_FILLED", Decimal("0.010"), Decimal("0.004")),
    ]
    assert [each.accepted_ns for each in log.orders] == [log.requests[0].time_ns, log.requests[-1].time_ns]
    assert {(each.symbol, each.changes) for each in log.orders} == {(SYMBOL, 0)}
    [fill] = log.trades
    assert (fill.client_order_id, fill.side, fill.price, fill.quantity) == ("lost-1", "SELL", Decimal(HIGH), Decimal("0.004"))
    assert (fill.order_id, fill.symbol, fill.signed) == (log.orders[1].order_id, SYMBOL, Decimal("-0.004"))
    assert log.requests[-1].time_ns < fill.time_ns
    assert log.positions == {SYMBOL: Decimal("-0.004")}


def test_the_log_is_read_while_the_venue_runs_and_after_it_was_killed_and_the_file_stays_as_it_is(
    venue: VenueProcess, caller: Caller, state: Path
) -> None:
    trade(caller)
    check(read_venue_log(state))
    assert caller.place("BUY", "0.001", LOW).code == -4164, "it goes on"
    venue.process.send_signal(signal.SIGKILL)
    venue.process.wait(5)
    before = {path.name: path.read_bytes() for path in state.parent.iterdir()}
    log = read_venue_log(state)
    assert len(log.requests) == 5
    check(VenueLog(requests=log.requests[:4], orders=log.orders, trades=log.trades, positions=log.positions))
    assert {path.name: path.read_bytes() for path in state.parent.iterdir()} == before


def test_a_venue_that_nobody_asked_has_an_empty_log(venue: VenueProcess, state: Path) -> None:
    assert read_venue_log(state) == VenueLog(requests=(), orders=(), trades=(), positions={SYMBOL: Decimal(0)})


def test_what_is_no_venues_state_is_an_error_and_is_not_made_one(tmp_path: Path) -> None:
    absent, other = tmp_path / "absent.sqlite", tmp_path / "other.sqlite"
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE photos (name TEXT)")
    file.close()
    for path, message in ((absent, "there is no state"), (other, "not a venue's state")):
        with pytest.raises(ArtifactError, match=message):
            read_venue_log(path)
    assert not absent.exists()
