"""Where our resting orders stand in the queue, and what fills them."""

from decimal import Decimal

from matching_samples import BUY, SELL, SYMBOL, an_exchange, fills_in, limit, trades_in

NOTHING: list[tuple[str, str]] = []


def test_an_order_stands_behind_all_that_is_visible_at_its_price() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    assert exchange.queue_ahead(SYMBOL, 1) == 5
    assert fills_in(exchange.trade(SYMBOL, Decimal("99.9"), Decimal(5), SELL, 3)) == NOTHING
    assert exchange.queue_ahead(SYMBOL, 1) == 0
    assert fills_in(exchange.trade(SYMBOL, Decimal("99.9"), Decimal("0.5"), SELL, 4)) == [("99.9", "0.5")]
    assert fills_in(exchange.trade(SYMBOL, Decimal("99.9"), Decimal(9), SELL, 5)) == [("99.9", "1.5")]


def test_one_trade_drains_the_queue_and_fills_us_with_what_is_left_of_it() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    facts = exchange.trade(SYMBOL, Decimal("99.9"), Decimal("6.5"), SELL, 3)
    assert fills_in(facts) == [("99.9", "1.5")]
    assert trades_in(facts)[0].is_maker


def test_trades_of_the_other_side_do_not_drain_the_queue() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    exchange.trade(SYMBOL, Decimal("99.9"), Decimal(5), BUY, 3)
    exchange.trade(SYMBOL, Decimal("100.1"), Decimal(5), BUY, 4)
    assert exchange.queue_ahead(SYMBOL, 1) == 5


def test_a_level_that_shrinks_never_moves_us_back_and_one_that_grows_stands_behind_us() -> None:
    exchange = an_exchange()
    exchange.submit(limit(SELL, "100.1", "1"), 2)
    exchange.book_delta(SYMBOL, SELL, Decimal("100.1"), Decimal(8), 3)
    assert exchange.queue_ahead(SYMBOL, 1) == 5
    exchange.book_delta(SYMBOL, SELL, Decimal("100.1"), Decimal(3), 4)
    assert exchange.queue_ahead(SYMBOL, 1) == 3
    exchange.book_delta(SYMBOL, SELL, Decimal("100.1"), Decimal(30), 5)
    assert exchange.queue_ahead(SYMBOL, 1) == 3
    exchange.book_delta(SYMBOL, SELL, Decimal("100.1"), Decimal(0), 6)
    assert exchange.queue_ahead(SYMBOL, 1) == 0


def test_a_snapshot_keeps_our_place() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    exchange.book_reset(SYMBOL, [(Decimal("99.9"), Decimal(4))], [(Decimal("100.1"), Decimal(5))], 3)
    assert exchange.queue_ahead(SYMBOL, 1) == 4
    exchange.book_reset(SYMBOL, [(Decimal("99.8"), Decimal(4))], [(Decimal("100.1"), Decimal(5))], 4)
    assert exchange.queue_ahead(SYMBOL, 1) == 0


def test_a_better_touch_than_told_before_leaves_nobody_in_front() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    exchange.book_ticker(SYMBOL, Decimal("99.8"), Decimal(3), Decimal("100.1"), Decimal(5), 3)
    assert exchange.queue_ahead(SYMBOL, 1) == 0


def test_a_trade_below_our_price_met_us_first() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    assert fills_in(exchange.trade(SYMBOL, Decimal("99.8"), Decimal("0.3"), SELL, 3)) == [("99.9", "0.3")]
    assert exchange.queue_ahead(SYMBOL, 1) == 0


def test_a_trade_goes_through_our_orders_in_price_time_order() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.8", "1", client="deep"), 2)
    exchange.submit(limit(BUY, "99.9", "1", client="first"), 3)
    exchange.book_delta(SYMBOL, BUY, Decimal("99.9"), Decimal(7), 4)
    exchange.submit(limit(BUY, "99.9", "1", client="second"), 5)
    facts = exchange.trade(SYMBOL, Decimal("99.9"), Decimal(9), SELL, 6)
    assert [(t.client_order_id, t.quantity) for t in trades_in(facts)] == [("first", 1), ("second", 1)]
    facts = exchange.trade(SYMBOL, Decimal("99.9"), Decimal(7), SELL, 7)
    assert facts == []
    facts = exchange.trade(SYMBOL, Decimal("99.8"), Decimal("10.4"), SELL, 8)
    assert [(t.client_order_id, t.quantity) for t in trades_in(facts)] == [("deep", Decimal("0.4"))]


def test_the_others_between_two_orders_of_ours_are_drained_in_their_turn() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "1", client="first"), 2)
    exchange.book_delta(SYMBOL, BUY, Decimal("99.9"), Decimal(8), 3)
    exchange.submit(limit(BUY, "99.9", "1", client="second"), 4)
    facts = exchange.trade(SYMBOL, Decimal("99.9"), Decimal("7.5"), SELL, 5)
    assert [(t.client_order_id, t.quantity) for t in trades_in(facts)] == [("first", 1)]
    assert exchange.queue_ahead(SYMBOL, 2) == Decimal("1.5")


def test_a_book_that_comes_through_our_price_fills_us_at_our_price_and_no_more_than_it_offers() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    facts = exchange.book_diff(SYMBOL, [(Decimal("99.9"), Decimal(0))], [(Decimal("99.7"), Decimal("1.2"))], 3)
    assert fills_in(facts) == [("99.9", "1.2")]
    assert exchange.best_ask(SYMBOL) == (Decimal("100.1"), Decimal(5))
    assert fills_in(exchange.book_delta(SYMBOL, SELL, Decimal("99.7"), Decimal(4), 4)) == [("99.9", "0.8")]
    assert exchange.best_ask(SYMBOL) == (Decimal("99.7"), Decimal("3.2"))


def test_a_book_that_comes_to_our_price_leaves_nobody_in_front() -> None:
    exchange = an_exchange()
    exchange.submit(limit(BUY, "99.9", "2"), 2)
    assert fills_in(exchange.book_delta(SYMBOL, SELL, Decimal("99.9"), Decimal("0.5"), 3)) == [("99.9", "0.5")]
    assert exchange.queue_ahead(SYMBOL, 1) == 0


def test_a_diff_is_taken_whole_before_our_orders_meet_it() -> None:
    exchange = an_exchange()
    exchange.submit(limit(SELL, "100.1", "1"), 2)
    # The bid at 100.1 comes and the asks move up in one message: one fill by the bid, none by a book half told.
    facts = exchange.book_diff(
        SYMBOL, [(Decimal("100.1"), Decimal("0.4"))], [(Decimal("100.1"), Decimal(0)), (Decimal("100.3"), Decimal(1))], 3
    )
    assert fills_in(facts) == [("100.1", "0.4")]


def test_a_book_that_crosses_itself_believes_what_was_told_last() -> None:
    exchange = an_exchange()
    exchange.book_delta(SYMBOL, BUY, Decimal("100.2"), Decimal(1), 2)
    assert exchange.best_bid(SYMBOL) == (Decimal("100.2"), 1)
    assert exchange.best_ask(SYMBOL) == (Decimal("100.5"), 20)
