"""seal.json: the digests of every file of a run that has ended; written last, and never again.

Bytes are canonical: one line of JSON with sorted keys, and a newline. `seal_digest` is the SHA-256 of those bytes, without the
newline, with `seal_digest` empty.
"""

import hashlib
import os
from collections.abc import Sequence

import msgspec

from tc.errors import ArtifactError, RefusedError
from tc.store.files import read_file, remove_temporaries, write_atomic
from tc.store.journal import JournalScan, scan_journal
from tc.store.layout import RunDirectory
from tc.store.metadata import RunStatus
from tc.store.ops import sweep_ops_folder
from tc.store.survey import survey_files

SEAL_SCHEMA = 1


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file's SHA-256, hex, and its size."""

    sha256: str
    bytes: int


class SealedJournal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the journal held: entries, positions, last digest and Merkle root, hex."""

    entries: int
    positions: int
    digest: str
    merkle_root: str


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of State, hex, after the entry that ends at a position."""

    position: int
    state_digest: str


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run's directory held when it ended.

    Parameters
    ----------
    status
        How the run ended.
    files
        Every file by its path relative to the run directory; the seal itself, the lock, `ops.jsonl` and `ops/` are left out.
    journal
        What the journal held.
    state_digest
        The digest of the State at the journal's end, hex.
    checkpoints
        Digests of State on the way, by position.
    configuration, dataset
        Fingerprints, hex.
    seal_digest
        SHA-256, hex, over the rest.

    """

    schema: int = SEAL_SCHEMA
    run_id: str
    status: RunStatus
    files: dict[str, SealedFile]
    journal: SealedJournal
    state_digest: str
    checkpoints: tuple[Checkpoint, ...]
    configuration: str
    dataset: str
    seal_digest: str = ""


class _Versioned(msgspec.Struct):
    schema: int


def seal_run(
    run: RunDirectory,
    *,
    status: RunStatus,
    state_digest: str,
    checkpoints: Sequence[Checkpoint],
    configuration: str,
    dataset: str,
) -> Seal:
    """Seal a run that has ended; its files, `metadata.json` included, are complete, and the caller holds its `RunLock`.

    The journal is read back and judged as `verify` would: a seal is only put on one that is whole.

    Raises
    ------
    RefusedError
        The run is sealed already.
    ArtifactError
        The journal is damaged, a file is none that can be sealed (a link, a device, a name that is no Unicode), or one
        cannot be read or written; there is no seal then.

    """
    if os.path.lexists(run.seal):
        raise RefusedError(f"run {run.run_id!r} is sealed already", hint="A sealed run is never written again.")
    remove_temporaries(run.path)
    remove_temporaries(run.tape)
    sweep_ops_folder(run)
    scan = scan_journal(run.journal)
    if scan.damage is not None:
        raise ArtifactError(
            f"{run.journal}, line {scan.damage.line}: {scan.damage.reason}; a damaged journal is not sealed",
            hint="Recover the run first.",
        )
    seal = Seal(
        run_id=run.run_id,
        status=status,
        files=_sealed_files(run),
        journal=_sealed_journal(scan),
        state_digest=state_digest,
        checkpoints=tuple(checkpoints),
        configuration=configuration,
        dataset=dataset,
    )
    sealed = msgspec.structs.replace(seal, seal_digest=seal_digest(seal))
    write_atomic(run.seal, seal_bytes(sealed))
    return sealed


def read_seal(run: RunDirectory) -> Seal:
    """Return a run's seal after checking it against its own digest and its canonical form.

    Raises
    ------
    ArtifactError
        The run has no seal, or the seal is altered, unreadable, of another run or another schema.

    """
    if not os.path.lexists(run.seal):
        raise ArtifactError(
            f"run {run.run_id!r} is not sealed: it is being written, or has crashed",
            hint="`tc runs show` says which; a crashed run can be recovered.",
        )
    data = read_file(run.seal)
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != SEAL_SCHEMA:
            raise ArtifactError(
                f"{run.seal} has schema {schema}, this version of tc reads schema {SEAL_SCHEMA}",
                hint="Use the version of tc that wrote it; metadata.json names it.",
            )
        seal = msgspec.json.decode(data, type=Seal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(f"{run.seal} is not a seal: {error}", hint="The seal was altered; restore it from a copy.") from None
    if seal_bytes(seal) != data or seal_digest(seal) != seal.seal_digest:
        raise ArtifactError(f"{run.seal} does not match its own digest", hint="The seal was altered; restore it from a copy.")
    return seal


def seal_bytes(seal: Seal) -> bytes:
    """Return the seal's one form."""
    return msgspec.json.encode(seal, order="sorted") + b"\n"


def seal_digest(seal: Seal) -> str:
    """Return the digest over everything in the seal but the digest itself, hex."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(seal, seal_digest=""), order="sorted")).hexdigest()


def _sealed_journal(scan: JournalScan) -> SealedJournal:
    return SealedJournal(scan.entries, scan.positions, scan.digest, scan.merkle_root)


def _sealed_files(run: RunDirectory) -> dict[str, SealedFile]:
    files: dict[str, SealedFile] = {}
    for found in survey_files(run):
        if found.problem:
            raise ArtifactError(
                f"{run.path}: {found.name}: {found.problem}; it is not sealed", hint="Remove it from the run directory."
            )
        files[found.name] = SealedFile(found.sha256, found.bytes)
    return files
