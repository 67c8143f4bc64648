"""The journal: written by one process, read back, judged and recovered."""

from tc.store.journal.judge import Reason
from tc.store.journal.reader import read_entries, read_lines
from tc.store.journal.recovery import Recovery, recover_journal
from tc.store.journal.scan import Damage, JournalScan, scan_journal
from tc.store.journal.tail import JournalTail
from tc.store.journal.writer import Durability, JournalEnd, JournalWriter

__all__ = [
    "Damage",
    "Durability",
    "JournalEnd",
    "JournalScan",
    "JournalTail",
    "JournalWriter",
    "Reason",
    "Recovery",
    "read_entries",
    "read_lines",
    "recover_journal",
    "scan_journal",
]
