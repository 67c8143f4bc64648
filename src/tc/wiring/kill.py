"""What `tc kill` really gets: the switch under the runtime root, the nodes, and our own signed line to their venues."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.kill_outside import outside_of
from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from tc.flows.kill.killed import Killed
    from tc.flows.kill.node import KillPlace
    from tc.flows.kill.status import KillStatus
    from tc.store.kill_switch import Change, KillSwitch, Scope


def kill_scope(*, run: str | None, name: str | None, is_all: bool, runtime_root: Path, artifacts_root: Path) -> "Scope":
    """Return the one scope that is meant; a run by its id, also one that only a switch has, or by the start of its id."""
    from tc.errors import DocumentError
    from tc.store.kill_switch import Scope

    if (run is not None) + (name is not None) + is_all != 1:
        raise DocumentError("one scope is needed", hint="Give --run RUN, --name NAME or --all, and only one of them.")
    if run is not None:
        return Scope.of_run(_run_id(run, runtime_root=runtime_root, artifacts_root=artifacts_root))
    return Scope.of_all() if name is None else Scope.of_name(name)


def activate_kill(
    scope: "Scope",
    *,
    mode: str,
    reason: str,
    actor: str | None,
    runtime_root: Path,
    artifacts_root: Path,
    flattens_at_venue: bool,
    means_testnet: bool,
    deadline_s: float,
    say: Callable[[str], None] = lambda _words: None,
) -> "Killed":
    """Set the kill switch, and make sure of it by every path that is needed; what is waited for is said."""
    from tc.flows.kill.activate import activate
    from tc.store.kill_switch import kill_mode

    by = witness_here()
    return activate(
        scope,
        _place(runtime_root, artifacts_root, means_testnet=means_testnet, deadline_s=deadline_s),
        mode=kill_mode(mode),
        reason=reason,
        actor=actor or by.user or "unknown",
        at_ns=by.at_ns,
        flattens_at_venue=flattens_at_venue,
        deadline_s=deadline_s,
        say=say,
    )


def clear_kill(scope: "Scope", *, reason: str, actor: str | None, runtime_root: Path) -> "Change":
    """Clear the kill switch of a scope; nothing resumes by it. What still runs, and keeps to it, is said."""
    from dataclasses import replace

    from tc.flows.kill.activate import still_running

    by = witness_here()
    change = _switch(runtime_root).clear(scope, reason=reason, actor=actor or by.user or "unknown", at_ns=by.at_ns)
    return replace(change, note=still_running(scope, runtime_root)) if change.outcome == "cleared" else change


def kill_status(scope: "Scope", *, runtime_root: Path, artifacts_root: Path, means_testnet: bool) -> "KillStatus":
    """Say what is active, and which paths to each node are open."""
    from tc.flows.kill.status import kill_status

    return kill_status(scope, _place(runtime_root, artifacts_root, means_testnet=means_testnet, deadline_s=0))


def _place(runtime_root: Path, artifacts_root: Path, *, means_testnet: bool, deadline_s: float) -> "KillPlace":
    from tc.flows.kill.node import KillPlace

    outside = outside_of(runtime_root, means_testnet=means_testnet, deadline_s=deadline_s)
    return KillPlace(runtime_root, artifacts_root, _switch(runtime_root), outside)


def _switch(runtime_root: Path) -> "KillSwitch":
    from tc.store.kill_switch import FOLDER, KillSwitch

    return KillSwitch(runtime_root / FOLDER)


def _run_id(run: str, *, runtime_root: Path, artifacts_root: Path) -> str:
    """Return the id of the run that is meant: whole, it may be that of a node, a switch or a run directory.

    Of ids that begin so, that of a node whose process is there goes before those of runs that have ended.
    """
    from tc.store.layout import existing_run, run_directory
    from tc.store.nodes import list_nodes, process_state

    found = [node for node in list_nodes(runtime_root)[0] if run and node.run_id.startswith(run)]
    switches = [each.scope.value for each in _switch(runtime_root).all() if each.scope.kind == "run"]
    if run in switches or any(node.run_id == run for node in found):
        return run
    if found and not run_directory(artifacts_root, run).path.is_dir():
        running = [node for node in found if process_state(node) != "gone"]
        for nodes in (running, found):
            if len(nodes) == 1:
                return nodes[0].run_id
    return existing_run(artifacts_root, run).run_id
