"""A stream that goes on after its process is gone: from the same State, with nothing asked for before it has caught up."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import Gated
from gated import SECOND, START_NS, GatedStream
from native import Quoter, Says, new
from tc.core import EventStreamEntry, fold_event_stream_entries, state_digest
from tc.core.events import (
    ControlTimeReached,
    Event,
    KillSwitchChanged,
    OrderCanceled,
    OrderInitialized,
    RunResumed,
    SnapshotTaken,
)
from tc.errors import InvariantViolation
from tc.runtime.refeed import refeed
from tc.runtime.stream import EventStream


def played() -> Gated:
    gated = Gated(strategy=Quoter(), rate=(2, SECOND, 2), timing={"heartbeat_ns": 3 * SECOND}, max_position="3")
    for number in range(30):
        gated.adapter.at(gated.now + (number * 7919 % 900) * 1_000_000)
        gated.observe(str(99 + number * 31 % 5), str(101 + number * 31 % 5))
    return gated


def gone_on(gated: Gated, entries: list[EventStreamEntry], strategy: Any) -> tuple[EventStream, list[EventStreamEntry]]:
    """Return the stream that goes on behind the entries, and all its entries."""
    written = list(entries)
    stream = EventStream(
        gated.configuration,
        append=written.append,
        checkpoint=lambda position, digest: None,
        checkpoint_every=1 << 62,
        strategy=strategy,
        entries=len(entries),
        state=fold_event_stream_entries(entries, configuration=gated.configuration),
    )
    return stream, written


def observed(gated: Gated) -> Event:
    return next(each.event for each in reversed(gated.entries) if type(each.event).__name__ == "MarketObserved")


@given(share=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_R24_wherever_the_process_ended_what_goes_on_is_derived_again_entry_by_entry(share: float) -> None:
    gated = played()
    cut = 1 + round(share * (len(gated.entries) - 1))
    stream, written = gone_on(gated, gated.entries[:cut], Quoter())
    stream.emit(RunResumed(gated.now, 2, "it was killed"))
    for order in list(stream.context.open_orders()):
        stream.emit(OrderCanceled(gated.now, gated.now, order.terms.client_order_id))
    stream.emit(SnapshotTaken(gated.now, gated.now, "venue", "none"))
    stream.emit(observed(gated))
    assert [each.position for each in written] == list(range(1, len(written) + 1))
    refed = refeed(written, configuration=gated.configuration, strategy=Quoter())
    assert (refed.difference, refed.entries, refed.state_digest) == (None, len(written), state_digest(stream.state))


def test_nothing_is_asked_for_between_a_resumption_and_the_snapshot_behind_it() -> None:
    gated = Gated(strategy=Says(lambda context: [new(f"K-{context.position}")]))
    stream, written = gone_on(gated, gated.entries[:1], Says(lambda context: [new(f"L-{context.position}")]))
    gated.observe()
    stream.emit(RunResumed(gated.now, 2, "it was killed"))
    stream.emit(observed(gated))
    stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "a drill"))
    stream.emit(KillSwitchChanged(gated.now, "none", "operator", "it is over"))
    assert not any(isinstance(each.event, OrderInitialized) for each in written)
    stream.emit(SnapshotTaken(gated.now, gated.now, "venue", "none"))
    stream.emit(observed(gated))
    assert any(isinstance(each.event, OrderInitialized) for each in written)


def test_what_the_process_was_about_to_ask_for_is_forgotten_in_replay_too() -> None:
    gated = Gated(strategy=Says(lambda context: [new("K-1"), new("K-2")] if context.order("K-1") is None else []))
    gated.observe()
    cut = next(number for number, each in enumerate(gated.entries) if isinstance(each.event, OrderInitialized))
    stream, written = gone_on(gated, gated.entries[:cut], Says(lambda context: []))
    stream.emit(RunResumed(gated.now, 2, "it was killed"))
    silent = Says(lambda context: [new("K-1"), new("K-2")] if context.order("K-1") is None and context.position < cut + 1 else [])
    assert refeed(written, configuration=gated.configuration, strategy=silent).difference is None


def test_heartbeats_that_nobody_could_give_are_not_made_up_for() -> None:
    gated = Gated(timing={"heartbeat_ns": SECOND})
    stream, written = gone_on(gated, gated.entries, None)
    later = START_NS + 1_000 * SECOND
    stream.emit(RunResumed(later, 2, "it was killed"))
    assert not stream.is_due(later)
    stream.reach(later + SECOND)
    (beat,) = [each.event for each in written if isinstance(each.event, ControlTimeReached)]
    assert beat.deadline_ns == later + SECOND


def test_the_first_part_of_a_run_is_no_resumption() -> None:
    stream = GatedStream()
    with pytest.raises(InvariantViolation, match="as its part 1"):
        stream.emit(RunResumed(stream.now, 1, "it was killed"))
