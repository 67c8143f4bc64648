"""`tc kill`: block on disk first, then tell the nodes, then flatten from outside what does not answer."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic_ns

from tc.core.events import KillMode
from tc.errors import ArtifactError
from tc.flows.kill.killed import Killed, StoppedNode
from tc.flows.kill.node import KillPlace, access_of, stop_node
from tc.flows.kill.waiting import Waiting
from tc.store.kill_switch import Change, KillSwitch, Scope
from tc.store.nodes import NodeDocument, list_nodes, process_state

_MOST_AT_ONCE = 16


def activate(
    scope: Scope,
    place: KillPlace,
    *,
    mode: KillMode,
    reason: str,
    actor: str,
    at_ns: int,
    flattens_at_venue: bool,
    deadline_s: float,
    say: Callable[[str], None] = lambda _words: None,
) -> Killed:
    """Set the switch on disk, tell every node of the scope, and flatten from outside where that is asked for or needed.

    The second and the third path are taken whatever came of the first: only words that are wrong are an error. ``say`` is told
    what is waited for.

    Raises
    ------
    DocumentError
        The reason or the actor is empty.

    """
    began_ns, waiting = monotonic_ns(), Waiting(say)
    with ThreadPoolExecutor(_MOST_AT_ONCE) as workers:
        telling: list[_Telling] = []

        def tell_nodes() -> None:
            if telling:
                return
            request = {"do": "kill", "mode": mode, "reason": reason, "actor": actor}
            stop = partial(
                stop_node, place=place, request=request, always=flattens_at_venue, deadline_s=deadline_s, waiting=waiting
            )
            # Listed only now: a node that comes later finds the switch on disk.
            telling.append(_Telling(monotonic_ns() - began_ns, *_told(place, scope, partial(workers.submit, stop))))

        change, problem = _on_disk(place.switch, scope, mode, reason=reason, actor=actor, at_ns=at_ns, on_written=tell_nodes)
        tell_nodes()
        [told] = telling
        waiting.until_done(told.stopping)
        stopped = tuple(each.result() for each in told.stopping)
    return Killed(scope, mode, change, problem, told.after_ns, stopped, told.notes)


def still_running(scope: Scope, runtime_root: Path) -> str:
    """Return in words which nodes of a scope run although its switch was set; empty when none does."""
    states = [(node, process_state(node)) for node in list_nodes(runtime_root)[0] if concerns(scope, node)]
    running = [f"run {node.run_id} (process {node.pid}, {process})" for node, process in states if process != "gone"]
    if not running:
        return ""
    return f"{', '.join(running)} still there: each keeps to the switch until it is stopped, also one that has not looked yet"


def concerns(scope: Scope, node: NodeDocument) -> bool:
    """Say whether a node is in a scope."""
    return scope.kind == "all" or scope.value == {"run": node.run_id, "name": node.name}[scope.kind]


@dataclass(frozen=True, slots=True)
class _Telling:
    after_ns: int
    stopping: Sequence[Future[StoppedNode]]
    notes: tuple[str, ...]


def _told(
    place: KillPlace, scope: Scope, submit: Callable[[NodeDocument, Sequence[NodeDocument]], Future[StoppedNode]]
) -> tuple[list[Future[StoppedNode]], tuple[str, ...]]:
    """Tell the nodes that have named themselves, and only then look for others: that may take a while."""
    nodes, notes = list_nodes(place.runtime_root)
    others = [node for node in nodes if not concerns(scope, node)]
    stopping = [submit(node, _sharing(node, others)) for node in nodes if concerns(scope, node)]
    unnamed, problems = place.unnamed(scope, nodes)
    stopping += [submit(node, _sharing(node, others)) for node in unnamed]
    return stopping, (*notes, *problems)


def _on_disk(
    switch: KillSwitch, scope: Scope, mode: KillMode, *, reason: str, actor: str, at_ns: int, on_written: Callable[[], None]
) -> tuple[Change | None, str]:
    try:
        return switch.activate(scope, mode=mode, reason=reason, actor=actor, at_ns=at_ns, on_written=on_written), ""
    except ArtifactError as error:
        return None, error.message


def _sharing(node: NodeDocument, others: Sequence[NodeDocument]) -> list[NodeDocument]:
    return [other for other in others if node.venue_url and access_of(other).account == access_of(node).account]
