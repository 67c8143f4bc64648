import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from probed_servers import certificate
from tc.errors import DocumentError
from tc.spec.web_config import TlsServerConfig
from tc.telemetry.serving.tls import tls_context


def config(folder: Path, **other: str) -> TlsServerConfig:
    cert, key = certificate(folder)
    return TlsServerConfig(**{"cert_file": str(cert), "key_file": str(key), **other})


def shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """Return the version that a client and a server agree on, or what keeps them from it."""
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    theirs.settimeout(20)

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as connection:
                connection.sendall(b"!")
        except (OSError, ssl.SSLError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname="localhost") as connection:
            return connection.version() if connection.recv(1) else "closed"
    except (OSError, ssl.SSLError) as error:
        return type(error).__name__
    finally:
        thread.join(20)


def test_a_client_that_trusts_the_certificate_is_served_by_the_newest_version_allowed(tmp_path: Path) -> None:
    made = config(tmp_path)
    client = ssl.create_default_context(cafile=made.cert_file)
    assert shaken(tls_context(made), client) == "TLSv1.3"
    old = TlsServerConfig(cert_file=made.cert_file, key_file=made.key_file, max_version="TLS12")
    assert shaken(tls_context(old), client) == "TLSv1.2"


def test_a_client_without_a_certificate_is_sent_away_where_one_is_demanded(tmp_path: Path) -> None:
    made = config(tmp_path)
    asking = {"cert_file": made.cert_file, "key_file": made.key_file, "client_ca_file": made.cert_file}
    demanded = tls_context(TlsServerConfig(**asking, client_auth_type="RequireAndVerifyClientCert"))
    offered = tls_context(TlsServerConfig(**asking, client_auth_type="VerifyClientCertIfGiven"))
    bare, known = (ssl.create_default_context(cafile=made.cert_file) for _ in range(2))
    known.load_cert_chain(made.cert_file, made.key_file)
    assert shaken(demanded, known) == shaken(offered, known) == shaken(offered, bare) == "TLSv1.3"
    assert shaken(demanded, bare) not in {"TLSv1.2", "TLSv1.3"}


def test_files_that_cannot_be_used_are_told_by_name(tmp_path: Path) -> None:
    made = config(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    stranger = config(other)
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no PEM")
    for cert, key, told in (
        (made.cert_file, stranger.key_file, "KEY_VALUES_MISMATCH"),
        (made.cert_file, str(tmp_path / "none"), "No such file or directory"),
        (str(rubbish), made.key_file, "rubbish.pem"),
    ):
        with pytest.raises(DocumentError, match=told) as caught:
            tls_context(TlsServerConfig(cert_file=cert, key_file=key))
        assert "PEM" in caught.value.hint
    wrong_ca = TlsServerConfig(
        cert_file=made.cert_file, key_file=made.key_file, client_ca_file=str(rubbish), client_auth_type="VerifyClientCertIfGiven"
    )
    with pytest.raises(DocumentError, match="client_ca_file"):
        tls_context(wrong_ca)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    made = config(tmp_path)
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "pkey", "-in", made.key_file, "-aes256", "-passout", "pass:secret", "-out", locked],
        check=True,
        capture_output=True,
    )
    with pytest.raises(DocumentError, match="key_file"):
        tls_context(TlsServerConfig(cert_file=made.cert_file, key_file=str(locked)))
