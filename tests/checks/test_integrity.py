"""Claims about the comparison of what was recorded with what was found."""

from dataclasses import replace

import pytest

from tc.checks.finding import Finding
from tc.checks.integrity import (
    CODES,
    LINE_EXPECTATIONS,
    FileState,
    JournalState,
    agreement_findings,
    file_findings,
    journal_findings,
    line_finding,
    root_findings,
)
from tc.store.journal import Reason

JOURNAL = JournalState(entries=3, positions=9, digest="d" * 64, merkle_root="e" * 64)
FILE = FileState("a" * 64, 3)


def test_every_reason_of_a_scan_has_words_and_a_code() -> None:
    assert set(LINE_EXPECTATIONS) == set(Reason.__args__)
    assert set(LINE_EXPECTATIONS) < set(CODES)


@pytest.mark.parametrize("reason", Reason.__args__)
def test_a_damaged_line_is_named_exactly(reason: str) -> None:
    finding = line_finding("journal.jsonl", 17, reason)
    assert (finding.code, finding.subject) == (reason, "journal.jsonl line 17")
    assert finding.expected != finding.actual


def test_an_equal_journal_has_no_findings() -> None:
    assert journal_findings(JOURNAL, JOURNAL) == ()


@pytest.mark.parametrize("field", ["entries", "positions", "digest", "merkle_root"])
def test_each_thing_that_a_seal_says_of_the_journal_is_compared(field: str) -> None:
    found = replace(JOURNAL, **{field: 8})
    assert journal_findings(JOURNAL, found) == (
        Finding("seal_mismatch", f"journal.jsonl {field}", str(getattr(JOURNAL, field)), "8"),
    )


def test_a_root_is_only_compared_when_one_is_expected() -> None:
    assert root_findings(None, "e" * 64) == ()
    assert root_findings("e" * 64, "e" * 64) == ()
    assert root_findings("f" * 64, "e" * 64) == (Finding("root_mismatch", "journal.jsonl merkle_root", "f" * 64, "e" * 64),)


def test_files_are_found_missing_extra_and_altered_in_the_order_of_their_names() -> None:
    recorded = {"same": FILE, "gone": FILE, "altered": FILE, "longer": FILE, "link": FILE}
    found = {
        "same": FILE,
        "altered": replace(FILE, sha256="b" * 64),
        "extra": FILE,
        "longer": replace(FILE, bytes=4),
        "link": FileState("", 0, "it is a symbolic link"),
    }
    findings = file_findings(recorded, found)
    assert [(each.code, each.subject) for each in findings] == [
        ("file_altered", "altered"),
        ("file_extra", "extra"),
        ("file_missing", "gone"),
        ("file_altered", "link"),
        ("file_altered", "longer"),
    ]
    assert findings[3].actual == "it is a symbolic link"
    assert findings[1].actual == f"3 bytes with SHA-256 {'a' * 64}"


def test_parts_that_name_the_same_agree() -> None:
    assert agreement_findings("configuration_mismatch", []) == ()
    assert agreement_findings("configuration_mismatch", [("one", "x")]) == ()
    assert agreement_findings("configuration_mismatch", [("one", "x"), ("two", "x")]) == ()


def test_each_part_that_names_something_else_than_the_first_is_found() -> None:
    findings = agreement_findings("run_id_mismatch", [("one", "x"), ("two", "y"), ("three", "x"), ("four", "")])
    assert findings == (
        Finding("run_id_mismatch", "two", "x, as in one", "y"),
        Finding("run_id_mismatch", "four", "x, as in one", "none"),
    )
    assert agreement_findings("run_id_mismatch", [("one", ""), ("two", "y")])[0].expected == "none, as in one"


def test_every_code_says_what_it_means() -> None:
    assert all(meaning and not meaning.endswith(".") for meaning in CODES.values())


def test_a_finding_is_shown_as_an_object_of_its_four_words() -> None:
    finding = Finding("file_missing", "report.md", "a file", "nothing")
    assert finding.to_dict() == {"code": "file_missing", "subject": "report.md", "expected": "a file", "actual": "nothing"}
