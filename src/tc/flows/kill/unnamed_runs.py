"""Paper runs that no node's document names, and that may trade or have left something: made known from what they have stored."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from tc.errors import TcError
from tc.flows.run_venue import venue_of
from tc.store.kill_switch import Scope
from tc.store.layout import RunDirectory, list_runs, run_directory
from tc.store.lock import is_active, lock_owner
from tc.store.metadata import read_metadata
from tc.store.nodes import NodeDocument, socket_path

PAPER = "paper"


def unnamed_runs(
    scope: Scope,
    *,
    artifacts_root: Path,
    runtime_root: Path,
    named: Collection[str],
    has_ended: Callable[[NodeDocument], bool],
) -> tuple[tuple[NodeDocument, ...], tuple[str, ...]]:
    """Return such runs of a scope as their nodes' documents would be, and why others cannot be read.

    A run that is asked for by itself is always among them; of others those that are not sealed, and whose venue has not ended
    with them. One that cannot be read counts where it is being written, or was asked for.
    """
    nodes: list[NodeDocument] = []
    problems: list[str] = []
    for run in _candidates(scope, artifacts_root):
        if run.run_id in named:
            continue
        try:
            node = _as_document(run, runtime_root)
        except TcError as error:
            problems += [f"run {run.run_id}: {error.message}"] if scope.kind == "run" or is_active(run) else []
            continue
        if node is None or (scope.kind == "name" and node.name != scope.value):
            continue
        if scope.kind == "run" or node.pid or not has_ended(node):
            nodes.append(node)
    return tuple(nodes), tuple(problems)


def _candidates(scope: Scope, artifacts_root: Path) -> Iterator[RunDirectory]:
    if scope.kind == "run":
        run = run_directory(artifacts_root, scope.value)
        return iter((run,) if run.path.is_dir() else ())
    try:
        return (run for run in list_runs(artifacts_root) if not os.path.lexists(run.seal))
    except TcError:
        return iter(())


def _as_document(run: RunDirectory, runtime_root: Path) -> NodeDocument | None:
    """Return what is known of a run's node, or None of a run that never had one, or was only watched."""
    if not run.configuration.exists() or read_metadata(run).mode != PAPER:
        return None
    node = venue_of(run).node
    if node is None:
        return None
    return NodeDocument(
        run_id=run.run_id,
        name=read_metadata(run).name,
        directory=str(run.path.resolve()),
        socket=str(socket_path(runtime_root, run.run_id)),
        pid=(lock_owner(run) or 0) if is_active(run) else 0,
        venue_url=node.venue_url or "",
        environment=node.environment,
        api_key_env=node.api_key,
        api_secret_env=node.api_secret,
    )
