from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.spec.grammar import (
    NANOSECONDS,
    decimal_text,
    format_instant,
    instant_ns,
    money_text,
    seconds_ns,
    seconds_text,
    time_of_day_ns,
    timestamp_text,
)


@pytest.mark.parametrize(
    ("written", "stored"),
    [("10", "10"), ("0.10", "0.1"), ("1.000", "1"), ("-0.0", "0"), ("0", "0"), ("-5.50", "-5.5"), ("0.00000001", "0.00000001")],
)
def test_a_decimal_has_one_spelling(written: str, stored: str) -> None:
    assert decimal_text(written) == stored


@pytest.mark.parametrize("text", ["", "1e3", ".5", "5.", "+1", "01", "1_000", "0x1", "NaN", "1\n", "1" * 21, "0." + "1" * 19])
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        decimal_text(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**15), max_value=10**15))
def test_a_decimal_keeps_its_value_and_its_spelling_is_stable(number: Decimal) -> None:
    text = decimal_text(f"{number:f}")
    assert Decimal(text) == number
    assert decimal_text(text) == text


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2023-04-01", "2023-04-01T00:00:00Z"),
        ("2023-04-01T12:30", "2023-04-01T12:30:00Z"),
        ("2023-04-01t12:30:05z", "2023-04-01T12:30:05Z"),
        ("2023-04-01 12:30:05 Z", "2023-04-01T12:30:05Z"),
        ("2023-04-01T12:30:05.120000000Z", "2023-04-01T12:30:05.12Z"),
        ("2023-04-01T00:00:00.000000001", "2023-04-01T00:00:00.000000001Z"),
        ("2023-04-01T01:00+02:30", "2023-03-31T22:30:00Z"),
        ("2023-04-01T23:00:00-01:00", "2023-04-02T00:00:00Z"),
        ("1970-01-01", "1970-01-01T00:00:00Z"),
        ("2262-04-11", "2262-04-11T00:00:00Z"),
    ],
)
def test_an_instant_has_one_spelling_in_utc(written: str, stored: str) -> None:
    assert timestamp_text(written) == stored
    assert timestamp_text(stored) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2023", ""),
        ("01.04.2023", ""),
        ("2023-04-01T12", ""),
        ("2023-04-01T12:00:00.1234567890", ""),
        ("2023-02-30", "there is no such day or time"),
        ("2023-04-01T25:00", "there is no such day or time"),
        ("2023-04-01T12:00:00+24:00", "there is no such day or time"),
        ("2023-04-01T12:00:00+01:60", "there is no such day or time"),
        ("0001-01-01T00:00:00+01:00", "there is no such day or time"),
        ("1969-12-31T23:59:59Z", "it must lie between 1970-01-01 and 2262-04-11"),
        ("9999-12-31", "it must lie between 1970-01-01 and 2262-04-11"),
    ],
)
def test_what_is_no_instant_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"^{reason}$"):
        timestamp_text(text)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2262, 4, 10)), st.integers(0, 999))  # noqa: DTZ001 - made UTC below
def test_an_instant_keeps_its_nanoseconds(moment: datetime, nanoseconds: int) -> None:
    aware = moment.replace(tzinfo=UTC)
    at_ns = int(aware.replace(microsecond=0).timestamp()) * NANOSECONDS + aware.microsecond * 1000 + nanoseconds
    assert instant_ns(format_instant(at_ns)) == at_ns


@pytest.mark.parametrize(
    ("written", "stored"), [("100000 USDT", "100000 USDT"), ("1.50   BTC", "1.5 BTC"), ("0.00000001 ETH", "0.00000001 ETH")]
)
def test_money_has_one_spelling(written: str, stored: str) -> None:
    assert money_text(written) == stored


@pytest.mark.parametrize(
    "text", ["100000", "USDT 100", "100 usdt", "-1 USDT", "1e5 USDT", "1_000 USDT", "007 USDT", "1 X", "1 USDT "]
)
def test_what_is_no_amount_of_a_currency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        money_text(text)


@pytest.mark.parametrize("text", ["0 USDT", "0.00 USDT", "17014118346047 USDT"])
def test_an_amount_that_no_account_can_hold_is_refused_with_the_limits(text: str) -> None:
    with pytest.raises(ValueError, match=r"^the amount must be above 0 and at most 17014118346046$"):
        money_text(text)


@pytest.mark.parametrize(
    ("written", "stored", "nanoseconds"),
    [("60", "60", 60 * NANOSECONDS), ("0.50", "0.5", NANOSECONDS // 2), ("0.000000001", "0.000000001", 1)],
)
def test_a_span_of_seconds_has_one_spelling_and_is_exact_in_nanoseconds(written: str, stored: str, nanoseconds: int) -> None:
    assert seconds_text(written) == stored
    assert seconds_ns(stored) == nanoseconds


@pytest.mark.parametrize("text", ["", "0", "0.0", "-1", "1e3", "0.0000000001", "31622400.1", "99999999", "100000000", "1s"])
def test_what_is_no_span_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        seconds_text(text)


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("08:30", 510), ("23:59", 1439), ("24:00", 1440)])
def test_a_time_of_day_is_counted_from_midnight(text: str, minutes: int) -> None:
    assert time_of_day_ns(text) == minutes * 60 * NANOSECONDS
