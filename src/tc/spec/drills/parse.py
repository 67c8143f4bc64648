"""DrillSpecs by name or file: found, read with every problem at once, and their faults as their kinds have them."""

from collections.abc import Collection, Sequence
from pathlib import Path

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from tc.errors import DocumentError
from tc.spec.check import require_valid
from tc.spec.drills.check import HINT_DRILL, CheckedDrill, check_any
from tc.spec.drills.drill_spec import DrillSpec, FaultSpec
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS
from tc.spec.drills.reading import Known
from tc.spec.reading.problem import nearest

_SUFFIXES = frozenset({".yaml", ".yml"})
_SHARED = "paper"
"""The name of the RunSpec that drills share; it lies beside them and is none."""


def load_drill(path: Path, *, alerts: Collection[str] | None = None, runbooks: Collection[str] | None = None) -> DrillSpec:
    """Return the DrillSpec in a file, with the RunSpec that it runs on judged as well.

    Raises DocumentError with every problem of the two. Names of alerts and runbooks are checked where the known ones are given.
    """
    if path.exists() and not path.is_file():  # Of a pipe that nobody writes into, the end would be waited for without end.
        raise DocumentError(f"{path}: this is no regular file", hint=HINT_DRILL)
    checked = check_any(path, known=Known(alerts, runbooks))
    require_valid((replace(checked, hint=HINT_DRILL),))
    if not isinstance(checked, CheckedDrill) or checked.drill is None:
        raise DocumentError(f"{path}: this is no DrillSpec", hint=HINT_DRILL)
    return checked.drill


def find_drill(name_or_path: str, *, search: Sequence[Path]) -> Path:
    """Return the document of a drill: a file that is named by its path, else the first of this name in the folders.

    Raises DocumentError, with the nearest name, when there is none.
    """
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES or len(path.parts) > 1:
        return path
    for folder in search:
        if name_or_path in drill_names(folder):
            return folder / f"{name_or_path}.yaml"
    names = sorted({name for folder in search for name in drill_names(folder)})
    near = nearest(name_or_path, names)
    guess = f"; did you mean {near!r}?" if near else ""
    raise DocumentError(f"there is no drill {name_or_path!r}{guess}", hint="`tc drill list` shows the drills there are.")


def drill_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the drills in a folder, sorted; none where there is no such folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml") if path.stem != _SHARED))


def fault_parameters(fault: FaultSpec) -> Struct:
    """Return the parameters of a fault as its kind has them.

    Raises
    ------
    DocumentError
        They are not what its kind takes; of a DrillSpec that was read they always are.

    """
    try:
        return convert(fault.parameters, FAULT_PARAMETERS[fault.kind])
    except ValidationError as error:
        raise DocumentError(f"{fault.kind}: {error}", hint=HINT_DRILL) from None
