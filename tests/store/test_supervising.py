import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.store.supervising import supervising

HOLDS = """
import sys
from pathlib import Path
from tc.store.supervising import supervising
with supervising(Path(sys.argv[1]), "r-1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_there_is_one_supervisor_of_a_run_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    with supervising(tmp_path, "r-1"):
        with pytest.raises(RefusedError, match="another process supervises run 'r-1'"), supervising(tmp_path, "r-1"):
            raise AssertionError
        with supervising(tmp_path, "r-2"):
            pass
    assert list((tmp_path / "nodes").iterdir()) == []
    with supervising(tmp_path, "r-1"):
        pass


def test_one_that_was_killed_holds_nobody_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RefusedError), supervising(tmp_path, "r-1"):
            raise AssertionError
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with supervising(tmp_path, "r-1"):
        pass


def test_of_many_that_race_never_two_hold_it(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        for _ in range(50):
            try:
                with supervising(tmp_path, "r-1"):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except RefusedError:
                continue

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(enter, range(8)))
    assert most
    assert set(most) == {1}


def test_no_run_id_leads_out_of_the_folder_and_a_root_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError), supervising(tmp_path, "../x"):
        raise AssertionError
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError), supervising(tmp_path / "file", "r-1"):
        raise AssertionError
