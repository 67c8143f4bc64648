from collections.abc import Sequence

import pytest

from streams import configuration
from tc.core import EventStreamEntry, State
from tc.core.entry import ProcessingPosition
from tc.core.events import Event, MarketDataRows, RunResumed, SnapshotTaken
from tc.errors import UnreachableError
from tc.flows.paper.going_on import GoingOn
from tc.ports import OnStop
from tc.runtime.stream import EventStream

S = 10**9


class Asked:
    """A venue that is asked, and can be out of reach."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.settled: list[str] = []

    def take(self, entry: EventStreamEntry) -> None:
        pass

    def caught_up(self, state: State, *, is_last_word: bool) -> Sequence[Event]:
        return ()

    def settle(self, on_stop: OnStop) -> None:
        if not self.is_there:
            raise UnreachableError("nobody there")
        self.settled.append(on_stop)


def stream() -> EventStream:
    return EventStream(configuration(), append=lambda _: None, checkpoint=lambda position, digest: None, checkpoint_every=9)


def told(*events: Event) -> GoingOn:
    going_on = GoingOn(Asked())
    for number, event in enumerate(events, 1):
        going_on.take(EventStreamEntry(ProcessingPosition(number), event))
    return going_on


def snapshot(at_s: int) -> SnapshotTaken:
    return SnapshotTaken(at_s * S, at_s * S, "nautilus", "none")


def rows(at_s: int) -> MarketDataRows:
    return MarketDataRows(at_s * S, "d" * 64, 0, 0)


def again(at_s: int, segment: int = 2) -> RunResumed:
    return RunResumed(at_s * S, segment, "again")


@pytest.mark.parametrize(
    ("events", "left_s"),
    [
        ((), 60),
        ((rows(5),), 60),  # connecting is not trading
        ((snapshot(10), rows(25)), 45),
        ((snapshot(10), rows(25), again(500), rows(501)), 45),  # nor is being down
        ((snapshot(10), rows(25), again(500), snapshot(510), rows(530)), 25),
        ((snapshot(10), rows(25), again(20), snapshot(15), rows(18), again(30, 3)), 42),  # a clock that was set back
        ((snapshot(10), rows(8)), 60),
        ((snapshot(10), rows(100)), 0),
    ],
)
def test_what_is_left_of_the_planned_time_is_what_was_not_traded(events: tuple[Event, ...], left_s: int) -> None:
    assert told(*events).left_of(60 * S) == left_s * S


def test_a_run_without_a_planned_end_has_none_when_it_goes_on() -> None:
    assert told(snapshot(1), rows(50)).left_of(None) is None


@pytest.mark.parametrize(("on_stop", "settled"), [("leave", []), ("cancel", ["cancel"]), ("flatten", ["flatten"])])
def test_a_blocked_run_does_its_on_stop_before_it_ends(on_stop: OnStop, settled: list[str]) -> None:
    asked = Asked()
    going_on = GoingOn(asked)
    going_on.on_stop = on_stop
    going_on.blocked(stream())
    assert asked.settled == settled


def test_a_blocked_run_whose_venue_is_gone_ends_all_the_same() -> None:
    going_on = GoingOn(Asked(is_there=False))
    going_on.on_stop = "cancel"
    going_on.blocked(stream())
