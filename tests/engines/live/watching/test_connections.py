"""Whether a node's clients are connected: their streams count, too, and every return is counted once."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.adapters.binance.websocket.client import BinanceWebSocketClient
from nautilus_trader.adapters.binance.websocket.user import BinanceUserDataWebSocketClient
from nautilus_trader.common.component import LiveClock

from tc.engines.nautilus.live.watching.connections import Connections


@dataclass
class Socket:
    """A WebSocket; Nautilus's calls itself active while it comes back."""

    is_lost: bool = False
    is_over: bool = False

    def is_active(self) -> bool:
        return not self.is_over

    def is_reconnecting(self) -> bool:
        return self.is_lost


@dataclass
class Engine:
    """An engine, its clients, and whether they call themselves connected."""

    clients: dict[str, Any] = field(default_factory=dict)
    is_connected: bool = True

    @property
    def _clients(self) -> dict[str, Any]:
        return self.clients

    def check_connected(self) -> bool:
        return self.is_connected


@dataclass
class Node:
    data: Engine
    execution: Engine
    errors: list[str] = field(default_factory=list)

    @property
    def kernel(self) -> Any:
        logger = SimpleNamespace(error=self.errors.append)
        return SimpleNamespace(data_engine=self.data, exec_engine=self.execution, logger=logger)


def market_line(loop: asyncio.AbstractEventLoop) -> BinanceWebSocketClient:
    return BinanceWebSocketClient(LiveClock(), "ws://127.0.0.1:9", lambda _: None, None, loop)


def user_line(loop: asyncio.AbstractEventLoop) -> BinanceUserDataWebSocketClient:
    return BinanceUserDataWebSocketClient(LiveClock(), "ws://127.0.0.1:9", lambda _: None, "k", "s", loop)


@pytest.fixture
def loop() -> Any:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_a_stream_that_is_lost_is_no_connection_whatever_its_client_says(loop: asyncio.AbstractEventLoop) -> None:
    market, public, user = market_line(loop), market_line(loop), user_line(loop)
    sockets = [Socket(), Socket(), Socket(), Socket()]
    market._clients, public._clients = {0: sockets[0], 1: None}, {0: sockets[1]}
    user._client, user._stream_client = sockets[2], sockets[3]
    node = Node(
        Engine({"B": SimpleNamespace(_ws_client=market, _ws_public_client=public)}),
        Engine({"B": SimpleNamespace(_ws_client=user)}),
    )
    connections = Connections(node)
    assert connections.look() == {"data": True, "execution": True}
    for number, socket in enumerate(sockets):
        socket.is_lost = True
        assert connections.look() == {"data": number > 1, "execution": number < 2}
        socket.is_lost, socket.is_over = False, True
        assert connections.look() == {"data": number > 1, "execution": number < 2}
        socket.is_over = False
    user._client = None
    assert connections.look()["execution"]
    user._stream_client = None
    assert not connections.look()["execution"]
    assert connections.reconnects() == {"data": 0, "execution": 0}


def test_each_return_of_a_stream_is_counted_and_does_what_it_did(loop: asyncio.AbstractEventLoop) -> None:
    market, user = market_line(loop), user_line(loop)
    returned: list[object] = []
    market._handle_reconnect = returned.append
    user._handle_reconnect = lambda: returned.append("user")
    user._handle_stream_reconnect = lambda: returned.append("stream")
    node = Node(Engine({"B": SimpleNamespace(_ws_client=market)}), Engine({"B": SimpleNamespace(_ws_client=user)}))
    connections = Connections(node)
    market._handle_reconnect(7)
    market._handle_reconnect(8)
    user._handle_reconnect()
    user._handle_stream_reconnect()
    assert returned == [7, 8, "user", "stream"]
    assert connections.reconnects() == {"data": 2, "execution": 2}


def test_an_adapter_that_nobody_knows_is_taken_at_its_word_and_its_returns_are_counted() -> None:
    data = Engine({"O": SimpleNamespace(_ws_client=object())}, is_connected=False)
    connections = Connections(Node(data, Engine()))
    said = []
    for data.is_connected in (False, True, False, False, True, True, False):
        said.append(connections.look()["data"])
    assert said == [False, True, False, False, True, True, False]
    assert connections.reconnects() == {"data": 1, "execution": 0}


class Renamed(BinanceWebSocketClient):
    """A line of another version of the adapter."""

    __module__ = BinanceWebSocketClient.__module__
    _handle_reconnect = None


class Sealed(BinanceWebSocketClient):
    """One that nothing can be put on."""

    __module__ = BinanceWebSocketClient.__module__

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_handle_reconnect":
            raise AttributeError(f"{name} is read-only")
        super().__setattr__(name, value)


@pytest.mark.parametrize("kind", [Renamed, Sealed])
def test_an_adapter_that_is_built_otherwise_costs_the_counts_and_one_line_in_the_log(
    kind: type[BinanceWebSocketClient], loop: asyncio.AbstractEventLoop
) -> None:
    data = Engine({"B": SimpleNamespace(_ws_client=kind(LiveClock(), "ws://127.0.0.1:9", lambda _: None, None, loop))})
    node = Node(data, Engine())
    connections = Connections(node)
    for data.is_connected in (True, False, True):
        assert connections.look() == {"data": data.is_connected, "execution": True}
    assert connections.reconnects() == {}
    [said] = node.errors
    assert said.startswith("tc: reconnects are not counted: the adapter is not built as expected: AttributeError: ")
    assert "_handle_reconnect" in said


def test_an_engine_that_keeps_its_clients_elsewhere_is_taken_at_its_word(loop: asyncio.AbstractEventLoop) -> None:
    node = Node(Engine(), Engine())
    node.data.clients = None  # type: ignore[assignment]
    assert Connections(node).look() == {"data": True, "execution": True}
    assert len(node.errors) == 1


def test_a_line_whose_sockets_cannot_be_seen_any_more_is_taken_at_its_word(loop: asyncio.AbstractEventLoop) -> None:
    market = market_line(loop)
    node = Node(Engine({"B": SimpleNamespace(_ws_client=market)}), Engine())
    connections = Connections(node)
    assert connections.reconnects() == {"data": 0, "execution": 0}
    market._clients = {0: object()}
    for _ in range(2):
        assert connections.look() == {"data": True, "execution": True}
    assert connections.reconnects() == {}
    assert len(node.errors) == 1


def test_a_question_whether_one_is_up_counts_nothing() -> None:
    data = Engine({"O": SimpleNamespace(_ws_client=object())})
    connections = Connections(Node(data, Engine()))
    connections.look()
    said = []
    for data.is_connected in (False, True):
        said.append(connections.is_up("data"))
    connections.look()
    assert (said, connections.reconnects()) == ([False, True], {"data": 0, "execution": 0})
