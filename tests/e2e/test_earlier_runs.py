"""One run after the other on one account: what an earlier run did under the same client order ids is not taken for this run's."""

import json
import signal
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from paper_runs import PaperRun, Place
from tc.core.events import OrderAccepted, OrderFilled, OrderInitialized, OrderUpdated
from tc.flows.run_venue import venue_of
from venue_process import Caller, venue_process

pytestmark = pytest.mark.e2e

SETS = ("--set", "node.reconciliation.on_mismatch=report", "--set", "node.reconciliation.every_s=null")


def test_a_heal_and_a_start_give_a_run_nothing_of_the_runs_before_it_on_its_account(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with venue_process("--faults", "--weight-limit", "0") as venue, closing(Caller(venue.url)) as caller:
        before = traded_before(caller)
        with place.paper("later", "--duration", "5m", "--venue-url", venue.url, *SETS) as run:
            run.until("trading").until_recorded(OrderAccepted, 2)
            caller.fault("position_changed", symbol="BTCUSDT", by="0.013")
            healed = place.tc("reconcile", "later", "--heal", "--json")
            done = run.send(signal.SIGTERM).ended()
    assert keys_of(run) & set(before.values()), "no client order id came back: nothing was at stake"
    assert healed.code == 0, healed.out + healed.err
    document = healed.json("reconcile")
    assert document["heal"]["is_healed"], document["heal"]
    assert [key for key, ids in venue_ids(run).items() if len(ids) > 1] == []
    since_ns = venue_of(run.directory).since_ns
    assert [each.client_order_id for each in run.events(OrderFilled) if each.event_ns < since_ns] == []
    after = json.loads((run.directory.path / document["artifact"]).read_bytes())
    assert {each.get("venue_order_id") for each in after["cached"]["orders"]} & before.keys() == set()
    assert done.json()["reconciliation"] == "clean", done.err


def test_what_becomes_of_orders_that_a_run_left_on_purpose_is_told_apart_from_what_was_wrong_before_its_end(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    with venue_process("--faults", "--weight-limit", "0", "--speed", "8") as venue, closing(Caller(venue.url)) as caller:
        quoted(place, "left", venue.url, "--set", "stop.on_stop=leave")
        caller.signed("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")  # What the market has not filled by now.
        after = place.tc("reconcile", "left", "--json")
        caller.fault("position_changed", symbol="BTCUSDT", by="0.003")
        changed = place.tc("reconcile", "left", "--json")
    assert after.code == 0, after.out
    assert [each for each in after.json("reconcile")["notes"] if each.startswith("as the run ended or after it, of the orders")]
    assert changed.code == 1
    assert [each["subject"] for each in changed.json("reconcile")["findings"]] == ["position BTCUSDT-PERP.BINANCE"]


def traded_before(caller: Caller) -> dict[str, str]:
    """Trade under the ids that a quoter may give its first orders, and keep a position; return those ids by the venue's."""
    ids: dict[str, str] = {}
    for number in range(10, 50):
        for side, prefix, quantity in (("BUY", "Q-B-", "0.003"), ("SELL", "Q-A-", "0.002")):
            order = caller.place(side, quantity, newClientOrderId=f"{prefix}{number}").document
            ids[str(order["orderId"])] = order["clientOrderId"]
    return ids


def quoted(place: Place, run_id: str, url: str, *options: str) -> PaperRun:
    """Let the quoter quote for a moment."""
    with place.paper(run_id, "--duration", "5m", "--venue-url", url, *SETS, *options) as run:
        run.until("trading").until_recorded(OrderAccepted, 2)
        done = run.send(signal.SIGTERM).ended()
    assert done.json()["reconciliation"] == "clean", done.err
    return run


def keys_of(run: PaperRun) -> frozenset[str]:
    """Return the client order ids of the orders that a run's strategy asked for."""
    return frozenset(each.client_order_id for each in run.events(OrderInitialized) if each.strategy_id != "EXTERNAL")


def venue_ids(run: PaperRun) -> dict[str, set[str]]:
    """Return the venue's ids that a run knows each of its orders by: a venue keeps an order's id when it is changed."""
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for each in run.events(OrderAccepted, OrderUpdated, OrderFilled):
        if each.venue_order_id is not None:
            ids[each.client_order_id].add(each.venue_order_id)
    return dict(ids)
