"""TLS as a web configuration states it."""

import ssl

from tc.errors import DocumentError
from tc.spec.web_config import ClientAuthType, TlsServerConfig, TlsVersion

_VERSIONS: dict[TlsVersion, ssl.TLSVersion] = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_ASKED: dict[ClientAuthType, ssl.VerifyMode] = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def tls_context(config: TlsServerConfig) -> ssl.SSLContext:
    """Return the context of a server; DocumentError where a certificate or key cannot be read, or one is not the other's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    try:
        context.load_cert_chain(config.cert_file, config.key_file, password=_no_passphrase)
    except (OSError, ValueError) as error:
        raise _unusable(f"cert_file {config.cert_file} and key_file {config.key_file}", error) from None
    context.verify_mode = _ASKED[config.client_auth_type]
    if config.client_ca_file is not None:
        try:
            context.load_verify_locations(config.client_ca_file)
        except (OSError, ValueError) as error:
            raise _unusable(f"client_ca_file {config.client_ca_file}", error) from None
    return context


def _no_passphrase() -> str:
    """Keep OpenSSL from asking the terminal."""
    return ""


def _unusable(what: str, error: OSError | ValueError) -> DocumentError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return DocumentError(
        f"tls_server_config: {what}: {reason}", hint="They are PEM files, relative to the folder of the web configuration file."
    )
