"""What a plain YAML scalar is: what YAML 1.1 (PyYAML, Ruby) and YAML 1.2 (editors, Go) agree on, and how they differ where not.

``no``, ``010`` and ``1:30`` mean one thing to one reader and another thing to the next; such a value is ambiguous, never guessed.
"""

import re

from yaml import ScalarNode
from yaml.resolver import Resolver

from tc.spec.grammar import Kind

LONGEST_NUMBER = 64
QUOTE = "put it in quotes, or write it plainly"

_RESOLVER = Resolver()
_CORE_SCHEMA: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"null|Null|NULL|~|")),
    ("boolean", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("integer", re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")),
    ("float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")),
)
_KIND_OF_TAG: dict[str, Kind] = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:int": "integer",
    "tag:yaml.org,2002:float": "float",
    "tag:yaml.org,2002:bool": "boolean",
    "tag:yaml.org,2002:null": "null",
    "tag:yaml.org,2002:timestamp": "timestamp",
}


def classify(text: str) -> tuple[Kind, str]:
    """Return what a plain scalar is, and for one that readers differ on a note that says how."""
    tag: str = _RESOLVER.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # PyYAML's stub has no types here
    old: Kind = _KIND_OF_TAG.get(tag, "ambiguous")
    new = _core_kind(text)
    if old == "timestamp":
        return old, "an unquoted date is a date to one YAML reader and text to another: put it in quotes"
    if len(text) > LONGEST_NUMBER and {old, new} & {"integer", "float"}:
        return "ambiguous", "a number this long is not exact in every reader: put it in quotes"
    if old == new == "integer" and _octal(text) != integer(text):
        return "ambiguous", f"YAML 1.1 reads it as {_octal(text)} (octal), YAML 1.2 as {integer(text)}: {QUOTE}"
    if old == new:
        return old, ""
    return "ambiguous", f"YAML 1.1 reads it as {_described(old, text)}, YAML 1.2 as {_described(new, text)}: {QUOTE}"


def integer(text: str) -> int:
    """Return the value of a plain scalar of kind integer."""
    return int(text, 16) if "x" in text else int(text)


def floating(text: str) -> float:
    """Return the value of a plain scalar of kind float, which may be infinite or not a number."""
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _octal(text: str) -> int:
    return int(text, 8) if re.fullmatch(r"[-+]?0[0-7]+", text) else integer(text)


def _core_kind(text: str) -> Kind:
    for kind, pattern in _CORE_SCHEMA:
        if pattern.fullmatch(text):
            return kind
    return "text"


def _described(kind: Kind, text: str) -> str:
    match kind:
        case "boolean":
            return "true" if text.lower() in {"yes", "on"} else "false"
        case "integer" | "float":
            return "a number in base 60" if ":" in text else "a number"
        case "ambiguous":
            return "a special key"
        case _:
            return kind
