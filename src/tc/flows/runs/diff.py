"""`tc runs diff`: where the journals of two runs part, and in what their configurations differ."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

import msgspec

from tc.checks.compare import FieldDifference, Parting, first_difference, parting, tree_differences
from tc.core import EventStreamEntry
from tc.core.events import RunStarted
from tc.errors import ArtifactError
from tc.flows.configuration import read_configuration
from tc.flows.runs.progress import Progress, silent
from tc.store.journal import read_lines, scan_journal
from tc.store.journal.judge import MALFORMED
from tc.store.journal.lines import body
from tc.store.layout import RunDirectory

LINES_PER_PROGRESS = 1 << 16


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing two runs came to.

    Parameters
    ----------
    left, right
        The runs' ids.
    configuration
        The values in which the configurations differ.
    parting
        The first entry in which the journals differ; None when there is none. That the first entry names another
        configuration is no such difference: ``configuration`` tells it.
    notes
        What could not be compared.

    """

    left: str
    right: str
    configuration: tuple[FieldDifference, ...]
    parting: Parting | None
    notes: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.configuration and self.parting is None

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that ``--json`` shows."""
        return {
            "left": self.left,
            "right": self.right,
            "same": self.is_same,
            "configuration": [asdict(each) for each in self.configuration],
            "parting": None if self.parting is None else _parting_document(self.parting),
            "notes": list(self.notes),
        }


def diff_runs(left: RunDirectory, right: RunDirectory, *, progress: Progress = silent) -> Comparison:
    """Compare two runs' configurations and journals; both journals are streamed, up to the first difference.

    Raises
    ------
    ArtifactError
        A journal is missing or unreadable, or holds a line that is no entry where the two differ.

    """
    configuration, notes = _configuration_differences(left, right)
    sizes = [run.journal.stat().st_size for run in (left, right) if run.journal.is_file()]
    found = _difference(left, right, _counting(progress, min(sizes, default=0)))
    return Comparison(left.run_id, right.run_id, configuration, found, tuple(notes))


def _parting_document(found: Parting) -> dict[str, object]:
    return {
        "line": found.line,
        "position": found.position,
        "left": msgspec.to_builtins(found.left),
        "right": msgspec.to_builtins(found.right),
        "fields": [asdict(each) for each in found.fields],
    }


def _configuration_differences(left: RunDirectory, right: RunDirectory) -> tuple[tuple[FieldDifference, ...], list[str]]:
    try:
        return tree_differences(read_configuration(left).document, read_configuration(right).document), []
    except ArtifactError as error:
        return (), [f"the configurations were not compared: {error.message}"]


def _difference(left: RunDirectory, right: RunDirectory, counted: Callable[[Iterator[bytes]], Iterator[bytes]]) -> Parting | None:
    ours, theirs = counted(_bodies(left)), _bodies(right)
    found = first_difference(ours, theirs)
    if found is None:
        return None
    skipped = 0
    line, one, other = found
    entries = _entry(left, line, one), _entry(right, line, other)
    if _is_same_start(*entries):
        found, skipped = first_difference(ours, theirs), line
        if found is None:
            return None
        line, one, other = found
        entries = _entry(left, line + skipped, one), _entry(right, line + skipped, other)
    return parting(line + skipped, *entries)


def _is_same_start(left: EventStreamEntry | None, right: EventStreamEntry | None) -> bool:
    """Say whether both entries start a run, and differ in nothing but the configuration they name."""
    if left is None or right is None or not isinstance(left.event, RunStarted):
        return False
    return left.position == 1 and right == msgspec.structs.replace(
        left, event=msgspec.structs.replace(left.event, configuration=getattr(right.event, "configuration", ""))
    )


def _bodies(run: RunDirectory) -> Iterator[bytes]:
    """Yield the body of every line; of a run without a seal, whose last line may be torn, of every whole one."""
    lines = read_lines(run.journal)
    if not os.path.lexists(run.seal):
        lines = islice(lines, scan_journal(run.journal).entries)
    return map(body, lines)


def _entry(run: RunDirectory, line: int, text: bytes | None) -> EventStreamEntry | None:
    try:
        return None if text is None else msgspec.json.decode(text, type=EventStreamEntry)
    except MALFORMED as error:
        raise ArtifactError(
            f"{run.journal}, line {line}: no entry can be read: {error}",
            hint="`tc runs verify` says what is wrong with the journal.",
        ) from None


def _counting(progress: Progress, total: int) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def counted(bodies: Iterator[bytes]) -> Iterator[bytes]:
        done = 0
        for number, text in enumerate(bodies):
            done += len(text)
            if not number % LINES_PER_PROGRESS:
                progress(min(done, total), total)
            yield text

    return counted
