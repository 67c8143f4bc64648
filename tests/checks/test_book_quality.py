"""Findings about a book: its rows, and whether it is crossed after an update, however the rows are cut into pieces."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.checks.book import Book
from tc.checks.book_quality import BookJudge
from tc.checks.finding import Finding
from tc.checks.quality import FINDING_CODES

ADD, UPDATE, DELETE, CLEAR = 1, 2, 3, 4
LAST, SNAPSHOT = 128, 32
START_NS = 1_723_161_256 * 10**9
Row = dict[str, int]
SCHEMA = {
    **dict.fromkeys(("action", "side", "flags"), pl.UInt8),
    **dict.fromkeys(("price", "size"), pl.Int64),
    **dict.fromkeys(("sequence", "ts_event", "ts_init"), pl.UInt64),
}


def row(number: int, action: int, side: int = 0, price: int = 0, size: int = 0, *, flags: int = LAST) -> Row:
    stamps = {"sequence": number, "ts_event": START_NS + number, "ts_init": START_NS + number + 5}
    return {"action": action, "side": side, "flags": flags, "price": price, "size": size, **stamps}


def book() -> list[Row]:
    """Return a book that is all right: a snapshot of two levels, and three updates."""
    return [
        row(0, CLEAR, flags=SNAPSHOT),
        row(0, ADD, 1, 100, 5, flags=SNAPSHOT),
        row(0, ADD, 2, 102, 5, flags=SNAPSHOT | LAST),
        row(1, UPDATE, 1, 101, 4),
        row(2, DELETE, 1, 101),
        row(3, UPDATE, 2, 103, 1),
    ]


def judge(rows: list[Row], *, pieces: int = 1_000, max_gap_ns: int = 10**9) -> tuple[Finding, ...]:
    judged = BookJudge(subject="book X", precisions=(1, 3), max_gap_ns=max_gap_ns)
    for start in range(0, len(rows), pieces):
        judged.take(pl.DataFrame(rows[start : start + pieces], schema=SCHEMA))
    return judged.findings()


def changed(at: int, **changes: int) -> list[Row]:
    rows = book()
    rows[at] |= changes
    return rows


def moved(price: int) -> list[Row]:
    """Return a book whose bid comes to a price and goes again."""
    rows = changed(3, price=price)
    rows[4]["price"] = price
    return rows


def test_nothing_is_wrong_with_a_book_that_is_all_right() -> None:
    assert judge(book()) == ()


@pytest.mark.parametrize(
    ("rows", "code", "where", "actual"),
    [
        (moved(105), "crossed", "row 3", "1 row; first: bid 10.5, ask 10.2, ts_init 2024-08-08T23:54:16.000000006Z"),
        (moved(102), "locked", "row 3", "1 row; first: bid 10.2, ask 10.2, ts_init 2024-08-08T23:54:16.000000006Z"),
        (changed(3, price=0), "price_not_positive", "row 3", "1 row; first: price 0"),
        (changed(5, size=0), "size_not_positive", "row 5", "1 row; first: price 10.3, size 0"),
        (changed(3, size=-1), "size_not_positive", "row 3", "1 row; first: price 10.1, size -0.001"),
        (changed(1, action=DELETE, size=0), "size_not_positive", "row 1", "1 row; first: price 10, size 0"),
        (changed(5, ts_init=START_NS + 6), "order", "row 5", "1 row; first: ts_init 2024-08-08T23:54:16.000000006Z"),
        (changed(5, ts_event=START_NS), "event_order", "row 5", "1 row; first: ts_event 2024-08-08T23:54:16Z"),
        (
            changed(5, ts_event=START_NS + 2_000),
            "received_before_event",
            "row 5",
            "1 row; by up to 0.000001992 s; first: ts_event 2024-08-08T23:54:16.000002Z, ts_init 2024-08-08T23:54:16.000000008Z",
        ),
        (
            changed(5, ts_init=START_NS + 2 * 10**9 + 7),
            "gap",
            "row 5",
            "1 row; the longest gap lasts 2 s; first: ts_init 2024-08-08T23:54:18.000000007Z",
        ),
        (book()[3:], "no_snapshot", "row 0", "1 row; first: ts_init 2024-08-08T23:54:16.000000006Z"),
        (
            [*book(), row(4, CLEAR)],
            "sequence_gap",
            "row 6",
            "1 row; first: sequence 4, ts_init 2024-08-08T23:54:16.000000009Z",
        ),
    ],
)
def test_each_thing_that_is_wrong_is_found_once(rows: list[Row], code: str, where: str, actual: str) -> None:
    for pieces in (1, 2, 1_000):
        (finding,) = judge(rows, pieces=pieces)
        assert (finding.code, finding.subject, finding.actual) == (code, f"book X, {where}", actual)
        assert code in FINDING_CODES


def test_a_book_that_is_crossed_within_an_update_only_is_not_crossed() -> None:
    rows = book()
    rows[3] |= {"price": 102, "flags": 0}
    rows[4] |= {"side": 2, "price": 102}
    assert judge(rows) == ()


def test_updates_after_which_a_book_stays_crossed_are_counted_and_the_first_named() -> None:
    rows = [*changed(3, price=105), *(row(number, UPDATE, 1, 90, number) for number in range(4, 9))]
    rows[4] |= {"action": UPDATE, "price": 91, "size": 1}
    (finding,) = judge(rows, pieces=2)
    assert finding.subject == "book X, rows 3, 4, 5 and 5 more"
    assert finding.actual.startswith("8 rows; first: bid 10.5")


levels = st.tuples(st.sampled_from([ADD, UPDATE, DELETE, CLEAR]), st.integers(1, 2), st.integers(1, 12), st.booleans())


@given(st.lists(levels, min_size=1, max_size=60), st.integers(1, 60))
def test_the_best_prices_are_those_of_the_levels_that_are_there(drawn: list[tuple[int, int, int, bool]], pieces: int) -> None:
    rows = [row(number, *each[:3], 1, flags=LAST * each[3]) for number, each in enumerate(drawn)]
    expected: list[tuple[int | None, int | None]] = []
    sides: tuple[set[int], set[int]] = set(), set()
    for action, side, price, is_last in drawn:
        if action == CLEAR:
            sides[0].clear()
            sides[1].clear()
        elif action == DELETE:
            sides[side - 1].discard(price)
        else:
            sides[side - 1].add(price)
        if is_last:
            expected.append((max(sides[0], default=None), min(sides[1], default=None)))
    folded = Book()
    found = [
        tuple(top[1:])
        for start in range(0, len(rows), pieces)
        for top in folded.tops(pl.DataFrame(rows[start : start + pieces], schema=SCHEMA)).rows()
    ]
    assert found == expected
    assert (set(folded.bids), set(folded.asks)) == sides


def test_a_book_whose_levels_come_and_go_does_not_grow() -> None:
    folded = Book()
    rows = [row(0, ADD, 1, 10_000, 1)]
    for number in range(1, 4_000):
        rows += [row(number, ADD, 1, number, 1), row(number, DELETE, 1, number)]
    tops = folded.tops(pl.DataFrame(rows, schema=SCHEMA))
    assert tops["bid"].unique().to_list() == [10_000]
    assert len(folded._bids.heap) < 2_000


def test_prices_are_shown_in_the_instruments_decimals() -> None:
    (finding,) = judge(moved(1_234_567))
    assert f"bid {Decimal('123456.7')}" in finding.actual
