"""The lock of a run's one writer."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tc.errors import ArtifactError, RefusedError
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock, is_active, lock_owner

HOLDER = """
import sys, time
from pathlib import Path
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock

with RunLock(RunDirectory(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path, "a-run")


@contextmanager
def held_elsewhere(run: RunDirectory) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_run_is_active_while_its_lock_is_held(run: RunDirectory) -> None:
    assert not is_active(run)
    assert lock_owner(run) is None
    with RunLock(run):
        assert is_active(run)
        assert lock_owner(run) == os.getpid()
    assert not is_active(run)


def test_R05_a_second_writer_is_refused_and_told_the_first_ones_process(run: RunDirectory) -> None:
    with held_elsewhere(run) as process:
        assert is_active(run)
        with pytest.raises(RefusedError, match=f"run 'a-run' is being written by process {process.pid}"), RunLock(run):
            pass
        assert lock_owner(run) == process.pid


def test_a_second_writer_in_the_same_process_is_refused(run: RunDirectory) -> None:
    with RunLock(run), pytest.raises(RefusedError, match=f"process {os.getpid()}"), RunLock(run):
        pass


def test_a_holder_without_a_name_is_another_process(run: RunDirectory) -> None:
    with RunLock(run):
        run.lock.write_bytes(b"")
        with pytest.raises(RefusedError, match="by another process"), RunLock(run):
            pass


def test_kill_9_frees_the_lock(run: RunDirectory) -> None:
    with held_elsewhere(run) as process:
        process.kill()
        process.wait()
        assert not is_active(run)
        assert lock_owner(run) == process.pid
        with RunLock(run):
            assert lock_owner(run) == os.getpid()


def test_somebody_who_only_looks_does_not_keep_a_writer_out(run: RunDirectory) -> None:
    run.lock.write_bytes(b"")
    with run.lock.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        release = threading.Thread(target=lambda: (time.sleep(0.02), fcntl.flock(looking, fcntl.LOCK_UN)))
        release.start()
        with RunLock(run):
            assert is_active(run)
        release.join()


def test_a_full_disk_does_not_keep_a_writer_out(tiny_disk: Path) -> None:
    run = RunDirectory(tiny_disk)
    run.lock.write_bytes(b"")
    filler = subprocess.run(["cp", "/dev/zero", str(tiny_disk / "filler")], check=False, capture_output=True, text=True)
    assert "No space left" in filler.stderr
    with RunLock(run):
        assert is_active(run)
    assert not is_active(run)


def test_a_lock_that_cannot_be_opened_is_an_artifact_error(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "missing")
    with pytest.raises(ArtifactError, match="cannot be opened"), RunLock(run):
        pass
    linked = create_run(tmp_path, "linked")
    linked.lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="cannot be opened"), RunLock(linked):
        pass
    assert not (tmp_path / "elsewhere").exists()
