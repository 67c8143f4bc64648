"""A real paper run as its metrics tell it: while it trades, when it is killed and goes on, and when it has ended."""

import os
import signal
import time
from pathlib import Path

import pytest

from paper_runs import PaperRun, Place, children, is_gone, until
from tc.store.journal import read_entries
from tc.store.layout import RunDirectory
from tc.telemetry.figures import decode_figures
from tc.telemetry.index import Index
from tc.telemetry.run_facts import RunFacts
from tc.telemetry.samples import samples_of
from tc.wiring.metrics import index_here
from tracked_runs import values_of

pytestmark = pytest.mark.e2e

BUSY = ("--set", "strategy.parameters.half_spread_ticks=1", "--set", "node.market_data.speed=4", "--set", "stop.on_stop=leave")
RUN = "followed"


def index_in(root: Path) -> Index:
    return index_here(root / "artifacts", runtime_root=root / "runtime", data_root=root / "data")


def look(index: Index) -> RunFacts | None:
    index.refresh(time.time_ns())
    return index.facts(RUN)


def shown(index: Index, family: str, *labels: str) -> float:
    facts = look(index)
    return 0.0 if facts is None else values_of(facts, family).get(labels, 0.0)


def delays_s(index: Index, run: RunDirectory, *, entries: int) -> list[float]:
    """Return how long after they happened so many entries were shown, looking every few milliseconds."""
    delays: list[float] = []
    seen = int(shown(index, "tc_journal_entries_total"))
    while len(delays) < entries:
        told, now_ns = int(shown(index, "tc_journal_entries_total")), time.time_ns()
        if told > seen:
            new = [each for number, each in enumerate(read_entries(run.journal), 1) if seen < number <= told]
            delays += [(now_ns - each.event.at_ns) / 1e9 for each in new]
            seen = told
        time.sleep(0.02)
    return delays


def crash(run: PaperRun) -> None:
    """Kill the node and whoever could end the run for it."""
    pids = {run.process.pid, *children(run.process.pid)}
    for pid in (run.process.pid, run.node().pid):
        os.kill(pid, signal.SIGKILL)
    run.process.wait(60)
    until(lambda: all(is_gone(pid) for pid in pids))


def test_a_run_is_told_within_a_second_through_crash_and_resume_to_its_end(tmp_path: Path) -> None:
    place = Place(tmp_path)
    index = index_in(tmp_path)
    with place.paper(RUN, "--duration", "300", *BUSY) as run:
        run.until("trading")
        until(lambda: shown(index, "tc_fills_total") > 0)
        until(lambda: shown(index, "tc_venue_request_weight") > 0)
        until(lambda: shown(index, "tc_feed_state", "BTCUSDT-PERP.BINANCE", "QuoteTick", "live") == 1)
        facts = look(index)
        assert facts is not None
        assert (facts.status, facts.is_active, facts.is_intact, facts.identity.mode) == ("running", True, True, "paper")
        told = {name for name, _, _ in samples_of(facts, time.time_ns())}
        assert told > {"tc_data_staleness_seconds", "tc_feed_state", "tc_event_loop_lag_seconds", "tc_run_cpu_seconds_total"}
        delays = sorted(delays_s(index, run.directory, entries=100))
        assert delays[len(delays) * 9 // 10] < 1, delays[-10:]
        crash(run)
    facts = look(index)
    assert facts is not None
    assert (facts.status, facts.is_active, facts.is_sealed) == ("crashed", False, False)
    assert values_of(facts, "tc_journal_intact") == {(): 1}
    fills = values_of(facts, "tc_fills_total")[()]
    done = place.tc("run", "--resume", RUN, "--json", "--duration", "1")
    assert done.code == 0, done.err
    facts = until(lambda: found if (found := look(index)) is not None and found.is_sealed else None)
    assert (facts.status, values_of(facts, "tc_run_resumes_total")) == ("completed", {(): 1})
    assert values_of(facts, "tc_fills_total")[()] >= fills
    assert values_of(facts, "tc_reconciliation_state")["clean",] == 1
    assert facts.figures == decode_figures(run.directory.metrics.read_bytes())
    again = look(index_in(tmp_path))
    assert again is not None
    assert list(samples_of(again, 1)) == list(samples_of(facts, 2))
