"""Redirects are the other side's wish: on this machine they are followed, off it never."""

import pytest

from probed_servers import OK, Behaviour, answering, probed, serving
from tc.probes.attempt import MOST_REDIRECTS


def redirect(to: str, status: int = 302) -> Behaviour:
    return answering(f"HTTP/1.1 {status} Found\r\nLocation: {to}\r\n\r\n".encode())


def test_a_redirect_on_this_machine_is_followed() -> None:
    with serving(answering(OK)) as to, serving(redirect(f"http://localhost:{to.port}/there")) as served:
        found = probed(served.url())
    assert (found.state, found.http_status) == ("ok", 200)
    assert to.requests[0].startswith(b"GET /there ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to",
    [
        "http://example.com/",
        "//example.com/",
        "https://10.0.0.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://localhost./",
        "http://user@127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "http://[::1",
        "tcp://127.0.0.1:22",
    ],
)
def test_a_redirect_off_this_machine_is_not_followed_and_nothing_is_looked_up(status: int, to: str) -> None:
    def resolve(host: str, _port: int) -> list[str]:
        pytest.fail(f"{host} was looked up")

    with serving(redirect(to, status)) as served:
        found = probed(served.url(), resolve=resolve)
    assert (found.state, found.http_status) == ("http_error", status)
    assert "not followed" in found.detail
    assert "example" not in found.detail


def test_a_redirect_that_goes_round_ends() -> None:
    with serving(lambda connection: connection.sendall(b"HTTP/1.1 302 x\r\nLocation: /again\r\n\r\n")) as served:
        found = probed(served.url())
    assert (found.state, found.http_status, served.connections) == ("http_error", 302, MOST_REDIRECTS + 1)


def test_a_redirect_of_an_external_target_is_not_followed_not_even_to_this_machine() -> None:
    with serving(answering(OK)) as to, serving(redirect(to.url())) as served:
        found = probed(f"http://venue.example:{served.port}/", allows_external=True, resolve=lambda _host, _port: ["127.0.0.1"])
    assert (found.state, to.connections) == ("http_error", 0)


def test_a_redirect_to_a_name_that_leads_elsewhere_is_not_followed() -> None:
    with serving(redirect("http://localhost:1/")) as served:
        found = probed(served.url(), resolve=lambda _host, _port: ["10.0.0.1"])
    assert (found.state, found.http_status) == ("http_error", 302)
