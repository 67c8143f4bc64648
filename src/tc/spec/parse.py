"""Text to documents: every problem of a document is told at once, with its line, before anything is run."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tc.spec.instrument import InstrumentSpec
from tc.spec.reading.compose import compose, compose_file
from tc.spec.reading.nodes import Mapping, Node, Scalar
from tc.spec.reading.override import apply_overrides
from tc.spec.reading.problem import Problem, document_error
from tc.spec.reading.reader import Reading, read_struct
from tc.spec.reading.scalar import integer
from tc.spec.rules import check_instrument, check_run_spec
from tc.spec.run_spec import SPEC_VERSION, RunSpec

HINT = "`tc spec init` writes an example that is valid; `tc spec schema` gives an editor what it needs to complete and check"


class Parsed[T: Struct](Struct, frozen=True):
    """A document, as far as it could be read; and the reading, with its problems and where each value was written."""

    document: T | None
    reading: Reading

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, in the order of the lines."""
        return self.reading.problems.in_order()

    def value(self, *, hint: str = HINT) -> T:
        """Return the document; raises DocumentError with all of its problems."""
        if self.document is None or self.problems:
            raise document_error(self.problems, uncounted=self.reading.problems.uncounted, hint=hint)
        return self.document


def parse_run_spec(text: str, *, source: str, overrides: Sequence[str] = ()) -> RunSpec:
    """Return the RunSpec in a text, after the overrides (``data.start=2023-04-02``) were put into it.

    Raises DocumentError with every problem: where it is, the value, what was expected, the nearest valid word.
    """
    reading = Reading()
    root = compose(text, source=source, problems=reading.problems)
    return parsed_run_spec(root, reading, overrides=overrides).value()


def load_run_spec(path: Path, *, overrides: Sequence[str] = ()) -> RunSpec:
    """Return the RunSpec in a file; raises DocumentError with every problem, also when there is no readable file."""
    reading = Reading()
    return parsed_run_spec(compose_file(path, problems=reading.problems), reading, overrides=overrides).value()


def parse_instrument(text: str, *, source: str) -> InstrumentSpec:
    """Return the instrument in a text; raises DocumentError with every problem."""
    reading = Reading()
    return parsed_instrument(compose(text, source=source, problems=reading.problems), reading).value(hint="")


def parsed_run_spec(root: Node, reading: Reading, *, overrides: Sequence[str] = ()) -> Parsed[RunSpec]:
    """Return the RunSpec that nodes and overrides describe, with its problems; of another version, only that is told."""
    root = apply_overrides(root, overrides, problems=reading.problems)
    if is_of_another_version(root, "spec_version", SPEC_VERSION, reading):
        return Parsed(None, reading)
    spec = read_struct(root, RunSpec, reading)
    check_run_spec(reading)
    if spec is not None and spec.mode == "attached" and "gate" not in reading.places:
        spec = replace(spec, gate="observe")
    return Parsed(spec, reading)


def is_of_another_version(root: Node, key: str, version: int, reading: Reading) -> bool:
    """Say whether a document states another version than the one that is read, and add that as its problem."""
    entry = root.entries.get(key) if isinstance(root, Mapping) else None
    if entry is None or not isinstance(entry.value, Scalar) or entry.value.kind != "integer":
        return False
    if integer(entry.value.text) == version:
        return False
    what = f"this tc reads {key} {version} only; rewrite the document, or use the tc it was written for"
    reading.problems.add(entry.value.place, key, what, value=str(entry.value))
    return True


def parsed_instrument(root: Node, reading: Reading, *, named: str | None = None) -> Parsed[InstrumentSpec]:
    """Return the instrument that nodes describe, with increments written to their full precision."""
    instrument = read_struct(root, InstrumentSpec, reading)
    check_instrument(reading, named=named)
    if instrument is None or reading.problems.found:
        return Parsed(None, reading)
    settled = instrument.base_currency if instrument.is_inverse else instrument.quote_currency
    complete = replace(
        instrument,
        settlement_currency=instrument.settlement_currency or settled,
        price_increment=_padded(instrument.price_increment, instrument.price_precision),
        size_increment=_padded(instrument.size_increment, instrument.size_precision),
    )
    return Parsed(complete, reading)


def _padded(text: str, precision: int) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(precision, '0')}" if precision else whole
