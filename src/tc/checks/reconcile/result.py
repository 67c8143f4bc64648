"""What reconciling came to: one row for each order, fill, position and balance, with its verdict."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from msgspec import Struct

from tc.checks.reconcile.holdings import KINDS, Kind

Verdict = Literal["matched", "missing", "unexpected", "differs", "unknown"]
Cached = Literal["", "matched", "missing", "unexpected", "differs", "unknown"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
FOUND: frozenset[str] = frozenset({"missing", "unexpected", "differs"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A field with another value than expected, both as text."""

    field: str
    expected: str
    actual: str


class Row(Struct, frozen=True, gc=False):
    """One order, fill, position or balance. A Struct, because a book has many thousands.

    Parameters
    ----------
    kind, subject
        What it is, and what names it: an order key, a trade id, an instrument, a currency.
    verdict
        ``matched``, ``missing`` (expected, not observed), ``unexpected`` (observed, not expected), ``differs`` or ``unknown``.
    expected, actual
        The two in a few words; empty where there is none, and where nothing is to be said.
    differences
        The fields that differ.
    cached
        The same verdict about the node's cache in the place of the venue; empty where the cache was not given.
    cache
        What the cache says, in a few words, where it is not what is expected.
    note
        What an operator should know of it.

    """

    kind: Kind
    subject: str
    verdict: Verdict
    expected: str = ""
    actual: str = ""
    differences: tuple[Difference, ...] = ()
    cached: Cached = ""
    cache: str = ""
    note: str = ""

    @property
    def is_found(self) -> bool:
        """Whether it is not as expected, at the venue or in the node's cache."""
        return self.verdict in FOUND or self.cached in FOUND


@dataclass(frozen=True)
class Reconciliation:
    """All rows, and what could not be compared.

    Parameters
    ----------
    rows
        By kind, then by subject.
    unknown
        Why a kind could not be compared at all.
    not_compared
        How many expected closed orders and fills the source does not reach back to.
    invented
        How many expected fills were made up when the run's engine was asked to heal, and are not stated by the source.
    moving
        Kind and subject of amounts that are right by one of several that the journal said meanwhile: that may be chance.

    """

    rows: tuple[Row, ...]
    unknown: Mapping[Kind, str]
    not_compared: Mapping[Kind, int]
    invented: int = 0
    moving: frozenset[tuple[Kind, str]] = frozenset()

    @cached_property
    def told(self) -> tuple[Row, ...]:
        """The rows that are not as expected; what is unknown is told by kind."""
        return tuple(row for row in self.rows if row.is_found)

    @cached_property
    def counts(self) -> Mapping[Kind, Mapping[str, int]]:
        """How many rows of each kind have each verdict."""
        counted = Counter((row.kind, row.verdict) for row in self.rows)
        return {kind: {verdict: counted[kind, verdict] for verdict in VERDICTS} for kind in KINDS}

    @cached_property
    def cached_counts(self) -> Mapping[Kind, Mapping[str, int]]:
        """The same of the node's cache; empty where that was not given."""
        counted = Counter((row.kind, row.cached) for row in self.rows if row.cached)
        return {kind: {verdict: counted[kind, verdict] for verdict in VERDICTS} for kind in KINDS} if counted else {}

    @property
    def verdict(self) -> Literal["clean", "found", "unknown"]:
        """What it comes to: a finding weighs more than what is not known, and that more than what matches."""
        if self.told:
            return "found"
        return "unknown" if self.unknown else "clean"
