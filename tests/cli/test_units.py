"""Claims about durations and sizes as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.cli.units import format_size, parse_duration, parse_seconds, parse_size
from tc.errors import DocumentError


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("2m", 120), ("12h", 43_200), ("30d", 2_592_000), ("1w", 604_800), ("0d", 0)]
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds * 1_000_000_000


@pytest.mark.parametrize(
    ("text", "size"), [("7", 7), ("7B", 7), ("500M", 500 << 20), ("10G", 10 << 30), ("1k", 1024), ("2T", 2 << 40)]
)
def test_sizes_are_read_in_powers_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "d", "-1d", "1.5d", "30", "1x", " 1d", "1 d", "\u0661d", "9" * 16 + "d", "1D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "G", "-1G", "1.5G", "1X", "1 G", "1GiB", "9" * 16])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="is not a size"):
        parse_size(text)


@given(st.text(max_size=8))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_size):
        try:
            assert parse(text) >= 0
        except DocumentError as error:
            assert error.hint  # noqa: PT017 - either answer is right


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536 << 10, "1.5 MiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5.0 TiB")],
)
def test_sizes_are_written_in_the_largest_unit(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", "60"), ("60s", "60"), ("5m", "300"), ("1h", "3600"), ("0.5", "0.5"), ("1.5h", "5400"), ("8784h", "31622400")],
)
def test_how_long_something_lasts_is_read_in_seconds(text: str, seconds: str) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "1d", "s", "1e3", "1 m", "8785h", "nan", "\u0661", "5ms", "1m30s"])
def test_what_lasts_no_time_or_is_no_time_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(DocumentError, match="is no duration: expected a number above 0 with s, m or h") as refused:
        parse_seconds(text)
    assert "5m" in refused.value.hint
