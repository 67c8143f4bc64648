"""What `tc kill` really gets: the switch under the runtime root, the nodes, and our own signed line to their venues."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from tc.flows.kill_status import KillStatus
    from tc.flows.killed import Killed, Outside, VenueAccess, VenueFlatten
    from tc.store.kill_switch import Change, KillSwitch, Scope


def kill_scope(*, run: str | None, name: str | None, is_all: bool, runtime_root: Path, artifacts_root: Path) -> "Scope":
    """Return the one scope that is meant; a run by its id or the start of one that a node or a run directory has."""
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
    flattens_at_venue: bool,
    means_testnet: bool,
    deadline_s: float,
) -> "Killed":
    """Set the kill switch, and make sure of it by every path that is needed."""
    from tc.flows.kill import activate
    from tc.store.kill_switch import kill_mode

    by = witness_here()
    return activate(
        scope,
        mode=kill_mode(mode),
        reason=reason,
        actor=actor or by.user or "unknown",
        at_ns=by.at_ns,
        runtime_root=runtime_root,
        switch=_switch(runtime_root),
        outside=_outside(means_testnet=means_testnet, deadline_s=deadline_s),
        flattens_at_venue=flattens_at_venue,
        deadline_s=deadline_s,
    )


def clear_kill(scope: "Scope", *, reason: str, actor: str | None, runtime_root: Path) -> "Change":
    """Clear the kill switch of a scope; nothing resumes by it."""
    by = witness_here()
    return _switch(runtime_root).clear(scope, reason=reason, actor=actor or by.user or "unknown", at_ns=by.at_ns)


def kill_status(scope: "Scope", *, runtime_root: Path, means_testnet: bool) -> "KillStatus":
    """Say what is active, and which paths to each node are open."""
    from tc.flows.kill_status import kill_status

    unavailable = _outside(means_testnet=means_testnet, deadline_s=0).unavailable
    return kill_status(scope, runtime_root=runtime_root, switch=_switch(runtime_root), venue_unavailable=unavailable)


def _switch(runtime_root: Path) -> "KillSwitch":
    from tc.store.kill_switch import FOLDER, KillSwitch

    return KillSwitch(runtime_root / FOLDER)


def _run_id(run: str, *, runtime_root: Path, artifacts_root: Path) -> str:
    """Return the id of the run that is meant; a node that runs is found without its run directory."""
    from tc.store.layout import existing_run
    from tc.store.nodes import list_nodes

    found = [node.run_id for node in list_nodes(runtime_root)[0] if node.run_id.startswith(run)]
    exact = [run_id for run_id in found if run_id == run]
    if exact or (run and len(found) == 1):
        return (exact or found)[0]
    return existing_run(artifacts_root, run).run_id


def _outside(*, means_testnet: bool, deadline_s: float) -> "Outside":
    from tc.flows.killed import Outside

    return Outside(
        unavailable=lambda access: _unavailable(access, means_testnet=means_testnet),
        flatten=lambda access: _flatten(access, means_testnet=means_testnet, deadline_s=deadline_s),
    )


def _unavailable(access: "VenueAccess", *, means_testnet: bool) -> str:
    from tc.errors import TcError
    from tc.exchange.keys import read_keys
    from tc.spec.venue_url import judge

    if not access.venue_url:
        return "nothing may be sent to its venue from outside"
    try:
        judge(access.venue_url, environment=access.environment, has_consent=means_testnet)
        read_keys(access.api_key_env, access.api_secret_env, os.environ)
    except TcError as error:
        return error.message
    return ""


def _flatten(access: "VenueAccess", *, means_testnet: bool, deadline_s: float) -> "VenueFlatten":
    import asyncio

    from tc.exchange import VenueLine, flatten, read_keys
    from tc.flows.killed import VenueFlatten
    from tc.spec.venue_url import judge

    url = judge(access.venue_url, environment=access.environment, has_consent=means_testnet)
    keys = read_keys(access.api_key_env, access.api_secret_env, os.environ)

    async def flattened() -> VenueFlatten:
        async with VenueLine(url, keys, timeout_s=2, patience_s=4) as line:
            done = await flatten(line, flatten_id=f"TCK-{time.time_ns() // 1000:x}", deadline_s=deadline_s)
        said = [
            f"{step.what} {step.subject}".rstrip() + f": {step.detail}" for step in done.steps if _is_worth_telling(step.what)
        ]
        left = "flat, says the venue" if done.is_flat else _left(done.left_orders, done.left_positions)
        return VenueFlatten(done.is_flat, "; ".join([*said, left]), done.latency_ns)

    return asyncio.run(flattened())


def _is_worth_telling(what: str) -> bool:
    return what in {"cancel", "close"}


def _left(orders: tuple[str, ...] | None, positions: tuple[str, ...] | None) -> str:
    words = [
        f"{what}: {'unknown' if left is None else ', '.join(left) or 'none'}"
        for what, left in (("orders left", orders), ("positions left", positions))
    ]
    return f"NOT known to be flat; {'; '.join(words)}"
