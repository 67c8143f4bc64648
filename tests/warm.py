"""Processes of their own that begin with everything imported: forked from one that has done so, once for each test process.

What takes a process of ours seconds is its imports. A test that is about how a process begins starts it the long way.
"""

import json
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).resolve().parent / "warm_template.py"
NODE = ("tc.engines.nautilus.live.node", "nautilus_trader.adapters.binance", "tc.exchange", "tc.cli.main", "tc.wiring.attach")
COMMAND = ("tc.cli.main", "tc.venue.server.app", "tc.exchange", "polars")
HFT = ("tc.engines.hft.library", "tc.engines.hft.messages", "tc.engines.hft.feed")


class Template:
    """A process that has imported some modules, and forks itself when it is asked to."""

    def __init__(self, *modules: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        command = [sys.executable, str(TEMPLATE), str(theirs.fileno()), *modules]
        with theirs:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def end(self) -> None:
        """End it; what it has forked lives on."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._process.wait()

    def fork(self, job: dict[str, Any], descriptors: list[int]) -> int:
        """Let a process do a job with these as its standard streams, its exit status going to the last of them."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(job).encode()], descriptors)
            answer = self._socket.recv(64)
        assert answer, "the template has ended"
        return int(answer)


_TEMPLATES: dict[tuple[str, ...], Template] = {}


def template(*modules: str) -> Template:
    """Return this test process's own template with these modules."""
    if modules not in _TEMPLATES:
        _TEMPLATES[modules] = Template(*modules)
    return _TEMPLATES[modules]


def end_templates() -> None:
    """End every template, so that all they measured is kept when the tests are at their end."""
    while _TEMPLATES:
        _TEMPLATES.popitem()[1].end()


class WarmProcess(subprocess.Popen[Any]):
    """As a `Popen` of ``python FILE …`` or ``python -m MODULE …``, whose process is a template's child and not ours."""

    def __init__(self, of: Template, command: list[str], **options: Any) -> None:
        self._template = of
        super().__init__(command, **options)

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        cwd, env, pipes, new_session = rest[4], rest[5], rest[9:15], rest[20]
        streams = [given if given != -1 else own for given, own in zip((pipes[0], pipes[3], pipes[5]), range(3), strict=True)]
        job = {
            "command": args,
            "folder": os.fspath(cwd or Path.cwd()),
            "environment": dict(os.environ if env is None else env),
            "has_session": new_session,
        }
        self._status, theirs = os.pipe()
        try:
            self.pid = self._template.fork(job, [*streams, theirs])
            self._child_created = True
        finally:
            os.close(theirs)
            self._close_pipe_fds(*pipes)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self.returncode is None and select.select([self._status], [], [], 0 if wait_flags else None)[0]:
            status = os.read(self._status, 16)
            os.close(self._status)
            return self.pid, int(status)
        return 0, 0

    def _internal_poll(self, _deadstate: int | None = None, **_: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def run(command: list[str], *, of: Template, timeout: float, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as `subprocess.run` does, and return what it said."""
    with WarmProcess(of, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def tc(
    *arguments: object, cwd: Path, timeout: float = 120, surroundings: dict[str, str] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `tc …` in a folder to its end, and return what it said; with a hash seed of its own it begins the long way."""
    env = {**(os.environ if surroundings is None else surroundings), **environment}
    command = [sys.executable, "-m", "tc", *map(str, arguments)]
    if "PYTHONHASHSEED" in environment:
        return subprocess.run(command, cwd=cwd, env=env, timeout=timeout, capture_output=True, text=True, check=False)
    plays = "reproduce" in arguments or (arguments[0] == "run" and "--resume" not in arguments)
    return run(command, of=template(*(NODE if plays else COMMAND)), timeout=timeout, cwd=cwd, env=env)
