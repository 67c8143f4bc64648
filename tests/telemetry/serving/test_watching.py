import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tc.errors import ArtifactError
from tc.telemetry.index import Changed, Index
from tc.telemetry.serving.watching import Seen, Watcher
from tc.wiring.metrics import index_here, tally_of
from tracked_runs import growing


def places(root: Path) -> dict[str, Path]:
    return {"runtime_root": root / "runtime", "data_root": root / "data"}


def body(seen: Seen | None) -> str:
    assert seen is not None
    return b"".join(seen.bodies["text"].plain).decode()


def within(seconds: float, holds: Callable[[], object]) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_look_publishes_runs_and_fleet_together(tmp_path: Path) -> None:
    watcher = Watcher(index_here(tmp_path, **places(tmp_path)), clock=lambda: 1_795_000_000_123_456_789)
    assert watcher.seen is None
    with growing(tmp_path, "one") as run:
        run.stream.market()
        run.write()
        watcher.look()
        first = watcher.seen
        assert 'tc_events_total{run="one",type="MarketObserved"} 1\n' in body(first)
        assert first is not None
        assert "tc_runs_shown 1\n" in first.fleet["text"].decode()
        assert "tc_index_refresh_timestamp_seconds 1795000000.1234567\n" in first.fleet["openmetrics"].decode()
        run.stream.market()
        run.write()
        watcher.look()
    assert 'tc_events_total{run="one",type="MarketObserved"} 2\n' in body(watcher.seen)
    assert 'tc_events_total{run="one",type="MarketObserved"} 1\n' in body(first)


def test_a_run_that_is_gone_is_shown_no_more(tmp_path: Path) -> None:
    watcher = Watcher(index_here(tmp_path, **places(tmp_path)))
    with growing(tmp_path, "one") as run:
        run.seal()
    with growing(tmp_path, "two") as run:
        run.seal()
    watcher.look()
    assert 'run="one"' in body(watcher.seen)
    (tmp_path / "runs" / "one").rename(tmp_path / "elsewhere")
    watcher.look()
    assert 'run="one"' not in body(watcher.seen)
    assert 'run="two"' in body(watcher.seen)


class Failing(Index):
    """An index that cannot look while it is told so, as if it had a bug."""

    problem: str = ""
    looks: int = 0

    def refresh(self, now_ns: int) -> Changed:
        self.looks += 1
        if self.problem:
            raise ArtifactError(self.problem)
        return super().refresh(now_ns)


def test_a_look_that_fails_is_told_once_and_the_next_one_is_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    index = Failing(tmp_path, tally_of=tally_of, **places(tmp_path))
    index.problem = "broken"
    watcher = Watcher(index)
    thread = threading.Thread(target=watcher.watch)
    thread.start()
    try:
        within(20, lambda: index.looks >= 3)
        assert watcher.seen is None
        index.problem = ""
        within(20, lambda: watcher.seen is not None)
    finally:
        watcher.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


class Misread(Index):
    """An index whose facts of one run make no samples."""

    def facts(self, run_id: str) -> Any:
        return "no facts at all" if run_id == "odd" else super().facts(run_id)


def test_a_run_whose_facts_make_no_samples_costs_one_series_and_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with growing(tmp_path, "odd"), growing(tmp_path, "even"):
        watcher = Watcher(Misread(tmp_path, tally_of=tally_of, **places(tmp_path)))
        for _ in range(3):
            watcher.look()
    lines = body(watcher.seen).splitlines()
    assert [line for line in lines if 'run="odd"' in line] == ['tc_run_unreadable{run="odd"} 1']
    assert len([line for line in lines if 'run="even"' in line]) > 20
    assert [record.getMessage() for record in caplog.records] == ["the facts of run odd make no metrics"]
