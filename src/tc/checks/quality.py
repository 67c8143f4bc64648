"""Judging market data: what in the rows of a dataset no venue should have sent, or no recorder should have lost.

A finding is something that should not be there. Normal things are none: several trades or quotes at one stamp, a bar without
volume, prices that jump. Rows are numbered from 0 within their part. The frames have the columns of the catalog, prices and sizes
as decimals, stamps as unsigned nanoseconds; they have at least one row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from tc.checks.finding import Finding
from tc.spec.grammar import format_instant

ROWS_NAMED = 3
"""How many rows a finding names; it counts all."""

FINDING_CODES = {
    "order": "a row was received before the row above it",
    "event_order": "a row happened before the row above it",
    "received_before_event": "a row was received before it happened: one of the two clocks is wrong",
    "duplicate": "a row is exactly the same as one above it",
    "gap": "bars are missing, or no trade, quote or book update came for longer than allowed",
    "overlap": "a bar begins before the bar above it has ended",
    "repeated_stamp": "two different bars end at the same time",
    "repeated_trade_id": "two different trades have the same id",
    "price_not_positive": "a price is zero or negative",
    "size_not_positive": "a size is zero or negative (a bar's volume may be zero; an update of a book may take a level away)",
    "ohlc": "a bar's high is not its highest price, or its low not its lowest",
    "crossed": "a quote's bid is above its ask, or a book's best bid above its best ask after an update",
    "locked": "a quote's bid equals its ask, or a book's best bid its best ask after an update",
    "sequence_gap": "an update of the book is missing, and nothing is known of the book until the next snapshot",
    "no_snapshot": "a book begins with updates: what else was in it is unknown",
}
"""Every code that a finding can have, and what it says."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Rows for which `broken` holds are reported under `code`: the `shown` columns of the first, a `note` on all."""

    code: str
    expected: str
    broken: pl.Expr
    shown: tuple[str, ...]
    note: Callable[[pl.DataFrame], str] = lambda _: ""


def _clock_note(frame: pl.DataFrame) -> str:
    return f"by up to {seconds(frame.select((_EVENT.cast(pl.Int64) - _INIT.cast(pl.Int64)).max()).item())}"


_INIT, _EVENT = pl.col("ts_init"), pl.col("ts_event")
_STEP, _SILENCE = _EVENT.cast(pl.Int64).diff(), _INIT.cast(pl.Int64).diff()
_REPEATED = pl.col("is_repeated")
_COMMON = (
    _Rule("order", "rows in the order in which they were received", _SILENCE < 0, ("ts_init",)),
    _Rule("event_order", "rows in the order in which they happened", _STEP < 0, ("ts_event",)),
    _Rule("received_before_event", "ts_init at or after ts_event", _INIT < _EVENT, ("ts_event", "ts_init"), _clock_note),
    _Rule("duplicate", "every row once", _REPEATED, ("ts_init",)),
)
_OHLC = ("open", "high", "low", "close")
_HIGH, _LOW, _ENDS = pl.col("high"), pl.col("low"), (pl.col("open"), pl.col("close"))
_BARS = (
    *_COMMON,
    _Rule("repeated_stamp", "one bar for each interval", (_STEP == 0) & _REPEATED.not_(), _OHLC),
    _Rule("price_not_positive", "prices above zero", pl.any_horizontal(pl.col(*_OHLC) <= 0), _OHLC),
    _Rule("size_not_positive", "a volume of zero or more", pl.col("volume") < 0, ("volume",)),
    _Rule(
        "ohlc",
        "low at or below, high at or above open and close",
        pl.any_horizontal(*(end > _HIGH for end in _ENDS), *(end < _LOW for end in _ENDS)),
        _OHLC,
    ),
)
_TRADES = (
    *_COMMON,
    _Rule(
        "repeated_trade_id",
        "every trade id once",
        pl.col("trade_id").is_first_distinct().not_() & _REPEATED.not_(),
        ("trade_id",),
    ),
    _Rule("price_not_positive", "prices above zero", pl.col("price") <= 0, ("price",)),
    _Rule("size_not_positive", "sizes above zero", pl.col("size") <= 0, ("size",)),
)
_BID, _ASK = pl.col("bid_price"), pl.col("ask_price")
_PRICES, _SIZES = ("bid_price", "ask_price"), ("bid_size", "ask_size")
_QUOTES = (
    *_COMMON,
    _Rule("price_not_positive", "prices above zero", (_BID <= 0) | (_ASK <= 0), _PRICES),
    _Rule("size_not_positive", "sizes above zero", pl.any_horizontal(pl.col(*_SIZES) <= 0), _SIZES),
    _Rule("crossed", "bid below ask", _BID > _ASK, _PRICES),
    _Rule("locked", "bid below ask", _BID == _ASK, _PRICES),
)


def check_bars(bars: pl.DataFrame, *, subject: str, interval_ns: int) -> tuple[Finding, ...]:
    """Judge bars, stamped at their close.

    Parameters
    ----------
    bars
        Columns `open`, `high`, `low`, `close`, `volume`, `ts_event`, `ts_init`.
    subject
        What to call them in findings.
    interval_ns
        How long a bar lasts; they should follow each other without a gap.

    """
    missing = (_STEP - 1) // interval_ns

    def note(bars: pl.DataFrame) -> str:
        return f"{bars.select(missing.filter(missing > 0).sum()).item()} bars are missing"

    every = f"a bar every {seconds(interval_ns)}"
    steps = (
        _Rule("overlap", every, _STEP.is_between(1, interval_ns - 1), ("ts_event",)),
        _Rule("gap", every, _STEP.gt(interval_ns), ("ts_event",), note),
    )
    return _broken(bars, (*_BARS, *steps), subject)


def check_trades(trades: pl.DataFrame, *, subject: str, max_gap_ns: int) -> tuple[Finding, ...]:
    """Judge trades: columns `price`, `size`, `aggressor_side`, `trade_id`, `ts_event`, `ts_init`; see `check_quotes`."""
    return _broken(trades, (*_TRADES, _silence(max_gap_ns)), subject)


def check_quotes(quotes: pl.DataFrame, *, subject: str, max_gap_ns: int) -> tuple[Finding, ...]:
    """Judge quotes.

    Parameters
    ----------
    quotes
        Columns `bid_price`, `ask_price`, `bid_size`, `ask_size`, `ts_event`, `ts_init`.
    subject
        What to call them in findings.
    max_gap_ns
        How long it may be between two rows, by `ts_init`.

    """
    return _broken(quotes, (*_QUOTES, _silence(max_gap_ns)), subject)


def _silence(max_gap_ns: int) -> _Rule:
    def note(frame: pl.DataFrame) -> str:
        return f"the longest gap lasts {seconds(frame.select(_SILENCE.max()).item())}"

    return _Rule("gap", f"a row at least every {seconds(max_gap_ns)}", _SILENCE.gt(max_gap_ns), ("ts_init",), note)


def _broken(frame: pl.DataFrame, rules: Sequence[_Rule], subject: str) -> tuple[Finding, ...]:
    known = frame.with_columns(_repeated(frame).alias("is_repeated"))
    masks = known.select(rule.broken.fill_null(value=False).alias(rule.code) for rule in rules)
    return tuple(_finding(frame, rule, masks[rule.code].arg_true(), subject) for rule in rules if masks[rule.code].any())


def _repeated(frame: pl.DataFrame) -> pl.Series:
    """Return which rows equal one above them; only rows of equal stamps are compared, which are few."""
    rows = frame.with_row_index("row").filter(_INIT.is_duplicated())
    repeated = rows.filter(pl.struct(pl.exclude("row")).is_first_distinct().not_())["row"]
    mask = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
    return mask.scatter(repeated, values=True)


def _finding(frame: pl.DataFrame, rule: _Rule, rows: pl.Series, subject: str) -> Finding:
    first = frame.row(rows[0], named=True)
    return rows_finding(
        rule.code,
        subject=subject,
        expected=rule.expected,
        count=len(rows),
        rows=rows.head(ROWS_NAMED).to_list(),
        texts=(rule.note(frame), shown_first(first, rule.shown)),
    )


def rows_finding(
    code: str, *, subject: str, expected: str, count: int, rows: Sequence[int], texts: Sequence[str], noun: str = "row"
) -> Finding:
    """Return the finding for so many rows, of which the first are named; empty texts are left out."""
    named = noun if count == 1 else f"{noun}s"
    more = f" and {count - len(rows)} more" if count > len(rows) else ""
    return Finding(
        code=code,
        subject=f"{subject}, {named} {', '.join(map(str, rows))}{more}",
        expected=expected,
        actual="; ".join((f"{count} {named}", *filter(None, texts))),
    )


def shown_first(row: Mapping[str, object], columns: Sequence[str]) -> str:
    """Return some columns of the first row as a text for people."""
    return "first: " + ", ".join(f"{column} {_shown(column, row[column])}" for column in columns)


def _shown(column: str, value: object) -> str:
    if column in {"ts_event", "ts_init"}:
        return format_instant(int(str(value)))
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def seconds(duration_ns: int) -> str:
    """Return a duration in seconds, exactly."""
    return f"{(Decimal(duration_ns) / 10**9).normalize():f} s"
