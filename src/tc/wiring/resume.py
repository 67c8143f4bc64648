"""What `tc run --resume` really gets: the supervisor's side, the node's, and what asks the venue what became meanwhile."""

import time
from typing import TYPE_CHECKING

from tc.wiring.data import candles_of_tape
from tc.wiring.machine import witness_here
from tc.wiring.outside import Outside
from tc.wiring.paper import PaperResult, request_of, supervised_run
from tc.wiring.paper_parts import SETTLED_WITHIN_S, PaperPlace, environment_of, judged, line_to, node_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tc.core import EventStreamEntry, State
    from tc.core.events import Event
    from tc.exchange.reading.account import VenueReading
    from tc.exchange.wire.line import VenueLine
    from tc.flows.paper.node import FinishedPaperRun
    from tc.ports import NodeState, OnStop
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.paper_spec import NodeSpec
    from tc.spec.venue_url import VenueUrl

ON_ITS_WAY_NS = 6_000_000_000
"""So long may a request be under way: a venue takes none that was signed more than five seconds ago."""

_EARLIER_NS = 10_000_000_000
_PAUSE_S = 0.2


def resume_paper_run(
    name: str,
    *,
    place: PaperPlace,
    duration_s: str | None,
    on_state: "Callable[[str], None]",
    should_stop: "Callable[[], bool]",
) -> PaperResult:
    """Go on with a crashed paper run: its venue, where it is embedded, on what that had kept, and one node."""
    from tc.flows.configuration import read_effective_configuration
    from tc.flows.paper.resume import require_resumable
    from tc.wiring.looking import find_run

    run = find_run(name, artifacts_root=place.artifacts_root)
    require_resumable(run, tc=witness_here().tc)
    effective = read_effective_configuration(run)[1]
    document = effective.run_spec
    node = node_spec(document)
    if node.venue_url is not None:
        judged(node.venue_url, node, place)
    if node.venue is not None:
        _require_state(place.runtime_root / "venues" / f"{run.run_id}.sqlite")
    outside = Outside(document, node, place, run.run_id, environment_of(node))
    plan = outside.plan_again(duration_s)
    return supervised_run(
        outside, plan, node, place, instrument=effective.instrument, run_id=run.run_id, on_state=on_state, should_stop=should_stop
    )


def _require_state(state: "Path") -> None:
    """Raise ArtifactError where an embedded venue would begin anew, with none of the run's orders."""
    from tc.errors import ArtifactError
    from tc.flows.paper.resume import HINT_RECOVER

    if not state.is_file():
        raise ArtifactError(
            f"{state} is missing: the embedded venue has forgotten the run's orders and its account",
            hint=f"Give the --runtime-root that the run was started with. {HINT_RECOVER}",
        )


def resume_node(
    run_id: str,
    *,
    place: PaperPlace,
    venue_url: str,
    duration_s: str | None,
    on_state: "Callable[[NodeState], None]",
    should_stop: "Callable[[], bool]",
    why_stopped: "Callable[[], str]",
) -> "FinishedPaperRun":
    """Go on with a crashed run in this process, on a venue that runs."""
    from functools import partial

    from tc.engines.nautilus.live.node import NautilusLiveEngine
    from tc.flows.configuration import read_effective_configuration
    from tc.flows.paper.resume import resume_paper
    from tc.flows.runs.report import report_run
    from tc.spec.grammar import seconds_ns
    from tc.store.kill_switch import FOLDER, KillSwitch
    from tc.store.layout import existing_run

    run = existing_run(place.artifacts_root, run_id)
    effective = read_effective_configuration(run)[1]
    document, instrument = effective.run_spec, effective.instrument
    node = node_spec(document)
    url = judged(venue_url, node, place)
    switch = KillSwitch(place.runtime_root / FOLDER)
    return resume_paper(
        run,
        lambda run, tape: request_of(document, instrument, node, run, url=url, spec_file=run.spec, place=place, goes_on=tape),
        venue=AskedVenue(url, node, instrument),
        engine=NautilusLiveEngine(),
        by=witness_here(),
        report=partial(report_run, draw_tape=candles_of_tape),
        active_switch=lambda: switch.effective(run_id=run_id, name=document.name),
        on_state=on_state,
        should_stop=should_stop,
        why_stopped=why_stopped,
        duration_ns=None if duration_s is None else seconds_ns(duration_s),
    )


class AskedVenue:
    """Asks a venue, over our own signed line, what became of a run's orders."""

    def __init__(self, url: "VenueUrl", node: "NodeSpec", instrument: "InstrumentSpec") -> None:
        from tc.exchange.reading.catching_up import Catching, Known

        self._url = url
        self._node = node
        self._known = Known()
        self._catching = Catching(
            instruments={instrument.raw_symbol: instrument.id},
            currency=instrument.quote_currency,
        )

    def take(self, entry: "EventStreamEntry") -> None:
        """Take note of the stream's next entry."""
        self._known.take(entry)

    def caught_up(self, state: "State", *, is_last_word: bool) -> "tuple[Event, ...]":
        """Return what is to be recorded; waits, for the last word, until nothing can be on its way any more."""
        from tc.exchange.reading.catching_up import caught_up, wait_ns

        longest_ns = 0 if self._node.venue is not None else ON_ITS_WAY_NS
        quiet_ns = time.monotonic_ns() + wait_ns(state.stream_time_ns, time.time_ns(), longest_ns=longest_ns)
        while True:
            began_ns = time.monotonic_ns()
            found = caught_up(state, self._known, self._read(), self._catching, is_last_word=is_last_word)
            if not is_last_word or not found.unseen or began_ns >= quiet_ns:
                return found.events
            time.sleep(_PAUSE_S)

    def settle(self, on_stop: "OnStop") -> None:
        """Cancel, or cancel and close, what the account has there."""
        import asyncio

        from tc.exchange import flatten

        async def settled() -> None:
            async with self._line() as line:
                await flatten(line, deadline_s=SETTLED_WITHIN_S, closes_positions=on_stop == "flatten")

        asyncio.run(settled())

    def _line(self) -> "VenueLine":
        import os

        return line_to(self._url, self._node, os.environ)

    def _read(self) -> "VenueReading":
        """Read the account, on a thread of its own: this one may be a node's, whose loop runs."""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=1) as one:
            return one.submit(lambda: asyncio.run(self._reading())).result()

    async def _reading(self) -> "VenueReading":
        from tc.exchange.reading.account import read_account

        since_ns = self._known.since_ns
        async with self._line() as line:
            return await read_account(
                line, symbols=self._catching.instruments, since_ns=None if since_ns is None else since_ns - _EARLIER_NS
            )
