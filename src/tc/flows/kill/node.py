"""What a kill does about one node: told by its socket, flattened from outside where that is needed, forgotten when it is flat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, monotonic_ns, sleep

from tc.errors import TcError, UnreachableError
from tc.flows.kill.advice import advice
from tc.flows.kill.killed import Outside, PathTaken, StoppedNode, VenueAccess
from tc.flows.kill.proof import halted_flat, has_ended, run_end, venue_ended
from tc.flows.kill.unnamed_runs import unnamed_runs
from tc.flows.kill.waiting import Waiting
from tc.flows.kill.words import GONE, HAS_ENDED, IS_SHARED, NOBODY_LISTENS, VENUE_ENDED
from tc.flows.node_line import NodeStep, ask_node
from tc.store.kill_switch import STRICTNESS, KillSwitch, Scope, kill_mode
from tc.store.nodes import NodeDocument, forget_node, process_state

FIRST_ANSWER_S = 1.0
"""How long a node may take for its first line; a healthy one takes about a millisecond."""

_PAUSE_S = 0.02
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
    shared: Sequence[NodeDocument],
    *,
    place: KillPlace,
    request: Mapping[str, str],
    always: bool,
    deadline_s: float,
    waiting: Waiting,
) -> StoppedNode:
    """Tell one node, and flatten from outside when that is always wanted, or the node did not flatten.

    ``shared`` are nodes of other scopes that have its account.
    """
    request, is_on_disk = _request_for(node, request, place.switch)
    flattens = request["mode"] == "flatten"
    by_socket = _by_socket(node, request, deadline_s=deadline_s, waiting=waiting)
    is_told = by_socket.outcome == "done"
    third = _ThirdPath(node, shared, place.outside, waiting, always=always)
    if always or (flattens and not is_told):
        at_venue, is_flat = third.taken(deadline_s)
    else:
        at_venue, is_flat = (PathTaken("not needed", ""), False) if is_told else third.left_out()
    process = process_state(node)  # It may have ended over it.
    is_still = is_told or (process == "gone" and (not flattens or at_venue.outcome == "ended"))
    is_confirmed = (is_flat and (is_told or is_on_disk or process == "gone")) or (
        is_still and at_venue.outcome in {"ended", "not needed"}
    )
    if is_confirmed and process == "gone" and (is_flat or at_venue.outcome == "ended"):
        forget_node(place.runtime_root, node)
    return StoppedNode(
        run_id=node.run_id,
        name=node.name,
        pid=node.pid,
        process=process,
        by_socket=by_socket,
        at_venue=at_venue,
        is_confirmed=is_confirmed,
        advice=advice(node.pid, process, by_socket, at_venue, is_confirmed=is_confirmed),
    )


def _request_for(node: NodeDocument, request: Mapping[str, str], switch: KillSwitch) -> tuple[Mapping[str, str], bool]:
    """Return what a node is told, which is never milder than what holds already; and whether it would find that on disk."""
    try:
        active = switch.effective(run_id=node.run_id, name=node.name)
    except TcError:
        active = None
    if active is None:
        return request, False
    mode = max(kill_mode(request["mode"]), active.mode, key=STRICTNESS.index)
    return {**request, "mode": mode}, active.mode == mode


def _by_socket(node: NodeDocument, request: Mapping[str, str], *, deadline_s: float, waiting: Waiting) -> PathTaken:
    """Tell a node by its socket; one that starts does not listen yet, and one that ends does no more: they have a second."""
    if process_state(node) == "gone":
        return PathTaken("unavailable", GONE)
    until = monotonic() + FIRST_ANSWER_S
    with waiting.doing(node.run_id, f"waits for the node itself, at most {deadline_s:g} s") as note:
        while True:
            taken, is_heard = _asked(node, request, deadline_s=deadline_s, note=note)
            if is_heard or monotonic() > until or process_state(node) == "gone":
                return taken
            sleep(_PAUSE_S)


def _asked(
    node: NodeDocument, request: Mapping[str, str], *, deadline_s: float, note: Callable[[str], None]
) -> tuple[PathTaken, bool]:
    told: list[str] = []
    last, latency_ns = NodeStep(), 0
    try:
        for step, since_ns in ask_node(node.socket, request, first_s=FIRST_ANSWER_S, deadline_s=deadline_s):
            last, latency_ns = step, since_ns
            told.append(f"{step.words()} {since_ns / 1e6:.1f} ms")
            note(", ".join(told))
            if step.step in _LAST_STEPS:
                break
    except UnreachableError as error:
        return PathTaken("failed", ", ".join((*told, error.message)), latency_ns), bool(told)
    is_left = request["mode"] == "flatten" and bool(last.detail)
    is_done = (last.step == "halted" and not is_left) or (request["mode"] == "reduce" and last.step not in {"", "failed"})
    place = f" (position {last.position})" if last.position is not None else ""
    words = (", ".join(told) or "the node closed without a word") + place
    return PathTaken("done" if is_done else "failed", words, latency_ns), True


@dataclass(frozen=True, slots=True)
class _ThirdPath:
    """The flatten of one node's account from outside: taken, or left out with what is known of the account."""

    node: NodeDocument
    shared: Sequence[NodeDocument]
    outside: Outside
    waiting: Waiting
    always: bool

    def left_out(self) -> tuple[PathTaken, bool]:
        """Return what the mode does not take, and whether it is proven that there is nothing."""
        if process_state(self.node) != "gone":
            return PathTaken("not needed", ""), False
        end = run_end(self.node.directory)
        left = f"; {end.left}" if end.is_unknown else f"; it left {end.left}" if end.left else ""
        return PathTaken("not needed", end.proof or HAS_ENDED.format(left=left)), bool(end.proof)

    def taken(self, deadline_s: float) -> tuple[PathTaken, bool]:
        """Flatten, unless that is needless or cannot be; say whether it is known that nothing is left."""
        access = access_of(self.node)
        if (not_taken := self._not_taken(access)) is not None:
            return not_taken, not_taken.outcome == "not needed"
        began_ns = monotonic_ns()
        what = f"its account is flattened from here, at most {deadline_s:g} s"
        try:
            with self.waiting.doing(self.node.run_id, what, is_told_at_once=True) as note:
                flat = self.outside.flatten(access, lambda: self.outside.has_ended(access) or bool(self._halted()), note)
        except TcError as error:
            return PathTaken("failed", error.message, monotonic_ns() - began_ns), False
        if flat.is_flat:
            return PathTaken("done", flat.words + self._warning(), flat.latency_ns), True
        if words := self._halted():
            return PathTaken("not needed", words, flat.latency_ns), True
        if self.outside.has_ended(access):
            return PathTaken("ended", f"{flat.words}; {venue_ended(self.node.directory)}", flat.latency_ns), False
        return PathTaken("failed", flat.words, flat.latency_ns), False

    def _not_taken(self, access: VenueAccess) -> PathTaken | None:
        """Return why nothing is sent to the venue from here, if nothing is."""
        is_gone = process_state(self.node) == "gone"
        if not self.always and (proof := run_end(self.node.directory).proof if is_gone else self._halted()):
            return PathTaken("not needed", proof)
        if self.outside.has_ended(access):
            return PathTaken("ended", venue_ended(self.node.directory))
        if reason := self.outside.unavailable(access):
            was_embedded = not self.node.pid and not access.venue_url and has_ended(self.node.directory)
            return PathTaken("ended", VENUE_ENDED) if was_embedded else PathTaken("unavailable", reason)
        if is_gone and self.outside.is_silent(access):
            return PathTaken("failed", NOBODY_LISTENS.format(url=self.node.venue_url))
        others = [each.run_id for each in self.shared if process_state(each) != "gone"]
        if is_gone and others and not self.always and has_ended(self.node.directory):
            return PathTaken("unavailable", IS_SHARED.format(runs=", ".join(others)))
        return None

    def _halted(self) -> str:
        return "" if self.always else halted_flat(self.node.directory)

    def _warning(self) -> str:
        runs = ", ".join(each.run_id for each in self.shared)
        return f"; the account is also that of {runs}, whose orders and positions went too" if runs else ""
