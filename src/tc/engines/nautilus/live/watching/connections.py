"""Whether a node's clients are connected, and how often their connections came back: Nautilus itself tells the first only."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tc.engines.nautilus.seams import HasKernel

_ADAPTER = "nautilus_trader.adapters.binance."
_LINES = ("_ws_client", "_ws_public_client")
_BACK = ("_handle_reconnect", "_handle_stream_reconnect")
"""Under these names Binance's adapter keeps its lines, and a line keeps what is called when one of its sockets is back."""


class Connections:
    """Looks at the clients of a node that is built and not yet connected.

    A client calls itself connected once it has started, whatever becomes of its streams later: of Binance's, those are looked at,
    too. Every other adapter is taken at its word, and so is Binance's where it is not built as we know it; then nobody counts.
    """

    def __init__(self, node: HasKernel) -> None:
        self._log: Callable[[str], None] = node.kernel.logger.error
        self._is_known = True
        self._engines = {"data": node.kernel.data_engine, "execution": node.kernel.exec_engine}
        self._returns = Counter(dict.fromkeys(self._engines, 0))
        self._was_up = dict.fromkeys(self._engines, False)
        self._was_lost = dict.fromkeys(self._engines, False)
        try:
            for name in self._engines:
                for line in self._lines(name):
                    self._count_returns(name, line)
        except Exception as error:  # noqa: BLE001 - see `_give_up`
            self._give_up(error)

    def look(self) -> dict[str, bool]:
        """Return whether the clients are connected, by `data` and `execution`."""
        return {name: self._looked(name) for name in self._engines}

    def is_up(self, name: str) -> bool:
        """Return whether one of them is connected: a question that counts nothing."""
        return self._is_connected(name) and self._are_lines_up(name)

    def reconnects(self) -> dict[str, int]:
        """Return how often a connection of theirs came back, by the same names; nothing where that is not known."""
        return dict(self._returns) if self._is_known else {}

    def _is_connected(self, name: str) -> bool:
        return bool(self._engines[name].check_connected())

    def _looked(self, name: str) -> bool:
        is_connected = self._is_connected(name)
        if is_connected and self._was_lost[name]:
            self._returns[name] += 1
        self._was_lost[name] = not is_connected and (self._was_up[name] or self._was_lost[name])
        self._was_up[name] = is_connected
        return is_connected and self._are_lines_up(name)

    def _are_lines_up(self, name: str) -> bool:
        try:
            return not self._is_known or all(map(_is_line_up, self._lines(name)))
        except Exception as error:  # noqa: BLE001 - see `_give_up`
            self._give_up(error)
            return True

    def _give_up(self, error: Exception) -> None:
        """Take the adapter at its word from now on: what is private to it may change, and no node fails for being looked at."""
        self._is_known = False
        self._log(f"tc: reconnects are not counted: the adapter is not built as expected: {type(error).__name__}: {error}")

    def _lines(self, name: str) -> Iterator[Any]:
        for client in self._engines[name]._clients.values():  # noqa: SLF001 - no other way
            for line in (getattr(client, each, None) for each in _LINES):
                if type(line).__module__.startswith(_ADAPTER):
                    yield line

    def _count_returns(self, name: str, line: Any) -> None:  # noqa: ANN401 - an adapter's line
        handles = {each: getattr(line, each) for each in _BACK if callable(getattr(line, each, None))}
        if not handles:
            raise AttributeError(f"{type(line).__name__} has none of {', '.join(_BACK)}")
        for each, handle in handles.items():
            setattr(line, each, self._counting(name, handle))

    def _counting(self, name: str, handle: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object) -> object:
            self._returns[name] += 1
            return handle(*arguments)

        return counted


def _is_line_up(line: Any) -> bool:  # noqa: ANN401 - an adapter's line
    """Whether all sockets of a line are; the user data's has one as long as it is not lost for good."""
    if hasattr(line, "_stream_client"):
        sockets = [each for each in (line._client, line._stream_client) if each is not None]  # noqa: SLF001 - no other way
        return bool(sockets) and all(map(_is_socket_up, sockets))
    return all(_is_socket_up(each) for each in line._clients.values() if each is not None)  # noqa: SLF001 - as above


def _is_socket_up(socket: Any) -> bool:  # noqa: ANN401 - Nautilus's WebSocketClient
    """Whether it is connected: one that is lost calls itself active as long as it tries to come back."""
    return bool(socket.is_active()) and not socket.is_reconnecting()
