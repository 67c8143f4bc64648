"""How fast a journal is written, verified and replayed, and in how much memory; prints one JSON object.

Each measurement is the best of some rounds, in a process of its own; the CPU time beside it does not depend on what else runs.
"""

import argparse
import gc
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from realistic_stream import CONFIGURATION, realistic_batches, realistic_entries

from tc.core import fold_event_stream_entries, state_digest
from tc.store.journal import JournalWriter, read_entries, scan_journal

BATCH = 20_000
BYTES_AN_ENTRY = 400
DURABLE_ENTRIES = 2_000


def main() -> None:
    """Measure in child processes, so that each has its own peak memory, and print what they found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="entries in the journal")
    parser.add_argument("--rounds", type=int, default=3, help="how often each measurement is repeated")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the journal is written")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "JOURNAL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        what, path = options.measure
        print(json.dumps(MEASUREMENTS[what](Path(path), options.entries)))
        return
    needed = 2 * options.entries * BYTES_AN_ENTRY
    free = shutil.disk_usage(options.folder).free
    if free < needed:
        sys.exit(f"{options.folder} has {free >> 20} MiB free, and {needed >> 20} MiB are needed; choose another --folder")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "journal.jsonl"
        found = {what: _best(what, path, options) for what in MEASUREMENTS}
    print(json.dumps({"benchmark": "journal", "entries": options.entries, "processors": os.cpu_count(), **found}))


def _best(what: str, path: Path, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--entries", str(options.entries), "--measure", what, str(path)]
    rounds = [json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) for _ in range(options.rounds)]
    return max(rounds, key=lambda measured: measured["entries_per_s"])


def measure_append(path: Path, entries: int) -> dict[str, float]:
    """Append entries that were made before, flush; making them is not measured."""
    path.unlink(missing_ok=True)
    wall = cpu = 0.0
    with JournalWriter(path) as journal:
        for batch in realistic_batches(entries, BATCH):
            gc.freeze()
            wall_then, cpu_then = time.perf_counter(), time.process_time()
            append = journal.append
            for entry in batch:
                append(entry)
            journal.flush()
            wall += time.perf_counter() - wall_then
            cpu += time.process_time() - cpu_then
    return _figures(entries, wall, cpu) | {"bytes_per_entry": round(path.stat().st_size / entries, 1)}


def measure_durable(path: Path, entries: int) -> dict[str, float]:
    """Append with an ``fsync`` each."""
    durable = path.with_name("durable.jsonl")
    durable.unlink(missing_ok=True)
    count = min(entries, DURABLE_ENTRIES)
    batch = list(islice(realistic_entries(entries), count))

    with JournalWriter(durable, durability="entries") as journal:

        def append() -> None:
            for entry in batch:
                journal.append(entry)

        return _timed(append, count)


def measure_verify(path: Path, entries: int) -> dict[str, float]:
    """Judge every line: form, schema, canonical bytes, positions, chain, Merkle root."""

    def verify() -> None:
        scan = scan_journal(path)
        if scan.damage is not None or scan.entries != entries:
            sys.exit(f"the journal that was written does not verify: {scan}")

    return _timed(verify, entries)


def measure_replay(path: Path, entries: int) -> dict[str, float]:
    """Decode and fold."""

    def replay() -> None:
        state_digest(fold_event_stream_entries(read_entries(path), configuration=CONFIGURATION))

    return _timed(replay, entries)


def _timed(work: Callable[[], object], entries: int) -> dict[str, float]:
    wall, cpu = time.perf_counter(), sum(os.times()[:4])
    work()
    return _figures(entries, time.perf_counter() - wall, sum(os.times()[:4]) - cpu)


def _figures(entries: int, wall: float, cpu: float) -> dict[str, float]:
    """Return the figures; memory is this process's peak and, for each processor, that of the largest child."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "entries_per_s": round(entries / wall),
        "cpu_us_per_entry": round(cpu / entries * 1e6, 3),
        "peak_rss_mib": (own + child * (os.cpu_count() or 1)) >> 10,
    }


MEASUREMENTS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "append": measure_append,
    "durable": measure_durable,
    "verify": measure_verify,
    "replay": measure_replay,
}


if __name__ == "__main__":
    main()
