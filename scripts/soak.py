"""Kill a writer of a run at random moments, again and again, and read what is left; prints one JSON object.

Each time a process makes a run directory, writes its journal and seals it, and is killed (SIGKILL) somewhere between its start
and its end. What must hold then: nobody holds the lock, the run is listed and its status read, every entry that was acknowledged
is in the journal, and the run can be recovered and sealed. Exits 1 and says the seed when it does not.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from realistic_stream import CONFIGURATION, DATASET, realistic_batches

import tc
from tc.core import fold_event_stream_entries, state_digest
from tc.errors import TcError
from tc.store.facts import RunRecovered
from tc.store.journal import JournalWriter, read_entries, recover_journal, scan_journal
from tc.store.layout import RunDirectory, create_run, existing_run, list_runs
from tc.store.lock import RunLock, is_active
from tc.store.metadata import Metadata, RunStatus, WallTime, write_metadata
from tc.store.ops import append_fact, scan_ops
from tc.store.seal import read_seal, seal_run
from tc.store.status import run_status
from tc.store.survey import survey_files

ENTRIES = 30_000
DURABLE_ENTRIES = 500
RUN_ID = "soak"


def main() -> None:
    """Kill so many times, and count what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often a writer is killed")
    parser.add_argument("--seed", type=int, default=None, help="of the random moments; one that failed is printed")
    parser.add_argument("--write", nargs=2, metavar=("ROOT", "MODE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_run(Path(options.write[0]), is_durable=options.write[1] == "durable")
        return
    seed = time.time_ns() if options.seed is None else options.seed
    moments = random.Random(seed)  # noqa: S311 - moments, no secrets
    found: Counter[str] = Counter()
    for number in range(options.kills):
        mode = ("buffered", "durable")[number % 2]
        with tempfile.TemporaryDirectory() as folder:
            acknowledged = killed_writer(Path(folder), mode, moments)
            try:
                found.update(judged(Path(folder), acknowledged))
            except (AssertionError, TcError) as error:
                sys.exit(f"kill {number} of --seed {seed} ({mode}): {error}")
    print(json.dumps({"soak": "store", "kills": options.kills, "seed": seed, **dict(sorted(found.items()))}))


def write_run(root: Path, *, is_durable: bool) -> None:
    """Be the writer: say on standard output what is acknowledged."""
    run = create_run(root, RUN_ID)
    with RunLock(run):
        write_metadata(run, metadata_of(run, "created"))
        run.configuration.write_bytes(CONFIGURATION.document)
        write_metadata(run, metadata_of(run, "running"))
        with JournalWriter(run.journal, durability="entries" if is_durable else "buffered") as journal:
            for batch in realistic_batches(DURABLE_ENTRIES if is_durable else ENTRIES, 1 if is_durable else 100):
                for entry in batch:
                    journal.append(entry)
                journal.flush()
                print(journal.entries, flush=True)
        write_metadata(run, metadata_of(run, "completed"))
        seal(run, "completed")
        print("sealed", flush=True)


def killed_writer(root: Path, mode: str, moments: random.Random) -> list[str]:
    """Start a writer, kill it at a random moment, and return what it had said."""
    command = [sys.executable, __file__, "--write", str(root), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - for the types
        if moments.random() < 0.9:  # noqa: PLR2004 - one in ten dies while it starts
            process.stdout.readline()
        time.sleep(moments.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        return [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]


def judged(root: Path, said: list[str]) -> list[str]:
    """Look at what is left, recover it, seal it; return what was found, to be counted.

    Raises
    ------
    AssertionError, TcError
        Something that must hold does not.

    """
    runs = list_runs(root)
    if not runs:
        return ["no_directory"]
    run = existing_run(root, "latest")
    require(not is_active(run), "the lock is held by nobody, and not free")
    acknowledged = max((int(line) for line in said if line.strip().isdigit()), default=0)
    status = run_status(run)
    require(status in {"crashed", "completed"}, f"the status is {status}")
    if status == "completed":
        verify(run)
        return ["sealed"]
    require("sealed\n" not in said, "the seal was acknowledged, and is not there")
    if not run.journal.exists():
        require(acknowledged == 0, "the journal is gone")
        return ["before_the_journal"]
    return [recovered(run, acknowledged)]


def recovered(run: RunDirectory, acknowledged: int) -> str:
    """Recover a crashed run as a command would; return what had been found."""
    with RunLock(run):
        recovery = recover_journal(run.journal, run.path / "torn.bin")
        require(recovery.entries >= acknowledged, f"{acknowledged} entries were acknowledged, {recovery.entries} are there")
        entries = list(read_entries(run.journal))
        require(len(entries) == recovery.entries, "not every entry can be read")
        require(all(one.position < other.position for one, other in pairwise(entries)), "positions do not rise")
        write_metadata(run, metadata_of(run, "recovered"))
        seal(run, "recovered")
    append_fact(
        run, RunRecovered(at_ns=time.time_ns(), tc=tc.__version__, entries=recovery.entries, cut_bytes=recovery.cut_bytes)
    )
    verify(run)
    require(run_status(run) == "recovered", "the run is not recovered")
    return "torn" if recovery.cut_bytes else "whole"


def verify(run: RunDirectory) -> None:
    """Compare everything with the seal."""
    sealed = read_seal(run)
    files = {file.name: (file.sha256, file.bytes) for file in survey_files(run)}
    require(files == {name: (file.sha256, file.bytes) for name, file in sealed.files.items()}, "files are not as sealed")
    scan = scan_journal(run.journal)
    require(scan.damage is None, f"the journal is damaged: {scan.damage}")
    require((scan.digest, scan.merkle_root) == (sealed.journal.digest, sealed.journal.merkle_root), "the journal changed")
    require(scan_ops(run).damage is None, "the ops stream is damaged")


def seal(run: RunDirectory, status: RunStatus) -> None:
    """Seal the run as its flow would."""
    state = fold_event_stream_entries(read_entries(run.journal), configuration=CONFIGURATION)
    seal_run(
        run,
        status=status,
        state_digest=state_digest(state),
        checkpoints=(),
        configuration=CONFIGURATION.fingerprint,
        dataset=DATASET,
    )


def metadata_of(run: RunDirectory, status: RunStatus) -> Metadata:
    """Return the run's metadata."""
    return Metadata(
        run_id=run.run_id,
        name=RUN_ID,
        mode="backtest",
        status=status,
        created=WallTime.at(time.time_ns()),
        versions={"tc": tc.__version__},
        host="soak",
        pid=os.getpid(),
        configuration=CONFIGURATION.fingerprint,
        dataset_id="soak",
        dataset=DATASET,
    )


def require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Stop unless it holds."""
    if not holds:
        raise AssertionError(otherwise)


if __name__ == "__main__":
    main()
