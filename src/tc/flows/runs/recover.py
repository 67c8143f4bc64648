"""`tc runs recover`: make a crashed run whole up to its last acknowledged entry, and seal it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from msgspec.structs import replace

from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, state_digest, step_event_entry
from tc.errors import ArtifactError, InvariantViolation, RefusedError
from tc.flows.configuration import read_configuration
from tc.flows.recording.record import CHECKPOINT_EVERY
from tc.flows.witness import Witness
from tc.store.decisions import decision_line
from tc.store.facts import OpsArtifact, RunRecovered
from tc.store.files import digest_file, is_real_folder, write_atomic
from tc.store.journal import JournalEnd, read_entries, recover_journal
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

    Decisions are derived: where a gate is configured ``decisions.jsonl`` is written again from the journal.
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
        artifact, end = cut_torn_end(run, TORN_NAME)
        entries = end.entries
        folding = fold_again(run, configuration, entries)
        digest, checkpoints, reason = folding.digest, folding.checkpoints, folding.reason
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


def cut_torn_end(run: RunDirectory, name: str) -> tuple[OpsArtifact | None, JournalEnd]:
    """Cut what is torn; return it (also when an earlier, killed one cut it) as an artifact, and where the journal ends.

    Raises
    ------
    ArtifactError
        The journal was altered and not torn, or a file cannot be read or written.

    """
    try:
        run.ops_folder.mkdir(exist_ok=True)
        is_folder = is_real_folder(run.ops_folder)
    except OSError:
        is_folder = False
    if not is_folder:
        raise ArtifactError(
            f"{run.ops_folder} is no folder and cannot be made one", hint="Check the permissions of the run directory."
        )
    kept = run.ops_folder / name
    end = recover_journal(run.journal, keep_cut_in=kept).end
    return (OpsArtifact(name, *digest_file(kept)) if kept.exists() else None), end


def fold_again(
    run: RunDirectory,
    configuration: CoreConfiguration,
    entries: int,
    *,
    watch: Callable[[EventStreamEntry], None] = lambda _: None,
) -> "Folding":
    """Fold what is whole, writing its decisions; ``watch`` is shown each entry. Returns what it came to.

    Raises
    ------
    ArtifactError
        An entry breaks a rule, and others follow it.

    """
    folding = Folding(run, configuration, entries, watch)
    if configuration.gate is None:
        list(folding.decision_lines())  # there is none, but State and its checkpoints
    else:
        write_atomic(run.decisions, folding.decision_lines())
    return folding


class Folding:
    """Folds a journal's whole entries once, giving the decisions on the way; the rest is known when they end."""

    def __init__(
        self, run: RunDirectory, configuration: CoreConfiguration, entries: int, watch: Callable[[EventStreamEntry], None]
    ) -> None:
        self.digest = ""
        self.state = INITIAL
        self.is_broken = False
        self.checkpoints: list[Checkpoint] = []
        self.reason = f"the process ended without ending the run; {entries} entries are whole"
        self._run = run
        self._configuration = configuration
        self._entries = entries
        self._watch = watch

    def decision_lines(self) -> Iterator[bytes]:
        """Yield the line of each decision."""
        state, configuration = INITIAL, self._configuration
        for number, entry in enumerate(read_entries(self._run.journal), 1):
            try:
                state, decision = step_event_entry(state, entry, configuration=configuration)
            except InvariantViolation as violation:
                if number < self._entries:
                    raise ArtifactError(
                        f"{self._run.journal}, line {number}: {violation.message}",
                        hint="The journal goes on behind an entry that breaks a rule: it was altered. Nothing was sealed.",
                    ) from None
                self.is_broken = True
                self.reason = f"the process ended after an entry that breaks a rule: {violation.message}"
                break
            self._watch(entry)
            if decision is not None:
                yield decision_line(decision)
            if not number % CHECKPOINT_EVERY:
                self.checkpoints.append(Checkpoint(state.position, state_digest(state)))
        self.state, self.digest = state, state_digest(state)


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
