"""The Core's rules, and the tests that hold them."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from reference.markdown import code, page, table

_REPOSITORY = Path(__file__).resolve().parents[2]
_RULES = Path(__file__).with_name("rules.txt")
_TEST = re.compile(r"test_((?:R\d\d_)+)")

_INTRODUCTION = """
The semantics of `tc.core`, as numbered rules. A test that holds a rule carries its id in its name.
"""


def rules() -> str:
    """Return the page of rules, each with the tests whose names carry its id."""
    tests = _tests_by_rule()
    blocks = [_INTRODUCTION]
    for title, entries in _sections().items():
        rows = [(rule, text, ", ".join(code(name) for name in tests.get(rule, ())) or "none") for rule, text in entries]
        blocks += [f"## {title}", table(["rule", "what it says", "tests"], rows)]
    return page("The Core's rules", *blocks)


def _sections() -> dict[str, list[tuple[str, str]]]:
    sections: dict[str, list[tuple[str, str]]] = {}
    title = ""
    for line in _RULES.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            title = line[2:]
            sections[title] = []
        elif line:
            rule, text = line.split(" ", 1)
            sections[title].append((rule, text))
    return sections


def _tests_by_rule() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((_REPOSITORY / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (match := _TEST.match(node.name)):
                for rule in match.group(1).removesuffix("_").split("_"):
                    found[rule].append(node.name)
    return found
