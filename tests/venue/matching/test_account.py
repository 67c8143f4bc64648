"""The wallet, positions, fees and margins, to the last digit."""

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest

from matching_samples import ASKS, BIDS, BUY, RULES, SELL, START, SYMBOL, an_exchange, limit, market, trades_in
from tc.venue.matching import AccountChanged, Exchange, Refused


def test_maker_and_taker_pay_their_rates() -> None:
    exchange = an_exchange()
    taken = trades_in(exchange.submit(market(BUY, "0.1"), 2))[0]
    assert (taken.commission, taken.commission_asset) == (Decimal("10.01") * Decimal("0.0005"), "USDT")
    exchange.submit(limit(BUY, "99.9", "0.1"), 3)
    made = trades_in(exchange.trade(SYMBOL, Decimal("99.8"), Decimal(1), SELL, 4))[0]
    assert made.commission == Decimal("9.99") * Decimal("0.0002")


def test_a_round_trip_wins_what_it_sold_for_less_what_it_bought_for() -> None:
    exchange = an_exchange()
    exchange.submit(market(BUY, "7"), 2)
    position = exchange.position(SYMBOL)
    assert (position.quantity, position.entry_price) == (7, Decimal("100.12857143"))
    for quantity in ("3", "3", "1"):
        exchange.submit(market(SELL, quantity), 3)
    spent, earned = Decimal(5) * Decimal("100.1") + 2 * Decimal("100.2"), Decimal(5) * Decimal("99.9") + 2 * Decimal("99.8")
    fees = sum(trade.commission for trade in exchange.trades())
    assert sum(trade.realised_pnl for trade in exchange.trades()) == earned - spent
    assert exchange.wallet()["USDT"] == START + earned - spent - fees
    assert exchange.position(SYMBOL).entry_price == 0


def test_a_fill_that_turns_the_position_opens_the_rest_at_its_own_price() -> None:
    exchange = an_exchange()
    exchange.submit(market(BUY, "2"), 2)
    turned = trades_in(exchange.submit(market(SELL, "5"), 3))[0]
    assert turned.realised_pnl == 2 * (Decimal("99.9") - Decimal("100.1"))
    position = exchange.position(SYMBOL)
    assert (position.quantity, position.entry_price) == (-3, Decimal("99.9"))
    assert position.unrealised_pnl == -3 * (position.mark_price - Decimal("99.9"))


def test_the_mark_price_moves_the_unrealised_result_and_not_the_wallet() -> None:
    exchange = an_exchange()
    exchange.submit(market(SELL, "2"), 2)
    wallet = exchange.wallet()["USDT"]
    exchange.mark_price(SYMBOL, Decimal(90), 3)
    assert exchange.position(SYMBOL).unrealised_pnl == 2 * (Decimal("99.9") - 90)
    balance = exchange.account().balances[0]
    assert (balance.wallet, balance.margin_balance) == (wallet, wallet + Decimal("19.8"))


def test_margin_is_the_worse_of_the_position_with_all_bids_or_all_asks() -> None:
    exchange = an_exchange()
    exchange.mark_price(SYMBOL, Decimal(100), 1)
    exchange.submit(market(BUY, "2"), 2)
    exchange.submit(limit(BUY, "90", "1"), 3)
    exchange.submit(limit(SELL, "110", "1"), 4)
    position = exchange.position(SYMBOL)
    assert (position.notional, position.bid_notional, position.ask_notional) == (200, 90, 110)
    assert position.position_initial_margin == 10
    assert position.initial_margin == Decimal("14.5")
    exchange.submit(limit(SELL, "120", "4"), 5)
    assert exchange.position(SYMBOL).initial_margin == Decimal(590 - 200) / 20
    assert exchange.account().balances[0].available == exchange.wallet()["USDT"] - Decimal("0.2") - Decimal("19.5")


def test_an_order_beyond_the_margin_is_refused_and_one_that_needs_none_passes() -> None:
    exchange = an_exchange(balance=Decimal(10))
    with pytest.raises(Refused, match="-2019"):
        exchange.submit(market(BUY, "2"), 2)
    exchange.submit(market(BUY, "1.9"), 3)
    exchange.mark_price(SYMBOL, Decimal(90), 4)
    with pytest.raises(Refused, match="-2019"):
        exchange.submit(limit(BUY, "50", "0.1"), 5)
    exchange.submit(market(SELL, "1.9"), 6)


def test_a_sell_below_the_best_bid_needs_the_margin_of_the_bid() -> None:
    exchange = an_exchange(balance=Decimal(10))
    with pytest.raises(Refused, match="-2019"):
        exchange.submit(limit(SELL, "50", "2.1"), 2)
    exchange.submit(limit(SELL, "50", "2"), 3)


def test_leverage_changes_what_is_needed() -> None:
    exchange = an_exchange(balance=Decimal(10))
    for wrong in (0, 126):
        with pytest.raises(Refused, match="-4028"):
            exchange.set_leverage(SYMBOL, wrong)
    exchange.set_leverage(SYMBOL, 3)
    with pytest.raises(Refused, match="-2019"):
        exchange.submit(market(BUY, "0.4"), 2)
    exchange.submit(market(BUY, "0.2"), 3)
    exchange.mark_price(SYMBOL, Decimal(100), 4)
    assert exchange.position(SYMBOL).initial_margin == Decimal("6.66666667")
    assert exchange.leverage(SYMBOL) == 3


def test_each_fill_tells_the_account_as_it_is_after_it() -> None:
    exchange = an_exchange()
    facts = exchange.submit(market(BUY, "6"), 2)
    told = [fact for fact in facts if isinstance(fact, AccountChanged)]
    assert [fact.positions[0].quantity for fact in told] == [5, 6]
    assert told[-1].balances[0].wallet == exchange.wallet()["USDT"]


def test_symbols_share_the_wallet_of_their_quote_asset() -> None:
    eth = replace(RULES, symbol="ETHUSDT", base="ETH")
    exchange = Exchange({SYMBOL: RULES, "ETHUSDT": eth}, {"USDT": Decimal(10), "BNB": Decimal(1)})
    for symbol in (SYMBOL, "ETHUSDT"):
        exchange.book_reset(symbol, BIDS, ASKS, 1)
    exchange.submit(market(BUY, "1.5"), 2)
    with pytest.raises(Refused, match="-2019"):
        exchange.submit(replace(market(BUY, "1"), symbol="ETHUSDT"), 3)
    exchange.submit(replace(market(BUY, "0.4"), symbol="ETHUSDT"), 3)
    assert [balance.asset for balance in exchange.account().balances] == ["BNB", "USDT"]
    assert [position.quantity for position in exchange.account().positions] == [Decimal("1.5"), Decimal("0.4")]


def test_a_callers_own_decimal_context_does_not_matter() -> None:
    with localcontext() as context:
        context.prec = 3
        exchange = an_exchange()
        exchange.submit(market(BUY, "7"), 2)
        account = exchange.account()
        assert exchange.mark(SYMBOL) == Decimal("100.05")
    assert account.balances[0].wallet == START - Decimal("700.9") * Decimal("0.0005")


def test_a_position_that_is_shifted_silently_tells_nothing_and_pays_nothing() -> None:
    exchange = an_exchange()
    exchange.shift_position(SYMBOL, Decimal("-0.5"), 2)
    position = exchange.position(SYMBOL)
    assert (position.quantity, position.entry_price, exchange.wallet()["USDT"]) == (Decimal("-0.5"), 100, START)
    assert exchange.trades() == []
    exchange.shift_position(SYMBOL, Decimal("0.5"), 3)
    assert exchange.position(SYMBOL).quantity == 0


def test_without_any_price_the_mark_is_not_known() -> None:
    exchange = an_exchange(with_book=False)
    assert exchange.mark(SYMBOL) is exchange.last(SYMBOL) is exchange.best_bid(SYMBOL) is exchange.best_ask(SYMBOL) is None
    exchange.trade(SYMBOL, Decimal(7), Decimal(1), BUY, 2)
    assert exchange.mark(SYMBOL) == exchange.last(SYMBOL) == 7
    assert exchange.rules(SYMBOL) is RULES
