"""What a field of a document should hold, in words: the same for every error and for the reference."""

from typing import Any

from msgspec import inspect

from tc.spec.grammar import Grammar
from tc.spec.reading.problem import one_of


def expected(type_: inspect.Type) -> str:
    """Return what a value of a type looks like, for the reader of an error."""
    words = "text"
    match type_:
        case inspect.Metadata():
            grammar = grammar_of(type_)
            words = expected(type_.type) if grammar is None else grammar.expected
        case inspect.StructType():
            words = f"a mapping with the keys {', '.join(known.name for known in type_.fields)}"
        case inspect.UnionType():
            words = f"{expected(not_null(type_))}, or null"
        case inspect.LiteralType():
            words = one_of(type_.values)
        case inspect.IntType():
            words = f"a whole number from {type_.ge} to {type_.le}"
        case inspect.BoolType():
            words = "true or false"
        case inspect.VarTupleType():
            words = f"a list, each item {expected(type_.item_type)}"
        case inspect.DictType():
            words = "a mapping"
        case inspect.AnyType():
            words = "text, a number, true, false or null"
        case _:
            pass
    return words


def grammar_of(type_: inspect.Metadata) -> Grammar | None:
    """Return the grammar that a field's annotation carries, if it has one."""
    found: Any = (type_.extra or {}).get("grammar")
    return found if isinstance(found, Grammar) else None


def not_null(type_: inspect.UnionType) -> inspect.Type:
    """Return the one type of an ``X | None`` that is not None."""
    return next(inner for inner in type_.types if not isinstance(inner, inspect.NoneType))
