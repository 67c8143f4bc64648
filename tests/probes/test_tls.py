"""TLS: a certificate is always checked, and nothing is asked of a server whose certificate does not fit."""

from pathlib import Path

import pytest

from probed_servers import OK, answering, certificate, phases, probed, server_context, serving, trusting, until_it_leaves


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_tls_with_a_trusted_certificate_is_ok_and_has_the_time_of_its_handshake(own: tuple[Path, Path], host: str) -> None:
    with serving(answering(OK), context=server_context(*own)) as served:
        found = probed(served.url("https", host), context=trusting(own[0]))
    assert (found.state, found.http_status) == ("ok", 200)
    assert phases(found)[1:] == (True, True, True)


def test_a_certificate_signed_by_itself_is_a_tls_error_and_nothing_is_asked(own: tuple[Path, Path]) -> None:
    with serving(answering(OK), context=server_context(*own)) as served:
        found = probed(served.url("https"))
    assert (found.state, found.detail) == ("tls_error", "its certificate is signed by itself")
    assert served.requests == []


def test_a_certificate_of_another_name_is_a_tls_error(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, names="DNS:venue.example,IP:127.0.0.2")
    with serving(answering(OK), context=server_context(cert, key)) as served:
        by_name = probed(served.url("https", "localhost"), context=trusting(cert))
        by_address = probed(served.url("https"), context=trusting(cert))
    assert (by_name.state, by_name.detail) == ("tls_error", "its certificate is of another name")
    assert (by_address.state, by_address.detail) == ("tls_error", "its certificate is of another address")


def test_a_server_that_speaks_no_tls_is_a_tls_error() -> None:
    with serving(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as served:
        found = probed(served.url("https"))
    assert (found.state, found.http_status, found.timings.tls_ns) == ("tls_error", None, None)


def test_a_server_that_leaves_within_the_tls_handshake_is_a_tls_error() -> None:
    with serving(lambda _connection: None) as served:
        assert probed(served.url("wss")).state == "tls_error"


def test_a_server_that_never_shakes_hands_is_a_timeout() -> None:
    with serving(until_it_leaves) as served:
        assert probed(served.url("https"), timeout_ms=300).state == "timeout"


def test_a_server_that_speaks_tls_where_http_is_expected_is_unknown(own: tuple[Path, Path]) -> None:
    with serving(answering(OK), context=server_context(*own)) as served:
        assert probed(served.url()).state == "unknown"
