"""`tc kill`: block on disk first, then tell the nodes, then flatten from outside what does not answer."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic_ns

from tc.core.events import KillMode
from tc.errors import ArtifactError, TcError, UnreachableError
from tc.flows.killed import Killed, Outside, PathTaken, StoppedNode, VenueAccess
from tc.flows.node_line import NodeStep, ask_node
from tc.store.kill_switch import STRICTNESS, Change, KillSwitch, Scope, kill_mode
from tc.store.nodes import NodeDocument, ProcessState, list_nodes, process_state

FIRST_ANSWER_S = 1.0
"""How long a node may take for its first line; a healthy one takes about a millisecond."""

_MOST_AT_ONCE = 16
_LAST_STEPS = frozenset({"halted", "failed"})


def activate(
    scope: Scope,
    *,
    mode: KillMode,
    reason: str,
    actor: str,
    at_ns: int,
    runtime_root: Path,
    switch: KillSwitch,
    outside: Outside,
    flattens_at_venue: bool,
    deadline_s: float,
) -> Killed:
    """Set the switch on disk, tell every node of the scope, and flatten from outside where that is asked for or needed.

    The second and the third path are taken whatever came of the first: only words that are wrong are an error.

    Raises
    ------
    DocumentError
        The reason or the actor is empty.

    """
    began_ns = monotonic_ns()
    with ThreadPoolExecutor(_MOST_AT_ONCE) as workers:
        telling: list[_Telling] = []

        def tell_nodes() -> None:
            if telling:
                return
            request = {"do": "kill", "mode": mode, "reason": reason, "actor": actor}
            stop = partial(
                _stopped, request=request, switch=switch, outside=outside, always=flattens_at_venue, deadline_s=deadline_s
            )
            # Listed only now: a node that comes later finds the switch on disk.
            telling.append(_Telling(monotonic_ns() - began_ns, *_told(runtime_root, scope, partial(workers.submit, stop))))

        change, problem = _on_disk(switch, scope, mode, reason=reason, actor=actor, at_ns=at_ns, on_written=tell_nodes)
        tell_nodes()
        [told] = telling
        stopped = tuple(each.result() for each in told.stopping)
    return Killed(scope, mode, change, problem, told.after_ns, stopped, told.notes)


def concerns(scope: Scope, node: NodeDocument) -> bool:
    """Say whether a node is in a scope."""
    return scope.kind == "all" or scope.value == {"run": node.run_id, "name": node.name}[scope.kind]


def access_of(node: NodeDocument) -> VenueAccess:
    """Return what a node's document says of its venue."""
    return VenueAccess(node.venue_url, node.environment, node.api_key_env, node.api_secret_env)


def _mode_for(node: NodeDocument, asked: str, switch: KillSwitch) -> str:
    """Return what a node is told: what was asked, or what holds already where that is stricter."""
    try:
        active = switch.effective(run_id=node.run_id, name=node.name)
    except TcError:
        return asked
    return asked if active is None else max(kill_mode(asked), active.mode, key=STRICTNESS.index)


@dataclass(frozen=True, slots=True)
class _Telling:
    after_ns: int
    stopping: Sequence[Future[StoppedNode]]
    notes: tuple[str, ...]


def _told(
    runtime_root: Path, scope: Scope, submit: Callable[[NodeDocument, Sequence[str]], Future[StoppedNode]]
) -> tuple[list[Future[StoppedNode]], tuple[str, ...]]:
    nodes, notes = list_nodes(runtime_root)
    others = [node for node in nodes if not concerns(scope, node)]
    return [submit(node, _sharing(node, others)) for node in nodes if concerns(scope, node)], notes


def _on_disk(
    switch: KillSwitch, scope: Scope, mode: KillMode, *, reason: str, actor: str, at_ns: int, on_written: Callable[[], None]
) -> tuple[Change | None, str]:
    try:
        return switch.activate(scope, mode=mode, reason=reason, actor=actor, at_ns=at_ns, on_written=on_written), ""
    except ArtifactError as error:
        return None, error.message


def _stopped(
    node: NodeDocument,
    shared: Sequence[str],
    *,
    request: Mapping[str, str],
    switch: KillSwitch,
    outside: Outside,
    always: bool,
    deadline_s: float,
) -> StoppedNode:
    """Tell one node, and flatten from outside when that is always wanted, or the node did not flatten."""
    request = {**request, "mode": _mode_for(node, request["mode"], switch)}
    process = process_state(node)
    flattens = request["mode"] == "flatten"
    if process == "gone":
        by_socket = PathTaken("unavailable", "there is no such process any more: nothing sends")
    else:
        by_socket = _by_socket(node, request, deadline_s=deadline_s)
    if always or (flattens and by_socket.outcome != "done"):
        at_venue = _at_venue(node, outside, shared)
    else:
        at_venue = PathTaken("not needed", "")
    told = by_socket.outcome == "done" or (process == "gone" and not flattens)
    is_confirmed = at_venue.outcome == "done" or (told and at_venue.outcome == "not needed")
    return StoppedNode(
        run_id=node.run_id,
        name=node.name,
        pid=node.pid,
        process=process,
        by_socket=by_socket,
        at_venue=at_venue,
        is_confirmed=is_confirmed,
        advice=_advice(node, process, by_socket, at_venue, is_confirmed=is_confirmed),
    )


def _by_socket(node: NodeDocument, request: Mapping[str, str], *, deadline_s: float) -> PathTaken:
    told: list[str] = []
    last, latency_ns = NodeStep(), 0
    try:
        for step, since_ns in ask_node(node.socket, request, first_s=FIRST_ANSWER_S, deadline_s=deadline_s):
            last, latency_ns = step, since_ns
            told.append(f"{step.words()} {since_ns / 1e6:.1f} ms")
            if step.step in _LAST_STEPS:
                break
    except UnreachableError as error:
        return PathTaken("failed", ", ".join((*told, error.message)), latency_ns)
    is_done = last.step == "halted" or (request["mode"] == "reduce" and last.step not in {"", "failed"})
    place = f" (position {last.position})" if last.position is not None else ""
    return PathTaken("done" if is_done else "failed", (", ".join(told) or "the node closed without a word") + place, latency_ns)


def _at_venue(node: NodeDocument, outside: Outside, shared: Sequence[str]) -> PathTaken:
    access = access_of(node)
    if reason := outside.unavailable(access):
        return PathTaken("unavailable", reason)
    began_ns = monotonic_ns()
    try:
        flat = outside.flatten(access)
    except TcError as error:
        return PathTaken("failed", error.message, monotonic_ns() - began_ns)
    warning = f"; the account is also that of {', '.join(shared)}, whose orders and positions went too" if shared else ""
    return PathTaken("done" if flat.is_flat else "failed", flat.words + warning, flat.latency_ns)


def _sharing(node: NodeDocument, others: Sequence[NodeDocument]) -> list[str]:
    return [other.run_id for other in others if node.venue_url and access_of(other) == access_of(node)]


def _advice(node: NodeDocument, process: ProcessState, by_socket: PathTaken, at_venue: PathTaken, *, is_confirmed: bool) -> str:
    if process != "gone" and by_socket.outcome != "done":
        doing = "is stopped by a signal" if process == "stopped" else "runs and does not answer"
        return f"process {node.pid} {doing}: end it (kill -9 {node.pid}), then look at `tc kill status`"
    if not is_confirmed and at_venue.outcome == "unavailable":
        return f"nothing could be flattened from here: {at_venue.words}"
    return "" if is_confirmed else "orders or positions may be left: look at the venue, and activate again"
