"""JSON Schema (2020-12) of a DrillSpec, for editors: with the parameters and targets of each kind of fault."""

from typing import Any

from tc.spec.drills.drill_spec import DrillSpec
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS
from tc.spec.drills.words import TARGETS
from tc.spec.schema import schema_of


def drill_schema() -> dict[str, Any]:
    """Return the JSON Schema of a DrillSpec."""
    document = schema_of(DrillSpec, "DrillSpec")
    definitions = document["$defs"]
    rules = []
    for kind, type_ in FAULT_PARAMETERS.items():
        parameters = schema_of(type_, kind)
        definitions[type_.__name__] = {key: value for key, value in parameters.items() if key not in {"$schema", "$defs"}}
        definitions |= parameters.get("$defs", {})
        then = {"parameters": {"$ref": f"#/$defs/{type_.__name__}"}, "target": {"enum": list(TARGETS[kind])}}
        needed = {"required": ["parameters"]} if parameters.get("required") else {}
        rules.append({"if": {"properties": {"kind": {"const": kind}}}, "then": {"properties": then, **needed}})
    definitions["FaultSpec"]["allOf"] = rules
    return document
