"""Findings about market data: each thing that is wrong is found once, and what is normal never."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tc.checks.finding import Finding
from tc.checks.quality import FINDING_CODES, check_bars, check_quotes, check_trades

MINUTE_NS = 60 * 10**9
START_NS = 1_680_307_200 * 10**9
PRICE = pl.Decimal(38, 16)
STAMPS = {"ts_event": pl.UInt64, "ts_init": pl.UInt64}
Row = dict[str, object]


def bars(*changes: Row, count: int = 5) -> pl.DataFrame:
    """Return bars that are all right, with changes by row."""
    rows: list[Row] = [
        {
            "open": Decimal("5.5"),
            "high": Decimal("5.8"),
            "low": Decimal("5.1"),
            "close": Decimal("5.6"),
            "volume": Decimal(100),
            "ts_event": START_NS + number * MINUTE_NS,
            "ts_init": START_NS + number * MINUTE_NS,
        }
        for number in range(count)
    ]
    return frame(rows, changes, dict.fromkeys(("open", "high", "low", "close", "volume"), PRICE))


def trades(*changes: Row, count: int = 5) -> pl.DataFrame:
    rows: list[Row] = [
        {
            "price": Decimal("61800.3"),
            "size": Decimal("0.006"),
            "aggressor_side": 1,
            "trade_id": str(number),
            "ts_event": START_NS + number,
            "ts_init": START_NS + number + 5,
        }
        for number in range(count)
    ]
    return frame(rows, changes, {"price": PRICE, "size": PRICE, "aggressor_side": pl.UInt8, "trade_id": pl.String})


def quotes(*changes: Row, count: int = 5) -> pl.DataFrame:
    rows: list[Row] = [
        {
            "bid_price": Decimal("61800.2"),
            "ask_price": Decimal("61800.3"),
            "bid_size": Decimal(2),
            "ask_size": Decimal(3),
            "ts_event": START_NS + number,
            "ts_init": START_NS + number + 5,
        }
        for number in range(count)
    ]
    return frame(rows, changes, dict.fromkeys(("bid_price", "ask_price", "bid_size", "ask_size"), PRICE))


def frame(rows: list[Row], changes: tuple[Row, ...], schema: dict[str, object]) -> pl.DataFrame:
    for change in changes:
        changed = dict(change)
        rows[int(str(changed.pop("row")))].update(changed)
    return pl.DataFrame(rows, schema={**schema, **STAMPS})


def judge_bars(*changes: Row, count: int = 5) -> tuple[Finding, ...]:
    return check_bars(bars(*changes, count=count), subject="bars X", interval_ns=MINUTE_NS)


def judge_trades(*changes: Row, count: int = 5) -> tuple[Finding, ...]:
    return check_trades(trades(*changes, count=count), subject="trades X", max_gap_ns=MINUTE_NS)


def judge_quotes(*changes: Row, count: int = 5) -> tuple[Finding, ...]:
    return check_quotes(quotes(*changes, count=count), subject="quotes X", max_gap_ns=MINUTE_NS)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_nothing_is_found_where_nothing_is_wrong(count: int) -> None:
    assert judge_bars(count=count) == judge_trades(count=count) == judge_quotes(count=count) == ()


def test_what_is_normal_is_no_finding() -> None:
    assert judge_bars({"row": 2, "volume": Decimal(0)}) == ()
    assert judge_bars({"row": 2, **dict.fromkeys(("open", "high", "low", "close"), Decimal(900))}) == ()
    assert judge_trades({"row": 1, "ts_event": START_NS, "ts_init": START_NS + 5}) == ()
    assert judge_trades({"row": 0, "ts_init": START_NS}) == ()
    assert judge_quotes({"row": 4, "ts_init": START_NS + 3 + 5 + MINUTE_NS}) == ()
    same_moment = {"ts_event": START_NS, "ts_init": START_NS + 5}
    assert judge_quotes({"row": 1, **same_moment, "bid_price": Decimal(1)}) == ()


def test_bars_that_are_missing_are_counted() -> None:
    later = START_NS + 9 * MINUTE_NS
    (finding,) = judge_bars(
        {"row": 3, "ts_event": later, "ts_init": later},
        {"row": 4, "ts_event": later + 2 * MINUTE_NS, "ts_init": later + 2 * MINUTE_NS},
    )
    assert finding == Finding(
        code="gap",
        subject="bars X, rows 3, 4",
        expected="a bar every 60 s",
        actual="2 rows; 7 bars are missing; first: ts_event 2023-04-01T00:09:00Z",
    )


def test_a_bar_that_begins_before_the_last_one_ends_overlaps() -> None:
    (finding,) = judge_bars({"row": 4, "ts_event": START_NS + 3 * MINUTE_NS + 1, "ts_init": START_NS + 3 * MINUTE_NS + 1})
    assert (finding.code, finding.subject) == ("overlap", "bars X, row 4")


def test_two_different_bars_of_one_minute_are_found() -> None:
    same = {"ts_event": START_NS + 3 * MINUTE_NS, "ts_init": START_NS + 3 * MINUTE_NS}
    assert codes(judge_bars({"row": 4, **same, "close": Decimal("5.2")})) == ["repeated_stamp"]
    assert codes(judge_bars({"row": 4, **same})) == ["duplicate"]


@pytest.mark.parametrize(
    "prices",
    [("5.9", "5.8", "5.1", "5.6"), ("5.5", "5.8", "5.1", "5.9"), ("5.0", "5.8", "5.1", "5.6"), ("5.5", "5.8", "5.1", "5.0")],
)
def test_an_open_or_close_outside_low_and_high_is_found(prices: tuple[str, ...]) -> None:
    changed = dict(zip(("open", "high", "low", "close"), map(Decimal, prices), strict=True))
    (finding,) = judge_bars({"row": 1, **changed})
    assert (finding.code, finding.subject) == ("ohlc", "bars X, row 1")
    assert finding.actual == f"1 row; first: {', '.join(f'{name} {value.normalize():f}' for name, value in changed.items())}"


def test_a_high_below_the_low_is_found() -> None:
    assert codes(judge_bars({"row": 1, "high": Decimal("5.0")})) == ["ohlc"]


@pytest.mark.parametrize("value", ["0", "-0.0001"])
def test_prices_and_sizes_of_zero_or_less_are_found(value: str) -> None:
    zero = Decimal(value)
    assert codes(judge_bars({"row": 0, **dict.fromkeys(("open", "low"), zero)})) == ["price_not_positive"]
    assert codes(judge_trades({"row": 0, "price": zero})) == ["price_not_positive"]
    assert codes(judge_trades({"row": 0, "size": zero})) == ["size_not_positive"]
    assert codes(judge_quotes({"row": 0, "bid_price": zero})) == ["price_not_positive"]
    assert codes(judge_quotes({"row": 0, "ask_price": zero})) == ["price_not_positive", "crossed"]
    assert codes(judge_quotes({"row": 0, "bid_size": zero})) == ["size_not_positive"]
    assert codes(judge_quotes({"row": 0, "ask_size": zero})) == ["size_not_positive"]


def test_a_negative_volume_is_found() -> None:
    assert codes(judge_bars({"row": 0, "volume": Decimal(-1)})) == ["size_not_positive"]


def test_crossed_and_locked_quotes_are_told_apart() -> None:
    findings = judge_quotes({"row": 1, "bid_price": Decimal("61800.4")}, {"row": 3, "bid_price": Decimal("61800.3")})
    assert [(finding.code, finding.subject, finding.actual) for finding in findings] == [
        ("crossed", "quotes X, row 1", "1 row; first: bid_price 61800.4, ask_price 61800.3"),
        ("locked", "quotes X, row 3", "1 row; first: bid_price 61800.3, ask_price 61800.3"),
    ]


def test_a_row_that_repeats_another_is_found_even_with_others_between() -> None:
    same = {"ts_event": START_NS, "ts_init": START_NS + 5}
    (finding,) = judge_quotes({"row": 1, **same, "bid_price": Decimal(1)}, {"row": 2, **same})
    assert (finding.code, finding.subject) == ("duplicate", "quotes X, row 2")
    assert finding.actual == "1 row; first: ts_init 2023-04-01T00:00:00.000000005Z"


def test_a_trade_id_with_two_trades_is_found_but_not_a_repeated_row() -> None:
    (finding,) = judge_trades({"row": 3, "trade_id": "1"})
    assert (finding.code, finding.actual) == ("repeated_trade_id", "1 row; first: trade_id 1")
    assert codes(judge_trades({"row": 3, "trade_id": "2", "ts_event": START_NS + 2, "ts_init": START_NS + 7})) == ["duplicate"]


def test_rows_out_of_order_are_found() -> None:
    assert codes(judge_trades({"row": 3, "ts_init": START_NS + 4})) == ["order"]
    assert codes(judge_quotes({"row": 3, "ts_event": START_NS})) == ["event_order"]


def test_a_clock_that_is_behind_is_found_with_how_far() -> None:
    (finding,) = judge_quotes(*({"row": row, "ts_event": START_NS + row + 10**9} for row in range(5)))
    assert (finding.code, finding.subject) == ("received_before_event", "quotes X, rows 0, 1, 2 and 2 more")
    assert finding.actual == (
        "5 rows; by up to 0.999999995 s; first: ts_event 2023-04-01T00:00:01Z, ts_init 2023-04-01T00:00:00.000000005Z"
    )


def test_a_silence_is_found_with_its_length() -> None:
    later = START_NS + 90 * 10**9
    (finding,) = judge_trades({"row": 4, "ts_event": later, "ts_init": later + 8})
    assert finding == Finding(
        code="gap",
        subject="trades X, row 4",
        expected="a row at least every 60 s",
        actual="1 row; the longest gap lasts 90 s; first: ts_init 2023-04-01T00:01:30.000000008Z",
    )


def test_many_rows_are_counted_and_the_first_named() -> None:
    findings = judge_quotes(*({"row": row, "bid_size": Decimal(0)} for row in range(1, 5)))
    assert [finding.subject for finding in findings] == ["quotes X, rows 1, 2, 3 and 1 more"]


amounts = st.sampled_from([Decimal(number) for number in ("-1", "0", "1", "1.5", "2")])
steps = st.integers(-2, 2)


@settings(deadline=None)
@given(st.lists(st.tuples(amounts, amounts, amounts, steps, steps), min_size=1, max_size=8))
def test_every_finding_names_a_code_of_the_list_and_a_row_that_is_there(
    drawn: list[tuple[Decimal, Decimal, Decimal, int, int]],
) -> None:
    changes = [
        {"row": row, "ts_event": START_NS + row + happened, "ts_init": START_NS + row + received, "bid_price": bid}
        | {"ask_price": ask, "bid_size": size}
        for row, (bid, ask, size, happened, received) in enumerate(drawn)
    ]
    count = len(drawn)
    findings = judge_quotes(*changes, count=count)
    expected = {
        "crossed": sum(bid > ask for bid, ask, *_ in drawn),
        "locked": sum(bid == ask for bid, ask, *_ in drawn),
        "size_not_positive": sum(size <= 0 for _, _, size, *_ in drawn),
        "price_not_positive": sum(bid <= 0 or ask <= 0 for bid, ask, *_ in drawn),
        "received_before_event": sum(received < happened for *_, happened, received in drawn),
    }
    counted = {finding.code: int(finding.actual.split(" ", 1)[0]) for finding in findings}
    assert {code: counted.get(code, 0) for code in expected} == expected
    assert set(counted) <= set(FINDING_CODES)
