"""What a run directory proves of the run's end: that the venue itself said flat, or that nothing was ever sent."""

import hashlib
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import msgspec

from tc.checks.reconcile.observed.document import Observed
from tc.core import EventStreamEntry
from tc.core.events import (
    KillSwitchAdvanced,
    KillSwitchChanged,
    OrderFilled,
    OrderInitialized,
    RunCompleted,
    RunFailed,
    RunResumed,
    RunStarted,
    RunStopped,
)
from tc.core.state.model import FINAL
from tc.errors import ArtifactError
from tc.flows.kill.words import COMPARED, HALTED, KEPT_TO_LOOK_AT, KEPT_TO_RESUME, NEVER_TRADED, NOTHING_RECORDED
from tc.reports.reconciliation import ReconciliationDocument
from tc.store.facts import RunReconciled
from tc.store.files import open_regular, read_file
from tc.store.journal.lines import body, claimed_digest
from tc.store.layout import RunDirectory
from tc.store.lock import is_active
from tc.store.ops import read_facts

_TAIL_BYTES = 256 << 10
"""A node writes some ten kilobytes between its last step and its end."""

_UNKNOWN = "what it left is unknown"
_NOT_ASKED = f"{_UNKNOWN}: its venue could not be asked after its end"
_UNREADABLE = (OSError, ArtifactError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder(EventStreamEntry).decode


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What is known of a run that nobody writes any more.

    Parameters
    ----------
    proof
        In words, what proves that nothing of it is open or held; empty when nothing does.
    left
        In words, what it left at its venue, or that this is unknown; empty where there is a proof.

    """

    proof: str
    left: str

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows what it left."""
        return self.left.startswith(_UNKNOWN)


def has_ended(directory: str) -> bool:
    """Say whether a run has been sealed."""
    return bool(directory) and os.path.lexists(RunDirectory(Path(directory)).seal)


def venue_ended(directory: str) -> str:
    """Return in words what became of an account whose embedded venue has ended with its run.

    An order is on disk before it leaves, so a run that recorded nothing has sent none, and has nothing to go on from.
    """
    if not directory or not _has_recorded(RunDirectory(Path(directory))):
        return NOTHING_RECORDED
    tail = _tail_of(directory)
    is_over = tail is not None and isinstance(tail.entries[-1].event, RunCompleted | RunFailed | RunStopped)
    return KEPT_TO_LOOK_AT if is_over or has_ended(directory) else KEPT_TO_RESUME


def halted_flat(directory: str) -> str:
    """Return in words where a run's journal says that it was halted and flat, if nothing behind that undoes it; else nothing."""
    tail = _tail_of(directory)
    return "" if tail is None else _halted(tail)


def run_end(directory: str) -> RunEnd:
    """Return what a run directory proves of the run's end; a run that is being written has none, and proves only its halt.

    The last comparison with the venue is a proof when it was made with the journal as it stands now: the entry of an order is on
    disk before the order leaves.
    """
    tail = _tail_of(directory)
    if tail is None:
        return RunEnd("", _NOT_ASKED)
    run = RunDirectory(Path(directory))
    if proof := _halted(tail):
        return RunEnd(proof, "")
    if is_active(run):
        return RunEnd("", f"{_UNKNOWN}: it is being written")
    if tail.is_whole and _never_traded(tail):
        return RunEnd(NEVER_TRADED, "")
    observed = _observed_at(run, tail.digest)
    left = _NOT_ASKED if observed is None else _left(observed)
    return RunEnd("" if left else COMPARED, left)


def _has_recorded(run: RunDirectory) -> bool:
    try:
        return run.journal.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:
        return True


@dataclass(frozen=True, slots=True)
class _Tail:
    entries: list[EventStreamEntry]
    digest: str
    is_whole: bool


def _halted(tail: _Tail) -> str:
    for entry in reversed(tail.entries):
        match entry.event:
            case KillSwitchAdvanced(step="halted", detail=""):
                return HALTED.format(position=entry.position)
            case KillSwitchAdvanced() | KillSwitchChanged() | RunResumed() | OrderInitialized() | OrderFilled():
                return ""
            case _:
                continue
    return ""


def _never_traded(tail: _Tail) -> bool:
    """Say whether a journal holds no more than a run does that was blocked before its node connected."""
    events = [entry.event for entry in tail.entries]
    return (
        bool(events)
        and isinstance(events[-1], RunStopped)
        and all(isinstance(each, RunStarted | KillSwitchChanged | RunStopped) for each in events)
    )


def _observed_at(run: RunDirectory, journal_digest: str) -> Observed | None:
    """Return what the venue said at the last comparison, if the journal was then as it is now."""
    try:
        [*_, last] = [each for each in read_facts(run) if isinstance(each, RunReconciled) and each.source == "venue"]
        [artifact] = last.artifacts
        data = read_file(run.ops_folder / artifact.name)
        document = msgspec.json.decode(data, type=ReconciliationDocument)
    except (ValueError, *_UNREADABLE):
        return None
    is_as_kept = hashlib.sha256(data).hexdigest() == artifact.sha256
    return document.observed if is_as_kept and document.journal_digest == journal_digest else None


def _left(observed: Observed) -> str:
    """Return in words what is open and held; empty only where both are stated, and there is none."""
    if observed.orders is None or observed.positions is None:
        return _NOT_ASKED
    orders = [f"order {each.key} ({each.side} {each.instrument_id})" for each in observed.orders if each.status not in FINAL]
    positions = [
        f"{each.instrument_id} {each.signed_quantity}" for each in observed.positions if each.signed_quantity.strip("-0.")
    ]
    return ", ".join((*positions, *orders))


def _tail_of(directory: str) -> _Tail | None:
    """Return the last whole entries of a journal that may still be written; None when there are none, or they cannot be read."""
    if not directory:
        return None
    try:
        with open_regular(RunDirectory(Path(directory)).journal) as file:
            start = max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES)
            file.seek(start)
            tail = file.read(_TAIL_BYTES)
        lines = [line for line in list(BytesIO(tail))[1 if start else 0 :] if line.endswith(b"\n")]
        entries = [_decode(body(line)) for line in lines]
    except _UNREADABLE:
        return None
    digest = claimed_digest(lines[-1]) if lines else None
    return None if digest is None else _Tail(entries, digest.hex(), is_whole=not start)
