"""`tc reconcile`: what a run's journal adds up to beside what its venue says; every comparison is kept as a numbered artifact."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec

from tc.checks.reconcile import Holdings, JournalBook, Reconciliation, Unknown, findings_of, reconcile, settled
from tc.checks.reconcile.observed.convert import holdings_of, observed_document
from tc.checks.reconcile.observed.reading import parse_observed
from tc.core import INITIAL, EventStreamEntry, process_event_entry
from tc.errors import ArtifactError, DocumentError, InvariantViolation
from tc.flows.configuration import read_configuration
from tc.flows.witness import Witness
from tc.reports.reconciliation import KeptReconciliation, ReconciliationDocument
from tc.store.facts import OpsArtifact, RunReconciled
from tc.store.files import MOST_BYTES, read_file
from tc.store.journal import JournalScan, read_entries, scan_journal
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.ops import append_fact, read_facts, write_numbered_artifact

STEM, SUFFIX = "reconciliation", ".json"
MOST_LOOKS = 5
"""So often something that is not as expected is looked at while the run is being written."""

PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Source:
    """Where it is learned what is held: ``venue`` and its URL, or ``file`` and its path; and what asks it."""

    kind: Literal["venue", "file"]
    name: str
    observe: Callable[[], Holdings | Unknown]


def reconcile_run(
    run: RunDirectory,
    source: Source,
    *,
    by: Witness,
    cached: Callable[[], Holdings | None] = lambda: None,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[str, ReconciliationDocument]:
    """Compare a run's journal, as far as it is whole, with a source; keep what came of it in `ops/`, and say so in ops.jsonl.

    A venue whose run is being written is asked again while something is not as expected, five times at most: what came right in
    one of the looks was in flight.

    Returns the artifact's name in `ops/`, and what it holds.

    Raises
    ------
    ArtifactError
        The journal or the configuration cannot be read, a sealed journal is damaged, or the artifact cannot be written.

    """
    expected = _Expected(run)
    looks: list[Reconciliation] = []
    observed: Holdings | Unknown
    while True:
        is_moving = source.kind == "venue" and is_active(run)
        expected.catch_up()
        observed = source.observe()
        looks.append(reconcile(expected.holdings(), observed, cached()))
        if looks[-1].verdict != "found" or not is_moving or len(looks) == MOST_LOOKS:
            break
        pause(PAUSE_S)
    document = _document(run, source, expected, looks, observed, by)
    return _kept(run, document, by).name, document


def file_source(path: Path) -> Source:
    """Return the source that a document is; it is read here, once.

    Raises
    ------
    DocumentError
        The file cannot be read, or is no such document.

    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}", hint="Give the file of what was observed.") from None
    if len(data) > MOST_BYTES:
        raise DocumentError(f"{path} is larger than {MOST_BYTES >> 20} MiB: it is not read into memory")
    holdings = holdings_of(parse_observed(data, source=str(path)))
    return Source("file", str(path), lambda: holdings)


def kept_reconciliations(run: RunDirectory) -> tuple[KeptReconciliation, ...]:
    """Return the reconciliations that a run's ops stream names, in order; what cannot be read of them is None."""
    names = (artifact.name for fact in read_facts(run) if isinstance(fact, RunReconciled) for artifact in fact.artifacts)
    return tuple(KeptReconciliation(name, _read(run.ops_folder / name)) for name in names)


class _Expected:
    """Folds a journal, and goes on where it stopped when more was written."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._configuration = read_configuration(run).core
        self._book = JournalBook()
        self._state = INITIAL
        self.entries = 0
        self.digest = ""
        self.notes: tuple[str, ...] = ()

    @property
    def position(self) -> int:
        """The last position that was folded."""
        return self._state.position

    def holdings(self) -> Holdings:
        """Return what the entries folded so far add up to."""
        return self._book.holdings(self._state)

    def catch_up(self) -> None:
        """Fold what is whole of the journal and was not folded yet."""
        scan = scan_journal(self._run.journal)
        self.digest = scan.digest
        self.notes = _notes(self._run, scan)
        fresh = islice(read_entries(self._run.journal, from_line=self.entries + 1), scan.entries - self.entries)
        self._fold(fresh)

    def _fold(self, entries: Iterator[EventStreamEntry]) -> None:
        for entry in entries:
            try:
                self._state = process_event_entry(self._state, entry, configuration=self._configuration)
            except InvariantViolation as violation:
                self.notes = (*self.notes, f"an entry breaks a rule, and what follows is not compared: {violation.message}")
                return
            self.entries += 1
            self._book.take(entry.event, self._state)


def _notes(run: RunDirectory, scan: JournalScan) -> tuple[str, ...]:
    if scan.damage is None:
        return ()
    where = f"journal.jsonl line {scan.damage.line} is damaged ({scan.damage.reason})"
    if os.path.lexists(run.seal):
        raise ArtifactError(
            f"{where}: a sealed journal that was altered says nothing", hint="`tc runs verify` shows every finding."
        )
    return (f"{where}: compared up to the line before",)


def _document(
    run: RunDirectory,
    source: Source,
    expected: _Expected,
    looks: list[Reconciliation],
    observed: Holdings | Unknown,
    by: Witness,
) -> ReconciliationDocument:
    found, in_flight = settled(looks)
    told = {
        "run_id": run.run_id,
        "tc": by.tc,
        "at_ns": by.at_ns,
        "source": source.kind,
        "source_name": source.name,
        "verdict": found.verdict,
        "position": expected.position,
        "entries": expected.entries,
        "journal_digest": expected.digest,
        "looks": len(looks),
        "in_flight": in_flight,
        "counts": found.counts,
        "not_compared": found.not_compared,
        "unknown": found.unknown,
        "findings": [each.to_dict() for each in findings_of(found)],
        "rows": [msgspec.structs.asdict(row) | {"differences": [asdict(each) for each in row.differences]} for row in found.told],
        "notes": expected.notes,
        "observed": None if isinstance(observed, Unknown) else msgspec.to_builtins(observed_document(observed)),
    }
    return msgspec.convert(told, ReconciliationDocument)


def _kept(run: RunDirectory, document: ReconciliationDocument, by: Witness) -> OpsArtifact:
    data = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    artifact = write_numbered_artifact(run, STEM, SUFFIX, data)
    fact = RunReconciled(
        at_ns=by.at_ns,
        tc=by.tc,
        user=by.user,
        artifacts=(artifact,),
        position=document.position,
        source=document.source,
        verdict=document.verdict,
        findings=len(document.findings),
    )
    append_fact(run, fact)
    return artifact


def _read(path: Path) -> ReconciliationDocument | None:
    try:
        return msgspec.json.decode(read_file(path), type=ReconciliationDocument)
    except (ArtifactError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
