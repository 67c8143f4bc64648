"""What is seen of a run in its directory alone: events and denials as they are written, findings of comparisons, and readings."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import msgspec

from tc.checks.feed import FeedState, feed_states
from tc.core.events import Event, KillSwitchAdvanced, KillSwitchChanged, OrderAccepted, OrderDenied, OrderFilled
from tc.errors import ArtifactError, TcError
from tc.ports.drills import Seen
from tc.reports.reconciliation import ReconciliationDocument
from tc.store.facts import RunReconciled
from tc.store.files import read_file
from tc.store.heartbeat import (
    NodeHeartbeat,
    corrected,
    node_heartbeat_as_written,
    supervisor_heartbeat_as_written,
)
from tc.store.journal.tail import JournalTail
from tc.store.kill_switch import FOLDER, KillSwitch
from tc.store.layout import RunDirectory
from tc.store.ops import read_facts
from tc.store.status import run_status

LATELY_S = 2.0
"""So far back goes what is counted as going on: orders accepted, fills."""

_MISSED = 6
"""So many heartbeats are missed before what the last one said is not taken for what is."""

_WORST: tuple[FeedState, ...] = ("dead", "disconnected", "silent", "quiet", "live")
_COUNTED = {OrderAccepted: "orders_accepted", OrderFilled: "fills"}
_NS = 1_000_000_000


class RunWatch:
    """Looks at one run, from its first entry on; each line is read once.

    Parameters
    ----------
    run
        The run.
    runtime_root
        Where its kill switch is.
    name
        The name in its spec.

    """

    def __init__(self, run: RunDirectory, runtime_root: Path, name: str) -> None:
        self._run = run
        self._name = name
        self._switch = KillSwitch(runtime_root / FOLDER)
        self._journal = JournalTail(run.journal)
        self._ops_bytes = -1
        self._ops_seen = 0
        self._lately: dict[str, deque[float]] = {name: deque() for name in _COUNTED.values()}
        self._reconciliation: str | None = None
        self._is_cut = False
        self._forgotten_ns = 0
        self._readings: Mapping[str, Callable[[], str | Decimal | None]] = {
            "run_state": self._run_state,
            "kill_switch": self._kill_switch,
            "reconciliation": lambda: self._reconciliation,
            "orders_accepted": lambda: Decimal(self._counted_lately("orders_accepted")),
            "fills": lambda: Decimal(self._counted_lately("fills")),
            "journal": lambda: "broken" if self._is_cut or self._journal.damage is not None else "intact",
            "venue": self._venue,
        }

    def look(self) -> list[Seen]:
        """Return what has been written since the last look: what was found before what came of it."""
        events = [*self._events()]  # Read first: what a finding leads to is written before the finding is kept.
        return [*self._findings(), *events]

    def read(self, probe: str) -> str | Decimal | None:
        """Return what a probe reads now; None where there is nothing to read."""
        if (read := self._readings.get(probe)) is not None:
            return read()
        with suppress(ArtifactError):
            heard = node_heartbeat_as_written(self._run)
            now_ns = time.time_ns()
            if heard is None or heard.written_ns <= self._forgotten_ns:
                return None
            if now_ns - corrected(heard).at_ns <= _MISSED * heard.said.every_s * _NS:
                return _OF_HEARTBEAT[probe](corrected(heard), now_ns, self._run)
        return None

    def forget(self) -> None:
        """Take heartbeats that were written before now for no reading: whoever hung says by them what was."""
        self._forgotten_ns = time.time_ns()

    def heartbeat_pid(self) -> int:
        """Return the process that wrote the node's last heartbeat; 0 for none."""
        with suppress(ArtifactError):
            heard = node_heartbeat_as_written(self._run)
            return 0 if heard is None else heard.said.pid
        return 0

    def _kill_switch(self) -> str:
        active = self._switch.effective(run_id=self._run.run_id, name=self._name)
        return "none" if active is None else active.mode

    def _venue(self) -> str | None:
        with suppress(ArtifactError):
            heard = supervisor_heartbeat_as_written(self._run)
            if heard is not None and heard.written_ns > self._forgotten_ns:
                return _up(heard.said.is_venue_reachable)
        return None

    def _run_state(self) -> str | None:
        with suppress(TcError):
            return run_status(self._run) if self._run.path.is_dir() else None
        return None

    def _events(self) -> Iterator[Seen]:
        """Give the events since the last look; what is broken in the journal stays so until it is read again from its start."""
        try:
            for entry in self._journal.read():
                yield from self._event(entry.event)
        except ArtifactError:
            self._is_cut = self._run.journal.exists()
            return
        self._is_cut = False

    def _event(self, event: Event) -> Iterator[Seen]:
        kind = type(event).__name__
        if (counted := _COUNTED.get(type(event))) is not None:
            self._lately[counted].append(time.monotonic())
        yield Seen("event", kind)
        match event:
            case KillSwitchChanged(mode="reduce" | "flatten"):
                yield Seen("gate", "reducing", event.reason)
            case KillSwitchChanged(mode="halt" | "halt_all"):
                yield Seen("gate", "halted", event.reason)
            case KillSwitchAdvanced(step="halted"):
                yield Seen("gate", "halted", event.detail)
            case OrderDenied():
                yield Seen("gate", "blocked", event.reason)
                yield Seen("gate", event.reason.partition(" ")[0].removesuffix(":"), event.reason)

    def _findings(self) -> Iterator[Seen]:
        """Give what comparisons with the venue found since the last look."""
        try:
            size = self._run.ops.stat().st_size
            if size == self._ops_bytes:
                return
            facts = read_facts(self._run)
        except (OSError, ArtifactError):
            return
        self._ops_bytes = size
        for fact in facts[self._ops_seen :]:
            if isinstance(fact, RunReconciled):
                self._reconciliation = fact.verdict
                yield from self._found(fact)
        self._ops_seen = len(facts)

    def _found(self, fact: RunReconciled) -> Iterator[Seen]:
        for artifact in fact.artifacts:
            with suppress(ArtifactError, msgspec.DecodeError):
                document = msgspec.json.decode(read_file(self._run.ops_folder / artifact.name), type=ReconciliationDocument)
                for finding in document.findings:
                    yield Seen("finding", finding.code, f"{finding.subject}: expected {finding.expected}, found {finding.actual}")

    def _counted_lately(self, name: str) -> int:
        stamps = self._lately[name]
        while stamps and time.monotonic() - stamps[0] > LATELY_S:
            stamps.popleft()
        return len(stamps)


def _up(is_up: bool | None) -> str | None:  # noqa: FBT001 - a reading
    return None if is_up is None else ("up" if is_up else "down")


def _feed(node: NodeHeartbeat, now_ns: int, run: RunDirectory) -> str | None:
    """Return the worst state of the channels."""
    supervisor = supervisor_heartbeat_as_written(run)
    witnesses = () if supervisor is None else corrected(supervisor).witnesses
    states = {state for _, state in feed_states(node, witnesses, now_ns=now_ns)}
    return next((each for each in _WORST if each in states), None)


def _in_flight_s(node: NodeHeartbeat, now_ns: int, _run: RunDirectory) -> Decimal:
    oldest_ns = node.oldest_in_flight_ns
    return Decimal(0) if oldest_ns is None else Decimal(max(now_ns - oldest_ns, 0)) / _NS


_OF_HEARTBEAT: Mapping[str, Callable[[NodeHeartbeat, int, RunDirectory], str | Decimal | None]] = {
    "node_state": lambda node, _now_ns, _run: node.state,
    "feed": _feed,
    "data_connection": lambda node, _now_ns, _run: _up(node.connected.get("data")),
    "execution_connection": lambda node, _now_ns, _run: _up(node.connected.get("execution")),
    "open_orders": lambda node, _now_ns, _run: Decimal(node.open_orders),
    "in_flight_s": _in_flight_s,
    "loop_lag_s": lambda node, _now_ns, _run: Decimal(str(node.longest_lag_s)),
}
