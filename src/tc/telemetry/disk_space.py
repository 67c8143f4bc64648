"""The room that is left on the disk of a run that goes on."""

from pathlib import Path

from tc.store.free_space import Measure
from tc.telemetry.run_facts import DiskSpace

EVERY_NS = 500_000_000
"""It is measured no more often than this, however often a run is looked at."""


def disk_space(folder: Path, known: DiskSpace | None, now_ns: int, measure: Measure) -> DiskSpace | None:
    """Return what is known of the disk of a folder, measured anew where that is old; None where it cannot be measured."""
    if known is not None and 0 <= now_ns - known.at_ns < EVERY_NS:
        return known
    try:
        return DiskSpace(measure(folder), now_ns)
    except OSError:
        return None
