"""Claims about what a report says was left at the venue: by the venue's own word since the run's end, or else by the journal."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gated import SECOND
from gated_directories import gated, play
from report_samples import digest, small_report
from tc.checks.reconcile.observed.document import Observed, ObservedOrder, ObservedPosition
from tc.reports.figures import OpenOrder
from tc.reports.html import render_html
from tc.reports.markdown import render_markdown
from tc.reports.page.build import page_of
from tc.reports.page.left import ROWS_KEPT, left
from tc.reports.reconciliation import KeptReconciliation, ReconciliationDocument
from tc.reports.report import ReportInput
from tc.reports.summary import summarize

KILLED = replace(small_report(), status="killed", comparing="over")
OPEN = ObservedOrder(
    key="O-9", instrument_id="BTCUSDT.X", side="SELL", status="PARTIALLY_FILLED", quantity="2", filled="0.5", price="110.0"
)
DONE = ObservedOrder(key="O-8", instrument_id="BTCUSDT.X", side="BUY", status="CANCELED", quantity="1", filled="0")


def held(quantity: str) -> ObservedPosition:
    return ObservedPosition(instrument_id="BTCUSDT.X", signed_quantity=quantity)


def observed(orders: tuple[ObservedOrder, ...] | None, positions: tuple[ObservedPosition, ...] | None) -> Observed:
    return Observed(observed_version=1, orders=orders, positions=positions)


def compared(said: Observed | None, **changed: object) -> KeptReconciliation:
    """Return the comparison of the small run with its venue."""
    document: dict[str, Any] = {
        "run_id": "small", "tc": "0", "at_ns": 1_772_446_530 * SECOND, "source": "venue", "source_name": "http://127.0.0.1:1",
        "verdict": "clean", "position": 1, "entries": 1, "journal_digest": digest("journal"), "looks": 1, "in_flight": 0,
        "counts": {}, "not_compared": {}, "unknown": {}, "findings": [], "rows": [], "notes": [], "observed": said,
    }  # fmt: skip
    return KeptReconciliation("reconciliation-0001.json", msgspec.convert(document | changed, ReconciliationDocument))


def rows(report: ReportInput) -> list[tuple[str, ...]]:
    return [row for table in left(report).tables for row in table.rows]


def test_by_the_journal_open_orders_and_positions_are_named() -> None:
    assert rows(KILLED) == [("Position", "BTCUSDT.X", "\N{MINUS SIGN}0.25"), ("Order", "O-5", "BUY 0.1 BTCUSDT.X at 100.5")]
    assert left(KILLED).note == "By the journal, this was left; what its venue says since is not known."
    sealed = left(replace(KILLED, comparing="open"))
    assert sealed.note.startswith("By the journal, this was left; its venue is asked after this report is sealed")
    for text in (render_markdown(KILLED), render_html(KILLED)):
        assert "Left at the venue" in text
        assert "BUY 0.1 BTCUSDT.X" in text


def test_what_the_venue_said_since_goes_before_the_journal() -> None:
    report = replace(KILLED, reconciliations=(compared(observed((OPEN, DONE), (held("-1.50"), held("0.0")))),))
    assert rows(report) == [
        ("Position", "BTCUSDT.X", "\N{MINUS SIGN}1.5"),
        ("Order", "O-9", "SELL 2 BTCUSDT.X at 110.0, 0.5 of it filled"),
    ]
    assert left(report).note == (
        "By its venue, asked at 2026-03-02 10:15:30 UTC, after the last entry of the journal, this was left."
    )


def test_a_later_look_that_learnt_nothing_takes_nothing_back() -> None:
    kept = (compared(observed((), (held("1"),))), compared(None), compared(observed((), ()), source="file"))
    assert rows(replace(KILLED, reconciliations=kept)) == [("Position", "BTCUSDT.X", "1")]


def test_a_venue_that_says_flat_is_believed() -> None:
    report = replace(KILLED, reconciliations=(compared(observed((DONE,), ())),))
    assert rows(report) == []
    assert left(report).note.endswith("nothing was left: no order was open, and nothing was held.")
    assert "left" in [each.id for each in page_of(report).sections]


@pytest.mark.parametrize(
    "kept",
    [
        compared(None),
        compared(observed(None, ())),
        compared(observed((), None)),
        compared(observed((), ()), journal_digest=digest("before")),
        compared(observed((), ()), source="file"),
        KeptReconciliation("reconciliation-0001.json", None),
    ],
    ids=["not asked", "no orders", "no positions", "before the end", "a file", "unreadable"],
)
def test_what_is_not_the_venues_whole_word_since_the_end_is_not_taken_for_it(kept: KeptReconciliation) -> None:
    report = replace(KILLED, reconciliations=(kept,))
    assert left(report).note.startswith("By the journal, this was left")


def test_a_backtest_and_a_run_that_sent_nothing_have_no_such_left() -> None:
    idle = replace(KILLED, summary=summarize([], document=KILLED.document))
    for report in (small_report(), idle):
        assert "left" not in [each.id for each in page_of(report).sections]


def test_a_command_that_was_sent_and_not_answered_is_in_doubt() -> None:
    stream = play(gated(), is_ended=False)
    stream.now += SECOND
    stream.reach()
    summary = summarize(stream.entries, document=msgspec.json.decode(stream.configuration.document))
    doubts = {each.key: each.is_answered for each in summary.open_orders}
    assert doubts == {"O-2": True, "O-4": False}
    told = rows(replace(KILLED, summary=summary))
    assert [row[2] for row in told if row[1] == "O-4"] == ["BUY 1 BTCUSDT.X at 100; the last command was not answered"]


def test_of_very_many_the_rest_is_counted() -> None:
    many = tuple(OpenOrder(f"O-{n}", "X", "BUY", Decimal(1), Decimal(0), None, is_answered=True) for n in range(ROWS_KEPT + 4))
    (table,) = left(replace(KILLED, summary=replace(KILLED.summary, open_orders=many))).tables
    assert len(table.rows) == ROWS_KEPT
    assert table.note == "The first 50; 5 orders and positions more."
