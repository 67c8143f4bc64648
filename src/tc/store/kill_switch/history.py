"""What the records say that was active for a while: a node that did not look meanwhile is to carry it out all the same."""

from collections.abc import Collection

from tc.core.events import KillMode
from tc.store.kill_switch.records import KillRecord, KillRecords
from tc.store.kill_switch.scope import Scope
from tc.store.kill_switch.state import MODE_IN_DOUBT, Active, strictness


def held_since(records: KillRecords, position: int, scopes: Collection[Scope]) -> Active | None:
    """Return the strictest switch of these scopes that requests behind a position say was active; None when none was.

    Parameters
    ----------
    records
        Every request.
    position
        So many of them are known already; when there are fewer, the file has been begun anew, and all of them count.
    scopes
        Whose.

    """
    known = position if position <= len(records.records) else 0
    before = KillRecords(records.records[:known], None)
    found = [
        Active(scope, mode, f"{each.reason} (the switch was cleared since)", each.actor, each.at_ns)
        for each in records.records[known:]
        if (scope := Scope(each.scope, each.value)) in scopes and (mode := _held(each, scope, before)) != "none"
    ]
    return max(found, key=lambda each: strictness(each.mode), default=None)


def _held(record: KillRecord, scope: Scope, before: KillRecords) -> KillMode:
    """Return which mode was active with a request: that of a switch which is cleared counts unless it was known before."""
    match record.outcome:
        case "activated" | "unchanged":
            return record.asked
        case "kept_stricter":
            return record.before
        case "in_doubt":
            return MODE_IN_DOUBT
        case "cleared" if not before.is_recorded_active(scope):
            return record.before
        case _:
            return "none"
