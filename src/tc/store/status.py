"""Where a run really stands: what its seal says, else whether anybody is at work on it."""

import os

from tc.errors import ArtifactError
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.metadata import RunStatus, read_metadata
from tc.store.seal import read_seal


def run_status(run: RunDirectory) -> RunStatus:
    """Return a run's status: the sealed one; while it is being written the one in its metadata; else it has crashed.

    Never raises for what a crash can leave: unreadable metadata of a run at work is ``created``.

    Raises
    ------
    ArtifactError
        There is a seal and it cannot be read.

    """
    if os.path.lexists(run.seal):
        return read_seal(run).status
    if not is_active(run):
        return "crashed"
    try:
        return read_metadata(run).status
    except ArtifactError:
        return "created"
