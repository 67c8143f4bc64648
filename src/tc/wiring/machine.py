"""What is asked of the machine itself, and who does something on it now."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tc.checks.readiness import Condition
    from tc.flows.witness import Witness


def examine_machine(*, artifacts_root: Path, data_root: Path) -> "tuple[Condition, ...]":
    """Look at this machine: everything tc needs or can use."""
    from tc.flows.doctor import examine

    return examine(artifacts_root=artifacts_root, data_root=data_root)


def witness_here() -> "Witness":
    """Return who does something now: what is recorded beside a run names it."""
    from tc.flows.witness import witness_now

    return witness_now()
