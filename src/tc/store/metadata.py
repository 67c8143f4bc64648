"""metadata.json: who ran it, when, with which versions, and how it ended. Values are given; nothing is looked up here."""

from datetime import UTC, datetime
from typing import Literal, Self

import msgspec

from tc.errors import ArtifactError
from tc.store.files import read_file, write_atomic
from tc.store.layout import RunDirectory

METADATA_SCHEMA = 1

RunStatus = Literal["created", "running", "completed", "failed", "stopped", "killed", "blocked", "crashed", "recovered"]


class WallTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment of the wall clock: nanoseconds since 1970 UTC, and the same as ISO 8601 for people."""

    ns: int
    utc: str

    @classmethod
    def at(cls, ns: int) -> Self:
        """Return the moment of so many nanoseconds since 1970 UTC."""
        seconds, rest = divmod(ns, 1_000_000_000)
        return cls(ns, f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z")


class GitCommit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The commit of the folder that the run was started in, and whether it had changes that are in no commit."""

    commit: str
    is_dirty: bool


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known about a run beside its Event Stream; no environment and no secrets.

    Parameters
    ----------
    run_id, name, mode
        The run's id, and the name and mode of its RunSpec.
    status
        Where the run stands; one that is ``created`` or ``running`` while nobody holds its lock has crashed.
    created, started, ended
        Wall-clock times: the directory was made, the engine started, the engine ended.
    resumed
        When the run went on after a crash, each time.
    versions
        Version by name: ``tc``, ``python``, ``nautilus_trader``, ``msgspec``, ``platform``, ….
    host, pid
        Where it ran.
    configuration, dataset
        The fingerprints, hex, and the dataset's id.
    is_durable
        Whether entries were put on disk (``fsync``): each before the next; in a paper run, before any effect of it left.
    git
        The commit of the folder that the run was started in, if it is in one.
    reason
        Why it stopped, failed or was recovered, in a sentence; empty when it completed.

    """

    schema: int = METADATA_SCHEMA
    run_id: str
    name: str
    mode: str
    status: RunStatus
    created: WallTime
    started: WallTime | None = None
    ended: WallTime | None = None
    resumed: tuple[WallTime, ...] = ()
    versions: dict[str, str]
    host: str
    pid: int
    configuration: str
    dataset_id: str
    dataset: str
    is_durable: bool = False
    git: GitCommit | None = None
    reason: str = ""


class _Versioned(msgspec.Struct):
    schema: int


def read_metadata(run: RunDirectory) -> Metadata:
    """Return a run's metadata as written; see `tc.store.status.run_status` for where the run really stands.

    Raises
    ------
    ArtifactError
        The file is missing, unreadable, of another schema, or not what this version writes.

    """
    data = read_file(run.metadata)
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != METADATA_SCHEMA:
            raise ArtifactError(
                f"{run.metadata} has schema {schema}, this version of tc reads schema {METADATA_SCHEMA}",
                hint="Use the version of tc that wrote it.",
            )
        return msgspec.json.decode(data, type=Metadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(
            f"{run.metadata} is not metadata of a run: {error}", hint="`tc runs verify` says what else is altered."
        ) from None


def write_metadata(run: RunDirectory, metadata: Metadata) -> None:
    """Write a run's metadata atomically: indented JSON, keys sorted.

    Raises
    ------
    ArtifactError
        The file cannot be written; what stood there before still does.

    """
    write_atomic(run.metadata, msgspec.json.format(msgspec.json.encode(metadata, order="sorted"), indent=2) + b"\n")
