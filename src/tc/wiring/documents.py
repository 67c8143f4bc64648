"""What the commands for documents that people write really get."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tc.spec.check import Checked
    from tc.spec.example import ExampleMode


def check_documents(files: "Sequence[Path]") -> "tuple[Checked, ...]":
    """Read documents that people wrote, and say what is wrong with each."""
    from tc.spec.check import check_document

    return tuple(check_document(file) for file in files)


def require_valid(checked: "Sequence[Checked]") -> None:
    """Refuse documents that have problems, with all of them."""
    from tc.spec.check import require_valid

    require_valid(checked)


def document_schema(*, of_instrument: bool) -> "dict[str, object]":
    """Return the JSON Schema of a RunSpec, or of an instrument."""
    from tc.spec.schema import instrument_schema, run_spec_schema

    return instrument_schema() if of_instrument else run_spec_schema()


def write_example_run_spec(path: Path, mode: "ExampleMode") -> None:
    """Write the commented example of a RunSpec to a new file."""
    from tc.spec.example import write_example

    write_example(path, mode)
