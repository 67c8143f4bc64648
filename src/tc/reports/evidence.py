"""What comparing two runs came to, as a JSON document and as Markdown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import msgspec

from tc.checks.along_rows import AlongRows
from tc.checks.cause import CAUSES, Cause
from tc.checks.compare import FieldDifference
from tc.checks.evidence import LANES, Item, Lane, LaneParting, StreamComparison
from tc.core.decision import Decision
from tc.reports.markdown import code_cell
from tc.reports.page.reasons import outcome_text
from tc.reports.page.words import exact, utc
from tc.reports.told import text_of

EVIDENCE_SCHEMA = 1
DIFFERENCES_SHOWN = 40
_STATE_NOTE = (
    "State names the configuration that it was folded under, and a Decision its position: "
    "runs with different configurations have different State digests even where their streams are the same."
)


@dataclass(frozen=True, slots=True)
class EvidenceSide:
    """One of two runs that are compared; digests and fingerprints are hex.

    ``decision_digest`` is the SHA-256 over the lines of decisions.jsonl; None without a gate.
    """

    run_id: str
    status: str
    engine: str
    gate: str
    configuration: str
    entries: int
    positions: int
    journal_digest: str
    state_digest: str
    decision_digest: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What comparing two runs came to; ``cause`` is None when they are the same.

    ``along_rows`` is of a paper run and a back-test.
    """

    left: EvidenceSide
    right: EvidenceSide
    configuration: Sequence[FieldDifference]
    comparison: StreamComparison
    cause: Cause | None
    notes: Sequence[str]
    along_rows: AlongRows | None = None

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return self.cause is None


def evidence_document(evidence: Evidence) -> dict[str, object]:
    """Return the JSON object of evidence.json, and of ``--json``."""
    comparison, cause = evidence.comparison, evidence.cause
    return {
        "schema": EVIDENCE_SCHEMA,
        "same": evidence.is_same,
        "left": asdict(evidence.left),
        "right": asdict(evidence.right),
        "same_state_digest": evidence.left.state_digest == evidence.right.state_digest,
        "same_decision_digest": evidence.left.decision_digest == evidence.right.decision_digest,
        "cause": None
        if cause is None
        else {"kind": cause.kind, "why": cause.why, "related": [asdict(each) for each in cause.related]},
        "first": None if comparison.first is None else _parting(comparison.first),
        "configuration": [asdict(each) for each in evidence.configuration],
        "lanes": {
            lane: {
                "compared": comparison.compared[lane],
                "parting": None if lane not in comparison.partings else _parting(comparison.partings[lane]),
            }
            for lane in LANES
        },
        "along_rows": None if evidence.along_rows is None else _along_rows(evidence.along_rows),
        "notes": list(evidence.notes),
    }


def render_evidence(evidence: Evidence) -> str:
    """Return evidence.md; what others wrote stands in code spans."""
    parts = [
        f"# {code_cell(evidence.left.run_id)} and {code_cell(evidence.right.run_id)}",
        *_verdict(evidence),
        "## The runs",
        _table(("", "left", "right"), [(each.name, *_both(evidence, each.name)) for each in fields(EvidenceSide)]),
        _STATE_NOTE,
        "## Where each part of the streams parts",
        _table(("part", "the same before", "left", "right"), [_lane(evidence, lane) for lane in LANES]),
    ]
    if evidence.along_rows is not None:
        parts += _rows_section(evidence.along_rows)
    if evidence.configuration:
        shown = evidence.configuration[:DIFFERENCES_SHOWN]
        parts += ["## Configuration", _table(("where", "left", "right"), [(each.path, each.left, each.right) for each in shown])]
        if len(evidence.configuration) > len(shown):
            parts.append(f"And {len(evidence.configuration) - len(shown)} more, which evidence.json holds.")
    if evidence.notes:
        parts += ["## Notes", "\n".join(f"- {code_cell(note)}" for note in evidence.notes)]
    return "\n\n".join(parts) + "\n"


def _along_rows(along: AlongRows) -> dict[str, object]:
    document = asdict(along)
    for side in ("left", "right"):
        del document[side]
    return document | {"figures": {"left": asdict(along.left), "right": asdict(along.right)}}


def _rows_section(along: AlongRows) -> list[str]:
    """Return how far a paper run and a back-test decided alike, and what made the differences."""
    figures = [
        (
            field.name,
            *("none" if (value := getattr(side, field.name)) is None else exact(value) for side in (along.left, along.right)),
        )
        for field in fields(along.left)
    ]
    rows = [
        (
            each.kind,
            exact(along.causes[each.kind]),
            f"row {exact(each.row)}",
            "; ".join(each.left),
            "; ".join(each.right),
            each.why,
        )
        for each in along.differences
    ]
    said = f"Along {exact(along.rows)} rows, one of the runs decided something {exact(along.decided)} times"
    return [
        "## Decision by decision",
        f"{said}: both the same {exact(along.same)} times. An occasion is a row, or what came back after it.",
        _table(("cause", "differences", "the first", "left", "right", "because"), rows) if rows else "There is no difference.",
        _table(("the venue", "left", "right"), figures),
    ]


def item_text(item: Item | None) -> str:
    """Return an event or a decision with its position and time, in words."""
    if item is None:
        return "the stream has ended"
    value = item.value
    text = "; ".join(_decision_texts(value)) if isinstance(value, Decision) else text_of(value)
    return f"position {exact(item.position)}, {utc(item.at_ns)} UTC: {text}"


def _decision_texts(decision: Decision) -> list[str]:
    unrealised = [f"unrealised: {each.reason} {each.scope}".rstrip() for each in decision.unrealised]
    return [*(outcome_text(each) for each in decision.outcomes), *unrealised] or ["nothing"]


def _verdict(evidence: Evidence) -> list[str]:
    cause, first = evidence.cause, evidence.comparison.first
    if cause is None:
        return ["**The same**: configurations, streams and decisions do not differ."]
    parts = [f"**They part: {cause.kind}** ({CAUSES[cause.kind]}).", code_cell(cause.why)]
    if first is not None:
        parts += [
            f"The first difference, after {exact(first.index - 1)} that are the same:",
            f"- left: {code_cell(item_text(first.left))}\n- right: {code_cell(item_text(first.right))}",
        ]
    return parts


def _lane(evidence: Evidence, lane: Lane) -> tuple[str, str, str, str]:
    comparison = evidence.comparison
    meaning = LANES[lane]
    found = comparison.partings.get(lane)
    same = exact(comparison.compared[lane])
    if found is None:
        return meaning, same, "does not part", ""
    return meaning, same, item_text(found.left), item_text(found.right)


def _both(evidence: Evidence, name: str) -> tuple[str, str]:
    values = (getattr(side, name) for side in (evidence.left, evidence.right))
    left, right = ("none" if each is None else str(each) for each in values)
    return left, right


def _parting(parting: LaneParting) -> dict[str, object]:
    return {
        "index": parting.index,
        "left": _item(parting.left),
        "right": _item(parting.right),
        "fields": [asdict(each) for each in parting.fields],
    }


def _item(item: Item | None) -> dict[str, object] | None:
    if item is None:
        return None
    value = item.value
    kind = type(value).__name__
    document = msgspec.to_builtins(value)
    document.pop("type", None)
    return {
        "lane": item.lane,
        "position": item.position,
        "at_ns": item.at_ns,
        "type": kind,
        "value": document,
        "text": item_text(item),
    }


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(headers)} |", f"|{'---|' * len(headers)}"]
    lines += [f"| {' | '.join(code_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)
