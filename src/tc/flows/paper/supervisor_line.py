"""What a supervisor does for others at its venue: it has the keys in memory, and answers its own user over a Unix socket."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from tc.errors import TcError, UnreachableError

_LONGEST_REQUEST = 4096
_LONGEST_ANSWER = 64 << 20
_CONNECT_S = 0.5
_PATIENCE_S = 2.0

type Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Does what a request asks, and returns what came of it; what it raises is told to who asked."""


@contextmanager
def listening(path: Path, answers: Mapping[str, Answer]) -> Iterator[None]:
    """Answer requests at a path that only this user may write to, each on a thread of its own, until this is left.

    A supervisor that cannot listen does its work all the same.
    """
    try:
        listener = _listener(path)
    except OSError:
        yield
        return
    threading.Thread(target=_serve, args=(listener, answers), daemon=True).start()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # Closing alone does not wake who waits for a caller.
        listener.close()


def ask_supervisor[T](path: Path, request: Mapping[str, object], answer: type[T], *, within_s: float) -> T:
    """Return what a run's supervisor answers.

    Raises
    ------
    UnreachableError
        Nobody listens, no answer came in time, or it could not do what was asked.

    """
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_CONNECT_S)
            line.connect(os.fspath(path))
            line.settimeout(within_s)
            line.sendall(msgspec.json.encode(request) + b"\n")
            with line.makefile("rb") as lines:
                return _read(lines.readline(_LONGEST_ANSWER), answer)
    except TimeoutError:
        raise UnreachableError(f"the run's supervisor did not answer at {path}") from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise UnreachableError(f"the run's supervisor cannot be reached at {path}: {why}") from None


class _Failed(msgspec.Struct, frozen=True):
    error: str = ""


def _read[T](line: bytes, answer: type[T]) -> T:
    if why := msgspec.json.decode(line, type=_Failed).error:
        raise UnreachableError(f"the run's supervisor could not: {why}")
    return msgspec.json.decode(line, type=answer)


def _listener(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
        listener.listen()
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _serve(listener: socket.socket, answers: Mapping[str, Answer]) -> None:
    with suppress(OSError):
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_talk, args=(caller, answers), daemon=True).start()


def _talk(caller: socket.socket, answers: Mapping[str, Answer]) -> None:
    with caller, suppress(OSError, ValueError):
        caller.settimeout(_PATIENCE_S)
        with caller.makefile("rb") as lines:
            request = lines.readline(_LONGEST_REQUEST)
        caller.sendall(msgspec.json.encode(_answered(request, answers)) + b"\n")


def _answered(line: bytes, answers: Mapping[str, Answer]) -> Mapping[str, Any]:
    try:
        request = msgspec.json.decode(line, type=dict[str, Any])
        answer = answers[request["do"]]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return {"error": "not a request"}
    try:
        return answer(request)
    except TcError as error:
        return {"error": error.message}
