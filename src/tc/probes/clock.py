"""How long an attempt may still take, and how long its phases took."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of an attempt, on the monotonic clock; ``at_ns`` is when it is reached."""

    at_ns: int

    def left_s(self) -> float:
        """Return what is left, in seconds; raises TimeoutError when nothing is."""
        left_ns = self.at_ns - time.perf_counter_ns()
        if left_ns <= 0:
            raise TimeoutError
        return left_ns / 1e9


class Stopwatch:
    """The times of an attempt's phases; a phase that does not end has none."""

    __slots__ = ("began_ns", "took_ns")

    def __init__(self) -> None:
        self.began_ns = time.perf_counter_ns()
        self.took_ns: dict[str, int] = {}

    def deadline(self, timeout_ms: int) -> Deadline:
        """Return when an attempt that began with this watch must end."""
        return Deadline(self.began_ns + timeout_ms * 1_000_000)

    def took(self, phase: str, since_ns: int) -> int:
        """Note that a phase that began then has ended, and return the time now."""
        now = time.perf_counter_ns()
        self.took_ns[phase] = now - since_ns
        return now

    def forget(self) -> None:
        """Forget the phases, as at a redirect: what is told are those of the last connection."""
        self.took_ns.clear()

    def total_ns(self) -> int:
        """Return how long it is since the beginning."""
        return time.perf_counter_ns() - self.began_ns
