"""The kill switch on disk: a state file for each scope that says what may still be sent, and a record of every change."""

from tc.store.kill_switch.records import KillRecord, KillRecords
from tc.store.kill_switch.scope import Scope
from tc.store.kill_switch.state import STRICTNESS, Active, kill_mode
from tc.store.kill_switch.switch import FOLDER, Change, KillSwitch

__all__ = ["FOLDER", "STRICTNESS", "Active", "Change", "KillRecord", "KillRecords", "KillSwitch", "Scope", "kill_mode"]
