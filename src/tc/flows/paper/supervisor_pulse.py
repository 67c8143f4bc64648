"""What a supervisor says while its node runs: whether the venue answers, and whether its market moves when the feed does not."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from tc.checks.feed import Answer, Inquiry, Question, Silence, silences
from tc.errors import ArtifactError, UnreachableError
from tc.store.heartbeat import SupervisorHeartbeat, read_node_heartbeat, write_heartbeat
from tc.store.layout import RunDirectory
from tc.store.processes import NEVER_STARTED, started_at, state_of

EVERY_S = 1.0
_LOOK_S = 0.25
_ASK_AGAIN_S: Mapping[Question, float] = {"touch": 2.0, "trades": 3.0}
"""What weighs more is asked less often."""

_TIME_S, _TIME_AGAIN_S = 10.0, 2.0
"""How often a venue is asked what time it is there, and how often where it did not answer."""

_ENDS_WITHIN_S = 3.0
_NS = 1_000_000_000


class VenueBeside(Protocol):
    """A venue that is asked beside the feed; each question is UnreachableError when no answer comes."""

    async def time(self) -> None:
        """Ask what time it is there."""
        ...

    async def touch(self, symbol: str) -> Answer | None:
        """Ask for the best prices and their sizes; None when the venue answers, and does not say."""
        ...

    async def last_trade(self, symbol: str) -> Answer | None:
        """Ask which trade was the last one; None when the venue answers, and does not say."""
        ...

    def weight(self) -> tuple[int, int | None] | None:
        """Return what of a minute's request weight is used, and the limit, None for none; None before any was told."""
        ...


type OpenVenue = Callable[[str], AbstractAsyncContextManager[VenueBeside]]
"""Opens the way to a venue, by its URL."""


class SupervisorPulse:
    """Writes a run's `live/supervisor.json` from a thread of its own, which waits for nothing that could hang.

    Parameters
    ----------
    run
        The run; nothing is written before it is on record.
    open_venue
        Opens the way to its venue.
    symbols
        The venue's symbols by instrument id.
    clock
        The wall clock.

    """

    def __init__(
        self,
        run: RunDirectory,
        open_venue: OpenVenue,
        symbols: Mapping[str, str],
        *,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._run = run
        self._open_venue = open_venue
        self._symbols = symbols
        self._clock = clock
        self._pid, self._started = 0, 0
        self._is_over = False
        self._wake: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None
        self._inquiries: dict[tuple[str, str], Inquiry] = {}
        self._put_ns: dict[tuple[str, Question], int] = {}
        self._is_reachable: bool | None = None
        self._asked_ns = 0
        self._last: SupervisorHeartbeat | None = None
        self._has_traded = False
        self._node_state = "starting"

    def note_state(self, state: str) -> None:
        """Take note of a state that the node reported; before it trades nobody asks its venue anything: it may be blocked."""
        self._node_state = state
        self._has_traded = self._has_traded or state == "trading"

    def begin(self, url: str, pid: int) -> None:
        """Begin, with the venue's URL and the node's process."""
        self._pid, self._started = pid, started_at(pid) or NEVER_STARTED
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watched(url)), name="tc-pulse", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, and leave the last word; what is still asked is not waited for."""
        self._is_over = True
        with suppress(RuntimeError):  # Its loop may have ended.
            self._wake()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN_S)

    async def _watched(self, url: str) -> None:
        ending = asyncio.Event()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, ending.set)
        async with self._open_venue(url) as venue:
            asking = asyncio.create_task(self._ask_what_is_due(venue))
            while not self._is_over:
                self._write(venue)
                with suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), _LOOK_S)
                if asking.done():
                    asking.result()
                    asking = asyncio.create_task(self._ask_what_is_due(venue))
            asking.cancel()
            self._write(venue)

    async def _ask_what_is_due(self, venue: VenueBeside) -> None:
        """Ask whether the market moves of which nothing is heard; where all is heard, only what time it is there."""
        now_ns = self._clock()
        silent = self._silent(now_ns) if self._has_traded else ()
        channels = {(each.instrument_id, each.channel) for each in silent}
        self._inquiries = {each: said for each, said in self._inquiries.items() if each in channels}
        for instrument_id, question in dict.fromkeys((each.instrument_id, each.question) for each in silent):
            of_it = [each for each in silent if (each.instrument_id, each.question) == (instrument_id, question)]
            await self._ask_beside(venue, instrument_id, question, of_it)
        every_s = _TIME_AGAIN_S if self._is_reachable is False else _TIME_S
        if self._has_traded and _is_due(self._asked_ns, self._clock(), every_s):
            await self._asked(venue.time())

    async def _ask_beside(self, venue: VenueBeside, instrument_id: str, question: Question, silent: list[Silence]) -> None:
        """Put one question, unless it was put just now, and hear the answer for each channel that it tells something of."""
        put_ns = self._clock()
        if not _is_due(self._put_ns.get((instrument_id, question), 0), put_ns, _ASK_AGAIN_S[question]):
            return
        self._put_ns[instrument_id, question] = put_ns
        put = venue.touch if question == "touch" else venue.last_trade
        said = await self._asked(put(self._symbols[instrument_id]))
        if said is not None:
            for each in silent:
                self._hear(each, said, put_ns)

    async def _asked[T](self, question: Awaitable[T]) -> T | None:
        """Return the answer, None where there is none; and note whether the venue answers at all."""
        try:
            answer = await question
        except UnreachableError:
            self._is_reachable, self._asked_ns = False, self._clock()
            return None
        self._is_reachable, self._asked_ns = True, self._clock()
        return answer

    def _silent(self, now_ns: int) -> tuple[Silence, ...]:
        """Return the channels to ask about."""
        try:
            node = read_node_heartbeat(self._run)
        except ArtifactError:
            return ()
        found = () if node is None else silences(node, now_ns=now_ns)
        return tuple(each for each in found if each.instrument_id in self._symbols)

    def _hear(self, silence: Silence, said: Answer, put_ns: int) -> None:
        """Take an answer; where the channel has spoken since the first question, it is the first."""
        channel = (silence.instrument_id, silence.channel)
        before = self._inquiries.get(channel)
        if before is None or silence.since_ns >= before.first_ns:
            self._inquiries[channel] = Inquiry.begun(said, put_ns)
        else:
            self._inquiries[channel] = before.heard(said, put_ns, self._asked_ns)

    def _write(self, venue: VenueBeside) -> None:
        """Write, when it is time or something has changed; a disk that does not take it is tried again."""
        heartbeat = self._heartbeat(venue.weight())
        if self._last is not None and not self._is_over and not _is_due(self._last.at_ns, heartbeat.at_ns, EVERY_S):
            at_once = ("node_state", "is_node_alive", "is_venue_reachable", "witnesses")
            if all(getattr(heartbeat, each) == getattr(self._last, each) for each in at_once):
                return
        if self._run.configuration.exists():  # Before that, the node may give the directory up.
            with suppress(ArtifactError):
                write_heartbeat(self._run, replace(heartbeat, stamped_ns=time.time_ns()))
                self._last = heartbeat

    def _heartbeat(self, weight: tuple[int, int | None] | None) -> SupervisorHeartbeat:
        used, limit = weight or (None, None)
        witnesses = (inquiry.witness(*channel) for channel, inquiry in self._inquiries.items())
        return SupervisorHeartbeat(
            at_ns=self._clock(),
            every_s=EVERY_S,
            pid=os.getpid(),
            node_state=self._node_state,
            is_node_alive=state_of(self._pid, self._started) != "gone",
            is_venue_reachable=self._is_reachable,
            venue_asked_ns=self._asked_ns,
            request_weight=used,
            request_weight_limit=limit,
            witnesses=tuple(each for each in witnesses if each is not None),
        )


def _is_due(last_ns: int, now_ns: int, every_s: float) -> bool:
    """Whether it is time again; a clock that was set back does not say, and must not silence anybody until it has caught up."""
    return not 0 <= now_ns - last_ns < every_s * _NS
