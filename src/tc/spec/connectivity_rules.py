"""What must hold inside a RunSpec's connectivity block, and what can be said of the block alone when it is wrong."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from tc.spec.connectivity_spec import ConnectivityReadinessSpec
from tc.spec.parse import HINT, parsed_run_spec
from tc.spec.reading.compose import compose_file
from tc.spec.reading.problem import Problem, document_error
from tc.spec.reading.reader import Reading

BLOCK = "connectivity_readiness"


class StatedConnectivity(Struct, frozen=True):
    """What a RunSpec says of its connectivity.

    Parameters
    ----------
    name, venue
        The run's name, and its venue.
    block
        What it says; None where it says nothing, or something that is wrong.
    problems
        What is wrong with the block, in the order of the lines; empty when it is valid, or not there.

    """

    name: str
    venue: str
    block: ConnectivityReadinessSpec | None
    problems: tuple[Problem, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The problems in words, without any key or value that stands in the block: it may be a secret in the wrong place."""
        return tuple(f"{_place(each.path)}: {each.message}" for each in self.problems)


def _place(path: str) -> str:
    known = path.removeprefix(BLOCK).removeprefix(".").partition("[")[0]
    return path if not known or known in ConnectivityReadinessSpec.__struct_fields__ else BLOCK


def load_connectivity(path: Path, *, overrides: Sequence[str] = ()) -> StatedConnectivity:
    """Return what the RunSpec in a file says of its connectivity; what is wrong with that block alone is a value.

    Raises
    ------
    DocumentError
        Something else of the document is wrong, or it cannot be read; with every problem.

    """
    reading = Reading()
    parsed = parsed_run_spec(compose_file(path, problems=reading.problems), reading, overrides=overrides)
    inside = tuple(each for each in parsed.problems if each.path.partition(".")[0] == BLOCK)
    name, instrument = reading.values.get("name"), reading.values.get("instrument")
    is_elsewhere = len(inside) < len(parsed.problems) or bool(reading.problems.uncounted)
    if is_elsewhere or not isinstance(name, str) or not isinstance(instrument, str):
        raise document_error(parsed.problems, uncounted=reading.problems.uncounted, hint=HINT)
    block = parsed.document.connectivity_readiness if parsed.document is not None and not inside else None
    return StatedConnectivity(name, instrument.rpartition(".")[2], block, inside)
