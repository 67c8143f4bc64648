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
