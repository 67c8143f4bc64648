"""The site builds, loads nothing from elsewhere, and its generated pages are up to date."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from documentation import REPOSITORY, RUNBOOKS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_builds_strictly_and_has_its_pages(site: Path) -> None:
    for page in ("index", "tutorial", "architecture", "reference/events", "adr/0005-journal-format"):
        assert (site / f"{page}.html").is_file()


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loads = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
    pages = list(site.rglob("*.html"))
    assert pages
    assert {page.name: found for page in pages if (found := loads.findall(page.read_text(encoding="utf-8")))} == {}


def test_the_steps_of_every_runbook_are_one_list_with_the_commands_between_them(site: Path) -> None:
    assert RUNBOOKS
    for runbook in RUNBOOKS:
        steps = re.findall(r"^(\d+)\. ", runbook.read_text(encoding="utf-8"), re.MULTILINE)
        page = (site / "runbooks" / f"{runbook.stem}.html").read_text(encoding="utf-8")
        lists = re.findall(r"<ol>(.*?)</ol>", page, re.DOTALL)
        assert (len(lists), sum(each.count("<li>") for each in lists)) == (steps.count("1"), len(steps)), runbook.name


def test_the_generated_reference_is_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "generate_reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
