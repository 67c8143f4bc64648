"""The folders of drills: ``drills/<name>-<n>/`` with the document, the drill's own chained journal, and its verdict."""

from tc.store.drills.journal import DrillJournal, DrillScan, scan_drill_journal
from tc.store.drills.layout import DrillDirectory, create_drill, drills_root, existing_drill, list_drills
from tc.store.drills.verdict import VERDICT_SCHEMA, DrillVerdict, read_verdict, write_verdict

__all__ = [
    "VERDICT_SCHEMA",
    "DrillDirectory",
    "DrillJournal",
    "DrillScan",
    "DrillVerdict",
    "create_drill",
    "drills_root",
    "existing_drill",
    "list_drills",
    "read_verdict",
    "scan_drill_journal",
    "write_verdict",
]
