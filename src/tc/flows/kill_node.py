"""What a kill does about one node: told by its socket, flattened from outside where that is needed, forgotten when it is gone."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, monotonic_ns, sleep

from tc.errors import TcError, UnreachableError
from tc.flows.kill_proof import proven_flat
from tc.flows.killed import Outside, PathTaken, StoppedNode, VenueAccess
from tc.flows.node_line import NodeStep, ask_node
from tc.flows.unnamed_runs import unnamed_runs
from tc.store.kill_switch import STRICTNESS, KillSwitch, Scope, kill_mode
from tc.store.layout import RunDirectory
from tc.store.nodes import NodeDocument, forget_node, process_state
from tc.store.processes import ProcessState

FIRST_ANSWER_S = 1.0
"""How long a node may take for its first line; a healthy one takes about a millisecond."""

GONE = "there is no such process any more: nothing sends"
VENUE_ENDED = "the embedded venue has ended: nothing can trade there; what the account held is kept for `tc run --resume`"
HAS_ENDED = "the run has ended and is sealed: it sends nothing; --flatten-at-venue takes what it may have left"
_PAUSE_S = 0.02
ONLY_WATCHED = "this node is only watched"
"""What a node answers that nobody may control from here."""

_LAST_STEPS = frozenset({"halted", "failed"})


@dataclass(frozen=True, slots=True)
class KillPlace:
    """Where a kill finds the switch and the nodes, and how it reaches their venues."""

    runtime_root: Path
    artifacts_root: Path
    switch: KillSwitch
    outside: Outside

    def unnamed(self, scope: Scope, nodes: Sequence[NodeDocument]) -> tuple[tuple[NodeDocument, ...], tuple[str, ...]]:
        """Return the runs of a scope that no node's document names, and why others cannot be read."""
        return unnamed_runs(
            scope,
            artifacts_root=self.artifacts_root,
            runtime_root=self.runtime_root,
            named={node.run_id for node in nodes},
            has_ended=lambda node: self.outside.has_ended(access_of(node)),
        )


def access_of(node: NodeDocument) -> VenueAccess:
    """Return what a node's document says of its venue."""
    return VenueAccess(node.run_id, node.venue_url, node.environment, node.api_key_env, node.api_secret_env)


def stop_node(
    node: NodeDocument,
    shared: Sequence[str],
    *,
    place: KillPlace,
    request: Mapping[str, str],
    always: bool,
    deadline_s: float,
) -> StoppedNode:
    """Tell one node, and flatten from outside when that is always wanted, or the node did not flatten."""
    request = {**request, "mode": _mode_for(node, request["mode"], place.switch)}
    flattens = request["mode"] == "flatten"
    if process_state(node) == "gone":
        by_socket = PathTaken("unavailable", GONE)
    else:
        by_socket = _by_socket(node, request, deadline_s=deadline_s)
    is_told = by_socket.outcome == "done"
    at_venue, is_proven = PathTaken("not needed", ""), False
    if always or (flattens and not is_told):
        at_venue, is_proven = _at_venue(node, place.outside, shared, always=always)
    process = process_state(node)  # It may have ended over it.
    is_still = is_told or (process == "gone" and (not flattens or at_venue.outcome == "ended"))
    is_confirmed = at_venue.outcome == "done" or is_proven or (is_still and at_venue.outcome in {"ended", "not needed"})
    if is_confirmed and process == "gone":
        forget_node(place.runtime_root, node)
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


def _mode_for(node: NodeDocument, asked: str, switch: KillSwitch) -> str:
    """Return what a node is told: what was asked, or what holds already where that is stricter."""
    try:
        active = switch.effective(run_id=node.run_id, name=node.name)
    except TcError:
        return asked
    return asked if active is None else max(kill_mode(asked), active.mode, key=STRICTNESS.index)


def _by_socket(node: NodeDocument, request: Mapping[str, str], *, deadline_s: float) -> PathTaken:
    """Tell a node by its socket; one that starts does not listen yet, and one that ends does no more: they have a second."""
    until = monotonic() + FIRST_ANSWER_S
    while True:
        taken, is_heard = _asked(node, request, deadline_s=deadline_s)
        if is_heard or monotonic() > until or process_state(node) == "gone":
            return taken
        sleep(_PAUSE_S)


def _asked(node: NodeDocument, request: Mapping[str, str], *, deadline_s: float) -> tuple[PathTaken, bool]:
    told: list[str] = []
    last, latency_ns = NodeStep(), 0
    try:
        for step, since_ns in ask_node(node.socket, request, first_s=FIRST_ANSWER_S, deadline_s=deadline_s):
            last, latency_ns = step, since_ns
            told.append(f"{step.words()} {since_ns / 1e6:.1f} ms")
            if step.step in _LAST_STEPS:
                break
    except UnreachableError as error:
        return PathTaken("failed", ", ".join((*told, error.message)), latency_ns), bool(told)
    is_done = last.step == "halted" or (request["mode"] == "reduce" and last.step not in {"", "failed"})
    place = f" (position {last.position})" if last.position is not None else ""
    words = (", ".join(told) or "the node closed without a word") + place
    return PathTaken("done" if is_done else "failed", words, latency_ns), True


def _at_venue(node: NodeDocument, outside: Outside, shared: Sequence[str], *, always: bool) -> tuple[PathTaken, bool]:
    """Flatten from outside, unless that is needless or cannot be; say whether it is proven that nothing is left."""
    access = access_of(node)

    def needless() -> str:
        return "" if always else _needless(node)

    if (taken := _not_taken(node, access, outside, needless())) is not None:
        return taken, taken.outcome == "not needed"
    began_ns = monotonic_ns()
    try:
        flat = outside.flatten(access, lambda: outside.has_ended(access) or bool(needless()))
    except TcError as error:
        return PathTaken("failed", error.message, monotonic_ns() - began_ns), False
    if flat.is_flat:
        warning = f"; the account is also that of {', '.join(shared)}, whose orders and positions went too" if shared else ""
        return PathTaken("done", flat.words + warning, flat.latency_ns), True
    if words := needless():
        return PathTaken("not needed", words, flat.latency_ns), True
    if outside.has_ended(access):
        return PathTaken("ended", f"{flat.words}; {VENUE_ENDED}", flat.latency_ns), False
    return PathTaken("failed", flat.words, flat.latency_ns), False


def _not_taken(node: NodeDocument, access: VenueAccess, outside: Outside, needless: str) -> PathTaken | None:
    """Return why nothing is sent to the venue from here, if nothing is."""
    if needless:
        return PathTaken("not needed", needless)
    if outside.has_ended(access):
        return PathTaken("ended", VENUE_ENDED)
    if reason := outside.unavailable(access):
        return PathTaken("unavailable", reason)
    if process_state(node) == "gone" and outside.is_silent(access):
        return PathTaken("failed", f"nobody listens at {node.venue_url} now: what is open and held there is unknown")
    return None


def _needless(node: NodeDocument) -> str:
    """Return in words why there is nothing to flatten: the run proves that it is flat, or is one that ended long ago."""
    if not node.pid and os.path.lexists(RunDirectory(Path(node.directory)).seal):
        return HAS_ENDED
    return proven_flat(node.directory)


def _advice(node: NodeDocument, process: ProcessState, by_socket: PathTaken, at_venue: PathTaken, *, is_confirmed: bool) -> str:
    if is_confirmed and at_venue.outcome == "not needed":
        return ""
    if ONLY_WATCHED in by_socket.words:
        return "stop the node where it runs: from here it is only watched"
    if process != "gone" and by_socket.outcome != "done":
        doing = "is stopped by a signal" if process == "stopped" else "runs and did not do it"
        return f"process {node.pid} {doing}: when it is still there, end it (kill -9 {node.pid}), then look at `tc kill status`"
    if not is_confirmed and at_venue.outcome == "unavailable":
        return f"nothing could be flattened from here: {at_venue.words}"
    return "" if is_confirmed else "orders or positions may be left: look at the venue, and activate again"
