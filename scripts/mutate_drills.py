"""Carry out every drill whose document says how its detector is switched off, with it switched off: each must fail.

A drill that passes all the same proves nothing, and neither does one that fails by something else. Prints a table, and exits 1
unless every verdict is `failed`, by all of the parts that the document names.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tc.spec.drills.drill_spec import MutationSpec
from tc.store.drills import DrillDirectory, DrillVerdict, read_verdict
from tc.wiring.drills.shipped import shipped_drills

_WIDEST = 110


@dataclass(frozen=True, slots=True)
class Mutated:
    """A drill without its detector: its verdict, None where it left none, and how long it took, in seconds."""

    drill: str
    mutation: MutationSpec
    verdict: DrillVerdict | None
    taken_s: float

    @property
    def is_caught(self) -> bool:
        """Whether the drill has noticed that its detector is gone: it failed, and by what that detector stands for."""
        return self.verdict is not None and self.verdict.verdict == "failed" and not self.held

    @property
    def held(self) -> tuple[str, ...]:
        """The parts that had to fail and did not."""
        parts = () if self.verdict is None else self.verdict.parts
        failed = {each.part for each in parts if each.outcome == "failed"}
        return tuple(each for each in self.mutation.fails if each not in failed)

    @property
    def why(self) -> str:
        """The parts that did not pass, with their reasons."""
        if self.verdict is None:
            return "it left no verdict"
        return "; ".join(f"{each.part}: {each.reason}" for each in self.verdict.parts if each.outcome != "passed")


def main() -> int:
    """Carry the drills out one after the other, and say of each what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drills", nargs="*", metavar="NAME", help="only these (all that have a mutation)")
    parser.add_argument("--artifacts-root", type=Path, default=Path("artifacts"), help="where their folders are kept (artifacts)")
    options = parser.parse_args()
    mutations = {each.name: each.mutation for each in shipped_drills() if each.mutation is not None}
    if unknown := sorted(set(options.drills) - set(mutations)):
        parser.error(f"no such drill, or none with a mutation: {', '.join(unknown)}")
    done = [_told(name, mutations[name], options.artifacts_root) for name in options.drills or mutations]
    missed = [each.drill for each in done if not each.is_caught]
    print(f"\n{len(done) - len(missed)} of {len(done)} drills fail without their detector")
    if missed:
        print(f"not caught: {', '.join(missed)}")
    return 1 if missed else 0


def _told(name: str, mutation: MutationSpec, root: Path) -> Mutated:
    """Carry a drill out without its detector, and print its row."""
    began_s = time.monotonic()
    verdict = _carried_out(name, root)
    done = Mutated(name, mutation, verdict, time.monotonic() - began_s)
    outcome = "none" if verdict is None else verdict.verdict
    print(f"{name:<24} {outcome:<13} {done.taken_s:5.1f} s  by {_words(mutation)}", flush=True)
    print(f"{'':<24} {_cut(done.why)}", flush=True)
    if done.held:
        print(f"{'':<24} not by: {', '.join(done.held)}", flush=True)
    return done


def _carried_out(name: str, root: Path) -> DrillVerdict | None:
    command = (sys.executable, "-m", "tc", "drill", "run", name, "--without-detector", "--json", "--artifacts-root", str(root))
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    try:
        return read_verdict(DrillDirectory(Path(msgspec.json.decode(done.stdout)["folder"])))
    except msgspec.DecodeError:
        return None


def _words(mutation: MutationSpec) -> str:
    """Return how it is switched off, in words."""
    silence = ("missing silence",) if mutation.misses_silence else ()
    return ", ".join((*mutation.set, *(f"no {each}" for each in mutation.without_alerts), *silence))


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


if __name__ == "__main__":
    sys.exit(main())
