"""Claims about the two documents of a run that goes on."""

import os
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from fakes import make_run
from tc.errors import ArtifactError
from tc.flows.runs.export import export_run
from tc.flows.runs.verify import verify_run
from tc.store.heartbeat import (
    Channel,
    NodeHeartbeat,
    SupervisorHeartbeat,
    Witness,
    corrected,
    node_heartbeat_as_written,
    read_node_heartbeat,
    read_supervisor_heartbeat,
    supervisor_heartbeat_as_written,
    write_heartbeat,
)
from tc.store.layout import RunDirectory

CHANNEL = Channel("BTCUSDT-PERP.BINANCE", "QuoteTick", last_ns=1, messages=2)
NODE = NodeHeartbeat(at_ns=3, every_s=0.5, pid=4, state="trading", position=5, channels=(CHANNEL,), connected={"data": True})
WITNESS = Witness("BTCUSDT-PERP.BINANCE", "QuoteTick", first_ns=5, asked_ns=6, has_moved=True, since_ns=7)
SUPERVISOR = SupervisorHeartbeat(at_ns=8, every_s=1.0, pid=9, node_state="trading", is_node_alive=True, witnesses=(WITNESS,))


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return make_run(tmp_path)


def test_each_is_read_as_it_was_written_last_and_none_is_there_before(run: RunDirectory) -> None:
    assert read_node_heartbeat(run) is None
    assert read_supervisor_heartbeat(run) is None
    for _ in range(2):
        write_heartbeat(run, NODE)
        write_heartbeat(run, SUPERVISOR)
    assert read_node_heartbeat(run) == NODE
    assert read_supervisor_heartbeat(run) == SUPERVISOR
    assert sorted(each.name for each in run.live.iterdir()) == ["node.json", "supervisor.json"]


def test_how_far_a_clock_is_off_is_told_by_when_the_kernel_says_that_it_was_written(run: RunDirectory) -> None:
    assert node_heartbeat_as_written(run) is None
    assert supervisor_heartbeat_as_written(run) is None
    before_ns = time.time_ns()
    write_heartbeat(run, msgspec.structs.replace(NODE, at_ns=before_ns + 5 * 10**9))
    write_heartbeat(run, msgspec.structs.replace(SUPERVISOR, at_ns=before_ns - 5 * 10**9))
    node, supervisor = node_heartbeat_as_written(run), supervisor_heartbeat_as_written(run)
    assert node is not None
    assert supervisor is not None
    assert node.offset_ns == pytest.approx(5 * 10**9, abs=10**9)
    assert supervisor.offset_ns == pytest.approx(-5 * 10**9, abs=10**9)
    os.utime(run.node_heartbeat, ns=(7, 7))
    node = node_heartbeat_as_written(run)
    assert node is not None
    assert (node.written_ns, node.offset_ns) == (7, node.said.at_ns - 7)


def test_what_a_busy_process_comes_to_late_makes_its_clock_none_the_worse(run: RunDirectory) -> None:
    looked_ns = time.time_ns() - 5 * 10**9
    write_heartbeat(run, msgspec.structs.replace(NODE, at_ns=looked_ns, stamped_ns=time.time_ns()))
    node = node_heartbeat_as_written(run)
    assert node is not None
    assert abs(node.offset_ns) < 10**9
    assert corrected(node).at_ns == looked_ns


def test_what_they_say_after_the_seal_leaves_a_run_intact_and_is_not_exported(run: RunDirectory, tmp_path: Path) -> None:
    before = export_run(run, tmp_path / "before.tar.gz")
    write_heartbeat(run, NODE)
    write_heartbeat(run, SUPERVISOR)
    verification = verify_run(run, data_root=None)
    assert (verification.is_sealed, verification.findings) == (True, ())
    assert export_run(run, tmp_path / "after.tar.gz").sha256 == before.sha256


def test_a_run_directory_that_is_gone_is_not_made_again(run: RunDirectory) -> None:
    shutil.rmtree(run.path)
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_heartbeat(run, NODE)
    assert not run.path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"at_ns": "now"}', b"[" * 100_000])
def test_what_is_no_heartbeat_is_an_error_and_the_next_one_is_written(run: RunDirectory, content: bytes) -> None:
    run.live.mkdir()
    run.node_heartbeat.write_bytes(content)
    with pytest.raises(ArtifactError, match="is not a heartbeat"):
        read_node_heartbeat(run)
    write_heartbeat(run, NODE)
    assert read_node_heartbeat(run) == NODE
