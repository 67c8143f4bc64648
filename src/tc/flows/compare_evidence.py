"""`tc evidence compare`: two runs position by position, where they part and why, as evidence to keep."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tc.checks.cause import Cause, cause_of
from tc.checks.compare import tree_differences
from tc.checks.evidence import compare_streams, items_of
from tc.core import EventStreamEntry
from tc.core.decision import Decision
from tc.errors import ArtifactError
from tc.flows.configuration import read_configuration
from tc.flows.decided import decisions_of, digest_now, whole_entries
from tc.reports.evidence import Evidence, EvidenceSide, evidence_document, render_evidence
from tc.reports.page.reasons import mode_of
from tc.reports.story import merged
from tc.store.decisions import decision_line
from tc.store.files import write_atomic
from tc.store.journal import scan_journal
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal
from tc.store.status import run_status

LONGEST_NAME = 100
JSON_NAME, MARKDOWN_NAME = "evidence.json", "evidence.md"


def compare_evidence(left: RunDirectory, right: RunDirectory) -> Evidence:
    """Compare two runs: configurations, inputs, requests, decisions and feedback; and say why they part.

    Recorded decisions are compared; those of a run that is not sealed are derived again.

    Raises
    ------
    ArtifactError
        A configuration, a journal or a decision cannot be read.

    """
    one, other = _Told(left), _Told(right)
    configuration = tree_differences(one.stored.document, other.stored.document)
    comparison = compare_streams(items_of(one.steps()), items_of(other.steps()))
    sides = (one.side(), other.side())
    cause = cause_of(comparison, configuration, engines=(sides[0].engine, sides[1].engine))
    return Evidence(*sides, configuration, comparison, cause or _by_digest(sides), (*one.notes, *other.notes))


def _by_digest(sides: tuple[EvidenceSide, EvidenceSide]) -> Cause | None:
    one, other = sides
    if (one.state_digest, one.decision_digest) == (other.state_digest, other.decision_digest):
        return None
    return Cause("other", "the same values are written in other ways, such as 1.0 and 1.00: the digests differ", ())


class _Told:
    """One run as it is read: its entries with their decisions; and what is known of it once they were read."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self.stored = read_configuration(run)
        self._digest = hashlib.sha256()
        self._entries, notes = whole_entries(run)
        decisions, more = decisions_of(run, self.stored.core)
        self._decisions = self._digested(decisions)
        self.notes = tuple(f"{run.run_id}: {note}" for note in (*notes, *more))

    def steps(self) -> Iterator[tuple[EventStreamEntry, Decision | None]]:
        """Yield each entry with the decision of its step."""
        yield from merged(self._entries, self._decisions)
        for _ in self._decisions:  # behind the journal's end; none but in an altered file
            pass

    def side(self) -> EvidenceSide:
        """Return what is known of the run; its steps were read."""
        run, core, document = self._run, self.stored.core, self.stored.document
        seal = read_seal(run) if os.path.lexists(run.seal) else None
        journal = seal.journal if seal else scan_journal(run.journal)
        engine = document.get("engine")
        named = [str(engine[key]) for key in ("name", "version") if key in engine] if isinstance(engine, dict) else []
        return EvidenceSide(
            run_id=run.run_id,
            status=run_status(run),
            engine=" ".join(named),
            gate=mode_of(core.gate),
            configuration=core.fingerprint,
            entries=journal.entries,
            positions=journal.positions,
            journal_digest=journal.digest,
            state_digest=seal.state_digest if seal else digest_now(run, core),
            decision_digest=None if core.gate is None else self._digest.hexdigest(),
        )

    def _digested(self, decisions: Iterator[Decision]) -> Iterator[Decision]:
        for decision in decisions:
            self._digest.update(decision_line(decision))
            yield decision


def write_evidence(evidence: Evidence, folder: Path) -> tuple[Path, Path]:
    """Write a comparison's two files into a folder, each whole or not at all; return their paths.

    Raises
    ------
    ArtifactError
        The folder cannot be made, or a file cannot be written.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be made: {error.strerror}", hint="Choose another folder with --out.") from None
    written = folder / JSON_NAME, folder / MARKDOWN_NAME
    write_atomic(written[1], render_evidence(evidence).encode())
    write_atomic(written[0], msgspec.json.format(msgspec.json.encode(evidence_document(evidence)), indent=2) + b"\n")
    return written


def evidence_folder(left: RunDirectory, right: RunDirectory) -> Path:
    """Return the folder that evidence goes to when none is named: in the current one, by the runs' ids."""
    return Path(f"evidence-{left.run_id[:LONGEST_NAME]}-{right.run_id[:LONGEST_NAME]}")
