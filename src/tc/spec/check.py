"""Files judged as what they are, a RunSpec with its instrument or an instrument alone: their problems are values here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from tc.errors import DocumentError
from tc.spec.instrument import InstrumentSpec
from tc.spec.library import add_unknown_instrument, find_instrument, how_to_write, instrument_folders, read_instrument_file
from tc.spec.parse import HINT, parsed_instrument, parsed_run_spec
from tc.spec.reading.compose import compose_file
from tc.spec.reading.nodes import Mapping, Node, Scalar
from tc.spec.reading.problem import Problem, document_error
from tc.spec.reading.reader import Reading
from tc.spec.rules import misfits
from tc.spec.run_spec import RunSpec

HINT_INSTRUMENT = "`tc spec schema --instrument` gives an editor what it needs to complete and check"


class Checked(Struct, frozen=True):
    """What a file holds, as far as it could be read, and what is wrong with it.

    Parameters
    ----------
    file
        The file as it was named.
    kind
        What it was taken for.
    spec, instrument
        The RunSpec, and its instrument; or the instrument alone.
    problems
        What is wrong, in the order of the lines; empty when the documents are valid.
    uncounted
        How many problems there are beyond those that are told.
    hint
        What the reader can do next.

    """

    file: str
    kind: Literal["run_spec", "instrument", "drill_spec"]
    spec: RunSpec | None
    instrument: InstrumentSpec | None
    problems: tuple[Problem, ...]
    uncounted: int
    hint: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def name(self) -> str:
        """The name of the run, or the id of the instrument; empty when it could not be read."""
        if self.spec is not None:
            return self.spec.name
        return self.instrument.id if self.kind == "instrument" and self.instrument is not None else ""

    def to_dict(self) -> dict[str, object]:
        """Return the judgement as the JSON object that `tc spec validate --json` shows."""
        return {
            "file": self.file,
            "kind": self.kind,
            "name": self.name,
            "valid": self.is_valid,
            "problems": [problem.to_dict() for problem in self.problems],
            "more_problems": self.uncounted,
            "hint": self.hint,
        }


def check_document(path: Path, *, overrides: Sequence[str] = ()) -> Checked:
    """Return what a file holds and what is wrong with it; overrides go into a RunSpec before it is read."""
    reading = Reading()
    root = compose_file(path, problems=reading.problems)
    if isinstance(root, Mapping) and "id" in root.entries and "spec_version" not in root.entries:
        parsed = parsed_instrument(root, reading, named=path.name)
        hint = HINT_INSTRUMENT if parsed.problems else ""
        return Checked(str(path), "instrument", None, parsed.document, parsed.problems, reading.problems.uncounted, hint)
    return _check_run_spec(path, root, reading, overrides)


def require_valid(checked: Sequence[Checked]) -> None:
    """Raise DocumentError with every problem of every file, if there is one."""
    problems = [problem for each in checked for problem in each.problems]
    if problems:
        hint = next(each.hint for each in checked if each.problems)
        raise document_error(problems, uncounted=sum(each.uncounted for each in checked), hint=hint)


def stated_mode(path: Path) -> str:
    """Return the mode that a RunSpec states, whatever else is wrong with it; empty where it states none."""
    root = compose_file(path, problems=Reading().problems)
    entry = root.entries.get("mode") if isinstance(root, Mapping) else None
    return entry.value.text if entry is not None and isinstance(entry.value, Scalar) else ""


def load_documents(path: Path, *, overrides: Sequence[str] = ()) -> tuple[RunSpec, InstrumentSpec]:
    """Return the RunSpec in a file and its instrument.

    Raises DocumentError with every problem of the two, and of the one with the other.
    """
    checked = check_document(path, overrides=overrides)
    require_valid((checked,))
    if checked.spec is None or checked.instrument is None:
        raise DocumentError(f"{path}: this is an instrument; expected a RunSpec", hint=HINT)
    return checked.spec, checked.instrument


def _check_run_spec(path: Path, root: Node, reading: Reading, overrides: Sequence[str]) -> Checked:
    spec = parsed_run_spec(root, reading, overrides=overrides).document
    instrument, hint = _instrument_of(path, reading)
    if spec is not None and instrument is not None:
        for wrong, value, why in misfits(spec, instrument):
            reading.problems.add(reading.places[wrong], wrong, why, value=value)
    problems = reading.problems.in_order()
    return Checked(str(path), "run_spec", spec, instrument, problems, reading.problems.uncounted, hint if problems else "")


def _instrument_of(path: Path, reading: Reading) -> tuple[InstrumentSpec | None, str]:
    """Return the instrument that a RunSpec names, if it names one that has a document, and what to do about the problems."""
    instrument_id = reading.values.get("instrument")
    if not isinstance(instrument_id, str):
        return None, HINT
    search = instrument_folders(path)
    found = find_instrument(instrument_id, search=search)
    if found is None:
        place = reading.places["instrument"]
        add_unknown_instrument(reading.problems, place, "instrument", instrument_id, search=search)
        return None, how_to_write(instrument_id, search=search)
    parsed = read_instrument_file(found)
    reading.problems.extend(parsed.reading.problems)
    return parsed.document, HINT
