"""Several attempts, one after the other, at a steady beat."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path

from tc.errors import DocumentError
from tc.probes.attempt import attempt
from tc.probes.resolving import Resolve, system_addresses
from tc.reports.connectivity import ProbeAttempt
from tc.spec.probe_url import ProbeTarget

_BY_MS = 1_000_000


def probe(
    target: ProbeTarget,
    *,
    timeout_ms: int,
    count: int,
    interval_ms: int,
    ca_file: Path | None = None,
    resolve: Resolve = system_addresses,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[ProbeAttempt, ...]:
    """Try to reach a target so many times; so many milliseconds lie between the beginnings of two attempts, if they are short.

    Raises
    ------
    RefusedError
        The target's name stands for an address that it may not.
    DocumentError
        The file of authorities to trust cannot be read.

    """
    context = _context(ca_file) if target.is_tls or ca_file is not None else None
    results: list[ProbeAttempt] = []
    began_ns = time.perf_counter_ns()
    for number in range(count):
        wait_ns = began_ns + number * interval_ms * _BY_MS - time.perf_counter_ns()
        if number and wait_ns > 0:
            pause(wait_ns / 1e9)
        results.append(attempt(target, timeout_ms=timeout_ms, context=context, resolve=resolve))
    return tuple(results)


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Return what TLS is spoken with: certificates are checked, always, against the system's authorities or those of a file."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise DocumentError(
            f"{ca_file} cannot be read as certificates: {error.strerror or 'it holds none in PEM'}",
            hint="Give a file of certificates in PEM.",
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context
