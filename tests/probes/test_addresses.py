"""Names are resolved once, judged, and connected to at the address that was judged; proxies play no part."""

import socket
import threading

import pytest

from probed_servers import OK, answering, probed, serving
from tc.errors import RefusedError


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::"], ["0.0.0.0"]])  # noqa: S104 - nothing is bound
def test_a_name_of_this_machine_that_leads_elsewhere_is_refused_and_nothing_is_connected_to(addresses: list[str]) -> None:
    with serving(answering(OK)) as served:
        with pytest.raises(RefusedError, match="not on this machine"):
            probed(served.url(host="localhost"), resolve=lambda _host, _port: addresses)
        assert served.connections == 0


def test_the_connection_is_made_to_the_address_that_was_checked_and_the_name_is_not_looked_up_again() -> None:
    looked_up: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["10.0.0.1"]

    with serving(answering(OK)) as served:
        found = probed(served.url(host="localhost"), resolve=rebinding)
    assert (found.state, found.address, looked_up) == ("ok", "127.0.0.1", ["localhost"])


def test_the_next_address_of_a_name_is_tried_where_nobody_listens_at_the_first() -> None:
    with serving(answering(OK)) as served:
        found = probed(served.url(host="localhost"), resolve=lambda _host, _port: ["::1", "127.0.0.1"])
    assert (found.state, found.address) == ("ok", "127.0.0.1")


def test_a_name_that_cannot_be_resolved_is_unreachable() -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    found = probed("http://venue.example", allows_external=True, resolve=resolve)
    assert (found.state, found.address) == ("unreachable", None)


def test_a_resolver_that_hangs_is_a_timeout() -> None:
    over = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        over.wait(20)
        return ["127.0.0.1"]

    found = probed("http://localhost:1", resolve=resolve, timeout_ms=300)
    over.set()
    assert (found.state, found.timings.dns_ns) == ("timeout", None)


def test_proxy_variables_play_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(OK)) as proxy, serving(answering(OK)) as served:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "ws_proxy"):
            monkeypatch.setenv(name, proxy.url())
        found = probed(served.url())
    assert (found.state, proxy.connections) == ("ok", 0)
