"""Several looks at what moves: what stays wrong is found, and what was on its way between them is not."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from tc.checks.reconcile.holdings import Kind
from tc.checks.reconcile.result import Reconciliation, Row

Subject = tuple[Kind, str]
Said = tuple[set[Subject], set[Subject]]
"""What a look says is wrong, and about what it says nothing."""

ENOUGH = 3
"""So many looks at what was right once, and is wrong since, say that it stays so."""


def settled(looks: Sequence[Reconciliation]) -> tuple[Reconciliation, int]:
    """Return the last look with the rows that stand, and how many others are left out as having been in flight.

    The looks at a row count from the last one in which it was right: that says nothing of what became of it. A row stands that
    was wrong in most of them, where they are all that there were, or `ENOUGH`. A look says nothing about an amount that was
    right by one of several that the journal said meanwhile; nor, when the source knew fills that the journal had not taken yet,
    about anything but fills: then the journal was behind.
    """
    last = looks[-1]
    standing = standing_rows(looks)
    kept = [standing.get(_name(row), row) for row in last.rows if not row.is_found or _name(row) in standing]
    names = {_name(row) for row in last.rows}
    kept += [row for name, row in standing.items() if name not in names]
    return replace(last, rows=tuple(kept)), sum(row.is_found and _name(row) not in standing for row in last.rows)


def is_open(looks: Sequence[Reconciliation], most: int) -> bool:
    """Return whether something is wrong that was looked at less than ``most`` times since it was right: it may come right."""
    wrong, said = _looks(looks)
    since = (_since_right(name, said) for name in set().union(*wrong))
    return any(each and len(each) < most for each in since)


def standing_rows(looks: Sequence[Reconciliation]) -> dict[Subject, Row]:
    """Return the rows that stand after these looks, each as it was last wrong."""
    wrong, said = _looks(looks)
    rows = {name: row for told in wrong for name, row in told.items()}
    return {name: row for name, row in rows.items() if _stands(_since_right(name, said), len(looks))}


def _looks(looks: Sequence[Reconciliation]) -> tuple[list[dict[Subject, Row]], list[Said]]:
    """Return the rows that are wrong in each look, and what it says by them."""
    wrong = [{_name(row): row for row in look.told} for look in looks]
    lost = {name for name in wrong[-1] if name[0] == "fills" and _is_lost(name, wrong)}
    said = [_said(look, told, lost) for look, told in zip(looks, wrong, strict=True)]
    return wrong, said


def _is_lost(name: Subject, wrong: Sequence[dict[Subject, Row]]) -> bool:
    times = sum(1 for _ in takewhile(lambda told: name in told, reversed(wrong)))
    return times == len(wrong) or times >= ENOUGH


def _said(look: Reconciliation, told: dict[Subject, Row], lost: set[Subject]) -> Said:
    """Return what a look says is wrong, and about what it says nothing."""
    is_behind = any(row.verdict == "unexpected" and name[0] == "fills" and name not in lost for name, row in told.items())
    doubtful = {name for name in told if is_behind and name[0] != "fills"}
    return told.keys() - doubtful, doubtful | (look.moving - told.keys())


def _since_right(name: Subject, said: Sequence[Said]) -> list[bool]:
    """Return of each look since the last in which it was right, the latest first, whether it was wrong, and not only doubtful."""
    told = takewhile(lambda each: name in each[0] or name in each[1], reversed(said))
    return [name in wrong for wrong, _ in told]


def _stands(since_right: Sequence[bool], looks: int) -> bool:
    is_long = len(since_right) == looks or len(since_right) >= ENOUGH
    return is_long and sum(since_right) * 2 > len(since_right)


def _name(row: Row) -> Subject:
    return row.kind, row.subject
