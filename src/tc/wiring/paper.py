"""What a paper run really gets: outside, a supervisor with two processes; inside one of them, the node."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.data import candles_of_tape
from tc.wiring.desk import VenueDesk
from tc.wiring.outside import Outside
from tc.wiring.paper_parts import (
    SETTLED_WITHIN_S,
    PaperPlace,
    environment_of,
    judged,
    line_to,
    new_paper_run_id,
    node_spec,
    on_stop_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tc.exchange import VenueLine
    from tc.flows.paper.node import FinishedPaperRun
    from tc.flows.paper.resume import TapeStart
    from tc.flows.paper.supervise import Supervised, Supervision
    from tc.ports import NodeState, PaperRequest, TapeWriter
    from tc.reports.reconciliation import ReconciliationDocument
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.paper_spec import NodeSpec, TapeSpec
    from tc.spec.run_spec import RunSpec
    from tc.spec.venue_url import VenueUrl
    from tc.store.layout import RunDirectory

_ASKED_EVERY_MS, _UNANSWERED_MS, _ASKED_TIMES = 500, 5_000, 2
"""How often is looked for orders that the venue has not answered, from which age on it is asked about one, and how often."""

TAPE = "tape"
"""What the rows of a paper run refer to: what its own node saw."""


@dataclass(frozen=True, slots=True)
class PaperResult:
    """A paper run that has ended, as its supervisor saw it: its directory, if there is one, and the venue's last word."""

    run: "RunDirectory | None"
    supervised: "Supervised"
    reconciliation: "ReconciliationDocument | None"


def run_paper_spec(
    spec: Path,
    *,
    overrides: "Sequence[str]",
    place: PaperPlace,
    run_id: str | None,
    on_state: "Callable[[str], None]",
    should_stop: "Callable[[], bool]",
    documents: "tuple[RunSpec, InstrumentSpec] | None" = None,
) -> PaperResult:
    """Run a paper spec: a venue, where it is embedded, and one node, watched from here until both have ended.

    ``documents`` are what has been read of the spec already.
    """
    from tc.spec.check import load_documents

    document, instrument = documents or load_documents(spec, overrides=overrides)
    node = node_spec(document)
    if node.venue_url is not None:
        judged(node.venue_url, node, place)
    run_id = new_paper_run_id(document, instrument) if run_id is None else run_id
    outside = Outside(document, node, place, run_id, environment_of(node))
    plan = outside.plan(spec, instrument, overrides)
    return supervised_run(
        outside, plan, node, place, instrument=instrument, run_id=run_id, on_state=on_state, should_stop=should_stop
    )


def supervised_run(
    outside: Outside,
    plan: "Supervision",
    node: "NodeSpec",
    place: PaperPlace,
    *,
    instrument: "InstrumentSpec",
    run_id: str,
    on_state: "Callable[[str], None]",
    should_stop: "Callable[[], bool]",
) -> PaperResult:
    """Watch a venue, where it is embedded, and one node, until both have ended; meanwhile, do for others what needs the keys."""
    from tc.flows.paper.supervise import supervise
    from tc.flows.paper.supervisor_line import listening
    from tc.store.nodes import supervisor_path
    from tc.store.supervising import supervising

    desk = VenueDesk(node, place, plan.environment)
    pulse = outside.pulse(instrument)

    def on_node(url: str, pid: int) -> None:
        desk.url = url
        outside.announce(url, pid)
        pulse.begin(url, pid)

    def note(state: str) -> None:
        pulse.note_state(state)
        on_state(state)

    with (
        supervising(place.runtime_root, run_id),
        closing(pulse),
        listening(supervisor_path(place.runtime_root, run_id), desk.answers()),
    ):
        supervised = supervise(
            plan,
            on_node=on_node,
            on_state=note,
            should_stop=should_stop,
            look=outside.look,
            is_silent=desk.is_silent,
            settle=outside.settle,
            before_the_end=outside.reconcile,
        )
    return PaperResult(outside.run, supervised, outside.reconciliation)


def checked_paper(spec: "RunSpec", instrument: "InstrumentSpec", *, means_testnet: bool) -> dict[str, object]:
    """Check what can be checked of a paper run without a node: where its orders would go, and whether there are keys."""
    from tc.spec.venue_url import judge

    node = node_spec(spec)
    environment_of(node)
    where = "embedded"
    if node.venue_url is not None:
        where = str(judge(node.venue_url, environment=node.environment, has_consent=means_testnet))
    return {
        "name": spec.name,
        "engine": spec.engine,
        "strategy": spec.stated_strategy.core or spec.stated_strategy.path or spec.stated_strategy.scenario,
        "instrument": instrument.id,
        "venue": where,
        "gate": spec.gate,
        "on_stop": on_stop_of(spec),
        "duration_s": None if spec.stop is None else spec.stop.duration_s,
    }


def run_node(
    spec: Path,
    *,
    overrides: "Sequence[str]",
    place: PaperPlace,
    run_id: str,
    venue_url: str,
    on_state: "Callable[[NodeState], None]",
    should_stop: "Callable[[], bool]",
    why_stopped: "Callable[[], str]",
) -> "FinishedPaperRun":
    """Run the node of a paper spec in this process, on a venue that runs."""
    from functools import partial

    from tc.engines.nautilus.live.node import NautilusLiveEngine
    from tc.flows.paper.node import run_paper
    from tc.flows.recording.circumstances import circumstances_here
    from tc.flows.runs.report import report_run
    from tc.spec.check import load_documents
    from tc.store.kill_switch import FOLDER, KillSwitch

    document, instrument = load_documents(spec, overrides=overrides)
    node = node_spec(document)
    url = judged(venue_url, node, place)
    switch = KillSwitch(place.runtime_root / FOLDER)
    return run_paper(
        lambda run: request_of(document, instrument, node, run, url=url, spec_file=spec, place=place),
        run_id=run_id,
        engine=NautilusLiveEngine(),
        circumstances=circumstances_here(artifacts_root=place.artifacts_root, run_id=run_id, is_durable=True),
        report=partial(report_run, draw_tape=candles_of_tape),
        active_switch=lambda: switch.effective(run_id=run_id, name=document.name),
        on_state=on_state,
        should_stop=should_stop,
        why_stopped=why_stopped,
    )


def request_of(
    spec: "RunSpec",
    instrument: "InstrumentSpec",
    node: "NodeSpec",
    run: "RunDirectory",
    *,
    url: "VenueUrl",
    spec_file: Path,
    place: PaperPlace,
    goes_on: "TapeStart | None" = None,
) -> "PaperRequest":
    """Return what is asked of a live engine; where a run goes on, its own code, and its rows numbered on."""
    from tc.ports import PaperRequest, Reconciling
    from tc.spec.grammar import seconds_ns
    from tc.store.kill_switch import FOLDER, KillSwitch

    unanswered_s = spec.timing.acknowledgement_timeout_s
    return PaperRequest(
        spec=spec,
        instrument=instrument,
        spec_folder=spec_file.resolve().parent,
        venue_url=url,
        run_id=run.run_id,
        logs=run.path / "logs",
        runtime_root=place.runtime_root,
        tape=tape_of(node.tape, run, goes_on),
        own_line=OwnVenueLine(url, node),
        api_key_name=node.api_key,
        api_secret_name=node.api_secret,
        trader_id=node.trader_id,
        on_stop=on_stop_of(spec),
        stop_seconds=_inside(seconds_ns(node.stop_deadline_s) / 1e9),
        code_folder=None if goes_on is None else run.code,
        first_row=0 if goes_on is None else goes_on.row,
        kill_position=KillSwitch(place.runtime_root / FOLDER).position,
        run=run,
        reconciling=Reconciling(
            in_flight_check_ms=_ASKED_EVERY_MS,
            in_flight_threshold_ms=_UNANSWERED_MS if unanswered_s is None else seconds_ns(unanswered_s) // 10**6,
            in_flight_retries=_ASKED_TIMES,
        ),
    )


def tape_of(spec: "TapeSpec", run: "RunDirectory", goes_on: "TapeStart | None") -> "TapeWriter":
    """Return what keeps the market data that a run's node sees, or only counts it."""
    from tc.data.tape.encoding import block_bytes
    from tc.spec.grammar import seconds_ns
    from tc.store.tape import CountedTape, RunTape, TapeLimits

    block, row = (1, 0) if goes_on is None else (goes_on.block, goes_on.row)
    if not spec.keep or (goes_on is not None and goes_on.is_stopped):
        return CountedTape(TAPE, first_row=row)
    limits = TapeLimits(
        block_rows=spec.block_rows,
        block_s=seconds_ns(spec.block_s) / 1e9,
        max_bytes=None if spec.max_mb is None else spec.max_mb * 10**6,
        min_free_bytes=spec.min_free_mb * 10**6,
    )
    return RunTape(run.tape, TAPE, encode=block_bytes, limits=limits, first_block=block, first_row=row)


def _inside(deadline_s: float) -> float:
    """Return how long the node itself may take to stop: it must have ended by the supervisor's deadline."""
    return deadline_s * 0.6


class OwnVenueLine:
    """The node's own signed line to its venue, besides the engine's; all that it needs is loaded before the node trades."""

    def __init__(self, url: "VenueUrl", node: "NodeSpec") -> None:
        from tc.exchange import flatten
        from tc.exchange.flattening.open_items import read_open_items

        self._url = url
        self._node = node
        self._flatten = flatten
        self._read_open_items = read_open_items

    async def left(self) -> tuple[str, ...]:
        """Return what is open or held at the venue, in words; UnreachableError when it does not say."""
        async with self._line() as line:
            items = await self._read_open_items(line, None)
        if items.errors:
            raise items.errors[0]
        return (*items.order_words(), *items.position_words())

    async def flatten(self) -> tuple[str, ...]:
        """Cancel and close all that the account has there, and return what is left."""
        async with self._line() as line:
            await self._flatten(line, deadline_s=SETTLED_WITHIN_S)
        return await self.left()

    def _line(self) -> "VenueLine":
        return line_to(self._url, self._node, os.environ)
