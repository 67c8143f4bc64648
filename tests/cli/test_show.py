"""Claims about the shared ways of printing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.cli.show import at, printable, show_fields, show_findings, show_json, show_table


def test_columns_are_aligned_and_numbers_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name", "count", "mixed"), [("a", 5, "-"), ("longer", "1,234", 7)])
    assert capsys.readouterr().out == "name    count  mixed\na           5  -\nlonger  1,234  7\n"


def test_a_table_without_rows_is_its_headers(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("name", "count"), [])
    assert capsys.readouterr().out == "name  count\n"


def test_names_and_values_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    show_fields({"a": 1, "longer": ""})
    show_fields({})
    assert capsys.readouterr().out == "a       1\nlonger\n"


def test_a_finding_is_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings([{"code": "gap", "subject": "row 3", "expected": "a row", "actual": "none\x1b"}])
    assert capsys.readouterr().out == "gap: row 3\n  expected a row\n  found    none\\x1b\n"


@given(st.text())
def test_whatever_the_text_no_control_character_is_printed(text: str) -> None:
    shown = printable(text)
    assert not {character for character in shown if ord(character) < 32 or 0x7F <= ord(character) < 0xA0}
    shown.encode()


def test_ordinary_text_is_printed_as_it_is() -> None:
    assert printable("Zürich → 東京 €") == "Zürich → 東京 €"
    assert printable("a\nb\udcff\u202e") == "a\\nb\\udcff\\u202e"


def test_json_is_ascii_and_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"name": "ü\udcff"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"name": "ü\udcff"}


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "-"),
        (-5, "-"),
        (1_700_000_000_999_999_999, "2023-11-14 22:13:20"),
        (10**30, f"{10**30} ns"),
    ],
)
def test_times_are_utc_to_the_second(ns: int, text: str) -> None:
    assert at(ns) == text
