"""Series of unknown length in bounded memory: every item, then every second, every fourth …, and how many there were."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampled[T]:
    """What was kept of a series: the first item of every ``every`` ones, and always the last.

    Parameters
    ----------
    items
        The items kept, in their order.
    total
        How many there were.
    every
        One of so many was kept; 1 when nothing was left out.

    """

    items: tuple[T, ...] = ()
    total: int = 0
    every: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether every item is there."""
        return len(self.items) == self.total


class Thinning[T]:
    """Keeps at most ``limit`` items of a growing series: when full, every second one is dropped and from then on skipped."""

    __slots__ = ("_every", "_items", "_last", "_limit", "_total")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: list[T] = []
        self._last: tuple[T, ...] = ()
        self._total = 0
        self._every = 1

    def add(self, item: T) -> None:
        """Take the next item of the series."""
        if self._total % self._every == 0:
            if len(self._items) == self._limit:
                del self._items[1::2]
                self._every *= 2
            if self._total % self._every == 0:
                self._items.append(item)
        self._last = (item,)
        self._total += 1

    def sampled(self) -> Sampled[T]:
        """Return what was kept so far, with the last item."""
        has_last = self._total == 0 or (self._total - 1) % self._every == 0
        return Sampled((*self._items, *(() if has_last else self._last)), self._total, self._every)
