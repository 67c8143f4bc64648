"""Real run directories, made with the store and the Core instead of an engine."""

import json
from collections.abc import Callable
from pathlib import Path

from core_documents import core_part
from run_specs import SMOKE
from streams import DATASET, START_NS, Venue
from tc.core import CoreConfiguration, EventStreamEntry, state_digest
from tc.core.events import Event, RunCompleted, RunFailed, RunStopped
from tc.errors import InvariantViolation
from tc.runtime.stream import EventStream
from tc.spec.effective import effective_document
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.store.metadata import Metadata, RunStatus, WallTime, write_metadata
from tc.store.seal import Checkpoint, seal_run

DATASET_ID = "made-up"
CREATED_NS = 1_700_000_000_123_456_789


def run_configuration(**other: object) -> CoreConfiguration:
    """Return a configuration of the shape that `tc run` writes, as far as run directories are judged by it."""
    document = {
        "configuration_version": 2,
        "core": core_part(closed_orders_kept=16),
        "dataset": {"id": DATASET_ID, "fingerprint": DATASET},
        "engine": {"name": "none", "version": "0", "settings": {}},
        "strategy": {"name": "made-up", "parameters": {}},
        **other,
    }
    return CoreConfiguration.from_document(document)


def whole_configuration() -> CoreConfiguration:
    """Return a configuration with every part that `tc run` writes, of a real spec and instrument."""
    spec = parse_run_spec(SMOKE, source="a test")
    document = effective_document(spec, load_instrument(spec.instrument, search=()))
    identity = {"name": "made-up", "version": "1", "parameters": {}, "modules": {}, "packages": {}}
    return run_configuration(**document, strategy=identity)


def trading_day(configuration: CoreConfiguration, *, rounds: int = 20) -> Venue:
    """Return a venue that has played rows, partial and whole fills, a denial, a cancel and a position that stays open."""
    venue = Venue(configuration)
    for number in range(rounds):
        venue.rows(7 + number % 5)
        buy = venue.accepted("BUY", "2.0")
        venue.fill(buy, "0.5", "100.5")
        venue.rows(3)
        venue.fill(buy)
        if number < rounds - 1:
            venue.fill(venue.accepted("SELL", "2.0"), price="101.25")
        venue.end(venue.accepted("SELL", "1.0"), "CANCELED")
    venue.accepted("SELL", "0.25")
    return venue


def make_run(
    artifacts_root: Path,
    run_id: str = "made-up-run",
    *,
    status: RunStatus = "completed",
    created_ns: int = CREATED_NS,
    configuration: CoreConfiguration | None = None,
    rounds: int = 20,
    seal: bool = True,
    entries: list[EventStreamEntry] | None = None,
    checkpoint_every: int = 50,
    before_seal: Callable[[RunDirectory], None] = lambda run: None,
) -> RunDirectory:
    """Write a run directory as `tc run` does; the stream ends as the status says, or is the entries given, up to a violation."""
    configuration = configuration or run_configuration()
    run = create_run(artifacts_root, run_id)
    with RunLock(run):
        metadata = _metadata(run, configuration, status if seal else "running", created_ns)
        run.spec.write_text("spec_version: 1\nname: made-up\n", encoding="utf-8")
        run.configuration.write_bytes(configuration.document)
        (run.code / "pkg").mkdir(parents=True)
        (run.code / "pkg" / "strategy.py").write_text("VALUE = 1\n", encoding="utf-8")
        write_metadata(run, metadata)
        played = trading_day(configuration, rounds=rounds).entries if entries is None else entries
        digest, checkpoints = _record(run, configuration, [entry.event for entry in played], status, seal, checkpoint_every)
        run.metrics.write_text(json.dumps({"schema": 1}), encoding="utf-8")
        run.report_md.write_text("# A report\n", encoding="utf-8")
        run.report_html.write_text("<!doctype html><title>A report</title>\n", encoding="utf-8")
        before_seal(run)
        if seal:
            seal_run(
                run,
                status=status,
                state_digest=digest,
                checkpoints=checkpoints,
                configuration=configuration.fingerprint,
                dataset=DATASET,
            )
    return run


def _record(
    run: RunDirectory, configuration: CoreConfiguration, events: list[Event], status: RunStatus, is_ended: bool, every: int
) -> tuple[str, list[Checkpoint]]:
    checkpoints: list[Checkpoint] = []
    endings = {"completed": RunCompleted(START_NS), "stopped": RunStopped(START_NS, "asked"), "failed": RunFailed(START_NS, "E")}
    with JournalWriter(run.journal) as journal:
        stream = EventStream(
            configuration,
            append=journal.append,
            checkpoint=lambda position, digest: checkpoints.append(Checkpoint(position, digest)),
            checkpoint_every=every,
        )
        try:
            for event in events:
                stream.emit(event)
            if is_ended and status in endings:
                stream.emit(endings[status])
        except InvariantViolation:
            assert status == "failed"
    return state_digest(stream.state), checkpoints


def _metadata(run: RunDirectory, configuration: CoreConfiguration, status: RunStatus, created_ns: int) -> Metadata:
    return Metadata(
        run_id=run.run_id,
        name="made-up",
        mode="backtest",
        status=status,
        created=WallTime.at(created_ns),
        started=WallTime.at(created_ns + 1),
        ended=None if status == "running" else WallTime.at(created_ns + 2_000_000_000),
        versions={"tc": "0", "python": "3"},
        host="host",
        pid=1,
        configuration=configuration.fingerprint,
        dataset_id=DATASET_ID,
        dataset=DATASET,
    )
