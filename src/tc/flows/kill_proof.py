"""What a run's own journal proves of its kill: that the venue itself said flat, and that nothing was sent since."""

import os
from io import BytesIO
from pathlib import Path

import msgspec

from tc.core import EventStreamEntry
from tc.core.events import KillSwitchAdvanced, KillSwitchChanged, OrderFilled, OrderInitialized, RunResumed
from tc.store.files import open_regular
from tc.store.journal.lines import body
from tc.store.layout import RunDirectory

_TAIL_BYTES = 256 << 10
"""A node writes some ten kilobytes between its last step and its end."""

_decode = msgspec.json.Decoder(EventStreamEntry).decode


def proven_flat(directory: str) -> str:
    """Return in words where a run's journal says that it was halted and flat, if nothing behind that undoes it; else nothing."""
    if not directory:
        return ""
    try:
        entries = _last_entries(RunDirectory(Path(directory)).journal)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return ""
    for entry in reversed(entries):
        match entry.event:
            case KillSwitchAdvanced(step="halted", detail=""):
                return f"its journal says halted at position {entry.position}, when the venue said flat"
            case KillSwitchAdvanced() | KillSwitchChanged() | RunResumed() | OrderInitialized() | OrderFilled():
                return ""
            case _:
                continue
    return ""


def _last_entries(journal: Path) -> list[EventStreamEntry]:
    """Return the last whole entries of a journal that may still be written."""
    with open_regular(journal) as file:
        start = max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES)
        file.seek(start)
        tail = file.read(_TAIL_BYTES)
    lines = list(BytesIO(tail))[1 if start else 0 :]
    return [_decode(body(line)) for line in lines if line.endswith(b"\n")]
