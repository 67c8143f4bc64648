"""`tc runs stop`: ask a run that is being written, from another process, to end gracefully."""

from tc.errors import RefusedError
from tc.flows.witness import Witness
from tc.store.facts import StopRequested
from tc.store.layout import RunDirectory
from tc.store.lock import is_active, lock_owner
from tc.store.ops import append_fact, stop_requested
from tc.store.status import run_status


def request_stop(run: RunDirectory, *, reason: str, by: Witness) -> int | None:
    """Put the request into the run's ops stream, unless there is one already; return the process id of the run's writer.

    Raises
    ------
    RefusedError
        Nobody is writing the run.
    ArtifactError
        The ops stream cannot be read or written.

    """
    if not is_active(run):
        raise RefusedError(
            f"run {run.run_id!r} is {run_status(run)}: no process is writing it, so there is nothing to stop",
            hint="`tc runs list --status running` shows the runs that are being written.",
        )
    if not stop_requested(run):
        append_fact(run, StopRequested(at_ns=by.at_ns, tc=by.tc, user=by.user, reason=reason))
    return lock_owner(run)
