"""Overrides from the command line: ``data.start=2023-04-02`` replaces one value of a document before it is read."""

from collections.abc import Iterable

from tc.spec.reading.compose import DEEPEST, compose
from tc.spec.reading.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from tc.spec.reading.problem import Place, Problems

OPTION = "--set"


def apply_overrides(root: Node, overrides: Iterable[str], *, problems: Problems) -> Node:
    """Return the document with each ``PATH=VALUE`` put in its place, in order; the value is YAML, an empty one is null."""
    for override in overrides:
        path, equals, text = override.partition("=")
        path = path.strip()
        place = Place(f"{OPTION} {path}")
        if not equals or not all(path.split(".")):
            problems.add(Place(OPTION), "", "expected PATH=VALUE, such as data.start=2023-04-02", value=override)
            continue
        if path.count(".") >= DEEPEST:
            problems.add(Place(OPTION), "", f"its path is deeper than {DEEPEST} levels", value=override)
            continue
        value = compose(text.strip() or "null", source=place.source, problems=problems, numbered=False)
        root = _put(root, path.split("."), value, place, problems)
    return root


def _put(node: Node, keys: list[str], value: Node, place: Place, problems: Problems) -> Node:
    if not keys:
        return value
    key, *rest = keys
    match node:
        case Mapping():
            entry = node.entries.get(key, Entry(place, Mapping(place, {})))
            entries = {**node.entries, key: Entry(entry.place, _put(entry.value, rest, value, place, problems))}
            return Mapping(node.place, entries)
        case Sequence() if key.isdecimal() and int(key) < len(node.items):
            items = list(node.items)
            items[int(key)] = _put(items[int(key)], rest, value, place, problems)
            return Sequence(node.place, items)
        case Scalar(kind="null"):
            return _put(Mapping(node.place, {}), keys, value, place, problems)
        case Broken():
            return node
        case _:
            problems.add(place, "", f"{node} has no part {key!r}")
            return node
