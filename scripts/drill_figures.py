"""Store what all executions of the shipped drills under an artifacts root come to, for the tables in the docs and in the README.

python scripts/drill_figures.py artifacts --jobs 2 && python scripts/generate_reference.py
"""

import argparse
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from drill_orders import same_orders
from reference.drill_figures import STORED, FiguresOfDrill, Measured, Milliseconds, SameOrder, StoredFigures, encoded

from tc.reports.drill.figures import DrillFigures, Spread, figures, spread
from tc.reports.drill.tables import score_text
from tc.spec.drills.drill_spec import DrillSpec
from tc.store.drills import DrillVerdict
from tc.wiring.drills.report import stored_verdicts
from tc.wiring.drills.shipped import shipped_drills


def main() -> None:
    """Read the verdicts, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts_root", type=Path, help="the root that holds drills/")
    parser.add_argument("--output", type=Path, default=STORED, help=f"the file (default {STORED.name} beside the drills' pages)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=2,
        metavar="N",
        help="how many drills were carried out at once (default 2, as the suite)",
    )
    options = parser.parse_args()
    shipped = {each.name: each for each in shipped_drills()}
    verdicts = counted(stored_verdicts(options.artifacts_root), set(shipped))
    if not verdicts:
        parser.error(f"no shipped drill was carried out under {options.artifacts_root}")
    options.output.write_bytes(encoded(stored(verdicts, shipped, jobs=options.jobs)))
    print(f"{options.output}: {len(verdicts)} executions")


def counted(verdicts: Iterable[DrillVerdict], shipped: set[str]) -> tuple[DrillVerdict, ...]:
    """Return the executions of shipped drills whose detector was there."""
    return tuple(each for each in verdicts if each.drill in shipped and not each.is_mutated)


def stored(verdicts: Sequence[DrillVerdict], shipped: Mapping[str, DrillSpec], *, jobs: int) -> StoredFigures:
    """Return the figures of some executions, measured on this machine, so many at once."""
    newest = max(verdicts, key=lambda each: each.ended_ns)
    found = figures(verdicts)
    return StoredFigures(
        measured=Measured(
            newest_ns=newest.ended_ns,
            tc=newest.tc,
            python=platform.python_version(),
            cpus=os.cpu_count() or 1,
            system=f"{platform.system()} on {platform.machine()}",
            jobs=jobs,
        ),
        resilience=score_text(found),
        time_scale=newest.time_scale,
        drills={each.drill: _of(each, verdicts, shipped[each.drill]) for each in found},
    )


def _of(drill: DrillFigures, verdicts: Iterable[DrillVerdict], spec: DrillSpec) -> FiguresOfDrill:
    executions = [each for each in verdicts if each.drill == drill.drill]
    took = spread(each.ended_ns - each.started_ns for each in executions)
    return FiguresOfDrill(
        last=drill.last,
        weight=drill.newest.weight,
        executions=drill.executions,
        passed=drill.passed,
        failed=drill.failed,
        inconclusive=drill.inconclusive,
        detect_ms=_milliseconds(drill.detect),
        mitigate_ms=_milliseconds(drill.mitigate),
        recover_ms=_milliseconds(drill.recover),
        took_ms=_milliseconds(took),
        same_order=SameOrder(*same_orders(executions, spec)),
    )


def _milliseconds(spread: Spread | None) -> Milliseconds | None:
    return None if spread is None else Milliseconds(_rounded(spread.median_ns), _rounded(spread.max_ns))


def _rounded(length_ns: int) -> int:
    return (length_ns + 500_000) // 1_000_000


if __name__ == "__main__":
    main()
