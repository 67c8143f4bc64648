"""The way to a run's venue beside its feed: our own line, which asks what anybody may ask."""

from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from tc.wiring.paper_parts import judged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tc.checks.feed import Answer
    from tc.exchange import VenueLine
    from tc.exchange.wire.weight import RequestWeight
    from tc.flows.paper.supervisor_pulse import OpenVenue
    from tc.spec.paper_spec import NodeSpec
    from tc.wiring.paper_parts import PaperPlace

_TIMEOUT_S = 2.0


def way_beside(node: "NodeSpec", place: "PaperPlace", environment: "Mapping[str, str]", weight: "RequestWeight") -> "OpenVenue":
    """Return what opens the way; what it learns of request weight it adds to ``weight``."""

    @asynccontextmanager
    async def opened(url: str) -> "AsyncIterator[LineBeside]":
        from tc.exchange import VenueLine, read_keys

        keys = read_keys(node.api_key, node.api_secret, environment)
        async with VenueLine(judged(url, node, place), keys, timeout_s=_TIMEOUT_S, patience_s=0, weight=weight) as line:
            yield LineBeside(line, weight)

    return opened


class LineBeside:
    """Asks over a line; a question that the venue refuses is answered, too."""

    def __init__(self, line: "VenueLine", weight: "RequestWeight") -> None:
        self._line = line
        self._weight = weight

    async def time(self) -> None:
        """Ask what time it is there; the first time, for the limit of request weight, too."""
        from tc.exchange import VenueRefusedError

        with suppress(VenueRefusedError):
            await self._line.measure_skew()
            await self._line.learn_limit()

    async def touch(self, symbol: str) -> "Answer | None":
        """Ask for the best prices and their sizes."""
        from tc.exchange import VenueRefusedError
        from tc.exchange.reading.touch import read_touch

        with suppress(VenueRefusedError):
            return await read_touch(self._line, symbol)
        return None

    async def last_trade(self, symbol: str) -> "Answer | None":
        """Ask which trade was the last one."""
        from tc.exchange import VenueRefusedError
        from tc.exchange.reading.touch import read_last_trade

        with suppress(VenueRefusedError):
            return await read_last_trade(self._line, symbol)
        return None

    def weight(self) -> tuple[int, int | None] | None:
        """Return what of a minute's request weight is used, and the limit."""
        return (self._line.used_weight, self._weight.limit or None) if self._weight.is_told else None
