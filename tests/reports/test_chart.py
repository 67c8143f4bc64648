from dataclasses import replace
from decimal import Decimal

import pytest

from report_samples import DOCUMENT, SECOND_NS, small_candles, small_report, small_venue
from tc.reports.candles import Candles
from tc.reports.page.chart import CANDLES_DRAWN, ROWS_LISTED, Chart, chart_of
from tc.reports.report import ReportInput
from tc.reports.summary import summarize


def chart(report: ReportInput) -> Chart:
    found = chart_of(report)
    assert found is not None
    return found


def test_everything_is_on_the_grid_of_the_candles() -> None:
    data = chart(small_report()).data
    first = small_candles(small_venue()).ends_ns[0] // SECOND_NS
    assert data["times"] == [first - 1, first, first + 1, first + 2]
    assert data["closes"] == (1005, 1010, 1030, 1045)
    assert data["position"] == [0, 0.5, 2, -0.25]
    assert data["equity"] == [1000, 1000.24, 1004.23, 1004.085]


def test_fills_of_one_candle_and_side_are_one_marker_with_their_average_price() -> None:
    venue = small_venue()
    candles = replace(small_candles(venue), interval_ns=10 * SECOND_NS, ends_ns=tuple(venue.now + step for step in range(4)))
    report = replace(small_report(), candles=candles)
    assert chart(report).data["fills"] == [[0, "BUY", 2, 2, 100.875], [0, "SELL", 2, 2.25, pytest.approx(103.1111, abs=1e-4)]]


def test_market_orders_are_not_marked_where_they_are_placed() -> None:
    report = small_report()
    marks = tuple(replace(mark, price=None) for mark in report.summary.order_marks.items)
    summary = replace(report.summary, order_marks=replace(report.summary.order_marks, items=marks))
    kinds = [mark[1] for mark in chart(replace(report, summary=summary)).data["orders"]]
    assert kinds == ["canceled", "denied"]


def test_without_candles_the_prices_of_fills_are_a_line_and_it_says_so() -> None:
    venue = small_venue()
    report = replace(small_report(), candles=None, summary=summarize(venue.entries, document=DOCUMENT))
    found = chart(report)
    assert found.data["kind"] == "line"
    assert (found.data["precision"], found.data["closes"]) == (1, (1005, 1010, 1040))
    assert (
        found.notes[0] == "Drawn from the fills: the line joins their prices, in steps of 1 s; the market rows were not at hand."
    )
    assert found.label.startswith("3 points of BTCUSDT.X")


def test_without_equity_the_engines_balance_is_drawn_and_named() -> None:
    report = small_report()
    inverse = replace(report, summary=replace(report.summary, equity=None))
    data = chart(inverse).data
    assert (data["equityName"], data["currency"]) == ("Balance", "USDT")
    assert data["equity"] == [1000, 1000, 1000, 1004.22]


def test_without_an_account_there_is_no_money_to_draw() -> None:
    report = small_report()
    found = chart(replace(report, summary=replace(report.summary, equity=None, balance_points={})))
    assert found.data["equity"] is None
    assert [column.title for column in found.values.columns] == ["Until (UTC)", "Price", "Position"]


def test_a_run_without_price_or_fill_has_no_chart() -> None:
    assert chart_of(ReportInput("run", "created", {}, DOCUMENT, None, summarize([], document=DOCUMENT))) is None


def test_a_price_whose_decimals_never_end_is_drawn_at_a_sane_precision() -> None:
    report = small_report()
    fills = report.summary.fills
    odd = replace(fills, items=tuple(replace(fill, price=Decimal("1E+2") / 3) for fill in fills.items))
    assert chart(replace(report, candles=None, summary=replace(report.summary, fills=odd))).data["precision"] == 8
    whole = replace(fills, items=tuple(replace(fill, price=Decimal("1E+2")) for fill in fills.items))
    assert chart(replace(report, candles=None, summary=replace(report.summary, fills=whole))).data["closes"] == (100, 100, 100)


def test_a_long_series_is_drawn_coarser_and_says_so() -> None:
    count = 43_200
    ends = tuple(1_680_307_260 * SECOND_NS + 60 * SECOND_NS * index for index in range(count))
    closes = tuple(range(count))
    candles = Candles("candles", "bars of X", count, 3, 60 * SECOND_NS, ends, closes, closes, closes, closes)
    found = chart(replace(small_report(), candles=candles))
    assert len(found.data["times"]) <= CANDLES_DRAWN
    assert found.notes[0] == "43,200 bars of X, drawn as 1,440 candles of 30 min."
    assert len(found.values.rows) <= ROWS_LISTED + 1
    assert found.values.rows[-1][1] == "43.199"


def test_a_run_without_a_fill_says_nothing_of_fills() -> None:
    report = small_report()
    summary = replace(report.summary, fills=replace(report.summary.fills, items=(), total=0))
    assert len(chart(replace(report, summary=summary)).notes) == 1


def test_an_instrument_that_the_document_does_not_name_is_that_of_the_fills() -> None:
    report = replace(small_report(), document={})
    assert chart(report).data["instrument"] == "BTCUSDT.X"


def test_beyond_the_ends_of_a_tape_the_prices_of_fills_are_the_line_and_it_says_so() -> None:
    venue = small_venue()
    short = replace(small_candles(venue), ends_ns=(venue.now - 60 * SECOND_NS,), is_of_tape=True)
    short = replace(short, opens=(990,), highs=(990,), lows=(990,), closes=(990,))
    found = chart(replace(small_report(), candles=short))
    assert found.data["closes"] == (990, 1005, 1010, 1040)
    assert [index for index, *_ in found.data["fills"]] == [1, 2, 3]  # type: ignore[union-attr]
    assert "Beyond the ends of the tape the line joins the prices of 4 fills." in found.notes[0]
    whole = chart(replace(small_report(), candles=replace(small_candles(venue), is_of_tape=True)))
    assert whole.data["closes"] == (1005, 1010, 1030, 1045)
    assert "Beyond" not in whole.notes[0]


def test_a_fill_of_another_instrument_is_no_price_of_this_one() -> None:
    report = small_report()
    fills = report.summary.fills
    others = replace(fills, items=tuple(replace(fill, instrument_id="ETHUSDT.X") for fill in fills.items))
    short = replace(small_candles(small_venue()), ends_ns=(1,), opens=(9,), highs=(9,), lows=(9,), closes=(9,), is_of_tape=True)
    found = chart(replace(report, candles=short, summary=replace(report.summary, fills=others)))
    assert found.data["closes"] == (9,)
