"""`tc runs recover`: make a crashed run whole up to its last acknowledged entry, and seal it."""

import os
from dataclasses import asdict, dataclass

from msgspec.structs import replace

from tc.core import INITIAL, CoreConfiguration, process_event_entry, state_digest
from tc.errors import ArtifactError, InvariantViolation, RefusedError
from tc.flows.backtest import CHECKPOINT_EVERY
from tc.flows.configuration import read_configuration
from tc.flows.witness import Witness
from tc.store.facts import OpsArtifact, RunRecovered
from tc.store.files import digest_file, is_real_folder
from tc.store.journal import read_entries, recover_journal
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.metadata import read_metadata, write_metadata
from tc.store.ops import append_fact
from tc.store.seal import Checkpoint, Seal, seal_run

TORN_NAME = "torn-journal.bin"
"""The file in ``ops/`` that keeps the bytes that were cut off a journal's end."""


@dataclass(frozen=True, slots=True)
class RecoveredRun:
    """What recovering a run came to: what is whole now, what was cut off, and the seal's digests, hex."""

    run_id: str
    status: str
    entries: int
    positions: int
    cut_bytes: int
    journal_digest: str
    merkle_root: str
    state_digest: str

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return asdict(self)


def recover_run(run: RunDirectory, *, by: Witness) -> RecoveredRun:
    """Cut a torn end off a crashed run's journal, keep the cut bytes in ``ops/``, say so, and seal the run as *recovered*.

    Being killed on the way loses nothing: doing it again ends the same.

    Raises
    ------
    RefusedError
        The run is being written, or is sealed already.
    ArtifactError
        The run had not begun to record, its journal was altered and not torn, or a file cannot be read or written.

    """
    with RunLock(run):
        if os.path.lexists(run.seal):
            raise RefusedError(f"run {run.run_id!r} is sealed: there is nothing to recover", hint="`tc runs verify` judges it.")
        if not run.journal.exists():
            raise ArtifactError(
                f"run {run.run_id!r} crashed before it recorded anything: there is nothing to recover",
                hint=f"Remove {run.path} by hand, and run its spec again.",
            )
        metadata = read_metadata(run)
        configuration = read_configuration(run).core
        artifact, entries = _cut(run)
        digest, checkpoints, reason = _fold(run, configuration, entries)
        write_metadata(run, replace(metadata, status="recovered", reason=reason))
        append_fact(
            run,
            RunRecovered(
                at_ns=by.at_ns,
                tc=by.tc,
                user=by.user,
                artifacts=(artifact,) if artifact else (),
                entries=entries,
                cut_bytes=artifact.bytes if artifact else 0,
                reason=reason,
            ),
        )
        seal = seal_run(
            run,
            status="recovered",
            state_digest=digest,
            checkpoints=checkpoints,
            configuration=configuration.fingerprint,
            dataset=metadata.dataset,
        )
    return _recovered(seal, artifact)


def _cut(run: RunDirectory) -> tuple[OpsArtifact | None, int]:
    """Cut what is torn; return it (also when an earlier, killed recovery cut it) as an artifact, and how many entries stay."""
    try:
        run.ops_folder.mkdir(exist_ok=True)
        is_folder = is_real_folder(run.ops_folder)
    except OSError:
        is_folder = False
    if not is_folder:
        raise ArtifactError(
            f"{run.ops_folder} is no folder and cannot be made one", hint="Check the permissions of the run directory."
        )
    kept = run.ops_folder / TORN_NAME
    entries = recover_journal(run.journal, keep_cut_in=kept).entries
    return (OpsArtifact(TORN_NAME, *digest_file(kept)) if kept.exists() else None), entries


def _fold(run: RunDirectory, configuration: CoreConfiguration, entries: int) -> tuple[str, list[Checkpoint], str]:
    """Return the digest of State at the end, those of checkpoints on the way, and what can be told of why the run ended."""
    state = INITIAL
    checkpoints: list[Checkpoint] = []
    reason = f"the process ended without ending the run; {entries} entries are whole"
    for number, entry in enumerate(read_entries(run.journal), 1):
        try:
            state = process_event_entry(state, entry, configuration=configuration)
        except InvariantViolation as violation:
            if number < entries:
                raise ArtifactError(
                    f"{run.journal}, line {number}: {violation.message}",
                    hint="The journal goes on behind an entry that breaks a rule: it was altered. Nothing was sealed.",
                ) from None
            reason = f"the process ended after an entry that breaks a rule: {violation.message}"
            break
        if not number % CHECKPOINT_EVERY:
            checkpoints.append(Checkpoint(state.position, state_digest(state)))
    return state_digest(state), checkpoints, reason


def _recovered(seal: Seal, artifact: OpsArtifact | None) -> RecoveredRun:
    return RecoveredRun(
        run_id=seal.run_id,
        status=seal.status,
        entries=seal.journal.entries,
        positions=seal.journal.positions,
        cut_bytes=artifact.bytes if artifact else 0,
        journal_digest=seal.journal.digest,
        merkle_root=seal.journal.merkle_root,
        state_digest=seal.state_digest,
    )
