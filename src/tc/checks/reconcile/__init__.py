"""Reconciliation: what the journal says a run holds, beside what its venue says; values in, values out."""

from tc.checks.reconcile.book import JournalBook
from tc.checks.reconcile.cached import Life, NodeHoldings, holdings_of_cache, within_life
from tc.checks.reconcile.compare import reconcile
from tc.checks.reconcile.findings import CODES, findings_of
from tc.checks.reconcile.holdings import (
    KINDS,
    HeldBalance,
    HeldFill,
    HeldOrder,
    HeldPosition,
    Holdings,
    Kind,
    Unknown,
    unknown_holdings,
)
from tc.checks.reconcile.left import Aftermath, after_the_end
from tc.checks.reconcile.result import Cached, Difference, Reconciliation, Row, Verdict
from tc.checks.reconcile.settle import is_open, settled

__all__ = [
    "CODES",
    "KINDS",
    "Aftermath",
    "Cached",
    "Difference",
    "HeldBalance",
    "HeldFill",
    "HeldOrder",
    "HeldPosition",
    "Holdings",
    "JournalBook",
    "Kind",
    "Life",
    "NodeHoldings",
    "Reconciliation",
    "Row",
    "Unknown",
    "Verdict",
    "after_the_end",
    "findings_of",
    "holdings_of_cache",
    "is_open",
    "reconcile",
    "settled",
    "unknown_holdings",
    "within_life",
]
