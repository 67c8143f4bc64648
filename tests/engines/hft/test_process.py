import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hft_runs import BOOK, FAST, MS, START_NS, Script, frame, new, record, request, ticks
from tc.core import ProcessingContext
from tc.core.intents import Intent
from tc.engines.hft.backtest import HftEngine
from tc.engines.hft.feed import book_columns
from tc.engines.hft.messages import Advance, Begin, Cancel, Submit
from tc.engines.hft.process import HftProcess
from tc.errors import EngineError

pytestmark = pytest.mark.e2e


def begin() -> Begin:
    asked = request((*BOOK, *ticks(10, 20)))
    columns = book_columns(
        frame((*BOOK, *ticks(10, 20))), asked.dataset, asked.instrument, first_ns=START_NS, feed_ns=FAST.feed_ns
    )
    parts = [getattr(columns, name).tobytes() for name in ("kinds", "sides", "ticks", "lots", "venue_ns", "local_ns")]
    return Begin(MS, MS, "risk_adverse", 3.0, START_NS, START_NS + 20 * MS, *parts)


@pytest.fixture
def process() -> Iterator[HftProcess]:
    process = HftProcess()
    yield process
    process.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for counts as alive."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_it_answers_until_it_is_closed(process: HftProcess) -> None:
    process.begin(begin())
    seen = process.advance(Advance((), START_NS))
    assert (seen.now_ns, seen.played, seen.top.bid_ticks, seen.top.bid_lots) == (START_NS, 5, 999, 5000)
    seen = process.advance(Advance((Submit(1, True, False, 0, 999, 1000),), None))
    assert (seen.now_ns, seen.responses[0].answer) == (START_NS + 2 * MS, "open")


def test_it_is_gone_once_it_is_closed() -> None:
    process = HftProcess()
    process.begin(begin())
    process.close()
    assert not is_alive(process.pid)


def test_it_is_gone_once_it_is_closed_even_when_it_hangs() -> None:
    process = HftProcess()
    process.begin(begin())
    process.advance(Advance((), START_NS))
    os.kill(process.pid, signal.SIGSTOP)
    process.close(within_s=0.1)
    assert not is_alive(process.pid)


def test_its_death_is_an_engine_error_that_says_how(process: HftProcess) -> None:
    process.begin(begin())
    process.advance(Advance((), START_NS))
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="was ended by signal 9"):
        process.advance(Advance((), None))


def test_what_the_library_refuses_ends_it_with_a_word(process: HftProcess) -> None:
    process.begin(begin())
    with pytest.raises(EngineError, match="ended with exit code 1: RuntimeError: hftbacktest: cancel returned 12"):
        process.advance(Advance((Cancel(77),), None))


def test_a_run_whose_engine_dies_fails_and_leaves_no_process() -> None:
    with pytest.raises(EngineError, match="signal 9"):
        record((*BOOK, *ticks(10, 20, 30)), _KillsItsEngine(), start=HftProcess)
    assert children_of(os.getpid()) == []


class _KillsItsEngine:
    """Kills every child of this process that runs hftbacktest."""

    def evaluate(self, context: ProcessingContext) -> tuple[Intent, ...]:
        if context.stream_time_ns >= START_NS + 20 * MS:
            for pid in children_of(os.getpid()):
                os.kill(pid, signal.SIGKILL)
        return ()


def children_of(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and "tc.engines.hft.child" in (stat.parent / "cmdline").read_text():
                found.append(int(stat.parent.name))
    return found


PARENT = """
import sys, time
from tc.engines.hft.process import HftProcess
process = HftProcess()
print(process.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_the_process_that_asks_it_however_that_ended() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(pid)


def test_nothing_is_started_before_a_run_is() -> None:
    asked = request((*BOOK, *ticks(10)))
    backtest = HftEngine(lambda dataset, start_ns, end_ns: frame((*BOOK, *ticks(10))), FAST).prepare(asked)
    before = children_of(os.getpid())
    backtest.close()
    assert before == []


def test_a_run_leaves_no_process() -> None:
    record((*BOOK, *ticks(10, 20)), Script([(10, [new("A", "BUY", "1")])]))
    assert children_of(os.getpid()) == []
