"""What holds for every page that people wrote."""

import re
from pathlib import Path

import pytest

from documentation import DOCS, HANDWRITTEN, PROSE, REPOSITORY, name_of

PLACEHOLDERS = r"TODO|FIXME|XXX|TBD|lorem ipsum|coming soon"
MACHINES = r"/work/|/root/|/home/\w|/Users/\w"
BOASTS = (
    r"blazing|seamless|effortless|cutting.edge|state.of.the.art|game.chang|world.class|revolutionar|battle.tested|unparalleled"
)
SHRUGS = r"\b(?:simply|obviously|of course|needless to say)\b"
FORBIDDEN = re.compile(f"(?:{PLACEHOLDERS})|(?i:{BOASTS})|(?i:{SHRUGS})|(?:{MACHINES})")

ADR_HEADINGS = ["## Status", "## Context", "## Decision", "## Consequences"]
ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("path", PROSE, ids=name_of)
def test_no_page_has_placeholders_boasts_or_paths_of_one_machine(path: Path) -> None:
    assert FORBIDDEN.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", HANDWRITTEN, ids=name_of)
def test_every_page_opens_with_its_one_title(path: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert prose.startswith("# ")
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1


@pytest.mark.parametrize("path", ADRS, ids=name_of)
def test_every_decision_has_four_headings_and_fits_one_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## .*$", text, re.MULTILINE) == ADR_HEADINGS
    assert re.search(r"## Status\n\n(Accepted|Superseded by \[\d+\])", text)
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered_without_a_gap_and_listed_by_their_titles() -> None:
    index = (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    for number, path in enumerate(ADRS, start=1):
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert path.name.startswith(f"{number:04d}-")
        assert title.startswith(f"{number}. ")
        assert f"| {number} | [{title.removeprefix(f'{number}. ')}]({path.name}) |" in index
        assert f"adr/{path.name}" in navigation
    assert ADRS
