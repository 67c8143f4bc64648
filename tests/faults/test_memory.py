"""Claims about a process that needs more memory than it may have: the kernel refuses it, and the cap is lifted again."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tc.errors import InconclusiveError
from tc.faults.memory import MemoryFault
from tc.faults.strategy import Commands
from tc.spec.drills.fault_parameters.host import MemoryGrowth

TAKES = """
import json, pathlib, sys, time
folder, taken = pathlib.Path(sys.argv[1]), []
print("here", flush=True)
while True:
    command = folder / "allocate.json"
    wanted = json.loads(command.read_bytes())["mb"] if command.exists() else 0
    if len(taken) < wanted:
        taken.append(b"1" * (1 << 20))
        (folder / ".new").write_text(str(len(taken)))
        (folder / ".new").replace(folder / "allocate.count")
    else:
        time.sleep(0.01)
"""
WITHIN_S = 10.0


@contextmanager
def taking(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Have a process that takes memory as it is told."""
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", TAKES, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def until(is_so: Callable[[], object]) -> None:
    ends = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_memory_below_the_cap_is_counted_and_the_cap_is_lifted_again(tmp_path: Path) -> None:
    with taking(tmp_path / "commands") as process:
        before = resource.prlimit(process.pid, resource.RLIMIT_DATA)
        fault = MemoryFault(lambda: process.pid, Commands(tmp_path / "commands"), MemoryGrowth(mb=20, cap_mb=200))
        assert fault.proof() == 0
        fault.restore()
        fault.inject()
        until(lambda: fault.proof() == 20)
        assert resource.prlimit(process.pid, resource.RLIMIT_DATA)[0] < 1 << 30
        for _ in range(2):
            fault.restore()
            assert resource.prlimit(process.pid, resource.RLIMIT_DATA) == before
        assert process.poll() is None


def test_memory_beyond_the_cap_ends_the_process_and_that_counts(tmp_path: Path) -> None:
    with taking(tmp_path / "commands") as process:
        fault = MemoryFault(lambda: process.pid, Commands(tmp_path / "commands"), MemoryGrowth(mb=200, cap_mb=20))
        fault.inject()
        assert process.wait(WITHIN_S) == 1
        counted = Commands(tmp_path / "commands").done("allocate")
        assert 5 < counted <= 20
        assert fault.proof() == counted + 1
        fault.restore()


def test_a_process_that_is_not_there_takes_none(tmp_path: Path) -> None:
    fault = MemoryFault(lambda: 0, Commands(tmp_path / "commands"), MemoryGrowth())
    with pytest.raises(InconclusiveError):
        fault.inject()
    assert fault.proof() == 0
    assert not (tmp_path / "commands").exists()
