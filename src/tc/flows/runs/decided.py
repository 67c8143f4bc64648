"""The decisions of a run: as they were recorded, or derived again from its journal."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tc.checks.decisions import DecisionComparison
from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, fold_event_stream_entries, state_digest, step_event_entry
from tc.core.decision import Decision
from tc.errors import InvariantViolation
from tc.store.decisions import decision_line, decision_of, read_decisions
from tc.store.files import digest_file
from tc.store.journal import read_entries, read_lines, scan_journal
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal

DERIVED = "the run is not sealed: its decisions are derived again from the journal"
ALTERED = "decisions.jsonl is not as it was sealed: the decisions are derived again from the journal"
ALTERED_JOURNAL = "journal.jsonl is not as it was sealed: `tc runs verify` says where"
NO_FILE = "decisions.jsonl is missing: the decisions are derived again from the journal"


def whole_entries(run: RunDirectory) -> tuple[Iterator[EventStreamEntry], tuple[str, ...]]:
    """Return the journal's entries with notes; of a run without a seal, whose last line may be torn, every whole one.

    Raises
    ------
    ArtifactError
        The journal is missing or cannot be read.

    """
    if os.path.lexists(run.seal):
        return read_entries(run.journal), ()
    scan = scan_journal(run.journal)
    notes = () if scan.damage is None else (f"journal.jsonl line {scan.damage.line} is damaged: told up to the line before",)
    return islice(read_entries(run.journal), scan.entries), notes


def decisions_of(run: RunDirectory, configuration: CoreConfiguration) -> tuple[Iterator[Decision], tuple[str, ...]]:
    """Return a run's decisions in order, with notes: the recorded ones of a sealed run, else those that the journal leads to."""
    if configuration.gate is None:
        return iter(()), ()
    if not os.path.lexists(run.seal):
        note = DERIVED
    elif not os.path.lexists(run.decisions):
        note = NO_FILE
    elif not _is_as_sealed(run, run.decisions):
        note = ALTERED
    else:
        return read_decisions(run.decisions), ()
    return derived(whole_entries(run)[0], configuration), (note,)


def journal_notes(run: RunDirectory) -> tuple[str, ...]:
    """Return a note when a sealed run's journal was altered: its entries are read without their chain of digests."""
    return () if not os.path.lexists(run.seal) or _is_as_sealed(run, run.journal) else (ALTERED_JOURNAL,)


def _is_as_sealed(run: RunDirectory, file: Path) -> bool:
    sealed = read_seal(run).files.get(file.name)
    return sealed is not None and digest_file(file) == (sealed.sha256, sealed.bytes)


def derived(entries: Iterator[EventStreamEntry], configuration: CoreConfiguration) -> Iterator[Decision]:
    """Yield the decisions that a stream leads to, up to an entry that breaks a rule."""
    state = INITIAL
    for entry in entries:
        try:
            state, decision = step_event_entry(state, entry, configuration=configuration)
        except InvariantViolation:
            return
        if decision is not None:
            yield decision


def compared(run: RunDirectory) -> DecisionComparison:
    """Return what compares derived decisions with a run's decisions.jsonl, if it has one."""
    lines = read_lines(run.decisions) if os.path.lexists(run.decisions) else None
    return DecisionComparison(lines, is_sealed=os.path.lexists(run.seal), encode=decision_line, decode=decision_of)


def digest_now(run: RunDirectory, configuration: CoreConfiguration) -> str:
    """Return the digest of State, hex, where what is whole of a journal ends; empty when an entry breaks a rule."""
    try:
        return state_digest(fold_event_stream_entries(whole_entries(run)[0], configuration=configuration))
    except InvariantViolation:
        return ""
