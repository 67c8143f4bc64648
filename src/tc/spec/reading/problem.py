"""What is wrong with a document: each problem with its place, its value, what was expected, and the nearest valid word.

The values of this room are Structs, not dataclasses: a class is made in a tenth of the time, and every start of a command pays.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from msgspec import Struct, field

from tc.errors import DocumentError

MOST_PROBLEMS = 100
LONGEST_SHOWN = 60


class Place(Struct, frozen=True):
    """Where something was written: a file and line (both count from 1), or an override, which has no line."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        source = visible(self.source)
        return source if self.line is None else f"{source}:{self.line}"


class Problem(Struct, frozen=True):
    """One thing that is wrong with a document.

    Parameters
    ----------
    place
        The file and line.
    path
        The dotted path in the document; empty for the document as a whole.
    value
        The value as it is written, shortened; None where there is none.
    message
        What was expected, and why the value is refused.
    nearest
        The valid word that is nearest to a mistyped one.

    """

    place: Place
    path: str
    value: str | None
    message: str
    nearest: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the problem as a JSON object."""
        place = {"source": self.place.source, "line": self.place.line, "column": self.place.column}
        return {**place, "path": self.path, "value": self.value, "message": self.message, "nearest": self.nearest}

    def __str__(self) -> str:
        where = f"{self.place}: {self.path}: " if self.path else f"{self.place}: "
        what = self.message if self.value is None else f"value {self.value}: {self.message}"
        guess = "" if self.nearest is None else f"; did you mean {self.nearest!r}?"
        return f"{where}{what}{guess}"


class Problems(Struct):
    """Collects the problems of one document; beyond the hundredth it only counts."""

    found: list[Problem] = field(default_factory=list)
    uncounted: int = 0

    def add(
        self,
        place: Place,
        path: str,
        message: str,
        *,
        value: str | None = None,
        word: str = "",
        choices: Iterable[str] = (),
    ) -> None:
        """Add a problem; the nearest of the choices to the word becomes its suggestion."""
        if len(self.found) >= MOST_PROBLEMS:
            self.uncounted += 1
            return
        shown = None if value is None else shortened(value)
        self.found.append(Problem(place, path, shown, message, nearest(word, choices)))

    def extend(self, others: "Problems") -> None:
        """Add the problems of another document."""
        room = MOST_PROBLEMS - len(self.found)
        self.found += others.found[:room]
        self.uncounted += others.uncounted + len(others.found[room:])

    def in_order(self) -> tuple[Problem, ...]:
        """Return the problems in the order of their lines; overrides, which have none, come last."""
        last = 1 << 62
        return tuple(sorted(self.found, key=lambda problem: (problem.place.line or last, problem.place.column or 0)))


def shortened(text: str) -> str:
    """Return a text on one line, without control characters, and not longer than an error message can bear."""
    shown = visible(text[: LONGEST_SHOWN + 1])
    return shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 1] + "…"


def visible(text: str) -> str:
    """Return a text with everything that a terminal would not show, or would obey, escaped."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a mistyped word most likely meant, or None when none is near."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word[:LONGEST_SHOWN].lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None


def one_of(choices: Sequence[object]) -> str:
    """Return choices as prose: ``'a'``, ``'a' or 'b'``, ``'a', 'b' or 'c'``."""
    quoted = [repr(choice) for choice in choices]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def document_error(problems: Sequence[Problem], *, uncounted: int = 0, hint: str = "") -> DocumentError:
    """Return the one error that tells all problems, a line for each."""
    lines = [str(problem) for problem in problems]
    if len(lines) > 1:
        lines.insert(0, f"{len(problems) + uncounted} problems")
    if uncounted:
        lines.append(f"… and {uncounted} more")
    return DocumentError("\n".join(lines), hint=hint)
