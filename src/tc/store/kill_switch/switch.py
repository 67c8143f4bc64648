"""The kill switch of a runtime folder: activated and cleared by anybody, read by every node, one change at a time."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tc.core.events import KillMode
from tc.errors import ArtifactError, DocumentError, UnreachableError
from tc.store.files import sync_folder
from tc.store.kill_switch.history import held_since
from tc.store.kill_switch.records import RECORDS, KillRecord, KillRecords, Outcome, append_record, read_records
from tc.store.kill_switch.scope import Scope
from tc.store.kill_switch.state import (
    MODE_IN_DOUBT,
    Active,
    KillState,
    in_doubt,
    kill_mode,
    put_in_doubt,
    read_state,
    strictness,
    write_state,
)
from tc.store.lock import acquired

FOLDER = "kill_switch"
"""Where the kill switch lies under the runtime root."""

_LOCK = "lock"
_LOCK_WAIT_S = 2.0
_LONGEST_TEXT = 2000
_UNREADABLE = KillRecords((), 0)


@dataclass(frozen=True, slots=True)
class Change:
    """What a request came to.

    Parameters
    ----------
    scope, outcome
        What was asked about, and what came of it.
    active
        The scope's switch as it stands now, or None when it is not active.
    position
        The request's position in `records.jsonl`, or None when it could not be recorded.
    note
        What a person should know beside; empty when all is as asked.

    """

    scope: Scope
    outcome: Outcome
    active: Active | None
    position: int | None
    note: str

    def to_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "scope": self.scope.kind,
            "value": self.scope.value,
            "outcome": self.outcome,
            "active": None if self.active is None else self.active.to_dict(),
            "position": self.position,
            "note": self.note,
        }


class KillSwitch:
    """The kill switch in a folder: one state file for each scope, `records.jsonl` beside them.

    Activating writes the state first and the record second, clearing the other way round: a crash in between leaves the
    switch active. Nothing expires, and nothing here starts a run again.
    """

    __slots__ = ("_idle", "_records", "_root", "_seen")

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: object = None
        self._idle: object = None
        self._records = KillRecords((), None)

    def activate(
        self,
        scope: Scope,
        *,
        mode: KillMode,
        reason: str,
        actor: str,
        at_ns: int,
        on_written: Callable[[], None] = lambda: None,
    ) -> Change:
        """Activate a scope's switch, durably before it returns; a milder mode than the one that holds changes nothing.

        Where no room is left for the state, an empty file takes its place, which counts as ``halt``. Another process that
        holds the lock for long is not waited for: the switch is set all the same, and only the record is missing.

        ``on_written`` is called once the switch is on disk; the record is still to be written then.

        Raises
        ------
        DocumentError
            The mode is no mode of a switch, or there is no reason or no actor.
        ArtifactError
            Nothing could be written: the switch is as it was.

        """
        mode, reason, actor = kill_mode(mode), _text("reason", reason), _text("actor", actor)
        self._make_root()
        with self._locked() as is_locked:
            before = self._active(scope)
            outcome, note = self._set(scope, before, mode, reason=reason, actor=actor, at_ns=at_ns)
            on_written()
            record = _request(scope, before, mode, outcome, reason=reason, actor=actor, at_ns=at_ns)
            position, unrecorded = self._append(record, is_locked=is_locked)
        return Change(scope, outcome, self._active(scope), position, "; ".join(filter(None, (note, unrecorded))))

    def clear(self, scope: Scope, *, reason: str, actor: str, at_ns: int) -> Change:
        """Clear a scope's switch, durably before it returns, also one that is in doubt. Nothing resumes by it.

        Raises
        ------
        DocumentError
            There is no reason or no actor.
        UnreachableError
            Another process holds the lock.
        ArtifactError
            The record or the state cannot be written: the switch stays active.

        """
        reason, actor = _text("reason", reason), _text("actor", actor)
        self._make_root()
        with self._locked() as is_locked:
            if not is_locked:
                raise UnreachableError(
                    f"another process holds {self._root / _LOCK}", hint="Look who it is; nothing was cleared. Try again."
                )
            before = self._active(scope)
            outcome: Outcome = "was_not_active" if before is None else "cleared"
            record = _request(scope, before, "none", outcome, reason=reason, actor=actor, at_ns=at_ns)
            position, unrecorded = self._append(record, is_locked=True)
            if position is None:
                raise ArtifactError(
                    f"the kill switch is not cleared: {unrecorded}", hint="Check the free space and the permissions."
                )
            if before is not None:
                write_state(self._root, scope, "none", reason=reason, actor=actor, at_ns=at_ns)
        return Change(scope, outcome, self._active(scope), position, "")

    def effective(self, *, run_id: str, name: str) -> Active | None:
        """Return the strictest switch that stops this run, or None; of equal ones that of all runs before the name's, the run's.

        Raises
        ------
        DocumentError
            No run id or name is written so.

        """
        active = [found for scope in _scopes(run_id, name) if (found := self._active(scope)) is not None]
        return max(active, key=lambda each: strictness(each.mode), default=None)

    @property
    def position(self) -> int:
        """How many requests are on record."""
        return len(self._read_records().records)

    def effective_since(self, position: int, *, run_id: str, name: str) -> Active | None:
        """Return the strictest switch that stops this run, or has stopped it at any time since a position in the records.

        To be cleared takes nothing back: whoever did not look in between is to do what it would have done. Errors as `effective`.

        A node asks this many times a second: where there was no such switch and no file has changed since, nothing is read.
        """
        scopes = _scopes(run_id, name)
        asked = position, scopes, self._signatures(scopes)
        if asked == self._idle:
            return None
        active = self.effective(run_id=run_id, name=name)
        records = self._read_records()
        held = held_since(records, position, scopes)
        found = max(filter(None, (active, held)), key=lambda each: strictness(each.mode), default=None)
        self._idle = None if found is not None or records is _UNREADABLE else asked
        return found

    def all(self) -> tuple[Active, ...]:
        """Return every switch that is active or in doubt: that of all runs, then by kind and value."""
        scopes = {Scope.of_all()} | {Scope(record.scope, record.value) for record in self._read_records().records}
        try:
            scopes |= {scope for path in self._root.iterdir() if (scope := Scope.from_file_name(path.name)) is not None}
        except FileNotFoundError:
            return ()
        except OSError:
            return tuple(filter(None, [self._active(Scope.of_all())]))
        found = [active for scope in scopes if (active := self._active(scope)) is not None]
        return tuple(sorted(found, key=lambda each: (each.scope.kind, each.scope.value)))

    def records(self) -> KillRecords:
        """Return every request that was ever made, up to the first damaged line; ArtifactError when they cannot be read."""
        try:
            return read_records(self._root)
        except OSError as error:
            raise ArtifactError(
                f"{self._root / RECORDS} cannot be read: {error.strerror}", hint="Check its permissions."
            ) from None

    def _active(self, scope: Scope) -> Active | None:
        state = read_state(self._root, scope)
        if isinstance(state, Active):
            return state
        if isinstance(state, KillState):
            return None
        records = self._read_records()
        if records.is_recorded_active(scope):
            return in_doubt(scope, f"{self._root / scope.file_name} is gone, and no record says that it was cleared")
        if records.damaged_line is not None and scope.kind == "all":
            return in_doubt(scope, f"{self._root / RECORDS} is damaged or cannot be read")
        return None

    def _signatures(self, scopes: tuple[Scope, ...]) -> object:
        """Return what changes whenever a file about these scopes does; it equals nothing where that cannot be known."""
        try:
            return [_signature(f"{self._root}/{name}") for name in (RECORDS, *(scope.file_name for scope in scopes))]
        except OSError:
            return object()

    def _read_records(self) -> KillRecords:
        """Return the records, read again only when their file has changed; unreadable ones count as damaged."""
        try:
            found = (self._root / RECORDS).stat(follow_symlinks=False)
        except FileNotFoundError:
            return KillRecords((), None)
        except OSError:
            return _UNREADABLE
        signature = found.st_ino, found.st_size, found.st_mtime_ns
        if signature != self._seen:
            try:
                self._records = read_records(self._root)
            except OSError:
                return _UNREADABLE
            self._seen = signature
        return self._records

    def _set(
        self, scope: Scope, before: Active | None, mode: KillMode, *, reason: str, actor: str, at_ns: int
    ) -> tuple[Outcome, str]:
        if before is not None and strictness(mode) < strictness(before.mode):
            return "kept_stricter", f"{before.mode} is stricter than {mode} and stays"
        if before is not None and mode == before.mode and not before.doubt:
            return "unchanged", f"it was {mode} already"
        try:
            write_state(self._root, scope, mode, reason=reason, actor=actor, at_ns=at_ns)
        except ArtifactError as error:
            if before is not None and strictness(before.mode) >= strictness(MODE_IN_DOUBT):
                raise  # What holds is no milder than what an empty file means, and says more.
            put_in_doubt(self._root, scope)
            return "in_doubt", f"{error.message}; an empty file stands in its place, which every node takes for halt"
        return "activated", ""

    def _append(self, record: KillRecord, *, is_locked: bool) -> tuple[int | None, str]:
        if not is_locked:
            return None, f"another process holds {self._root / _LOCK}: the request is not in {RECORDS}"
        try:
            return append_record(self._root, record).position, ""
        except OSError as error:
            return None, f"{self._root / RECORDS} cannot be written ({error.strerror}): the request is not in it"
        except ArtifactError as error:
            return None, f"{error.message}: the request is not in {RECORDS}"

    def _make_root(self) -> None:
        try:
            if not self._root.is_dir():
                self._root.mkdir(parents=True, exist_ok=True)
                sync_folder(self._root.parent)
        except OSError as error:
            raise ArtifactError(f"{self._root} cannot be made: {error.strerror}", hint="Look at TC_RUNTIME_ROOT.") from None

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Hold the lock of all changes, if it can be had in time; the kernel frees it when its holder ends, however it ends."""
        try:
            descriptor = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        except OSError:
            yield False
            return
        try:
            yield acquired(descriptor, within_s=_LOCK_WAIT_S)
        finally:
            os.close(descriptor)


def _signature(path: str) -> tuple[int, ...] | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode


@cache
def _scopes(run_id: str, name: str) -> tuple[Scope, Scope, Scope]:
    return Scope.of_all(), Scope.of_name(name), Scope.of_run(run_id)


def _request(
    scope: Scope, before: Active | None, mode: KillMode, outcome: Outcome, *, reason: str, actor: str, at_ns: int
) -> KillRecord:
    return KillRecord(
        position=0,
        at_ns=at_ns,
        scope=scope.kind,
        value=scope.value,
        asked=mode,
        before="none" if before is None else before.mode,
        outcome=outcome,
        actor=actor,
        reason=reason,
    )


def _text(what: str, text: str) -> str:
    """Return a person's words as they are kept: valid Unicode, no longer than a page."""
    kept = text.encode("utf-8", "backslashreplace").decode().strip()[:_LONGEST_TEXT]
    if not kept:
        raise DocumentError(f"a change of the kill switch needs a {what}", hint=f"Give --{what} with some words.")
    return kept
