"""Prometheus's web configuration file: TLS, users and headers of an HTTP server, in the format that all its exporters read.

The format is that of <https://prometheus.io/docs/prometheus/latest/configuration/https/>. What a server here does not do is
refused by name rather than passed over, for whoever writes it relies on it.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from tc.spec.grammar import BcryptHash, HeaderValue
from tc.spec.reading.compose import compose_file, joined
from tc.spec.reading.problem import document_error, one_of
from tc.spec.reading.reader import Reading, read_struct

ClientAuthType = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]
TlsVersion = Literal["TLS12", "TLS13"]

HEADERS = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
)
HINT = "docs/how-to/serve-metrics.md has a complete example; the format is Prometheus's own"


class TlsServerConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The server's certificate, and who may connect; files are relative to the folder of this document."""

    cert_file: Annotated[str, Meta(description="The server's certificate, and those between it and its root, PEM.")]
    key_file: Annotated[str, Meta(description="Its private key, PEM, without a passphrase.")]
    client_ca_file: Annotated[str | None, Meta(description="The certificates that sign the clients', PEM.")] = None
    client_auth_type: Annotated[ClientAuthType, Meta(description="What a client must show.")] = "NoClientCert"
    min_version: Annotated[TlsVersion, Meta(description="The oldest version of TLS that is spoken.")] = "TLS12"
    max_version: Annotated[TlsVersion, Meta(description="The newest.")] = "TLS13"


class HttpServerConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is sent with every answer."""

    http2: Annotated[bool, Meta(description="Taken as it is in other files; HTTP/1.1 is spoken either way.")] = True
    headers: Annotated[dict[str, HeaderValue], Meta(description=f"Any of {', '.join(HEADERS)}.")] = {}


class WebConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a server may be reached from elsewhere."""

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig | None = None
    basic_auth_users: Annotated[dict[str, BcryptHash], Meta(description="Hashes of passwords by the user's name.")] = {}

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with every answer."""
        return self.http_server_config.headers if self.http_server_config else {}

    @property
    def is_encrypted(self) -> bool:
        """Whether what is sent can be read by nobody else."""
        return self.tls_server_config is not None

    @property
    def knows_who_asks(self) -> bool:
        """Whether nobody is answered who has neither a password nor a certificate."""
        tls = self.tls_server_config
        return bool(self.basic_auth_users) or (tls is not None and tls.client_auth_type == "RequireAndVerifyClientCert")


def load_web_config(path: Path) -> WebConfig:
    """Return the configuration in a file, with the paths in it made whole; raises DocumentError with every problem.

    Hashes are never shown, nor what stands in their place: it may be a password.
    """
    reading = Reading()
    config = read_struct(compose_file(path, problems=reading.problems), WebConfig, reading)
    _check_tls(reading)
    _check_names(reading)
    if config is None or reading.problems.found:
        raise document_error(reading.problems.in_order(), uncounted=reading.problems.uncounted, hint=HINT)
    tls = config.tls_server_config
    return config if tls is None else replace(config, tls_server_config=_resolved(tls, path.parent))


def _check_tls(reading: Reading) -> None:
    """Refuse what cannot be meant together."""
    part = "tls_server_config"
    if not reading.is_given(part):
        return
    asked = reading.values.get(f"{part}.client_auth_type", "NoClientCert")
    has_ca = reading.is_given(f"{part}.client_ca_file")
    if has_ca and asked == "NoClientCert":
        reading.refuse(f"{part}.client_ca_file", "clients' certificates are looked at only where client_auth_type says so")
    if not has_ca and asked != "NoClientCert":
        reading.refuse(f"{part}.client_auth_type", "it needs client_ca_file, which signs the clients' certificates")
    if (reading.values.get(f"{part}.min_version"), reading.values.get(f"{part}.max_version")) == ("TLS13", "TLS12"):
        reading.refuse(f"{part}.min_version", "it is above max_version")


def _check_names(reading: Reading) -> None:
    """Refuse headers that the format does not know, and users whose name cannot be sent."""
    given = reading.values.get("http_server_config.headers")
    for name in given if isinstance(given, dict) else ():
        if name not in HEADERS:
            place = reading.places[joined("http_server_config.headers", name)]
            reading.problems.add(place, "http_server_config.headers", f"unknown header; expected {one_of(HEADERS)}", value=name)
    users = reading.values.get("basic_auth_users")
    for name in users if isinstance(users, dict) else ():
        if not name or ":" in name:
            place = reading.places[joined("basic_auth_users", name)]
            reading.problems.add(place, "basic_auth_users", "a user's name is not empty and has no colon", value=repr(name))


def _resolved(tls: TlsServerConfig, folder: Path) -> TlsServerConfig:
    return replace(
        tls,
        cert_file=str(folder / tls.cert_file),
        key_file=str(folder / tls.key_file),
        client_ca_file=None if tls.client_ca_file is None else str(folder / tls.client_ca_file),
    )
