"""Type what the runbook of each drill says under *Diagnosis*, on what the drill has left: every command must do its work there.

python scripts/diagnose_drills.py artifacts

Taken is the newest finished execution of each shipped drill that had its detector. Its folder is a proof, to which nothing is
written again: the commands are typed in a copy. RUN is the drill's run, KEY an order of it that something happened to, N the
position of that, and my-run.yaml the run's RunSpec. A command has done its work when it ended with 0, 1, 3 or 5 (the venue is
gone by then), said something, and showed no traceback. What is no command of tc is left out, and counted. Prints a table, and
exits 1 when a command did not do its work.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from diagnosing import Typed, stands_of, words_of
from documented_commands import diagnosis
from generate_alerts import RUNBOOKS

from tc.errors import ArtifactError
from tc.spec.drills.drill_spec import DrillSpec
from tc.store.drills import DrillDirectory, list_drills, read_verdict
from tc.wiring.drills.shipped import shipped_drills

_WITHIN_S = 60
_UNKEPT = shutil.ignore_patterns("*.sock", "alerting")


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A drill whose runbook was followed: what was typed, and how many commands of other programs were not."""

    execution: str
    runbook: str
    typed: tuple[Typed, ...]
    left_out: int

    @property
    def faulty(self) -> tuple[Typed, ...]:
        """The commands that have not done their work."""
        return tuple(each for each in self.typed if each.fault)


def main() -> int:
    """Follow the runbooks of the drills one after the other, and say of each what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts_root", type=Path, help="the root that holds drills/")
    parser.add_argument("drills", nargs="*", metavar="NAME", help="only these (all that ship)")
    parser.add_argument("--all", action="store_true", help="exit 1 also when a drill was not carried out there")
    parser.add_argument("--show", action="store_true", help="print what each command says")
    options = parser.parse_args()
    shipped = {each.name: each for each in shipped_drills()}
    if unknown := sorted(set(options.drills) - set(shipped)):
        parser.error(f"no such drill: {', '.join(unknown)}")
    executions = newest(options.artifacts_root)
    wanted = options.drills or list(shipped)
    done = [_told(diagnosed(executions[name], shipped[name]), shows=options.show) for name in wanted if name in executions]
    missing = [name for name in wanted if name not in executions]
    if not done:
        parser.error(f"no shipped drill was carried out under {options.artifacts_root}")
    faulty = [each.execution for each in done if each.faulty]
    print(f"\nthe diagnosis of {len(done) - len(faulty)} of {len(done)} drills does its work on what they left")
    if faulty:
        print(f"not: {', '.join(faulty)}")
    if missing:
        print(f"not carried out there: {', '.join(missing)}")
    return 1 if faulty or (missing and options.all) else 0


def newest(artifacts_root: Path) -> dict[str, DrillDirectory]:
    """Return the newest finished execution of each drill; one whose detector was switched off is none."""
    found = {}
    for each in list_drills(artifacts_root):
        with suppress(ArtifactError):
            if not read_verdict(each).is_mutated:
                found[each.drill] = each
    return found


def diagnosed(drill: DrillDirectory, spec: DrillSpec) -> Diagnosed:
    """Type the commands of a drill's runbook in a copy of its folder."""
    runbook = spec.runbook or spec.name
    lines = diagnosis((RUNBOOKS / f"{runbook}.md").read_text(encoding="utf-8"))
    ours = tuple(line for line in lines if line.startswith("tc "))
    with tempfile.TemporaryDirectory() as folder:
        copy = DrillDirectory(Path(shutil.copytree(drill.path, Path(folder) / drill.path.name, symlinks=True, ignore=_UNKEPT)))
        stands = stands_of(copy)
        typed = tuple(_typed(line, words_of(line, stands), copy) for line in ours)
    return Diagnosed(drill.path.name, runbook, typed, len(lines) - len(ours))


def _typed(line: str, words: list[str], drill: DrillDirectory) -> Typed:
    """Type a command in the place of the drill's run, from a shell that has no settings and no keys of its own."""
    roots = {"TC_ARTIFACTS_ROOT": drill.artifacts, "TC_RUNTIME_ROOT": drill.runtime, "TC_DATA_ROOT": drill.path / "data"}
    others = {name: value for name, value in os.environ.items() if not name.startswith("TC_")}
    environment = {**others, **{name: str(path) for name, path in roots.items()}}
    command = (sys.executable, "-m", "tc", *words)
    try:
        done = subprocess.run(
            command, cwd=drill.path, env=environment, capture_output=True, text=True, check=False, timeout=_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        return Typed(line, None)
    return Typed(line, done.returncode, done.stdout, done.stderr)


def _told(done: Diagnosed, *, shows: bool) -> Diagnosed:
    """Print the row of a drill, and of each of its commands that did not do its work, or of all."""
    worked = f"{len(done.typed) - len(done.faulty)} of {len(done.typed)} commands"
    rest = f", {done.left_out} of other programs left out" if done.left_out else ""
    print(f"{done.execution:<28} {done.runbook:<24} {worked}{rest}", flush=True)
    for each in done.typed if shows else done.faulty:
        print(f"  $ {each.line}\n    {each.fault or f'it ended with {each.code}'}")
        for said in (each.out + each.err).splitlines():
            print(f"    | {said}")
    return done


if __name__ == "__main__":
    sys.exit(main())
