"""One attempt: resolve, connect to an address that was checked, shake hands, ask once; and what it comes to when that fails."""

import socket
import ssl
import time
from dataclasses import dataclass, replace
from typing import Literal

from tc.checks.connectivity import ProbeState
from tc.errors import RefusedError
from tc.probes.asking import Answered, asking
from tc.probes.clock import Deadline, Stopwatch
from tc.probes.heads import NotHttpError
from tc.probes.resolving import Resolve, addresses_of
from tc.reports.connectivity import ProbeAttempt, Timings
from tc.spec.probe_url import ProbeTarget

MOST_REDIRECTS = 5

Phase = Literal["dns", "connect", "tls", "exchange"]

_WORDS: dict[Phase, tuple[ProbeState, str]] = {
    "dns": ("unreachable", "its name cannot be resolved"),
    "connect": ("unreachable", "nobody listens there, or there is no way to it"),
    "tls": ("tls_error", "the connection ended within the TLS handshake"),
    "exchange": ("unknown", "the connection ended before an answer"),
}
_UNVERIFIED = {
    10: "its certificate has expired",
    18: "its certificate is signed by itself",
    19: "its chain of certificates has an authority in it that is not trusted",
    20: "its certificate is of an authority that is not trusted",
    62: "its certificate is of another name",
    64: "its certificate is of another address",
}
"""OpenSSL's codes of a certificate that does not fit (X509_V_ERR_…)."""


@dataclass(slots=True)
class _Course:
    """How far an attempt has come."""

    phase: Phase = "dns"
    address: str | None = None
    http_status: int | None = None


def attempt(target: ProbeTarget, *, timeout_ms: int, context: ssl.SSLContext | None, resolve: Resolve) -> ProbeAttempt:
    """Try once to reach a target, within so many milliseconds for everything; no proxy has a part in it.

    Raises
    ------
    RefusedError
        The target's name stands for an address that it may not: nothing was connected to.

    """
    at_ns, watch, course = time.time_ns(), Stopwatch(), _Course()
    deadline = watch.deadline(timeout_ms)
    try:
        answered = _followed(target, context, resolve, watch, deadline, course)
    except TimeoutError:
        answered = Answered("timeout", course.http_status, f"it took longer than {timeout_ms} ms")
    except NotHttpError as error:
        answered = Answered("unknown", course.http_status, str(error))
    except ssl.SSLCertVerificationError as error:
        answered = Answered("tls_error", None, _UNVERIFIED.get(error.verify_code, "its certificate does not fit"))
    except ssl.SSLError:
        answered = Answered("tls_error", None, "the TLS handshake failed: perhaps it speaks no TLS, or another version")
    except OSError:
        state, words = _WORDS[course.phase]
        answered = Answered(state, course.http_status, words)
    return ProbeAttempt(
        at_ns=at_ns,
        state=answered.state,
        address=course.address,
        http_status=answered.http_status,
        timings=_timings(watch),
        detail=answered.detail,
    )


def _followed(
    target: ProbeTarget,
    context: ssl.SSLContext | None,
    resolve: Resolve,
    watch: Stopwatch,
    deadline: Deadline,
    course: _Course,
) -> Answered:
    """Ask, and follow redirects on this machine; each is resolved, checked and connected to anew."""
    answered = _asked(target, context, resolve, watch, deadline, course)
    for _ in range(MOST_REDIRECTS):
        if answered.redirect is None:
            return answered
        course.http_status = answered.http_status
        try:
            answered = _asked(answered.redirect, context, resolve, watch, deadline, course)
        except RefusedError:  # The other side wished it, not the person who probes: no reason to end the command.
            return Answered("http_error", course.http_status, "it redirects to a name that is not of this machine")
    return answered if answered.redirect is None else replace(answered, detail=f"it redirects more than {MOST_REDIRECTS} times")


def _asked(
    target: ProbeTarget,
    context: ssl.SSLContext | None,
    resolve: Resolve,
    watch: Stopwatch,
    deadline: Deadline,
    course: _Course,
) -> Answered:
    watch.forget()
    course.phase, course.address = "dns", None
    with (
        _connected(target, resolve, watch, deadline, course) as plain,
        _secured(target, plain, context, watch, deadline, course) as connection,
    ):
        course.phase = "exchange"
        return asking(target)(connection, target, watch, deadline)


def _connected(target: ProbeTarget, resolve: Resolve, watch: Stopwatch, deadline: Deadline, course: _Course) -> socket.socket:
    """Connect to the first address that takes a connection; the addresses are those that were checked."""
    began_ns = time.perf_counter_ns()
    addresses, is_looked_up = addresses_of(target, resolve, deadline)
    if is_looked_up:
        began_ns = watch.took("dns", began_ns)
    course.phase = "connect"
    refused = OSError("there is no address")
    for address in addresses:
        try:
            connection = _connected_to(address, target.port, deadline)
        except TimeoutError:
            raise
        except OSError as error:
            refused = error
        else:
            course.address = address
            watch.took("connect", began_ns)
            return connection
    raise refused


def _connected_to(address: str, port: int, deadline: Deadline) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.left_s())
        connection.connect((address, port))
        _refuse_itself(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_itself(connection: socket.socket) -> None:
    """Refuse a connection to its own end: TCP makes one where this end is given the very port that nobody listens at."""
    if connection.getsockname() == connection.getpeername():
        raise ConnectionRefusedError


def _secured(
    target: ProbeTarget,
    connection: socket.socket,
    context: ssl.SSLContext | None,
    watch: Stopwatch,
    deadline: Deadline,
    course: _Course,
) -> socket.socket:
    """Return the connection with TLS around it where the scheme wants that; its certificate is always checked."""
    if not target.is_tls:
        return connection
    course.phase = "tls"
    trusting = context or ssl.create_default_context()
    began_ns = time.perf_counter_ns()
    connection.settimeout(deadline.left_s())
    secured = trusting.wrap_socket(connection, server_hostname=target.host)
    watch.took("tls", began_ns)
    return secured


def _timings(watch: Stopwatch) -> Timings:
    took = watch.took_ns.get
    return Timings(
        dns_ns=took("dns"),
        connect_ns=took("connect"),
        tls_ns=took("tls"),
        first_byte_ns=took("first_byte"),
        total_ns=watch.total_ns(),
    )
