"""`tc runs explain`: why an order was allowed, denied, merged, held, sent or never sent; told from journal and decisions."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches

from tc.core import EventStreamEntry
from tc.core.decision import Decision
from tc.core.events import StrategyFailed
from tc.errors import DocumentError
from tc.flows.configuration import read_configuration
from tc.flows.runs.decided import decisions_of, journal_notes, whole_entries
from tc.reports.gate import GateSummary, GateTally
from tc.reports.page.reasons import REASONS, mode_of, obligation_text
from tc.reports.story import Story, keys_of, merged, order_story, position_story
from tc.store.layout import RunDirectory
from tc.store.status import run_status

NEAREST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was explained of a run.

    Parameters
    ----------
    run_id, status, gate
        The run, where it stands, and its gate: ``off``, ``observe`` or ``on``.
    order, position
        What was asked about; both None for the whole run.
    story
        What happened to it; None for the whole run.
    summary
        What the gate decided in all; None when one order or position was asked about.
    notes
        What to know about the rest.

    """

    run_id: str
    status: str
    gate: str
    order: str | None
    position: int | None
    story: Story | None
    summary: GateSummary | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "gate": self.gate,
            "order": self.order,
            "position": self.position,
            "lines": [asdict(line) for line in self.story.lines] if self.story else [],
            "ending": self.story.ending if self.story else "",
            "keys": list(self.story.keys) if self.story else [],
            "outcomes": _outcomes(self.summary) if self.summary else [],
            "unrealised": [obligation_text(each) for each in self.summary.unrealised] if self.summary else [],
            "notes": list(self.notes),
        }


def explain_run(run: RunDirectory, *, order: str | None = None, position: int | None = None) -> Explanation:
    """Tell the life of an order, what happened at a position, or how all commands of a run came out.

    Recorded decisions are told; those of a run that is not sealed are derived again from what is whole of its journal.

    Raises
    ------
    DocumentError
        Both an order and a position are asked for, or the run has no such one.
    ArtifactError
        The configuration, the journal or a decision cannot be read.

    """
    if order is not None and position is not None:
        raise DocumentError("an order and a position are two questions", hint="Give --order or --position.")
    configuration = read_configuration(run).core
    entries, notes = whole_entries(run)
    decisions, more = decisions_of(run, configuration)
    mode = mode_of(configuration.gate)
    story = summary = None
    if order is not None:
        story = _order(run, order, merged(entries, decisions), mode)
    elif position is not None:
        story = _position(run, position, merged(entries, decisions), mode)
    elif configuration.gate is not None:
        summary = _summary(mode, decisions)
    else:
        more = ("the run has no gate: nothing was decided in it; --order KEY tells the life of an order",)
    notes = (*journal_notes(run), *notes, *more, *_failures(run))
    return Explanation(run.run_id, run_status(run), mode, order, position, story, summary, notes)


def _failures(run: RunDirectory) -> tuple[str, ...]:
    """Return a note of how often a Core-native strategy failed; only a run with a traceback is read through for it."""
    if not os.path.lexists(run.error):
        return ()
    count = sum(isinstance(entry.event, StrategyFailed) for entry in whole_entries(run)[0])
    note = f"the strategy failed {count:,} times and asked for nothing then; error.txt has the first traceback"
    return (note,) if count else ()


def _order(run: RunDirectory, key: str, steps: Iterator[tuple[EventStreamEntry, Decision | None]], mode: str) -> Story:
    story = order_story(key, steps, mode=mode)
    if story is not None:
        return story
    known = dict.fromkeys(each for entry in whole_entries(run)[0] for each in keys_of(entry.event))
    nearest = get_close_matches(key, known, n=NEAREST_SHOWN) or list(known)[:NEAREST_SHOWN]
    hint = f"It knows {len(known):,}; the nearest: {', '.join(nearest)}." if nearest else "It has no orders."
    raise DocumentError(f"run {run.run_id!r} knows no order {key!r}", hint=hint)


def _position(run: RunDirectory, position: int, steps: Iterator[tuple[EventStreamEntry, Decision | None]], mode: str) -> Story:
    if position < 1:
        raise DocumentError(
            f"position {position}: positions begin at 1", hint="`tc runs show` says how many positions a run has."
        )
    story, last = position_story(position, steps, mode=mode)
    if story is None:
        raise DocumentError(f"position {position}: run {run.run_id!r} ends at {last}", hint="Ask for a position up to that one.")
    return story


def _summary(mode: str, decisions: Iterator[Decision]) -> GateSummary:
    tally = GateTally(mode)
    for decision in decisions:
        tally.take(decision)
    return tally.summary()


def _outcomes(summary: GateSummary) -> list[dict[str, object]]:
    return [{**asdict(each), "meaning": REASONS.get(each.reason, "")} for each in summary.outcomes]
