import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.errors import RefusedError
from tc.spec.probe_url import judge_target, refuse_address, refused_address

ELSEWHERE = [
    "http://example.com",
    "http://10.0.0.1:80",
    "http://128.0.0.1",
    "http://0.0.0.0:80",
    "http://0x7f.1",
    "http://0x7f000001",
    "http://2130706433",
    "http://127.1",
    "http://0177.0.0.1",
    "http://127.0.0.01",
    "http://127.0.0.1.",
    "http://localhost.",
    "http://localhost.localdomain",
    "http://127.0.0.1.nip.io",
    "http://[::2]",
    "http://[::ffff:127.0.0.1]",
    "http://[0:0:0:0:0:0:0:1]",
    "tcp://example.com:443",
    "wss://fstream.binance.com",
]
NEVER = [
    "http://user@127.0.0.1",
    "http://user:secret@127.0.0.1:80/",
    "http://127.0.0.1:80@evil.example/",
    "http://127.0.0.1#@evil.example",
    "http://127.0.0.1\\@evil.example",
    "http://127.0.0.1/?symbol=X",
    "http://127.0.0.1/x#y",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:080",
    "http://127.0.0.1/a b",
    "http://127.0.0.1/\r\nX: y",
    "http://127.0.0.1/%2e%2e",
    "http://①②⑦.0.0.1",
    "http://[::1%25lo]/",
    "http:///x",
    "http:127.0.0.1",
    "127.0.0.1:80",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:80/x",
    "",
]


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("http://127.0.0.1:18080/fapi/v1/ping", "http://127.0.0.1:18080", "/fapi/v1/ping"),
        ("HTTP://LOCALHOST", "http://localhost:80", ""),
        ("https://localhost", "https://localhost:443", ""),
        ("wss://127.9.8.7/ws/btcusdt@bookTicker", "wss://127.9.8.7:443", "/ws/btcusdt@bookTicker"),
        ("ws://[::1]:9/", "ws://[::1]:9", "/"),
        ("tcp://127.0.0.1:65535", "tcp://127.0.0.1:65535", ""),
    ],
)
def test_what_is_on_this_machine_may_be_probed(url: str, origin: str, path: str) -> None:
    target = judge_target(url)
    assert (target.origin, target.path, target.is_external) == (origin, path, False)
    assert target.is_tls is origin.startswith(("https:", "wss:"))


@pytest.mark.parametrize("url", [*ELSEWHERE, *NEVER])
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="is not probed"):
        judge_target(url)


@pytest.mark.parametrize("url", NEVER)
def test_what_is_not_strictly_written_is_refused_whatever_is_allowed(url: str) -> None:
    with pytest.raises(RefusedError, match="is not probed"):
        judge_target(url, allows_external=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://0x7f.1",
        "http://2130706433",
        "http://127.1",
        "http://0177.0.0.1",
        "http://localhost.",
        "http://a..b",
        "http://-a.b",
    ],
)
def test_another_spelling_of_an_address_or_a_name_is_refused_even_where_external_targets_are_allowed(url: str) -> None:
    with pytest.raises(RefusedError, match="neither a name nor a plain address"):
        judge_target(url, allows_external=True)


@pytest.mark.parametrize("url", ["http://example.com", "https://10.0.0.1:8443", "ws://[2001:db8::1]:80", "tcp://example.com:443"])
def test_an_external_target_is_probed_only_where_that_is_allowed(url: str) -> None:
    with pytest.raises(RefusedError, match="it is not this machine"):
        judge_target(url)
    assert judge_target(url, allows_external=True).is_external


def test_a_refusal_names_the_host_and_no_secret() -> None:
    for url in ("http://user:secret@evil.example/", "http://evil.example/secret?secret#secret"):
        with pytest.raises(RefusedError) as caught:
            judge_target(url)
        assert "secret" not in caught.value.message + caught.value.hint
        assert "evil.example" in caught.value.message


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        ("127.0.0.1", True),
        ("127.255.0.3", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("::", False),
        ("x", False),
    ],
)
def test_a_name_of_this_machine_must_stand_for_an_address_of_it(address: str, is_fine: bool) -> None:
    assert (refuse_address(judge_target("http://localhost"), address) == "") is is_fine


def test_the_refusal_of_an_address_names_the_target_and_why() -> None:
    error = refused_address(judge_target("http://localhost"), "its name stands for an address that is not on this machine")
    assert error.message == "'localhost' is not probed: its name stands for an address that is not on this machine"


@pytest.mark.parametrize(
    ("address", "is_fine"), [("93.184.216.34", True), ("224.0.0.1", False), ("::", False), ("ff02::1", False)]
)
def test_an_external_name_must_stand_for_the_address_of_one_host(address: str, is_fine: bool) -> None:
    assert (refuse_address(judge_target("http://example.com", allows_external=True), address) == "") is is_fine


@given(st.text(max_size=30), st.sampled_from(["http://", "https://", "ws://", "tcp://", ""]))
def test_whatever_is_accepted_names_this_machine(rest: str, scheme: str) -> None:
    try:
        target = judge_target(scheme + rest)
    except RefusedError:
        return
    assert target.host in {"localhost", "::1"} or target.host.startswith("127.")
