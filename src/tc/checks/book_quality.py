"""Judging a book: its rows, and the book that they make, batch by batch.

The frames have the columns of the catalog's deltas, prices and sizes as whole numbers of the smallest unit. What the codes of the
findings mean is listed with those of other rows in `quality`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from tc.checks.book import CLEAR, DELETE, SNAPSHOT, Book
from tc.checks.finding import Finding
from tc.checks.quality import ROWS_NAMED, rows_finding, seconds, shown_first


@dataclass(frozen=True, slots=True)
class _Rule:
    code: str
    expected: str
    broken: pl.Expr
    shown: tuple[str, ...]
    measure: pl.Expr | None = None
    note: Callable[[int], str] = lambda _: ""


@dataclass(slots=True)
class _Tally:
    """What was found so far under one rule: how many rows, the first of them, and the most that was measured."""

    count: int = 0
    rows: list[int] = field(default_factory=list)
    first: str = ""
    most: int = 0


_ACTION, _FLAGS, _SIZE = pl.col("action"), pl.col("flags"), pl.col("size")
_EVENT, _INIT = pl.col("ts_event"), pl.col("ts_init")
_LEVEL, _IN_SNAPSHOT = _ACTION != CLEAR, (_FLAGS & SNAPSHOT) != 0
_LATENESS = _EVENT - _INIT


class BookJudge:
    """Takes the rows of a book in pieces, at least one, and gives the findings at the end.

    Parameters
    ----------
    subject
        What to call the rows in findings.
    precisions
        The decimal places of prices and of sizes.
    max_gap_ns
        How long it may be between two rows, by `ts_init`.

    """

    def __init__(self, *, subject: str, precisions: tuple[int, int], max_gap_ns: int) -> None:
        self._subject = subject
        self._precisions = precisions
        self._rules = _rules(max_gap_ns)
        self._tallies = {rule.code: _Tally() for rule in self._rules}
        self._book = Book()
        self._before = 0
        self._last: tuple[int, int] | None = None

    def take(self, deltas: pl.DataFrame) -> None:
        """Judge the next rows."""
        frame = deltas.with_columns(_EVENT.cast(pl.Int64), _INIT.cast(pl.Int64))
        last_event, last_init = self._last or (frame["ts_event"][0], frame["ts_init"][0])
        numbers = pl.int_range(self._before, self._before + frame.height, dtype=pl.Int64).alias("row")
        tops = self._book.tops(frame).with_columns(pl.col("row") + self._before)
        known = frame.with_columns(
            numbers,
            _EVENT.diff().fill_null(frame["ts_event"][0] - last_event).alias("step"),
            _INIT.diff().fill_null(frame["ts_init"][0] - last_init).alias("silence"),
        ).join(tops, on="row", how="left", maintain_order="left")
        for rule in self._rules:
            broken = known.filter(rule.broken)
            if broken.height:
                self._count(rule, broken)
        self._before += frame.height
        self._last = frame["ts_event"][-1], frame["ts_init"][-1]

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found in all rows."""
        return tuple(
            rows_finding(
                rule.code,
                subject=self._subject,
                expected=rule.expected,
                count=tally.count,
                rows=tally.rows,
                texts=(rule.note(tally.most), tally.first),
            )
            for rule in self._rules
            if (tally := self._tallies[rule.code]).count
        )

    def _count(self, rule: _Rule, broken: pl.DataFrame) -> None:
        tally = self._tallies[rule.code]
        if not tally.count:
            tally.first = shown_first(self._readable(broken.row(0, named=True)), rule.shown)
        tally.count += broken.height
        tally.rows += broken["row"].head(ROWS_NAMED - len(tally.rows)).to_list()
        if rule.measure is not None:
            tally.most = max(tally.most, broken.select(rule.measure.max()).item())

    def _readable(self, row: dict[str, int]) -> dict[str, object]:
        price, size = self._precisions
        places = {"price": price, "bid": price, "ask": price, "size": size}
        return {
            name: Decimal(value).scaleb(-places[name]) if name in places and value is not None else value
            for name, value in row.items()
        }


def _rules(max_gap_ns: int) -> tuple[_Rule, ...]:
    bid, ask = pl.col("bid"), pl.col("ask")
    stamps = ("ts_event", "ts_init")
    taken_away = (_ACTION == DELETE) & _IN_SNAPSHOT
    return (
        _Rule("order", "rows in the order in which they were received", pl.col("silence") < 0, ("ts_init",)),
        _Rule("event_order", "rows in the order in which they happened", pl.col("step") < 0, ("ts_event",)),
        _Rule(
            "received_before_event",
            "ts_init at or after ts_event",
            _INIT < _EVENT,
            stamps,
            _LATENESS,
            lambda most: f"by up to {seconds(most)}",
        ),
        _Rule(
            "gap",
            f"a row at least every {seconds(max_gap_ns)}",
            pl.col("silence") > max_gap_ns,
            ("ts_init",),
            pl.col("silence"),
            lambda most: f"the longest gap lasts {seconds(most)}",
        ),
        _Rule("no_snapshot", "a snapshot before the first update", (pl.col("row") == 0) & ~_IN_SNAPSHOT, ("ts_init",)),
        _Rule("sequence_gap", "every update of the book", (_ACTION == CLEAR) & ~_IN_SNAPSHOT, ("sequence", "ts_init")),
        _Rule("price_not_positive", "prices above zero", _LEVEL & (pl.col("price") <= 0), ("price",)),
        _Rule(
            "size_not_positive", "sizes above zero", (_LEVEL & (_ACTION != DELETE) & (_SIZE <= 0)) | taken_away, ("price", "size")
        ),
        _Rule("crossed", "best bid below best ask", bid > ask, ("bid", "ask", "ts_init")),
        _Rule("locked", "best bid below best ask", bid == ask, ("bid", "ask", "ts_init")),
    )
