"""The two small documents of a run that goes on, each replaced again and again: what its node says of itself, and its supervisor.

They lie in `live/` of the run directory, which no seal covers: what they say is true of a moment, and what happened is in the
journal. A document that is not replaced any more is itself a fact: its writer hangs or is dead.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tc.checks.feed import Channel, Witness
from tc.errors import ArtifactError
from tc.store.files import read_dated_file, write_atomic
from tc.store.layout import RunDirectory

__all__ = [
    "HEARTBEAT_SCHEMA",
    "AsWritten",
    "Channel",
    "NodeHeartbeat",
    "SupervisorHeartbeat",
    "Witness",
    "corrected",
    "node_heartbeat_as_written",
    "read_node_heartbeat",
    "read_supervisor_heartbeat",
    "supervisor_heartbeat_as_written",
    "write_heartbeat",
]

HEARTBEAT_SCHEMA = 1

_WRITTEN_WITHIN_NS = 250_000_000
"""So long after it was stamped may a heartbeat stand in its file, and the clock be none the worse."""


class NodeHeartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself; ages are in seconds, ``*_ns`` in nanoseconds since 1970 UTC.

    Parameters
    ----------
    at_ns, every_s
        When this was looked at, and how often it is.
    stamped_ns
        What the same clock said when it was written, which a busy process comes to later; 0: the same.
    state
        Where the node stands: starting, trading, halting, halted, stopping, stopped.
    position
        The journal's last position.
    channels
        Market data as it came in.
    connected
        Whether the clients are connected, their streams included, by ``data`` and ``execution``.
    reconnects
        How often their connections came back after they were lost, by the same names; nothing where that cannot be
        counted.
    queues
        Sizes of the engine's queues, by name.
    lag_s, longest_lag_s
        How late the event loop came to what was due: at the last look, and at most since the last heartbeat.
    in_flight
        Commands sent to the venue that it has not answered yet.
    oldest_in_flight_ns
        When the oldest of them was sent; None when there is none.
    waiting
        Commands that the gate holds back.
    open_orders
        Orders that are open by the journal.
    contradictions
        Reports of the engine that the journal's fold refused.
    is_feed_judged
        Whether market data is judged as it comes in; None where nobody could, or does not say.

    """

    schema: int = HEARTBEAT_SCHEMA
    at_ns: int
    stamped_ns: int = 0
    every_s: float
    pid: int
    state: str
    position: int
    channels: tuple[Channel, ...] = ()
    connected: dict[str, bool] = {}
    reconnects: dict[str, int] = {}
    queues: dict[str, int] = {}
    lag_s: float = 0.0
    longest_lag_s: float = 0.0
    in_flight: int = 0
    oldest_in_flight_ns: int | None = None
    waiting: int = 0
    open_orders: int = 0
    contradictions: int = 0
    is_feed_judged: bool | None = None


class SupervisorHeartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor of a node says.

    Parameters
    ----------
    at_ns, every_s
        When this was looked at, and how often it is.
    stamped_ns
        What the same clock said when it was written, which a busy process comes to later; 0: the same.
    node_state
        The last state that the node reported.
    is_node_alive
        Whether its process runs.
    is_venue_reachable
        Whether the venue answered when it was asked last; None before that.
    venue_asked_ns
        When that was; 0 before the first time.
    request_weight, request_weight_limit
        What of the venue's limit per minute was used up when it answered last, by all who ask from here; None before that.
    witnesses
        What the venue said of its market, for each channel that is silent.

    """

    schema: int = HEARTBEAT_SCHEMA
    at_ns: int
    stamped_ns: int = 0
    every_s: float
    pid: int
    node_state: str
    is_node_alive: bool
    is_venue_reachable: bool | None = None
    venue_asked_ns: int = 0
    request_weight: int | None = None
    request_weight_limit: int | None = None
    witnesses: tuple[Witness, ...] = ()


@dataclass(frozen=True, slots=True)
class AsWritten[T: (NodeHeartbeat, SupervisorHeartbeat)]:
    """What a process says, and when the kernel of its system says that this was written, in nanoseconds since 1970 UTC."""

    said: T
    written_ns: int

    @property
    def offset_ns(self) -> int:
        """How far the clock that the process goes by is ahead of the kernel's; they differ by less than some milliseconds."""
        return (self.said.stamped_ns or self.said.at_ns) - self.written_ns


def write_heartbeat(run: RunDirectory, heartbeat: NodeHeartbeat | SupervisorHeartbeat) -> None:
    """Replace a heartbeat, whole; it is not forced to disk, for the next one comes soon.

    Raises
    ------
    ArtifactError
        It cannot be written; what stood there before still does.

    """
    path = run.node_heartbeat if isinstance(heartbeat, NodeHeartbeat) else run.supervisor_heartbeat
    data = msgspec.json.encode(heartbeat) + b"\n"
    try:
        write_atomic(path, data, is_durable=False)
    except ArtifactError:
        if not _is_made(run.live):
            raise
        write_atomic(path, data, is_durable=False)


def _is_made(folder: Path) -> bool:
    """Make the folder, if that is what is missing; say whether it was."""
    try:
        folder.mkdir()
    except OSError:
        return False
    return True


def corrected[T: (NodeHeartbeat, SupervisorHeartbeat)](heard: AsWritten[T]) -> T:
    """Return what a process says with its times as the kernel's clock would have told them: its own may be set wrong.

    A heartbeat from the future would hide that none comes any more, and one from the past look as if none came.
    """
    off_ns = heard.offset_ns
    if abs(off_ns) <= _WRITTEN_WITHIN_NS:
        return heard.said
    match heard.said:
        case NodeHeartbeat() as node:
            channels = tuple(_shifted(each, off_ns, "last_ns", "since_ns") for each in node.channels)
            return replace(_shifted(node, off_ns, "at_ns", "oldest_in_flight_ns"), channels=channels)
        case SupervisorHeartbeat() as supervisor:
            witnesses = tuple(_shifted(each, off_ns, "first_ns", "asked_ns", "since_ns") for each in supervisor.witnesses)
            return replace(_shifted(supervisor, off_ns, "at_ns", "venue_asked_ns"), witnesses=witnesses)


def _shifted[S: msgspec.Struct](said: S, off_ns: int, *names: str) -> S:
    """Take an offset off some times; one that is 0 or None is none."""
    return replace(said, **{name: at_ns - off_ns for name in names if (at_ns := getattr(said, name))})


def read_node_heartbeat(run: RunDirectory) -> NodeHeartbeat | None:
    """Return what the node said last, or None when it never said anything; ArtifactError when it cannot be read."""
    found = _read(run.node_heartbeat, NodeHeartbeat)
    return None if found is None else found.said


def node_heartbeat_as_written(run: RunDirectory) -> AsWritten[NodeHeartbeat] | None:
    """Return what the node said last, and when; as `read_node_heartbeat`."""
    return _read(run.node_heartbeat, NodeHeartbeat)


def read_supervisor_heartbeat(run: RunDirectory) -> SupervisorHeartbeat | None:
    """Return what the supervisor said last, or None when there is none; ArtifactError when it cannot be read."""
    found = _read(run.supervisor_heartbeat, SupervisorHeartbeat)
    return None if found is None else found.said


def supervisor_heartbeat_as_written(run: RunDirectory) -> AsWritten[SupervisorHeartbeat] | None:
    """Return what the supervisor said last, and when; as `read_supervisor_heartbeat`."""
    return _read(run.supervisor_heartbeat, SupervisorHeartbeat)


def _read[T: (NodeHeartbeat, SupervisorHeartbeat)](path: Path, kind: type[T]) -> AsWritten[T] | None:
    if not path.exists():
        return None
    try:
        data, written_ns = read_dated_file(path)
        return AsWritten(msgspec.json.decode(data, type=kind), written_ns)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(f"{path} is not a heartbeat: {error}", hint="It is written anew by the next heartbeat.") from None
