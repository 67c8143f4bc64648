"""What faults of the venue come to in a run that trades there: what cannot be read is unknown, and a fill is on record once."""

import json
import signal
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paper_runs import TRADER, PaperRun, Place, until
from tc.core.events import OrderFilled
from tc.faults.venue import VenueFault
from tc.spec.drills.fault_parameters import venue as of
from tc.wiring.venue_log import read_venue_log
from venue_process import Caller, venue_process

pytestmark = pytest.mark.e2e

OPTIONS = ("--duration", "300", "--set", "node.reconciliation.every_s=0.2", "--set", "stop.on_stop=leave")


def comparisons(run: PaperRun) -> list[Any]:
    return [json.loads(path.read_bytes()) for path in sorted(run.directory.ops_folder.glob("reconciliation-*.json"))]


def until_compared_twice(run: PaperRun) -> Any:
    """Return the last of two more comparisons: it began after this was called."""
    before = len(comparisons(run))
    until(lambda: len(comparisons(run)) > before + 1)
    return comparisons(run)[-1]


def test_a_fill_told_twice_is_on_record_once_and_an_account_that_may_not_be_read_is_unknown_and_not_flat(tmp_path: Path) -> None:
    place, state = Place(tmp_path), tmp_path / "venue.sqlite"
    with ExitStack() as stack:
        venue = stack.enter_context(venue_process("--faults", "--weight-limit", "0", "--state", str(state)))
        caller = stack.enter_context(closing(Caller(venue.url)))
        run = stack.enter_context(place.paper("faulty", *OPTIONS, *place.strategy(TRADER), "--venue-url", venue.url))
        run.until("trading").until_out()
        twice = VenueFault(venue.url, "duplicate_fill", of.DuplicateFill(count=2))
        twice.inject()
        VenueFault(venue.url, "fill_order", of.FillOrder(side="BUY", fraction="0.5")).inject()
        VenueFault(venue.url, "fill_order", of.FillOrder(side="BUY")).inject()
        assert twice.proof() == 2
        run.until_recorded(OrderFilled, 3)
        assert until_compared_twice(run)["verdict"] == "clean"
        expired = VenueFault(venue.url, "auth_expired", of.AuthExpired())
        expired.inject()
        unknown = until_compared_twice(run)
        assert (unknown["verdict"], unknown["findings"], unknown["unknown"].keys()) == (
            "unknown",
            [],
            {"orders", "fills", "positions", "balances"},
        )
        expired.restore()
        assert until_compared_twice(run)["verdict"] == "clean"
        done = run.send(signal.SIGTERM).ended()
        log = read_venue_log(state)
        assert caller.counters()["auth_expired"] > 0
    assert done.json()["reconciliation"] == "clean"
    recorded = [each.trade_id for each in run.events(OrderFilled)]
    assert sorted(recorded) == [str(each.trade_id) for each in log.trades]
    assert sum(each.quantity for each in log.trades) == log.positions["BTCUSDT"] == Decimal("0.02")
