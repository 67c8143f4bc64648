"""The frozen schemas of Binance's documentation: the type of each field of each payload, and which may be left out."""

import json
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "venue" / "schemas"
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def differences(name: str, payload: Any) -> list[str]:
    """Return in what a payload differs from its schema; empty when in nothing."""
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    known = schema["fields"] | schema.get("optional", {})
    found = [f"{field} is missing" for field in schema["fields"] if field not in payload]
    for field, value in payload.items():
        if field not in known:
            found.append(f"{field} is not documented")
        elif not _is(known[field], value):
            found.append(f"{field} is {value!r}, and is to be {known[field]}")
    return found


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "text":
            return isinstance(value, str)
        case "decimal":
            return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "null":
            return value is None
        case _:
            raise AssertionError(kind)
