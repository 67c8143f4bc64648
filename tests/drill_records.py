"""Executions of drills as they lie under an artifacts root, without having been carried out."""

from pathlib import Path
from typing import Any

from tc.checks.drills.facts import Part
from tc.store.drills import DrillDirectory, DrillVerdict, create_drill, write_verdict

S = 1_000_000_000
ENDED_NS = 1_795_275_247_000_000_000


def verdict_of(drill: str, number: int = 1, **other: Any) -> DrillVerdict:
    """Return the verdict of an execution that passed, but for what is given."""
    plain: dict[str, Any] = {
        "title": f"What {drill} proves",
        "run_id": f"{drill}-{number}",
        "seed": 7,
        "weight": 1,
        "tags": (),
        "tc": "0.1.0",
        "sees_alerts": True,
        "time_scale": 10,
        "is_mutated": False,
        "verdict": "passed",
        "parts": (Part("injection", "passed"),),
        "detect_ns": 810_000_000,
        "mitigate_ns": 1_204_000_000,
        "recover_ns": 6_100_000_000,
        "started_ns": ENDED_NS - 12 * S,
        "ended_ns": ENDED_NS + number * S,
        "sequence": (),
    }
    return DrillVerdict(drill=drill, number=number, **{**plain, **other})


def carried_out(root: Path, drill: str, **other: Any) -> DrillDirectory:
    """Leave the folder of a drill's next execution with its verdict; it passed, but for what is given."""
    folder = create_drill(root, drill)
    write_verdict(folder, verdict_of(drill, folder.number, **other))
    return folder
