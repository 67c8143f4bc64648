"""Nodes to a DrillSpec: its fields, the parameters of each fault by its kind, and what must hold between them."""

from collections.abc import Collection

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from tc.spec.drills.drill_spec import DRILL_VERSION, DrillSpec, FaultSpec
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS
from tc.spec.drills.rules import check_drill
from tc.spec.drills.words import TARGETS
from tc.spec.parse import Parsed, is_of_another_version
from tc.spec.reading.nodes import Mapping, Node, Sequence
from tc.spec.reading.reader import Reading, read_struct


class Known(Struct, frozen=True):
    """What a DrillSpec may name that is written elsewhere; None is not checked.

    Parameters
    ----------
    alerts
        The names of the shipped alerts.
    runbooks
        The names of the runbooks.

    """

    alerts: Collection[str] | None = None
    runbooks: Collection[str] | None = None


NOTHING_KNOWN = Known()


def parsed_drill(root: Node, reading: Reading, *, named: str, known: Known = NOTHING_KNOWN) -> Parsed[DrillSpec]:
    """Return the DrillSpec that nodes describe, with its problems; of another version, only that is told.

    Every fault names its target, and has the parameters of its kind complete and in canonical spelling.
    """
    if is_of_another_version(root, "drill_version", DRILL_VERSION, reading):
        return Parsed(None, reading)
    spec = read_struct(root, DrillSpec, reading)
    parameters = [_parameters(node, reading, f"faults[{index}]") for index, node in enumerate(_faults(root))]
    check_drill(reading, named=named, alerts=known.alerts, runbooks=known.runbooks)
    if spec is None or reading.problems.found:
        return Parsed(None, reading)
    faults = (
        _complete(fault, read, is_targeted=reading.is_given(f"faults[{index}].target"))
        for index, (fault, read) in enumerate(zip(spec.faults, parameters, strict=True))
    )
    return Parsed(replace(spec, faults=tuple(faults)), reading)


def _faults(root: Node) -> list[Node]:
    entry = root.entries.get("faults") if isinstance(root, Mapping) else None
    return entry.value.items if entry is not None and isinstance(entry.value, Sequence) else []


def _parameters(fault: Node, reading: Reading, path: str) -> Struct | None:
    """Return what a fault's parameters say, once its kind is known and they are a mapping of JSON values."""
    kind, inside = reading.values.get(f"{path}.kind"), f"{path}.parameters"
    if not isinstance(fault, Mapping) or not isinstance(kind, str) or (inside in reading.places and inside not in reading.values):
        return None
    entry = fault.entries.get("parameters")
    node = Mapping(fault.place, {}) if entry is None else entry.value
    return read_struct(node, FAULT_PARAMETERS[kind], reading, inside)


def _complete(fault: FaultSpec, parameters: Struct | None, *, is_targeted: bool) -> FaultSpec:
    target = fault.target if is_targeted else TARGETS[fault.kind][0]
    return replace(fault, target=target, parameters=to_builtins(parameters))
