"""A real node's market data is cut off, stands still, and is lost: what node and supervisor say tells one from the other."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from live_nodes import INSTRUMENT, venue
from paper_runs import PaperRun, Place, until
from tc.checks.feed import FeedState, feed_states
from tc.store.heartbeat import NodeHeartbeat, SupervisorHeartbeat, read_node_heartbeat, read_supervisor_heartbeat
from venue_process import Caller

pytestmark = pytest.mark.e2e

CHANNELS = {(INSTRUMENT, "QuoteTick"), (INSTRUMENT, "TradeTick")}
DEAD_WITHIN_S = 5.0
LATE_S = 3.0
"""What a machine that does much else at once may take longer."""


TRADES_TOO = """
    def started(self):
        self.subscribe_trade_ticks(I)
"""


def quotes(run: PaperRun, channel: str = "QuoteTick") -> FeedState | None:
    """Return what is known of the node's quotes now."""
    node, supervisor = read_node_heartbeat(run.directory), read_supervisor_heartbeat(run.directory)
    if node is None or supervisor is None:
        return None
    found = feed_states(node, supervisor.witnesses, now_ns=time.time_ns())
    return next((state for each, state in found if each.channel == channel), None)


def trades(run: PaperRun) -> FeedState | None:
    """Return what is known of its trades."""
    return quotes(run, "TradeTick")


def passed(run: PaperRun, *expected: FeedState) -> float:
    """Wait until the quotes have gone through these states, and through no others; return how long that took, in seconds."""
    began, seen = time.monotonic(), [expected[0]]

    def is_there() -> bool:
        state = quotes(run)
        if state is not None and state != seen[-1]:
            seen.append(state)
        return len(seen) >= len(expected)

    until(is_there)
    assert seen == list(expected)
    return time.monotonic() - began


def nodes(run: PaperRun, is_so: Callable[[NodeHeartbeat], bool]) -> NodeHeartbeat:
    """Wait until the node says what is asked for."""
    until(lambda: (said := read_node_heartbeat(run.directory)) is not None and is_so(said))
    said = read_node_heartbeat(run.directory)
    assert said is not None
    return said


def supervisors(run: PaperRun) -> SupervisorHeartbeat:
    said = read_supervisor_heartbeat(run.directory)
    assert said is not None
    return said


def test_a_frozen_feed_is_dead_a_market_that_stands_is_quiet_a_lost_one_is_disconnected_and_each_comes_back(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    with venue("--weight-limit", "6000") as caller:
        node = {"venue_url": caller.url, "reconciliation": {"every_s": None}}
        there = ("--set", f"node={json.dumps(node)}", *place.strategy(TRADES_TOO), "--duration", "300")
        with place.paper("cut-off", *there) as run:
            run.until("trading")
            until(lambda: quotes(run) == trades(run) == "live")
            frozen_then_live(run, caller)
            caller.fault("freeze_market_data", what="market")
            passed(run, "live", "quiet")
            until(lambda: trades(run) == "quiet")
            lost_then_back(run, caller)
            done = run.send(signal.SIGINT).ended()
            assert done.json()["status"] == "stopped"
            last = nodes(run, lambda said: said.state == "stopped")
            assert (feed_states(last, (), now_ns=last.at_ns), last.connected) == ((), {"data": False, "execution": False})
            assert (supervisors(run).node_state, supervisors(run).is_node_alive) == ("stopped", False)
        assert place.tc("runs", "verify", "cut-off").code == 0


def frozen_then_live(run: PaperRun, caller: Caller) -> None:
    """Cut the streams off, while the venue's market goes on."""
    before = nodes(run, lambda said: all(each.messages > 1 for each in said.channels))
    assert {(each.instrument_id, each.channel) for each in before.channels} == CHANNELS
    caller.fault("freeze_market_data")
    assert passed(run, "live", "dead") < DEAD_WITHIN_S + LATE_S
    until(lambda: trades(run) == "dead")
    said = supervisors(run)
    assert {(each.instrument_id, each.channel) for each in said.witnesses if each.has_moved} == CHANNELS
    assert (said.is_venue_reachable, said.is_node_alive, said.request_weight_limit) == (True, True, 6_000)
    assert 0 <= (said.request_weight or 0) < 1_000
    assert nodes(run, lambda _: True).connected == {"data": True, "execution": True}
    caller.fault("freeze_market_data", on=False)
    passed(run, "dead", "live")
    until(lambda: not supervisors(run).witnesses)


def lost_then_back(run: PaperRun, caller: Caller) -> None:
    """End all connections of a quiet market, and let nobody connect for a while; then let it move again."""
    assert nodes(run, lambda _: True).reconnects == {"data": 0, "execution": 0}
    caller.fault("refuse_websockets")
    caller.fault("abort_websockets")
    passed(run, "quiet", "disconnected")
    nodes(run, lambda said: said.connected == {"data": False, "execution": False})
    caller.fault("freeze_market_data", on=False)
    caller.fault("refuse_websockets", on=False)
    passed(run, "disconnected", "live")
    back = nodes(run, lambda said: said.connected == {"data": True, "execution": True})
    assert back.reconnects["data"] >= 1
    assert back.reconnects["execution"] == 1
