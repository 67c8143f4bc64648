"""Runbooks as pages: the ones that alerts lead to are there, by both of their names, and nothing else can be asked for."""

import re
from pathlib import Path

import pytest
from markupsafe import escape

from documentation import RUNBOOKS
from tc.telemetry.pages.runbooks import Runbooks, packaged_runbooks

PAGES = Runbooks()


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_every_runbook_has_a_page_with_its_headings_and_commands(path: Path) -> None:
    page, text = PAGES.page(path.stem) or "", path.read_text(encoding="utf-8")
    assert page == PAGES.page(path.name)
    assert re.findall(r'<h2 id="([a-z]+)">', page) == ["meaning", "impact", "diagnosis", "mitigation"]
    assert f"<h1>{escape(text.splitlines()[0].removeprefix('# '))}</h1>" in page
    assert set(re.findall(r'href="([^"/#]+)"', page)) <= {each.name for each in RUNBOOKS}
    assert page.count("<pre tabindex") == len(re.findall(r"^ *```\w+$", text, re.MULTILINE))
    assert page.count("<table>") == len(re.findall(r"^\| --- ", text, re.MULTILINE))


def test_the_list_leads_to_every_runbook() -> None:
    assert re.findall(r'href="/runbooks/([a-z-]+)"', PAGES.page("") or "") == [path.stem for path in RUNBOOKS]


@pytest.mark.parametrize("name", ["nothing", "../runbooks/feed-stale", "..", ".md", "feed-stale.md.md"])
def test_no_other_name_is_a_page(name: str) -> None:
    assert PAGES.page(name) is None


def test_markup_in_a_runbook_is_text_and_links_run_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text("# <b>Bad</b>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) {{ 7 * 7 }}\n")
    page = Runbooks(tmp_path).page("bad") or ""
    assert "<h1>&lt;b&gt;Bad&lt;/b&gt;</h1>" in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'href="javascript' not in page
    assert "{{ 7 * 7 }}" in page


def test_the_runbooks_of_this_clone_are_those_of_the_repository() -> None:
    assert {each.name for each in packaged_runbooks().iterdir()} == {path.name for path in RUNBOOKS}
