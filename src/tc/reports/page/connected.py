"""What checks of a run's connectivity came to, and probes of its venue: a row for each."""

from collections.abc import Sequence

from tc.reports.connectivity import KeptConnectivity, ProbeDocument, ReadinessDocument, SoughtName
from tc.reports.page.content import Column, Section, Table
from tc.reports.page.words import NONE, exact, utc

_NOTE = "What this machine had in its environment to connect, by names only, and what answered when somebody reached out."
_KEPT = "Each is kept in full in ops/. Times are over the attempts that ended ok, in milliseconds."
_TO_THE_SECOND = len("2026-11-21 09:22:45")
_NANOS_PER_MS = 1_000_000


def connected(kept: Sequence[KeptConnectivity]) -> Section:
    """Return checks and probes, in order; no tables where there were none."""
    checks = tuple(_check(each.artifact, each.document) for each in kept if isinstance(each.document, ReadinessDocument))
    probes = tuple(_probe(each.artifact, each.document) for each in kept if isinstance(each.document, ProbeDocument))
    unread = tuple((each.artifact, "cannot be read") for each in kept if each.document is None)
    tables = (
        Table("readiness", "Readiness", _columns("State", "At (UTC)", "Spec", "Missing", "Problems"), checks, is_wide=True),
        Table(
            "probes",
            "Probes",
            _columns("State", "At (UTC)", "Target", "Attempts", "Failed", "HTTP", "Median", "99 %"),
            probes,
            _KEPT,
            is_wide=True,
        ),
        Table("unread", "Not shown", _columns("State"), unread),
    )
    return Section("connectivity", "Connectivity", tuple(each for each in tables if each.rows), _NOTE if kept else "")


def _columns(*titles: str) -> tuple[Column, ...]:
    numbers, times = {"Attempts", "Failed", "HTTP", "Median", "99 %"}, {"At (UTC)"}
    return (
        Column("Artifact", "code"),
        *(Column(each, "number" if each in numbers else "time" if each in times else "text") for each in titles),
    )


def _check(artifact: str, document: ReadinessDocument) -> tuple[str, ...]:
    return (
        _number(artifact),
        document.state,
        utc(document.at_ns)[:_TO_THE_SECOND],
        document.spec,
        _missing(document.required) or NONE,
        "; ".join(document.problems) or NONE,
    )


def _missing(names: Sequence[SoughtName]) -> str:
    return ", ".join(each.name for each in names if not each.is_set)


def _probe(artifact: str, document: ProbeDocument) -> tuple[str, ...]:
    total = document.latency_ns.get("total")
    return (
        _number(artifact),
        document.state,
        utc(document.at_ns)[:_TO_THE_SECOND],
        document.target,
        exact(document.attempts),
        exact(document.failed),
        NONE if document.http_status is None else str(document.http_status),
        *((NONE, NONE) if total is None else (_ms(total.p50), _ms(total.p99))),
    )


def _number(artifact: str) -> str:
    return artifact.removesuffix(".json")


def _ms(taken_ns: int) -> str:
    return f"{taken_ns / _NANOS_PER_MS:.3f}"
