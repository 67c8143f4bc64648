"""A paper run from its directory to its seal, with a node that is no more than what it tells: how its end is noted."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tc.core.events import KillSwitchChanged, RunFailed, RunStopped
from tc.errors import EngineError, RefusedError
from tc.flows.paper.node import FinishedPaperRun, run_paper
from tc.flows.recording.record import Circumstances
from tc.ports import LiveOutcome, PaperRequest, StrategyIdentity, Stream
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec
from tc.spec.venue_url import judge
from tc.store.journal import read_entries
from tc.store.kill_switch import Active, Scope
from tc.store.layout import RunDirectory
from tc.store.tape import CountedTape

SPEC = (Path(__file__).resolve().parents[3] / "specs" / "btcusdt_paper.yaml").read_text()
RUN_ID = "quoter-1"
GB = 10**9


class Node:
    """A live node, as an engine that makes itself: it trades until it is asked to stop, or raises."""

    name, version = "nautilus", "1"
    core_strategy = None

    def __init__(self, raises: Exception | None = None, left: tuple[str, ...] = ()) -> None:
        self.identity = StrategyIdentity("X", "", {}, (), {})
        self.unsettled: tuple[str, ...] = ()
        self.asked = 0
        self.is_closed = False
        self._raises = raises
        self._left = left

    def settings(self) -> dict[str, Any]:
        return {}

    def prepare(self, _request: PaperRequest) -> "Node":
        return self

    def run(self, _stream: Stream, *, on_state: Callable[[Any], None], should_stop: Callable[[], bool]) -> LiveOutcome:
        on_state("trading")
        self.unsettled = self._left
        if self._raises is not None:
            raise self._raises
        ends_s = time.monotonic() + 10
        while not should_stop():
            assert time.monotonic() < ends_s
            self.asked += 1
            time.sleep(0.005)
        return LiveOutcome(0, True, time.time_ns(), {})

    def close(self) -> None:
        self.is_closed = True


def report(run: RunDirectory, *_: object) -> None:
    for each in (run.metrics, run.report_md, run.report_html):
        each.write_bytes(b"{}")


def run(
    root: Path,
    node: Node,
    *,
    free: Callable[[], int] = lambda: GB,
    should_stop: Callable[[], bool] = lambda: False,
    why_stopped: Callable[[], str] = lambda: "interrupted",
    active: Active | None = None,
    spec: str = SPEC,
) -> FinishedPaperRun:
    document = parse_run_spec(spec, source="paper.yaml")
    instrument = load_instrument(document.instrument, search=())

    def request(directory: RunDirectory) -> PaperRequest:
        return PaperRequest(
            spec=document,
            instrument=instrument,
            spec_folder=root,
            venue_url=judge("http://127.0.0.1:1"),
            run_id=directory.run_id,
            logs=root / "logs",
            runtime_root=root,
            tape=CountedTape("tape"),
            own_line=object(),  # type: ignore[arg-type]  # nobody asks it here
        )

    return run_paper(
        request,
        run_id=RUN_ID,
        engine=node,
        circumstances=Circumstances(root, {"tc": "1"}, "here", 1),
        report=report,
        why_stopped=why_stopped,
        active_switch=lambda: active,
        on_state=lambda _: None,
        should_stop=should_stop,
        measure=lambda _: free(),
    )


def last(root: Path) -> Any:
    *_, entry = read_entries(RunDirectory(root / "runs" / RUN_ID).journal)
    return entry.event  # type: ignore[union-attr]


def test_what_a_node_left_is_told_of_a_run_that_stopped_and_of_one_that_failed(tmp_path: Path) -> None:
    stopped = run(tmp_path / "a", Node(left=("order A is open",)), should_stop=lambda: True)
    assert (stopped.finished.status, stopped.unsettled) == ("stopped", ("order A is open",))
    failing = Node(EngineError("ZeroDivisionError: at the fortieth tick"), ("order B is open",))
    failed = run(tmp_path / "b", failing)
    assert (failed.finished.status, failed.unsettled, failing.is_closed) == ("failed", ("order B is open",), True)
    assert isinstance(last(tmp_path / "b"), RunFailed)


def test_a_run_ends_by_its_on_stop_before_the_disk_is_full_and_says_so(tmp_path: Path) -> None:
    free = [GB]
    node = Node()

    def shrinking() -> int:
        if node.asked > 3:
            free[0] = 199_999_999
        return free[0]

    finished = run(tmp_path, node, free=shrinking, spec=SPEC.replace("duration_s: 60", "duration_s: null")).finished
    assert (finished.status, finished.reason) == ("stopped", "the disk has less than 200 MB free")
    assert last(tmp_path) == RunStopped(last(tmp_path).at_ns, finished.reason)


def test_who_stops_a_run_is_not_overruled_by_a_disk_that_fills_meanwhile(tmp_path: Path) -> None:
    finished = run(tmp_path, Node(), free=iter((GB, *[0] * 99)).__next__, should_stop=lambda: True).finished
    assert (finished.status, finished.reason) == ("stopped", "interrupted")


def test_a_node_whose_supervisor_died_says_so_as_the_reason_of_its_end(tmp_path: Path) -> None:
    finished = run(tmp_path, Node(), should_stop=lambda: True, why_stopped=lambda: "its supervisor died").finished
    assert (finished.status, finished.reason) == ("stopped", "its supervisor died")


def test_a_run_does_not_start_on_a_disk_with_too_little_room_unless_it_asks_for_none(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="does not start: the disk has less than 200 MB free"):
        run(tmp_path, Node(), free=lambda: 199_999_999)
    assert not list((tmp_path / "runs").iterdir())
    careless = SPEC.replace("  min_free_mb: 200 ", "  min_free_mb: 0 ")
    assert run(tmp_path, Node(), free=lambda: 0, should_stop=lambda: True, spec=careless).finished.status == "stopped"


def test_a_failure_is_kept_without_the_keys_of_the_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TC_VENUE_API_KEY", "the-public-key")
    cause = OSError("the-public-key at ?signature=abcdef")
    error = EngineError(f"OSError: {cause}")
    error.__cause__ = cause
    finished = run(tmp_path, Node(error)).finished
    assert finished.reason == "OSError: *** at ?signature=***"
    trace = finished.run.error.read_text()
    assert "OSError: *** at ?signature=***" in trace
    assert "the-public-key" not in trace


def test_a_blocked_run_left_nothing(tmp_path: Path) -> None:
    blocked = run(tmp_path, Node(left=("never asked",)), active=Active(Scope.of_all(), "halt", "a test", "operator", 1))
    assert (blocked.finished.status, blocked.unsettled) == ("blocked", ())
    entries = read_entries(blocked.finished.run.journal)
    assert [type(each.event) for each in entries][1:] == [KillSwitchChanged, RunStopped]  # type: ignore[union-attr]
