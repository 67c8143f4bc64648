"""`tc runs export`: a sealed run as one archive that verifies elsewhere; the same run always gives the same bytes."""

import gzip
import hashlib
import os
import secrets
import tarfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.flows.runs.verify import verify_run
from tc.flows.witness import Witness
from tc.store.facts import RunExported
from tc.store.files import open_regular
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact
from tc.store.survey import survey_files, survey_ops_files

COMPRESSION = 6


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """An archive that was written: where, its SHA-256, hex, its size, and the journal's Merkle root, hex."""

    run_id: str
    archive: Path
    sha256: str
    bytes: int
    files: int
    merkle_root: str

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "run_id": self.run_id,
            "archive": str(self.archive),
            "sha256": self.sha256,
            "bytes": self.bytes,
            "files": self.files,
            "merkle_root": self.merkle_root,
        }


def export_run(run: RunDirectory, archive: Path) -> ExportedRun:
    """Verify a sealed run, and pack it under its id into a new ``.tar.gz``: names in order, no times, no owners.

    Raises
    ------
    RefusedError
        The run is not sealed, or the archive exists already.
    DocumentError
        The archive cannot be written where it should be.
    ArtifactError
        The run is altered.

    """
    verification = verify_run(run, data_root=None)
    if verification.findings:
        first = verification.findings[0]
        raise ArtifactError(
            f"run {run.run_id!r} is altered: {first.code}: {first.subject}; it is not exported",
            hint="`tc runs verify` shows every finding.",
        )
    if not verification.is_sealed or verification.journal is None:
        raise RefusedError(
            f"run {run.run_id!r} is not sealed: what is exported must be complete",
            hint="Wait for it to end; a crashed run is sealed by `tc runs recover`.",
        )
    if archive.resolve().is_relative_to(run.path.parent.resolve()):
        raise RefusedError(
            f"{archive} lies among the run directories: it would be a file too many in one of them",
            hint="Name a file elsewhere with -o.",
        )
    if os.path.lexists(archive):
        raise RefusedError(f"{archive} exists already", hint="Remove it, or name another file with -o.")
    names = _names(run)
    temporary = archive.with_name(f".tc-tmp-{secrets.token_hex(4)}-{archive.name}")
    try:
        _write(temporary, run, names)
        temporary.rename(archive)
    except OSError as error:
        raise DocumentError(
            f"{archive} cannot be written: {error.strerror or error}",
            hint="Name a file in a folder that you may write to with -o.",
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink()
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    root = verification.journal.merkle_root
    return ExportedRun(run.run_id, archive, digest, archive.stat().st_size, len(names), root)


def record_export(run: RunDirectory, exported: ExportedRun, *, by: Witness) -> None:
    """Append to the run's ops stream that it was exported; the next archive holds this fact, and so differs from this one.

    Raises
    ------
    ArtifactError
        The stream cannot be written.

    """
    append_fact(run, RunExported(at_ns=by.at_ns, tc=by.tc, user=by.user, sha256=exported.sha256))


def _names(run: RunDirectory) -> list[str]:
    """Return what is packed: everything but the lock."""
    sealed = [found.name for found in survey_files(run)]
    ops = [f"{run.ops_folder.name}/{found.name}" for found in survey_ops_files(run)]
    stream = [run.ops.name] if run.ops.exists() else []
    return sorted([*sealed, run.seal.name, *stream, *ops])


def _write(path: Path, run: RunDirectory, names: list[str]) -> None:
    with (
        path.open("xb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name in names:
            with open_regular(run.path / name) as file:
                info = tarfile.TarInfo(f"{run.run_id}/{name}")
                info.size, info.mode = os.fstat(file.fileno()).st_size, 0o644
                tar.addfile(info, file)
