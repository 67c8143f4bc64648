"""The judgement which URLs orders and signed requests may go to: this machine, or a consented testnet; nothing live, ever."""

import re
from dataclasses import dataclass
from typing import Literal

from tc.errors import RefusedError

type Environment = Literal["loopback", "testnet"]

LOOPBACK: Environment = "loopback"
TESTNET: Environment = "testnet"

TESTNETS: tuple[tuple[str, str], ...] = (
    ("demo-fapi.binance.com", "demo-fstream.binance.com"),
    ("testnet.binancefuture.com", "stream.binancefuture.com"),
)
"""Every testnet there is for us, all of them Binance's for USD-M futures: the host that takes requests, the host that streams."""

# One strict grammar instead of a URL parser: what it does not match is refused, so no two parsers can read a URL differently.
_URL = re.compile(
    r"(?P<scheme>http|https|ws|wss)://"
    r"(?P<host>\[::1\]|[a-z0-9.-]{1,253})"
    r"(?P<port>:[1-9][0-9]{0,4})?"
    r"(?P<path>(?:/[A-Za-z0-9_-]+)*/?)",
    re.ASCII | re.IGNORECASE,
)
_IPV4 = re.compile(r"127(?:\.(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])){3}", re.ASCII)
_LAST_PORT = 65_535
_TLS_PORT = 443
_LONGEST_SHOWN = 80
_HINT = "Use http://127.0.0.1:PORT, as `tc venue serve` does. A live exchange is refused always; no option changes that."


@dataclass(frozen=True, slots=True)
class VenueUrl:
    """Where a venue is, judged: only `judge` makes one.

    Parameters
    ----------
    environment
        ``loopback`` or ``testnet``.
    host
        An IP address of this machine, or a testnet's host that takes requests. No name of this machine is ever looked up.
    stream_host
        The host of its WebSocket streams: the same one on this machine.
    port
        The port of both.

    """

    environment: Environment
    host: str
    stream_host: str
    port: int

    @property
    def http(self) -> str:
        """Return the base URL for requests, without a slash at its end."""
        return f"http://{_bracketed(self.host)}:{self.port}" if self.environment == LOOPBACK else f"https://{self.host}"

    @property
    def ws(self) -> str:
        """Return the base URL for WebSocket streams, without a slash at its end."""
        is_here = self.environment == LOOPBACK
        return f"ws://{_bracketed(self.stream_host)}:{self.port}" if is_here else f"wss://{self.stream_host}"

    def __str__(self) -> str:
        """Return the base URL for requests."""
        return self.http


def judge(url: str, *, environment: str = LOOPBACK, has_consent: bool = False) -> VenueUrl:
    """Return where a venue is when orders and signed requests may go there; a path in the URL is not kept.

    This machine is ``localhost``, ``127.0.0.0/8`` in plain decimals, or ``[::1]``, whatever the environment says; ``localhost``
    becomes ``127.0.0.1``, and nothing is looked up. A testnet is one of `TESTNETS` over TLS.

    Parameters
    ----------
    url
        The URL as a person, a document or an engine's configuration gives it.
    environment
        What the spec says of it: a testnet is refused unless this is ``testnet``; any third word is refused.
    has_consent
        Whether the person said on the command line that a testnet is meant.

    Raises
    ------
    RefusedError
        Anything else. The message names the host and nothing else of the URL: the rest may hold secrets.

    """
    if environment not in {LOOPBACK, TESTNET}:
        raise RefusedError(f"the environment {_shown(environment)} is refused: expected loopback or testnet", hint=_HINT)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise _refused(url, "it is not written as scheme://host:port, or carries more than that")
    host, scheme = parts["host"].lower(), parts["scheme"].lower()
    port = int(parts["port"][1:]) if parts["port"] else None
    if port is not None and port > _LAST_PORT:
        raise _refused(url, f"a port is at most {_LAST_PORT}")
    address = address_here(host)
    if address is not None:
        if scheme not in {"http", "ws"}:
            raise _refused(url, "the loopback exchange speaks http and ws, without TLS")
        return VenueUrl(LOOPBACK, address, address, port or 80)
    return _judged_testnet(url, host, scheme, port, environment=environment, has_consent=has_consent)


def _judged_testnet(url: str, host: str, scheme: str, port: int | None, *, environment: str, has_consent: bool) -> VenueUrl:
    pair = next((pair for pair in TESTNETS if host in pair), None)
    if pair is None:
        raise _refused(url, "it is neither this machine nor a listed testnet")
    if environment != TESTNET:
        raise RefusedError(
            f"orders and signed requests do not go to {host!r}: it is a testnet, and the spec does not say environment: testnet",
            hint="Say `environment: testnet` in the spec and give --i-mean-testnet, if that is what you mean.",
        )
    if not has_consent:
        raise RefusedError(
            f"orders and signed requests do not go to {host!r} without your consent: it is a testnet outside this machine",
            hint="Give --i-mean-testnet, if that is what you mean.",
        )
    if scheme not in {"https", "wss"} or port not in {None, _TLS_PORT}:
        raise _refused(url, f"a testnet is reached over TLS on port {_TLS_PORT} only")
    return VenueUrl(TESTNET, *pair, _TLS_PORT)


def address_here(host: str) -> str | None:
    """Return the address of this machine that a host is as it is written, or None for any other host; nothing is looked up."""
    if host == "localhost":
        return "127.0.0.1"
    if host == "[::1]":
        return "::1"
    return host if _IPV4.fullmatch(host) else None


def _refused(url: str, why: str) -> RefusedError:
    return RefusedError(f"orders and signed requests do not go to {host_of(url)}: {why}", hint=_HINT)


def host_of(url: str) -> str:
    """Return a URL's host for a message, or say that it cannot be told: what stands before it or behind may be a secret."""
    _, separator, rest = url.partition("://")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    beyond = rest[len(authority) :]
    if not separator or "@" in beyond:
        return "a URL whose host cannot be told"
    host = authority.rpartition("@")[2]
    if not host.startswith("["):
        host = host.partition(":")[0]
    return _shown(host) if host else "a URL without a host"


def _shown(text: str) -> str:
    """Return a stranger's text as ASCII in quotes, cut to a length that fits a line."""
    return ascii(text[:_LONGEST_SHOWN] + ("…" if len(text) > _LONGEST_SHOWN else ""))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
