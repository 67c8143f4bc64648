"""Claims about what is said of a channel: a pause, a quiet market, a dead channel and a lost connection are told apart."""

from dataclasses import dataclass, field
from typing import get_args

import pytest

from tc.checks.feed import Channel, FeedState, Inquiry, Witness, feed_states, silences

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


def moved(since_s: float, asked_s: float = 0.5, instrument_id: str = BTC) -> Witness:
    return Witness(instrument_id, ago_ns(asked_s), has_moved=True, since_ns=ago_ns(since_s))


def unmoved(asked_s: float = 0.5, instrument_id: str = BTC) -> Witness:
    return Witness(instrument_id, ago_ns(asked_s), has_moved=False)


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
    assert state(quotes(5.9)) == "live"
    assert state(quotes(6.1)) == "silent"


def test_a_silent_channel_of_a_market_that_stands_still_is_quiet_however_long_that_lasts() -> None:
    for seconds in (2.5, 60, 86_400):
        assert state(quotes(seconds), unmoved()) == "quiet"
        assert state(trades(seconds), unmoved()) == "quiet"


@pytest.mark.parametrize("channel", ["QuoteTick", "OrderBookDelta", "OrderBookDeltas", "OrderBookDepth10"])
def test_a_channel_that_must_tell_the_best_prices_is_dead_once_they_moved_without_it(channel: str) -> None:
    assert state(quotes(4, channel=channel), moved(since_s=1)) == "dead"


def test_a_channel_that_need_not_tell_them_is_never_called_dead() -> None:
    assert state(trades(4), moved(since_s=1)) == "live"
    assert state(trades(60), moved(since_s=30)) == "silent"


def test_news_that_may_be_on_their_way_or_came_since_prove_nothing() -> None:
    assert state(quotes(4), moved(since_s=0.6)) == "live"
    assert state(quotes(4), moved(since_s=0.6), at_ns=NOW_NS) == "dead"
    assert state(quotes(3), moved(since_s=3.5)) == "live"


def test_a_witness_that_spoke_of_another_market_before_the_silence_or_long_ago_is_not_heard() -> None:
    for witness in (unmoved(instrument_id=ETH), unmoved(asked_s=60), unmoved(asked_s=10.1)):
        assert state(quotes(60), witness) == "silent"
    assert state(quotes(60), unmoved(asked_s=9.9)) == "quiet"


def test_silence_without_a_connection_is_called_that_and_a_node_that_does_not_say_is_taken_for_connected() -> None:
    assert state(quotes(2.5), unmoved(), connected={"data": False}) == "disconnected"
    assert state(quotes(60), moved(since_s=9), connected={"data": False, "execution": True}) == "disconnected"
    assert state(quotes(60), connected={}) == "silent"


def test_trades_that_pause_while_quotes_come_are_quiet_and_quotes_that_pause_while_trades_come_are_not() -> None:
    assert states(Node((quotes(0.1), trades(60)))) == ["live", "quiet"]
    assert states(Node((quotes(60), trades(0.1)))) == ["silent", "live"]
    assert states(Node((quotes(0.1, ETH), trades(60)))) == ["live", "silent"]


def test_a_bar_is_waited_for_as_long_as_it_takes() -> None:
    for seconds, expected in ((59, "live"), (61.9, "live"), (65.9, "live"), (66.1, "silent")):
        assert state(Channel(BTC, "Bar", ago_ns(seconds), 3, every_s=60.0)) == expected
    assert state(Channel(BTC, "Bar", ago_ns(63), 3, every_s=60.0), unmoved()) == "quiet"


def test_a_channel_that_never_said_anything_is_silent_since_it_was_subscribed_to() -> None:
    assert state(Channel(BTC, "QuoteTick", 0, 0, since_ns=ago_ns(1))) == "live"
    assert state(Channel(BTC, "QuoteTick", 0, 0, since_ns=ago_ns(7))) == "silent"
    assert state(Channel(BTC, "QuoteTick", 0, 0, since_ns=ago_ns(7)), moved(since_s=3)) == "dead"


def test_of_a_node_that_says_nothing_any_more_nothing_is_known() -> None:
    assert state(quotes(5.2), unmoved(), at_ns=ago_ns(5.1)) == "silent"
    assert state(quotes(5.2), unmoved(), at_ns=ago_ns(4.9)) == "quiet"
    assert state(quotes(5.2), moved(since_s=3), at_ns=ago_ns(4.9)) == "live"


@pytest.mark.parametrize("ending", ["stopping", "stopped"])
def test_a_node_that_is_ending_has_no_feed(ending: str) -> None:
    node = Node((quotes(60),), state=ending)
    assert feed_states(node, (), now_ns=NOW_NS) == ()
    assert silences(node, now_ns=NOW_NS) == {}


def test_every_state_is_reached() -> None:
    reached = {
        state(quotes(0.1)),
        state(quotes(60), unmoved()),
        state(quotes(60)),
        state(quotes(60), moved(since_s=9)),
        state(quotes(60), connected={"data": False}),
    }
    assert reached == set(get_args(FeedState))


def test_a_market_is_asked_about_when_a_channel_is_silent_that_tells_every_change_of_it() -> None:
    assert silences(Node((quotes(0.9), trades(60))), now_ns=NOW_NS) == {}
    assert silences(Node((quotes(1.1), trades(0.1))), now_ns=NOW_NS) == {BTC: ago_ns(1.1)}
    deltas = quotes(30, channel="OrderBookDeltas")
    assert silences(Node((quotes(1.1), deltas)), now_ns=NOW_NS) == {BTC: ago_ns(30)}
    assert silences(Node((quotes(0.1), deltas)), now_ns=NOW_NS) == {BTC: ago_ns(30)}


def test_where_no_channel_tells_that_all_must_be_silent() -> None:
    bars = Channel(BTC, "Bar", ago_ns(30), 3, every_s=60.0)
    assert silences(Node((trades(5), bars)), now_ns=NOW_NS) == {}
    assert silences(Node((trades(5),)), now_ns=NOW_NS) == {BTC: ago_ns(5)}
    assert silences(Node((trades(5), quotes(9, ETH))), now_ns=NOW_NS) == {BTC: ago_ns(5), ETH: ago_ns(9)}


def test_nobody_is_asked_for_a_node_that_is_overdue_or_has_no_channel() -> None:
    assert silences(Node((quotes(60),), at_ns=ago_ns(6)), now_ns=NOW_NS) == {}
    assert silences(Node(()), now_ns=NOW_NS) == {}


def test_one_answer_says_nothing_and_the_same_one_again_says_that_the_market_stands() -> None:
    first = Inquiry.begun(BTC, (1, 2), 100)
    assert first.witness() is None
    again = first.heard((1, 2), 200).heard((1, 2), 300)
    assert again.witness() == Witness(BTC, 300, has_moved=False)


def test_a_market_that_moved_has_moved_since_then_even_if_it_moved_back() -> None:
    said = Inquiry.begun(BTC, (1, 2), 100).heard((1, 3), 200).heard((1, 2), 300)
    assert said.witness() == Witness(BTC, 300, has_moved=True, since_ns=200)
