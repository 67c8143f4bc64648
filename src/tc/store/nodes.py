"""Which nodes run: one document for each under the runtime root, written by its supervisor, read by whoever must reach it."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tc.errors import ArtifactError, TcError
from tc.store.files import TEMPORARY_PREFIX, open_regular, sync_folder, unreadable, write_atomic
from tc.store.layout import run_directory
from tc.store.lock import acquired
from tc.store.processes import NEVER_STARTED, ProcessState, started_at, state_of

NODE_SCHEMA = 1

_FOLDER = "nodes"
_LONGEST_SOCKET_PATH = 100
_MOST_BYTES = 64 << 10
_LOCK = ".lock"
_LOCK_WAIT_S = 1.0


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
    node = msgspec.structs.replace(node, pid_started=started_at(node.pid) or NEVER_STARTED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent.parent)
    except OSError as error:
        raise ArtifactError(f"{path.parent} cannot be made: {error.strerror}", hint="Look at TC_RUNTIME_ROOT.") from None
    with _locked(path.parent):  # A node that cannot be named must not trade: it is written, whoever holds the lock.
        write_atomic(path, msgspec.json.format(msgspec.json.encode(node), indent=2) + b"\n")
    return node


def remove_node(runtime_root: Path, run_id: str) -> None:
    """Remove a node's document; that there is none is fine."""
    with suppress(FileNotFoundError):
        node_path(runtime_root, run_id).unlink()


def forget_node(runtime_root: Path, node: NodeDocument) -> bool:
    """Remove the document and the sockets of a node that is gone; say whether they were removed.

    A document that was written since, for a process that runs, is never taken: it is looked at again behind the lock that
    `write_node` takes, too.
    """
    path = node_path(runtime_root, node.run_id)
    with _locked(path.parent) as is_locked, suppress(TcError, OSError):
        if is_locked and process_state(node) == "gone" and read_node(runtime_root, node.run_id) == node:
            path.unlink()
            for socket in (socket_path(runtime_root, node.run_id), supervisor_path(runtime_root, node.run_id)):
                socket.unlink(missing_ok=True)
            return True
    return False


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
    return state_of(node.pid, node.pid_started)


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


def supervisor_path(runtime_root: Path, run_id: str) -> Path:
    """Return where a node's supervisor listens: beside the node."""
    path = socket_path(runtime_root, run_id)
    return path.with_name(f"{path.name.removesuffix('.sock')}.sup")


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of all documents, if it can be had in time."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError:
        yield False
        return
    try:
        yield acquired(descriptor, within_s=_LOCK_WAIT_S)
    finally:
        os.close(descriptor)
