"""The document that a reconciliation leaves in `ops/`, and what a report says of those that a run has."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from tc.checks.reconcile import Cached, Kind, Verdict
from tc.checks.reconcile.observed.document import Observed

RECONCILIATION_SCHEMA = 1


class FieldDifference(Struct, frozen=True, forbid_unknown_fields=True):
    """A field with another value than expected, both as text."""

    field: str
    expected: str
    actual: str


class ToldRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One order, fill, position or balance that is not as expected.

    Parameters
    ----------
    kind, subject
        What it is, and what names it.
    verdict
        ``missing`` (expected, not observed), ``unexpected`` (observed, not expected), ``differs``; ``matched`` or
        ``unknown`` when only the node's cache differs.
    expected, actual, cache
        In a few words: by the journal, at the venue, in the node's cache where that differs.
    cached
        The same verdict about the node's cache; empty where the cache was not given.
    differences
        The fields that differ.
    note
        What to know of it.

    """

    kind: Kind
    subject: str
    verdict: Verdict
    expected: str
    actual: str
    cached: Cached
    cache: str
    differences: tuple[FieldDifference, ...]
    note: str


class ToldFinding(Struct, frozen=True, forbid_unknown_fields=True):
    """A finding: a word of the closed list, what it is about, what was expected, and what was there."""

    code: str
    subject: str
    expected: str
    actual: str


class ReconciliationDocument(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What reconciling a run once came to.

    Parameters
    ----------
    run_id, tc, at_ns
        The run; the version of tc; the wall clock when it was compared, in nanoseconds since 1970 UTC.
    source, source_name
        ``venue`` and its URL, or ``file`` and its path.
    verdict
        ``clean``, ``found``, or ``unknown`` when nothing was found but something could not be compared.
    position, entries, journal_digest
        How far the journal was folded, and the digest in its last whole line, hex.
    looks
        How often venue and journal were read, since what moves is looked at again.
    in_flight
        How many rows came right in another look, and are left out.
    counts
        How many rows of each kind have each verdict.
    not_compared
        How many closed orders and fills of the journal lie before what the source states.
    invented
        How many fills of the journal were made up when the run's engine was asked to heal, and are not stated by the source.
    unknown
        Why a kind could not be compared.
    findings, rows
        Everything that is not as expected; rows that match are left out.
    notes
        What to know about the journal.
    observed
        What the source said, as ``--observed`` reads it; null when it could not be asked.
    cached_counts
        The same as ``counts``, with the node's cache in the place of the source; empty where there was no cache to compare.
    cached
        What the node's cache held, in the form of ``observed``; null where the run has no running node, or that did not answer.

    """

    schema: int = RECONCILIATION_SCHEMA
    run_id: str
    tc: str
    at_ns: int
    source: Literal["venue", "file"]
    source_name: str
    verdict: Literal["clean", "found", "unknown"]
    position: int
    entries: int
    journal_digest: str
    looks: int
    in_flight: int
    counts: dict[Kind, dict[Verdict, int]]
    not_compared: dict[Kind, int]
    unknown: dict[Kind, str]
    findings: tuple[ToldFinding, ...]
    rows: tuple[ToldRow, ...]
    notes: tuple[str, ...]
    observed: Observed | None
    invented: int = 0
    cached_counts: dict[Kind, dict[Verdict, int]] = {}
    cached: Observed | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that the artifact is."""
        document: dict[str, object] = msgspec.to_builtins(self)
        return document


def compared_metrics(kept: Sequence["KeptReconciliation"], *, is_over: bool) -> dict[str, object]:
    """Return what metrics.json says of the comparisons so far; one that cannot be read counts, and has no verdict."""
    verdicts = [None if each.document is None else each.document.verdict for each in kept]
    return {
        "comparisons": len(verdicts),
        **{verdict: verdicts.count(verdict) for verdict in ("clean", "found", "unknown")},
        "latest": verdicts[-1] if verdicts else None,
        "is_over": is_over,
    }


class KeptReconciliation(Struct, frozen=True):
    """A reconciliation as a run directory keeps it: the artifact's name, and what it holds; None where that cannot be read."""

    artifact: str
    document: ReconciliationDocument | None
