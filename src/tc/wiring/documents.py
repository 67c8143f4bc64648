"""What the commands for documents that people write really get."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from tc.spec.check import Checked
    from tc.spec.example import ExampleMode


def check_documents(files: "Sequence[Path]") -> "tuple[Checked, ...]":
    """Read documents that people wrote, and say what is wrong with each; a drill may only name alerts that are shipped."""
    return tuple(map(_checked, files))


def _checked(file: Path) -> "Checked":
    from tc.lab.alerting import shipped_alerts
    from tc.spec.drills.check import check_any
    from tc.spec.drills.reading import Known

    checked = check_any(file)
    return check_any(file, known=Known(frozenset(shipped_alerts()))) if checked.kind == "drill_spec" else checked


def require_valid(checked: "Sequence[Checked]") -> None:
    """Refuse documents that have problems, with all of them."""
    from tc.spec.check import require_valid

    require_valid(checked)


def document_schema(kind: "Literal['run_spec', 'instrument', 'drill_spec']") -> "dict[str, object]":
    """Return the JSON Schema of a kind of document."""
    from tc.spec.drills.schema import drill_schema
    from tc.spec.schema import instrument_schema, run_spec_schema

    return {"run_spec": run_spec_schema, "instrument": instrument_schema, "drill_spec": drill_schema}[kind]()


def write_example_run_spec(path: Path, mode: "ExampleMode") -> None:
    """Write the commented example of a RunSpec to a new file."""
    from tc.spec.example import write_example

    write_example(path, mode)
