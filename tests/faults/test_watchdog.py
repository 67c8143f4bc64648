"""A watchdog does its work when its maker is gone, and only then."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paper_runs import is_gone, until
from tc.faults.watchdog import Watchdog

MAKER = """\
import os, sys, time
from tc.faults.watchdog import Watchdog
reading, writing = os.pipe()
os.write(writing, b"kept")
one = Watchdog(("sh", "-c", f"cat <&{reading} >{sys.argv[1]}.part; mv {sys.argv[1]}.part {sys.argv[1]}"), keeps=[reading])
beside = Watchdog(("touch", sys.argv[1] + "-beside"))
os.close(writing)
print(one.pid, beside.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_does_its_work_however_its_maker_ended_with_what_it_was_given(tmp_path: Path, number: int) -> None:
    path = tmp_path / "done"
    with subprocess.Popen([sys.executable, "-c", MAKER, str(path)], stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        watchdogs = [int(each) for each in maker.stdout.readline().split()]
        assert not path.exists()
        maker.send_signal(number)
    until(lambda: path.exists() and path.with_name("done-beside").exists())
    assert path.read_text() == "kept"
    until(lambda: all(is_gone(each) for each in watchdogs))


def test_one_that_is_called_off_does_nothing_and_is_gone(tmp_path: Path) -> None:
    watchdog = Watchdog(("touch", str(tmp_path / "done")))
    assert not is_gone(watchdog.pid)
    watchdog.call_off()
    assert is_gone(watchdog.pid)
    watchdog.call_off()
    assert list(tmp_path.iterdir()) == []


def test_one_that_has_ended_by_itself_can_be_called_off(tmp_path: Path) -> None:
    watchdog = Watchdog(("touch", str(tmp_path / "done")))
    os.kill(watchdog.pid, signal.SIGKILL)
    until(lambda: is_gone(watchdog.pid))
    watchdog.call_off()
    assert list(tmp_path.iterdir()) == []
