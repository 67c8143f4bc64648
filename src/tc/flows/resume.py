"""`tc run --resume`, inside the node's process: a crashed paper run goes on in its journal, once what was in doubt is settled."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from tc.core import EventStreamEntry, State
from tc.core.events import Event, KillSwitchChanged, RunResumed
from tc.errors import ArtifactError, EngineError, RefusedError, UnreachableError
from tc.flows.configuration import StoredConfiguration, read_configuration
from tc.flows.paper import FinishedPaperRun, Playing, plan_of
from tc.flows.recording import GoesOn, OpenRun, Recording, Reporter, RunPlan, record_and_seal
from tc.flows.recover import cut_torn_end, fold_again
from tc.flows.reproduce import differing_parts
from tc.flows.witness import Witness
from tc.ports import LiveEngine, NodeState, PaperRequest
from tc.runtime.stream import EventStream
from tc.store.facts import RunContinued
from tc.store.journal import read_entries, read_lines, scan_journal
from tc.store.kill_switch import Active
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock, is_active
from tc.store.metadata import Metadata, read_metadata
from tc.store.ops import StopWatch, append_fact
from tc.store.tape import named_tape, next_block, rows_seen

HINT_RECOVER = "`tc runs recover` seals what there is of it; run its spec again."


class Venue(Protocol):
    """What says, over a signed line of our own, what became of a run's orders at its venue."""

    def take(self, entry: EventStreamEntry) -> None:
        """Take note of the stream's next entry; it is shown all of them, each before it is processed or as it is read."""
        ...

    def caught_up(self, state: State, *, is_last_word: bool) -> Sequence[Event]:
        """Return what State does not know of what the venue says; UnreachableError when the venue cannot be asked."""
        ...


@dataclass(frozen=True, slots=True)
class TapeStart:
    """Where the tape of a run goes on: its next block and row, and whether it has stopped for good."""

    block: int
    row: int
    is_stopped: bool


def require_resumable(run: RunDirectory, *, tc: str) -> Metadata:
    """Return the metadata of a run that could go on.

    Raises
    ------
    RefusedError
        The run is sealed, is being written, is no paper run, or was made by another version of tc.
    ArtifactError
        It had not begun to record, or its metadata cannot be read.

    """
    if os.path.lexists(run.seal):
        raise RefusedError(f"run {run.run_id!r} has ended and is sealed: it cannot go on", hint="Run its spec again.")
    if is_active(run):
        raise RefusedError(f"run {run.run_id!r} is being written now", hint="Stop it first, with `tc runs stop`.")
    metadata = read_metadata(run)
    if metadata.mode != "paper":
        raise RefusedError(
            f"run {run.run_id!r} is a {metadata.mode}: only a paper run can go on",
            hint="A backtest gives the same again: run its spec again.",
        )
    if not run.journal.exists() or not run.configuration.exists():
        raise ArtifactError(
            f"run {run.run_id!r} crashed before it recorded anything: there is nothing to go on from",
            hint=f"Remove {run.path} by hand, and run its spec again.",
        )
    if metadata.versions.get("tc") != tc:
        raise RefusedError(
            f"run {run.run_id!r} was recorded by tc {metadata.versions.get('tc')}, and this is tc {tc}",
            hint=f"Go on with that version. {HINT_RECOVER}",
        )
    return metadata


def resume_paper(
    run: RunDirectory,
    request_in: Callable[[RunDirectory, TapeStart], PaperRequest],
    *,
    venue: Venue,
    engine: LiveEngine,
    by: Witness,
    report: Reporter,
    active_switch: Callable[[], Active | None],
    on_state: Callable[[NodeState], None],
    should_stop: Callable[[], bool],
    duration_ns: int | None,
) -> FinishedPaperRun:
    """Go on with a crashed run: settle with its venue what was in doubt, trade until its end, and seal it.

    Until the node trades nothing is lost when this ends in whatever way: the run is as resumable as before.

    Raises
    ------
    RefusedError
        As `require_resumable`; or the configuration is not the recorded one; the parts that differ are named.
    ArtifactError
        The journal was altered, or cannot be written.
    UnreachableError
        The venue does not say what became of the run's orders, or the node did not come to trade with it.

    """
    with ExitStack() as resources:
        metadata = require_resumable(run, tc=by.tc)
        resources.enter_context(RunLock(run))
        stored = read_configuration(run)
        going_on = _GoingOn(venue)
        request = replace(request_in(run, _tape_start(run)), catch_up=going_on.catch_up)
        node = engine.prepare(request)
        closing = resources.enter_context(ExitStack())
        closing.callback(node.close)
        plan = plan_of(request, engine, node)
        _require_same(run, stored, plan)
        goes_on = _taken_up(run, metadata, stored, venue, by)
        going_on.segment, going_on.reason = _segment(metadata), "the process before it ended without ending the run"
        play = Playing(
            node,
            request,
            StopWatch(run),
            active_switch,
            going_on.noting(on_state),
            should_stop,
            release=closing.close,
            begin=going_on.begin,
            duration_ns=duration_ns,
        )
        finished = record_and_seal(OpenRun(run, metadata, plan), going_on.guarded(play), report, goes_on)
        return FinishedPaperRun(finished, going_on.left if finished.status == "blocked" else play.unsettled)


class _GoingOn:
    """How a stream goes on: what it begins with, and what is asked of the venue on the way."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._stream: EventStream | None = None
        self._has_traded = False
        self.segment = 0
        self.reason = ""

    def begin(self, stream: EventStream) -> None:
        """Enter that the run goes on, and what became of its orders; the venue is asked first, so that nothing is half done."""
        self._stream = stream
        missed = self._venue.caught_up(stream.state, is_last_word=True)
        stream.emit(RunResumed(time.time_ns(), self.segment, self.reason))
        for event in missed:
            stream.emit(event)

    def catch_up(self) -> Sequence[Event]:
        """Return what became of the orders since; and the kill switch, which whoever goes on with a run has found clear."""
        if self._stream is None:
            raise AssertionError("a node asked before its stream began")
        missed = self._venue.caught_up(self._stream.state, is_last_word=False)
        if self._stream.context.kill_switch == "none":
            return missed
        return (*missed, KillSwitchChanged(time.time_ns(), "none", "operator", "the run was resumed, and no switch is active"))

    def noting(self, on_state: Callable[[NodeState], None]) -> Callable[[NodeState], None]:
        """Return what passes a state on, and notes that the node traded."""

        def at(state: NodeState) -> None:
            self._has_traded = self._has_traded or state == "trading"
            on_state(state)

        return at

    def guarded(self, play: Playing) -> Callable[[Recording, EventStream], None]:
        """Return the playing of a node that ends the run only if it traded: else it can be tried again."""

        def playing(recording: Recording, stream: EventStream) -> None:
            try:
                play(recording, stream)
            except EngineError as error:
                if self._has_traded or stream.violation is not None:
                    raise
                hint = f"{error.hint} Then resume it again."
                raise UnreachableError(f"the run does not go on: {error.message}", hint=hint) from error

        return playing

    @property
    def left(self) -> tuple[str, ...]:
        """What is open or held, in words."""
        if self._stream is None:
            return ()
        context = self._stream.context
        orders = (f"order {each.terms.client_order_id} is open" for each in context.open_orders())
        positions = (f"{each.signed_quantity} {each.instrument_id} is held" for each in context.positions())
        return (*orders, *positions)


def _segment(metadata: Metadata) -> int:
    return len(metadata.resumed) + 2


def _tape_start(run: RunDirectory) -> TapeStart:
    """Return where the tape goes on; a block that no entry names stays as it is."""
    entries = scan_journal(run.journal).entries
    named = named_tape(islice(read_lines(run.journal), entries))
    rows = rows_seen(islice(read_entries(run.journal), entries))
    return TapeStart(next_block(run.tape), rows, named.stopped is not None)


def _require_same(run: RunDirectory, stored: StoredConfiguration, plan: RunPlan) -> None:
    if plan.configuration.fingerprint != stored.core.fingerprint:
        differing = sorted(differing_parts(stored.document, dict(plan.document)))
        raise RefusedError(
            f"run {run.run_id} cannot go on here: {'; '.join(differing)}",
            hint=f"Install what the run was made with (metadata.json lists the versions). {HINT_RECOVER}",
        )


def _taken_up(run: RunDirectory, metadata: Metadata, stored: StoredConfiguration, venue: Venue, by: Witness) -> GoesOn:
    """Cut a torn end off, fold what is whole, write its decisions again, and say so in the ops stream."""
    segment = _segment(metadata)
    artifact, end = cut_torn_end(run, f"torn-journal-{segment}.bin")
    folding = fold_again(run, stored.core, end.entries, watch=venue.take)
    if folding.is_broken or folding.state.control.run != "running":
        raise RefusedError(
            f"run {run.run_id!r} cannot go on: its stream has ended ({folding.state.control.run})", hint=HINT_RECOVER
        )
    append_fact(
        run,
        RunContinued(
            at_ns=by.at_ns,
            tc=by.tc,
            user=by.user,
            artifacts=(artifact,) if artifact else (),
            segment=segment,
            entries=end.entries,
            cut_bytes=artifact.bytes if artifact else 0,
        ),
    )
    return GoesOn(end, folding.state, tuple(folding.checkpoints), venue.take)
