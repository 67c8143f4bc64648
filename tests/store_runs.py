"""Small runs on disk, for tests of what reads them."""

from pathlib import Path

from journal_lines import lines_as_documented
from strategies import at_positions
from tc.core.events import STREAM_SCHEMA, MarketDataRows, OrderDenied, RunCompleted, RunStarted
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory, create_run
from tc.store.metadata import Metadata, RunStatus, WallTime, write_metadata
from tc.store.seal import Checkpoint, Seal, seal_run

CONFIGURATION = "c" * 64
DATASET = "d" * 64
STREAM = at_positions(
    [
        RunStarted(1, STREAM_SCHEMA, CONFIGURATION),
        MarketDataRows(2, DATASET, 0, 9),
        OrderDenied(3, 3, "O-1", "no"),
        RunCompleted(4),
    ]
)
STREAM_DIGEST = lines_as_documented(STREAM)[1]


def metadata_of(run: RunDirectory, *, status: RunStatus = "completed", created_ns: int = 1_800_000_000_123_456_789) -> Metadata:
    """Return metadata such as a run writes."""
    return Metadata(
        run_id=run.run_id,
        name="a-run",
        mode="backtest",
        status=status,
        created=WallTime.at(created_ns),
        versions={"tc": "0", "python": "3.13.0"},
        host="here",
        pid=1,
        configuration=CONFIGURATION,
        dataset_id="bars",
        dataset=DATASET,
    )


def ended_run(root: Path, run_id: str = "a-run") -> RunDirectory:
    """Make a run that has ended and is not sealed yet."""
    run = create_run(root, run_id)
    run.spec.write_bytes(b"spec_version: 1\n")
    run.configuration.write_bytes(b"{}")
    run.code.mkdir()
    (run.code / "strategy.py").write_bytes(b"pass\n")
    run.report_md.write_bytes(b"# Report\n")
    write_metadata(run, metadata_of(run))
    with JournalWriter(run.journal) as journal:
        for entry in STREAM:
            journal.append(entry)
    return run


def seal(run: RunDirectory, status: RunStatus = "completed") -> Seal:
    """Seal a run that has ended."""
    return seal_run(
        run,
        status=status,
        state_digest="5" * 64,
        checkpoints=[Checkpoint(11, "1" * 64)],
        configuration=CONFIGURATION,
        dataset=DATASET,
    )
