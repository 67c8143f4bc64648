"""What the gate needs of an engine, of a recorder and of a timer, whether the engine plays a dataset or is live."""

from collections.abc import Callable
from typing import Any, Protocol

from tc.core.events import Event


class HasKernel(Protocol):
    """A backtest engine or a live node: both are a kernel with things around it."""

    @property
    def kernel(self) -> Any:  # noqa: ANN401 - Nautilus's kernel
        """Nautilus's kernel: its message bus, engines, cache, clock and trader."""
        ...


class Recording(Protocol):
    """Who turns what an engine publishes into our events."""

    def put(self, *events: Event) -> None:
        """Emit events of our own now, after everything that waits and the rows taken up so far."""
        ...

    def catch_up(self) -> None:
        """Emit everything that waits, and the rows taken up so far."""
        ...

    def replace_by(self, replace: Callable[[Any], Any]) -> None:
        """Let every order event be replaced before it is recorded."""
        ...


class Timer(Protocol):
    """The engine's one timer for the Runtime."""

    def set(self, deadline_ns: int) -> None:
        """Ring at the deadline, and at no other."""
        ...

    def clear(self) -> None:
        """Do not ring any more."""
        ...


type MakeTimer = Callable[[Any, Callable[[int], None]], Timer]
"""Makes a timer of a Nautilus clock and what is called when it rings."""
