"""What every toxic has: whom it bites on, how often it has, and a wait that ends when it is taken away."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Literal, Protocol

from tc.faults.proxy.pipe import Chunk
from tc.faults.proxy.sniffing import Kind
from tc.spec.drills.fault_parameters.transport import Chosen

type Forward = Callable[[Chunk], Awaitable[None]]
type Side = Literal["upstream", "downstream"]


class Subject(Protocol):
    """A connection, as a toxic sees it."""

    @property
    def number(self) -> int:
        """How many came before it."""

    @property
    def kind(self) -> Kind | None:
        """What it is for; None until it has said so."""

    @property
    def rank(self) -> int:
        """How many of its kind came before it."""

    @property
    def is_cut(self) -> bool:
        """Whether it is being closed, and nothing may pass any more."""


class Line(Protocol):
    """One direction of a connection, as a toxic sees it."""

    held_by: "Toxic | None"
    """Who lets nothing pass now."""

    @property
    def subject(self) -> Subject:
        """Its connection."""

    @property
    def side(self) -> Side:
        """Where it leads."""

    async def cut(self) -> None:
        """Close the connection, at both ends; returns never."""


@dataclass(slots=True)
class Bites:
    """What a toxic has done.

    Parameters
    ----------
    times
        How often it bit: on a chunk, on an end of what is sent, or on a connection.
    connections
        On how many connections.
    bytes
        On how many bytes.

    """

    times: int = 0
    connections: int = 0
    bytes: int = 0


class Toxic:
    """One thing that is wrong with connections, from when it is added to when it is taken away.

    Parameters
    ----------
    chosen
        Which connections it bites on.

    """

    def __init__(self, chosen: Chosen) -> None:
        self._connections = chosen.connections
        self._toxicity = Decimal(chosen.toxicity)
        self._bites = Bites()
        self._bitten: set[int] = set()
        self._decided: dict[int, bool] = {}
        self._seed = ""
        self._gone = asyncio.Event()

    @property
    def closes_port(self) -> bool:
        """Whether nobody can connect while it is there."""
        return False

    @property
    def bites(self) -> Bites:
        """What it has done so far; safe from any thread."""
        return replace(self._bites)

    def begin(self, seed: str) -> None:
        """Start with what is random: equal seeds decide equally."""
        self._seed = seed
        self._decided.clear()
        self._gone.clear()

    def end(self) -> None:
        """Let go of all that waits."""
        self._gone.set()

    def concerns(self, subject: Subject) -> bool:
        """Tell whether it bites on a connection: by its number, or its number among its kind, whatever else happens."""
        if self._connections == "all":
            return self._decide(subject.number)
        return subject.kind == self._connections and self._decide(subject.rank)

    def bite(self, subject: Subject | None, size: int = 0) -> None:
        """Count a bite, on a connection if there is one."""
        if subject is not None and subject.number not in self._bitten:
            self._bitten.add(subject.number)
            self._bites.connections += 1
        self._bites.bytes += size
        self._bites.times += 1

    def random(self, *names: object) -> Random:
        """Return the random numbers of a name."""
        return Random("/".join((self._seed, *map(str, names))))  # noqa: S311 - reproducible is what it must be

    async def pause(self, seconds: float | None) -> None:
        """Wait so long, or without end if None, but no longer than it is there."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), seconds)

    def _decide(self, nth: int) -> bool:
        if nth not in self._decided:
            self._decided[nth] = self.random("toxicity", nth).random() < self._toxicity
        return self._decided[nth]


class Treatment(Toxic, ABC):
    """A toxic of what passes."""

    @abstractmethod
    async def through(self, chunk: Chunk, line: Line, forward: Forward) -> None:
        """Do its harm to a chunk, and forward what is left of it."""


class Cutter(Toxic, ABC):
    """A toxic of whole connections: those that it bites on are cut, now and when they come."""

    @property
    @abstractmethod
    def resets(self) -> frozenset[Side]:
        """Towards whom a connection is reset, instead of closed."""
