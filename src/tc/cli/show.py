"""Shared ways of printing: one JSON object for machines; aligned columns, name and value, and findings for people."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import typer


def show_json(value: Mapping[str, object]) -> None:
    """Print one JSON object. It is plain ASCII, so that no terminal's encoding can break it."""
    typer.echo(json.dumps(value, indent=2))


def show_fields(fields: Mapping[str, object]) -> None:
    """Print names and values, one pair a line, the values aligned."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        typer.echo(f"{name:<{width}}  {printable(str(value))}".rstrip())


def show_error(message: str, hint: str) -> None:
    """Print to stderr what went wrong, and what to do next; line breaks stay, other control characters are escaped."""
    lines = "\n".join(printable(line) for line in message.split("\n"))
    typer.echo(f"error: {lines}", err=True)
    if hint:
        typer.echo(f"hint: {printable(hint)}", err=True)


def show_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns under their headers; a column of numbers is aligned to the right."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    numeric = [bool(cells) and all(_is_number(row[index]) for row in cells) for index in range(len(headers))]
    for line in (list(headers), *cells):
        padded = (
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(line, widths, numeric, strict=True)
        )
        typer.echo("  ".join(padded).rstrip())


def show_findings(findings: Sequence[Mapping[str, object]]) -> None:
    """Print each finding: what it is about, what was expected, and what was there."""
    for finding in findings:
        typer.echo(printable(f"{finding['code']}: {finding['subject']}"))
        typer.echo(printable(f"  expected {finding['expected']}"))
        typer.echo(printable(f"  found    {finding['actual']}"))


def printable(text: str) -> str:
    """Return the text with control characters and broken Unicode as escapes: names of files and ids may come from a stranger."""
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _UNSAFE else character
        for character in text
    )


def at(ns: int) -> str:
    """Return a time in nanoseconds since the epoch as ISO 8601 in UTC, to the second; a dash for none."""
    seconds = ns // 1_000_000_000
    if ns <= 0 or seconds > _LAST_SECOND:
        return "-" if ns <= 0 else f"{ns} ns"
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def stamp(ns: int) -> str:
    """Return a time in nanoseconds since the epoch as ISO 8601 in UTC, to the nanosecond; a dash for none."""
    return f"{at(ns)}.{ns % 1_000_000_000:09d}" if ns > 0 else "-"


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).removeprefix("-").isdigit()


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LAST_SECOND = 253_402_300_799
