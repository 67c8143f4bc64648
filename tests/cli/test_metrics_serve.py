import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer
from probed_servers import certificate

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
USERS = f"basic_auth_users: {{alice: {HASH}}}\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104 - refused, each of them
@pytest.mark.parametrize(
    ("config", "lacking"),
    [("", "no tls_server_config and no basic_auth_users"), (TLS, "no basic_auth_users"), (USERS, "no tls_server")],
)
def test_others_than_this_machine_need_tls_and_a_password(
    tmp_path: Path, command: Callable[..., Answer], host: str, config: str, lacking: str
) -> None:
    certificate(tmp_path)
    (tmp_path / "web.yml").write_text(config)
    answer = command("metrics", "serve", "--host", host, *(["--web.config", "web.yml"] if config else []))
    assert (answer.code, answer.out) == (3, "")
    assert lacking in answer.err


def test_a_port_that_is_taken_is_told(command: Callable[..., Answer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = command("metrics", "serve", "--port", str(port))
    assert (answer.code, answer.out) == (5, "")
    assert answer.err.startswith(f"error: nobody can be served on 127.0.0.1:{port}: Address already in use\n")
    assert "--port" in answer.err


@pytest.mark.parametrize("host", ["example.org", "", "127.0.0.1:80", "127.1"])
def test_a_host_that_is_no_address_is_refused(command: Callable[..., Answer], host: str) -> None:
    assert command("metrics", "serve", "--host", host).code == 2


def test_a_web_configuration_that_is_wrong_is_told_before_anything_is_served(
    tmp_path: Path, command: Callable[..., Answer]
) -> None:
    (tmp_path / "web.yml").write_text("basic_auth_users: {alice: hunter2}\n")
    answer = command("metrics", "serve", "--web.config", "web.yml")
    assert (answer.code, answer.out) == (2, "")
    assert "web.yml:1: basic_auth_users.alice: expected a bcrypt hash" in answer.err
    assert "hunter2" not in answer.err
    (tmp_path / "web.yml").write_text(TLS)
    assert "cert_file cert.pem and key_file key.pem: No such file" in command("metrics", "serve", "--web.config", "web.yml").err
