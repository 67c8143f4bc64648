import os
import socket
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tc.errors import TcError, UnreachableError
from tc.flows.paper.supervisor_line import ask_supervisor, listening


def echo(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"said": request}


def test_only_its_own_user_may_ask_and_the_socket_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "nodes" / "r.sup"
    with listening(path, {"echo": echo}):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        asked = ask_supervisor(path, {"do": "echo", "n": 1}, dict[str, Any], within_s=5)
    assert asked == {"said": {"do": "echo", "n": 1}}
    assert not path.exists()
    with pytest.raises(UnreachableError, match="cannot be reached"):
        ask_supervisor(path, {"do": "echo"}, dict[str, Any], within_s=5)


def test_what_it_cannot_do_is_told(tmp_path: Path) -> None:
    def fails(_: Mapping[str, Any]) -> Mapping[str, Any]:
        raise TcError("the venue is gone")

    with listening(tmp_path / "r.sup", {"fail": fails}), pytest.raises(UnreachableError, match="could not: the venue is gone"):
        ask_supervisor(tmp_path / "r.sup", {"do": "fail"}, dict[str, Any], within_s=5)


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{", b"[1]\n", b'{"do":1}\n', b'{"do":"x"}\n', b'{"do":[]}\n', b"\xff\n", b"[" * 9000]
)
def test_what_is_no_request_is_answered_as_that_and_the_next_one_is_heard(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "r.sup"
    with listening(path, {"echo": echo}):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(5)
            caller.connect(os.fspath(path))
            caller.sendall(line)
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(1000) == b'{"error":"not a request"}\n'
        assert ask_supervisor(path, {"do": "echo"}, dict[str, Any], within_s=5) == {"said": {"do": "echo"}}


def test_a_caller_that_says_nothing_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "r.sup"
    with listening(path, {"echo": echo}), socket.socket(socket.AF_UNIX) as silent:
        silent.connect(os.fspath(path))
        assert ask_supervisor(path, {"do": "echo"}, dict[str, Any], within_s=1)


def test_an_answer_that_takes_too_long_is_not_waited_for(tmp_path: Path) -> None:
    over = threading.Event()

    def slow(_: Mapping[str, Any]) -> Mapping[str, Any]:
        over.wait(10)
        return {}

    with listening(tmp_path / "r.sup", {"slow": slow}):
        with pytest.raises(UnreachableError, match="did not answer"):
            ask_supervisor(tmp_path / "r.sup", {"do": "slow"}, dict[str, Any], within_s=0.2)
        over.set()


def test_what_lies_there_of_a_supervisor_that_died_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r.sup"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(path))
    with listening(path, {"echo": echo}):
        assert ask_supervisor(path, {"do": "echo"}, dict[str, Any], within_s=5)


def test_one_that_cannot_listen_goes_on_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with listening(tmp_path / "file" / "r.sup", {}):
        pass
    assert (tmp_path / "file").is_file()
