"""What a drill notes: each fact with both clocks, kept in order, and on disk before the next thing is done."""

import time
from collections.abc import Callable, Sequence

from tc.checks.drills.facts import AnyDrillFact


class Notes:
    """Notes facts.

    Parameters
    ----------
    keep
        Writes a fact; it is on disk on return.

    """

    def __init__(self, keep: Callable[[AnyDrillFact], object]) -> None:
        self._keep = keep
        self._facts: list[AnyDrillFact] = []
        self._began_ns = time.monotonic_ns()

    @property
    def facts(self) -> Sequence[AnyDrillFact]:
        """All that was noted, in order."""
        return self._facts

    @property
    def elapsed_ns(self) -> int:
        """How long the drill has gone on."""
        return time.monotonic_ns() - self._began_ns

    def add(self, fact_of: Callable[..., AnyDrillFact], /, **fields: object) -> AnyDrillFact:
        """Note a fact of a type, now, and return it."""
        fact = fact_of(at_ns=time.time_ns(), elapsed_ns=self.elapsed_ns, **fields)
        self._keep(fact)
        self._facts.append(fact)
        return fact
