"""Claims about comparing recorded decisions with those that were derived again."""

import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.checks.decisions import LONGEST_SHOWN, MOST_FINDINGS, DecisionComparison
from tc.core.decision import Decision, outcome
from tc.store.decisions import decision_line, decision_of

DECIDED = [Decision(position, position * 10, (outcome(f"O-{position}", "NEW", "allowed"),)) for position in (3, 5, 9)]
LINES = [decision_line(each) for each in DECIDED]
TORN = LINES[2][:-4]


def compared(
    lines: Iterable[bytes] | None, *, is_sealed: bool = True, derived: Iterable[Decision] = DECIDED
) -> DecisionComparison:
    recorded = None if lines is None else iter(lines)
    comparison = DecisionComparison(recorded, is_sealed=is_sealed, encode=decision_line, decode=decision_of)
    for decision in derived:
        comparison.take(decision)
    comparison.finish()
    return comparison


def found(lines: Iterable[bytes] | None, *, is_sealed: bool = True) -> list[tuple[str, str, str]]:
    findings = compared(lines, is_sealed=is_sealed).findings()
    assert {each.code for each in findings} <= {"decision_mismatch"}
    return [(each.subject, each.expected, each.actual) for each in findings]


def text(line: bytes) -> str:
    return line.decode().rstrip("\n")


def test_decisions_as_they_were_derived_give_no_finding_and_the_files_digest() -> None:
    comparison = compared(LINES)
    assert (comparison.findings(), comparison.notes, comparison.derived) == ((), [], 3)
    assert comparison.digest == hashlib.sha256(b"".join(LINES)).hexdigest()


def test_R08_another_decision_is_found_with_its_line_and_position() -> None:
    other = decision_line(Decision(5, 50, (outcome("O-5", "NEW", "denied", "price_collar"),)))
    assert found([LINES[0], other, LINES[2]]) == [("decisions.jsonl line 2, position 5", text(LINES[1]), text(other))]


def test_a_missing_line_is_found_where_it_should_be_and_the_rest_is_compared() -> None:
    assert found([LINES[0], LINES[2]]) == [("decisions.jsonl line 2, position 5", text(LINES[1]), "nothing")]
    assert found(LINES[1:]) == [("decisions.jsonl line 1, position 3", text(LINES[0]), "nothing")]
    assert found(LINES[:1]) == [
        ("decisions.jsonl line 2, position 5", text(LINES[1]), "nothing"),
        ("decisions.jsonl line 2, position 9", text(LINES[2]), "nothing"),
    ]


def test_an_extra_line_is_found_in_the_middle_and_at_the_end() -> None:
    extra, behind = decision_line(Decision(4, 40)), decision_line(Decision(12, 120))
    assert found([LINES[0], extra, *LINES[1:], behind, b"junk\n"]) == [
        ("decisions.jsonl line 2, position 4", "nothing", text(extra)),
        ("decisions.jsonl line 5, position 12", "nothing", text(behind)),
        ("decisions.jsonl line 6", "nothing", "junk"),
    ]


def test_a_line_that_is_no_decision_stands_for_the_one_that_is_due() -> None:
    assert found([LINES[0], b"\xff\n", LINES[2]]) == [("decisions.jsonl line 2, position 5", text(LINES[1]), "\\xff")]


def test_a_torn_line_is_a_finding_of_a_sealed_run_and_a_note_of_one_that_is_not() -> None:
    assert found([*LINES[:2], TORN]) == [("decisions.jsonl line 3, position 9", text(LINES[2]), f"a torn line: {TORN.decode()}")]
    comparison = compared([*LINES[:2], TORN], is_sealed=False)
    assert comparison.findings() == ()
    assert comparison.notes == [
        "decisions.jsonl line 3 is torn: it was never written whole",
        "decisions.jsonl lacks the last decision: it was not written yet",
    ]


def test_a_run_that_is_not_sealed_may_have_decided_less_or_more_than_its_journal_holds() -> None:
    assert compared([], is_sealed=False).notes == ["decisions.jsonl lacks the last 3 decisions: they were not written yet"]
    longer = compared([*LINES, decision_line(Decision(12, 120))], is_sealed=False)
    assert longer.findings() == ()
    assert longer.notes == ["decisions.jsonl goes on behind the journal's last whole entry, from line 4 on"]


@pytest.mark.parametrize(("is_sealed", "is_found", "is_noted"), [(True, True, False), (False, False, True)])
def test_a_file_that_is_not_there(is_sealed: bool, is_found: bool, is_noted: bool) -> None:
    comparison = compared(None, is_sealed=is_sealed)
    assert (bool(comparison.findings()), bool(comparison.notes)) == (is_found, is_noted)


def test_no_file_is_right_where_nothing_was_decided() -> None:
    comparison = compared(None, derived=[])
    assert (comparison.findings(), comparison.notes) == ((), [])


def test_so_many_findings_are_named_and_the_rest_is_counted() -> None:
    many = [Decision(position, 1) for position in range(MOST_FINDINGS + 7)]
    findings = compared([], derived=many).findings()
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1].actual == "7 more"


def test_a_long_line_is_shown_shortened() -> None:
    long = Decision(3, 30, (outcome("O-3", "NEW", "denied", "risk_error", detail="x" * LONGEST_SHOWN),))
    (finding,) = compared([LINES[0]], derived=[long]).findings()
    assert finding.expected.endswith("…")
    assert len(finding.expected) == LONGEST_SHOWN + 1


@given(st.data())
def test_any_changed_removed_or_added_line_is_found(data: st.DataObject) -> None:
    lines = list(LINES)
    at = data.draw(st.integers(0, 2))
    match data.draw(st.sampled_from(["change", "remove", "add"])):
        case "change":
            place = data.draw(st.integers(0, len(lines[at]) - 2))
            byte = data.draw(st.integers(0, 255).filter(lambda each: each not in (lines[at][place], 10, 13)))
            lines[at] = lines[at][:place] + bytes([byte]) + lines[at][place + 1 :]
        case "remove":
            del lines[at]
        case _:
            lines.insert(at, lines[at])
    assert found(lines)
