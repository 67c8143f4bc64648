"""Paper runs as people start them: `tc run` in a process of its own, watched, disturbed, and read when it has ended."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import warm
from commands import Answer
from live_nodes import STRATEGY
from tc.core import EventStreamEntry
from tc.core.events import Event, OrderFilled
from tc.store.journal import read_entries
from tc.store.layout import RunDirectory
from tc.store.nodes import NodeDocument, read_node
from venue_process import venue_environment

SPEC = Path(__file__).resolve().parents[1] / "specs" / "btcusdt_paper.yaml"
PATIENCE_S = 45.0
"""A machine that does much else at once starts a node slowly."""

_ACKNOWLEDGED = re.compile(rb'"type":"Order(?:Accepted|Filled)"[^}]*?"client_order_id":"([^"]+)"')

TRADER = """
    def started(self):
        self.is_out = False

    def quote(self, tick):
        if not self.is_out:
            self.is_out = True
            self.market("BUY")
            self.limit("BUY", 500)
            self.limit("SELL", 500)
"""
"""A strategy that takes a position with its first tick, and leaves two orders far from the market."""


def until[T](find: Callable[[], T | None], *, within_s: float = PATIENCE_S) -> T:
    """Return what is found, as soon as it is."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s:g} s")


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or nothing of it but its exit code."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def children(pid: int) -> set[int]:
    """Return the processes that a process has started."""
    with suppress(FileNotFoundError):
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()


@dataclass(frozen=True)
class Done:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    def json(self, schema: str = "run-paper") -> dict[str, Any]:
        """Return the output, of a paper run unless another is named, held to its JSON Schema."""
        return Answer(self.code, self.out, self.err).json(schema)


@dataclass
class Place:
    """A folder in which commands are given, as in a person's shell."""

    folder: Path
    environment: dict[str, str] = field(default_factory=venue_environment)

    def tc(self, *arguments: object) -> Done:
        done = warm.tc(*arguments, cwd=self.folder, surroundings=self.environment, timeout=90)
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, run_id: str) -> RunDirectory:
        return RunDirectory(self.folder / "artifacts" / "runs" / run_id)

    def strategy(self, methods: str, name: str = "subject") -> tuple[str, ...]:
        """Write a strategy of these methods, and return the options that put it into the spec beside it."""
        (self.folder / f"{name}.py").write_text(STRATEGY + methods)
        strategy = {"path": f"{name}:Subject", "config_path": f"{name}:Config", "python_path": ["."]}
        return ("--set", f"strategy={json.dumps(strategy)}")

    @contextmanager
    def paper(self, run_id: str, *options: str, spec: Path | None = None, under: tuple[str, ...] = ()) -> "Iterator[PaperRun]":
        """Start a paper run of the committed spec, copied here, under a command; it is ended by force when this is left."""
        copy = self.folder / SPEC.name
        copy.write_bytes((spec or SPEC).read_bytes())
        command = [*under, sys.executable, "-m", "tc", "run", copy.name, "--run-id", run_id, "--json", *options]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        run = PaperRun(self, run_id, process)
        try:
            yield run
        finally:
            for pid in (*children(process.pid), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            run.close()


class PaperRun:
    """A paper run that goes on."""

    def __init__(self, place: Place, run_id: str, process: subprocess.Popen[str]) -> None:
        self.place = place
        self.run_id = run_id
        self.process = process
        self.directory = place.run(run_id)
        self.said: list[str] = []
        self._out: list[str] = []
        self._readers = [
            threading.Thread(target=self.said.extend, args=(process.stderr,), daemon=True),
            threading.Thread(target=self._out.extend, args=(process.stdout,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def state_file(self) -> Path:
        return self.place.folder / "runtime" / "venues" / f"{self.run_id}.sqlite"

    def until(self, state: str) -> "PaperRun":
        """Wait until it says that its node is in a state."""

        def is_so() -> bool:
            return f"node: {state}\n" in self.said or self.process.poll() is not None

        until(is_so)
        assert f"node: {state}\n" in self.said, "".join(self.said)
        return self

    def node(self) -> NodeDocument:
        """Return how its node is reached."""
        found = until(lambda: read_node(self.place.folder / "runtime", self.run_id) or self.process.poll() is not None)
        assert isinstance(found, NodeDocument), "".join(self.said)
        return found

    def venue_pid(self) -> int:
        """Return the process of its venue."""
        (pid,) = children(self.process.pid) - {self.node().pid}
        return pid

    def until_recorded(self, kind: type[Event], times: int = 1) -> "PaperRun":
        """Wait until the journal has so many events of a type."""
        needle = f'"type":"{kind.__name__}"'.encode()

        def is_so() -> bool:
            journal = self.directory.journal
            return self.process.poll() is not None or (journal.exists() and journal.read_bytes().count(needle) >= times)

        until(is_so)
        assert self.process.poll() is None, "".join(self.said)
        return self

    def until_out(self) -> "PaperRun":
        """Wait until all three orders of `TRADER` are acknowledged, on disk, and its position is held."""

        def is_so() -> bool:
            journal = self.directory.journal
            return self.process.poll() is not None or (
                journal.exists() and len(set(_ACKNOWLEDGED.findall(journal.read_bytes()))) == 3
            )

        self.until_recorded(OrderFilled)
        until(is_so)
        assert self.process.poll() is None, "".join(self.said)
        return self

    def send(self, number: signal.Signals) -> "PaperRun":
        """Send the supervisor, and nobody else, a signal."""
        os.kill(self.process.pid, number)
        return self

    def ended(self) -> Done:
        """Wait for its end."""
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return Done(code, "".join(self._out), "".join(self.said))

    def entries(self) -> list[EventStreamEntry]:
        return [each for each in read_entries(self.directory.journal) if isinstance(each, EventStreamEntry)]

    def events(self, *kinds: type[Event]) -> list[Any]:
        return [each.event for each in self.entries() if isinstance(each.event, kinds)]

    def close(self) -> None:
        self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    # What the venue kept, read from its state file.

    def requests(self) -> list[dict[str, Any]]:
        """Return every request that reached the venue, in its order."""
        return self._rows("SELECT * FROM requests ORDER BY number")

    def open_orders(self) -> list[str]:
        """Return the client order ids of what is open at the venue."""
        documents = [json.loads(row["document"]) for row in self._rows("SELECT document FROM orders")]
        return [each["client_order_id"] for each in documents if each["status"] in ("NEW", "PARTIALLY_FILLED")]

    def is_flat(self) -> bool:
        return all(float(row["quantity"]) == 0 for row in self._rows("SELECT quantity FROM positions"))

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(f"file:{self.state_file}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]


@contextmanager
def side_by_side(runs: dict[str, Any]) -> Iterator[dict[str, PaperRun]]:
    """Start several paper runs at once."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(run) for name, run in runs.items()}
