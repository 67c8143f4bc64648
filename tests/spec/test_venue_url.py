"""Orders and signed requests go to this machine or to a consented testnet, whatever a URL is made to look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tc.errors import ExitCode, RefusedError
from tc.spec.venue_url import TESTNETS, judge

HERE = {
    "http://127.0.0.1:8080": ("http://127.0.0.1:8080", "ws://127.0.0.1:8080"),
    "http://127.0.0.1:8080/": ("http://127.0.0.1:8080", "ws://127.0.0.1:8080"),
    "ws://127.0.0.1:8080/ws": ("http://127.0.0.1:8080", "ws://127.0.0.1:8080"),
    "http://127.255.0.9": ("http://127.255.0.9:80", "ws://127.255.0.9:80"),
    "http://localhost:1": ("http://127.0.0.1:1", "ws://127.0.0.1:1"),
    "HTTP://LocalHost:65535": ("http://127.0.0.1:65535", "ws://127.0.0.1:65535"),
    "http://[::1]:9": ("http://[::1]:9", "ws://[::1]:9"),
}

LIVE = (
    "https://fapi.binance.com",
    "https://api.binance.com",
    "https://dapi.binance.com",
    "https://fapi.binance.us",
    "wss://fstream.binance.com",
    "wss://fstream.binance.com/private",
    "wss://ws-fapi.binance.com/ws-fapi/v1",
    "https://fapi.binance.com:443/",
    "https://api.bybit.com",
    "https://testnet.binance.vision",
)

HOSTILE = (
    # names that end or begin like ours
    "http://127.0.0.1.evil.com",
    "http://localhost.evil.com",
    "http://evil.com.localhost",
    "http://localhost.localdomain",
    "http://localhost.:80",
    "http://127.0.0.1.:80",
    "http://127.0.0.1.nip.io",
    "http://127-0-0-1.evil.com",
    "https://demo-fapi.binance.com.evil.com",
    "https://evil-demo-fapi.binance.com",
    "https://xdemo-fapi.binance.com",
    "https://demo-fapi.binance.com.",
    "https://demo-fapi.binance.com:8443",
    "http://demo-fapi.binance.com",
    "https://demo-fapi.binance.co",
    # user names, passwords, and hosts that hide behind them
    "http://127.0.0.1@evil.com",
    "http://127.0.0.1:80@evil.com",
    "http://evil.com@127.0.0.1",
    "http://user:hunter2@127.0.0.1:80",
    "https://demo-fapi.binance.com@evil.com",
    "http://evil.com\\@127.0.0.1",
    "http://evil.com#@127.0.0.1",
    "http://evil.com?@127.0.0.1",
    "http://evil.com/@127.0.0.1",
    "http://127.0.0.1#@evil.com",
    "http://127.0.0.1?signature=hunter2",
    "http://127.0.0.1/?signature=hunter2",
    "http://127.0.0.1%00.evil.com",
    "http://127.0.0.1%2eevil.com",
    "http://127.0.0.1%40evil.com",
    # other spellings of addresses
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.0.0.1",
    "http://0177.0.0.1",
    "http://127.1",
    "http://127.0.1",
    "http://127.0.0.01",
    "http://127.0.0.256",
    "http://0.0.0.0",
    "http://0",
    "http://10.0.0.1",
    "http://169.254.169.254",
    "http://192.168.0.1:8080",
    "http://128.0.0.1",
    "http://[::]",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]",
    "http://[::1%25lo]",
    "http://[::1].evil.com",
    "http://[::1]@evil.com",
    "http://[fe80::1]",
    "http://::1",
    # letters that look like others
    "http://xn--lcalhost-l8a.com",
    "http://loc\u0430lhost",
    "http://127\u3002" + "0\u30020\u30021",
    "http://\uff11\uff12\uff17.0.0.1",
    "http://127.0.0.\u0661",
    "http://\u2460\u2461\u2466.0.0.1",
    "http://loca\u200blhost",
    "http://localho\u017ft",
    # what is no base URL
    "",
    "127.0.0.1:8080",
    "//127.0.0.1",
    "http:127.0.0.1",
    "http:/127.0.0.1",
    "http:///127.0.0.1",
    "http:\\\\127.0.0.1",
    "file:///etc/passwd",
    "ftp://127.0.0.1",
    "javascript://127.0.0.1",
    "http+unix://127.0.0.1",
    " http://127.0.0.1",
    "http://127.0.0.1 ",
    "http://127.0.0.1\n",
    "http://127.0.0.1\r\nHost: evil.com",
    "http://127.0.0.1\t.evil.com",
    "http://127.0.0.1:0",
    "http://127.0.0.1:65536",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:080",
    "http://127.0.0.1:",
    "http://127.0.0.1:80:80",
    "http://127.0.0.1:-1",
    "http://127.0.0.1:8\u0660",
    "http://127.0.0.1//evil.com",
    "http://127.0.0.1/../x",
    "http://127.0.0.1/;x",
    "https://127.0.0.1:443",
    "wss://localhost",
    "http://" + "a" * 70_000,
)


@pytest.mark.parametrize("url", HERE)
@pytest.mark.parametrize("environment", ["loopback", "testnet"])
def test_this_machine_is_accepted_and_no_name_is_left_to_look_up(url: str, environment: str) -> None:
    judged = judge(url, environment=environment)
    assert (judged.http, judged.ws) == HERE[url]
    assert judged.environment == "loopback"
    assert str(judged) == judged.http


@pytest.mark.parametrize("url", [*LIVE, *HOSTILE], ids=lambda url: ascii(url)[:60])
@pytest.mark.parametrize("environment", ["loopback", "testnet"])
@pytest.mark.parametrize("has_consent", [False, True])
def test_everything_else_is_refused_whatever_is_said_of_it(url: str, environment: str, has_consent: bool) -> None:
    with pytest.raises(RefusedError) as refused:
        judge(url, environment=environment, has_consent=has_consent)
    assert refused.value.exit_code is ExitCode.REFUSED
    assert "hunter2" not in refused.value.message + refused.value.hint
    assert refused.value.message.isascii()
    assert len(refused.value.message) < 300


@pytest.mark.parametrize("environment", ["live", "LIVE", "", "Testnet", "mainnet", "demo"])
def test_no_other_environment_exists_not_even_for_this_machine(environment: str) -> None:
    with pytest.raises(RefusedError, match="environment"):
        judge("http://127.0.0.1:80", environment=environment, has_consent=True)


@pytest.mark.parametrize("pair", TESTNETS)
def test_a_testnet_needs_the_spec_and_the_consent(pair: tuple[str, str]) -> None:
    for url in (f"https://{pair[0]}", f"wss://{pair[1]}/ws", f"https://{pair[0]}:443/"):
        with pytest.raises(RefusedError, match="environment: testnet"):
            judge(url, has_consent=True)
        with pytest.raises(RefusedError, match="without your consent"):
            judge(url, environment="testnet")
        judged = judge(url, environment="testnet", has_consent=True)
        assert (judged.http, judged.ws, judged.environment) == (f"https://{pair[0]}", f"wss://{pair[1]}", "testnet")


def test_a_refusal_names_the_host_and_nothing_else_of_the_url() -> None:
    with pytest.raises(RefusedError) as refused:
        judge("https://me:hunter2@fapi.binance.com:443/path?key=hunter2")
    assert "'fapi.binance.com'" in refused.value.message
    assert not {"me:", "hunter2", "path", "key="} & set(refused.value.message.split())
    assert "hunter2" not in refused.value.message


def test_a_password_with_a_slash_is_not_taken_for_a_host() -> None:
    with pytest.raises(RefusedError) as refused:
        judge("http://user:hunt/er2@127.0.0.1/")
    assert "hunt" not in refused.value.message
    assert "user" not in refused.value.message


@given(st.text(max_size=60))
def test_no_text_gives_anything_but_this_machine_or_a_refusal(text: str) -> None:
    for url in (text, f"http://{text}", f"http://127.0.0.1{text}", f"http://{text}127.0.0.1"):
        try:
            judged = judge(url)
        except RefusedError:
            continue
        assert judged.host == "::1" or judged.host.startswith("127.")
