"""`tc reconcile --heal`: compare, let the node's engine take over what the venue says, and compare again; all of it is kept."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tc.errors import RefusedError, TcError, UnreachableError
from tc.flows.node_line import ask_node, ask_to_heal
from tc.flows.reconciliation.expected import HEALS_WITHIN_S
from tc.flows.witness import Witness
from tc.reports.reconciliation import ReconciliationDocument
from tc.store.facts import HealRequested, RunHealed
from tc.store.layout import RunDirectory
from tc.store.nodes import NodeDocument, node_path, process_state, read_node
from tc.store.ops import append_fact

_ANSWERS_S = 1.0

Kept = tuple[str, ReconciliationDocument]
"""A comparison: its artifact's name in `ops/`, and what it holds."""


@dataclass(frozen=True, slots=True)
class Healed:
    """What became of it.

    Parameters
    ----------
    before
        The comparison that came first.
    is_asked
        Whether the node was asked: where nothing differs, or something is unknown, it is not.
    is_healed, reason
        What it answered, and why it could not.
    after
        The comparison after that; the first one where the node was not asked.

    """

    before: Kept
    is_asked: bool
    is_healed: bool
    reason: str
    after: Kept


def heal_run(run: RunDirectory, node: NodeDocument, *, compare: Callable[[], Kept], by: Callable[[], Witness]) -> Healed:
    """Compare a run with its venue, have its node heal what differs, and compare again.

    A node is not asked to heal what is right, or what nobody can see: its engine may invent orders for nothing.

    Raises
    ------
    UnreachableError
        The node does not answer; nothing was compared and nothing healed.
    ArtifactError
        What was found, or that it was asked, cannot be kept; then it was not asked.

    """
    _require_answer(node)
    before = compare()
    if before[1].verdict != "found" or before[1].unknown:
        why = "something is unknown" if before[1].unknown else "there is nothing to heal"
        return Healed(before, is_asked=False, is_healed=False, reason=why, after=before)
    is_healed, reason = _asked(run, node, before[1], by)
    return Healed(before, is_asked=True, is_healed=is_healed, reason=reason, after=compare())


def node_to_heal(run: RunDirectory, runtime_root: Path) -> NodeDocument:
    """Return the running node of a run.

    Raises
    ------
    RefusedError
        The run has ended, its node does not run, or nothing may be done to it from outside.

    """
    if os.path.lexists(run.seal):
        raise RefusedError(
            f"run {run.run_id!r} has ended: there is no node to heal", hint="`tc reconcile RUN` compares it with its venue."
        )
    node = read_node(runtime_root, run.run_id)
    if node is None or process_state(node) == "gone":
        raise RefusedError(
            f"no node of run {run.run_id!r} runs here: there is nothing to heal",
            hint="Look at --runtime-root; a run that crashed goes on by `tc run --resume`, which asks its venue itself.",
        )
    if not node.venue_url:
        raise RefusedError(
            f"the node of run {run.run_id!r} is only watched: it is never told to do anything",
            hint="`tc reconcile RUN --observed FILE` compares it with what you saw.",
        )
    return node


@contextmanager
def healing_alone(runtime_root: Path, run_id: str) -> Iterator[None]:
    """Hold a run for one healing; RefusedError while there is another."""
    try:
        descriptor = os.open(node_path(runtime_root, run_id), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        raise RefusedError(f"the node of run {run_id!r} has just ended: there is nothing to heal") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RefusedError(f"run {run_id!r} is being healed by somebody else", hint="Wait for that, and look again.") from None
    finally:
        os.close(descriptor)


def _require_answer(node: NodeDocument) -> None:
    try:
        list(ask_node(node.socket, {"do": "ping"}, first_s=_ANSWERS_S, deadline_s=_ANSWERS_S))
    except UnreachableError as error:
        raise UnreachableError(
            f"{error.message}; nothing was healed", hint="`tc kill status --run RUN` says how it can be reached."
        ) from None


def _asked(run: RunDirectory, node: NodeDocument, before: ReconciliationDocument, by: Callable[[], Witness]) -> tuple[bool, str]:
    """Ask the node; that it was asked, and what it answered, are facts of the run, the first of them before it is."""
    who = by()
    findings = len(before.findings)
    append_fact(run, HealRequested(at_ns=who.at_ns, tc=who.tc, user=who.user, position=before.position, findings=findings))
    try:
        is_healed, reason = ask_to_heal(node.socket, within_s=HEALS_WITHIN_S)
    except TcError as error:
        is_healed, reason = False, error.message
    if not (is_healed or reason):
        reason = "its engine could not take over what the venue says; the node's log says why"
    who = by()
    append_fact(run, RunHealed(at_ns=who.at_ns, tc=who.tc, user=who.user, is_healed=is_healed, reason=reason))
    return is_healed, reason
