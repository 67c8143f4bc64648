"""Nodes to Structs: walks the fields of a Struct and converts each leaf on its own, so that all problems are found at once."""

import math
import re
from collections.abc import Callable, Iterable

from msgspec import UNSET, Struct, UnsetType, field, inspect

from tc.spec.reading import nodes
from tc.spec.reading.compose import joined
from tc.spec.reading.expected import expected, grammar_of, not_null
from tc.spec.reading.problem import Place, Problems, one_of
from tc.spec.reading.scalar import floating, integer

LARGEST_INTEGER = 2**63 - 1
EXACT = "a YAML number with a point is a binary float and not exact: put it in quotes"

Read = object | UnsetType  # a value, or UNSET where a problem was found


class Reading(Struct):
    """What was read of one document: its problems, and by dotted path the places and the values that could be converted."""

    problems: Problems = field(default_factory=Problems)
    places: dict[str, Place] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)

    def is_given(self, path: str) -> bool:
        """Whether something other than null stands at a path, be it right or wrong."""
        return path in self.places and self.values.get(path, "wrong") is not None

    def refuse(self, path: str, message: str, *, choices: Iterable[str] = ()) -> None:
        """Add what is wrong with the value at a path; the nearest of the choices is suggested."""
        value = self.values.get(path)
        word = value if isinstance(value, str) else ""
        shown = repr(value) if isinstance(value, str) else None
        self.problems.add(self.places[path], path, message, value=shown, word=word, choices=choices)


def read_struct[T: Struct](node: nodes.Node, type_: type[T], reading: Reading, path: str = "") -> T | None:
    """Return the Struct that a node describes, or None when the reading found problems; the path is where the node stands."""
    value = _Walk(reading).read(node, inspect.type_info(type_), path)
    return value if isinstance(value, type_) else None


class _Walk:
    """One walk over a document and the types that it should have."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._problems = reading.problems

    def read(self, node: nodes.Node, type_: inspect.Type, path: str) -> Read:
        """Return the value of a node as its type wants it, or UNSET when a problem was added."""
        self._reading.places[path] = node.place
        if isinstance(node, nodes.Broken):
            return UNSET
        value = _READERS[type(type_)](self, node, type_, path)
        if value is not UNSET:
            self._reading.values[path] = value
        return value

    def _refuse(
        self, node: nodes.Node, type_: inspect.Type, path: str, reason: str = "", *, word: str = "", words: Iterable[str] = ()
    ) -> UnsetType:
        note = reason or getattr(node, "note", "")
        message = f"expected {expected(type_)}{'; ' if note else ''}{note}"
        choices = [*words, *(str(choice) for choice in getattr(type_, "values", ()))]
        value = str(node) if _is_shown(type_) else None
        self._problems.add(node.place, path, message, value=value, word=word, choices=choices)
        return UNSET

    def metadata(self, node: nodes.Node, type_: inspect.Metadata, path: str) -> Read:
        grammar = grammar_of(type_)
        if grammar is None:
            return self.read(node, type_.type, path)
        if not isinstance(node, nodes.Scalar):
            return self._refuse(node, type_, path)
        accepted: set[str] = {"text", *grammar.accepts}
        if "integer" in accepted and node.place.line is None:
            accepted.add("float")  # no other YAML reader sees an override, so its digits are what was typed
        if node.kind not in accepted:
            inexact = "integer" in accepted and node.kind == "float"
            return self._refuse(node, type_, path, EXACT if inexact else _unquoted(node))
        try:
            return grammar.canonical(node.text)
        except ValueError as error:
            return self._refuse(node, type_, path, str(error), word=node.text, words=grammar.words)

    def struct(self, node: nodes.Node, type_: inspect.StructType, path: str) -> Read:
        if not isinstance(node, nodes.Mapping):
            return self._refuse(node, type_, path)
        fields = {known.name: known for known in type_.fields}
        for key, entry in node.entries.items():
            if key not in fields:
                what = f"unknown key; expected {one_of(list(fields))}"
                self._problems.add(entry.place, joined(path, key), what, word=key, choices=list(fields))
        values: dict[str, Read] = {}
        for name, known in fields.items():
            inside = joined(path, name)
            if name in node.entries:
                values[name] = self.read(node.entries[name].value, known.type, inside)
            elif known.required:
                self._problems.add(node.place, inside, f"missing; expected {expected(known.type)}")
                values[name] = UNSET
        return UNSET if UNSET in values.values() else type_.cls(**values)

    def optional(self, node: nodes.Node, type_: inspect.UnionType, path: str) -> Read:
        if isinstance(node, nodes.Scalar) and node.kind == "null":
            return None
        return self.read(node, not_null(type_), path)

    def literal(self, node: nodes.Node, type_: inspect.LiteralType, path: str) -> Read:
        if isinstance(node, nodes.Scalar):
            value: object = integer(node.text) if node.kind == "integer" else node.text
            if value in type_.values and node.kind in {"text", "integer", "ambiguous"}:
                return value  # readers may differ on `on`, but where it is one of the words expected it can mean only that
            return self._refuse(node, type_, path, word=node.text)
        return self._refuse(node, type_, path)

    def text(self, node: nodes.Node, type_: inspect.StrType, path: str) -> Read:
        if not isinstance(node, nodes.Scalar) or node.kind != "text" or not node.text.strip():
            return self._refuse(node, type_, path, _unquoted(node))
        if type_.pattern is not None and re.fullmatch(type_.pattern, node.text) is None:
            return self._refuse(node, type_, path, f"it must fit {type_.pattern}")
        return node.text

    def number(self, node: nodes.Node, type_: inspect.IntType, path: str) -> Read:
        if not isinstance(node, nodes.Scalar) or node.kind != "integer":
            return self._refuse(node, type_, path)
        value = integer(node.text)
        if (type_.ge is not None and value < type_.ge) or (type_.le is not None and value > type_.le):
            return self._refuse(node, type_, path)
        return value

    def boolean(self, node: nodes.Node, type_: inspect.BoolType, path: str) -> Read:
        if not isinstance(node, nodes.Scalar) or node.kind != "boolean":
            return self._refuse(node, type_, path)
        return node.text.lower() == "true"

    def many(self, node: nodes.Node, type_: inspect.VarTupleType, path: str) -> Read:
        if not isinstance(node, nodes.Sequence) or len(node.items) < (type_.min_length or 0):
            return self._refuse(node, type_, path)
        values = [self.read(item, type_.item_type, f"{path}[{index}]") for index, item in enumerate(node.items)]
        return UNSET if UNSET in values else tuple(values)

    def mapping(self, node: nodes.Node, type_: inspect.DictType, path: str) -> Read:
        if not isinstance(node, nodes.Mapping):
            return self._refuse(node, type_, path)
        if isinstance(type_.value_type, inspect.AnyType):
            return self.anything(node, type_, path)
        values = {key: self.read(entry.value, type_.value_type, joined(path, key)) for key, entry in node.entries.items()}
        return UNSET if UNSET in values.values() else values

    def anything(self, node: nodes.Node, type_: inspect.Type, path: str) -> Read:
        """Return a node as a JSON value."""
        if isinstance(node, nodes.Mapping):
            inside = {key: self.anything(entry.value, _ANY, joined(path, key)) for key, entry in node.entries.items()}
            return UNSET if UNSET in inside.values() else inside
        if isinstance(node, nodes.Sequence):
            items = [self.anything(item, _ANY, f"{path}[{index}]") for index, item in enumerate(node.items)]
            return UNSET if UNSET in items else items
        if isinstance(node, nodes.Scalar):
            value = _json_value(node)
            return self._refuse(node, type_, path) if value is UNSET else value
        return UNSET


def _is_shown(type_: inspect.Type) -> bool:
    """Say whether what does not fit may be shown; where many are expected, one of them may stand instead."""
    match type_:
        case inspect.StructType():
            return all(_is_shown(known.type) for known in type_.fields)
        case inspect.VarTupleType():
            return _is_shown(type_.item_type)
        case inspect.DictType():
            return _is_shown(type_.value_type)
        case inspect.Metadata():
            grammar = grammar_of(type_)
            return _is_shown(type_.type) if grammar is None else grammar.is_shown
        case _:
            return True


def _json_value(node: nodes.Scalar) -> str | float | UnsetType | None:
    """Return a scalar as JSON has it, or UNSET for what JSON does not have."""
    value: str | float | UnsetType | None = UNSET
    match node.kind:
        case "text":
            value = node.text
        case "null":
            value = None
        case "boolean":
            value = node.text.lower() == "true"
        case "integer":
            number = integer(node.text)
            value = number if abs(number) <= LARGEST_INTEGER else UNSET
        case "float":
            fraction = floating(node.text)
            value = fraction if math.isfinite(fraction) else UNSET
        case _:
            pass
    return value


_ANY = inspect.AnyType()
_READERS: dict[type[inspect.Type], Callable[..., Read]] = {
    inspect.Metadata: _Walk.metadata,
    inspect.StructType: _Walk.struct,
    inspect.UnionType: _Walk.optional,
    inspect.LiteralType: _Walk.literal,
    inspect.StrType: _Walk.text,
    inspect.IntType: _Walk.number,
    inspect.BoolType: _Walk.boolean,
    inspect.VarTupleType: _Walk.many,
    inspect.DictType: _Walk.mapping,
}


def _unquoted(node: nodes.Node) -> str:
    """Return what is to be done about a plain scalar that should have been text."""
    if isinstance(node, nodes.Scalar) and node.kind in {"integer", "float", "boolean"}:
        return "put it in quotes"
    return ""
