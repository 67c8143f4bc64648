"""A DrillSpec's file judged with the RunSpec that it runs on; and any document, as what it is."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from tc.spec.check import Checked, check_document
from tc.spec.drills.drill_spec import DrillSpec
from tc.spec.drills.reading import NOTHING_KNOWN, Known, parsed_drill
from tc.spec.reading.compose import compose_file
from tc.spec.reading.nodes import Mapping, Node
from tc.spec.reading.override import OPTION, apply_overrides
from tc.spec.reading.problem import Problems
from tc.spec.reading.reader import Reading

HINT_DRILL = "`tc spec schema --drill` gives an editor what it needs to complete and check"


class CheckedDrill(Checked, frozen=True):
    """What a DrillSpec's file holds, and what is wrong with it and with the RunSpec that it runs on."""

    drill: DrillSpec | None = None

    @property
    def name(self) -> str:
        """The name of the drill; empty when it could not be read."""
        return "" if self.drill is None else self.drill.name


def check_any(path: Path, *, known: Known = NOTHING_KNOWN) -> Checked:
    """Return what a file holds, a RunSpec, an instrument or a DrillSpec, and what is wrong with it."""
    reading = Reading()
    root = compose_file(path, problems=reading.problems)
    if isinstance(root, Mapping) and "drill_version" in root.entries:
        return _check_drill(path, root, reading, known)
    return check_document(path)


def _check_drill(path: Path, root: Node, reading: Reading, known: Known) -> CheckedDrill:
    drill = parsed_drill(root, reading, named=path.name, known=known).document
    run = reading.values.get("run") if "run" in reading.places else "paper.yaml"
    if "" in reading.places and isinstance(run, str):
        _check_run(path.parent / run, reading)
    problems = reading.problems.in_order()
    hint, valid = (HINT_DRILL, None) if problems else ("", drill)
    return CheckedDrill(str(path), "drill_spec", None, None, problems, reading.problems.uncounted, hint, valid)


def _check_run(path: Path, reading: Reading) -> None:
    """Add what is wrong with the RunSpec that a drill runs on, after its overrides; and with those of its mutation."""
    overrides, are_right = _overrides(reading)
    if not are_right:
        return
    checked = _paper_run_spec(path, overrides["set"])
    if checked is not None and checked.is_valid and overrides["mutation.set"]:
        checked = _paper_run_spec(path, (*overrides["set"], *overrides["mutation.set"]))
    if checked is None:
        place = reading.places.get("run", reading.places[""])
        reading.problems.add(place, "run", "expected a RunSpec of mode paper", value=repr(path.name))
        return
    homes = {_source(each): f"{key}[{index}]" for key, texts in overrides.items() for index, each in enumerate(texts)}
    for problem in checked.problems:
        at = homes.get(problem.place.source)
        told = problem if at is None else replace(problem, place=reading.places[at], path=f"{at}: {problem.path}")
        reading.problems.extend(Problems([told]))


def _paper_run_spec(path: Path, overrides: Sequence[str]) -> Checked | None:
    """Return a paper run's document with what is wrong with it; None where it is another document, or of another mode."""
    if path.exists() and not path.is_file():
        return None
    root = compose_file(path, problems=Problems())
    if isinstance(root, Mapping) and "spec_version" not in root.entries:
        return None
    checked = check_document(path, overrides=overrides)
    return None if checked.spec is not None and checked.spec.mode != "paper" else checked


def _overrides(reading: Reading) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Return the overrides of a drill's RunSpec and of its mutation, and whether each is written as overrides are."""
    overrides: dict[str, tuple[str, ...]] = {}
    before = len(reading.problems.found)
    for key in ("set", "mutation.set"):
        value = reading.values.get(key, ())
        overrides[key] = value if isinstance(value, tuple) else ()
        for index, override in enumerate(overrides[key]):
            wrong = Problems()
            path = f"{key}[{index}]"
            apply_overrides(Mapping(reading.places[path], {}), (override,), problems=wrong)
            for problem in wrong.found:
                reading.problems.add(reading.places[path], path, problem.message, value=problem.value or repr(override))
    return overrides, len(reading.problems.found) == before


def _source(override: str) -> str:
    """Return what the problems of an override name as their place."""
    return f"{OPTION} {override.partition('=')[0].strip()}"
