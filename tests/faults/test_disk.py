"""Claims about a disk that is full: a small one of its own, filled so far as was asked, and with room again afterwards."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paper_runs import until
from tc.errors import InconclusiveError
from tc.faults.disk import DiskFullFault, small_disk
from tc.store.free_space import free_bytes


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 2 MiB; skips, saying so, where that is not allowed."""
    mounting = small_disk(tmp_path / "disk", 2)
    try:
        folder = mounting.__enter__()
    except InconclusiveError as error:
        pytest.skip(error.message)
    yield folder
    mounting.__exit__(None, None, None)


@pytest.mark.parametrize("free_kb", [0, 100, 1000])
def test_a_disk_is_filled_as_far_as_was_asked_and_has_room_again(disk: Path, free_kb: int) -> None:
    fault = DiskFullFault(disk, free_kb)
    before = free_bytes(disk)
    assert fault.proof() == 0
    fault.restore()
    fault.inject()
    assert fault.proof() == 1
    assert free_kb * 1024 <= free_bytes(disk) < free_kb * 1024 + 8192
    for _ in range(2):
        fault.restore()
        assert free_bytes(disk) == before
    assert fault.proof() == 0


def test_where_nothing_is_left_nobody_else_can_write(disk: Path) -> None:
    fault = DiskFullFault(disk, 0)
    fault.inject()
    with pytest.raises(OSError, match="No space left") as caught:
        (disk / "journal").write_bytes(bytes(8192))
    assert caught.value.errno == errno.ENOSPC
    fault.restore()
    (disk / "journal").write_bytes(bytes(8192))


def test_what_is_on_a_small_disk_in_the_end_lies_in_its_folder_also_where_somebody_still_uses_it(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    try:
        with small_disk(folder, 1) as disk:
            assert os.path.ismount(disk)
            (disk / "runs").mkdir()
            used = (disk / "runs" / "kept").open("w+", encoding="utf-8")
            used.write("what was written")
            used.flush()
            DiskFullFault(disk, 100).inject()
    except InconclusiveError as error:
        pytest.skip(error.message)
    with used:
        assert not os.path.ismount(folder)
        assert [each.name for each in folder.iterdir()] == ["runs"]
        assert (folder / "runs" / "kept").read_text(encoding="utf-8") == "what was written"
    assert [each.name for each in tmp_path.iterdir()] == ["disk"]


def test_a_disk_that_is_not_small_is_never_filled() -> None:
    large = Path("/")
    if os.statvfs(large).f_blocks * os.statvfs(large).f_frsize <= 1 << 30:
        pytest.skip("the disk of this machine is a small one")
    fault = DiskFullFault(large, 0)
    with pytest.raises(InconclusiveError, match="not small"):
        fault.inject()
    assert fault.proof() == 0
    assert not (large / ".tc-filler").exists()


def test_where_no_disk_can_be_mounted_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(InconclusiveError, match="no disk can be mounted here: there is no mount"),
        small_disk(tmp_path / "disk", 1),
    ):
        pytest.fail("there is one")


def test_a_small_disk_is_taken_away_also_when_whoever_mounted_it_is_killed(disk: Path, tmp_path: Path) -> None:
    folder = tmp_path / "another"
    code = f"""\
import time
from pathlib import Path
from tc.faults.disk import small_disk
with small_disk(Path({str(folder)!r}), 1):
    print("mounted", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as mounting:
        assert mounting.stdout is not None
        assert mounting.stdout.readline() == "mounted\n"
        assert os.path.ismount(folder)
        mounting.send_signal(signal.SIGKILL)
    until(lambda: not os.path.ismount(folder))
    assert os.path.ismount(disk)
