"""The facts of a drill's own `journal.jsonl`, which are defined where they are judged, and the line that holds one."""

import msgspec

from tc.checks.drills.facts import (
    AlertResolved,
    AnyDrillFact,
    DrillConcluded,
    DrillFact,
    DrillFailed,
    DrillStarted,
    FaultFailed,
    FaultInjected,
    FaultProven,
    FaultRestored,
    InvariantsChecked,
    Observed,
    OperatorActed,
    Outcome,
    Part,
    Phase,
    Reading,
    RestoreFailed,
    RunEnded,
    Source,
    SteadyStateChecked,
)

__all__ = [
    "AlertResolved",
    "AnyDrillFact",
    "DrillConcluded",
    "DrillEntry",
    "DrillFact",
    "DrillFailed",
    "DrillStarted",
    "FaultFailed",
    "FaultInjected",
    "FaultProven",
    "FaultRestored",
    "InvariantsChecked",
    "Observed",
    "OperatorActed",
    "Outcome",
    "Part",
    "Phase",
    "Reading",
    "RestoreFailed",
    "RunEnded",
    "Source",
    "SteadyStateChecked",
]


class DrillEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact at its position in the drill's journal, from 1."""

    position: int
    fact: AnyDrillFact
