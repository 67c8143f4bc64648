"""Running `tc` as a person does, in this process: what it prints, and how it exits."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jsonschema


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def json(self, command: str) -> dict[str, Any]:
        """Return the output, held to the JSON Schema of the command."""
        schema = json.loads(files("tc.cli").joinpath("schemas", f"{command}.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        document: dict[str, Any] = json.loads(self.out)
        jsonschema.validate(document, schema)
        return document
