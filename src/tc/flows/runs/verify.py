"""`tc runs verify`: whether a run directory is as it was sealed; nothing in it is written."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from tc.checks.finding import Finding
from tc.checks.integrity import (
    FileState,
    JournalState,
    agreement_findings,
    file_findings,
    journal_findings,
    line_finding,
    root_findings,
)
from tc.core.events import RunStarted
from tc.errors import ArtifactError, DocumentError, TcError
from tc.flows.configuration import StoredConfiguration, read_configuration
from tc.flows.runs.unpack import unpacked
from tc.flows.witness import Witness
from tc.store.dataset import Dataset, dataset_path, load_dataset
from tc.store.facts import RunVerified
from tc.store.files import digest_file
from tc.store.journal import JournalScan, read_entries, read_lines, scan_journal
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.metadata import Metadata, read_metadata
from tc.store.ops import OpsScan, append_fact, scan_ops
from tc.store.seal import Seal, read_seal
from tc.store.survey import FoundFile, survey_files, survey_ops_files
from tc.store.tape import block_path, named_tape, unnamed_blocks

_ROOT = re.compile(r"[0-9a-fA-F]{64}")
_ENDED = frozenset({"completed", "failed", "stopped", "killed", "blocked", "recovered"})
_PASSING = frozenset({"file_extra", "torn_line"})
"""What is found where somebody writes a file, and then the fact that names it, if one looks in between."""

_AGAIN_S = 0.3

Prove = Callable[[Dataset], None]
"""Reads a dataset's rows and raises ArtifactError when they are not those that its manifest names."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying a run came to.

    Parameters
    ----------
    run_id
        The run directory's name.
    status
        How the run ended by its seal; without one ``crashed``, unless it is being written; empty when the seal cannot be read.
    is_sealed, is_active
        Whether there is a seal; whether a process is writing the run now.
    journal
        What the journal holds up to its first damage; None when it cannot be read.
    files
        How many files were read.
    findings
        Everything that is not as it was recorded.
    notes
        What could not be judged, and what to know about the rest.

    """

    run_id: str
    status: str
    is_sealed: bool
    is_active: bool
    journal: JournalState | None
    files: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        journal = None if self.journal is None else asdict(self.journal)
        return {
            "run_id": self.run_id,
            "status": self.status,
            "sealed": self.is_sealed,
            "active": self.is_active,
            "entries": journal and journal["entries"],
            "positions": journal and journal["positions"],
            "journal_digest": journal and journal["digest"],
            "merkle_root": journal and journal["merkle_root"],
            "files": self.files,
            "findings": [each.to_dict() for each in self.findings],
            "notes": list(self.notes),
        }


def verify_run(
    run: RunDirectory, *, data_root: Path | None, expected_root: str | None = None, prove: Prove = lambda _: None
) -> Verification:
    """Judge everything in a run directory that was recorded: lines, chain, Merkle root, files, fingerprints, ops.

    A run without a seal is judged as far as it goes: what it lacks is a note, unless its metadata says that it ended.
    What may only have been being written just then, in a run that goes on or behind a seal in `ops/`, is judged twice.
    Without a data root the dataset is not looked at.

    Raises
    ------
    DocumentError
        The expected root is no root.
    ArtifactError
        A folder of the run cannot be read at all.

    """
    if expected_root is not None and not _ROOT.fullmatch(expected_root):
        raise DocumentError(
            f"{expected_root!r} is not a Merkle root", hint="A root is 64 hexadecimal digits, as `tc runs verify` prints it."
        )
    root = expected_root.lower() if expected_root else None
    found = _judged(run, data_root, root, prove)
    if not any(_may_pass(each, found) for each in found.findings):
        return found
    time.sleep(_AGAIN_S)
    again = _judged(run, data_root, root, prove)
    before = {(each.code, each.subject) for each in found.findings}
    lasting = (each for each in again.findings if not _may_pass(each, again) or (each.code, each.subject) in before)
    return replace(again, findings=tuple(lasting))


def _may_pass(finding: Finding, found: Verification) -> bool:
    return finding.code in _PASSING and (found.is_active or finding.subject.startswith("ops"))


def _judged(run: RunDirectory, data_root: Path | None, expected_root: str | None, prove: Prove) -> Verification:
    evidence = _Evidence(run)
    seal = evidence.read(run.seal, read_seal)
    metadata = evidence.read(run.metadata, read_metadata)
    stored = evidence.read(run.configuration, read_configuration)
    scan = evidence.read(run.journal, lambda run: scan_journal(run.journal))
    ops = evidence.judged("ops.jsonl", lambda: scan_ops(run))
    found = evidence.judged("the run directory", lambda: survey_files(run)) or ()
    found_ops = evidence.judged("ops/", lambda: survey_ops_files(run)) or ()
    evidence.judge_seal(metadata)
    evidence.judge_journal(scan, seal, expected_root)
    evidence.judge_files(seal, found)
    evidence.judge_tape(scan)
    evidence.judge_ops(ops, found_ops)
    evidence.judge_names(scan, seal, metadata, stored)
    evidence.judge_dataset(seal, metadata, stored, data_root, prove)
    return Verification(
        run_id=run.run_id,
        status=seal.status if seal else evidence.status_now(metadata),
        is_sealed=evidence.is_sealed,
        is_active=evidence.is_active,
        journal=_journal_state(scan) if scan else None,
        files=len(found) + len(found_ops),
        findings=tuple(evidence.findings),
        notes=tuple(evidence.notes),
    )


def verify_archive(
    archive: Path, *, data_root: Path, expected_root: str | None, is_recorded: bool, prove: Prove = lambda _: None
) -> Verification:
    """Judge the run in an exported archive, in a folder of its own that is gone afterwards.

    Raises
    ------
    DocumentError
        As `verify_run`; or the verification should be recorded, which an archive cannot.
    ArtifactError
        The archive cannot be unpacked safely.

    """
    if is_recorded:
        raise DocumentError("an archive records nothing", hint="Leave --record out, or unpack the archive and verify the run.")
    with unpacked(archive) as run:
        return verify_run(run, data_root=data_root, expected_root=expected_root, prove=prove)


def record_verification(run: RunDirectory, verification: Verification, *, expected_root: str | None, by: Witness) -> None:
    """Append to the run's ops stream that it was verified, and what was found.

    Raises
    ------
    ArtifactError
        The stream cannot be written.

    """
    root = verification.journal.merkle_root if verification.journal else ""
    append_fact(
        run,
        RunVerified(
            at_ns=by.at_ns,
            tc=by.tc,
            user=by.user,
            merkle_root=root,
            findings=len(verification.findings),
            expected_root=expected_root,
        ),
    )


class _Evidence:
    """Collects findings and notes about one run, judgement by judgement."""

    def __init__(self, run: RunDirectory) -> None:
        self.run = run
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.is_active = is_active(run)
        self.is_sealed = os.path.lexists(run.seal)  # Asked second: a run is sealed before it lets go of the lock.

    def read[T](self, path: Path, read: Callable[[RunDirectory], T]) -> T | None:
        """Read one of the run's files: one that cannot be read is a finding; that a sealed one is gone, the seal tells."""
        if os.path.lexists(path):
            return self.judged(path.name, lambda: read(self.run))
        if not self.is_sealed and path != self.run.seal:
            self.notes.append(f"{path.name} is not there: the run had not come so far")
        return None

    def judged[T](self, subject: str, read: Callable[[], T]) -> T | None:
        """Read something; that it cannot be read is a finding."""
        try:
            return read()
        except TcError as error:
            problem = error.message
        except RecursionError:
            problem = "it is nested too deeply"
        self.findings.append(Finding("unreadable", subject, "something that can be read", problem))
        return None

    def status_now(self, metadata: Metadata | None) -> str:
        """Return where a run stands whose seal cannot be asked."""
        if self.is_sealed:
            return ""
        if not self.is_active:
            return "crashed"
        return metadata.status if metadata else "created"

    def judge_seal(self, metadata: Metadata | None) -> None:
        """Say why there is no seal: the run is being written, or has crashed; else somebody took it away."""
        if self.is_sealed:
            return
        if self.is_active:
            self.notes.append("the run is not sealed: it is being written now")
        elif metadata and metadata.status in _ENDED:
            actual = (
                f"no seal, though metadata.json says {metadata.status}: it crashed while it was sealed, or the seal was removed"
            )
            self.findings.append(Finding("seal_missing", "seal.json", "a seal", actual))
        else:
            self.notes.append(
                "the run is not sealed: it crashed, and nothing proves that what is there is all; see `tc runs recover`"
            )

    def judge_journal(self, scan: JournalScan | None, seal: Seal | None, expected_root: str | None) -> None:
        """Judge every line of the journal, what the seal says of it, and the root kept elsewhere."""
        if scan is None:
            return
        if scan.damage is None:
            self.findings += journal_findings(_sealed_journal(seal), _journal_state(scan)) if seal else ()
        elif scan.is_torn and not self.is_sealed:
            self.notes.append(
                f"journal.jsonl line {scan.damage.line} is torn: {scan.torn_bytes} bytes that were never acknowledged"
            )
        else:
            self.findings.insert(0, line_finding("journal.jsonl", scan.damage.line, scan.damage.reason))
        self.findings += root_findings(expected_root, scan.merkle_root)

    def judge_files(self, seal: Seal | None, found: tuple[FoundFile, ...]) -> None:
        """Judge every file against the seal; without one, that it can be read at all."""
        states = _found_states(found)
        if seal is None:
            recorded = {name: state for name, state in states.items() if not state.problem}
        else:
            recorded = {name: FileState(file.sha256, file.bytes) for name, file in seal.files.items()}
        self.findings += file_findings(recorded, states)

    def judge_tape(self, scan: JournalScan | None) -> None:
        """Judge every block of the tape that the journal names; one that no entry names is a note."""
        if scan is None:
            return
        named = self.judged("journal.jsonl", lambda: named_tape(islice(read_lines(self.run.journal), scan.entries)))
        if named is None:
            return
        for block in named.blocks:
            path = block_path(self.run.tape, block.block)
            try:
                digest, _ = digest_file(path)
            except ArtifactError as error:
                digest = error.message
            if digest != block.sha256:
                expected = f"{block.sha256}, as the journal says"
                self.findings.append(Finding("tape_mismatch", f"{self.run.tape.name}/{path.name}", expected, digest))
        for name in unnamed_blocks(self.run.tape, named):
            self.notes.append(f"{self.run.tape.name}/{name} is there, and no entry names it: the run ended before it could")

    def judge_ops(self, scan: OpsScan | None, found: tuple[FoundFile, ...]) -> None:
        """Judge the lines of the ops stream, and the files that its facts name."""
        if scan is None:
            return
        if scan.damage is not None:
            self.findings.append(line_finding("ops.jsonl", scan.damage.line, scan.damage.reason))
        named = {
            f"ops/{artifact.name}": FileState(artifact.sha256, artifact.bytes)
            for entry in scan.entries
            for artifact in entry.fact.artifacts
        }
        self.findings += file_findings(named, {f"ops/{name}": state for name, state in _found_states(found).items()})

    def judge_names(
        self, scan: JournalScan | None, seal: Seal | None, metadata: Metadata | None, stored: StoredConfiguration | None
    ) -> None:
        """Judge the run id, status and configuration that each part of the run names."""
        configurations = [("configuration.json", stored.core.fingerprint)] if stored else []
        run_ids, statuses = [("the directory's name", self.run.run_id)], []
        if scan and scan.entries:
            started = next(read_entries(self.run.journal)).event
            configurations.insert(0, ("journal.jsonl line 1", started.configuration if isinstance(started, RunStarted) else ""))
        for part, document in (("seal.json", seal), ("metadata.json", metadata)):
            if document:
                configurations.append((part, document.configuration))
                run_ids.append((part, document.run_id))
                statuses.append((part, document.status))
        self.findings += agreement_findings("configuration_mismatch", configurations)
        self.findings += agreement_findings("run_id_mismatch", run_ids)
        self.findings += agreement_findings("status_mismatch", statuses if self.is_sealed else [])

    def judge_dataset(
        self,
        seal: Seal | None,
        metadata: Metadata | None,
        stored: StoredConfiguration | None,
        data_root: Path | None,
        prove: Prove,
    ) -> None:
        """Judge the dataset's fingerprint as each part of the run names it, and as the dataset's own manifest does."""
        named = [("configuration.json", stored.dataset)] if stored else []
        named += [(part, each.dataset) for part, each in (("seal.json", seal), ("metadata.json", metadata)) if each]
        if stored and stored.dataset_id and data_root:
            folder = self.judged("configuration.json", lambda: dataset_path(data_root, stored.dataset_id))
            if folder and folder.is_dir():
                dataset = self.judged(f"dataset {stored.dataset_id}", lambda: _proven(data_root, stored.dataset_id, prove))
                named += [(f"dataset {stored.dataset_id}", dataset.fingerprint)] if dataset else []
            else:
                self.notes.append(f"dataset {stored.dataset_id} is not under {data_root}: its fingerprint was not compared")
        self.findings += agreement_findings("dataset_mismatch", named)


def _proven(data_root: Path, dataset_id: str, prove: Prove) -> Dataset:
    dataset = load_dataset(data_root, dataset_id)
    prove(dataset)
    return dataset


def _journal_state(scan: JournalScan) -> JournalState:
    return JournalState(scan.entries, scan.positions, scan.digest, scan.merkle_root)


def _sealed_journal(seal: Seal) -> JournalState:
    return JournalState(seal.journal.entries, seal.journal.positions, seal.journal.digest, seal.journal.merkle_root)


def _found_states(found: tuple[FoundFile, ...]) -> dict[str, FileState]:
    return {each.name: FileState(each.sha256, each.bytes, each.problem) for each in found}
