from pathlib import Path

import pytest

from tc.errors import DocumentError
from tc.spec.web_config import WebConfig, load_web_config

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: /etc/server.key\n"
EVERYTHING = f"""\
{TLS}  client_ca_file: clients/ca.crt
  client_auth_type: RequireAndVerifyClientCert
  min_version: TLS12
  max_version: TLS13
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    X-XSS-Protection: "0"
basic_auth_users:
  alice: {HASH}
  "bob the 2nd": {HASH}
"""


def read(folder: Path, text: str) -> WebConfig:
    path = folder / "web.yml"
    path.write_text(text, encoding="utf-8")
    return load_web_config(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, text)
    assert caught.value.hint
    return caught.value.message.replace(f"{folder}/", "")


def test_a_file_as_prometheus_reads_it_is_read_and_its_paths_made_whole(tmp_path: Path) -> None:
    config = read(tmp_path, EVERYTHING)
    tls = config.tls_server_config
    assert tls is not None
    assert (tls.cert_file, tls.key_file) == (str(tmp_path / "server.crt"), "/etc/server.key")
    assert tls.client_ca_file == str(tmp_path / "clients" / "ca.crt")
    assert (tls.client_auth_type, tls.min_version, tls.max_version) == ("RequireAndVerifyClientCert", "TLS12", "TLS13")
    assert config.headers == {"X-Frame-Options": "deny", "X-XSS-Protection": "0"}
    assert config.basic_auth_users == {"alice": HASH, "bob the 2nd": HASH}
    assert (config.is_encrypted, config.knows_who_asks) == (True, True)


def test_what_is_left_out_is_as_in_prometheus(tmp_path: Path) -> None:
    config = read(tmp_path, TLS)
    tls = config.tls_server_config
    assert tls is not None
    assert (tls.client_ca_file, tls.client_auth_type, tls.min_version, tls.max_version) == (
        None,
        "NoClientCert",
        "TLS12",
        "TLS13",
    )
    assert (config.headers, config.is_encrypted, config.knows_who_asks) == ({}, True, False)


def test_a_password_or_a_certificate_that_is_demanded_tells_who_asks(tmp_path: Path) -> None:
    assert read(tmp_path, f"basic_auth_users: {{alice: {HASH}}}").knows_who_asks
    given = TLS + "  client_ca_file: ca.crt\n  client_auth_type: VerifyClientCertIfGiven\n"
    assert not read(tmp_path, given).knows_who_asks
    assert not WebConfig().knows_who_asks


@pytest.mark.parametrize("form", ["2a", "2b", "2x", "2y"])
def test_every_form_of_a_bcrypt_hash_is_taken(tmp_path: Path, form: str) -> None:
    assert read(tmp_path, f"basic_auth_users: {{alice: {HASH.replace('2y', form)}}}").basic_auth_users


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "web.yml:1: the document is empty"),
        ("tls_server_config: {cert_file: a}", "web.yml:1: tls_server_config.key_file: missing; expected text"),
        (TLS + "  min_version: TLS11\n", "web.yml:4: tls_server_config.min_version: value 'TLS11': expected 'TLS12' or 'TLS13'"),
        (
            TLS + "  min_version: TLS13\n  max_version: TLS12\n",
            "web.yml:4: tls_server_config.min_version: value 'TLS13': it is above max_version",
        ),
        (TLS + "  client_ca_file: ca.crt\n", "clients' certificates are looked at only where client_auth_type says so"),
        (
            TLS + "  client_auth_type: RequireAndVerifyClientCert\n",
            "it needs client_ca_file, which signs the clients' certificates",
        ),
        (
            TLS + "  client_auth_type: RequestClientCert\n",
            "expected 'NoClientCert', 'RequireAndVerifyClientCert' or 'VerifyClientCertIfGiven'",
        ),
        (TLS + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", "web.yml:4: tls_server_config.cipher_suites: unknown key"),
        ("rate_limit: {interval: 1s}", "web.yml:1: rate_limit: unknown key"),
        (
            "http_server_config: {headers: {X-Frame: deny}}",
            "http_server_config.headers: value X-Frame: unknown header; expected 'Con",
        ),
        ('http_server_config: {headers: {X-Frame-Options: "a\\nb: c"}}', "expected a header's value in printable ASCII"),
        ("http_server_config: {headers: [deny]}", "http_server_config.headers: value a list of 1: expected a mapping"),
        (f'basic_auth_users: {{"": {HASH}}}', "value '': a user's name is not empty and has no colon"),
        (f'basic_auth_users: {{"a:b": {HASH}}}', "value 'a:b': a user's name is not empty and has no colon"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in refused(tmp_path, text)


@pytest.mark.parametrize(
    "users",
    [
        "{alice: hunter2}",
        "{alice: 271828182845904523536}",
        "{alice: 2.7182818}",
        "[hunter2]",
        "hunter2",
        "{alice: {hunter2: hunter2}}",
        "{alice: !hunter2 x}",
        "{alice: *hunter2}",
        "{alice: &hunter2 x}",
        f"{{alice: {HASH[:-1]}}}",
        f"{{alice: {HASH.replace('FzPe', 'FzPf')}}}",
        f"{{alice: {HASH.replace('$10$', '$03$')}}}",
    ],
)
def test_what_stands_in_the_place_of_a_hash_is_not_shown(tmp_path: Path, users: str) -> None:
    message = refused(tmp_path, f"basic_auth_users: {users}")
    assert "basic_auth_users" in message
    assert not any(secret in message for secret in ("hunter2", "2718", HASH[20:40]))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    message = refused(tmp_path, TLS + "  client_ca_file: x\nbasic_auth_users: {a: b}\nhttp_server_config: {http2: maybe}\n")
    assert message.splitlines()[0] == "3 problems"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="the file cannot be read"):
        load_web_config(tmp_path / "none.yml")
