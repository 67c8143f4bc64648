"""Servers on this machine that answer a probe well, badly or not at all: a behaviour is a function of one connection."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tc.probes.attempt import attempt
from tc.probes.resolving import system_addresses
from tc.reports.connectivity import ProbeAttempt
from tc.spec.probe_url import judge_target

Behaviour = Callable[[socket.socket], object]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE_S = 20
_MADE = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Served:
    """A server that runs: its port, and the heads of the requests that came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[bytes] = []
        self.connections = 0

    def url(self, scheme: str = "http", host: str = "127.0.0.1", path: str = "") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def serving(behave: Behaviour, *, host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve each connection by a behaviour, after its request was read; what it raises over a probe that left is nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.create_server((host, 0), family=family)) as listener:
        served = Served(listener.getsockname()[1])
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with suppress(OSError), closing(listener.accept()[0]) as plain:
                    if over.is_set():
                        return
                    served.connections += 1
                    plain.settimeout(PATIENCE_S)
                    with closing(context.wrap_socket(plain, server_side=True) if context else plain) as connection:
                        if getattr(behave, "reads", True):
                            served.requests.append(connection.recv(65536))
                        behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            over.set()
            with suppress(OSError):
                socket.create_connection(listener.getsockname()[:2], timeout=1).close()
            thread.join(PATIENCE_S)


def answering(data: bytes) -> Behaviour:
    """Return what answers with these bytes."""
    return lambda connection: connection.sendall(data)


def until_it_leaves(connection: socket.socket) -> None:
    """Wait until the probe has closed, and say nothing."""
    while connection.recv(65536):
        pass


def probed(url: str, **options: Any) -> ProbeAttempt:
    """Try once to reach a URL; a second is enough for everything."""
    allows_external = options.pop("allows_external", False)
    target = judge_target(url, allows_external=allows_external)
    return attempt(target, **({"timeout_ms": 5_000, "context": None, "resolve": system_addresses} | options))


def certificate(folder: Path, *, names: str = "DNS:localhost,IP:127.0.0.1,IP:::1") -> tuple[Path, Path]:
    """Return a new certificate, signed by itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate can be made")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [*_MADE, "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=probed", "-addext", f"subjectAltName={names}"],
        check=True,
        capture_output=True,
    )
    return cert, key


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return what a server speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def trusting(cert: Path) -> ssl.SSLContext:
    """Return what a probe speaks TLS with that trusts one certificate."""
    return ssl.create_default_context(cafile=cert)


def phases(attempt: ProbeAttempt) -> tuple[bool, bool, bool, bool]:
    """Return which phases have a time: dns, connect, tls, first byte."""
    taken = attempt.timings
    return (
        taken.dns_ns is not None,
        taken.connect_ns is not None,
        taken.tls_ns is not None,
        taken.first_byte_ns is not None,
    )
