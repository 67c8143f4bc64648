"""The folders of drills: ``drills/<name>-<n>/`` with the document, the drill's own chained journal, and its verdict."""

from tc.store.drills.journal import DrillJournal, DrillScan, scan_drill_journal
from tc.store.drills.layout import DrillDirectory, create_drill, drills_root, existing_drill, list_drills
from tc.store.drills.verdict import DrillVerdict, find_verdict, read_verdict, write_verdict

__all__ = [
    "DrillDirectory",
    "DrillJournal",
    "DrillScan",
    "DrillVerdict",
    "create_drill",
    "drills_root",
    "existing_drill",
    "find_verdict",
    "list_drills",
    "read_verdict",
    "scan_drill_journal",
    "write_verdict",
]
