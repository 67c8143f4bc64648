"""What a kill says of the path that it did not take is explained, word for word, where an operator reads it."""

import re
from pathlib import Path

from tc.flows.kill.words import AT_VENUE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "stop-a-run.md"


def fixed(outcome: str, words: str) -> str:
    """Return what the line says before the first part of it that differs from run to run."""
    return f"{outcome}: {words.partition('{')[0]}"


def told() -> list[str]:
    """Return the words that the table of the how-to quotes, without the dots where it leaves the rest out."""
    return re.findall(r"^\| `([a-z ]+: [^`]*?) ?…?` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_reason_not_to_act_at_the_venue_has_its_row() -> None:
    assert [each for each in AT_VENUE if not any(fixed(*each).startswith(row) for row in told())] == []


def test_every_row_quotes_what_is_said() -> None:
    assert told() != []
    assert [row for row in told() if not any(fixed(*each).startswith(row) for each in AT_VENUE)] == []
