"""What the status pages show, as values; amounts and quantities are exact text, times are nanoseconds since 1970 UTC."""

from dataclasses import dataclass
from typing import Literal

from tc.checks.attention import Attention, Feed, Probe
from tc.checks.drills.facts import Outcome
from tc.reports.reconciliation import ReconciliationDocument


@dataclass(frozen=True, slots=True)
class Holding:
    """A position: its instrument, its signed quantity, and its value where that is known."""

    instrument: str
    quantity: str
    value: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBrief:
    """A run as a line of the overview.

    Parameters
    ----------
    run_id, name, mode, state, strategy
        What it is, and where it stands; ``unreadable`` when its directory cannot be read.
    is_active
        Whether a process is at work on it.
    created_ns, ended_ns
        When it began and ended; 0 for never, or not known.
    holdings, profit, currency, fills, orders
        By its journal; ``profit`` is empty where it cannot be computed.
    feed
        The worst state of its market data; empty where nobody says.
    kill_mode
        The strictest mode of the kill switch that applies to it, by its journal and the state files.
    reconciled, reconciled_ns, findings
        The last comparison with its venue.
    attention
        What needs attention, the worst first.

    """

    run_id: str
    name: str = ""
    mode: str = ""
    state: str = ""
    strategy: str = ""
    is_active: bool = False
    created_ns: int = 0
    ended_ns: int = 0
    holdings: tuple[Holding, ...] = ()
    profit: str = ""
    currency: str = ""
    fills: int = 0
    orders: int = 0
    feed: str = ""
    kill_mode: str = "none"
    reconciled: str = ""
    reconciled_ns: int = 0
    findings: int = 0
    attention: tuple[Attention, ...] = ()


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether what a spec needs to connect is configured."""

    spec: str
    state: str


@dataclass(frozen=True, slots=True)
class Switch:
    """A kill switch that is active in a scope: its mode, why, by whom and since when (0: not known)."""

    scope: str
    mode: str
    reason: str = ""
    actor: str = ""
    at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillBrief:
    """A drill as a line of the overview: what its last execution came to, when, and how fast; and how many are stored."""

    name: str
    title: str
    verdict: Outcome
    ended_ns: int
    executions: int
    passed: int
    detect_ns: int | None = None
    mitigate_ns: int | None = None
    recover_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is known beside the runs.

    Parameters
    ----------
    switches
        Those that are on, the strictest first.
    drills, resilience
        Each drill that was carried out, and what part of them passed by weight, in words; empty where none was.
    attention, left_out
        What needs attention, and how many runs are not shown.

    """

    switches: tuple[Switch, ...] = ()
    drills: tuple[DrillBrief, ...] = ()
    resilience: str = ""
    attention: tuple[Attention, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure with a limit: what it is, its value in words, and which part of the limit that is."""

    name: str
    value: str
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of a run: who it is, its state, and what it says of itself as names and values, in words."""

    source: str
    state: str
    at_ns: int
    every_s: float
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a run.

    Parameters
    ----------
    at_ns
        When; by the wall clock, or by the data's clock in a backtest's journal.
    source
        Where it is written: the journal, the stream of later facts, or the metadata.
    kind, text
        What it is called, and what it says.
    is_grave
        Whether it is bad news.

    """

    at_ns: int
    source: Literal["journal", "ops", "metadata"]
    kind: str
    text: str
    is_grave: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """A run in full; what it does not have is empty.

    Parameters
    ----------
    brief
        What the overview says of it.
    engine, instrument, venue, tc_version, reason
        What it is, and why it ended.
    started_ns, ended_ns
        When its engine did.
    figures
        Counts and amounts as names and values, in words.
    processes, feeds, gauges
        What its processes say, the channels of its market data, and what is used of limits.
    kill_steps
        The steps of the last kill, each with the time that it took, in nanoseconds.
    compared, artifact
        The last comparison with the venue, and its name in `ops/`.
    probes, readiness
        Connectivity, as it was checked for this run.
    timeline, untold
        What happened, oldest first, and how much more did.
    has_report
        Whether its report is there.
    is_read
        False while a long journal is still being read.

    """

    brief: RunBrief
    engine: str = ""
    instrument: str = ""
    venue: str = ""
    tc_version: str = ""
    reason: str = ""
    started_ns: int = 0
    ended_ns: int = 0
    figures: tuple[tuple[str, str], ...] = ()
    processes: tuple[Process, ...] = ()
    feeds: tuple[Feed, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    kill_steps: tuple[tuple[str, int], ...] = ()
    compared: ReconciliationDocument | None = None
    artifact: str = ""
    probes: tuple[Probe, ...] = ()
    readiness: tuple[Readiness, ...] = ()
    timeline: tuple[Happening, ...] = ()
    untold: int = 0
    has_report: bool = False
    is_read: bool = True
