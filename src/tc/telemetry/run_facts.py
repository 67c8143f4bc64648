"""What one run directory says, as far as metrics and pages need it: small values, one set for each run."""

from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from tc.store.heartbeat import NodeHeartbeat, SupervisorHeartbeat
from tc.store.metadata import RunStatus
from tc.telemetry.figures import Figures, unpacked

_NODE_SPEAKS_NS = 2_000_000_000
"""A node that lives says so several times in this."""


class Identity(msgspec.Struct, frozen=True, gc=False):
    """What a run is, as labels; empty where its directory does not say."""

    name: str = ""
    mode: str = ""
    engine: str = ""
    strategy: str = ""
    instrument: str = ""
    venue: str = ""
    tc_version: str = ""


NO_IDENTITY = Identity()


class Compared(msgspec.Struct, frozen=True):
    """The run's comparisons with its venue.

    Parameters
    ----------
    clean, found, unknown
        How many had which verdict.
    verdict, at_ns
        Of the last one.
    severities
        How many of its findings are ``critical`` and ``warning``; None when the artifact cannot be read.
    artifact
        Its name in `ops/`.

    """

    clean: int
    found: int
    unknown: int
    verdict: str
    at_ns: int
    severities: tuple[int, int] | None
    artifact: str


class Readiness(msgspec.Struct, frozen=True, gc=False):
    """Whether what a spec needs to connect was configured, when it was checked last."""

    spec: str
    state: str
    at_ns: int


class Probed(msgspec.Struct, frozen=True):
    """What the last probe of a target found.

    Parameters
    ----------
    spec, target, state, at_ns
        Of which spec, where, what it found, and when.
    phases
        How long each phase took at the median, in seconds, by name.
    http_status
        The last HTTP status, or None.
    loss_ratio
        Which part of the attempts failed.

    """

    spec: str
    target: str
    state: str
    at_ns: int
    phases: tuple[tuple[str, float], ...]
    http_status: int | None
    loss_ratio: float


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What the process of a run that goes on has used; None where the system does not say."""

    cpu_s: float
    peak_memory_bytes: int
    read_bytes: int | None
    written_bytes: int | None


class DiskSpace(msgspec.Struct, frozen=True, gc=False):
    """How much was free on the disk of a run that goes on, and when that was."""

    free_bytes: int
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run directory says at the last look.

    Parameters
    ----------
    run_id
        The directory's name.
    problem
        Why the directory cannot be read, in a sentence; then nothing below says anything. Empty when it can.
    identity, status
        What the run is, and where it really stands.
    is_active, is_sealed
        Whether a process is at work on it; whether it has ended for good.
    created_ns, started_ns, resumed_ns, ended_ns
        Wall-clock times, of going on after a crash the last; None where that is not so yet.
    last_write_ns
        When its journal was written last: of a crashed run, when it ended, as far as anybody knows.
    reason
        Why it stopped, failed or was recovered, in a sentence; empty when it completed.
    resumes
        How often it went on after a crash.
    is_intact
        Whether every line of the journal follows from the one before by its digest and rules, and the last recorded verification
        of the run found nothing; None while nobody has looked.
    is_read
        Whether the figures stand for the whole journal: False while a long one is still being read.
    packed
        The figures as `tc.telemetry.figures.packed` keeps them; empty where there are none. `figures` reads them.
    reconcile_every_s
        Time between two comparisons with the venue by the spec; None for none.
    compared
        Its comparisons; None when there was none.
    node, supervisor
        What its processes said of themselves last; None where they never did, and once the run is sealed.
    node_offset_ns, supervisor_offset_ns
        How far the clock that each of them goes by was ahead of the kernel's then; times in what they said are the kernel's.
    usage
        What its process uses; None once it has ended.
    disk, min_free_bytes
        What is free on its disk, None once it has ended; and with less than how much it stops itself, None where it never asks.
    readiness, probes
        From its ops stream: the last one of each spec and target.

    What belongs to no run (checks and probes under `artifacts/connectivity/`) has facts of its own, with an empty ``run_id``.
    """

    run_id: str
    problem: str = ""
    identity: Identity = NO_IDENTITY
    status: RunStatus = "created"
    is_active: bool = False
    is_sealed: bool = False
    created_ns: int | None = None
    started_ns: int | None = None
    resumed_ns: int | None = None
    ended_ns: int | None = None
    last_write_ns: int | None = None
    reason: str = ""
    resumes: int = 0
    is_intact: bool | None = None
    is_read: bool = True
    packed: bytes = field(default=b"", repr=False)
    reconcile_every_s: float | None = None
    compared: Compared | None = None
    node: NodeHeartbeat | None = None
    supervisor: SupervisorHeartbeat | None = None
    node_offset_ns: int = 0
    supervisor_offset_ns: int = 0
    usage: Usage | None = None
    disk: DiskSpace | None = None
    min_free_bytes: int | None = None
    readiness: tuple[Readiness, ...] = ()
    probes: tuple[Probed, ...] = ()

    @property
    def figures(self) -> Figures | None:
        """The figures, decoded on demand (some ten microseconds), for they are what is large; None where there are none."""
        return _figures(self.packed) if self.packed else None


@lru_cache(maxsize=64)
def _figures(data: bytes) -> Figures:
    return unpacked(data)


def node_state_of(facts: RunFacts) -> str:
    """Return the state of a run's node by its own word or its supervisor's, whichever is later; empty where there is none.

    A node that goes on after a crash says nothing while it replays, and what it said before the crash still lies there.
    """
    node, supervisor = facts.node, facts.supervisor
    if supervisor is not None and (node is None or supervisor.at_ns > node.at_ns + _NODE_SPEAKS_NS):
        return supervisor.node_state
    return "" if node is None else node.state
