"""A document as a tree of nodes that know where they were written."""

from msgspec import Struct

from tc.spec.grammar import Kind
from tc.spec.reading.problem import Place


class Scalar(Struct, frozen=True):
    """A single value: its text, what its readers agree that it is, and where they do not a note on how they differ."""

    place: Place
    text: str
    kind: Kind
    note: str = ""

    def __str__(self) -> str:
        if self.kind == "text":
            return repr(self.text)
        return self.text or "nothing"


class Sequence(Struct, frozen=True):
    """A list of nodes."""

    place: Place
    items: "list[Node]"

    def __str__(self) -> str:
        return f"a list of {len(self.items)}"


class Entry(Struct, frozen=True):
    """A key of a mapping, where it was written, and its value."""

    place: Place
    value: "Node"


class Mapping(Struct, frozen=True):
    """Keys, which are text and appear once, with their values."""

    place: Place
    entries: dict[str, Entry]

    def __str__(self) -> str:
        return f"a mapping of {len(self.entries)}"


class Broken(Struct, frozen=True):
    """A node whose problem is already reported."""

    place: Place


Node = Scalar | Sequence | Mapping | Broken
