"""`tc evidence compare`: two runs position by position, where they part and why, as evidence to keep."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from tc.checks.along_rows import Side, compare_along_rows
from tc.checks.cause import Cause, cause_of
from tc.checks.compare import FieldDifference, tree_differences
from tc.checks.evidence import Item, StreamComparison, compare_streams, items_of
from tc.core import EventStreamEntry
from tc.core.decision import Decision
from tc.core.events import MarketObserved
from tc.errors import ArtifactError
from tc.flows.configuration import read_configuration
from tc.flows.runs.decided import decisions_of, digest_now, whole_entries
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

    A paper run and a back-test have other positions and stamps for the same thing: what they decided after each row is compared.

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
    if one.mode != other.mode:
        return _along_rows(one, other, sides, configuration, comparison)
    cause = cause_of(comparison, configuration, engines=(sides[0].engine, sides[1].engine))
    return Evidence(*sides, configuration, comparison, cause or _by_digest(sides), (*one.notes, *other.notes))


def _along_rows(
    one: "_Told",
    other: "_Told",
    sides: tuple[EvidenceSide, EvidenceSide],
    configuration: Sequence[FieldDifference],
    comparison: StreamComparison,
) -> Evidence:
    """Compare a paper run and a back-test by what they decided after each row: by positions they part at once."""
    notes = (*one.notes, *other.notes)
    market = comparison.partings.get("market")
    if market is not None and all(_is_seen(each) for each in (market.left, market.right)):
        cause = cause_of(replace(comparison, first=market), configuration, engines=(sides[0].engine, sides[1].engine))
        return Evidence(*sides, configuration, replace(comparison, first=market), cause, notes)
    if market is not None:
        notes = (*notes, "the rows stand in the streams by their numbers only: that they are the same was not compared")
    along = compare_along_rows(one.again(), other.again())
    first = along.differences[0] if along.differences else None
    cause = (
        Cause("configuration", "both decided the same after every row; only the configurations differ", tuple(configuration))
        if first is None
        else Cause(first.kind, f"after row {first.row:,}: {first.why}", ())
    )
    return Evidence(*sides, configuration, replace(comparison, first=None), cause, notes, along)


def _is_seen(item: Item | None) -> bool:
    """Say whether an item of the market is a row with its values, or none at all."""
    return item is None or isinstance(item.value, MarketObserved)


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

    @property
    def mode(self) -> object:
        """The mode that the run's spec states."""
        spec = self.stored.document.get("run_spec")
        return spec.get("mode") if isinstance(spec, dict) else None

    def again(self) -> Side:
        """Return the run's entries from the start, and what they are processed under."""
        return whole_entries(self._run)[0], self.stored.core

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
