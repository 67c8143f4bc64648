"""What is wrong on the wire is counted by channel, told once while it lasts, and nothing of it costs the node a message."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.adapters.binance.futures.data import BinanceFuturesDataClient
from nautilus_trader.adapters.binance.websocket.client import BinanceWebSocketClient
from nautilus_trader.common.component import LiveClock
from nautilus_trader.model.identifiers import InstrumentId

from tc.checks.feed import ANOMALIES
from tc.core.events import FeedDegraded
from tc.engines.nautilus.live.home import Home
from tc.engines.nautilus.live.watching.integrity import FeedIntegrity
from tc.engines.nautilus.observing import Doubts

BTC, ETH = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"
SURE_S = 0.3


class Client:
    """A data client of Binance's futures, with two lines and no connection."""

    __module__ = BinanceFuturesDataClient.__module__

    def __init__(self, loop: asyncio.AbstractEventLoop, known: tuple[str, ...] = (BTC, ETH)) -> None:
        self.handled: list[bytes] = []
        self.returned: list[object] = []
        self._instrument_provider = SimpleNamespace(find=lambda wanted: wanted.value if wanted.value in known else None)
        self._ws_client, self._ws_public_client = (self._line(loop) for _ in range(2))

    def _line(self, loop: asyncio.AbstractEventLoop) -> BinanceWebSocketClient:
        line = BinanceWebSocketClient(LiveClock(), "ws://127.0.0.1:9", self.handled.append, None, loop)
        line._handle_reconnect = self.returned.append
        return line

    def _get_cached_instrument_id(self, symbol: str) -> InstrumentId:
        return InstrumentId.from_str(f"{symbol}-PERP.BINANCE")


class Spot(Client):
    """A client of another market of Binance's."""

    __module__ = "nautilus_trader.adapters.binance.spot.data"


class Renamed(Client):
    """One of another version of the adapter."""

    __module__ = Client.__module__

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        del self._ws_public_client


class Scene:
    """A node with one client, and who judges what comes in."""

    def __init__(self, client: Client, recorded: tuple[str, ...] = (BTC, ETH)) -> None:
        self.client, self.said, self.errors = client, [], []  # type: ignore[var-annotated]
        self.loop = client._ws_client._loop
        self.clock = 1_000
        kernel = SimpleNamespace(
            data_engine=SimpleNamespace(_clients={"BINANCE": client}),
            clock=SimpleNamespace(timestamp_ns=self._tick),
            logger=SimpleNamespace(error=self.errors.append),
        )
        recorder: Any = SimpleNamespace(is_recorded=lambda each: each.value in recorded, degrade=self.said.append)
        self.doubts = Doubts()
        node: Any = SimpleNamespace(kernel=kernel)
        self.integrity = FeedIntegrity(node, recorder, home=Home(self.loop), doubts=self.doubts)

    def _tick(self) -> int:
        self.clock += 1
        return self.clock

    def hear(self, stream: str, *, public: bool = True, **data: Any) -> None:
        line = self.client._ws_public_client if public else self.client._ws_client
        document = {"stream": stream, "data": {"E": time.time_ns() // 1_000_000, **data}}
        line._handler(json.dumps(document, separators=(",", ":")).encode())

    def diff(self, number: int, follows: int | None = None, symbol: str = "btcusdt") -> None:
        self.hear(f"{symbol}@depth@0ms", u=number, pu=number - 1 if follows is None else follows)

    def quote(self, number: int, bid: str = "9", symbol: str = "btcusdt") -> None:
        self.hear(f"{symbol}@bookTicker", u=number, b=bid, B="1", a="10", A="1")

    def found(self, instrument_id: str = BTC) -> dict[str, dict[str, int]]:
        """Return what was wrong once that is sure."""
        time.sleep(SURE_S)
        counts = {channel: self.integrity.counts(instrument_id, channel) for channel in ANOMALIES}
        return {channel: wrong for channel, each in counts.items() if (wrong := {kind: n for kind, n in each.items() if n})}


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def reasons(scene: Scene) -> list[tuple[str, str]]:
    assert all(isinstance(each, FeedDegraded) for each in scene.said)
    return [(each.instrument_id, each.reason) for each in scene.said]


def test_each_channel_has_a_count_of_each_kind_from_the_start_and_every_message_goes_on(loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Client(loop))
    assert {channel: scene.integrity.counts(BTC, channel) for channel in ANOMALIES} == {
        channel: dict.fromkeys(kinds, 0) for channel, kinds in ANOMALIES.items()
    }
    assert scene.integrity.counts(BTC, "Bar") == scene.integrity.counts("BTCUSDT.BINANCE", "QuoteTick") == {}
    scene.diff(1)
    scene.diff(1)
    scene.quote(1)
    scene.quote(2, bid="11")
    scene.hear("btcusdt@aggTrade", public=False, a=7)
    scene.hear("btcusdt@aggTrade", public=False, a=6)
    scene.diff(1, symbol="ethusdt")
    scene.diff(3, symbol="ethusdt", follows=2)
    assert scene.found() == {"OrderBookDeltas": {"duplicate": 1}, "QuoteTick": {"crossed": 1}, "TradeTick": {"backwards": 1}}
    assert scene.found(ETH) == {"OrderBookDeltas": {"gap": 1}}
    assert len(scene.client.handled) == 8
    assert scene.errors == []


def test_R86_a_gap_on_the_wire_is_told_once_until_changes_follow_again(loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Client(loop))
    for number, follows in ((1, 0), (5, 3), (9, 7), (10, 9), (20, 15)):
        scene.diff(number, follows)
    assert reasons(scene) == [(BTC, "updates of the book are missing")] * 2
    assert not scene.doubts.is_open(BTC)
    assert scene.found() == {"OrderBookDeltas": {"gap": 3}}


def test_a_time_without_a_market_is_told_once_and_ends_with_a_quote_that_is_one(loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Client(loop))
    scene.quote(1)
    assert not scene.doubts.is_open(BTC)
    scene.quote(2, bid="10")
    since_ns = scene.said[0].event_ns
    scene.quote(3, bid="0")
    scene.diff(1)
    assert (scene.doubts.is_open(BTC), scene.doubts.certain_ns(BTC, since_ns + 99)) == (True, since_ns)
    scene.quote(4)
    assert (scene.doubts.is_open(BTC), scene.doubts.certain_ns(BTC, since_ns + 99)) == (False, since_ns + 99)
    scene.quote(5, bid="0")
    assert reasons(scene) == [(BTC, "the bid is not below the ask"), (BTC, "a price or a size of the best is zero")]
    assert scene.found() == {"QuoteTick": {"crossed": 1, "empty": 2}}


def test_a_line_that_came_back_begins_anew_even_when_its_first_message_is_faster_than_the_word_of_it(
    loop: asyncio.AbstractEventLoop,
) -> None:
    scene = Scene(Client(loop))
    scene.diff(1)
    scene.diff(3, follows=2)
    scene.hear("btcusdt@aggTrade", public=False, a=1)
    scene.hear("btcusdt@aggTrade", public=False, a=1)
    time.sleep(SURE_S)
    scene.diff(9, follows=8)
    back = threading.Thread(target=scene.client._ws_public_client._handle_reconnect, args=(0,))
    back.start()
    back.join()
    loop.run_until_complete(asyncio.sleep(0))
    scene.diff(20, follows=19)
    scene.diff(21)
    assert scene.found() == {"OrderBookDeltas": {"gap": 1}, "TradeTick": {"duplicate": 1}}
    assert scene.client.returned == [0]


def test_what_is_not_recorded_not_judged_or_no_message_of_a_stream_goes_on_untouched(loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Client(loop), recorded=(ETH,))
    scene.diff(1)
    scene.diff(1)
    for stream in ("btcusdt@kline_1m", "ethusdt@depth5@100ms", "!bookTicker", "ethusdt@markPrice@1s"):
        scene.hear(stream, u=1)
        scene.hear(stream, u=1)
    scene.client._ws_client._handler(b'{"result":null,"id":1}')
    assert (scene.found(), scene.found(ETH), len(scene.client.handled), scene.errors) == ({}, {}, 11, [])


def test_nothing_is_judged_of_an_adapter_that_is_not_binances_futures(loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Spot(loop))
    scene.diff(1)
    scene.diff(1)
    assert (scene.integrity.counts(BTC, "OrderBookDeltas"), len(scene.client.handled), scene.errors) == ({}, 2, [])


@pytest.mark.parametrize("price", ["nine", "NaN", ""])
def test_a_message_that_cannot_be_read_is_counted_and_blinds_nobody(price: str, loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Client(loop))
    scene.quote(1, bid="11")
    scene.quote(2, bid=price)
    assert scene.doubts.is_open(BTC)
    scene.diff(1)
    scene.client._ws_public_client._handler(b'{"stream":"btcusdt@depth@0ms","data":{"u":2,')
    scene.diff(3)
    assert reasons(scene) == [(BTC, "the bid is not below the ask"), (BTC, "updates of the book are missing")]
    assert scene.found() == {"QuoteTick": {"crossed": 1, "malformed": 1}, "OrderBookDeltas": {"gap": 1, "malformed": 1}}
    assert (scene.integrity.is_judging, scene.errors, len(scene.client.handled)) == (True, [], 5)


def broken_symbol(scene: Scene) -> None:
    scene.client._get_cached_instrument_id = None  # type: ignore[assignment,method-assign]
    scene.diff(1)


def broken_provider(scene: Scene) -> None:
    scene.client._instrument_provider.find = None  # type: ignore[assignment]
    scene.integrity.counts(BTC, "QuoteTick")


@pytest.mark.parametrize("broken", [broken_symbol, broken_provider])
def test_what_cannot_be_judged_costs_the_counts_and_one_line_in_the_log_and_no_message(
    broken: Callable[[Scene], None], loop: asyncio.AbstractEventLoop
) -> None:
    scene = Scene(Client(loop))
    broken(scene)
    before = len(scene.client.handled)
    scene.diff(1)
    scene.diff(1)
    assert (scene.integrity.counts(BTC, "OrderBookDeltas"), len(scene.client.handled) - before) == ({}, 2)
    assert scene.integrity.is_judging is False
    [said] = scene.errors
    assert said.startswith("tc: market data is not judged: ")


def test_an_adapter_that_is_built_otherwise_is_left_alone(loop: asyncio.AbstractEventLoop) -> None:
    scene = Scene(Renamed(loop))
    assert (scene.integrity.counts(BTC, "QuoteTick"), len(scene.errors)) == ({}, 1)
    assert "_ws_public_client" in scene.errors[0]
