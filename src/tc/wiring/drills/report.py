"""`tc drill report`: what came of all drills that were carried out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.store.drills import DrillDirectory, DrillVerdict

    type _Stored = tuple[DrillDirectory, DrillVerdict | str | None]


def stored_verdicts(artifacts_root: Path) -> "tuple[DrillVerdict, ...]":
    """Return the verdicts of all drills that were carried out, in order; what has none, or a damaged one, is left out."""
    return tuple(found for _, found in _stored(artifacts_root) if found is not None and not isinstance(found, str))


def _stored(artifacts_root: Path, *, is_judged_again: bool = False) -> "Iterator[_Stored]":
    """Give each execution with its verdict, what is wrong with that, or None where there is none."""
    from tc.errors import ArtifactError, DocumentError
    from tc.flows.drills.verdict import require_verdict
    from tc.store.drills import find_verdict, list_drills

    for drill in list_drills(artifacts_root):
        try:
            found = find_verdict(drill)
            if found is not None and is_judged_again:
                require_verdict(drill)
            yield drill, found
        except (ArtifactError, DocumentError) as error:
            yield drill, error.message


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What came of all drills that were carried out: the rows of a table, the resilience score, and who left no verdict.

    Of those that are damaged, what is wrong with their verdict, by the folder's name; they count as inconclusive.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    resilience: str
    verdicts: "tuple[DrillVerdict, ...]"
    without_verdict: tuple[str, ...]
    damaged: Mapping[str, str]

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that `tc drill report --json` shows."""
        from msgspec import to_builtins

        executions = [to_builtins(each) for each in self.verdicts]
        damaged = [{"execution": name, "why": why} for name, why in self.damaged.items()]
        return {
            "resilience": self.resilience,
            "without_verdict": list(self.without_verdict),
            "damaged": damaged,
            "executions": executions,
        }


def report_drills(artifacts_root: Path, *, is_judged_again: bool = False) -> DrillReport:
    """Return what came of all drills that were carried out; ArtifactError when the folder cannot be read.

    Judged again, an execution whose verdict is not what its document and its journal come to is damaged, too.
    """
    from tc.reports.drill.figures import Damaged, figures
    from tc.reports.drill.tables import FIGURE_COLUMNS, figure_rows, score_text

    stored = tuple(_stored(artifacts_root, is_judged_again=is_judged_again))
    verdicts = tuple(found for _, found in stored if found is not None and not isinstance(found, str))
    silent = tuple(drill.path.name for drill, found in stored if found is None)
    damaged = {drill: found for drill, found in stored if isinstance(found, str)}
    counted = figures((*verdicts, *(Damaged(drill.drill, drill.number) for drill in damaged)))
    why = {drill.path.name: found for drill, found in damaged.items()}
    return DrillReport(FIGURE_COLUMNS, figure_rows(counted), score_text(counted), verdicts, silent, why)


__all__ = ["DrillReport", "report_drills", "stored_verdicts"]
