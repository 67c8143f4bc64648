"""What needs a person's attention now: the alerts that need no history, judged as the alert rules of Prometheus judge them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

type Severity = Literal["critical", "warning"]

_S = 1_000_000_000
_MB = 1_000_000
MISSED_BEATS = 5
"""A heartbeat is missing when so many of it did not come."""
IN_FLIGHT_NS = 5 * _S
LOOP_LAG_S = 0.25
CLOCK_OFFSET_S = 1
"""A clock that is wrong by more stamps orders with times that a venue refuses."""
DISK_MARGIN = 2
"""A disk is nearly full with less than so many times of what a run stops itself for."""
REQUEST_WEIGHT = 0.8
"""The part of the venue's limit above which little is left for an emergency."""
OVERDUE_INTERVALS, OVERDUE_NS = 2, 15 * _S
"""A comparison is overdue after so many intervals, and this time for the comparison itself."""
RECENT_NS = 3_600 * _S
"""What was wrong with a run that ended longer ago is history."""
PROBE_HOLDS_NS = 900 * _S
"""What a probe found longer ago says nothing of now."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert: how bad it is, the name of its runbook, and what it means in a few words."""

    severity: Severity
    runbook: str
    summary: str


ALERTS: dict[str, Alert] = {
    "TcSubmitAfterHalt": Alert("critical", "safety-gate", "Orders were sent after the run was halted"),
    "TcJournalBroken": Alert("critical", "journal-broken", "The journal is not as it was written"),
    "TcRunCrashed": Alert("critical", "restart-recovery", "The run crashed, and what it holds is unattended"),
    "TcHeartbeatMissing": Alert("critical", "heartbeat-missing", "A process does not say that it lives"),
    "TcClockOffset": Alert("critical", "clock-jump", "A process goes by a clock that is wrong"),
    "TcVenueDisconnected": Alert("critical", "venue-connection", "The run has no connection to its venue"),
    "TcVenueUnreachable": Alert("critical", "venue-connection", "The venue does not answer"),
    "TcFeedStale": Alert("critical", "feed-stale", "The venue has news that do not come"),
    "TcReconciliationMismatch": Alert("critical", "reconciliation-mismatch", "The venue says something else than the journal"),
    "TcOrderStuckInFlight": Alert("critical", "order-stuck-in-flight", "The venue does not answer a command"),
    "TcRiskLimitExceeded": Alert("critical", "risk-limit-exceeded", "A limit is exceeded"),
    "TcDiskNearlyFull": Alert("critical", "disk-full", "The disk is nearly full: the run will stop itself"),
    "TcKillSwitchScopeActive": Alert("warning", "safety-gate", "A kill switch is on"),
    "TcKillSwitchActive": Alert("warning", "safety-gate", "The kill switch is on"),
    "TcFeedSilent": Alert("warning", "feed-stale", "No market data comes, and nobody knows why"),
    "TcReconciliationUnknown": Alert("warning", "reconciliation-mismatch", "The run could not be compared with its venue"),
    "TcReconciliationOverdue": Alert("warning", "reconciliation-mismatch", "The run was not compared with its venue in time"),
    "TcRequestWeightHigh": Alert("warning", "request-weight", "The venue's request limit is nearly used up"),
    "TcEventLoopLag": Alert("warning", "event-loop-lag", "The node is late"),
    "TcDrillFailed": Alert("warning", "drill-failed", "A drill did not pass"),
    "TcProbeFailing": Alert("warning", "probe-failing", "A target does not answer as it should"),
    "TcDataQualityFailed": Alert("warning", "data-quality", "A dataset has findings"),
    "TcRunUnreadable": Alert("warning", "journal-broken", "The run directory cannot be read"),
}
"""Every alert that is judged here; its order is the order in which equally bad ones are told."""

_ORDER = {name: at for at, name in enumerate(ALERTS)}


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs attention: an alert's name, what it is about (empty for the run itself), and the facts behind it."""

    alert: str
    subject: str
    detail: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return ALERTS[self.alert].severity

    @property
    def summary(self) -> str:
        """What it means in a few words."""
        return ALERTS[self.alert].summary

    @property
    def runbook(self) -> str:
        """The name of the runbook that says what to do."""
        return ALERTS[self.alert].runbook


@dataclass(frozen=True, slots=True)
class Beat:
    """A process's last heartbeat: when it came, how often it should, and how far its clock is ahead of the kernel's."""

    source: str
    at_ns: int
    every_s: float
    offset_ns: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A channel of market data: its state (see `tc.checks.feed`), when its last message came (0: never), how many were wrong."""

    instrument: str
    channel: str
    state: str
    last_ns: int
    anomalies: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill's last execution came to: passed, failed or inconclusive."""

    name: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe found: the spec and target, the state, when, and which part of its attempts failed."""

    spec: str
    target: str
    state: str
    at_ns: int
    loss: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is known of a run, as far as it can need attention; what a run does not have is left out.

    Parameters
    ----------
    state, mode, is_active
        Where it stands, and whether a process is at work on it; a state of ``unreadable``: nothing else is known.
    started_ns, resumed_ns, ended_ns
        When its engine started, went on after a crash, and ended; 0 before.
    problem
        Why its directory cannot be read.
    is_journal_intact
        None while that is not known.
    submits_after_halt, kill_mode
        By its journal.
    node_state, beats, disconnected, is_venue_up, feeds, loop_lag_s, oldest_in_flight_ns, request_weight, request_weight_limit
        By its processes' heartbeats; ``disconnected`` names the clients that have no connection,
        ``is_venue_up`` is None before the venue was asked.
    free_bytes, min_free_bytes
        What is free on its disk, and with less than how much it stops itself; None while that is not known.
    limit_usage
        What is used of each limit, as a fraction.
    reconciled, findings, reconciled_ns, reconciled_every_ns
        The last comparison's verdict, its findings, when it was, and the time between two.
    probes
        What the last one of each target found.

    """

    state: str
    mode: str = ""
    is_active: bool = False
    started_ns: int = 0
    resumed_ns: int = 0
    ended_ns: int = 0
    problem: str = ""
    is_journal_intact: bool | None = None
    submits_after_halt: int = 0
    kill_mode: str = "none"
    node_state: str = ""
    beats: tuple[Beat, ...] = ()
    disconnected: tuple[str, ...] = ()
    is_venue_up: bool | None = None
    feeds: tuple[Feed, ...] = ()
    loop_lag_s: float = 0.0
    oldest_in_flight_ns: int | None = None
    request_weight: int | None = None
    request_weight_limit: int | None = None
    free_bytes: int | None = None
    min_free_bytes: int | None = None
    limit_usage: tuple[tuple[str, float], ...] = ()
    reconciled: str = ""
    findings: int = 0
    reconciled_ns: int = 0
    reconciled_every_ns: int | None = None
    probes: tuple[Probe, ...] = ()


def attention_of(vitals: Vitals, now_ns: int) -> tuple[Attention, ...]:
    """Return what of a run needs attention at a time, the worst first."""
    if vitals.state == "unreadable":
        return (Attention("TcRunUnreadable", "", vitals.problem),)
    found = [*_of_record(vitals, now_ns), *_of_probes(vitals.probes, now_ns)]
    if vitals.is_active:
        found += _of_risk(vitals, now_ns)
        found += _of_processes(vitals, now_ns)
        found += _of_disk(vitals)
    return tuple(sorted(found, key=ranked_by))


def attention_of_fleet(
    now_ns: int,
    *,
    switches: tuple[tuple[str, str], ...] = (),
    datasets: tuple[tuple[str, int], ...] = (),
    probes: tuple[Probe, ...] = (),
    drills: tuple[Drill, ...] = (),
) -> tuple[Attention, ...]:
    """Return what needs attention beside the runs: kill switches (scope, mode), datasets (id, findings), probes and drills."""
    found = [Attention("TcKillSwitchScopeActive", scope, mode) for scope, mode in switches if mode != "none"]
    found += [Attention("TcDataQualityFailed", name, _count(findings, "finding")) for name, findings in datasets if findings]
    found += _of_probes(probes, now_ns)
    found += [Attention("TcDrillFailed", drill.name, drill.verdict) for drill in drills if drill.verdict != "passed"]
    return tuple(sorted(found, key=ranked_by))


def ranked_by(attention: Attention) -> tuple[bool, int]:
    """Return what sorts the worst first: severity, then the order of `ALERTS`."""
    return attention.severity != "critical", _ORDER[attention.alert]


def _of_record(vitals: Vitals, now_ns: int) -> Iterator[Attention]:
    """Yield what a run's files say, whether it goes on or not."""
    is_recent = vitals.is_active or (vitals.ended_ns > 0 and now_ns - vitals.ended_ns < RECENT_NS)
    if vitals.submits_after_halt and is_recent:
        yield Attention("TcSubmitAfterHalt", "", _count(vitals.submits_after_halt, "order"))
    if vitals.is_journal_intact is False:
        yield Attention("TcJournalBroken", "", "a line does not follow or breaks a rule, or a verification found something")
    if vitals.state == "crashed" and vitals.mode != "backtest":
        yield Attention("TcRunCrashed", "", "nobody is at work on it, and it was not ended")
    if vitals.reconciled == "found" and is_recent:
        yield Attention("TcReconciliationMismatch", "", _count(vitals.findings, "finding"))
    if vitals.reconciled == "unknown" and is_recent:
        yield Attention("TcReconciliationUnknown", "", "what is not known is not flat")


def _of_risk(vitals: Vitals, now_ns: int) -> Iterator[Attention]:
    if vitals.kill_mode != "none" and vitals.node_state not in _WINDING_DOWN:
        yield Attention("TcKillSwitchActive", "", vitals.kill_mode)
    every_ns, since_ns = vitals.reconciled_every_ns, max(vitals.reconciled_ns or vitals.started_ns, vitals.resumed_ns)
    if every_ns is not None and since_ns and vitals.node_state == "trading":
        age_ns = now_ns - since_ns
        if age_ns > OVERDUE_INTERVALS * every_ns + OVERDUE_NS:
            yield Attention(
                "TcReconciliationOverdue", "", f"the last one is {_seconds(age_ns)} old, one is due each {_seconds(every_ns)}"
            )
    for limit, used in vitals.limit_usage:
        if used > 1:
            yield Attention("TcRiskLimitExceeded", limit, f"{used:.0%} of it is used")


def _of_processes(vitals: Vitals, now_ns: int) -> Iterator[Attention]:
    for beat in vitals.beats if vitals.node_state not in _OWES_NO_BEAT else ():
        if now_ns - beat.at_ns > MISSED_BEATS * beat.every_s * _S:
            yield Attention("TcHeartbeatMissing", beat.source, f"the last one came {_seconds(now_ns - beat.at_ns)} ago")
    for beat in vitals.beats:
        if abs(beat.offset_ns) > CLOCK_OFFSET_S * _S:
            yield Attention("TcClockOffset", beat.source, f"{beat.offset_ns / _S:+,.1f} s")
    yield from _of_connections(vitals)
    for feed in vitals.feeds:
        alert = _FEEDS.get(feed.state)
        if alert is not None:
            last = f"last message {_seconds(now_ns - feed.last_ns)} ago" if feed.last_ns else "no message yet"
            yield Attention(alert, f"{feed.instrument} {feed.channel}", last)
    if vitals.oldest_in_flight_ns is not None and now_ns - vitals.oldest_in_flight_ns > IN_FLIGHT_NS:
        yield Attention("TcOrderStuckInFlight", "", f"sent {_seconds(now_ns - vitals.oldest_in_flight_ns)} ago")
    weight, most = vitals.request_weight, vitals.request_weight_limit
    if weight is not None and most and weight > REQUEST_WEIGHT * most:
        yield Attention("TcRequestWeightHigh", "", f"{weight:,} of {most:,} per minute")
    if vitals.loop_lag_s > LOOP_LAG_S:
        yield Attention("TcEventLoopLag", "", f"{vitals.loop_lag_s:.2f} s behind")


def _of_disk(vitals: Vitals) -> Iterator[Attention]:
    free, least = vitals.free_bytes, vitals.min_free_bytes
    if free is not None and least is not None and free < DISK_MARGIN * least:
        yield Attention("TcDiskNearlyFull", "", f"{free // _MB:,} MB are free, below {least // _MB:,} MB the run stops itself")


def _of_connections(vitals: Vitals) -> Iterator[Attention]:
    if vitals.node_state == "trading":
        for client in vitals.disconnected:
            yield Attention("TcVenueDisconnected", client, "the node trades on")
        if vitals.is_venue_up is False:
            yield Attention("TcVenueUnreachable", "", "what is open and held there is unknown")


_WINDING_DOWN = frozenset({"stopping", "stopped"})
"""A node that ends sets its own switch, which is no incident."""
_OWES_NO_BEAT = frozenset({"starting", "replaying", "stopped"})
"""A node that goes on after a crash says nothing before it starts, and one that has stopped has said its last word."""
_FEEDS = {"silent": "TcFeedSilent", "dead": "TcFeedStale"}


def _of_probes(probes: tuple[Probe, ...], now_ns: int) -> Iterator[Attention]:
    for probe in probes:
        if probe.state != "ok" and now_ns - probe.at_ns < PROBE_HOLDS_NS:
            yield Attention("TcProbeFailing", f"{probe.spec} {probe.target}", f"{probe.state}, {probe.loss:.0%} lost")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _seconds(length_ns: int) -> str:
    return f"{max(length_ns, 0) / _S:,.0f} s"
