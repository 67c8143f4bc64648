"""Reactions: the commands that strategies give in answer to what became of others, of which an instant has only so many."""

from typing import Any

from tc.errors import EngineError
from tc.runtime.native import MOST_AT_ONE_INSTANT


class Reactions:
    """Counts, by strategy, the commands that were given while others were answered, as long as the engine's clock stands still.

    A strategy that asks again whenever it is denied would never let the clock go on. What it asks for by itself is not counted.
    """

    __slots__ = ("_counts", "_failure", "_now_ns")

    def __init__(self) -> None:
        self._now_ns = 0
        self._counts: dict[Any, int] = {}
        self._failure: EngineError | None = None

    def count(self, strategy_id: Any, now_ns: int) -> None:  # noqa: ANN401 - Nautilus's id of a strategy
        """Count one more; EngineError when the instant has had as many as one may have, and from then on."""
        self.require_end()
        if now_ns != self._now_ns:
            self._now_ns = now_ns
            self._counts = {}
        count = self._counts[strategy_id] = self._counts.get(strategy_id, 0) + 1
        if count > MOST_AT_ONE_INSTANT:
            self._failure = EngineError(
                f"strategy {strategy_id} answered what became of its orders with {MOST_AT_ONE_INSTANT:,} commands "
                "at one instant, and with another",
                hint="A strategy that asks again whenever it is denied or rejected finds no end: let it wait for market data.",
            )
            raise self._failure

    def require_end(self) -> None:
        """Raise what ended the run, again: a strategy may have swallowed it."""
        if self._failure is not None:
            raise self._failure
