from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from report_samples import DOCUMENT, hostile_report, small_report
from tc.reports.markdown import ROWS_SHOWN, block, code, plain, render_markdown, table
from tc.reports.page.content import Column, Table
from tc.reports.report import ReportInput
from tc.reports.summary import summarize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FILUSDT-PERP.BINANCE", "FILUSDT-PERP.BINANCE"),
        ("partly_filled", "partly_filled"),
        ("__init__", "\\_\\_init\\_\\_"),
        ("a|b `c` *d* [e](f) <g> &amp; ~h~ $i$ @j", "a\\|b \\`c\\` \\*d\\* \\[e\\](f) \\<g\\> \\&amp; \\~h\\~ \\$i\\$ \\@j"),
        ("https://evil.example www.evil.example", "https:\\//evil.example www\\.evil.example"),
        ("two\nlines\u202e", "two lines\\\\u202e"),
    ],
)
def test_text_is_escaped_where_markdown_would_act_on_it(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("a b", "`a b`"), ("a`b", "``a`b``"), ("`a``", "``` `a`` ```"), ("", ""), ("a\nb", "`a b`")]
)
def test_a_code_span_cannot_be_ended_from_inside(text: str, expected: str) -> None:
    assert code(text) == expected


def test_a_block_cannot_be_ended_from_inside() -> None:
    assert block("```\nx\n````") == "`````\n```\nx\n````\n`````"


@given(st.text())
def test_escaped_text_is_one_line_without_a_bare_special_character(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    for special in "`*[]<>|~&$@":
        assert shown.count(special) == shown.count(f"\\{special}")


def test_a_table_has_its_numbers_on_the_right_and_no_cell_breaks_out() -> None:
    shown = Table("t", "T", (Column("a|b"), Column("n", "number"), Column("c", "code")), (("x|\ny", "1", "p|q"),))
    assert table(shown) == "| a\\|b | n | c |\n| --- | ---: | --- |\n| x\\| y | 1 | `p\\|q` |"


def test_the_middle_of_a_long_table_is_left_out() -> None:
    rows = tuple((str(index),) for index in range(ROWS_SHOWN + 10))
    lines = table(Table("t", "T", (Column("n", "number"),), rows)).splitlines()
    assert len(lines) == 2 + ROWS_SHOWN + 1
    assert lines[2 + ROWS_SHOWN // 2] == "| … |"
    assert lines[-1] == f"| {ROWS_SHOWN + 9} |"


def test_the_same_input_gives_the_same_text() -> None:
    assert render_markdown(small_report()) == render_markdown(small_report())


def tokens_of(text: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable(["table"]).parse(text)
    return [token for outer in parsed for token in (outer, *(outer.children or ()))]


def test_hostile_text_stays_text() -> None:
    shown = render_markdown(hostile_report())
    assert "\u202e" not in shown
    assert "\x00" not in shown
    kinds = {token.type for token in tokens_of(shown)}
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "em_open"}
    texts = "\n".join(token.content for token in tokens_of(shown))
    assert "</script><script>alert('x')</script><img src=https://evil.example/x onerror=alert(1)>" in texts


def test_hostile_text_adds_no_heading_and_no_column() -> None:
    plain_tokens, hostile_tokens = tokens_of(render_markdown(small_report())), tokens_of(render_markdown(hostile_report()))
    headings = [token.markup for token in plain_tokens if token.type == "heading_open"]
    hostile_headings = [token.markup for token in hostile_tokens if token.type == "heading_open"]
    assert len(hostile_headings) == len(headings) + 1  # the error's
    columns = [token.type for token in plain_tokens].count("th_open")
    assert [token.type for token in hostile_tokens].count("th_open") == columns


def test_what_is_not_known_is_not_shown() -> None:
    empty = ReportInput("run", "created", {}, DOCUMENT, None, summarize([], document=DOCUMENT))
    shown = render_markdown(empty)
    assert "The journal has no entry." in shown
    assert "Merkle root" not in shown
    assert "tc runs verify run --expect-root ROOT" in shown
    assert "## Over time" not in shown


def test_a_failed_run_shows_its_traceback() -> None:
    shown = render_markdown(replace(small_report(), status="failed", error="Traceback:\n  boom\n"))
    assert "## Error\n\n```\nTraceback:\n  boom\n```" in shown


def test_a_quoted_run_id_is_safe_to_paste() -> None:
    assert "tc runs verify 'a; rm -rf x'" in render_markdown(replace(small_report(), run_id="a; rm -rf x"))
