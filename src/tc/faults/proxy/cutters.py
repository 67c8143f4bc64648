"""Toxics of whole connections: down, and reset."""

from tc.faults.proxy.toxic import Cutter, Side
from tc.spec.drills.fault_parameters import transport

_EVERYWHERE: frozenset[Side] = frozenset({"upstream", "downstream"})


class Down(Cutter):
    """Connections are closed, and where it concerns every one, nobody can connect."""

    @property
    def closes_port(self) -> bool:
        """Whether it concerns every connection."""
        return self._connections == "all" and self._toxicity >= 1

    @property
    def resets(self) -> frozenset[Side]:
        """Nobody: they are closed, as by a venue that ends."""
        return frozenset()


class Reset(Cutter):
    """Connections are reset."""

    def __init__(self, parameters: transport.Reset) -> None:
        super().__init__(parameters)
        direction = parameters.direction
        self._resets: frozenset[Side] = _EVERYWHERE if direction == "both" else frozenset({direction})

    @property
    def resets(self) -> frozenset[Side]:
        """Towards whom it resets; towards the other it closes."""
        return self._resets
