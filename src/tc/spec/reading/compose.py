"""YAML text to nodes, without ever building a Python object: no tags, aliases, duplicate keys, second documents or deep nests."""

import re
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import Reader

from tc.spec.reading.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from tc.spec.reading.problem import Place, Problems, shortened
from tc.spec.reading.scalar import classify

LARGEST_DOCUMENT = 1 << 20  # bytes
DEEPEST = 64
SURROGATE = re.compile("[\ud800-\udfff]")
BYTE_ORDER_MARK = "\ufeff"

Loader = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
LOADER: Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
Event = yaml.Event
Mark = Any  # PyYAML's two parsers have a class each: line and column, from 0


def compose(text: str, *, source: str, problems: Problems, numbered: bool = True, loader: Loader = LOADER) -> Node:
    """Return the nodes of the one document in a text; what is wrong with its YAML is added to the problems.

    A text that is no file, such as an override, is not numbered: its places name the source only.
    """
    start = Place(source, 1, 1) if numbered else Place(source)
    text = text.removeprefix(BYTE_ORDER_MARK)
    if len(text.encode(errors="surrogatepass")) > LARGEST_DOCUMENT:
        problems.add(start, "", f"the document is larger than {LARGEST_DOCUMENT} bytes")
        return Broken(start)
    foreign = Reader.NON_PRINTABLE.search(text.replace(BYTE_ORDER_MARK, "\0"))
    if foreign is not None:
        place = Place(source, text.count("\n", 0, foreign.start()) + 1) if numbered else start
        problems.add(place, "", f"the character U+{ord(text[foreign.start()]):04X} is not allowed in YAML")
        return Broken(start)
    parser = loader(text)
    try:
        return _Composer(parser, start, problems).document()
    except yaml.MarkedYAMLError as error:
        problems.add(_place(error.problem_mark, start), "", _explained(error, text))
        return Broken(start)
    finally:
        parser.dispose()


def compose_file(path: Path, *, problems: Problems) -> Node:
    """Return the nodes of the document in a file; a file that cannot be read, or is not UTF-8, is a problem as well."""
    start = Place(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_DOCUMENT + 1)
        return compose(content.decode("utf-8"), source=str(path), problems=problems)
    except UnicodeDecodeError as error:
        place = Place(str(path), content.count(b"\n", 0, error.start) + 1)
        problems.add(place, "", "this is not UTF-8: save the file as UTF-8", value=f"0x{content[error.start]:02x}")
    except (OSError, ValueError) as error:
        problems.add(start, "", f"the file cannot be read: {getattr(error, 'strerror', None) or error}")
    return Broken(start)


class _Composer:
    """Pulls events from a YAML parser and builds nodes from them."""

    def __init__(self, parser: yaml.SafeLoader | yaml.CSafeLoader, start: Place, problems: Problems) -> None:
        self._parser = parser
        self._start = start
        self._problems = problems

    def document(self) -> Node:
        self._next()
        event = self._next()
        if isinstance(event, StreamEndEvent):
            self._problems.add(self._start, "", "the document is empty")
            return Broken(self._start)
        root = self._node(self._next(), "", 0)
        self._next()
        event = self._next()
        if isinstance(event, DocumentStartEvent):
            self._problems.add(self._place(event), "", "a second document begins here: a file holds one document")
        return root

    def _node(self, event: Event, path: str, depth: int) -> Node:
        place = self._place(event)
        if depth > DEEPEST:
            mark: Mark = event.start_mark
            raise yaml.MarkedYAMLError(problem=f"it is nested deeper than {DEEPEST} levels", problem_mark=mark)
        if isinstance(event, AliasEvent):
            self._problems.add(place, path, "aliases are not supported: write the value out, in quotes where it begins with *")
            return Broken(place)
        refused = self._refuse_decorations(cast("ScalarEvent", event), path)
        if isinstance(event, MappingStartEvent):
            node: Node = self._mapping(place, path, depth)
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(place, path, depth)
        else:
            node = self._scalar(cast("ScalarEvent", event), place, path)
        return Broken(place) if refused else node

    def _refuse_decorations(self, event: ScalarEvent, path: str) -> bool:
        """Refuse what YAML takes out of a value that begins with ! or &; it is not shown, for it may be a part of a secret."""
        place = self._place(event)
        if event.tag is not None:
            self._problems.add(place, path, "tags are not supported: put a value that begins with ! in quotes")
        if event.anchor is not None:
            self._problems.add(place, path, "anchors are not supported: write the value out, in quotes where it begins with &")
        return event.tag is not None

    def _scalar(self, event: ScalarEvent, place: Place, path: str) -> Node:
        if SURROGATE.search(event.value):
            self._problems.add(place, path, "half of a surrogate pair is no character")
            return Broken(place)
        if event.style:
            return Scalar(place, event.value, "text")
        kind, note = classify(event.value)
        return Scalar(place, event.value, kind, note)

    def _sequence(self, place: Place, path: str, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
        return Sequence(place, items)

    def _mapping(self, place: Place, path: str, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._node(event, path, depth + 1)
            name = self._key(key, path)
            value = self._node(self._next(), path if name is None else joined(path, name), depth + 1)
            if name is None:
                continue
            if name in entries:
                first = entries[name].place.line
                self._problems.add(key.place, joined(path, name), f"the key is given twice, first on line {first}")
            else:
                entries[name] = Entry(key.place, value)
        return Mapping(place, entries)

    def _key(self, key: Node, path: str) -> str | None:
        if isinstance(key, Scalar) and key.kind == "text":
            return key.text
        if isinstance(key, Scalar):
            self._problems.add(key.place, path, f"a key must be text; {key.note or 'put it in quotes'}", value=str(key))
        elif not isinstance(key, Broken):
            self._problems.add(key.place, path, "a key must be text", value=str(key))
        return None

    def _next(self) -> Event:
        return cast("Event", self._parser.get_event())

    def _place(self, event: Event) -> Place:
        return _place(event.start_mark, self._start)


def joined(path: str, key: str) -> str:
    """Return the dotted path of a key inside a path."""
    return f"{path}.{shortened(key)}" if path else shortened(key)


def _place(mark: Mark, start: Place) -> Place:
    return start if start.line is None else Place(start.source, mark.line + 1, mark.column + 1)


def _explained(error: yaml.MarkedYAMLError, text: str) -> str:
    """Return what the YAML parser complains about, with the one cause that people hit most."""
    mark: Mark = error.problem_mark
    line = text.split("\n")[mark.line : mark.line + 1]
    indentation = line[0][: len(line[0]) - len(line[0].lstrip())] if line else ""
    return f"this is not YAML: {error.problem}{'; indent with spaces, not with a tab' if '\t' in indentation else ''}"
