from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.reports.page import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ünïcode 价格 🙂", "plain ünïcode 价格 🙂"),
        ("a\u202eb\u2066c\u200fd", "a\\u202eb\\u2066c\\u200fd"),
        ("a\x00b\x1bc\x7fd\x85", "a\\u0000b\\u001bc\\u007fd\\u0085"),
        ("line\r\nline\ttab\rend", "line\nline\ttab\\u000dend"),
        ("\udc80", "\\udc80"),
        ("x\U000e0041y\ufeff\u200b", "x\\U000e0041y\\ufeff\\u200b"),
    ],
)
def test_characters_that_cannot_be_seen_are_written_as_escapes(text: str, expected: str) -> None:
    assert words.visible(text) == expected


@given(st.text(st.characters(codec=None, categories=["Cc", "Cf", "Cs", "Zl", "Zp", "L"])))
def test_visible_text_can_be_encoded_and_turns_no_direction(text: str) -> None:
    shown = words.visible(text)
    shown.encode()
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029\x00")
    assert words.visible(shown) == shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1234567.500"), "1,234,567.5"),
        (Decimal("-0.0001"), f"{words.MINUS}0.0001"),
        (Decimal("-0.00"), "0"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("1E+400000"), "1E+400000"),
        (Decimal("1E-400000"), "1E-400000"),
        (Decimal("NaN"), "NaN"),
        (-1234, f"{words.MINUS}1,234"),
        (0, "0"),
    ],
)
def test_a_number_is_exact_and_readable(value: Decimal | int, expected: str) -> None:
    assert words.exact(value) == expected


def test_a_price_keeps_the_zeros_it_was_written_with() -> None:
    assert words.written(Decimal("-12345.670")) == f"{words.MINUS}12,345.670"
    assert words.written(Decimal("1E+400000")) == "1E+400000"


@pytest.mark.parametrize(
    ("value", "signed", "expected"),
    [
        ("5", False, "5.00 USDT"),
        ("5.123456", True, "+5.123456 USDT"),
        ("-5", True, f"{words.MINUS}5.00 USDT"),
        ("0", True, "0.00 USDT"),
    ],
)
def test_money_has_two_places_at_least(value: str, signed: bool, expected: str) -> None:
    assert words.money(Decimal(value), "USDT", signed=signed) == expected


def test_money_without_a_currency_has_no_space_at_its_end() -> None:
    assert words.money(Decimal(5), "") == "5.00"


@pytest.mark.parametrize(
    ("value", "signed", "expected"),
    [
        ("0.12345", False, "12.34 %"),
        ("-0.5", True, f"{words.MINUS}50.00 %"),
        ("0.5", True, "+50.00 %"),
        ("1E+30", False, f"{10**32:,}.00 %"),
    ],
)
def test_percent_is_rounded_to_two_places(value: str, signed: bool, expected: str) -> None:
    assert words.percent(Decimal(value), signed=signed) == expected


def test_nothing_has_no_sign() -> None:
    assert words.percent(Decimal("-0.00001"), signed=True) == "0.00 %"
    assert words.money(Decimal("-0.00"), "") == "0.00"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-36165.1591919", f"{words.MINUS}36,165.16"),
        ("99.12345", "99.1234"),
        ("-0.000123456789", f"{words.MINUS}0.00012346"),
        ("0", "0.00"),
    ],
)
def test_a_brief_amount_has_as_many_places_as_its_size_needs(value: str, expected: str) -> None:
    assert words.brief(Decimal(value)) == expected


def test_times_are_as_fine_as_they_are() -> None:
    assert words.utc(1_680_307_260_000_000_000) == "2023-04-01 00:01:00"
    assert words.utc(1_680_307_260_120_000_001) == "2023-04-01 00:01:00.120000001"
    for at_ns in (10**25, 10**40, -(10**40)):
        assert words.utc(at_ns) == "a time beyond the calendar"


@pytest.mark.parametrize(("length", "expected"), [(1, "1 s"), (90, "90 s"), (1800, "30 min"), (7200, "2 h"), (86_400, "1 d")])
def test_an_interval_has_its_largest_unit(length: int, expected: str) -> None:
    assert words.interval(length * words.NANOS) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (words.size(None), "—"),
        (words.size(1023), "1,023 B"),
        (words.size(1536), "1.5 KiB"),
        (words.size(1 << 60), "1,048,576.0 TiB"),
        (words.rate(None, "rows"), "—"),
        (words.rate(1_234_567.8, "rows"), "1,230,000 rows/s"),
        (words.rate(0.51234, "rows"), "0.512 rows/s"),
        (words.seconds(0.01234), "0.0123 s"),
        (words.seconds(1234.5), "1,234 s"),
        (words.count(1, "entry", "entries"), "1 entry"),
        (words.count(0, "entry", "entries"), "0 entries"),
        (words.count(2, "row"), "2 rows"),
    ],
)
def test_sizes_rates_and_counts_are_readable(shown: str, expected: str) -> None:
    assert shown == expected
