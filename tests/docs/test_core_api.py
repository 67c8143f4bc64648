"""The page of the Core's public names has all of them, with the signatures that the code has."""

import ast
import importlib
import inspect
import re
import textwrap
from typing import Any

import pytest

import tc.core
from documentation import DOCS, blocks

PAGE = (DOCS / "reference" / "core-api.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(re.findall(r"^## `(tc\.[\w.]+)`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
STATED = [
    (module, node)
    for module, text in SECTIONS.items()
    for block in blocks(text, "python")
    for node in ast.parse(block).body
    if isinstance(node, ast.FunctionDef | ast.ClassDef)
]


def source_of(value: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]


def text_of(node: ast.expr | None) -> str:
    """Return an annotation or a default as text; a name in quotes is that name."""
    return "" if node is None else ast.unparse(node).strip("'")


def parameters(function: ast.FunctionDef) -> list[tuple[str, str, str]]:
    arguments = function.args
    firsts: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
    given = [
        *zip(arguments.args, (*firsts, *arguments.defaults), strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    marks = ["*" if argument in arguments.kwonlyargs else "" for argument, _ in given]
    return [
        (mark + argument.arg, text_of(argument.annotation), text_of(default))
        for mark, (argument, default) in zip(marks, given, strict=True)
    ]


def assert_same_signature(stated: ast.FunctionDef, found: ast.FunctionDef) -> None:
    is_left_open = [default == "..." for _, _, default in parameters(stated)]
    expected = [
        (name, annotation, "..." if is_open and default else default)
        for is_open, (name, annotation, default) in zip(is_left_open, parameters(found), strict=True)
    ]
    assert parameters(stated) == expected
    assert text_of(stated.returns) == text_of(found.returns)
    assert [ast.unparse(each) for each in stated.decorator_list] == [ast.unparse(each) for each in found.decorator_list]


def members(node: ast.ClassDef) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    found.update((ast.unparse(each.target), each) for each in node.body if isinstance(each, ast.AnnAssign))
    return found


def test_every_public_name_of_the_core_is_on_the_page() -> None:
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", SECTIONS["tc.core"])))) | {
        node.name for module, node in STATED if module == "tc.core"
    }
    assert set(tc.core.__all__) - named == set()


@pytest.mark.parametrize(("module", "stated"), STATED, ids=[f"{module}.{node.name}" for module, node in STATED])
def test_every_signature_on_the_page_is_the_codes(module: str, stated: ast.FunctionDef | ast.ClassDef) -> None:
    found = source_of(getattr(importlib.import_module(module), stated.name))
    if isinstance(stated, ast.FunctionDef):
        assert_same_signature(stated, found)
        return
    known = members(found)
    for name, member in members(stated).items():
        if isinstance(member, ast.FunctionDef):
            assert_same_signature(member, known[name])  # type: ignore[arg-type]
        else:
            assert ast.unparse(member) == ast.unparse(known[name])


@pytest.mark.parametrize("name", ["ProcessingContext", "Step", "State", "CoreConfiguration", "EventStreamEntry"])
def test_every_member_of_what_readers_are_given_is_on_the_page(name: str) -> None:
    stated = next(node for module, node in STATED if module == "tc.core" and node.name == name)
    assert isinstance(stated, ast.ClassDef)
    public = {each for each in members(source_of(getattr(tc.core, name))) if not each.startswith("_")}
    assert public <= set(members(stated))
