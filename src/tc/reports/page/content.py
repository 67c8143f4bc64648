"""The parts that a report is made of, as values: every format shows these, in its own way."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "code", "time"]
Tone = Literal["good", "bad", "warn", "plain"]


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its heading, and what stands in it."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its first column names the row.

    Parameters
    ----------
    id
        A word that is unique on the page.
    title
        What it shows.
    columns, rows
        Headings and cells, already in words.
    note
        What a reader must know to read it right.
    is_wide
        Whether it needs the page's whole width.
    is_folded
        Whether it is detail that a reader opens.
    is_figures
        Whether it is a list of names and values.
    has_sentences
        Whether sentences stand in it: where there is no room for them side by side, each row is a list.

    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    is_wide: bool = False
    is_folded: bool = False
    is_figures: bool = False
    has_sentences: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Tables under one heading."""

    id: str
    title: str
    tables: tuple[Table, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure that a reader should see first."""

    label: str
    value: str
    unit: str = ""
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Command:
    """A command to type, and what it shows."""

    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Named:
    """A name and a value; ``is_digest`` when it is a long hexadecimal identity, to compare or copy rather than to read."""

    name: str
    value: str
    is_digest: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report but for its chart."""

    run_id: str
    status: str
    tone: Tone
    subtitle: str
    headline: tuple[Named, ...]
    tiles: tuple[Tile, ...]
    error: str | None
    alerts: tuple[Table, ...]
    all_clear: str
    sections: tuple[Section, ...]
    provenance: tuple[Named, ...]
    versions: tuple[Named, ...]
    commands: tuple[Command, ...]
    configuration: str
