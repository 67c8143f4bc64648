"""Run directories of streams that were driven by hand under a gate: journal and decisions, sealed or not."""

from pathlib import Path
from typing import Any

from core_documents import core_part
from fakes import CREATED_NS, DATASET_ID
from gated import SECOND, GatedStream, gate_document
from streams import DATASET
from tc.core import CoreConfiguration, state_digest
from tc.core.events import MarketDataRows
from tc.store.decisions import DecisionWriter, decision_line
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory, create_run
from tc.store.metadata import Metadata, RunStatus, WallTime, write_metadata
from tc.store.seal import seal_run

ONE_A_SECOND = (1, SECOND, 1)


def document_with(gate: dict[str, Any] | None, **other: object) -> dict[str, object]:
    """Return a configuration as `tc run` writes it, as far as run directories are judged by it."""
    return {
        "configuration_version": 2,
        "core": core_part(closed_orders_kept=64, history={"samples": 0, "every_ns": 1}, gate=gate),
        "dataset": {"id": DATASET_ID, "fingerprint": DATASET},
        "engine": {"name": "none", "version": "0", "settings": {}},
        "strategy": {"name": "made-up", "parameters": {}},
        **other,
    }


def gated(gate: dict[str, Any] | None = None, **other: object) -> CoreConfiguration:
    """Return a configuration with a gate: one message a second and orders of at most 5, unless it is given."""
    own = gate_document(rate=ONE_A_SECOND, max_order_quantity="5") if gate is None else gate
    return CoreConfiguration.from_document(document_with(own, **other))


def play(configuration: CoreConfiguration | None = None, *, is_ended: bool = True) -> GatedStream:
    """Play a stream in which commands are denied, held and sent at the deadline, merged, annihilated, and left at the end.

    Under a gate that only observes nothing is merged: its queue is empty.
    """
    stream = GatedStream(configuration or gated())
    stream.emit(MarketDataRows(stream.now, DATASET, 0, 9))
    stream.market()
    stream.open("O-1")
    stream.now += SECOND // 4
    stream.new("O-LARGE", quantity="12.5")
    if stream.configuration.gate is not None and stream.configuration.gate.mode == "on":
        stream.new("O-2", price="99")
        stream.replace("O-2", price="98")
        stream.reach()
        stream.submitted("O-2")
        stream.accepted("O-2")
        stream.new("O-3")
        stream.cancel("O-3")
    stream.filled("O-1")
    stream.new("O-4")
    if is_ended:
        stream.complete()
    return stream


def gated_run(
    root: Path,
    run_id: str = "gated",
    stream: GatedStream | None = None,
    *,
    status: RunStatus = "completed",
    seal: bool = True,
    decisions: bytes | None = None,
) -> RunDirectory:
    """Write the run of a stream; ``decisions`` is what its file holds instead of what was decided."""
    stream = stream or play()
    configuration = stream.configuration
    run = create_run(root, run_id)
    run.configuration.write_bytes(configuration.document)
    write_metadata(run, _metadata(run, configuration, status if seal else "running"))
    with JournalWriter(run.journal) as journal:
        for entry in stream.entries:
            journal.append(entry)
    if decisions is not None:
        run.decisions.write_bytes(decisions)
    elif configuration.gate is not None:
        with DecisionWriter(run.decisions, journal_flush=lambda: None) as writer:
            for decision in stream.decisions:
                writer.append(decision)
    if seal:
        seal_run(
            run,
            status=status,
            state_digest=state_digest(stream.state),
            checkpoints=[],
            configuration=configuration.fingerprint,
            dataset=DATASET,
        )
    return run


def lines_of(stream: GatedStream) -> list[bytes]:
    """Return the lines of decisions.jsonl."""
    return [decision_line(decision) for decision in stream.decisions]


def _metadata(run: RunDirectory, configuration: CoreConfiguration, status: RunStatus) -> Metadata:
    return Metadata(
        run_id=run.run_id,
        name="made-up",
        mode="backtest",
        status=status,
        created=WallTime.at(CREATED_NS),
        versions={"tc": "0"},
        host="host",
        pid=1,
        configuration=configuration.fingerprint,
        dataset_id=DATASET_ID,
        dataset=DATASET,
    )
