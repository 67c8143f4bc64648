"""`tc run --resume`, inside the node's process: a crashed paper run goes on in its journal, once what was in doubt is settled."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice

import msgspec

from tc.core import EventStreamEntry
from tc.errors import ArtifactError, RefusedError
from tc.flows.configuration import StoredConfiguration, read_configuration
from tc.flows.paper.going_on import GoingOn, Venue
from tc.flows.paper.node import INTERRUPTED, FinishedPaperRun, Playing, enough_space, plan_of, planned_ns
from tc.flows.recording.record import GoesOn, OpenRun, Reporter, RunPlan, record_and_seal
from tc.flows.run_venue import venue_of
from tc.flows.runs.recover import cut_torn_end, fold_again
from tc.flows.runs.reproduce import differing_parts
from tc.flows.witness import Witness
from tc.ports import LiveEngine, LiveNode, NodeState, PaperRequest
from tc.store.facts import RunContinued
from tc.store.free_space import FreeSpace, Measure, free_bytes
from tc.store.journal import read_lines, scan_journal
from tc.store.journal.lines import body
from tc.store.kill_switch import Active
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock, is_active
from tc.store.metadata import Metadata, read_metadata
from tc.store.ops import StopWatch, append_fact
from tc.store.tape import named_tape, next_block, rows_seen

_OBSERVED, _ROW, _ROWS, _TAPE = b'"type":"MarketObserved"', b'"row":', b'"type":"MarketDataRows"', b'"type":"Tape'
"""How lines are told from each other undecoded: inside of a text, the quotation marks would be escaped."""

HINT_RECOVER = "`tc runs recover` seals what there is of it; run its spec again."


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
    _require_unsealed(run)
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
    measure: Measure = free_bytes,
    why_stopped: Callable[[], str] = lambda: INTERRUPTED,
) -> FinishedPaperRun:
    """Go on with a crashed run: settle with its venue what was in doubt, trade until its end, and seal it.

    Until the node trades nothing is lost when this ends in whatever way: the run is as resumable as before.

    Raises
    ------
    RefusedError
        As `require_resumable`; or the configuration is not the recorded one; the parts that differ are named; or the disk has
        too little room.
    ArtifactError
        The journal was altered, or cannot be written.
    UnreachableError
        The venue does not say what became of the run's orders, or the node did not come to trade with it.

    """
    with ExitStack() as resources:
        metadata = require_resumable(run, tc=by.tc)
        resources.enter_context(RunLock(run))
        on_state("replaying")
        going_on = GoingOn(venue)
        ready = _ready(run, request_in, going_on, engine, measure)
        closing = resources.enter_context(ExitStack())
        closing.callback(ready.node.close)
        goes_on = _taken_up(run, metadata, ready.stored, going_on, by)
        play = Playing(
            ready.node,
            ready.request,
            StopWatch(run),
            ready.disk,
            active_switch,
            going_on.noting(on_state),
            should_stop,
            release=closing.close,
            begin=going_on.begin,
            on_blocked=going_on.blocked,
            duration_ns=going_on.left_of(planned_ns(ready.request.spec)) if duration_ns is None else duration_ns,
            why_stopped=why_stopped,
        )
        finished = record_and_seal(OpenRun(run, metadata, ready.plan), going_on.guarded(play), report, goes_on)
        return FinishedPaperRun(finished, going_on.left if finished.status == "blocked" else play.unsettled)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A run that is as it was recorded, and a node that could go on with it."""

    stored: StoredConfiguration
    request: PaperRequest
    node: LiveNode
    plan: RunPlan
    disk: FreeSpace


def _ready(
    run: RunDirectory,
    request_in: Callable[[RunDirectory, TapeStart], PaperRequest],
    going_on: GoingOn,
    engine: LiveEngine,
    measure: Measure,
) -> _Ready:
    _require_unsealed(run)  # Before the lock was ours, somebody else may have gone on with it, and ended it.
    stored = read_configuration(run)
    request = replace(request_in(run, _tape_start(run)), catch_up=going_on.catch_up, since_ns=venue_of(run).since_ns)
    going_on.on_stop = request.on_stop
    disk = enough_space(run, request.spec, measure)
    node = engine.prepare(request)
    try:
        plan = plan_of(request, engine, node)
        _require_same(run, stored, plan)
    except BaseException:
        node.close()
        raise
    return _Ready(stored, request, node, plan, disk)


def _require_unsealed(run: RunDirectory) -> None:
    if os.path.lexists(run.seal):
        raise RefusedError(f"run {run.run_id!r} has ended and is sealed: it cannot go on", hint="Run its spec again.")


def _segment(metadata: Metadata) -> int:
    return len(metadata.resumed) + 2


def _tape_start(run: RunDirectory) -> TapeStart:
    """Return where the tape goes on; a block that no entry names stays as it is.

    One pass over the lines as they stand: to decode a million of them takes longer than all else that is done here.
    """
    of_tape: list[bytes] = []
    last_row = b""
    for line in islice(read_lines(run.journal), scan_journal(run.journal).entries):
        if (_OBSERVED in line and _ROW in line) or _ROWS in line:
            last_row = line
        elif _TAPE in line:
            of_tape.append(line)
    named = named_tape(of_tape)
    rows = rows_seen((msgspec.json.decode(body(last_row), type=EventStreamEntry),)) if last_row else 0
    return TapeStart(next_block(run.tape), rows, named.stopped is not None)


def _require_same(run: RunDirectory, stored: StoredConfiguration, plan: RunPlan) -> None:
    if plan.configuration.fingerprint != stored.core.fingerprint:
        differing = sorted(differing_parts(stored.document, dict(plan.document)))
        raise RefusedError(
            f"run {run.run_id} cannot go on here: {'; '.join(differing)}",
            hint=f"Install what the run was made with (metadata.json lists the versions). {HINT_RECOVER}",
        )


def _taken_up(run: RunDirectory, metadata: Metadata, stored: StoredConfiguration, going_on: GoingOn, by: Witness) -> GoesOn:
    """Cut a torn end off, fold what is whole, write its decisions again, and say so in the ops stream."""
    segment = going_on.segment = _segment(metadata)
    artifact, end = cut_torn_end(run, f"torn-journal-{segment}.bin")
    folding = fold_again(run, stored.core, end.entries, watch=going_on.take)
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
    return GoesOn(end, folding.state, tuple(folding.checkpoints), going_on.take)
