"""What reconciling found, as findings: one for each row that is not as expected."""

from collections.abc import Mapping

from tc.checks.finding import Finding
from tc.checks.reconcile.holdings import Kind
from tc.checks.reconcile.result import FOUND, Reconciliation, Row

_ONE: Mapping[Kind, str] = {"orders": "order", "fills": "fill", "positions": "position", "balances": "balance"}

CODES: Mapping[str, str] = {
    "order_missing": "the journal has an order that the venue has not",
    "order_unexpected": "the venue has an order that is none of this run's: an EXTERNAL one, or one that the journal lost",
    "order_differs": "an order is another at the venue than in the journal; the fields are named",
    "fill_missing": "the journal has a fill that the venue does not state",
    "fill_unexpected": "the venue states a fill that the journal has not",
    "fill_differs": "a fill is another at the venue than in the journal; the fields are named",
    "position_missing": "the journal has a position where the venue is flat",
    "position_unexpected": "the venue has a position where the journal is flat",
    "position_differs": "a position has another quantity at the venue than in the journal",
    "balance_missing": "the journal has a balance in a currency of which the venue states none",
    "balance_unexpected": "the venue states a balance in a currency of which the journal has none",
    "balance_differs": "a balance is another at the venue than in the journal",
    "cache_differs": "the node's cache holds something else than the journal, and the venue does not contradict the journal",
}
"""Every code that reconciling can report, and what it means: the closed list."""

ABSENT: Mapping[Kind, str] = {"orders": "no such order", "fills": "no such fill", "positions": "flat", "balances": "none"}


def findings_of(reconciliation: Reconciliation) -> tuple[Finding, ...]:
    """Return a finding for each row that is not as expected; what is unknown is none."""
    return tuple(map(_finding, reconciliation.told))


def _finding(row: Row) -> Finding:
    absent, subject = ABSENT[row.kind], f"{_ONE[row.kind]} {row.subject}"
    if row.verdict not in FOUND:
        return Finding("cache_differs", subject, row.expected or absent, f"in the cache {row.cache or absent}")
    if row.differences:
        expected = ", ".join(f"{each.field} {each.expected}" for each in row.differences)
        actual = ", ".join(f"{each.field} {each.actual}" for each in row.differences)
    else:
        expected, actual = row.expected or absent, row.actual or absent
    return Finding(f"{_ONE[row.kind]}_{row.verdict}", subject, expected, actual)
