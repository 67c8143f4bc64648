"""One thing done again and again, on a thread of its own, until it was done often enough or is ended."""

from collections.abc import Callable
from threading import Event, Thread

from tc.errors import UnreachableError

_GLANCE_S = 0.1
_END_S = 5.0


class Rounds:
    """Does something every so many seconds; a round in which nothing came of it does not count, and is tried again at once.

    Parameters
    ----------
    once
        Does it, and tells whether anything came of it. It may raise UnreachableError: that is a round without effect.
    count
        How many rounds are left.
    every_s
        Time between two of them.

    """

    def __init__(self, once: Callable[[], bool], *, count: int, every_s: float) -> None:
        self._once, self._left, self._every_s = once, count, every_s
        self._ended = Event()
        self._after_s = 0.0
        self._thread = Thread(target=self._run, name="fault-rounds", daemon=True)

    def start(self, *, after_s: float) -> None:
        """Begin, so many seconds from now."""
        self._after_s = after_s
        self._thread.start()

    def end(self) -> None:
        """Begin no more rounds, and return when the last one is over."""
        self._ended.set()
        self._thread.join(_END_S)

    def _run(self) -> None:
        wait_s = self._after_s
        while self._left > 0 and not self._ended.wait(wait_s):
            wait_s = _GLANCE_S
            if self._has_effect():
                self._left -= 1
                wait_s = self._every_s

    def _has_effect(self) -> bool:
        try:
            return self._once()
        except UnreachableError:
            return False
