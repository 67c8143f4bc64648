"""The process that hftbacktest runs in: wrong arguments abort it, and only it. Run as ``python -m tc.engines.hft.child``."""

import os
import sys

import msgspec
import numpy as np

from tc.engines.hft.feed import GAP, TRADE
from tc.engines.hft.library import Library
from tc.engines.hft.messages import Advance, Begin, Request, Seen, Top, read_message, write_message

_QUIET_ROWS = 4_096  # so many rows may pass without a word, so that a run can be stopped


class Player:
    """Plays a book in hftbacktest, stamp by stamp."""

    def __init__(self, begin: Begin) -> None:
        self._kinds = np.frombuffer(begin.kinds, dtype=np.uint8)
        self._ticks = np.frombuffer(begin.ticks, dtype=np.int64)
        self._lots = np.frombuffer(begin.lots, dtype=np.int64)
        self._local_ns = np.frombuffer(begin.local_ns, dtype=np.int64)
        self._end_ns = begin.end_ns
        self._library = Library(begin)
        self._played = 0
        self._seen_ns = 0
        self._has_gap = False
        self._told: Top | None = None
        while self._library.now_ns < begin.first_ns - 1:
            self._library.wait(begin.first_ns - 1)
        self._cursor = int(np.searchsorted(self._local_ns, begin.first_ns))

    def advance(self, request: Advance) -> Seen:
        """Send the commands, and play to the next stamp that brings something."""
        library = self._library
        for command in request.commands:
            library.send(command)
        limit = self._end_ns if request.until_ns is None else min(request.until_ns, self._end_ns)
        quiet = self._played + _QUIET_ROWS
        while True:
            library.wait(limit)
            trades, responses, top = self._taken(), library.responses(), library.top()
            is_news = responses or trades or self._has_gap or top != self._told
            if is_news or library.now_ns >= limit or self._played >= quiet:
                break
        self._told = top if self._seen_ns else None  # The first row is news, whatever stood before the window.
        return Seen(
            now_ns=library.now_ns,
            played=self._played,
            seen_ns=self._seen_ns,
            last_row=max(0, self._cursor - 1),
            top=top,
            trades=trades,
            has_gap=self._has_gap,
            responses=responses,
            is_end=library.now_ns >= self._end_ns,
        )

    def _taken(self) -> tuple[tuple[int, int, int], ...]:
        """Take up the rows of this stamp, and return its trades."""
        start, stop = self._cursor, self._cursor
        self._has_gap = False
        stamps, end = self._local_ns, len(self._local_ns)
        while stop < end and stamps[stop] <= self._library.now_ns:
            stop += 1
        if stop == start:
            return ()
        self._cursor = stop
        self._seen_ns = int(stamps[stop - 1])
        self._played += stop - start
        kinds = self._kinds[start:stop]
        self._has_gap = bool((kinds == GAP).any())
        traded = start + np.flatnonzero(kinds == TRADE)
        return tuple((int(at), int(self._ticks[at]), int(self._lots[at])) for at in traded)


def main() -> None:
    """Answer requests until the pipe ends: also when the process at its other end is killed."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # The library prints its errors; the pipe is for messages.
    requests = sys.stdin.buffer
    decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
    player: Player | None = None
    while (request := read_message(requests, decoder)) is not None:
        if isinstance(request, Begin):
            player = Player(request)
        elif player is not None:
            write_message(answers, player.advance(request))


if __name__ == "__main__":
    main()
