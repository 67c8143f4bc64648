"""Ids of one symbol in the order of their numbers and of their times, so that a page of a history costs what it holds."""

from bisect import bisect_left, insort
from dataclasses import dataclass
from itertools import islice

_FIRST = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which rows of a history are asked for.

    Parameters
    ----------
    most
        So many at most.
    first_id
        The first ones from this id on; without it, the latest ones.
    start_ns, end_ns
        Of this time, the end not included.
    skipped
        So many of the latest are left out.

    """

    most: int
    first_id: int | None = None
    start_ns: int = 0
    end_ns: int = 2**62
    skipped: int = 0


class Timeline:
    """The ids of one history; an id has one time, and times need not rise with the ids."""

    __slots__ = ("_by_id", "_by_time")

    def __init__(self) -> None:
        self._by_id: list[tuple[int, int]] = []
        self._by_time: list[tuple[int, int]] = []

    def add(self, number: int, at_ns: int) -> None:
        """Take in a new id."""
        insort(self._by_id, (number, at_ns))
        insort(self._by_time, (at_ns, number))

    def remove(self, number: int, at_ns: int) -> None:
        """Forget an id."""
        del self._by_id[bisect_left(self._by_id, (number, at_ns))]
        del self._by_time[bisect_left(self._by_time, (at_ns, number))]

    def page(self, page: Page) -> list[int]:
        """Return the ids of a page, rising."""
        if page.first_id is not None:
            begin = bisect_left(self._by_id, (page.first_id, _FIRST))
            following = islice(self._by_id, begin, None)
            return list(islice((number for number, at_ns in following if page.start_ns <= at_ns < page.end_ns), page.most))
        first = bisect_left(self._by_time, (page.start_ns, _FIRST))
        end = max(first, bisect_left(self._by_time, (page.end_ns, _FIRST)) - page.skipped)
        return sorted(number for _, number in self._by_time[max(first, end - page.most) : end])
