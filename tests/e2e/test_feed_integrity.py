"""A real node's market data is disturbed on the wire: every disturbance is counted as what it is, and nothing else is."""

import json
import signal
import time
from pathlib import Path

import pytest

from live_nodes import venue
from paper_runs import PaperRun, Place, until
from tc.core.events import FeedDegraded
from tc.store.heartbeat import read_node_heartbeat
from venue_process import Caller

pytestmark = pytest.mark.e2e

UNDISTURBED_S = 2.0
CHANNELS = {"QuoteTick": "bookTicker", "TradeTick": "aggTrade", "OrderBookDeltas": "depth"}

ASKS_AT_EACH_CHANGE = """
    def started(self):
        self.subscribe_trade_ticks(I)
        self.subscribe_order_book_deltas(I)

    def on_order_book_deltas(self, deltas):
        if __import__("pathlib").Path({asks!r}).exists():
            tick = self.cache.quote_tick(I)
            price = Price.from_str(f"{{tick.bid_price.as_decimal() - 100:.1f}}")
            ioc = __import__("nautilus_trader.model.enums", fromlist=["TimeInForce"]).TimeInForce.IOC
            self.submit_order(self.order_factory.limit(I, OrderSide.BUY, Quantity.from_str("0.010"), price, time_in_force=ioc))
"""


def anomalies(run: PaperRun) -> dict[tuple[str, str], int]:
    """Return what the node has counted of its channels."""
    said = read_node_heartbeat(run.directory)
    assert said is not None
    return {(each.channel, kind): count for each in said.channels for kind, count in each.anomalies.items()}


def messages(run: PaperRun) -> dict[str, int]:
    said = read_node_heartbeat(run.directory)
    return {} if said is None else {each.channel: each.messages for each in said.channels}


class Counted:
    """What a node has counted so far, as it is to be."""

    def __init__(self, run: PaperRun, caller: Caller) -> None:
        self.run, self.caller, self.expected = run, caller, anomalies(run)

    def after(self, *faults: tuple[str, str, int, str]) -> None:
        """Inject faults, each of a stream, and wait until what they are was counted so often, and nothing else."""
        for fault, channel, count, kind in faults:
            document = {"stream": CHANNELS[channel]} if kind in {"duplicate", "backwards"} else {}
            assert self.caller.fault(fault, count=count, **document).status == 200
            self.expected[channel, kind] += 1 if kind == "gap" else count
        until(lambda: anomalies(self.run) == self.expected)


def test_R86_each_disturbance_is_counted_as_what_it_is_and_a_gap_denies_until_something_newer_comes(tmp_path: Path) -> None:
    place, asks = Place(tmp_path), tmp_path / "asks"
    with venue("--rate", "60") as caller:
        node = {"venue_url": caller.url, "reconciliation": {"every_s": None}}
        there = ("--set", f"node={json.dumps(node)}", "--set", 'execution={"rate":null}', "--duration", "300")
        methods = ASKS_AT_EACH_CHANGE.format(asks=str(asks))
        with place.paper("disturbed", *there, *place.strategy(methods)) as run:
            run.until("trading")
            until(lambda: all(messages(run).get(channel, 0) > 20 for channel in CHANNELS))
            time.sleep(UNDISTURBED_S)
            counted = Counted(run, caller)
            assert set(counted.expected.values()) == {0}
            assert {channel for channel, _ in counted.expected} == set(CHANNELS)
            disturbed(counted)
            assert sorted(each.reason for each in run.events(FeedDegraded)) == [
                "a price or a size of the best is zero",
                "the bid is not below the ask",
                "updates of the book are missing",
            ]
            returned(counted)
            denied_then_not(run, caller, asks)
            done = run.send(signal.SIGINT).ended()
            assert done.json()["status"] == "stopped"
    assert place.tc("runs", "verify", "disturbed").code == 0


def disturbed(counted: Counted) -> None:
    """Disturb the streams in every way."""
    counted.after(
        ("sequence_gap", "OrderBookDeltas", 3, "gap"),
        ("duplicate_messages", "TradeTick", 2, "duplicate"),
        ("crossed_book", "QuoteTick", 3, "crossed"),
    )
    counted.after(
        ("duplicate_messages", "OrderBookDeltas", 2, "duplicate"),
        ("out_of_order", "TradeTick", 2, "backwards"),
        ("zero_book", "QuoteTick", 3, "empty"),
    )
    counted.after(("duplicate_messages", "QuoteTick", 2, "duplicate"), ("out_of_order", "QuoteTick", 2, "backwards"))
    delayed(counted)


def delayed(counted: Counted) -> None:
    """Let the stamps lie in the past for a while: how often that is seen depends on how long."""
    before, run = counted.expected, counted.run
    counted.caller.fault("stale_timestamps", ms=3_000)
    until(lambda: all(anomalies(run)[channel, "delayed"] > 0 for channel in CHANNELS))
    counted.caller.fault("stale_timestamps", on=False)
    seen = messages(run)
    until(lambda: all(count > seen[channel] + 20 for channel, count in messages(run).items()))
    counted.expected = anomalies(run)
    assert {key for key, count in counted.expected.items() if count != before[key]} == {(each, "delayed") for each in CHANNELS}


def returned(counted: Counted) -> None:
    """Cut the connections: what is missed until they are back is no anomaly."""
    seen = messages(counted.run)
    counted.caller.fault("abort_websockets", which="market")
    until(lambda: (said := read_node_heartbeat(counted.run.directory)) is not None and said.reconnects["data"] == 2)
    until(lambda: all(count > seen[channel] + 20 for channel, count in messages(counted.run).items()))
    assert anomalies(counted.run) == counted.expected


def denied_then_not(run: PaperRun, caller: Caller, asks: Path) -> None:
    """Ask at each change of the book: one of them follows none that came, and then nothing that is quoted is a market."""
    asks.touch()
    until(lambda: sent(run) > 0)
    caller.fault("sequence_gap", count=1)
    until(lambda: denied(run) > 0)
    before = sent(run)
    until(lambda: sent(run) > before)
    was_denied = denied(run)
    caller.fault("crossed_book", count=1_000_000)
    until(lambda: denied(run) > was_denied + 10)
    before, was_denied = sent(run), denied(run)
    until(lambda: denied(run) > was_denied + 20)
    assert sent(run) == before
    caller.fault("crossed_book", count=0)
    until(lambda: sent(run) > before)
    asks.unlink()
    assert len(run.events(FeedDegraded)) == 5


def sent(run: PaperRun) -> int:
    return run.directory.journal.read_bytes().count(b'"type":"OrderSubmitted"')


def denied(run: PaperRun) -> int:
    return run.directory.journal.read_bytes().count(b'"reason":"feed_degraded: ')
