"""A process of the lab starts, ends and starts again, also where it hangs, and goes with whoever started it."""

import errno
import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paper_runs import children, is_gone, until
from tc.errors import EngineError
from tc.lab.process import LabProcess, _to_try, free_ports, last_line


def process(folder: Path, *command: str) -> LabProcess:
    return LabProcess("it", command, environment=dict(os.environ), folder=folder, log=folder / "it.log")


def test_it_starts_once_and_again_after_its_end(tmp_path: Path) -> None:
    it = process(tmp_path, "sleep", "60")
    assert (it.pid, it.is_running, it.exit_code) == (0, False, None)
    it.start()
    first = it.pid
    it.start()
    assert (it.pid, it.is_running) == (first, True)
    it.kill()
    assert (it.is_running, it.exit_code) == (False, -signal.SIGKILL)
    it.start()
    assert it.is_running
    assert it.pid != first
    it.end()
    assert is_gone(it.pid)


def test_one_that_is_stopped_or_heeds_no_signal_is_ended_all_the_same(tmp_path: Path) -> None:
    ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    deaf = process(tmp_path, sys.executable, "-c", ignoring)
    deaf.start()
    until(lambda: deaf.last_words() == "1")
    os.kill(deaf.pid, signal.SIGSTOP)
    deaf.end(within_s=0.2)
    assert not deaf.is_running


def test_its_last_words_are_in_its_log(tmp_path: Path) -> None:
    it = process(tmp_path, sys.executable, "-c", "import sys; print('one', flush=True); sys.exit('two')")
    assert it.last_words() == ""
    it.start()
    assert it.wait(10)
    assert (it.exit_code, it.last_words()) == (1, "two")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"one\ntwo\n", "two"),
        (b"one\nerror: it is broken\nhint: Mend it.\n", "error: it is broken"),
        (b"hint: Mend it.\n", "hint: Mend it."),
        (b"\xff" + b"x" * 400, "\\xff" + "x" * 296),
    ],
)
def test_the_last_line_is_what_went_wrong_and_not_what_to_do_about_it(said: bytes, line: str) -> None:
    assert last_line(said) == line


def test_a_program_that_is_missing_is_told_by_its_end_or_at_once(tmp_path: Path) -> None:
    it = process(tmp_path, "/no/such/program")
    if shutil.which("setpriv") is None:
        with pytest.raises(EngineError, match="it cannot be started: /no/such/program is not there"):
            it.start()
        return
    it.start()
    assert it.wait(10)
    assert it.exit_code != 0
    assert "/no/such/program" in it.last_words()


def test_it_goes_with_whoever_started_it(tmp_path: Path) -> None:
    code = (
        "import os, time; from pathlib import Path; from tc.lab.process import LabProcess\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "it = LabProcess('it', ('sleep', '60'), environment=dict(os.environ), folder=folder, log=folder / 'log')\n"
        "it.start(); print(it.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert pid in children(starter.pid)
        starter.kill()
    until(lambda: is_gone(pid))


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_it_does_not_stay_where_its_starter_went_before_it_could_ask_to_go_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = process(tmp_path, "sleep", "60")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    it.start()
    assert it.wait(30)
    assert it.exit_code == 1


def test_two_labs_that_look_for_ports_at_the_same_time_begin_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    first: list[set[int]] = []
    for pid in (4_000, 4_001, 4_007):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        first.append({*itertools.islice(_to_try(), 8)})
    assert [len(each) for each in first] == [8, 8, 8]
    assert len(set.union(*first)) == 24
    assert all(20_000 <= port < 32_000 for port in itertools.islice(_to_try(), 200))


def test_where_no_port_can_be_had_that_is_told_and_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_address: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("tc.lab.process.socket.create_server", fails)
    with pytest.raises(EngineError, match="no free port was found in 200 tries"):
        free_ports(1)


def test_free_ports_are_different_and_can_be_had() -> None:
    ports = free_ports(3)
    assert len({*ports}) == 3
    assert all(0 < each < 65536 for each in ports)
