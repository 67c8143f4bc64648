"""What is seen of a market while it is none is no newer than the doubt, whoever looks and however late."""

from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from tc.engines.nautilus.observing import Doubts, MarketView, RowObserver

BTC = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")


def quote(at_ns: int) -> QuoteTick:
    prices, sizes = (Price.from_str("9.5"), Price.from_str("9.6")), (Quantity.from_str("1"), Quantity.from_str("2"))
    return QuoteTick(BTC, *prices, *sizes, at_ns, at_ns)


def seen_by_row(doubts: Doubts, at_ns: int) -> int:
    return RowObserver(BTC.value, doubts)(quote(at_ns), 0).event_ns


def seen_in_cache(doubts: Doubts, at_ns: int) -> int:
    nothing = {"trade_tick": lambda _: None, "bar": lambda _: None, "bar_types": lambda *_: []}
    cache: Any = SimpleNamespace(quote_tick=lambda _: quote(at_ns), **nothing)
    view = MarketView(cache)
    view.doubts = doubts
    found = view.observed(BTC, at_ns + 5)
    assert found is not None
    return found.event_ns


@pytest.mark.parametrize("seen", [seen_by_row, seen_in_cache])
def test_what_was_seen_in_a_doubt_is_as_old_as_the_doubt_and_what_comes_after_is_new(seen: Any) -> None:
    doubts = Doubts()
    assert seen(doubts, 50) == 50
    assert doubts.begin(BTC.value, 100)
    assert not doubts.begin(BTC.value, 110)
    assert [seen(doubts, at_ns) for at_ns in (99, 100, 101, 10_000)] == [99, 100, 100, 100]
    doubts.end(BTC.value, 200)
    assert [seen(doubts, at_ns) for at_ns in (99, 199, 200, 10_000)] == [99, 100, 200, 10_000]
    assert doubts.begin(BTC.value, 300)
    assert seen(doubts, 301) == 300


def test_a_doubt_is_of_one_instrument() -> None:
    doubts = Doubts()
    doubts.begin("ETHUSDT-PERP.BINANCE", 10)
    assert (doubts.is_open(BTC.value), doubts.certain_ns(BTC.value, 11)) == (False, 11)
