"""A lab put together: the venue, the way to it, the run and its alerting; started, looked at, acted on, and taken apart."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from tc.errors import ExitCode, InconclusiveError, TcError, UnreachableError
from tc.lab.alerting import Alerting
from tc.lab.asking import answer_of, raised_alerts
from tc.lab.process import LabProcess, last_line
from tc.lab.receiver import Receiver
from tc.lab.watching import RunWatch
from tc.ports.drills import Acted, Seen
from tc.store.layout import RunDirectory
from tc.store.metadata import read_metadata
from tc.store.nodes import read_node

RUN = "RUN"
"""Stands for the run's id in what an operator types."""

VENUE = "VENUE"
"""Stands for the venue's URL, as the run knows it; a path may follow."""

VENUE_PROBES = frozenset({"venue_open_orders", "venue_position"})
"""What is read at the venue itself, whatever the run says."""

_LOOK_S = 0.02
_HELD_S = 0.25
_STARTS_WITHIN_S = 40.0
_ENDS_WITHIN_S = 30.0
_ANSWERS_WITHIN_S = 30.0
_NO_ANSWER = -1
_TC = (sys.executable, "-m", "tc")


class Way(Protocol):
    """The way between node and venue."""

    @property
    def url(self) -> str:
        """Where the node goes."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a lab is made of.

    Parameters
    ----------
    run
        The directory that the run will make.
    folder, runtime_root
        Where commands are typed, and where nodes are found: the lab's own.
    environment
        What every process is given: the keys, and the lab's own roots.
    venue, venue_url
        The loopback exchange, and where it listens, as the fault port is called.
    way
        The proxy that the run goes through.
    start_run
        Makes the process of the run, given where it trades.
    alerting, receiver
        Metrics, Prometheus and Alertmanager, and who is told; None where a drill goes without.
    run_name
        The name in the run's spec.
    read_venue
        Reads `VENUE_PROBES` in what the venue itself keeps; what cannot be read is missing.

    """

    run: RunDirectory
    folder: Path
    runtime_root: Path
    environment: Mapping[str, str]
    venue: LabProcess
    venue_url: str
    way: Way
    start_run: Callable[[Sequence[str]], LabProcess]
    run_command: Sequence[str]
    alerting: Alerting | None
    receiver: Receiver | None
    run_name: str
    read_venue: Callable[[], Mapping[str, Decimal]]


class ProcessLab:
    """A lab of real processes; see `tc.ports.drills.Lab`.

    Parameters
    ----------
    bench
        What it is made of.
    answers_within_s
        So long is waited for the answer to a command.

    """

    def __init__(self, bench: Bench, *, answers_within_s: float = _ANSWERS_WITHIN_S) -> None:
        self._bench = bench
        self._answers_within_s = answers_within_s
        self._run = bench.start_run(bench.run_command)
        self._watch = RunWatch(bench.run, bench.runtime_root, bench.run_name)
        self._found: list[Seen] = []
        self._acting: list[subprocess.Popen[bytes]] = []
        self._held: Mapping[str, Decimal] = {}
        self._held_until_s = 0.0

    @property
    def run_pid(self) -> int:
        """The process of the supervisor."""
        return self._run.pid

    @property
    def node_pid(self) -> int:
        """The process of the node, 0 where there is none."""
        with suppress(TcError):
            node = read_node(self._bench.runtime_root, self._bench.run.run_id)
            return 0 if node is None else node.pid
        return 0

    def start(self) -> None:
        """Start all of it; UnreachableError or InconclusiveError when something does not come up in time."""
        self._bench.venue.start()
        if self._bench.alerting is not None:
            for process in self._bench.alerting.processes:
                process.start()
        self._wait(self._is_venue_up, "the venue does not answer", self._bench.venue)
        self._run.start()
        self._wait(lambda: self.read("node_state") == "trading", "the run does not trade", self._run)
        if self._bench.receiver is not None and self._bench.alerting is not None:
            receiver = self._bench.receiver
            self._wait(lambda: receiver.is_connected, "no alert comes through", *self._bench.alerting.processes)

    def look(self) -> Sequence[Seen]:
        """Return what was seen since the last call."""
        receiver = self._bench.receiver
        found, self._found = self._found, []
        return (*self._watch.look(), *found, *(() if receiver is None else receiver.look()))

    def read(self, probe: str) -> str | Decimal | None:
        """Return what a probe reads now; None where there is nothing to read."""
        if probe == "alerts":
            return None if self._bench.receiver is None else Decimal(len(self._bench.receiver.firing))
        if probe == "raised_alerts":
            alerting = self._bench.alerting
            raised = None if alerting is None else raised_alerts(alerting.prometheus_url)
            return None if raised is None else ", ".join(raised) or "none"
        if probe in VENUE_PROBES:
            return self._held_at_venue().get(probe)
        return self._watch.read(probe)

    def forget(self) -> None:
        """Take what was said before now for no reading."""
        self._held_until_s = 0.0
        self._watch.forget()

    def act(self, arguments: Sequence[str]) -> Acted:
        """Type a command of tc and wait for its answer; one that goes on with the run is waited for until the run trades."""
        words = self._words(arguments)
        if words[:2] == ("run", "--resume"):
            return self._resumed(words)
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                (*_TC, *words),
                env=dict(self._bench.environment),
                cwd=self._bench.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._answers_within_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Acted(_NO_ANSWER, f"it did not end within {self._answers_within_s:g} s")
        self._found.extend((*_findings(done.stdout), *_ended(done.returncode)))
        return Acted(done.returncode, last_line(done.stderr) or last_line(done.stdout))

    def act_beside(self, arguments: Sequence[str]) -> None:
        """Type a command of tc without waiting for its answer."""
        command = (*_TC, *self._words(arguments))
        with (self._bench.runtime_root / "acted.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                env=dict(self._bench.environment),
                cwd=self._bench.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._acting.append(process)

    def stop(self) -> tuple[str, str]:
        """Ask the run to stop, wait for its end, and return its status and why."""
        self._run.interrupt()
        if not self._run.wait(_ENDS_WITHIN_S):
            self._run.kill()
        status = str(self._watch.read("run_state") or "unknown")
        with suppress(TcError):
            return status, read_metadata(self._bench.run).reason
        return status, self._run.last_words()

    def close(self) -> None:
        """End every process that is left."""
        for process in self._acting:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_WITHIN_S)
            process.kill()
            process.wait()
        alerting = () if self._bench.alerting is None else self._bench.alerting.processes
        for each in (self._run, *alerting, self._bench.venue):
            each.end()

    def _resumed(self, words: tuple[str, ...]) -> Acted:
        """Go on with the run; a run that is refused ends with its exit code."""
        self._run.end()
        before = self._watch.heartbeat_pid()
        self._run = self._bench.start_run(words)
        self._run.start()
        began_s = time.monotonic()
        while self._run.is_running and time.monotonic() - began_s < _STARTS_WITHIN_S:
            if self._watch.heartbeat_pid() != before and self.read("node_state") == "trading":
                return Acted(0, "the run trades again")
            time.sleep(_LOOK_S)
        code = self._run.exit_code
        self._found.extend(_ended(code or 0))
        return Acted(_NO_ANSWER if code is None else code, self._run.last_words())

    def _words(self, arguments: Sequence[str]) -> tuple[str, ...]:
        run_id, url = self._bench.run.run_id, self._bench.way.url
        words = (run_id if each == RUN else each for each in arguments)
        return tuple(url + each.removeprefix(VENUE) if each.partition("/")[0] == VENUE else each for each in words)

    def _held_at_venue(self) -> Mapping[str, Decimal]:
        """Return what the venue keeps: its file is copied for that, so all probes look at one copy, and not at each look."""
        if time.monotonic() >= self._held_until_s:
            self._held = self._bench.read_venue()
            self._held_until_s = time.monotonic() + _HELD_S
        return self._held

    def _is_venue_up(self) -> bool:
        return answer_of(f"{self._bench.venue_url}/fapi/v1/ping") is not None

    def _wait(self, is_so: Callable[[], bool], what: str, *processes: LabProcess) -> None:
        ends_s = time.monotonic() + _STARTS_WITHIN_S
        while True:
            _alive(what, processes)
            if is_so():
                break
            if time.monotonic() > ends_s:
                raise InconclusiveError(f"{what} after {_STARTS_WITHIN_S:g} s", hint="Is the machine too busy?")
            time.sleep(_LOOK_S)
        _alive(what, processes)  # What answered may be another one, on the port of one that has ended.


def _alive(what: str, processes: Sequence[LabProcess]) -> None:
    """Raise UnreachableError when one of some processes has ended."""
    for process in processes:
        if not process.is_running:
            raise UnreachableError(f"{what}: {process.name} has ended: {process.last_words()}", hint=f"See {process.log}.")


def _findings(said: bytes) -> list[Seen]:
    """Return the findings in a command's JSON, where it printed any."""
    with suppress(ValueError, AttributeError, TypeError, KeyError):
        found = json.loads(said).get("findings", ())
        return [Seen("finding", str(each["code"]), str(each.get("subject", ""))) for each in found]
    return []


def _ended(code: int) -> list[Seen]:
    """Return how a command ended that could not do its work, as a finding named by its exit code."""
    words = {int(each): each.name.lower() for each in ExitCode if each not in {ExitCode.OK, ExitCode.FOUND}}
    return [Seen("finding", words[code], "how a command ended")] if code in words else []
