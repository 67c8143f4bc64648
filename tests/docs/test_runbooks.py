"""Every runbook has the four headings that an operator looks for; what it quotes is held by the tests of all pages."""

import re
from pathlib import Path

import pytest

from documentation import HANDWRITTEN, RUNBOOKS, name_of

HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


@pytest.mark.parametrize("path", RUNBOOKS, ids=name_of)
def test_every_runbook_has_its_four_headings(path: Path) -> None:
    assert re.findall(r"^## (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE) == HEADINGS


def test_every_runbook_is_read_by_the_tests_of_all_pages() -> None:
    assert RUNBOOKS
    assert set(RUNBOOKS) <= set(HANDWRITTEN)
