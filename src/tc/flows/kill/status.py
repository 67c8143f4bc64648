"""`tc kill status`: which switches are active, and by which paths each node could be stopped now."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from tc.errors import TcError, UnreachableError
from tc.flows.kill.activate import concerns
from tc.flows.kill.node import KillPlace, access_of
from tc.flows.kill.proof import run_end, venue_ended
from tc.flows.node_line import ask_node
from tc.store.kill_switch import Active, KillSwitch, Scope
from tc.store.nodes import NodeDocument, list_nodes, process_state
from tc.store.processes import ProcessState

_PING_S = 0.5
_MOST_AT_ONCE = 16
_NO_PROCESS = "there is no such process any more"
_UNNAMED = "no document of its node is under this runtime root: was it started with another?"


@dataclass(frozen=True, slots=True)
class ReachableNode:
    """A node, what stops it now, and why each path would fail; an empty reason is a path that is open.

    Parameters
    ----------
    run_id, name, pid, process
        Which it is, and whether its process runs.
    mode
        What the switches let it do; ``none`` when none is active.
    left
        What a run whose process is gone left at a venue that goes on, or that this is unknown; else empty.
    no_socket, no_file, no_venue
        Why it would not hear of a switch by its socket or by the file, and why it could not be flattened from here.

    """

    run_id: str
    name: str
    pid: int
    process: ProcessState
    mode: str
    no_socket: str
    no_file: str
    no_venue: str
    left: str


@dataclass(frozen=True, slots=True)
class KillStatus:
    """The active switches, the nodes, and why other documents of nodes cannot be read."""

    switches: tuple[Active, ...]
    nodes: tuple[ReachableNode, ...]
    notes: tuple[str, ...]

    @property
    def is_in_doubt(self) -> bool:
        """Whether the state of a switch or the document of a node cannot be read."""
        return bool(self.notes) or any(each.doubt for each in self.switches)

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "switches": [each.to_dict() for each in self.switches],
            "nodes": [asdict(each) for each in self.nodes],
            "notes": list(self.notes),
        }


def kill_status(scope: Scope, place: KillPlace) -> KillStatus:
    """Say what is active that concerns a scope, and how its nodes can be reached; nothing is changed and no order is sent."""
    nodes, problems = list_nodes(place.runtime_root)
    unnamed, unread = place.unnamed(scope, nodes)
    concerned = [*(node for node in nodes if concerns(scope, node)), *unnamed]
    with ThreadPoolExecutor(_MOST_AT_ONCE) as workers:
        reachable = tuple(workers.map(lambda node: _reachable(node, place, is_named=node not in unnamed), concerned))
    wanted = {scope, Scope.of_all()}
    for node in concerned:
        wanted |= {Scope("run", node.run_id), Scope("name", node.name)}
    switches = tuple(each for each in place.switch.all() if scope.kind == "all" or each.scope in wanted)
    return KillStatus(switches, reachable, (*problems, *unread))


def _reachable(node: NodeDocument, place: KillPlace, *, is_named: bool) -> ReachableNode:
    process, access = process_state(node), access_of(node)
    is_venue_gone = place.outside.has_ended(access)
    no_socket = _NO_PROCESS if process == "gone" else _unanswered(node)
    return ReachableNode(
        run_id=node.run_id,
        name=node.name,
        pid=node.pid,
        process=process,
        mode=_mode(node, place.switch),
        no_socket=no_socket,
        no_file=_unread(process) if is_named or not no_socket else _NO_PROCESS if process == "gone" else _UNNAMED,
        no_venue=venue_ended(node.directory) if is_venue_gone else place.outside.unavailable(access),
        left=run_end(node.directory).left if process == "gone" and not is_venue_gone else "",
    )


def _unread(process: ProcessState) -> str:
    return {"gone": _NO_PROCESS, "stopped": "it is stopped by a signal, and reads it when it goes on", "running": ""}[process]


def _mode(node: NodeDocument, switch: KillSwitch) -> str:
    try:
        active = switch.effective(run_id=node.run_id, name=node.name)
    except TcError as error:
        return f"unknown: {error.message}"
    return "none" if active is None else active.mode


def _unanswered(node: NodeDocument) -> str:
    try:
        for _ in ask_node(node.socket, {"do": "ping"}, first_s=_PING_S, deadline_s=_PING_S):
            return ""
    except UnreachableError as error:
        return error.message
    return "the node closed the line without a word"
