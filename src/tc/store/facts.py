"""The facts of `ops.jsonl`: what happened to a run after its seal, or from other processes than its own."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

type Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of 64 bits: whoever reads a fact may reckon with it."""


class OpsArtifact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file in `ops/`: its name there, and what it holds."""

    name: str
    sha256: str
    bytes: Whole


class OpsFact(
    msgspec.Struct, frozen=True, tag=True, tag_field="type", omit_defaults=True, kw_only=True, forbid_unknown_fields=True
):
    """A fact about a run; no secrets.

    Parameters
    ----------
    at_ns
        The wall clock, in nanoseconds since 1970 UTC.
    tc
        The version of tc that states the fact.
    user
        Who caused it, where that is known.
    artifacts
        The files in `ops/` that belong to it.

    """

    at_ns: Whole
    tc: str
    user: str | None = None
    artifacts: tuple[OpsArtifact, ...] = ()


class StopRequested(OpsFact, frozen=True):
    """Somebody asked the run to stop gracefully."""

    reason: str


class RunRecovered(OpsFact, frozen=True):
    """A crashed run was recovered: so many entries are whole, so many bytes behind them were cut off and kept."""

    entries: Whole
    cut_bytes: Whole
    reason: str = ""


class RunContinued(OpsFact, frozen=True):
    """A crashed run goes on: so many entries were whole, so many bytes behind them were cut off and kept.

    Parameters
    ----------
    segment
        Which part of the run begins, from 2.

    """

    segment: Whole
    entries: Whole
    cut_bytes: Whole


class RunVerified(OpsFact, frozen=True):
    """The run was verified: the Merkle root found, the one expected from elsewhere if any, and how many findings there were."""

    merkle_root: str
    findings: Whole
    expected_root: str | None = None


class RunReproduced(OpsFact, frozen=True):
    """The run was run again from its stored spec: the journal digest that came out, and whether it is the recorded one."""

    journal_digest: str
    is_equal: bool


class ReportWritten(OpsFact, frozen=True):
    """A report was written again, as artifacts."""

    reason: str = ""


class RunExported(OpsFact, frozen=True):
    """The run was packed for elsewhere."""

    sha256: str


class RunReconciled(OpsFact, frozen=True):
    """The run's journal was compared with its venue.

    Parameters
    ----------
    position
        The journal's position up to which it was folded.
    source
        What the journal was compared with: ``venue``, or ``file``.
    verdict
        ``clean``, ``found`` or ``unknown``.
    findings
        How many findings there were.

    """

    position: Whole
    source: Literal["venue", "file"]
    verdict: Literal["clean", "found", "unknown"]
    findings: Whole


class HealRequested(OpsFact, frozen=True):
    """Somebody asked the run's node to let its engine take over what the venue says: it may invent orders and fills for that.

    Parameters
    ----------
    position
        The journal's position up to which it was compared before.
    findings
        How many findings there were then.

    """

    position: Whole
    findings: Whole


class RunHealed(OpsFact, frozen=True):
    """The node answered: whether its engine says that it could, and why not."""

    is_healed: bool
    reason: str = ""


class ReadinessChecked(OpsFact, frozen=True):
    """Whether what a spec needs to connect is configured, by names only.

    Parameters
    ----------
    state
        ``disabled``, ``configured``, ``missing_credentials`` or ``invalid_config``.
    spec
        The spec's name.

    """

    state: Literal["disabled", "configured", "missing_credentials", "invalid_config"]
    spec: str


class VenueProbed(OpsFact, frozen=True):
    """Somebody reached out to a target and looked at what answers.

    Parameters
    ----------
    state
        ``ok``, ``http_error``, ``timeout``, ``unreachable``, ``tls_error`` or ``unknown``: the worst of the attempts.
    spec
        The spec's name.
    target
        Scheme, host and port; no path, no query, no user.
    attempts, failed
        How many there were, and how many of them did not end ``ok``.

    """

    state: Literal["ok", "http_error", "timeout", "unreachable", "tls_error", "unknown"]
    spec: str
    target: str
    attempts: Whole
    failed: Whole


class OpsMended(OpsFact, frozen=True):
    """The last line of this stream had been torn by a crash; its bytes were cut off and are kept as an artifact."""

    cut_bytes: Whole


type Fact = (
    StopRequested
    | RunRecovered
    | RunContinued
    | RunVerified
    | RunReproduced
    | ReportWritten
    | RunExported
    | RunReconciled
    | HealRequested
    | RunHealed
    | ReadinessChecked
    | VenueProbed
    | OpsMended
)


class OpsEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact at its position in the stream, from 1."""

    position: Whole
    fact: Fact
