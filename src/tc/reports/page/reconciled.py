"""What reconciliations of a run found: the latest one's findings, and a row for each; and which of them are still to come."""

from collections.abc import Sequence
from typing import Literal

from tc.checks.reconcile.result import FOUND
from tc.reports.page.content import Column, Section, Table
from tc.reports.page.words import NONE, count, exact, utc
from tc.reports.reconciliation import KeptReconciliation, ReconciliationDocument

ROWS_KEPT = 50
"""So many findings are shown; the artifact has all."""

_VERDICTS = {"clean": "as the journal says", "found": "not as the journal says", "unknown": "unknown"}
_NOTE = "What the journal says that the run holds, compared with what its venue or a document says; with no tolerance."
_KEPT = "Each is kept in full in ops/reconciliation-NNNN.json."
_TO_COME = (
    "The comparison at the run's end comes after this report was sealed with the run, and is not in it: ops/ keeps it, and "
    "tc runs report shows it."
)
_NEVER = "The run was never compared with its venue."
_TO_THE_SECOND = len("2026-11-21 09:22:45")


def reconciled(kept: Sequence[KeptReconciliation], *, comparing: Literal["none", "open", "over"] = "none") -> Section:
    """Return a row for each reconciliation, in order; of a run that traded on a venue also what is to come, or is missing."""
    columns = (
        Column("No.", "code"),
        Column("Verdict"),
        Column("Findings", "number"),
        Column("At (UTC)", "time"),
        Column("Compared with"),
        Column("Up to position", "number"),
        Column("Node's cache"),
    )
    table = Table("reconciliations", "Comparisons", columns, tuple(map(_row, kept)), _KEPT, is_wide=True)
    missing = {"none": "", "open": _TO_COME, "over": "" if kept else _NEVER}[comparing]
    note = " ".join(each for each in (_NOTE if kept else "", missing) if each)
    return Section("reconciliation", "Reconciliation", (table,) if kept else (), note)


def mismatches(kept: Sequence[KeptReconciliation]) -> Table:
    """Return what the latest reconciliation found, or could not learn; no rows when it was clean, or there was none."""
    columns = (Column("Finding", "code"), Column("Subject"), Column("By the journal"), Column("As observed"))
    document = kept[-1].document if kept else None
    if document is None:
        return Table("mismatches", "", columns, ())
    rows = [(each.code, each.subject, each.expected, each.actual) for each in document.findings[:ROWS_KEPT]]
    rows += [("unknown", kind, "", reason) for kind, reason in document.unknown.items()]
    hidden = len(document.findings) - ROWS_KEPT
    note = f"and {exact(hidden)} more in ops/{kept[-1].artifact}" if hidden > 0 else ""
    return Table("mismatches", "The latest reconciliation", columns, tuple(rows), note, is_wide=True, has_sentences=True)


def _row(kept: KeptReconciliation) -> tuple[str, ...]:
    document, number = kept.document, kept.artifact.removeprefix("reconciliation-").removesuffix(".json")
    if document is None:
        return (number, "cannot be read", NONE, NONE, NONE, NONE, NONE)
    return (
        number,
        _VERDICTS[document.verdict] + (f"; {count(document.invented, 'fill')} invented" if document.invented else ""),
        exact(len(document.findings)),
        utc(document.at_ns)[:_TO_THE_SECOND],
        f"{document.source} {document.source_name}",
        exact(document.position),
        _cache(document),
    )


def _cache(document: ReconciliationDocument) -> str:
    """Return how the node's cache compared; nothing where it was not told."""
    if document.cached is None:
        return NONE
    found = (number for counts in document.cached_counts.values() for verdict, number in counts.items() if verdict in FOUND)
    wrong = sum(found)
    return f"{exact(wrong)} wrong" if wrong else "as the journal says"
