"""The documents that readiness checks and probes leave: in a run's `ops/`, or else under `artifacts/connectivity/`."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tc.checks.connectivity import ProbeState, ReadinessState, loss_ratio, percentile, worst

type Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of 64 bits: whoever reads a document may reckon with it."""

CONNECTIVITY_SCHEMA = 1
PHASES = ("dns", "connect", "tls", "first_byte", "total")


class SoughtName(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of an environment variable.

    Parameters
    ----------
    name
        The name.
    is_set
        Whether it is set, and not blank. Its value is nowhere.

    """

    name: str
    is_set: bool


class ReadinessDocument(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="readiness"):
    """What checking a spec's connectivity block once came to.

    Parameters
    ----------
    schema
        The version of this format.
    at_ns
        The wall clock, in nanoseconds since 1970 UTC.
    tc
        The version of tc.
    run
        The run that it is kept with, or null.
    spec
        The spec's name.
    venue
        Its venue.
    state
        ``disabled``: nothing is to be looked for; ``configured``: every required name is set; ``missing_credentials``: one is
        not; ``invalid_config``: the block is wrong, and nothing was looked for.
    required, optional
        The names that were looked for.
    problems
        What is wrong with the block: where, and what was expected; never what stands there.

    """

    schema: Whole = CONNECTIVITY_SCHEMA
    at_ns: Whole
    tc: str
    run: str | None
    spec: str
    venue: str
    state: ReadinessState
    required: tuple[SoughtName, ...] = ()
    optional: tuple[SoughtName, ...] = ()
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that the artifact is."""
        document: dict[str, object] = msgspec.to_builtins(self)
        return document


class Timings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long the phases of an attempt took, in nanoseconds; null for one that there was not, or that did not end.

    Parameters
    ----------
    dns_ns
        Until the name was resolved; null for an address.
    connect_ns
        From there until the connection stood.
    tls_ns
        From there until the TLS handshake was done.
    first_byte_ns
        From sending the request until the first byte of the answer.
    total_ns
        From the beginning until the answer's head was read, or the attempt was given up; redirects included.

    """

    dns_ns: Whole | None = None
    connect_ns: Whole | None = None
    tls_ns: Whole | None = None
    first_byte_ns: Whole | None = None
    total_ns: Whole


class ProbeAttempt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One attempt to connect.

    Parameters
    ----------
    at_ns
        The wall clock as it began.
    state
        ``ok``: it answered as it should; ``http_error``: with another HTTP status than 2xx, or 101 for a WebSocket; ``timeout``:
        not in time; ``unreachable``: no name, no route, or nobody listens; ``tls_error``: no TLS handshake, or a certificate
        that does not fit; ``unknown``: it answered otherwise, or not at all.
    address
        Where the connection was made to, after it was checked; null when there was none.
    http_status
        The HTTP status, where there was one.
    timings
        How long it took.
    detail
        What went wrong, in tc's own words: nothing that the other side said is kept.

    """

    at_ns: Whole
    state: ProbeState
    address: str | None
    http_status: Whole | None
    timings: Timings
    detail: str = ""


class Percentiles(Struct, frozen=True, forbid_unknown_fields=True):
    """Times of several attempts, in nanoseconds.

    Parameters
    ----------
    min, max
        The shortest and the longest.
    p50, p90, p99
        The one that 50, 90 and 99 of 100 do not exceed (nearest rank).

    """

    min: Whole
    p50: Whole
    p90: Whole
    p99: Whole
    max: Whole


class ProbeDocument(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="probe"):
    """What probing a target came to.

    Parameters
    ----------
    schema
        The version of this format.
    at_ns
        The wall clock as the first attempt began, in nanoseconds since 1970 UTC.
    tc
        The version of tc.
    run
        The run that it is kept with, or null.
    spec
        The spec's name.
    venue
        Its venue.
    target
        Scheme, host and port; no path.
    is_external
        Whether it is somewhere else than on this machine.
    timeout_ms
        How long an attempt may take.
    interval_ms
        How long there is between the beginnings of two.
    state
        The worst of the attempts, in the order ``ok``, ``http_error``, ``timeout``, ``unreachable``, ``tls_error``,
        ``unknown``.
    attempts
        How many there were.
    failed
        How many of them did not end ``ok``.
    loss_ratio
        The part of them that failed, to six decimal places.
    http_status
        That of the last attempt.
    latency_ns
        By phase (``dns``, ``connect``, ``tls``, ``first_byte``, ``total``), over the attempts that ended ``ok``; null where none
        had that phase.
    results
        Every attempt, in order.

    """

    schema: Whole = CONNECTIVITY_SCHEMA
    at_ns: Whole
    tc: str
    run: str | None
    spec: str
    venue: str
    target: str
    is_external: bool
    timeout_ms: Whole
    interval_ms: Whole
    state: ProbeState
    attempts: Whole
    failed: Whole
    loss_ratio: str
    http_status: Whole | None
    latency_ns: dict[str, Percentiles | None]
    results: tuple[ProbeAttempt, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that the artifact is."""
        document: dict[str, object] = msgspec.to_builtins(self)
        return document


type ConnectivityDocument = ReadinessDocument | ProbeDocument


class Outcome(Struct, frozen=True):
    """What attempts come to together; the fields are those of a `ProbeDocument`."""

    state: ProbeState
    attempts: Whole
    failed: Whole
    loss_ratio: str
    http_status: Whole | None
    latency_ns: dict[str, Percentiles | None]


def outcome_of(results: Sequence[ProbeAttempt]) -> Outcome:
    """Return what attempts, at least one, come to together."""
    fine = [each.timings for each in results if each.state == "ok"]
    failed = len(results) - len(fine)
    latency = {phase: _percentiles([ns for each in fine if (ns := getattr(each, f"{phase}_ns")) is not None]) for phase in PHASES}
    state = worst([each.state for each in results])
    return Outcome(state, len(results), failed, loss_ratio(failed, len(results)), results[-1].http_status, latency)


def decode_connectivity(data: bytes) -> ConnectivityDocument | None:
    """Return the document in an artifact's bytes, or None when they hold none of this version."""
    try:
        document = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if document.schema == CONNECTIVITY_SCHEMA else None


class KeptConnectivity(Struct, frozen=True):
    """A check or a probe as it is kept: the artifact's name, and what it holds; None where that cannot be read."""

    artifact: str
    document: ConnectivityDocument | None


_decode = msgspec.json.Decoder(ReadinessDocument | ProbeDocument).decode


def _percentiles(values: Sequence[int]) -> Percentiles | None:
    if not values:
        return None
    p50, p90, p99 = (percentile(values, each) for each in (50, 90, 99))
    return Percentiles(min(values), p50, p90, p99, max(values))
