"""`tc drill suite`: many drills, each in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.drills.run import DrillPlan, require_programs
from tc.wiring.drills.shipped import shipped_drills, shipped_folder

if TYPE_CHECKING:
    from tc.flows.drills.suite import FinishedSuite, Tried
    from tc.store.drills import DrillVerdict


def run_suite(
    plan: DrillPlan,
    *,
    tags: Sequence[str],
    repeat: int,
    jobs: int,
    on_done: "Callable[[DrillVerdict], None]",
    should_stop: Callable[[], bool],
) -> "FinishedSuite":
    """Carry out the shipped drills, each in a process of its own, so many at once.

    Raises
    ------
    DocumentError
        One of the tags is that of no drill.

    """
    from tc.errors import DocumentError
    from tc.flows.drills.suite import carry_out_suite

    drills = shipped_drills()
    unknown = [tag for tag in tags if not any(tag in each.tags for each in drills)]
    if unknown:
        raise DocumentError(f"no drill is tagged {' or '.join(unknown)}", hint="`tc drill list` shows the tags.")
    names = [each.name for each in drills if not tags or set(tags) & set(each.tags)]
    require_programs(plan)
    return carry_out_suite(
        names * repeat, lambda name: _in_a_process(name, plan), jobs=jobs, on_done=on_done, should_stop=should_stop
    )


def _in_a_process(name: str, plan: DrillPlan) -> "Tried":
    """Carry out a shipped drill, and none of its name in this folder, in a process of its own."""
    from msgspec import DecodeError, json

    from tc.errors import ArtifactError
    from tc.flows.drills.suite import Tried
    from tc.lab.process import last_line
    from tc.store.drills import DrillDirectory, read_verdict

    options = (
        *(() if plan.seed is None else ("--seed", str(plan.seed))),
        *(() if plan.sees_alerts else ("--no-prometheus",)),
        *("--artifacts-root", str(plan.artifacts_root)),
    )
    document = str(shipped_folder() / f"{name}.yaml")
    command = (sys.executable, "-m", "tc", "drill", "run", document, "--json", *options)
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own program
    with suppress(DecodeError, ArtifactError, KeyError, TypeError):
        return Tried(name, read_verdict(DrillDirectory(Path(json.decode(done.stdout)["folder"]))))
    return Tried(name, None, last_line(done.stderr))


__all__ = ["run_suite"]
