"""An attached run from its directory to its seal, with a node that is no more than what it tells."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tc.core.events import KillSwitchChanged, RunFailed, RunStopped, SnapshotTaken
from tc.errors import ArtifactError, EngineError, RefusedError
from tc.flows.paper.attached import AttachedRun, attach_run
from tc.flows.recording.record import Circumstances
from tc.flows.runs.stop import request_stop
from tc.flows.runs.verify import verify_run
from tc.flows.witness import Witness
from tc.ports import AttachmentHooks, AttachmentOutcome, AttachRequest, StrategyIdentity, Stream
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec
from tc.store.journal import read_entries
from tc.store.kill_switch import Active, Scope
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.metadata import read_metadata
from tc.store.status import run_status
from tc.store.tape import CountedTape

SPEC = """\
spec_version: 1
name: theirs
mode: attached
engine: nautilus
instrument: BTCUSDT-PERP.BINANCE
risk: {profile: research}
"""
RUN_ID = "theirs-1"
ACTIVE = Active(Scope.of_all(), "halt", "a test", "operator", 1)


class Node:
    """A node of somebody else's, as an engine that attaches to it."""

    name, version = "nautilus", "1"

    def __init__(self) -> None:
        self.identity = StrategyIdentity("the node X", "", {}, (), {})
        self.stream: Stream | None = None
        self.hooks: AttachmentHooks | None = None

    def prepare(self, _request: AttachRequest) -> "Node":
        return self

    def attach(self, stream: Stream, hooks: AttachmentHooks) -> None:
        self.stream, self.hooks = stream, hooks

    def detach(self) -> None:
        self.end("detached")

    def leave(self) -> None:
        self.end("left")

    def record(self, *events: Any) -> None:
        assert self.stream is not None
        assert self.hooks is not None
        for event in events:
            self.stream.emit(event)
        self.hooks.recorded()

    def end(self, how: Any = "stopped", killed: Any = "none") -> None:
        assert self.hooks is not None
        self.hooks.ended(AttachmentOutcome(0, True, time.time_ns(), {"events_of_others": 3}, how, killed))


def report(run: RunDirectory, *_: object) -> None:
    for each in (run.metrics, run.report_md, run.report_html):
        each.write_bytes(b"{}")


@contextmanager
def attached(
    root: Path, *, active: Active | None = None, line: Any = None, free: Callable[[], int] = lambda: 10**12
) -> Iterator[tuple[AttachedRun, Node, list[str]]]:
    spec = parse_run_spec(SPEC, source="theirs.yaml")
    instrument = load_instrument(spec.instrument, search=())
    node, ended = Node(), list[str]()
    run = attach_run(
        lambda run: AttachRequest(spec, instrument, run.run_id, root, CountedTape("tape"), line or object()),
        run_id=RUN_ID,
        engine=node,
        circumstances=Circumstances(root, {"tc": "1"}, "here", 1),
        report=report,
        active_switch=lambda: active,
        on_end=lambda: ended.append("over"),
        measure=lambda _: free(),
    )
    try:
        yield run, node, ended
    finally:
        run.leave()


def kinds(run: RunDirectory) -> list[type]:
    return [type(entry.event) for entry in read_entries(run.journal)]


def snapshot() -> SnapshotTaken:
    return SnapshotTaken(time.time_ns(), time.time_ns(), "venue", "none")


def test_what_is_recorded_is_on_its_way_to_the_disk_before_anything_else_happens(tmp_path: Path) -> None:
    with attached(tmp_path) as (run, node, _):
        node.record(snapshot())
        assert kinds(run.run)[-1] is SnapshotTaken
        assert (run_status(run.run), is_active(run.run)) == ("running", True)


@pytest.mark.parametrize(
    ("how", "killed", "status", "reason"),
    [
        ("stopped", "none", "stopped", "the node stopped"),
        ("detached", "none", "stopped", "the recording was ended, and the node went on"),
        ("left", "none", "stopped", "the process ended, and its node was never stopped"),
        ("stopped", "flatten", "killed", "the kill switch was set to flatten"),
    ],
)
def test_a_run_is_sealed_once_when_its_recording_ends(tmp_path: Path, how: str, killed: str, status: str, reason: str) -> None:
    with attached(tmp_path) as (run, node, ended):
        node.end(how, killed)
        node.end("left")
        run.wait()
        assert ended == ["over"]
    assert run.finished is not None
    assert (run.finished.status, run.finished.reason) == (status, reason)
    assert run.finished.strategy_counters == {"events_of_others": 3}
    assert kinds(run.run)[-1] is RunStopped
    assert not is_active(run.run)
    assert not verify_run(run.run, data_root=None).findings


@pytest.mark.parametrize("error", [KeyError("what is this"), EngineError("nobody knows this event")])
def test_a_failure_is_told_at_once_and_sealed_when_the_node_stops(tmp_path: Path, error: Exception) -> None:
    with attached(tmp_path) as (run, node, ended):
        node.record(snapshot())
        assert node.hooks is not None
        node.hooks.failed(error)
        assert (run_status(run.run), is_active(run.run), ended) == ("failed", True, [])
        assert str(error.args[0]) in read_metadata(run.run).reason
        node.end()
        run.wait()
    assert run.finished is not None
    assert run.finished.status == "failed"
    assert kinds(run.run)[-1] is RunFailed
    assert str(error.args[0]) in run.run.error.read_text()


def test_a_stream_that_takes_nothing_more_is_no_reason_to_raise(tmp_path: Path) -> None:
    with attached(tmp_path) as (run, node, _):
        node.record(snapshot())
        assert node.hooks is not None
        assert node.stream is not None
        node.stream._unwritten = ArtifactError("the disk is full")  # type: ignore[attr-defined]
        node.hooks.failed(ArtifactError("the disk is full"))
        node.end()
        run.wait()
    assert run.finished is not None
    assert (run.finished.status, run.finished.reason) == ("failed", "the disk is full")
    assert kinds(run.run)[-1] is SnapshotTaken


def test_an_active_switch_refuses_the_start_and_leaves_a_sealed_blocked_run(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="the kill switch is halt: a test"), attached(tmp_path, active=ACTIVE):
        pass
    run = RunDirectory(tmp_path / "runs" / RUN_ID)
    assert run_status(run) == "blocked"
    assert kinds(run)[1:] == [KillSwitchChanged, RunStopped]
    assert not is_active(run)


def test_a_node_that_is_only_watched_is_not_asked_whether_it_may_start(tmp_path: Path) -> None:
    with attached(tmp_path, active=ACTIVE, line="only watched") as (run, _, _):
        assert run_status(run.run) == "running"


def test_who_asks_the_run_to_stop_is_heard(tmp_path: Path) -> None:
    with attached(tmp_path) as (run, node, _):
        assert node.hooks is not None
        assert not node.hooks.stopping()
        request_stop(run.run, reason="enough", by=Witness(1, "1", "somebody"))
        assert node.hooks.stopping()
        node.end("detached")
        run.wait()
    assert run.finished is not None
    assert run.finished.reason == "enough"


def test_a_recording_ends_before_the_disk_is_full_and_says_so(tmp_path: Path) -> None:
    free = [200_000_000]
    with attached(tmp_path, free=lambda: free[0]) as (run, node, ended):
        assert node.hooks is not None
        assert node.hooks.full() == ""
        free[0] -= 1
        ends_s = time.monotonic() + 10
        while node.hooks.full() != "the disk has less than 200 MB free":  # It looks once a second.
            assert time.monotonic() < ends_s
            time.sleep(0.02)
        node.end("full")
        run.wait()
        assert run_status(run.run) == "stopped"
        assert ended == []  # Its node trades on, and is to be found by who would kill it.
        node.end("stopped")
        assert ended == ["over"]
    assert run.finished is not None
    assert (run.finished.status, run.finished.reason) == ("stopped", "the disk has less than 200 MB free, and the node went on")
    assert not verify_run(run.run, data_root=None).findings


def test_on_a_disk_with_too_little_room_nothing_is_attached_and_nothing_is_left(tmp_path: Path) -> None:
    said = "does not start: the disk has less than 200 MB free"
    with pytest.raises(RefusedError, match=said), attached(tmp_path, free=lambda: 199_999_999):
        pass
    assert not list((tmp_path / "runs").iterdir())


def test_a_failure_is_kept_without_the_keys_of_the_venue_and_without_signatures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TC_VENUE_API_SECRET", "the-private-secret")
    with attached(tmp_path) as (run, node, _):
        assert node.hooks is not None
        node.hooks.failed(OSError("the-private-secret at ?signature=abcdef"))
        node.end()
        run.wait()
    assert run.finished is not None
    assert run.finished.reason == "OSError: *** at ?signature=***"
    for each in run.run.path.rglob("*"):
        content = each.read_bytes() if each.is_file() else b""
        assert b"the-private-secret" not in content, each
        assert b"signature=a" not in content, each


def test_what_is_refused_before_it_begins_leaves_nothing(tmp_path: Path) -> None:
    node = Node()

    def refused(_run: RunDirectory) -> AttachRequest:
        raise RefusedError("no")

    with pytest.raises(RefusedError, match="no"):
        attach_run(
            refused,
            run_id=RUN_ID,
            engine=node,
            circumstances=Circumstances(tmp_path, {}, "here", 1),
            report=report,
            active_switch=lambda: None,
            on_end=lambda: None,
        )
    assert not list((tmp_path / "runs").iterdir())
