"""Which runs a reader asked for: read from a page's query, and written into the links of the page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from tc.reports.status.content import RunBrief

PER_PAGE = 50
LONGEST_WORD = 100
ANY = "1"
"""What is asked for to see the runs in which anything needs attention."""
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader asked for: runs of a state, of a mode, with a text in id, name or strategy; a page of them.

    ``attention`` is an alert's name, `ANY` for those with any alert, or empty.
    """

    state: str = ""
    mode: str = ""
    text: str = ""
    attention: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Return what a query asks for; whatever else it says is passed over."""
        page = query.get("page", "")
        return cls(
            state=_word(query, "state"),
            mode=_word(query, "mode"),
            text=_word(query, "q").strip(),
            attention=_word(query, "attention"),
            page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) <= _DIGITS else 1,
        )

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return replace(self, page=1) == Choice()

    def where(self, **changed: str | int) -> str:
        """Return the address of the overview with something else asked for; its first page, if no page is named."""
        asked = replace(self, **{"page": 1, **changed})  # type: ignore[arg-type]  # the names are this class's own
        named = {
            "state": asked.state,
            "mode": asked.mode,
            "attention": asked.attention,
            "q": asked.text,
            "page": str(asked.page) if asked.page > 1 else "",
        }
        query = urlencode({name: value for name, value in named.items() if value})
        return f"/?{query}" if query else "/"

    def takes(self, run: RunBrief, *, but: str = "") -> bool:
        """Say whether a run is asked for; ``but`` names a field that does not matter, to count what another value would give."""
        return (
            (but == "state" or not self.state or run.state == self.state)
            and (but == "mode" or not self.mode or run.mode == self.mode)
            and (not self.attention or any(self.attention in {ANY, each.alert} for each in run.attention))
            and (not self.text or self._is_named(run))
        )

    def _is_named(self, run: RunBrief) -> bool:
        text = self.text.lower()
        return text in run.run_id.lower() or text in run.name.lower() or text in run.strategy.lower()


def _word(query: Mapping[str, str], name: str) -> str:
    """Return a word of a query; what cannot be written in an address again is replaced."""
    return query.get(name, "")[:LONGEST_WORD].encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The runs of one page, how many there are on all pages, which page it is of how many, and the number of its first run."""

    runs: tuple[RunBrief, ...]
    total: int
    page: int
    pages: int
    first: int


def choose(runs: Sequence[RunBrief], choice: Choice) -> Chosen:
    """Return the page that was asked for, or the last one when there are not so many."""
    taken = list(runs) if choice.is_all else [run for run in runs if choice.takes(run)]
    pages = max(-(-len(taken) // PER_PAGE), 1)
    page = min(choice.page, pages)
    start = (page - 1) * PER_PAGE
    return Chosen(tuple(taken[start : start + PER_PAGE]), len(taken), page, pages, start + 1 if taken else 0)


def counted(runs: Iterable[RunBrief], choice: Choice, field: str) -> dict[str, int]:
    """Return how many runs each value of ``state`` or ``mode`` would give, were it asked for instead."""
    counts: dict[str, int] = {}
    for run in runs:
        if choice.takes(run, but=field):
            value = getattr(run, field)
            counts[value] = counts.get(value, 0) + 1
    return counts
