"""What the tables say, whatever the format."""

from dataclasses import replace
from decimal import Decimal

import pytest

from report_samples import DOCUMENT, small_report
from tc.reports.figures import Balance, Oddity
from tc.reports.page.build import page_of
from tc.reports.page.content import Page, Table
from tc.reports.page.results import equity_note
from tc.reports.report import ReportInput
from tc.reports.summary import summarize


def table_of(page: Page, name: str) -> Table:
    return next(table for section in page.sections for table in section.tables if table.id == name)


@pytest.mark.parametrize(
    ("last", "recomputed", "note"),
    [
        ("1004.22", "1004.22", "The engine's balance and the one recomputed from the fills are equal."),
        ("1004.22", "1004.219", "The engine's balance and the one recomputed from the fills differ by 0.001."),
        ("1004.22", None, "The balance is the engine's own; a margin account's says nothing of what open positions would gain."),
    ],
)
def test_the_engines_balance_and_the_fills_are_compared(last: str, recomputed: str | None, note: str) -> None:
    report = small_report()
    balance = Balance("A-1", "USDT", Decimal(1000), Decimal(last), None if recomputed is None else Decimal(recomputed))
    page = page_of(replace(report, summary=replace(report.summary, balances=(balance,))))
    assert table_of(page, "account").note == note


def test_a_run_without_an_account_has_no_word_about_it() -> None:
    report = small_report()
    account = table_of(page_of(replace(report, summary=replace(report.summary, balances=()))), "account")
    assert account.note == ""
    assert [row[0] for row in account.rows] == ["Equity, USDT", "Net profit", "Max drawdown"]


def test_the_note_on_equity_says_how_it_is_valued_and_what_it_leaves_out() -> None:
    report = small_report()
    assert "at the close of each candle (4 values)" in equity_note(report.summary)
    venue_only = summarize([], document=DOCUMENT)
    assert equity_note(venue_only) == "There is no price and no fill to value the account at."
    equity = report.summary.equity
    assert equity is not None
    other = replace(report.summary, equity=replace(equity, marked_at="fills", left_out=("balances in BNB", "commissions in BNB")))
    assert equity_note(other).endswith("at the price of each fill (4 values). Left out: balances in BNB, commissions in BNB.")


def test_an_oddity_has_its_meaning_and_its_place() -> None:
    report = small_report()
    oddities = (Oddity("late_fill", 2, 7, "O-1"), Oddity("position_mismatch", 1, 0, ""))
    page = page_of(replace(report, findings=(), summary=replace(report.summary, oddities=oddities)))
    (anomalies,) = page.alerts
    assert anomalies.rows[0] == ("late_fill", "2", "7", "O-1", "a fill came after its order had ended; it counts")
    assert anomalies.rows[1][2] == ""
    assert page.all_clear == ""


@pytest.mark.parametrize(
    ("status", "tone"), [("completed", "good"), ("failed", "bad"), ("crashed", "bad"), ("stopped", "warn"), ("created", "plain")]
)
def test_a_status_has_its_tone(status: str, tone: str) -> None:
    assert page_of(replace(small_report(), status=status)).tone == tone


@pytest.mark.parametrize(("final", "tone"), [("1000.01", "good"), ("999.99", "bad"), ("1000", "plain")])
def test_a_gain_is_good_and_a_loss_is_not(final: str, tone: str) -> None:
    report = small_report()
    equity = report.summary.equity
    assert equity is not None
    page = page_of(replace(report, summary=replace(report.summary, equity=replace(equity, final=Decimal(final)))))
    assert page.tiles[0].tone == tone


def test_a_start_from_nothing_has_no_share() -> None:
    report = small_report()
    equity = report.summary.equity
    assert equity is not None
    nothing = replace(equity, starting=Decimal(0), drawdown=replace(equity.drawdown, fraction=None))
    tiles = page_of(replace(report, summary=replace(report.summary, equity=nothing))).tiles
    assert tiles[0].note == ""
    assert tiles[1].note.startswith("—")


@pytest.mark.parametrize(
    ("commissions", "value", "unit"),
    [
        ({}, "0", ""),
        ({"USDT": Decimal("1.5")}, "1.50", "USDT"),
        ({"BNB": Decimal(1), "USDT": Decimal(2)}, "1.00 BNB + 2.00 USDT", ""),
    ],
)
def test_commissions_of_several_currencies_stand_side_by_side(commissions: dict[str, Decimal], value: str, unit: str) -> None:
    report = small_report()
    tiles = page_of(replace(report, summary=replace(report.summary, commissions=commissions))).tiles
    tile = next(tile for tile in tiles if tile.label == "Commissions")
    assert (tile.value, tile.unit) == (value, unit)


def test_the_header_names_what_ran_on_what() -> None:
    document = {**DOCUMENT, "run_spec": {"strategy": {"path": "package.module:Strategy"}, "instrument": "A.B"}, "instrument": {}}
    report = replace(small_report(), document=document, metadata={"dataset_id": "data-1"})
    named = {each.name: each.value for each in page_of(report).headline}
    assert (named["Strategy"], named["Instrument"], named["Dataset"]) == ("module:Strategy", "A.B", "data-1")
    assert next(each for each in page_of(report).provenance if each.name == "Strategy").value == "package.module:Strategy"


def test_fills_are_all_listed_or_the_first_and_the_last() -> None:
    report = small_report()
    assert table_of(page_of(report), "fill-list").title == "All 4 fills"
    summary = report.summary
    one = replace(
        summary, fills=replace(summary.fills, items=summary.fills.items[:1], total=1), first_fills=summary.first_fills[:1]
    )
    assert table_of(page_of(replace(report, summary=one)), "fill-list").title == "The fill"
    many = replace(summary, fills=replace(summary.fills, total=900), last_fills=summary.first_fills[:2])
    assert table_of(page_of(replace(report, summary=many)), "fill-list").title == "The first 4 and the last 2 of 900 fills"


def test_a_run_that_did_nothing_has_few_sections() -> None:
    page = page_of(ReportInput("run", "created", {}, DOCUMENT, None, summarize([], document=DOCUMENT)))
    assert [section.id for section in page.sections] == ["results", "throughput"]
    assert page.versions == ()
