"""Which nodes run: one document for each under the runtime root, written by its supervisor, read by whoever must reach it."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from tc.errors import ArtifactError, TcError
from tc.store.files import TEMPORARY_PREFIX, open_regular, sync_folder, unreadable, write_atomic
from tc.store.layout import run_directory

NODE_SCHEMA = 1

_FOLDER = "nodes"
_LONGEST_SOCKET_PATH = 100
_MOST_BYTES = 64 << 10
_STARTED_FIELD = 19
_DEAD = frozenset("ZXx")
_STOPPED = frozenset("Tt")

type ProcessState = Literal["running", "stopped", "gone"]
"""It runs; it was stopped by a signal and does nothing until it is continued; there is no such process any more."""


class NodeDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to reach a node from outside; keys by the names of the environment variables that hold them, never themselves.

    Parameters
    ----------
    run_id, name, directory
        Its run, the run's name, and the absolute path of the run directory.
    socket
        The path of the Unix socket that it listens on.
    pid, pid_started
        Its process; the second tells it from a later process of the same number, and is filled in by `write_node`.
    venue_url, environment, api_key_env, api_secret_env
        Where it trades, and what signs; empty where nothing may be sent from outside.

    """

    schema: int = NODE_SCHEMA
    run_id: str
    name: str
    directory: str
    socket: str
    pid: int
    pid_started: int = 0
    venue_url: str = ""
    environment: str = "loopback"
    api_key_env: str = ""
    api_secret_env: str = ""


def write_node(runtime_root: Path, node: NodeDocument) -> NodeDocument:
    """Write a node's document, whole and on disk on return, and return it as written.

    Raises
    ------
    DocumentError
        The run id is none.
    ArtifactError
        It cannot be written.

    """
    path = node_path(runtime_root, node.run_id)
    node = msgspec.structs.replace(node, pid_started=_started(node.pid) or 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent.parent)
    except OSError as error:
        raise ArtifactError(f"{path.parent} cannot be made: {error.strerror}", hint="Look at TC_RUNTIME_ROOT.") from None
    write_atomic(path, msgspec.json.format(msgspec.json.encode(node), indent=2) + b"\n")
    return node


def remove_node(runtime_root: Path, run_id: str) -> None:
    """Remove a node's document; that there is none is fine."""
    with suppress(FileNotFoundError):
        node_path(runtime_root, run_id).unlink()


def read_node(runtime_root: Path, run_id: str) -> NodeDocument | None:
    """Return a node's document, or None when there is none.

    Raises
    ------
    DocumentError
        The run id is none.
    ArtifactError
        It is there and cannot be read.

    """
    path = node_path(runtime_root, run_id)
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_BYTES)
        node = msgspec.json.decode(data, type=NodeDocument)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        node = None
    if node is None or node.schema != NODE_SCHEMA or node.run_id != run_id:
        raise ArtifactError(f"{path} is not the document of this node", hint="Look who wrote it; the node can be found by `ps`.")
    return node


def list_nodes(runtime_root: Path) -> tuple[tuple[NodeDocument, ...], tuple[str, ...]]:
    """Return every node's document by run id, those of nodes that are gone among them, and why others cannot be read."""
    nodes: list[NodeDocument] = []
    problems: list[str] = []
    try:
        names = sorted(path.name for path in (runtime_root / _FOLDER).iterdir())
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        return (), (unreadable(runtime_root / _FOLDER, error).message,)
    for name in names:
        if not name.endswith(".json") or name.startswith(TEMPORARY_PREFIX):
            continue
        try:
            node = read_node(runtime_root, name.removesuffix(".json"))
        except TcError as error:  # One strange document must not hide the nodes that can be reached.
            problems.append(error.message)
        else:
            nodes += [] if node is None else [node]
    return tuple(nodes), tuple(problems)


def process_state(node: NodeDocument) -> ProcessState:
    """Say whether the node's process runs; another process that has its number now is not it."""
    found = _stat(node.pid)
    if found is None:
        return "running" if not Path("/proc/self/stat").exists() and _answers(node.pid) else "gone"
    state, started = found
    if state in _DEAD or (node.pid_started and started != node.pid_started):
        return "gone"
    return "stopped" if state in _STOPPED else "running"


def node_path(runtime_root: Path, run_id: str) -> Path:
    """Return where a node's document lies; DocumentError when the run id is none."""
    return runtime_root / _FOLDER / f"{run_directory(Path(), run_id).run_id}.json"


def socket_path(runtime_root: Path, run_id: str) -> Path:
    """Return where a node listens: beside its document, or in the system's temporary folder when that path is too long."""
    document = node_path(runtime_root, run_id).absolute()
    path = document.with_name(f"{run_id}.sock")
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tc-{os.getuid()}-{digest}.sock"


def _stat(pid: int) -> tuple[str, int] | None:
    """Return a process's state letter and when it started, in ticks since the machine did; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace") if pid > 0 else ""
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return (fields[0], int(fields[_STARTED_FIELD])) if len(fields) > _STARTED_FIELD else None


def _started(pid: int) -> int | None:
    found = _stat(pid)
    return None if found is None else found[1]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
