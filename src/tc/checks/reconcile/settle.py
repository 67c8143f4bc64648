"""Several looks at what moves: what stays wrong in all of them is found, and what was on its way between them is not."""

from collections.abc import Sequence
from dataclasses import replace

from tc.checks.reconcile.holdings import Kind
from tc.checks.reconcile.result import Reconciliation, Row

Subject = tuple[Kind, str]
Said = tuple[set[Subject], set[Subject]]
"""What a look says is wrong, and about what it says nothing."""


def settled(looks: Sequence[Reconciliation]) -> tuple[Reconciliation, int]:
    """Return the last look with the rows that stand, and how many others are left out as having been in flight.

    A row stands that was right in no look, and wrong in most of them. A look says nothing about an amount that was right by one
    of several that the journal said meanwhile; nor, when the source knew fills that the journal had not taken yet, about anything
    but fills: then the journal was behind.
    """
    last = looks[-1]
    standing = standing_rows(looks)
    kept = [standing.get(_name(row), row) for row in last.rows if not row.is_found or _name(row) in standing]
    names = {_name(row) for row in last.rows}
    kept += [row for name, row in standing.items() if name not in names]
    return replace(last, rows=tuple(kept)), sum(row.is_found and _name(row) not in standing for row in last.rows)


def is_open(looks: Sequence[Reconciliation]) -> bool:
    """Return whether something was wrong that was right in no look: another look may show it to be right."""
    wrong, said = _looks(looks)
    return any(all(name in is_wrong or name in is_doubtful for is_wrong, is_doubtful in said) for told in wrong for name in told)


def standing_rows(looks: Sequence[Reconciliation]) -> dict[Subject, Row]:
    """Return the rows that stand after these looks, each as it was last wrong."""
    wrong, said = _looks(looks)
    rows = {name: row for told in wrong for name, row in told.items()}
    return {name: row for name, row in rows.items() if _stands(name, said)}


def _looks(looks: Sequence[Reconciliation]) -> tuple[list[dict[Subject, Row]], list[Said]]:
    """Return the rows that are wrong in each look, and what it says by them."""
    wrong = [{_name(row): row for row in look.told} for look in looks]
    lost = {name for name in wrong[-1] if name[0] == "fills" and all(name in told for told in wrong)}
    said = [_said(look, told, lost) for look, told in zip(looks, wrong, strict=True)]
    return wrong, said


def _said(look: Reconciliation, told: dict[Subject, Row], lost: set[Subject]) -> Said:
    """Return what a look says is wrong, and about what it says nothing."""
    is_behind = any(row.verdict == "unexpected" and name[0] == "fills" and name not in lost for name, row in told.items())
    doubtful = {name for name in told if is_behind and name[0] != "fills"}
    return told.keys() - doubtful, doubtful | (look.moving - told.keys())


def _stands(name: Subject, said: Sequence[Said]) -> bool:
    wrong = sum(name in each for each, _ in said)
    doubtful = sum(name in each for _, each in said)
    return wrong + doubtful == len(said) and wrong > doubtful


def _name(row: Row) -> Subject:
    return row.kind, row.subject
