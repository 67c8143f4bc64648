"""The examples of what was observed are documents that `tc reconcile` reads, and the page has every field."""

import re

import msgspec
import pytest

from documentation import DOCS, blocks
from tc.checks.reconcile import Unknown
from tc.checks.reconcile.observed.convert import holdings_of
from tc.checks.reconcile.observed.document import Observed, ObservedBalance, ObservedFill, ObservedOrder, ObservedPosition
from tc.checks.reconcile.observed.reading import parse_observed


@pytest.mark.parametrize("page", ["reference/observed-file.md", "how-to/reconcile-a-run.md"])
def test_the_example_on_the_page_is_read(page: str) -> None:
    (example,) = blocks((DOCS / page).read_text(encoding="utf-8"), "json")
    held = holdings_of(parse_observed(example.encode(), source=page))
    assert not isinstance(held.positions, Unknown)
    assert held.positions


@pytest.mark.parametrize("kind", [Observed, ObservedOrder, ObservedFill, ObservedPosition, ObservedBalance])
def test_every_field_has_a_row_that_says_what_it_means(kind: type) -> None:
    text = (DOCS / "reference" / "observed-file.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (\w+)$", f"## Observed\n{text}", flags=re.MULTILINE)
    section = dict(zip(sections[1::2], sections[2::2], strict=True))[kind.__name__]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE))
    assert list(rows) == [field.name for field in msgspec.structs.fields(kind)]
    assert all(meaning.strip() for meaning in rows.values())
