"""Who asked, in what `tc runs explain` tells: the strategy, or the flatten, by the stream of a real Runtime."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters import Gated
from tc.core import EventStreamEntry
from tc.core.events import (
    CancelRequested,
    KillSwitchChanged,
    OrderCanceled,
    OrderCancelRejected,
    OrderInitialized,
    SubmitRequested,
)
from tc.reports.asked import Asker
from tc.reports.story import order_story, position_story
from tc.reports.told import text_of
from tc.runtime.native import AGAIN_AFTER_NS


def flattened(**gate: Any) -> Gated:
    """Return a stream whose strategy had an order resting and a position, when the switch was set to flatten."""
    gated = Gated(**gate)
    gated.ask("O-1")
    gated.stream.emit(gated.adapter.filled("O-1", "1"))
    gated.ask("O-2", price="90")
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    return gated


def steps(gated: Gated) -> Iterator[tuple[EventStreamEntry, None]]:
    return ((entry, None) for entry in gated.entries)


def requests(gated: Gated, key: str, mode: str = "on") -> list[str]:
    story = order_story(key, steps(gated), mode=mode)
    assert story is not None
    return [line.text for line in story.lines if " asked " in line.text or " created " in line.text]


def test_the_cancel_and_the_closing_order_of_a_flatten_are_the_flattens() -> None:
    gated = flattened()
    gated.cancel("O-2")  # The strategy pulls it, too.
    gated.stream.emit(OrderCanceled(gated.now, gated.now, "O-2", "V-2"))
    assert requests(gated, "O-2") == [
        "S-1 created O-2: BUY 1 BTCUSDT.X, LIMIT at 90, GTC",
        "the strategy asked to submit O-2",
        "the flatten asked to cancel O-2",
        "the strategy asked to cancel O-2",
    ]
    closing = gated.events(OrderInitialized)[-1].client_order_id
    assert requests(gated, closing) == [
        f"the flatten created {closing}: SELL 1 BTCUSDT.X, MARKET, GTC, reduce-only",
        f"the flatten asked to submit {closing}",
    ]


def test_a_position_says_so_too() -> None:
    gated = flattened()
    (asked,) = [entry for entry in gated.entries if isinstance(entry.event, CancelRequested)]
    story, _ = position_story(asked.position, steps(gated), mode="on")
    assert story is not None
    assert story.lines[0].text == "the flatten asked to cancel O-2"


def test_a_cancel_that_failed_is_asked_again_by_the_flatten() -> None:
    gated = Gated()
    gated.ask("O-2")
    gated.adapter.answers["O-2"] = lambda: [OrderCancelRejected(gated.now, gated.now, "O-2", "busy")]
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    gated.adapter.at(gated.now + AGAIN_AFTER_NS)
    gated.observe()
    assert requests(gated, "O-2")[2:] == ["the flatten asked to cancel O-2"] * 2


def test_what_the_strategy_cancels_before_the_flatten_or_behind_a_gate_that_only_observes_is_its_own() -> None:
    gated = Gated(mode="observe")
    gated.ask("O-1", price="90")
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    gated.cancel("O-1")
    assert requests(gated, "O-1", "observe")[-1] == "the strategy asked to cancel O-1"
    gated = Gated()
    gated.ask("O-1", price="90")
    gated.cancel("O-1")
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    assert requests(gated, "O-1")[-1] == "the strategy asked to cancel O-1"


@pytest.mark.parametrize("strategy_id", ["S-1", "FLATTEN"])
def test_an_order_is_the_flattens_by_whose_it_is_and_not_by_its_key(strategy_id: str) -> None:
    gated = flattened()
    ours = gated.events(OrderInitialized)[0]
    asker = Asker("on")
    key = "FLATTEN-1"
    asker.take(OrderInitialized(1, 1, key, strategy_id, ours.instrument_id, "BUY", "MARKET", ours.quantity, "IOC"))
    request = SubmitRequested(1, 1, (key,))
    by = {"S-1": "the strategy", "FLATTEN": "the flatten"}[strategy_id]
    assert text_of(request, by=asker.take(request)) == f"{by} asked to submit FLATTEN-1"
