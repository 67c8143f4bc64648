from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from msgspec import structs

from report_samples import DOCUMENT, INSTRUMENT, SECOND_NS, small_candles, small_summary, small_venue
from streams import Venue, configuration, position_spans, venues
from tc.core import EventStreamEntry, fold_event_stream_entries
from tc.core.events import (
    MarketObserved,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    PositionOpened,
    RunStarted,
)
from tc.errors import DocumentError
from tc.reports.figures import OrderOutcomes, Point, RunSummary
from tc.reports.summary import summarize
from tc.reports.tally.journal import RULE_BROKEN


def document_of(venue: Venue) -> dict[str, object]:
    return msgspec.json.decode(venue.configuration.document, type=dict[str, object])


def summary_of(venue: Venue) -> RunSummary:
    return summarize(venue.entries, document=document_of(venue))


def test_orders_are_counted_once_by_their_outcome() -> None:
    assert small_summary().outcomes == OrderOutcomes(filled=2, partly_filled=1, denied=1, open_at_end=1)
    assert small_summary().outcomes.total == 5


def test_events_rows_and_positions_are_counted() -> None:
    summary = small_summary()
    assert summary.events["OrderFilled"] == 4
    assert summary.rows == 18
    assert summary.rows_by_dataset == {"d" * 64: 18}
    assert summary.positions == position_spans(small_venue().entries)
    assert summary.recorded_events == summary.entries - 3
    assert (summary.status, summary.configuration) == ("completed", small_venue().configuration.fingerprint)


def test_an_observation_counts_as_a_row_where_it_stands_for_one() -> None:
    venue = Venue(configuration(dataset={"id": "made-up", "fingerprint": "e" * 64}))
    for row in (0, 1, None):
        venue.emit(MarketObserved(venue.now, venue.now, "BTCUSDT.X", last=Decimal(1), row=row))
    assert summary_of(venue).rows_by_dataset == {"e" * 64: 2}
    unnamed = Venue(configuration())
    unnamed.emit(MarketObserved(unnamed.now, unnamed.now, "BTCUSDT.X", last=Decimal(1), row=0))
    assert summary_of(unnamed).rows == 1


def test_profit_turnover_and_commissions_are_exact() -> None:
    summary = small_summary()
    profit = summary.profits["BTCUSDT.X"]
    assert (profit.closed, profit.won, profit.lost, profit.realized) == (1, 1, 0, Decimal("4.25"))
    assert (profit.gross_gain, profit.gross_loss, profit.largest_win, profit.largest_loss) == (
        Decimal("4.25"),
        0,
        Decimal("4.25"),
        0,
    )
    assert summary.turnover == {"USDT": Decimal("433.75")}
    assert summary.commissions == {"USDT": Decimal("0.04")}


def test_equity_is_starting_balance_plus_profit_at_each_candle_less_commissions() -> None:
    equity = small_summary().equity
    assert equity is not None
    assert (equity.currency, equity.marked_at, equity.starting) == ("USDT", "candles", 1000)
    assert [point.value for point in equity.points.items] == [
        1000,
        1000 + Decimal("-50.26") + Decimal("0.5") * Decimal(101),
        1000 + Decimal("-201.77") + 2 * Decimal(103),
        1000 + Decimal("30.21") - Decimal("0.25") * Decimal("104.5"),
    ]
    assert equity.final == Decimal("1004.085")
    assert equity.net_profit == Decimal("4.085")


def test_the_deepest_fall_of_equity_is_kept_with_its_peak() -> None:
    equity = small_summary().equity
    assert equity is not None
    first = small_candles(small_venue()).ends_ns[0]
    assert equity.drawdown.amount == Decimal("0.145")
    assert equity.drawdown.fraction == Decimal("0.000144")
    assert equity.drawdown.peak == Point(first + 2 * SECOND_NS, Decimal("1004.23"))
    assert equity.drawdown.trough == Point(first + 3 * SECOND_NS, Decimal("1004.085"))


def test_without_candles_equity_is_valued_at_each_fill() -> None:
    equity = summarize(small_venue().entries, document=DOCUMENT).equity
    assert equity is not None
    assert equity.marked_at == "fills"
    assert [point.value for point in equity.points.items] == [
        Decimal("999.99"), Decimal("1000.23"), Decimal("1004.22"), Decimal("1004.21")
    ]  # fmt: skip


def test_the_multiplier_counts_in_profit_turnover_and_equity() -> None:
    venue = small_venue(multiplier="0.1")
    summary = summarize(venue.entries, document=document_of(venue))
    assert summary.profits["BTCUSDT.X"].realized == Decimal("0.425")
    assert summary.turnover == {"USDT": Decimal("43.375")}
    assert summary.equity is not None
    assert summary.equity.final == 1000 + Decimal("0.425") - Decimal("0.04")


def test_an_inverse_contract_has_no_equity_and_says_so() -> None:
    venue = small_venue(is_inverse=True)
    summary = summarize(venue.entries, document=document_of(venue))
    assert summary.equity is None
    assert "inverse" in summary.no_equity
    assert summary.profits == {}
    assert summary.turnover == {"USDT": Decimal("4.25")}
    assert summary.balances[0].recomputed is None


def test_fills_of_another_instrument_are_counted_one_for_one_and_left_out_of_equity() -> None:
    venue = small_venue(id="ETHUSDT.X", multiplier="10")
    summary = summarize(venue.entries, document=document_of(venue), candles=small_candles(venue))
    assert summary.turnover == {"USDT": Decimal("433.75")}
    assert summary.profits["BTCUSDT.X"].realized == Decimal("4.25")
    assert summary.equity is not None
    assert summary.equity.final == 1000
    assert summary.equity.left_out == ("fills of BTCUSDT.X",)


def with_commission(venue: Venue, currency: str) -> list[EventStreamEntry]:
    return [
        structs.replace(entry, event=structs.replace(entry.event, commission_currency=currency))
        if isinstance(entry.event, OrderFilled)
        else entry
        for entry in venue.entries
    ]


def test_a_commission_in_the_base_currency_is_valued_at_the_price() -> None:
    venue = small_venue()
    equity = summarize(with_commission(venue, "BTC"), document=DOCUMENT, candles=small_candles(venue)).equity
    assert equity is not None
    assert equity.final == Decimal("1004.085") + Decimal("0.04") - Decimal("0.04") * Decimal("104.5")


def test_a_commission_in_a_third_currency_is_left_out_and_named() -> None:
    venue = small_venue()
    equity = summarize(with_commission(venue, "BNB"), document=DOCUMENT, candles=small_candles(venue)).equity
    assert equity is not None
    assert equity.final == Decimal("1004.085") + Decimal("0.04")
    assert equity.left_out == ("commissions in BNB",)


def test_a_balance_is_compared_with_the_fills_only_where_they_determine_it() -> None:
    venue = small_venue()
    flat = [entry for entry in venue.entries if entry.position <= _position_of_second_account(venue)]
    (balance,) = summarize(flat, document=DOCUMENT).balances
    assert (balance.first, balance.last, balance.recomputed) == (1000, Decimal("1004.22"), Decimal("1004.22"))
    (balance,) = summarize(venue.entries, document=DOCUMENT).balances
    assert balance.recomputed is None


def _position_of_second_account(venue: Venue) -> int:
    return [entry.position for entry in venue.entries if type(entry.event).__name__ == "AccountUpdated"][1]


def test_open_positions_have_the_average_of_their_side() -> None:
    (position,) = small_summary().open_positions
    assert (position.instrument_id, position.signed_quantity, position.average_price) == ("BTCUSDT.X", Decimal("-0.25"), 104)


def test_order_marks_say_what_happened_and_at_which_price() -> None:
    kinds = [mark.kind for mark in small_summary().order_marks.items]
    assert kinds == ["placed", "placed", "placed", "canceled", "denied", "placed"]
    assert {mark.price for mark in small_summary().order_marks.items} == {Decimal("100.5")}


def test_reasons_that_differ_in_numbers_only_are_counted_together() -> None:
    venue = small_venue(is_ended=False)
    for free in ("17.5", "3"):
        order = venue.initialize()
        venue.submit(order)
        venue.emit(OrderRejected(venue.now, venue.now, order, f"free={free} USDT is too little"))
    accepted = venue.accepted()
    venue.emit(OrderModifyRejected(venue.now, venue.now, accepted, "NO"))
    venue.emit(OrderCancelRejected(venue.now, venue.now, accepted, "NO"))
    refusals = summary_of(venue).refusals
    assert [(each.event, each.reason, each.count) for each in refusals] == [
        ("OrderRejected", "free=# USDT is too little", 2),
        ("OrderCancelRejected", "NO", 1),
        ("OrderDenied", "NOTIONAL_EXCEEDS_FREE_BALANCE: free=# USDT", 1),
        ("OrderModifyRejected", "NO", 1),
    ]
    assert refusals[0].example == "free=17.5 USDT is too little"


def test_expired_and_rejected_and_cancelled_orders_are_told_apart() -> None:
    venue = Venue()
    for kind in ("CANCELED", "EXPIRED", "REJECTED"):
        venue.end(venue.accepted(), kind)
    venue.initialize()
    assert summary_of(venue).outcomes == OrderOutcomes(canceled=1, expired=1, rejected=1, not_sent=1)


def test_a_late_fill_counts_and_is_an_oddity_and_a_repeated_one_does_not() -> None:
    venue = Venue()
    order = venue.accepted("BUY", "1.0")
    fill = venue.fill(order, "0.5")
    venue.emit(fill)
    venue.end(order, "CANCELED")
    venue.fill(order, "0.5", late=True)
    summary = summary_of(venue)
    assert summary.fills.total == 2
    assert summary.repeated_fills == 1
    assert [(each.code, each.count, each.subject) for each in summary.oddities] == [("late_fill", 1, order)]
    assert summary.outcomes == OrderOutcomes(partly_filled=1)


def test_what_came_late_or_again_counts_as_no_outcome_and_no_refusal() -> None:
    venue = small_venue(is_ended=False)
    rejected = venue.initialize()
    venue.submit(rejected)
    venue.end(rejected, "REJECTED")
    before = summary_of(venue)
    venue.emit(OrderRejected(venue.now, venue.now, rejected, "once more"))
    venue.emit(OrderCanceled(venue.now, venue.now, rejected))
    venue.emit(OrderDenied(venue.now, venue.now, rejected, "duplicate", is_duplicate=True))
    after = summary_of(venue)
    assert (after.outcomes, after.refusals, after.order_marks) == (before.outcomes, before.refusals, before.order_marks)
    assert {each.code: each.count for each in after.oddities} == {"duplicate_key": 1, "late_event": 1, "repeated_event": 1}


def test_an_oddity_whose_first_place_was_not_kept_is_still_counted() -> None:
    venue = Venue()
    where = (venue.now, venue.now, "P-9", "S-1", "BTCUSDT.X")
    for _ in range(65):
        venue.emit(PositionOpened(*where, Decimal(1)))
    order = venue.accepted()
    venue.end(order, "CANCELED")
    venue.fill(order, late=True)
    found = {each.code: (each.count, each.position) for each in summary_of(venue).oddities}
    assert found["position_mismatch"][0] == 65
    assert found["late_fill"] == (1, 0)


def test_an_entry_that_breaks_a_rule_ends_the_figures_and_is_reported() -> None:
    venue = small_venue()
    broken = venue.entries[:10]
    broken.append(EventStreamEntry(broken[-1].position + 1, RunStarted(1, 1, "x")))
    summary = summarize([*broken, *venue.entries[10:]], document=DOCUMENT)
    assert summary.entries == len(venue.entries) + 1
    assert summary.oddities[-1].code == RULE_BROKEN
    assert summary.oddities[-1].position == broken[-1].position
    assert summary.fills.total == 2


def test_an_amount_beyond_exact_arithmetic_is_reported_and_no_traceback() -> None:
    venue = small_venue(is_ended=False)
    order = venue.accepted("BUY", "1.0")
    venue.fill(order, None, "1e900000")
    assert "cannot be added up exactly" in summary_of(venue).oddities[-1].subject


def test_an_equity_beyond_exact_arithmetic_is_reported_and_no_traceback() -> None:
    venue = Venue(configuration(**{key: DOCUMENT[key] for key in DOCUMENT if key not in {"core", "configuration_version"}}))
    venue.fill(venue.accepted("BUY", "1.0"), None, "1e900000")
    assert summary_of(venue).oddities[-1].subject == "an amount is beyond exact arithmetic"


def test_a_document_that_is_no_configuration_is_refused() -> None:
    with pytest.raises(DocumentError):
        summarize([], document={})


def test_a_journal_without_entries_has_figures() -> None:
    summary = summarize([], document=DOCUMENT)
    assert (summary.entries, summary.first_ns, summary.last_ns, summary.equity, summary.status) == (0, None, None, None, "none")


def test_a_long_run_keeps_a_bounded_number_of_everything() -> None:
    venue = Venue(configuration(instrument=INSTRUMENT))
    for index in range(17_000):
        venue.now += 1_000
        venue.fill(venue.accepted("BUY" if index % 2 == 0 else "SELL", "1.0"), None, str(100 + index % 7))
    summary = summary_of(venue)
    assert summary.fills.total == summary.outcomes.filled == 17_000
    assert len(summary.fills.items) <= 16_385
    assert len(summary.order_marks.items) <= 16_385
    assert len(summary.net_quantities["BTCUSDT.X"].items) <= 16_385
    assert len(summary.first_fills) == len(summary.last_fills) == 50
    assert summary.fills.every == 2
    assert summary.profits["BTCUSDT.X"].closed == 8_500


@settings(max_examples=60)
@given(venues(max_steps=60))
def test_every_order_is_counted_exactly_once(venue: Venue) -> None:
    summary = summary_of(venue)
    assert summary.outcomes.total == len(venue.orders)
    assert summary.oddities == () or all(each.code != RULE_BROKEN for each in summary.oddities)


@settings(max_examples=60)
@given(venues(max_steps=60))
def test_holdings_are_those_of_state(venue: Venue) -> None:
    summary = summary_of(venue)
    state = fold_event_stream_entries(venue.entries, configuration=venue.configuration)
    assert summary.commissions == state.execution.holdings.commissions
    assert {name: profit.realized for name, profit in summary.profits.items()} == state.execution.holdings.realized
    assert sum((each.signed_quantity for each in summary.open_positions), Decimal(0)) == venue.net
    assert summary.positions == state.position
    assert summary.rows == state.market.rows


def test_figures_do_not_depend_on_how_rows_are_cut() -> None:
    whole, split = Venue(), Venue()
    whole.rows(10)
    split.rows(4)
    split.rows(6)
    one, two = summary_of(whole), summary_of(split)
    assert replace(one, entries=0, events={}) == replace(two, entries=0, events={})
