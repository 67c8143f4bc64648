"""What a run's supervisor does at its venue for other shells of its user, which need no keys for it."""

from typing import TYPE_CHECKING, Any

from tc.wiring.kill_outside import flatten_told, refuses_connections
from tc.wiring.paper_parts import PaperPlace, judged, line_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tc.flows.paper.supervisor_line import Answer
    from tc.spec.paper_spec import NodeSpec

_LONGEST_S = 600.0


class VenueDesk:
    """Flattens a run's account with the keys that its supervisor has in memory: they may have been made for this run alone."""

    def __init__(self, node: "NodeSpec", place: PaperPlace, environment: "Mapping[str, str]") -> None:
        self._node = node
        self._place = place
        self._environment = environment
        self.url = node.venue_url or ""

    def answers(self) -> "Mapping[str, Answer]":
        """Return what it answers."""
        return {"ping": lambda _: {"pong": bool(self.url)}, "flatten": self._flatten}

    def is_silent(self, url: str) -> bool:
        """Say whether nobody listens at the venue."""
        judged_url = judged(url, self._node, self._place)
        return judged_url.environment == "loopback" and refuses_connections(judged_url)

    def _flatten(self, request: "Mapping[str, Any]") -> "Mapping[str, Any]":
        import asyncio
        from dataclasses import asdict

        from tc.errors import UnreachableError

        if not self.url:
            raise UnreachableError("the venue has not started yet")
        deadline_s = min(float(request.get("deadline_s", 0)), _LONGEST_S)

        async def flattened() -> "Mapping[str, Any]":
            async with line_to(judged(self.url, self._node, self._place), self._node, self._environment) as line:
                return asdict(await flatten_told(line, deadline_s=deadline_s))

        return asyncio.run(flattened())
