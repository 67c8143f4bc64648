"""What a report says of the reconciliations of its run."""

from dataclasses import replace

import msgspec
import pytest

from report_samples import HOSTILE, small_report
from tc.reports.html import render_html
from tc.reports.markdown import plain, render_markdown
from tc.reports.page.build import page_of
from tc.reports.page.reconciled import ROWS_KEPT
from tc.reports.page.words import NONE
from tc.reports.reconciliation import KeptReconciliation, ReconciliationDocument, ToldFinding, compared_metrics
from tc.reports.report import ReportInput

NO_ROWS = {"matched": 0, "missing": 0, "unexpected": 0, "differs": 0, "unknown": 0}


def document(**changed: object) -> ReconciliationDocument:
    """Return what a clean reconciliation leaves, with some of it changed."""
    clean = {
        "run_id": "small",
        "tc": "0",
        "at_ns": 1_772_446_530_123_456_789,
        "source": "venue",
        "source_name": "http://127.0.0.1:18080",
        "verdict": "clean",
        "position": 1200,
        "entries": 30,
        "journal_digest": "0" * 64,
        "looks": 1,
        "in_flight": 0,
        "counts": dict.fromkeys(("orders", "fills", "positions", "balances"), NO_ROWS),
        "not_compared": {},
        "unknown": {},
        "findings": [],
        "rows": [],
        "notes": [],
        "observed": None,
    }
    return msgspec.convert(clean | changed, ReconciliationDocument)


CLEAN = KeptReconciliation("reconciliation-0001.json", document())
MISSING = ToldFinding("order_missing", "order O-1", "BUY 1", "no such order")
FOUND = KeptReconciliation("reconciliation-0002.json", document(verdict="found", findings=(MISSING,), position=1300))
UNKNOWN = KeptReconciliation("reconciliation-0003.json", document(verdict="unknown", unknown={"fills": "not asked"}))
GONE = KeptReconciliation("reconciliation-0004.json", None)


def test_a_run_that_was_never_reconciled_has_no_word_about_it() -> None:
    page = page_of(small_report())
    assert "reconciliation" not in [section.id for section in page.sections]
    assert not [command for command in page.commands if "reconcile" in command.text]


def test_each_reconciliation_has_a_row() -> None:
    page = page_of(replace(small_report(), reconciliations=(CLEAN, FOUND, UNKNOWN, GONE)))
    (section,) = (section for section in page.sections if section.id == "reconciliation")
    (table,) = section.tables
    assert [row[:3] for row in table.rows] == [
        ("0001", "as the journal says", "0"),
        ("0002", "not as the journal says", "1"),
        ("0003", "unknown", "0"),
        ("0004", "cannot be read", NONE),
    ]
    assert table.rows[0][3:] == ("2026-03-02 10:15:30", "venue http://127.0.0.1:18080", "1,200", NONE)
    assert [command.text for command in page.commands if "reconcile" in command.text] == [f"tc reconcile {page.run_id}"]


def lead(report: ReportInput) -> str:
    (section,) = (section for section in page_of(report).sections if section.id == "reconciliation")
    return section.note


def test_a_sealed_paper_report_says_that_the_last_comparison_is_still_to_come_and_where_it_is_kept() -> None:
    sealed = replace(small_report(), reconciliations=(CLEAN,), comparing="open")
    assert "ops/ keeps it" in lead(sealed)
    assert "ops/ keeps it" in lead(replace(sealed, reconciliations=()))
    assert "ops/ keeps it" not in lead(replace(sealed, comparing="over"))
    page = page_of(sealed)
    assert f"tc runs report {page.run_id}" in [command.text for command in page.commands]
    for text in (render_markdown(sealed), render_html(sealed)):
        assert "The comparison at the run" in text


def test_a_paper_run_that_was_never_compared_says_so() -> None:
    assert lead(replace(small_report(), comparing="over")) == "The run was never compared with its venue."


def test_what_the_cache_and_a_healing_did_is_told_in_the_row() -> None:
    counts = dict.fromkeys(("orders", "fills", "positions", "balances"), NO_ROWS)
    cached = {"cached": {"observed_version": 1}, "cached_counts": counts}
    wrong = cached | {"cached_counts": counts | {"positions": NO_ROWS | {"differs": 1, "matched": 4}}}
    kept = [KeptReconciliation("reconciliation-0001.json", document(**each)) for each in (cached, wrong, {"invented": 2})]
    (section,) = (each for each in page_of(replace(small_report(), reconciliations=kept)).sections if each.id == "reconciliation")
    assert [row[-1] for row in section.tables[0].rows] == ["as the journal says", "1 wrong", NONE]
    assert section.tables[0].rows[2][1] == "as the journal says; 2 fills invented"


def test_metrics_count_the_comparisons_that_there_were() -> None:
    assert compared_metrics((CLEAN, FOUND, UNKNOWN, GONE), is_over=True) == {
        "comparisons": 4,
        "clean": 1,
        "found": 1,
        "unknown": 1,
        "latest": None,
        "is_over": True,
    }
    assert compared_metrics((), is_over=False)["latest"] is None
    assert compared_metrics((UNKNOWN, FOUND), is_over=False)["latest"] == "found"


@pytest.mark.parametrize(
    ("kept", "rows"),
    [
        ((FOUND, CLEAN), []),
        ((CLEAN, FOUND), [("order_missing", "order O-1", "BUY 1", "no such order")]),
        ((FOUND, UNKNOWN), [("unknown", "fills", "", "not asked")]),
        ((FOUND, GONE), []),
    ],
)
def test_what_the_latest_one_found_stands_at_the_top(kept: tuple[KeptReconciliation, ...], rows: list[tuple[str, ...]]) -> None:
    page = page_of(replace(small_report(), findings=(), reconciliations=kept))
    assert [row for table in page.alerts for row in table.rows] == rows
    assert bool(page.all_clear) == (not rows)


def test_many_findings_are_cut_and_the_artifact_is_named() -> None:
    many = KeptReconciliation("reconciliation-0009.json", document(verdict="found", findings=(MISSING,) * (ROWS_KEPT + 7)))
    (table,) = page_of(replace(small_report(), findings=(), reconciliations=(many,))).alerts
    assert (len(table.rows), table.note) == (ROWS_KEPT, "and 7 more in ops/reconciliation-0009.json")


def test_hostile_words_stay_text() -> None:
    finding = ToldFinding(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    hostile = document(verdict="found", source_name=HOSTILE, findings=(finding,), unknown={"fills": HOSTILE})
    report = replace(small_report(), reconciliations=(KeptReconciliation(HOSTILE, hostile),))
    html = render_html(report)
    assert html.count("<script") == render_html(small_report()).count("<script")
    assert "<img" not in html
    assert plain(HOSTILE) in render_markdown(report)
