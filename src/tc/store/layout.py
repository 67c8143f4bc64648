"""Where a run's files lie: the artifacts root, run ids, and the names inside a run directory."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.store.files import is_real_folder, read_file, sync_folder

LATEST = "latest"
"""The word that names the newest run where a command asks for one."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_RUN_ID_HINT = "A run id has 1 to 128 of A-Z a-z 0-9 . _ - and starts with a letter or a digit."
_HINT = "`tc runs list` shows the runs there are; --artifacts-root says where to look."


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """One run's directory: the paths of everything in it, whether it is there yet or not."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id: the directory's name."""
        return self.path.name

    @property
    def spec(self) -> Path:
        """The RunSpec as it was run, complete."""
        return self.path / "run_spec.yaml"

    @property
    def configuration(self) -> Path:
        """The effective configuration, canonical JSON; its SHA-256 is the configuration fingerprint."""
        return self.path / "configuration.json"

    @property
    def code(self) -> Path:
        """The folder of the strategy's modules, copied."""
        return self.path / "code"

    @property
    def metadata(self) -> Path:
        """Who ran it, when, with which versions, and how it ended."""
        return self.path / "metadata.json"

    @property
    def journal(self) -> Path:
        """The Event Stream."""
        return self.path / "journal.jsonl"

    @property
    def decisions(self) -> Path:
        """What each step decided, where a gate is configured; derived from the journal."""
        return self.path / "decisions.jsonl"

    @property
    def tape(self) -> Path:
        """The market data that a paper run saw, in blocks of Arrow; the journal has each block's digest."""
        return self.path / "tape"

    @property
    def metrics(self) -> Path:
        """Throughput, time and memory."""
        return self.path / "metrics.json"

    @property
    def report_md(self) -> Path:
        """The report as Markdown."""
        return self.path / "report.md"

    @property
    def report_html(self) -> Path:
        """The report as one self-contained page."""
        return self.path / "report.html"

    @property
    def error(self) -> Path:
        """The traceback of a failed run."""
        return self.path / "error.txt"

    @property
    def seal(self) -> Path:
        """The digests of everything above; written last."""
        return self.path / "seal.json"

    @property
    def ops(self) -> Path:
        """The stream of facts that come after the seal, or from other processes."""
        return self.path / "ops.jsonl"

    @property
    def ops_folder(self) -> Path:
        """The folder of the artifacts that facts in `ops` name."""
        return self.path / "ops"

    @property
    def live(self) -> Path:
        """The folder of what the processes of a run say of themselves, again and again; no seal covers it."""
        return self.path / "live"

    @property
    def node_heartbeat(self) -> Path:
        """What a run's node says of itself."""
        return self.live / "node.json"

    @property
    def supervisor_heartbeat(self) -> Path:
        """What its supervisor says."""
        return self.live / "supervisor.json"

    @property
    def lock(self) -> Path:
        """The file that the run's one writer holds locked."""
        return self.path / "journal.lock"


def runs_root(artifacts_root: Path) -> Path:
    """Return the folder that holds the run directories."""
    return artifacts_root / "runs"


def is_run_id(text: str) -> bool:
    """Say whether a text is written as the ids of runs are."""
    return _RUN_ID.fullmatch(text) is not None and text != LATEST


def run_directory(artifacts_root: Path, run_id: str) -> RunDirectory:
    """Return the directory of a run, whether it exists or not.

    Raises
    ------
    DocumentError
        The id could name something outside the folder of runs, or is not written as ids are.

    """
    if not is_run_id(run_id):
        raise DocumentError(f"{run_id!r} is not a run id", hint=_RUN_ID_HINT)
    return RunDirectory(runs_root(artifacts_root) / run_id)


def new_run_id(name: str, utc: datetime, digest: str) -> str:
    """Return ``<name>-<utc>-<digest8>``, the time to the microsecond."""
    return f"{name}-{utc:%Y%m%dT%H%M%S%f}Z-{digest[:8]}"


def create_run(artifacts_root: Path, run_id: str) -> RunDirectory:
    """Make the directory of a new run, durably.

    Raises
    ------
    DocumentError
        As `run_directory`.
    RefusedError
        There is a run of this id already: a run directory is never written a second time.
    ArtifactError
        The directory cannot be made.

    """
    run = run_directory(artifacts_root, run_id)
    try:
        run.path.parent.mkdir(parents=True, exist_ok=True)
        run.path.mkdir()
        sync_folder(run.path.parent)
    except OSError as error:
        if os.path.lexists(run.path):
            raise RefusedError(
                f"there is a run {run_id!r} already: {run.path}",
                hint="Choose another --run-id, or leave it out to get a new one.",
            ) from None
        raise ArtifactError(
            f"{run.path} cannot be made: {error.strerror}",
            hint="Check the permissions and the free space of the artifacts root, or choose another with --artifacts-root.",
        ) from None
    return run


def existing_run(artifacts_root: Path, run: str) -> RunDirectory:
    """Return the run that is meant: by its id, by the start of its id if only one begins so, or ``latest``.

    Raises
    ------
    DocumentError
        No id is written so, or several runs' ids begin so.
    ArtifactError
        There is no such run.

    """
    if run == LATEST:
        newest = list_runs(artifacts_root)
        if not newest:
            raise ArtifactError(f"there are no runs in {runs_root(artifacts_root)}", hint=_HINT)
        return newest[0]
    exact = run_directory(artifacts_root, run)
    if is_real_folder(exact.path):
        return exact
    found = sorted(path.name for path in _folders(artifacts_root) if path.name.startswith(run))
    if not found:
        raise ArtifactError(f"there is no run {run!r} in {runs_root(artifacts_root)}", hint=_HINT)
    if len(found) > 1:
        raise DocumentError(
            f"{run!r} is the start of {len(found)} run ids: {', '.join(found[:4])}{', …' if len(found) > 4 else ''}",  # noqa: PLR2004
            hint="Give more of the id.",
        )
    return run_directory(artifacts_root, found[0])


def list_runs(artifacts_root: Path) -> tuple[RunDirectory, ...]:
    """Return all runs, newest first: by when they were created, then by id.

    A symbolic link, a file, and a name that no run id has, are no runs.
    """
    runs = [RunDirectory(path) for path in _folders(artifacts_root)]
    return tuple(sorted(runs, key=lambda run: (_born_ns(run), run.run_id), reverse=True))


def _folders(artifacts_root: Path) -> list[Path]:
    root = runs_root(artifacts_root)
    try:
        paths = list(root.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ArtifactError(f"{root} cannot be read: {error.strerror}", hint=_HINT) from None
    return [path for path in paths if _RUN_ID.fullmatch(path.name) and is_real_folder(path)]


def _born_ns(run: RunDirectory) -> int:
    """Return when the run was created, by its metadata or, where that cannot be read, by its directory."""
    with suppress(ArtifactError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(read_file(run.metadata), type=_Born).created.ns
    with suppress(OSError):
        return run.path.stat(follow_symlinks=False).st_mtime_ns
    return 0


class _Moment(msgspec.Struct):
    ns: int


class _Born(msgspec.Struct):
    created: _Moment
