"""How fast a gated run is replayed: decoded, folded, every Decision derived again and compared; prints one JSON object.

The run is a realistic stream behind a gate, sealed. The figure is the best of some rounds.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from gated_stream import CORE, gated_events
from realistic_stream import DATASET, START_NS

from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, ProcessingPosition, state_digest, step_event_entry
from tc.core.events import Event, RunStarted
from tc.flows.runs.replay import replay_run
from tc.store.decisions import DecisionWriter
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory, create_run
from tc.store.metadata import Metadata, WallTime, write_metadata
from tc.store.seal import seal_run

DATASET_ID = "generated"
CONFIGURATION = CoreConfiguration.from_document(
    {
        "configuration_version": 2,
        "core": CORE,
        "dataset": {"id": DATASET_ID, "fingerprint": DATASET},
        "engine": {"name": "none", "version": "0", "settings": {}},
        "strategy": {"name": "generated", "parameters": {}},
    }
)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000, help="entries in the journal")
    parser.add_argument("--rounds", type=int, default=3, help="how often the run is replayed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = recorded(Path(folder), arguments.entries)
        rounds = [replayed(run, arguments.entries) for _ in range(arguments.rounds)]
    best = min(rounds, key=lambda each: each["cpu_us_per_entry"])
    print(json.dumps({"benchmark": "replay", "entries": arguments.entries, **best}))


def recorded(root: Path, entries: int) -> RunDirectory:
    """Write the run and seal it."""
    run = create_run(root, "generated")
    run.configuration.write_bytes(CONFIGURATION.document)
    metadata = Metadata(
        run_id=run.run_id,
        name="generated",
        mode="backtest",
        status="completed",
        created=WallTime.at(START_NS),
        versions={"tc": "0"},
        host="host",
        pid=os.getpid(),
        configuration=CONFIGURATION.fingerprint,
        dataset_id=DATASET_ID,
        dataset=DATASET,
    )
    write_metadata(run, metadata)
    state = INITIAL
    with JournalWriter(run.journal) as journal, DecisionWriter(run.decisions, journal_flush=journal.flush) as decisions:
        for position, event in enumerate(gated_events(entries), 1):
            entry = EventStreamEntry(ProcessingPosition(position), _own(event))
            journal.append(entry)
            state, decision = step_event_entry(state, entry, configuration=CONFIGURATION)
            if decision is not None:
                decisions.append(decision)
    seal_run(
        run,
        status="completed",
        state_digest=state_digest(state),
        checkpoints=[],
        configuration=CONFIGURATION.fingerprint,
        dataset=DATASET,
    )
    return run


def _own(event: Event) -> Event:
    """Return the event, or the run's start under this run's own configuration."""
    return RunStarted(event.at_ns, event.schema, CONFIGURATION.fingerprint) if type(event) is RunStarted else event


def replayed(run: RunDirectory, entries: int) -> dict[str, float]:
    """Replay the run, which must be found as it was recorded."""
    wall, cpu = time.perf_counter(), time.process_time()
    replay = replay_run(run)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if replay.findings or replay.entries != entries or not replay.decisions:
        sys.exit(f"the run that was written does not replay: {replay.findings} {replay.entries} {replay.decisions}")
    return {
        "decisions": replay.decisions,
        "entries_per_s": round(entries / wall),
        "entries_per_cpu_s": round(entries / cpu),
        "cpu_us_per_entry": round(cpu / entries * 1e6, 3),
    }


if __name__ == "__main__":
    main()
