"""A run that trades all the time, at a venue that is always ahead of its journal: nothing is ever read at a quiet moment."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from streams import Venue
from tc.checks.reconcile import HeldBalance, HeldPosition, Holdings, JournalBook
from tc.core import INITIAL, process_event_entry
from tc.core.events import AccountUpdated, Balance
from tc.store.journal import JournalWriter

FILL_EVERY_NS = 100_000_000
MOST_BEHIND = 9
"""So many entries may be at the venue and not in the journal yet: more than a fill, its order and its account state."""


class BusyRun:
    """Plays fills whenever somebody looks or waits; the journal follows some entries behind the venue.

    ``silently_held`` and ``silently_owned`` are what the venue has changed without a word.
    """

    def __init__(self, venue: Venue, journal: JournalWriter, *, seed: int, sides: Callable[[random.Random, int], str]) -> None:
        self._venue = venue
        self._journal = journal
        self._random = random.Random(seed)  # noqa: S311 - a test's choices
        self._sides = sides
        self._written = len(venue.entries)
        self._book, self._state, self._folded = JournalBook(), INITIAL, 0
        self._total = Decimal(1000)
        self.fills = 0
        self.silently_held = Decimal(0)
        self.silently_owned = Decimal(0)

    def trade(self, most: int) -> None:
        """Play some fills, and write some of what was not written yet."""
        for _ in range(self._random.randint(0, most)):
            self._fill()
        behind = self._random.randint(0, MOST_BEHIND)
        self._write(max(self._written, len(self._venue.entries) - behind))

    def observe(self) -> Holdings:
        """Return what the venue holds at a moment in the middle of being asked."""
        self.trade(3)
        self._fold()
        held = self._book.holdings(self._state)
        assert isinstance(held.positions, tuple)
        seen = replace(
            held,
            positions=(HeldPosition("BTCUSDT.X", self._venue.net + self.silently_held),),
            balances=(HeldBalance("USDT", self._total + self.silently_owned),),
            until_ns=self._venue.now,
        )
        self.trade(3)
        return seen

    def pause(self, _seconds: float) -> None:
        """Trade on while somebody waits."""
        self.trade(4)

    def catch_up(self) -> None:
        """Write everything that the venue has said."""
        self._write(len(self._venue.entries))

    def _fill(self) -> None:
        venue = self._venue
        venue.now += FILL_EVERY_NS
        order = venue.accepted(self._sides(self._random, self.fills), "1.0")
        self._total -= Decimal("0.01")
        balance = Balance("USDT", self._total, Decimal(0), self._total)
        venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", True, (balance,)))
        venue.fill(order)
        self.fills += 1

    def _write(self, end: int) -> None:
        for entry in self._venue.entries[self._written : end]:
            self._journal.append(entry)
        self._journal.flush()
        self._written = end

    def _fold(self) -> None:
        for entry in self._venue.entries[self._folded :]:
            self._state = process_event_entry(self._state, entry, configuration=self._venue.configuration)
            self._book.take(entry.event, self._state)
        self._folded = len(self._venue.entries)
