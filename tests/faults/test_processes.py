"""Claims about signals as faults: the kernel proves them, what was stopped goes on again, and nobody else is hit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tc.errors import InconclusiveError
from tc.faults.processes import Ending, SignalFault, Target
from tc.store.processes import started_at, state_of

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
WITHIN_S = 10.0


@contextmanager
def process(program: str = "import time; print('here', flush=True); time.sleep(60)") -> Iterator[int]:
    """Have a process that has begun; it is ended by force, however the test ends."""
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    with started:
        assert started.stdout is not None
        started.stdout.readline()
        try:
            yield started.pid
        finally:
            started.kill()


def until(is_so: Callable[[], object]) -> None:
    ends = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_what_is_stopped_is_proven_by_the_kernel_and_goes_on_when_it_is_restored() -> None:
    with process() as pid:
        fault = SignalFault(lambda: [pid], "sigstop")
        assert fault.proof() == 0
        fault.restore()
        fault.inject()
        until(lambda: fault.proof() == 1)
        assert state_of(pid, 0) == "stopped"
        for _ in range(2):
            fault.restore()
            until(lambda: state_of(pid, 0) == "running")
        assert fault.proof() == 0


@pytest.mark.parametrize("kind", ["sigterm", "sigkill"])
def test_what_has_ended_is_proven_also_where_nobody_has_waited_for_it(kind: Ending) -> None:
    with process() as pid:
        fault = SignalFault(lambda: [pid], kind)
        assert fault.proof() == 0
        fault.inject()
        until(lambda: fault.proof() == 1)
        fault.restore()
        assert fault.proof() == 1


def test_nothing_is_proven_before_every_process_is_gone() -> None:
    with process(DEAF) as deaf, process() as other:
        fault = SignalFault(lambda: [other, deaf], "sigterm")
        fault.inject()
        until(lambda: state_of(other, 0) == "gone")
        assert fault.proof() == 0
        os.kill(deaf, signal.SIGKILL)
        until(lambda: fault.proof() == 2)


def test_where_one_process_is_not_there_none_is_hit() -> None:
    with process() as pid:
        for missing in (0, 2**22 + 1):
            fault = SignalFault(lambda missing=missing: [pid, missing], "sigkill")  # type: ignore[misc]
            with pytest.raises(InconclusiveError, match="not there"):
                fault.inject()
            assert fault.proof() == 0
        with pytest.raises(InconclusiveError, match="not there"):
            SignalFault(list, "sigkill").inject()
        assert state_of(pid, 0) == "running"


def test_the_drill_itself_is_never_hit() -> None:
    with pytest.raises(InconclusiveError, match="the drill itself"):
        SignalFault(lambda: [os.getpid()], "sigstop").inject()


def test_a_later_process_of_the_same_number_is_never_hit() -> None:
    with process() as pid:
        earlier = Target(pid, (started_at(pid) or 0) - 1)
        assert earlier.state == "gone"
        assert not earlier.send(signal.SIGKILL)
        assert not Target(2**22 + 1, 1).send(signal.SIGKILL)
        assert state_of(pid, 0) == "running"


# Somebody kills the drill.

DRILL = """\
import sys, time
from tc.faults.processes import SignalFault
pid, kind = int(sys.argv[1]), sys.argv[2]
fault = SignalFault(lambda: [pid], kind)
fault.inject()
while not fault.proof():
    time.sleep(0.01)
print(fault._watchdog.pid if fault._watchdog else 0, flush=True)
if sys.argv[3] == "restored":
    fault.restore()
    print(fault.proof(), flush=True)
time.sleep(60)
"""


@contextmanager
def drill(pid: int, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Have a model of a drill that does something to a process."""
    with subprocess.Popen([sys.executable, "-c", DRILL, str(pid), *words], stdout=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def said(started: "subprocess.Popen[str]") -> int:
    assert started.stdout is not None
    return int(started.stdout.readline())


def test_what_is_stopped_goes_on_also_where_the_drill_is_killed() -> None:
    with process() as pid, drill(pid, "sigstop", "held") as killed:
        watchdog = said(killed)
        assert state_of(pid, 0) == "stopped"
        assert os.getsid(watchdog) == watchdog
        assert state_of(watchdog, 0) == "running"
        killed.kill()
        until(lambda: state_of(pid, 0) == "running")
        until(lambda: state_of(watchdog, 0) == "gone")


def test_whoever_waits_for_the_end_of_a_drill_ends_with_its_fault() -> None:
    with process() as pid, drill(pid, "sigstop", "restored") as going:
        watchdog = said(going)
        said(going)
        assert state_of(watchdog, 0) == "gone"
        assert state_of(pid, 0) == "running"
        os.kill(pid, signal.SIGSTOP)
        going.kill()
        going.wait()
        assert state_of(pid, 0) == "stopped"


def test_nobody_waits_beside_what_needs_nobody() -> None:
    with process() as pid, drill(pid, "sigkill", "held") as going:
        assert said(going) == 0
