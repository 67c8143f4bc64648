"""Claims about what is said of a channel: a pause, a quiet market, a dead channel and a lost connection are told apart."""

from dataclasses import dataclass, field
from typing import get_args

import pytest

from tc.checks.feed import ANOMALIES, Channel, FeedState, Inquiry, Silence, Witness, anomalies_of, feed_states, silences

NOW_NS = 1_800_000_000_000_000_000
BTC, ETH = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"


def ago_ns(seconds: float) -> int:
    return NOW_NS - int(seconds * 1e9)


@dataclass(frozen=True)
class Node:
    """What a node says of itself."""

    channels: tuple[Channel, ...]
    connected: dict[str, bool] = field(default_factory=lambda: {"data": True, "execution": True})
    state: str = "trading"
    at_ns: int = ago_ns(0.2)
    every_s: float = 0.5


def quotes(seconds: float, instrument_id: str = BTC, channel: str = "QuoteTick") -> Channel:
    return Channel(instrument_id, channel, ago_ns(seconds), 7)


def trades(seconds: float, instrument_id: str = BTC) -> Channel:
    return quotes(seconds, instrument_id, "TradeTick")


def bars(seconds: float, every_s: float = 60.0) -> Channel:
    return Channel(BTC, "Bar", ago_ns(seconds), 3, every_s=every_s)


def moved(since_s: float, channel: str = "QuoteTick", *, first_s: float | None = None, asked_s: float = 0.5) -> Witness:
    """Return a witness of news; it was asked first a second before it had any, where nothing else is said."""
    first_ns = ago_ns(since_s + 1 if first_s is None else first_s)
    return Witness(BTC, channel, first_ns, ago_ns(asked_s), has_moved=True, since_ns=ago_ns(since_s))


def unmoved(channel: str = "QuoteTick", *, first_s: float = 1.5, asked_s: float = 0.5, instrument_id: str = BTC) -> Witness:
    return Witness(instrument_id, channel, ago_ns(first_s), ago_ns(asked_s), has_moved=False)


def state(channel: Channel, *witnesses: Witness, **node: object) -> FeedState:
    [(seen, found)] = feed_states(Node((channel,), **node), witnesses, now_ns=NOW_NS)  # type: ignore[arg-type]
    assert seen is channel
    return found


def states(node: Node, *witnesses: Witness) -> list[FeedState]:
    return [each for _, each in feed_states(node, witnesses, now_ns=NOW_NS)]


def test_a_channel_whose_messages_come_is_live_whatever_a_witness_said_before() -> None:
    assert state(quotes(0.1)) == "live"
    assert state(quotes(1.9), moved(since_s=1)) == "live"
    assert state(quotes(0.1), connected={"data": False}) == "live"


def test_a_pause_is_no_silence_before_anybody_could_tell() -> None:
    for channel in (quotes, trades):
        assert state(channel(7.9)) == "live"
        assert state(channel(8.1)) == "silent"


def test_a_silent_channel_of_a_market_that_stands_still_is_quiet_however_long_that_lasts() -> None:
    for seconds in (2.5, 60, 86_400):
        assert state(quotes(seconds), unmoved()) == "quiet"
        assert state(trades(seconds), unmoved("TradeTick")) == "quiet"
    assert states(Node((quotes(60), trades(60))), unmoved(), unmoved("TradeTick")) == ["quiet", "quiet"]


@pytest.mark.parametrize("channel", ["QuoteTick", "OrderBookDelta", "OrderBookDeltas", "OrderBookDepth10"])
def test_a_channel_that_must_tell_the_best_prices_is_dead_once_they_moved_without_it(channel: str) -> None:
    assert state(quotes(4, channel=channel), moved(since_s=1, channel=channel)) == "dead"


def test_a_channel_of_trades_is_dead_once_the_venue_traded_without_it_even_while_quotes_come() -> None:
    assert state(trades(6), moved(1, "TradeTick")) == "dead"
    assert states(Node((quotes(0.1), trades(6))), moved(1, "TradeTick")) == ["live", "dead"]


def test_prices_that_move_without_a_trade_say_nothing_of_trades() -> None:
    assert states(Node((trades(60),)), moved(since_s=30), unmoved("TradeTick")) == ["quiet"]
    assert states(Node((quotes(60), trades(60))), moved(since_s=30), unmoved("TradeTick")) == ["dead", "quiet"]


def test_news_that_may_be_on_their_way_or_came_since_prove_nothing() -> None:
    for seconds in (4, 60):
        assert state(quotes(seconds), moved(since_s=0.6)) == "live"
        assert state(quotes(seconds), moved(since_s=0.6), at_ns=NOW_NS) == "dead"
    assert states(Node((quotes(0.1), trades(60))), moved(0.6, "TradeTick")) == ["live", "quiet"]


def test_an_inquiry_that_began_before_the_last_message_proves_nothing_however_long_the_venue_hangs_then() -> None:
    for last_s in (2.1, 3.0, 4.9):
        assert state(quotes(last_s), moved(since_s=2, first_s=5, asked_s=2.5)) == "live"
    assert state(quotes(5.1), moved(since_s=2, first_s=5, asked_s=2.5)) == "dead"
    assert state(quotes(9), moved(since_s=8.5, first_s=9, asked_s=8.6)) == "silent"


def test_a_witness_that_spoke_of_another_channel_or_long_ago_is_not_heard() -> None:
    long_ago = [unmoved(first_s=20, asked_s=asked_s) for asked_s in (10.1, 15)]
    for witness in (unmoved(instrument_id=ETH), unmoved("TradeTick"), *long_ago):
        assert state(quotes(60), witness) == "silent"
    assert state(quotes(60), unmoved(first_s=20, asked_s=9.9)) == "quiet"


def test_silence_without_a_connection_is_called_that_and_a_node_that_does_not_say_is_taken_for_connected() -> None:
    assert state(quotes(2.5), unmoved(), connected={"data": False}) == "disconnected"
    assert state(quotes(60), moved(since_s=9), connected={"data": False, "execution": True}) == "disconnected"
    assert state(quotes(60), connected={}) == "silent"


def test_trades_that_pause_while_quotes_come_are_quiet_and_quotes_that_pause_while_trades_come_are_not() -> None:
    assert states(Node((quotes(0.1), trades(60)))) == ["live", "quiet"]
    assert states(Node((quotes(60), trades(0.1)))) == ["silent", "live"]
    assert states(Node((quotes(0.1, ETH), trades(60)))) == ["live", "silent"]
    assert states(Node((quotes(0.1), quotes(60, channel="MarkPriceUpdate")))) == ["live", "quiet"]


def test_a_bar_is_waited_for_as_long_as_it_takes() -> None:
    for seconds, expected in ((59, "live"), (61.9, "live"), (67.9, "live"), (68.1, "silent")):
        assert state(bars(seconds)) == expected


def test_a_bar_is_overdue_once_its_interval_has_passed_since_a_trade_and_quiet_while_there_was_none() -> None:
    assert state(bars(86_400), unmoved("Bar", first_s=3_600)) == "quiet"
    for since_s, expected in ((30, "live"), (60.6, "live"), (60.8, "silent")):
        assert state(bars(130), moved(since_s, "Bar")) == expected
    assert states(Node((quotes(0.1), bars(130))), moved(60.8, "Bar")) == ["live", "silent"]
    assert states(Node((quotes(0.1), bars(130))), moved(30, "Bar")) == ["live", "quiet"]


def test_a_channel_that_never_said_anything_is_silent_since_it_was_subscribed_to() -> None:
    assert state(Channel(BTC, "QuoteTick", 0, 0, since_ns=ago_ns(1))) == "live"
    assert state(Channel(BTC, "QuoteTick", 0, 0, since_ns=ago_ns(9))) == "silent"
    assert state(Channel(BTC, "QuoteTick", 0, 0, since_ns=ago_ns(9)), moved(since_s=3)) == "dead"


def test_of_a_node_that_says_nothing_any_more_nothing_is_known() -> None:
    assert state(quotes(5.2), unmoved(), at_ns=ago_ns(5.1)) == "silent"
    assert state(quotes(5.2), unmoved(), at_ns=ago_ns(4.9)) == "quiet"
    assert state(quotes(5.2), moved(since_s=3), at_ns=ago_ns(4.9)) == "live"


@pytest.mark.parametrize("ending", ["stopping", "stopped"])
def test_a_node_that_is_ending_has_no_feed(ending: str) -> None:
    node = Node((quotes(60),), state=ending)
    assert feed_states(node, (), now_ns=NOW_NS) == ()
    assert silences(node, now_ns=NOW_NS) == ()


def test_every_state_is_reached() -> None:
    reached = {
        state(quotes(0.1)),
        state(quotes(60), unmoved()),
        state(quotes(60)),
        state(quotes(60), moved(since_s=9)),
        state(quotes(60), connected={"data": False}),
    }
    assert reached == set(get_args(FeedState))


def asked(*channels: Channel) -> list[tuple[str, str]]:
    return [(each.channel, each.question) for each in silences(Node(channels), now_ns=NOW_NS)]


def test_beside_a_channel_that_is_silent_the_venue_is_asked_what_would_have_to_come_on_it() -> None:
    assert asked(quotes(0.9), trades(0.9)) == []
    assert asked(quotes(1.1), trades(0.1)) == [("QuoteTick", "touch")]
    assert asked(quotes(0.1), trades(1.1)) == [("TradeTick", "trades")]
    assert asked(quotes(0.1), quotes(30, channel="OrderBookDeltas")) == [("OrderBookDeltas", "touch")]
    [silence] = silences(Node((quotes(0.1), trades(9, ETH))), now_ns=NOW_NS)
    assert silence == Silence(ETH, "TradeTick", "trades", ago_ns(9))


def test_a_bar_is_asked_about_when_it_is_overdue_and_what_is_never_due_is_not() -> None:
    assert asked(bars(60.9)) == []
    assert asked(bars(61.1)) == [("Bar", "trades")]
    assert asked(bars(300, every_s=0.0), quotes(300, channel="MarkPriceUpdate")) == []


def test_nobody_is_asked_for_a_node_that_is_overdue_or_has_no_channel() -> None:
    assert silences(Node((quotes(60),), at_ns=ago_ns(6)), now_ns=NOW_NS) == ()
    assert silences(Node(()), now_ns=NOW_NS) == ()


def test_one_answer_says_nothing_and_the_same_one_again_says_that_the_market_stands() -> None:
    first = Inquiry.begun((1, 2), 100)
    assert first.witness(BTC, "QuoteTick") is None
    again = first.heard((1, 2), 200, 210).heard((1, 2), 300, 310)
    assert again.witness(BTC, "QuoteTick") == Witness(BTC, "QuoteTick", 100, 300, has_moved=False)


def test_a_market_that_moved_has_moved_since_the_answer_that_said_so_even_if_it_moved_back() -> None:
    said = Inquiry.begun((1, 2), 100).heard((1, 3), 200, 210).heard((1, 2), 300, 310)
    assert said.witness(BTC, "QuoteTick") == Witness(BTC, "QuoteTick", 100, 300, has_moved=True, since_ns=210)


def test_what_was_wrong_is_told_of_the_kinds_that_are_known_and_of_those_that_are_judged() -> None:
    channel = Channel("A", "QuoteTick", last_ns=0, messages=9, anomalies={"crossed": 2, "malformed": 0, "of_a_later_version": 7})
    assert anomalies_of(channel) == (("crossed", 2), ("malformed", 0))
    assert all("malformed" in kinds for kinds in ANOMALIES.values())
