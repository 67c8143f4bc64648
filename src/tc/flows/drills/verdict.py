"""The verdict on an execution of a drill: made of the facts in its chained journal, and made of them again to hold it to that."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path

from msgspec.structs import fields

from tc import __version__
from tc.checks.drills.facts import AnyDrillFact, DrillConcluded, DrillStarted, Part
from tc.checks.drills.verdict import judge, sequence
from tc.errors import ArtifactError
from tc.spec.drills.drill_spec import DrillSpec
from tc.spec.drills.parse import load_drill
from tc.spec.reading.problem import shortened
from tc.store.drills import DrillDirectory, DrillVerdict, read_verdict, scan_drill_journal
from tc.store.files import read_file

_HINT = "Restore the folder from a copy, or carry the drill out again."
_JUDGED = ("verdict", "parts", "detect_ns", "mitigate_ns", "recover_ns")


def verdict_of(spec: DrillSpec, facts: Sequence[AnyDrillFact], *, journal: Path) -> DrillVerdict:
    """Return what the facts of an execution come to; ArtifactError when they do not go from its start to its judgement."""
    started, concluded = facts[:1], facts[-1:]
    if not (started and isinstance(started[0], DrillStarted) and isinstance(concluded[0], DrillConcluded)):
        raise ArtifactError(f"{journal} does not go from the drill's start to its verdict", hint=_HINT)
    began, ended = started[0], concluded[0]
    return DrillVerdict(
        drill=began.drill,
        number=began.number,
        title=spec.title,
        run_id=began.run_id,
        seed=began.seed,
        weight=spec.weight,
        tags=spec.tags,
        tc=began.tc,
        sees_alerts=began.sees_alerts,
        time_scale=began.time_scale,
        is_mutated=began.is_mutated,
        verdict=ended.verdict,
        parts=ended.parts,
        detect_ns=ended.detect_ns,
        mitigate_ns=ended.mitigate_ns,
        recover_ns=ended.recover_ns,
        started_ns=began.at_ns,
        ended_ns=ended.at_ns,
        sequence=sequence(facts),
    )


def require_verdict(drill: DrillDirectory) -> None:
    """Judge an execution again by its document and its journal, and hold its verdict to that.

    Raises
    ------
    ArtifactError
        The journal is broken, the document another than was carried out, or the verdict not what they come to.
    DocumentError
        The document cannot be read any more.

    """
    scan = scan_drill_journal(drill.journal)
    if scan.damage is not None:
        raise ArtifactError(f"{drill.journal} line {scan.damage.line}: {scan.damage.reason}", hint=_HINT)
    facts = tuple(each.fact for each in scan.entries)
    spec = load_drill(drill.spec)
    made = verdict_of(spec, facts, journal=drill.journal)
    began = facts[0]
    assert isinstance(began, DrillStarted)  # noqa: S101 - of no others is a verdict made
    if sha256(read_file(drill.spec)).hexdigest() != began.spec_sha256:
        raise ArtifactError(f"{drill.spec} is not the document that was carried out", hint=_HINT)
    if began.tc == __version__:  # Another version may demand another thing; what it came to is in the chain all the same.
        again = judge(spec, facts[:-1])
        for name in _JUDGED:
            _require_same(f"{drill.journal}: {name}", getattr(again, name), getattr(made, name))
    kept = read_verdict(drill)
    for field in fields(kept):
        _require_same(f"{drill.verdict}: {field.name}", getattr(made, field.name), getattr(kept, field.name))


def _require_same(place: str, expected: object, found: object) -> None:
    """Raise ArtifactError where two values differ; of two rows of them only the first that does is told."""
    if isinstance(expected, tuple) and isinstance(found, tuple):
        pairs = zip_longest(expected, found)
        expected, found = next((pair for pair in pairs if pair[0] != pair[1]), (None, None))
    if expected != found:
        raise ArtifactError(f"{place}: {_told(found)}; by the journal's facts {_told(expected)}", hint=_HINT)


def _told(value: object) -> str:
    if isinstance(value, Part):
        return shortened(f"{value.part} {value.outcome}: {value.reason}")
    return shortened("none" if value is None else str(value))
