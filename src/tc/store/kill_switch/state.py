"""The state file of one scope; whatever cannot be read as one means that the switch is active, never that it is not."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tc.core.events import KillMode
from tc.errors import ArtifactError, DocumentError
from tc.store.files import open_regular, unreadable, write_atomic
from tc.store.kill_switch.scope import Scope

STATE_SCHEMA = 1

STRICTNESS: tuple[KillMode, ...] = ("none", "reduce", "halt", "flatten", "halt_all")
"""From mildest to strictest, by what a strategy may still do: everything, reduce and cancel, cancel, nothing while the flatten's
own orders go, nothing at all. A flatten asked for under `halt` is carried out, and ends as `halt`; under `halt_all` it is not."""

MODE_IN_DOUBT: KillMode = "halt"
"""What a state that cannot be read means."""

_MOST_BYTES = 64 << 10


class KillState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a state file holds; a mode of ``none`` is a switch that was cleared."""

    schema: int = STATE_SCHEMA
    scope: str
    mode: KillMode
    reason: str
    actor: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Active:
    """A kill switch that is active.

    Parameters
    ----------
    scope, mode
        What it stops, and what it lets through.
    reason, actor, at_ns
        Why, by whom and when it was set.
    doubt
        Why its state cannot be known, so that it counts as active; empty when it can.

    """

    scope: Scope
    mode: KillMode
    reason: str
    actor: str
    at_ns: int
    doubt: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "scope": self.scope.kind,
            "value": self.scope.value,
            "mode": self.mode,
            "reason": self.reason,
            "actor": self.actor,
            "at_ns": self.at_ns,
            "doubt": self.doubt,
        }


def kill_mode(text: str) -> KillMode:
    """Return the mode of a switch that a word names; DocumentError for any other word, and for ``none``."""
    for mode in STRICTNESS[1:]:
        if text == mode:
            return mode
    raise DocumentError(f"{text!r} is no mode of the kill switch", hint=f"Use one of {', '.join(STRICTNESS[1:])}.")


def strictness(mode: KillMode) -> int:
    """Return how strict a mode is: the more, the less it lets through."""
    return STRICTNESS.index(mode)


def in_doubt(scope: Scope, why: str) -> Active:
    """Return the switch that counts as active because its state cannot be known."""
    return Active(scope, MODE_IN_DOUBT, f"its state is in doubt: {why}", "tc", 0, why)


def read_state(root: Path, scope: Scope) -> Active | KillState | None:
    """Return the switch when it is active or in doubt, the cleared state, or None when there is no file."""
    path = root / scope.file_name
    try:
        with open_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return in_doubt(scope, unreadable(path, error).message)
    try:
        state = msgspec.json.decode(data, type=KillState)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return in_doubt(scope, f"{path} is no state of a kill switch")
    if state.schema != STATE_SCHEMA or state.scope != str(scope):
        return in_doubt(scope, f"{path} is the state of something else")
    if state.mode == "none":
        return state
    return Active(scope, state.mode, state.reason, state.actor, state.at_ns)


def write_state(root: Path, scope: Scope, mode: KillMode, *, reason: str, actor: str, at_ns: int) -> None:
    """Write a scope's state, whole and on disk on return; ArtifactError when it cannot be."""
    state = KillState(scope=str(scope), mode=mode, reason=reason, actor=actor, at_ns=at_ns)
    write_atomic(root / scope.file_name, msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")


def put_in_doubt(root: Path, scope: Scope) -> None:
    """Leave an empty file where the state belongs: it takes no room on a full disk, and counts as active.

    Raises
    ------
    ArtifactError
        Not even that can be done.

    """
    path = root / scope.file_name
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o644)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be written: {error.strerror}", hint="Stop the process itself.") from None
