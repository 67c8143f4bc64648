"""Runs that grow, end and crash under a test's hand, for what follows run directories."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gated import INSTRUMENT, SECOND, GatedStream, gate_document
from gated_directories import gated
from streams import DATASET
from tc.core import CoreConfiguration, EventStreamEntry, state_digest
from tc.core.events import KillSwitchAdvanced, RunCompleted
from tc.reports.metrics import run_metrics
from tc.reports.report import ProcessUsage
from tc.reports.summary import summarize
from tc.store.heartbeat import Channel, NodeHeartbeat, SupervisorHeartbeat, Witness, write_heartbeat
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.store.metadata import Metadata, RunStatus, WallTime, write_metadata
from tc.store.seal import seal_run
from tc.telemetry.index import Index
from tc.telemetry.run_facts import RunFacts
from tc.telemetry.samples import samples_of
from tc.wiring.metrics import tally_of

if TYPE_CHECKING:
    from tc.core.events.control import KillStep

TRADED = {"id": INSTRUMENT, "base_currency": "BTC", "quote_currency": "USDT", "multiplier": "1", "is_inverse": False}
RUN_SPEC = {"mode": "paper", "venue": {"name": "BINANCE"}, "node": {"reconciliation": {"every_s": "30"}, "min_free_mb": 200}}
USED = ProcessUsage(2.0, 1.5, 1024, 8, 10, "buffered")
OLD_NS = 1_700_000_000_123_456_789

type Values = dict[tuple[str, ...], float]


def paper_configuration(**limits: Any) -> CoreConfiguration:
    """Return what a paper run with a gate is configured by, as far as its directory is read."""
    day = 86_400 * SECOND
    gate = gate_document(**{"max_position": "10", "max_gross_exposure": "2000", "reference_max_age_ns": day, **limits})
    return gated(gate, instrument=TRADED, run_spec=RUN_SPEC)


class GrowingRun:
    """A run that this process writes: its lock is held until it is sealed, or crashes."""

    def __init__(self, root: Path, run_id: str, stream: GatedStream | None = None, *, created_ns: int = OLD_NS) -> None:
        self.stream = stream or GatedStream(paper_configuration())
        self.directory = create_run(root, run_id)
        self._held = ExitStack()
        self._held.enter_context(RunLock(self.directory))
        self._created_ns = created_ns
        self._written = 0
        self.resumed_ns: int | None = None
        self.directory.configuration.write_bytes(self.stream.configuration.document)
        self._state("running")
        self._journal = self._held.enter_context(JournalWriter(self.directory.journal))
        self.write()

    def write(self) -> None:
        """Put what the stream has on disk."""
        for entry in self.stream.entries[self._written :]:
            self._journal.append(entry)
        self._written = len(self.stream.entries)
        self._journal.flush()

    def say(self, *, now_ns: int | None = None, ahead_ns: int = 0, **other: Any) -> None:
        """Write heartbeats of a node that trades, and whose clock may be ahead, and of its supervisor."""
        at_ns = now_ns or time.time_ns()
        last_ns, since_ns = at_ns + ahead_ns - 100_000_000, at_ns + ahead_ns - SECOND
        anomalies = {"crossed": 2, "delayed": 0, "of a newer version": 9}
        channel = Channel(INSTRUMENT, "QuoteTick", last_ns, 7, since_ns=since_ns, anomalies=anomalies)
        node: dict[str, Any] = {
            "state": "trading",
            "channels": (channel,),
            "connected": {"data": True},
            "reconnects": {"data": 1},
            "is_feed_judged": True,
            "queues": {"data": 3},
            "longest_lag_s": 0.25,
            "in_flight": 1,
            "oldest_in_flight_ns": at_ns + ahead_ns - SECOND,
            **other,
        }
        write_heartbeat(self.directory, NodeHeartbeat(at_ns=at_ns + ahead_ns, every_s=0.5, pid=1, position=1, **node))
        said: dict[str, Any] = {
            "is_venue_reachable": True,
            "venue_asked_ns": at_ns,
            "request_weight": 30,
            "request_weight_limit": 2400,
        }
        said["witnesses"] = (Witness(INSTRUMENT, "QuoteTick", at_ns - 50_000_000, at_ns, has_moved=False),)
        heartbeat = SupervisorHeartbeat(at_ns=at_ns, every_s=1.0, pid=2, node_state="trading", is_node_alive=True, **said)
        write_heartbeat(self.directory, heartbeat)
        written_at(at_ns, self.directory.node_heartbeat, self.directory.supervisor_heartbeat)

    def complete(self) -> None:
        """Let the stream end, and put that on disk; once."""
        if self.stream.state.control.run == "running":
            self.stream.emit(RunCompleted(self.stream.now))
        self.write()

    def crash(self) -> RunDirectory:
        """Let go of the run as a process does that is killed."""
        self._held.close()
        return self.directory

    def seal(self, status: RunStatus = "completed", *, counters: dict[str, int] | None = None) -> RunDirectory:
        """End the run as `tc run` does."""
        self.complete()
        self._journal.close()
        metrics = metrics_of(self.stream.entries, self.stream.configuration, counters)
        self.directory.metrics.write_bytes(msgspec.json.encode(metrics))
        self.directory.report_html.write_text("<!doctype html><title>A report</title>\n", encoding="utf-8")
        self._state(status)
        digests: dict[str, Any] = {"state_digest": state_digest(self.stream.state), "checkpoints": []}
        seal_run(self.directory, status=status, configuration=self.stream.configuration.fingerprint, dataset=DATASET, **digests)
        self._held.close()
        return self.directory

    def _state(self, status: RunStatus) -> None:
        is_over = status != "running"
        metadata = Metadata(
            run_id=self.directory.run_id,
            name="made-up",
            mode="paper",
            status=status,
            created=WallTime.at(self._created_ns),
            started=WallTime.at(self._created_ns + SECOND),
            ended=WallTime.at(self._created_ns + 3 * SECOND) if is_over else None,
            resumed=() if self.resumed_ns is None else (WallTime.at(self.resumed_ns),),
            versions={"tc": "0"},
            host="host",
            pid=1,
            configuration=self.stream.configuration.fingerprint,
            dataset_id="",
            dataset=DATASET,
        )
        write_metadata(self.directory, metadata)


@contextmanager
def growing(root: Path, run_id: str, stream: GatedStream | None = None, **other: Any) -> Iterator[GrowingRun]:
    """Make a run that grows; however the test ends, nobody holds it afterwards."""
    run = GrowingRun(root, run_id, stream, **other)
    try:
        yield run
    finally:
        run.crash()


def written_at(at_ns: int, *paths: Path) -> None:
    """Let files have been written then, by the kernel's clock."""
    for path in paths:
        os.utime(path, ns=(at_ns, at_ns))


def metrics_of(
    entries: Iterable[EventStreamEntry], configuration: CoreConfiguration, counters: dict[str, int] | None = None
) -> dict[str, object]:
    """Return the metrics.json of a journal."""
    summary = summarize(entries, document=msgspec.json.decode(configuration.document))
    return run_metrics(summary, USED, strategy_counters=counters)


def traded(stream: GatedStream) -> GatedStream:
    """Play orders that are filled, denied and refused, and leave a position of 2 at 100."""
    stream.market()
    stream.open("O-1", quantity="2")
    stream.filled("O-1", "2")
    stream.new("O-LARGE", quantity="900")
    return stream


def killed(stream: GatedStream) -> GatedStream:
    """Halt the run, step by step."""
    stream.kill("halt")
    steps: tuple[KillStep, ...] = ("blocked", "annihilated", "cancelled", "halted")
    for number, step in enumerate(steps, 1):
        stream.emit(KillSwitchAdvanced(stream.now, step, number * 1_000_000))
    return stream


def index_of(root: Path, **other: Any) -> Index:
    """Return an index of a folder that holds everything; nobody has looked yet."""
    return Index(root, runtime_root=root / "runtime", data_root=root / "data", tally_of=tally_of, **other)


def facts_in(index: Index, run_id: str) -> RunFacts:
    """Return the facts of a run that is shown."""
    facts = index.facts(run_id)
    assert facts is not None, index.run_ids
    return facts


def values_of(facts: RunFacts, family: str, *, now_ns: int | None = None) -> Values:
    """Return a family's values by its labels behind the run."""
    found = [(labels[1:], value) for name, labels, value in samples_of(facts, now_ns or time.time_ns()) if name == family]
    assert len(dict(found)) == len(found), found
    return dict(found)
