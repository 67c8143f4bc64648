"""Where a node that is not ours sends orders and signed requests: read from what it was built of, never asked for over a line."""

from dataclasses import dataclass
from typing import Any

from nautilus_trader.adapters.binance.common.enums import BinanceAccountType
from nautilus_trader.adapters.binance.futures.execution import BinanceFuturesExecutionClient

from tc.engines.nautilus.seams import HasKernel


@dataclass(frozen=True, slots=True)
class NodeVenue:
    """Where a node's orders go.

    Parameters
    ----------
    http
        The base URL of requests; empty where it is not known.
    urls
        Every URL that an order or a signed request may go to.
    unknown
        Why that is not all of it, in words; empty where it is.

    """

    http: str = ""
    urls: tuple[str, ...] = ()
    unknown: str = ""


def node_venue(node: HasKernel) -> NodeVenue:
    """Return where a built node sends orders and signed requests; whatever cannot be read makes it unknown."""
    engine = node.kernel.exec_engine
    clients = list(engine._clients.values())  # noqa: SLF001 - Nautilus has no public way to them
    if engine.get_external_client_ids():
        return NodeVenue(unknown="the node sends orders to clients outside its process, too")
    if len(clients) != 1:
        count = "no execution client" if not clients else f"{len(clients)} execution clients"
        return NodeVenue(unknown=f"the node has {count}; expected one")
    try:
        return _venue_of(clients[0], _proxies(node))
    except AttributeError as error:
        return NodeVenue(unknown=f"the URLs of {type(clients[0]).__name__} cannot be read: {error}")


def _venue_of(client: Any, proxies: list[str]) -> NodeVenue:  # noqa: ANN401 - any execution client
    if type(client) is not BinanceFuturesExecutionClient:
        return NodeVenue(unknown=f"{type(client).__name__} is not NautilusTrader's client for Binance futures")
    account_type = client._binance_account_type  # noqa: SLF001
    if account_type != BinanceAccountType.USDT_FUTURES:
        return NodeVenue(unknown=f"its account is {account_type.value}; expected {BinanceAccountType.USDT_FUTURES.value}")
    rest, stream = client._http_client, client._ws_client  # noqa: SLF001
    if any(each is not rest for each in _requesters(client)):
        return NodeVenue(unknown="its execution client sends requests by more than one HTTP client")
    if proxies or stream._proxy_url:  # noqa: SLF001
        return NodeVenue(unknown="its execution client goes through a proxy")
    stated = (rest._base_url, stream._base_url, stream._stream_base_url)  # noqa: SLF001
    urls = tuple(url for url in stated if isinstance(url, str))
    if len(urls) != len(stated):
        return NodeVenue(unknown="its execution client does not name all of its URLs")
    return NodeVenue(urls[0], urls)


def _requesters(client: Any) -> list[Any]:  # noqa: ANN401
    """Return the HTTP client of everything of an execution client that sends signed requests."""
    apis = [client._http_account, client._http_market, client._futures_http_account, client._futures_http_market]  # noqa: SLF001
    user = client._ws_client._http_user  # noqa: SLF001
    return [client._instrument_provider._client, *(api.client for api in apis), *(() if user is None else (user.client,))]  # noqa: SLF001


def _proxies(node: Any) -> list[str]:  # noqa: ANN401 - Nautilus's node
    """Return the proxies that the configuration names for execution clients: the HTTP client does not tell its own."""
    configs = node._config.exec_clients.values()  # noqa: SLF001
    return [proxy for each in configs if (proxy := getattr(each, "proxy_url", None))]
