"""What a report is made of: values that a flow has gathered from a finished run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tc.checks.finding import Finding
from tc.reports.candles import Candles
from tc.reports.connectivity import KeptConnectivity
from tc.reports.figures import RunSummary
from tc.reports.reconciliation import KeptReconciliation


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What the run took of the machine.

    Parameters
    ----------
    wall_s, cpu_s
        Wall-clock and processor time from the engine's start to its end, in seconds.
    peak_rss_bytes
        The most memory that was resident.
    read_bytes, written_bytes
        Read from and written to storage; None where the system does not say.
    recording
        How the journal was written: ``buffered``, or ``durable`` (each entry on disk before the next, or before its effects).

    """

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    read_bytes: int | None
    written_bytes: int | None
    recording: Literal["buffered", "durable"]


@dataclass(frozen=True, slots=True)
class Digests:
    """What the journal and the State at its end are known by, hex; reports are written before the seal, which repeats these."""

    journal_digest: str
    merkle_root: str
    state_digest: str


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Everything that a report shows; the same input gives the same report, byte for byte.

    Parameters
    ----------
    run_id, status
        The run, and how it ended.
    metadata, document
        `metadata.json` and the effective configuration, as JSON values; what they do not hold is not shown.
    digests
        None where the journal could not be read to its end.
    summary
        What the journal adds up to.
    candles
        Prices to draw; without them the prices of fills are drawn.
    findings
        What checks found about the run or its data.
    process
        None where it was not measured.
    error
        The traceback of a failed run.
    reconciliations
        Those that the run directory keeps, in order.
    comparing
        Whether the run traded on a venue: ``none`` for a backtest; ``open`` while the comparison at its end is still to come, so
        that it is not among these; else ``over``.
    connectivity
        Checks of readiness and probes that the run directory keeps, in order.

    """

    run_id: str
    status: str
    metadata: Mapping[str, object]
    document: Mapping[str, object]
    digests: Digests | None
    summary: RunSummary
    candles: Candles | None = None
    findings: Sequence[Finding] = ()
    process: ProcessUsage | None = None
    error: str | None = None
    reconciliations: Sequence[KeptReconciliation] = ()
    comparing: Literal["none", "open", "over"] = "none"
    connectivity: Sequence[KeptConnectivity] = ()
