"""Claims about warm processes: to whoever starts one it is as any other."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from warm import WarmProcess, template

TOLD = """
import os, sys
print(os.getpid(), os.getsid(0), os.getcwd(), os.environ.get("A"), sys.argv[1:], sys.path[0], __name__, sep="\\n")
sys.exit(int(os.environ.get("EXIT", "0")))
"""
ENDLESS = "import time\nprint('begun', flush=True)\ntime.sleep(60)"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(TOLD)
    return path


@pytest.mark.parametrize("options", [{}, {"start_new_session": True}, {"cwd": "/"}, {"env": {"EXIT": "3", "A": "1"}}])
def test_a_warm_process_is_as_a_cold_one(program: Path, options: dict[str, Any]) -> None:
    command = [sys.executable, str(program), "an argument"]
    pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True, **options}
    ends = []
    for process in (subprocess.Popen(command, **pipes), WarmProcess(template("json"), command, **pipes)):
        pid, session, *told = process.communicate(timeout=20)[0].splitlines()
        assert int(pid) == process.pid
        ends.append(((int(session) == process.pid, int(session) == os.getsid(0)), *told, process.returncode))
    assert ends[0] == ends[1]


def test_a_warm_process_that_is_killed_has_its_signal_for_an_exit_code(program: Path) -> None:
    program.write_text(ENDLESS)
    process = WarmProcess(template("json"), [sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM
