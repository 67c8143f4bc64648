"""R42: the flatten as the Runtime carries it out: whose orders are its own, what refuses it, and what if it cannot end."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import Gated
from gated import INSTRUMENT, SECOND, START_NS, gated_configuration
from native import Says, new
from tc.core import CoreConfiguration
from tc.core.events import (
    DispatchFailed,
    Event,
    KillSwitchChanged,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
)
from tc.core.intents import NewIntent
from tc.core.reserved import FLATTEN_STRATEGY
from tc.core.state.exact import ZERO
from tc.errors import DocumentError
from tc.runtime.native import AGAIN_AFTER_NS
from tc.runtime.refeed import refeed


def flattened(gated: Gated) -> None:
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))


def holding(quantity: str, **gate: Any) -> Gated:
    """Return a stream that holds a position, whose venue leaves each order to `answer`."""
    gated = Gated(**gate)
    gated.ask("long", quantity=quantity)
    gated.stream.emit(gated.adapter.filled("long", quantity))
    return gated


def own(gated: Gated) -> list[OrderInitialized]:
    return [each for each in gated.events(OrderInitialized) if each.strategy_id == FLATTEN_STRATEGY]


def fills(gated: Gated) -> None:
    """Let the venue fill each order at once."""

    def answer() -> Sequence[Event]:
        key = gated.adapter.sent[-1][1]
        terms = gated.stream.context.terms(key)
        assert terms is not None
        return OrderSubmitted(gated.now, gated.now, key, "A-1"), gated.adapter.filled(key, str(terms.quantity))

    gated.adapter.otherwise = answer


def test_R42_a_position_above_the_largest_order_is_closed_by_several_at_one_instant() -> None:
    gated = holding("7", max_quantity="3")
    fills(gated)
    flattened(gated)
    assert [each.quantity for each in own(gated)] == [3, 3, 1]
    assert [each.mode for each in gated.events(KillSwitchChanged)] == ["flatten", "halt"]
    assert list(gated.stream.context.positions()) == []


ENDS = {"rejected": OrderRejected, "canceled": OrderCanceled, "expired": OrderExpired}


@given(
    plan=st.lists(st.sampled_from(["filled", "part", "failed", *ENDS]), max_size=30),
    held=st.integers(1, 20),
    most=st.none() | st.integers(1, 7),
)
def test_R42_whatever_the_venue_answers_the_flatten_ends_and_never_asks_twice_of_what_refused(
    plan: list[str], held: int, most: int | None
) -> None:
    gated = holding(str(held), max_quantity=None if most is None else str(most))
    left = list(plan)
    refused: list[int] = []

    def answer() -> Sequence[Event]:
        key = gated.adapter.sent[-1][1]
        terms = gated.stream.context.terms(key)
        assert terms is not None
        how = left.pop() if left else "filled"
        at = (gated.now, gated.now, key)
        assert gated.now not in refused, "it was refused at this instant already"
        if how == "failed":
            refused.append(gated.now)
            return (DispatchFailed(*at, "NEW", "no line"),)
        if how == "filled":
            return OrderSubmitted(*at, "A-1"), gated.adapter.filled(key, str(terms.quantity))
        refused.append(gated.now)
        if how == "part":
            part = gated.adapter.filled(key, str(terms.quantity / 2))
            return OrderSubmitted(*at, "A-1"), part, OrderCanceled(*at, "V")
        end = OrderRejected(*at, "no") if how == "rejected" else ENDS[how](*at)
        return OrderSubmitted(*at, "A-1"), end

    gated.adapter.otherwise = answer
    flattened(gated)
    for _ in range(len(plan) + 1):
        assert gated.stream.context.kill_switch in ("flatten", "halt")
        for _ in range(3):
            gated.observe()
        gated.adapter.at(gated.now + AGAIN_AFTER_NS)
    gated.observe()
    assert gated.stream.context.kill_switch == "halt"
    assert gated.stream.context.exposure(INSTRUMENT).position == ZERO
    assert all(each.quantity <= most for each in own(gated) if most is not None)
    assert refeed(gated.entries, configuration=gated.configuration, strategy=None).difference is None


def test_R42_a_cancel_that_failed_is_asked_for_again_a_moment_later() -> None:
    gated = Gated()
    gated.ask("A")
    gated.adapter.answers["A"] = lambda: [OrderCancelRejected(gated.now, gated.now, "A", "busy")]
    flattened(gated)
    gated.observe()
    assert gated.adapter.sent.count(("CANCEL", "A")) == 1
    gated.adapter.at(gated.now + AGAIN_AFTER_NS)
    gated.observe()
    assert gated.adapter.sent.count(("CANCEL", "A")) == 2


def test_R42_an_order_of_a_strategy_that_is_denied_meanwhile_holds_nothing_up() -> None:
    gated = holding("1")
    gated.adapter.otherwise = lambda: ()
    flattened(gated)
    (first,) = own(gated)
    gated.ask("mine")
    gated.stream.emit(OrderDenied(gated.now, gated.now, "mine", "kill_switch_flatten"))
    gated.adapter.otherwise = None
    at = (gated.now, gated.now, first.client_order_id)
    gated.stream.emit(OrderSubmitted(*at, "A-1"))
    gated.stream.emit(OrderAccepted(*at, "V", "A-1"))
    gated.stream.emit(gated.adapter.filled(first.client_order_id))
    assert gated.stream.context.kill_switch == "halt"


@pytest.mark.parametrize("mode", ["on", "observe"])
def test_R42_a_native_strategy_gets_no_key_of_the_flattens(mode: str) -> None:
    left = [[new("FLATTEN-7", reduce_only=True)]]
    gated = Gated(strategy=Says(lambda context: left.pop() if left else ()), mode=mode)
    gated.observe()
    (found,) = gated.decisions[0].outcomes
    assert (found.result, found.reason) == ("denied" if mode == "on" else "would_deny", "reserved_key")
    assert len(gated.events(OrderDenied)) == (1 if mode == "on" else 0)
    assert gated.adapter.sent == ([] if mode == "on" else [("NEW", "FLATTEN-7")])


def test_R42_a_native_strategy_that_guesses_the_flattens_next_key_changes_nothing() -> None:
    def guess(context: Any) -> list[NewIntent]:
        return [new(f"FLATTEN-{context.position}", "SELL", None)] if context.kill_switch == "flatten" else []

    gated = Gated(strategy=Says(guess))
    gated.ask("long")
    gated.stream.emit(gated.adapter.filled("long"))
    fills(gated)
    gated.stream.emit(KillSwitchChanged(gated.now, "flatten", "operator", "drill"))
    assert [each.quantity for each in own(gated)] == [1]
    gated.stream.emit(gated.observation())
    assert gated.stream.context.kill_switch == "halt"
    assert gated.stream.context.exposure(INSTRUMENT).position == ZERO


def test_R42_both_asked_in_one_step_have_keys_of_their_own() -> None:
    def guess(context: Any) -> list[NewIntent]:
        return [new(f"FLATTEN-{context.position}", "SELL", None)] if context.kill_switch == "flatten" else []

    gated = Gated(strategy=Says(guess))
    gated.ask("long")
    gated.stream.emit(gated.adapter.filled("long"))
    gated.adapter.otherwise = lambda: [DispatchFailed(gated.now, gated.now, gated.adapter.sent[-1][1], "NEW", "no line")]
    flattened(gated)
    fills(gated)
    gated.adapter.at(gated.now + AGAIN_AFTER_NS)
    gated.observe()
    asked = gated.events(OrderInitialized)
    closing = own(gated)[-1]
    guessed = asked[asked.index(closing) + 1]
    assert guessed.strategy_id == ""
    assert closing.client_order_id == f"{guessed.client_order_id}-1"
    assert guessed.client_order_id in {each.client_order_id for each in gated.events(OrderDenied)}
    assert gated.stream.context.kill_switch == "halt"


def test_R42_a_strategy_cannot_have_the_flattens_name() -> None:
    document = msgspec.json.decode(gated_configuration().document)
    named = CoreConfiguration.from_document({**document, "strategy": {"name": FLATTEN_STRATEGY, "parameters": {}}})
    with pytest.raises(DocumentError, match="the flatten's own"):
        Gated(named, strategy=Says(lambda context: ()))


def test_whose_an_order_is_its_strategy_says_and_no_tag() -> None:
    gated = Gated(strategy=Says(lambda context: ()))
    for key, strategy_id, tags in (("A", "S-1", ("tc.core",)), ("B", "", ()), ("FLATTEN-1", FLATTEN_STRATEGY, ())):
        at = (START_NS, START_NS, key, strategy_id, INSTRUMENT)
        gated.stream.emit(OrderInitialized(*at, "BUY", "LIMIT", Decimal(1), "GTC", Decimal(100), tags=tags))
    assert [gated.stream.is_own(key) for key in ("A", "B", "FLATTEN-1", "nobody's")] == [False, True, True, False]


def test_an_engines_order_with_the_cores_tag_leaves_no_record_of_ours() -> None:
    gated = Gated(max_order_quantity="2", rate=(1, SECOND, 1))
    at = (START_NS, START_NS, "A", "S-1", INSTRUMENT)
    gated.stream.emit(OrderInitialized(*at, "BUY", "LIMIT", Decimal(5), "GTC", Decimal(100), tags=("tc.core",)))
    gated.ask("A", quantity="5")
    assert gated.names()[-1] == "SubmitRequested"
    assert refeed(gated.entries, configuration=gated.configuration, strategy=None).difference is None
