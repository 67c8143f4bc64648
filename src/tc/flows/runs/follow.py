"""`tc runs show --follow`: where a running node stands, again and again, and what its journal took in last."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tc.errors import ArtifactError, UnreachableError
from tc.flows.node_line import NodeStatus, ask_status
from tc.store.files import open_regular
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.nodes import read_node
from tc.store.status import run_status

EVERY_S = 0.5
_ANSWERS_WITHIN_S = 1.0
_TAIL_BYTES = 64 << 10


class _Event(msgspec.Struct, frozen=True):
    type: str
    at_ns: int


class _Entry(msgspec.Struct, frozen=True):
    position: int
    event: _Event


class _Line(msgspec.Struct, frozen=True):
    entry: _Entry


@dataclass(frozen=True, slots=True)
class LastEvent:
    """An event at the journal's end: its position, its stamp in nanoseconds, its type."""

    position: int
    at_ns: int
    type: str


@dataclass(frozen=True, slots=True)
class Followed:
    """One look at a run: its status, what its node says or why it says nothing, and the last events of its journal."""

    run_id: str
    status: str
    node: NodeStatus | None
    problem: str
    last: tuple[LastEvent, ...]


def follow(
    run: RunDirectory, runtime_root: Path, *, events: int = 8, pause: Callable[[float], None] = time.sleep
) -> Iterator[Followed]:
    """Look at a run twice a second until nobody writes it any more; the last look is the one after its end.

    Raises
    ------
    ArtifactError
        There is a seal and it cannot be read.

    """
    while True:
        is_running = is_active(run)
        status, problem = _asked(run, runtime_root) if is_running else (None, "")
        yield Followed(run.run_id, run_status(run), status, problem, _last_events(run, events))
        if not is_running:
            return
        pause(EVERY_S)


def _asked(run: RunDirectory, runtime_root: Path) -> tuple[NodeStatus | None, str]:
    try:
        node = read_node(runtime_root, run.run_id)
        if node is None:
            return None, f"no node of this run is known under {runtime_root}"
        return ask_status(node.socket, within_s=_ANSWERS_WITHIN_S), ""
    except (ArtifactError, UnreachableError) as error:
        return None, error.message


def _last_events(run: RunDirectory, number: int) -> tuple[LastEvent, ...]:
    """Return the last whole entries of a journal; what cannot be read of it is left out."""
    try:
        with open_regular(run.journal) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read().split(b"\n")
    except OSError:
        return ()
    found = []
    for line in reversed(lines[:-1]):
        try:
            entry = msgspec.json.decode(line, type=_Line).entry
        except (msgspec.DecodeError, UnicodeDecodeError):
            break  # The first line of the block may be cut.
        found.append(LastEvent(entry.position, entry.event.at_ns, entry.event.type))
        if len(found) == number:
            break
    return tuple(reversed(found))
