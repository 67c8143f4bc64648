"""A process of the lab: started, ended, and started again by the same words; what it says goes into a log."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from secrets import randbelow

from tc.errors import EngineError

_ENDS_WITHIN_S = 8.0
_LAST_WORDS = 2_000
_LOWEST_PORT, _PORTS, _OWN_PORTS, _MOST_TRIED = 20_000, 12_000, 8, 200
_LONGEST_LINE = 300
_HINT = "hint: "
_UNLESS_ORPHANED = ("sh", "-c", 'test "$PPID" = "$0" && exec "$@"')
"""Whoever started it may be gone before it asks to go with them: nobody would tell it."""


class LabProcess:
    """One process, which ends with this one however that ends, where the system has `setpriv`.

    Parameters
    ----------
    name
        What it is, for people.
    command, environment, folder
        What is started, with what as its environment, and where.
    log
        Takes all that it says.

    """

    def __init__(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = log
        self._environment = dict(environment)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, 0 before the first start."""
        return 0 if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, unless it runs; EngineError when the program is missing."""
        if self.is_running:
            return
        # By force: where this process is gone, so is the way to the venue, and to end in order takes a run half a minute.
        dying_with_us = ("setpriv", "--pdeathsig", "KILL", *_UNLESS_ORPHANED, str(os.getpid())) if shutil.which("setpriv") else ()
        with self.log.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own programs
                    (*dying_with_us, *self.command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    cwd=self._folder,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise EngineError(f"{self.name} cannot be started: {error.filename} is not there") from None

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C does."""
        with suppress(ProcessLookupError):
            if self._process is not None and self.is_running:
                self._process.send_signal(signal.SIGINT)

    def wait(self, within_s: float) -> bool:
        """Say whether it has ended in time."""
        if self._process is None:
            return True
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(within_s)
        return self._process.returncode is not None

    def end(self, within_s: float = _ENDS_WITHIN_S) -> None:
        """End it, also where it was stopped by a signal, and by force where it takes too long."""
        if self._process is None or not self.is_running:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
            os.kill(self._process.pid, signal.SIGCONT)
        if not self.wait(within_s):
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """Return the last line of what it said, or what stands before it where that is the hint of an error."""
        with suppress(OSError):
            return last_line(self.log.read_bytes()[-_LAST_WORDS:])
        return ""


def last_line(said: bytes) -> str:
    """Return the last line of what somebody said; of an error with a hint, the error."""
    lines = said.decode(errors="backslashreplace").strip().splitlines()
    if len(lines) > 1 and lines[-1].startswith(_HINT):
        del lines[-1]
    return lines[-1][:_LONGEST_LINE] if lines else ""


def _to_try() -> Iterator[int]:
    own = os.getpid() % (_PORTS // _OWN_PORTS) * _OWN_PORTS
    yield from range(_LOWEST_PORT + own, _LOWEST_PORT + own + _OWN_PORTS)
    while True:
        yield _LOWEST_PORT + randbelow(_PORTS)


_candidates = _to_try()


def free_ports(number: int) -> tuple[int, ...]:
    """Return ports of this machine that nobody listens on now, no two the same.

    They lie below those that the system gives to outgoing connections: none of these takes one before its listener comes. And
    each process begins with some of its own, for another lab may look for ports at the same time. EngineError when none can be
    had, be it for want of file descriptors.
    """
    sockets: list[socket.socket] = []
    try:
        for port in islice(_candidates, _MOST_TRIED):
            if len(sockets) == number:
                break
            with suppress(OSError):
                sockets.append(socket.create_server(("127.0.0.1", port)))
        if len(sockets) < number:
            raise EngineError(f"no free port was found in {_MOST_TRIED} tries", hint="See `ulimit -n`, and what listens here.")
        return tuple(each.getsockname()[1] for each in sockets)
    finally:
        for each in sockets:
            each.close()
