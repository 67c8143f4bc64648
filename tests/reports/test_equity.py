from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.core.events import AccountUpdated, Balance, OrderFilled
from tc.reports.candles import NANOS, Candles
from tc.reports.figures import Equity
from tc.reports.tally.equity import EquityCurve, Traded, traded_in

TRADED = Traded("BTCUSDT.X", "BTC", "USDT", Decimal(1), is_inverse=False)


def fill(at_ns: int, side: str, quantity: str | Decimal, price: str | Decimal, commission: str = "0") -> OrderFilled:
    return OrderFilled(
        at_ns, at_ns, "O", "V", "A", f"T-{at_ns}", "P", "S", "BTCUSDT.X", side, Decimal(quantity), Decimal(price),
        "USDT", Decimal(commission), "USDT", "TAKER",
    )  # fmt: skip


def account(at_ns: int, *, account_id: str = "A", kind: str = "MARGIN", **totals: str) -> AccountUpdated:
    balances = tuple(Balance(currency, Decimal(total), Decimal(0), Decimal(total)) for currency, total in totals.items())
    return AccountUpdated(at_ns, at_ns, account_id, kind, False, balances)


def seconds(*closes: int) -> Candles:
    ends = tuple(NANOS * (index + 1) for index in range(len(closes)))
    return Candles("candles", "bars", len(closes), 0, NANOS, ends, closes, closes, closes, closes)


def finished(curve: EquityCurve, last_ns: int) -> Equity:
    equity = curve.finish(last_ns)
    assert isinstance(equity, Equity)
    return equity


def test_a_fill_at_the_stamp_of_a_bar_is_part_of_that_bars_value() -> None:
    curve = EquityCurve(TRADED, seconds(100, 110))
    curve.account(account(0, USDT="1000"))
    curve.advance(NANOS)
    curve.fill(fill(NANOS, "BUY", "1", "90"))
    assert [point.value for point in finished(curve, 2 * NANOS).points.items] == [1010, 1020]


def test_candles_before_the_stream_begins_are_no_part_of_it() -> None:
    curve = EquityCurve(TRADED, seconds(1, 2, 3))
    curve.begin(2 * NANOS)
    curve.account(account(2 * NANOS, USDT="5"))
    assert [point.at_ns for point in finished(curve, 3 * NANOS).points.items] == [2 * NANOS, 3 * NANOS]


def test_candles_after_the_run_stopped_are_no_part_of_it() -> None:
    curve = EquityCurve(TRADED, seconds(1, 2, 3))
    curve.account(account(0, USDT="5"))
    assert [point.at_ns for point in finished(curve, NANOS + 1).points.items] == [NANOS, 2 * NANOS]


def test_a_fill_after_the_last_candle_is_valued_at_its_own_price() -> None:
    curve = EquityCurve(TRADED, seconds(100))
    curve.account(account(0, USDT="1000"))
    for at_ns, side, price in ((2 * NANOS, "BUY", "90"), (3 * NANOS, "SELL", "95")):
        curve.advance(at_ns)
        curve.fill(fill(at_ns, side, "1", price))
    equity = finished(curve, 4 * NANOS)
    assert [(point.at_ns, point.value) for point in equity.points.items] == [(NANOS, 1000), (3 * NANOS, 1005)]
    assert equity.final == curve.quote_total == 1005


def test_nothing_is_valued_before_an_account_or_a_fill_is_known() -> None:
    curve = EquityCurve(TRADED, seconds(1, 2))
    curve.advance(2 * NANOS)
    curve.account(account(NANOS + 1, USDT="5"))
    assert [point.value for point in finished(curve, 2 * NANOS).points.items] == [5]


def test_a_spot_accounts_base_currency_is_valued_at_the_price() -> None:
    curve = EquityCurve(TRADED, seconds(100, 110))
    curve.account(account(0, kind="CASH", USDT="1000", BTC="2", BNB="7"))
    curve.advance(NANOS + 1)
    curve.fill(fill(NANOS + 1, "SELL", "1", "105"))
    equity = finished(curve, 2 * NANOS)
    assert equity.starting == 1200
    assert [point.value for point in equity.points.items] == [1200, 1000 + 105 + 110]
    assert equity.left_out == ("balances in BNB",)
    assert curve.quote_total == 1105


def test_only_an_accounts_first_state_counts_and_several_accounts_add_up() -> None:
    curve = EquityCurve(TRADED, seconds(1))
    curve.account(account(0, USDT="5"))
    curve.account(account(0, account_id="B", USDT="6"))
    curve.account(account(0, USDT="50"))
    assert finished(curve, NANOS).starting == 11


def test_a_free_commission_in_a_third_currency_is_not_worth_a_note() -> None:
    curve = EquityCurve(Traded("BTCUSDT.X", "BTC", "EUR", Decimal(1), is_inverse=False), None)
    curve.fill(fill(1, "BUY", "1", "90"))
    assert finished(curve, 1).left_out == ()


def test_no_fall_is_a_drawdown_of_nothing() -> None:
    curve = EquityCurve(TRADED, seconds(100, 110))
    curve.account(account(0, USDT="1000"))
    drawdown = finished(curve, 2 * NANOS).drawdown
    assert (drawdown.amount, drawdown.fraction, drawdown.peak) == (0, 0, drawdown.trough)


def test_a_fall_from_nothing_has_no_fraction() -> None:
    curve = EquityCurve(TRADED, None)
    curve.fill(fill(1, "BUY", "1", "90", "0.5"))
    drawdown = finished(curve, 1).drawdown
    assert drawdown.fraction is None
    assert drawdown.peak.value == Decimal("-0.5")


def test_without_a_price_or_a_fill_there_is_no_equity() -> None:
    curve = EquityCurve(TRADED, None)
    curve.account(account(0, USDT="5"))
    assert curve.finish(1) == "There is no price and no fill to value the account at."


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        ({"id": "A.B", "base_currency": "A", "quote_currency": "Q", "multiplier": "0.01", "is_inverse": True},
         Traded("A.B", "A", "Q", Decimal("0.01"), is_inverse=True)),
        ("A.B", Traded("A.B", "", "", Decimal(1), is_inverse=False)),
    ],
)  # fmt: skip
def test_the_instrument_is_read_from_the_configuration(instrument: object, expected: Traded) -> None:
    assert traded_in({"instrument": instrument}) == expected


amounts = st.integers(1, 10**9).map(lambda value: Decimal(value).scaleb(-4))


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), amounts, amounts, amounts), min_size=1, max_size=60))
def test_equity_is_cash_and_holdings_whatever_the_path(trades: list[tuple[str, Decimal, Decimal, Decimal]]) -> None:
    curve = EquityCurve(TRADED, None)
    curve.account(account(0, USDT="1000"))
    cash, held, peak, worst = Decimal(1000), Decimal(0), None, Decimal(0)
    for index, (side, quantity, price, commission) in enumerate(trades):
        curve.fill(fill(index, side, quantity, price, str(commission)))
        sign = 1 if side == "BUY" else -1
        cash -= sign * quantity * price + commission
        held += sign * quantity
        value = cash + held * price
        peak = value if peak is None else max(peak, value)
        worst = max(worst, peak - value)
    equity = finished(curve, len(trades))
    assert equity.final == cash + held * trades[-1][2]
    assert equity.drawdown.amount == worst
    assert equity.drawdown.peak.value - equity.drawdown.trough.value == worst
    assert curve.quote_total == cash


def test_fills_after_the_end_of_a_tape_are_all_valued_at_their_own_prices() -> None:
    curve = EquityCurve(TRADED, replace(seconds(100), is_of_tape=True))
    curve.account(account(0, USDT="1000"))
    for at_ns, side, price in ((2 * NANOS, "BUY", "90"), (3 * NANOS, "BUY", "80"), (4 * NANOS, "SELL", "95")):
        curve.advance(at_ns)
        curve.fill(fill(at_ns, side, "1", price))
    equity = finished(curve, 5 * NANOS)
    assert [(point.at_ns // NANOS, point.value) for point in equity.points.items] == [(1, 1000), (2, 1000), (3, 990), (4, 1020)]
    assert equity.drawdown.amount == 10
