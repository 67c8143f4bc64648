"""The judgement what may be probed: this machine, or with a person's word for it another one, which is read and nothing else."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, cast

from tc.errors import RefusedError
from tc.spec.venue_url import address_here, host_of

type Scheme = Literal["http", "https", "tcp", "ws", "wss"]
type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# One strict grammar instead of a URL parser, as for venues: no user, no query, no fragment, no other spelling of an address.
_URL = re.compile(
    r"(?P<scheme>https?|tcp|wss?)://"
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})"
    r"(?P<port>:[1-9][0-9]{0,4})?"
    r"(?P<path>(?:/[A-Za-z0-9._~@:-]*)*)",
    re.ASCII | re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LAST_PORT = 65_535
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_HINT = "Use a URL of this machine, such as http://127.0.0.1:18080; --allow-external lets a probe read from elsewhere."
_HINT_WRITTEN = "Write scheme://host:port/path with http, https, tcp, ws or wss; a probe sends no user, no query and no body."


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """What is probed, judged: only `judge_target` makes one.

    Parameters
    ----------
    scheme
        What is spoken there.
    host
        A name, or an address without brackets.
    port
        The port.
    path
        What is asked for; it is sent, and kept nowhere.
    is_external
        Whether it is somewhere else than on this machine. The address that a name has is judged before each connection.

    """

    scheme: Scheme
    host: str
    port: int
    path: str
    is_external: bool

    @property
    def is_tls(self) -> bool:
        """Whether it is reached over TLS."""
        return self.scheme in {"https", "wss"}

    @property
    def authority(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what is kept of it, and shown."""
        return f"{self.scheme}://{self.authority}"


def judge_target(url: str, *, allows_external: bool = False) -> ProbeTarget:
    """Return what a URL names when it may be probed.

    This machine is ``localhost``, ``127.0.0.0/8`` in plain decimals, or ``[::1]``: the same words as for a venue.

    Raises
    ------
    RefusedError
        Anything else, unless what is elsewhere is allowed. The message names the host and nothing else of the URL.

    """
    parts = _URL.fullmatch(url)
    if parts is None:
        raise _refused(url, "it is not written as scheme://host:port/path, or carries more than that", hint=_HINT_WRITTEN)
    scheme, host = parts["scheme"].lower(), parts["host"].lower()
    port = int(parts["port"][1:]) if parts["port"] else _PORTS.get(scheme)
    if port is None or port > _LAST_PORT:
        raise _refused(url, f"a port is given, and at most {_LAST_PORT}", hint=_HINT_WRITTEN)
    if scheme == "tcp" and parts["path"]:
        raise _refused(url, "a connection over TCP has no path", hint=_HINT_WRITTEN)
    is_external = address_here(host) is None
    if is_external and not allows_external:
        raise _refused(url, "it is not this machine")
    if is_external and not _is_well_written(host):
        raise _refused(url, "its host is neither a name nor a plain address")
    return ProbeTarget(cast("Scheme", scheme), host.strip("[]"), port, parts["path"], is_external)


def refuse_address(target: ProbeTarget, address: str) -> str:
    """Return why nothing may be connected to at an address that a target's name was resolved to; empty when it may."""
    found = _address(address)
    if found is None:
        return "what its name stands for is no address"
    if target.is_external:
        return "its address is none of one host" if found.is_multicast or found.is_unspecified else ""
    return "" if found.is_loopback else "its name stands for an address that is not on this machine"


def refused_address(target: ProbeTarget, why: str) -> RefusedError:
    """Return the error of a target whose address may not be connected to."""
    return RefusedError(f"{target.host!r} is not probed: {why}", hint=_HINT)


def _is_well_written(host: str) -> bool:
    """Say whether a host is an address in its plain spelling, or a name that no resolver takes for another one's address."""
    if host.startswith("["):
        return _address(host[1:-1]) is not None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _address(host) is not None
    return all(map(_LABEL.fullmatch, labels))


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _refused(url: str, why: str, *, hint: str = _HINT) -> RefusedError:
    return RefusedError(f"{host_of(url)} is not probed: {why}", hint=hint)
