"""What the drill strategy does when it is told to by a file: it stalls, runs away or takes memory, and counts that."""

import itertools
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from tc.spec.drills.fault_parameters.host import EventLoopBlock, RunawayOrders
from tc.store.files import write_atomic

Word = Literal["stall", "runaway", "allocate"]

_serial = itertools.count(1)


class Commands:
    """The folder in which the drill strategy looks for commands: each a file, and beside it a file that counts what was done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def give(self, word: Word, **arguments: str | int) -> None:
        """Give a command, whole; it is carried out once, and takes the place of the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = f"{time.time_ns()}-{next(_serial)}"
        write_atomic(self._folder / f"{word}.json", msgspec.json.encode({"id": number, **arguments}), is_durable=False)

    def take_back(self, word: Word) -> None:
        """Take a command back; what is left of it is not done any more."""
        (self._folder / f"{word}.json").unlink(missing_ok=True)

    def done(self, word: Word) -> int:
        """Return how often it was done so far, as the strategy counts it."""
        with suppress(OSError, ValueError):
            return int((self._folder / f"{word}.count").read_text(encoding="ascii"))
        return 0


class StallFault:
    """A handler of the strategy sleeps, and its node's event loop with it; see `tc.ports.drills.Fault`."""

    def __init__(self, commands: Commands, parameters: EventLoopBlock) -> None:
        self._commands = commands
        self._parameters = parameters

    def inject(self) -> None:
        """Have it sleep, again and again."""
        stall = self._parameters
        self._commands.give("stall", seconds=stall.seconds, count=stall.count, every_s=stall.every_s)

    def proof(self) -> int:
        """Return how often it has slept."""
        return self._commands.done("stall")

    def restore(self) -> None:
        """Have it sleep no more."""
        self._commands.take_back("stall")


class RunawayFault:
    """The strategy asks for one order after the other, all to buy; see `tc.ports.drills.Fault`."""

    def __init__(self, commands: Commands, parameters: RunawayOrders) -> None:
        self._commands = commands
        self._parameters = parameters

    def inject(self) -> None:
        """Have it ask."""
        self._commands.give("runaway", count=self._parameters.count, quantity=self._parameters.quantity)

    def proof(self) -> int:
        """Return how many orders it has asked for."""
        return self._commands.done("runaway")

    def restore(self) -> None:
        """Have it ask no more."""
        self._commands.take_back("runaway")
