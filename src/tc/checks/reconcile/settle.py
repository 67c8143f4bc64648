"""Several looks at what moves: what came right in one of them was in flight, and what was wrong in all of them is found."""

from collections.abc import Sequence
from dataclasses import replace

from tc.checks.reconcile.result import Reconciliation, Row


def settled(looks: Sequence[Reconciliation]) -> tuple[Reconciliation, int]:
    """Return the last look without the rows that were right in another one, and how many those are.

    Journal and venue are never read at the same instant: while a run trades, something is always on its way between them. An
    order in flight comes right a moment later; a real difference stays.
    """
    last = looks[-1]
    always = set.intersection(*({_name(row) for row in look.told} for look in looks))
    kept = tuple(row for row in last.rows if not row.is_found or _name(row) in always)
    return replace(last, rows=kept), len(last.rows) - len(kept)


def _name(row: Row) -> tuple[str, str]:
    return row.kind, row.subject
