"""Reading the tape back: the blocks that the journal names, each proven by the digest that it states."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from msgspec import json

from tc.core import EventStreamEntry
from tc.core.events import MarketDataRows, MarketObserved, TapeBlockWritten, TapeStopped
from tc.errors import ArtifactError
from tc.store.files import read_file
from tc.store.journal.lines import body

_NAMES = (b'"event":{"type":"TapeBlockWritten"', b'"event":{"type":"TapeStopped"')
_DIGITS = 8
_SUFFIX = ".arrows"
_entry = json.Decoder(EventStreamEntry)


@dataclass(frozen=True, slots=True)
class NamedTape:
    """What a journal says of its tape: the blocks in their order, and where and why the tape stopped, if it did."""

    blocks: tuple[TapeBlockWritten, ...]
    stopped: TapeStopped | None


def block_path(folder: Path, block: int) -> Path:
    """Return the file of a block."""
    return folder / f"{block:0{_DIGITS}d}{_SUFFIX}"


def named_tape(lines: Iterable[bytes]) -> NamedTape:
    """Return what the good lines of a journal say of its tape; only the lines that speak of it are decoded."""
    blocks: list[TapeBlockWritten] = []
    stopped: TapeStopped | None = None
    for line in lines:
        if not any(name in line for name in _NAMES):
            continue
        event = _entry.decode(body(line)).event
        if isinstance(event, TapeBlockWritten):
            blocks.append(event)
        elif isinstance(event, TapeStopped):
            stopped = event
    return NamedTape(tuple(blocks), stopped)


def rows_seen(entries: Iterable[EventStreamEntry]) -> int:
    """Return how many rows of market data a stream refers to, kept or not; they are numbered from 0."""
    seen = 0
    for entry in entries:
        event = entry.event
        if isinstance(event, MarketDataRows):
            seen = event.last_row + 1
        elif isinstance(event, MarketObserved) and event.row is not None:
            seen = event.row + 1
    return seen


def checked_block(folder: Path, named: TapeBlockWritten) -> bytes:
    """Return a block's bytes, which are those that the journal names.

    Raises
    ------
    ArtifactError
        The file is missing, cannot be read, or holds something else.

    """
    path = block_path(folder, named.block)
    data = read_file(path)
    digest = hashlib.sha256(data).hexdigest()
    if digest != named.sha256:
        raise ArtifactError(
            f"{path} is altered: its SHA-256 is {digest}, the journal says {named.sha256}",
            hint="`tc runs verify` says what else is missing or altered.",
        )
    return data


def next_block(folder: Path) -> int:
    """Return the number that a block gets behind all that are there, named or not."""
    names = {each.stem for each in folder.iterdir() if each.suffix == _SUFFIX} if folder.is_dir() else set()
    return max((int(name) for name in names if name.isdecimal()), default=0) + 1


def unnamed_blocks(folder: Path, named: NamedTape) -> tuple[str, ...]:
    """Return the names of the blocks that are there and that no entry names: the process ended between the two."""
    known = {block_path(folder, each.block).name for each in named.blocks}
    names = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    return tuple(sorted(name for name in names if name.endswith(_SUFFIX) and name not in known))
