"""The recorder, driven by hand: what is emitted while it emits does not come before its cause, nor twice."""

from types import SimpleNamespace
from typing import Any

import pytest

from tc.core.events import Event, KillSwitchChanged, MarketDataRows, OrderDenied, StrategyFailed
from tc.engines.nautilus.recorder import Recorder

DATASET = "d" * 64


class Played:
    """A recorder over ten rows, one a nanosecond, whose emitted events a test may react to."""

    def __init__(self, *, is_seen: bool = False) -> None:
        self.engine: Any = SimpleNamespace(iteration=0, kernel=SimpleNamespace(clock=SimpleNamespace(timestamp_ns=lambda: 0)))
        self.emitted: list[Event] = []
        self.reacts: dict[type, Any] = {}
        see: Any = (lambda row, number: StrategyFailed(row.ts_init, f"row {number}")) if is_seen else None
        self.recorder = Recorder(self.engine, self.emit, dataset=DATASET, first_row=0, batch=1, see=see)
        self.recorder.begin_chunk([SimpleNamespace(ts_init=number) for number in range(10)])
        self.recorder._is_trading = True

    def emit(self, event: Event) -> None:
        self.emitted.append(event)
        react = self.reacts.pop(type(event), None)
        if react is not None:
            react()


def denied(at_ns: int) -> OrderDenied:
    return OrderDenied(at_ns, at_ns, "FLATTEN-1", "no")


def test_rows_that_lead_to_feedback_are_emitted_once_and_before_it() -> None:
    played = Played()
    played.engine.iteration = 5
    played.reacts[MarketDataRows] = lambda: played.recorder.put(denied(4))
    played.recorder.put(KillSwitchChanged(4, "flatten", "spec", "a test"))
    rows, switched, answer = played.emitted
    assert rows == MarketDataRows(4, DATASET, 0, 4)
    assert (type(switched), answer) == (KillSwitchChanged, denied(4)), "what happened first is emitted first"


def test_rows_are_emitted_once_whoever_asks_for_them_meanwhile() -> None:
    played = Played()
    played.engine.iteration = 5
    played.reacts[MarketDataRows] = played.recorder.catch_up
    played.recorder.catch_up()
    assert [type(each) for each in played.emitted] == [MarketDataRows]


def test_events_keep_their_order_when_the_rows_before_them_lead_to_others() -> None:
    played = Played()
    played.engine.iteration = 3
    first, second = KillSwitchChanged(2, "halt", "spec", "first"), KillSwitchChanged(2, "none", "spec", "second")
    played.reacts[MarketDataRows] = lambda: played.recorder.put(denied(2))
    played.recorder.put(first, second)
    assert played.emitted[1:] == [first, second, denied(2)]


def test_rows_that_are_seen_one_by_one_are_seen_once() -> None:
    played = Played(is_seen=True)
    played.engine.iteration = 3
    played.reacts[StrategyFailed] = lambda: played.recorder.put(denied(2))
    played.recorder.put(KillSwitchChanged(2, "halt", "spec", "a test"))
    names = [type(each).__name__ for each in played.emitted]
    assert names.count("StrategyFailed") == 3
    assert names[-2:] == ["KillSwitchChanged", "OrderDenied"]


def test_what_waited_behind_rows_that_could_not_be_taken_waits_on() -> None:
    played = Played()
    played.engine.iteration = 3

    def refuse() -> None:
        raise RuntimeError

    played.reacts[MarketDataRows] = refuse
    switched = KillSwitchChanged(2, "halt", "spec", "a test")
    with pytest.raises(RuntimeError):
        played.recorder.put(switched)
    played.recorder.flush()
    assert played.emitted[1:] == [switched]
