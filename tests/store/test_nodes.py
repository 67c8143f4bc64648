"""Nodes are found by their documents; what is gone is known to be gone, and one strange document hides no other."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tc.errors import ArtifactError, DocumentError
from tc.store.nodes import (
    NodeDocument,
    forget_node,
    list_nodes,
    node_path,
    process_state,
    read_node,
    remove_node,
    socket_path,
    supervisor_path,
    write_node,
)


def node(run_id: str = "run-1", **other: object) -> NodeDocument:
    fields = {
        "run_id": run_id,
        "name": "quoter",
        "directory": "/runs/run-1",
        "socket": "/run-1.sock",
        "pid": os.getpid(),
        **other,
    }
    return msgspec.convert(fields, NodeDocument)


def test_a_node_is_written_read_listed_and_removed(tmp_path: Path) -> None:
    written = write_node(tmp_path, node(venue_url="http://127.0.0.1:1", api_key_env="A", api_secret_env="B"))  # noqa: S106 - a name
    assert written.pid_started > 0
    assert read_node(tmp_path, "run-1") == written
    other = write_node(tmp_path, node("run-2"))
    assert list_nodes(tmp_path) == ((written, other), ())
    remove_node(tmp_path, "run-1")
    remove_node(tmp_path, "run-1")
    assert read_node(tmp_path, "run-1") is None
    assert list_nodes(tmp_path) == ((other,), ())


def test_no_runtime_root_is_no_nodes(tmp_path: Path) -> None:
    assert list_nodes(tmp_path / "none") == ((), ())


def test_a_strange_document_is_told_and_hides_no_other(tmp_path: Path) -> None:
    good = write_node(tmp_path, node())
    folder = tmp_path / "nodes"
    (folder / "torn.json").write_bytes(b'{"schema":1,')
    (folder / "other.json").write_bytes((folder / "run-1.json").read_bytes())
    (folder / "link.json").symlink_to("run-1.json")
    (folder / "folder.json").mkdir()
    (folder / ".hidden.json").write_bytes(b"{}")
    (folder / "run-1.sock").touch()
    os.mkfifo(folder / "pipe.json")
    nodes, problems = list_nodes(tmp_path)
    assert nodes == (good,)
    assert len(problems) == 6


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", "latest", ".", "a\n", "a" * 129, "x\x00"])
def test_no_run_id_leads_out_of_the_folder(tmp_path: Path, run_id: str) -> None:
    for use in (node_path, read_node, socket_path):
        with pytest.raises(DocumentError):
            use(tmp_path, run_id)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError):
        write_node(tmp_path / "file", node())


def test_a_process_is_known_running_stopped_and_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert process_state(node(pid=process.pid)) == "running"
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        assert process_state(node(pid=process.pid)) == "stopped"
        process.kill()
        deadline = time.monotonic() + 5
        while process_state(node(pid=process.pid)) != "gone":  # also while nobody has waited for it
            assert time.monotonic() < deadline
    assert process_state(node(pid=process.pid)) == "gone"
    assert process_state(node(pid=0)) == process_state(node(pid=-1)) == process_state(node(pid=2**22 + 1)) == "gone"


def test_a_later_process_of_the_same_number_is_not_the_node(tmp_path: Path) -> None:
    written = write_node(tmp_path, node())
    assert process_state(written) == "running"
    assert process_state(msgspec.structs.replace(written, pid_started=written.pid_started - 1)) == "gone"


def test_a_process_that_had_ended_when_it_was_named_is_no_later_one_of_its_number(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    written = write_node(tmp_path, node(pid=process.pid))
    assert process_state(msgspec.structs.replace(written, pid=os.getpid())) == "gone"


def test_the_document_of_a_node_that_is_gone_is_forgotten_with_its_sockets(tmp_path: Path) -> None:
    gone = write_node(tmp_path, node(pid=2**22 + 1))
    for path in (socket_path(tmp_path, gone.run_id), supervisor_path(tmp_path, gone.run_id)):
        path.touch()
    assert forget_node(tmp_path, gone)
    assert [path.name for path in (tmp_path / "nodes").iterdir()] == [".lock"]
    assert not forget_node(tmp_path, gone)


def test_a_document_that_was_written_since_for_a_process_that_runs_is_never_taken(tmp_path: Path) -> None:
    gone = write_node(tmp_path, node(pid=2**22 + 1))
    again = write_node(tmp_path, node())
    assert not forget_node(tmp_path, gone)
    assert not forget_node(tmp_path, again)
    assert read_node(tmp_path, again.run_id) == again


def test_nothing_is_forgotten_while_somebody_else_holds_the_documents(tmp_path: Path) -> None:
    gone = write_node(tmp_path, node(pid=2**22 + 1))
    with (tmp_path / "nodes" / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not forget_node(tmp_path, gone)
        assert write_node(tmp_path, node()).pid == os.getpid()  # A living node is named all the same.
    assert read_node(tmp_path, gone.run_id) is not None


def test_a_socket_path_always_fits_into_an_address(tmp_path: Path) -> None:
    short = socket_path(Path("/r"), "run-1")
    assert short == Path("/r/nodes/run-1.sock")
    long = {socket_path(tmp_path / ("x" * 100), f"run-{number}") for number in range(3)}
    assert len(long) == 3
    assert all(len(os.fsencode(path)) <= 100 for path in long)
    assert socket_path(Path("relative"), "r").is_absolute()
