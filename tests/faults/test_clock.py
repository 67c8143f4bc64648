"""Claims about a clock that jumps: that of the processes that were started for it, and of no other."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from faked_clock import faked
from fakes import make_run
from tc.errors import InconclusiveError
from tc.faults.clock import LIBRARY, ClockJumpFault, faked_environment, node_offset_ns
from tc.store.heartbeat import NodeHeartbeat, write_heartbeat

TELLS = """
import json, os, sys, threading, time
for line in sys.stdin:
    began = time.monotonic()
    time.sleep(0.05)
    threading.Event().wait(0.05)
    waited = time.monotonic() - began
    open(sys.argv[1], "w").close()
    told = {"at_ns": time.time_ns(), "monotonic": time.monotonic(), "waited": waited, "file_ns": os.stat(sys.argv[1]).st_mtime_ns}
    print(json.dumps(told), flush=True)
"""
WITHIN_S = 10.0


class Teller:
    """A Python whose clock is faked, and that tells what it reads from it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def told(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("tell\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def offset_ns(self) -> int:
        return int(self.told()["at_ns"] - time.time_ns())


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[Teller]:
    environment = {**os.environ, **faked(tmp_path / "clock")}
    command = [sys.executable, "-c", TELLS, str(tmp_path / "touched")]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Teller(process)
        process.kill()


def until_proven(fault: ClockJumpFault, proof: int) -> None:
    ends = time.monotonic() + WITHIN_S
    while fault.proof() != proof:
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.mark.parametrize("seconds", ["3600", "-0.8", "-3600.5"])
def test_the_wall_clock_jumps_and_back_and_nothing_else_of_the_process_does(teller: Teller, tmp_path: Path, seconds: str) -> None:
    fault = ClockJumpFault(tmp_path / "clock", seconds, teller.offset_ns)
    assert fault.proof() == 0
    fault.restore()
    assert fault.proof() == 0
    before, began_ns = teller.told(), time.time_ns()
    fault.inject()
    until_proven(fault, 1)
    told, passed_s = teller.told(), (time.time_ns() - began_ns) / 1e9
    assert told["at_ns"] - time.time_ns() == pytest.approx(float(seconds) * 1e9, abs=3e8)
    assert told["monotonic"] - before["monotonic"] == pytest.approx(passed_s, abs=0.3)
    assert 0.1 <= told["waited"] < 1
    assert abs(told["file_ns"] - time.time_ns()) < 3e8
    fault.restore()
    until_proven(fault, 0)
    assert abs(teller.offset_ns()) < 3e8


@pytest.mark.parametrize(
    ("seconds", "offset_s", "proof"),
    [
        ("30", 0.4, 0),
        ("30", 0.5, 1),
        ("30", -30, 0),
        ("-30", -0.5, 1),
        ("-30", 30, 0),
        ("0.2", 0.1, 1),
        ("0.2", 0.09, 0),
        ("0", 0, 0),
    ],
)
def test_a_jump_is_proven_by_a_clock_that_is_off_in_its_direction(
    tmp_path: Path, seconds: str, offset_s: float, proof: int
) -> None:
    assert ClockJumpFault(tmp_path, seconds, lambda: int(offset_s * 1e9)).proof() == proof


def test_a_nodes_clock_is_seen_by_its_heartbeat(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    assert node_offset_ns(run) == 0
    said = NodeHeartbeat(at_ns=time.time_ns() - 7 * 10**9, every_s=0.5, pid=1, state="trading", position=1)
    write_heartbeat(run, said)
    assert node_offset_ns(run) == pytest.approx(-7e9, abs=1e9)
    write_heartbeat(run, msgspec.structs.replace(said, at_ns=time.time_ns()))
    assert abs(node_offset_ns(run)) < 1e9


def test_where_no_clock_is_faked_none_jumps(tmp_path: Path) -> None:
    fault = ClockJumpFault(tmp_path, "5", lambda: 0)
    with pytest.raises(InconclusiveError, match="no clock is faked"):
        fault.inject()
    fault.restore()
    assert list(tmp_path.iterdir()) == []


def test_where_the_library_is_missing_its_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError, match="not installed") as caught:
        faked_environment(tmp_path / "clock", os.environ, searched=(tmp_path,))
    assert "apt-get install libfaketime" in caught.value.hint


def test_where_the_library_has_no_effect_that_is_said(tmp_path: Path) -> None:
    library = tmp_path / "faketime" / LIBRARY
    library.parent.mkdir()
    library.write_bytes(b"this is no library")
    with pytest.raises(InconclusiveError, match="no effect"):
        faked_environment(tmp_path / "clock", os.environ, searched=(tmp_path,))


def test_where_python_cannot_be_started_with_it_that_is_said(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHOME": str(tmp_path)}
    with pytest.raises(InconclusiveError, match="does not work here"):
        faked(tmp_path / "clock", environment)


def test_what_is_preloaded_and_found_already_stays_so(tmp_path: Path) -> None:
    found = faked(tmp_path / "clock", {**os.environ, "PYTHONPATH": "/folder/mine"})
    assert found["PYTHONPATH"].endswith(f"{os.pathsep}/folder/mine")
    assert "LD_PRELOAD" in found
