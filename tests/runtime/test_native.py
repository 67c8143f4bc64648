"""Core-native strategies: when they are evaluated, what becomes of their Intents, and what of a strategy that fails."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters import Gated
from gated import INSTRUMENT, SECOND, START_NS, gated_configuration
from native import Says, new
from streams import configuration
from tc.core import INITIAL, CoreConfiguration, ProcessingContext, process_event_entry
from tc.core.events import (
    ControlTimeReached,
    KillSwitchChanged,
    MarketObserved,
    ModifyRequested,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderInitialized,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
    RunCompleted,
    StrategyFailed,
    SubmitRequested,
    TradingStateChanged,
)
from tc.core.intents import CancelIntent, NewIntent, ReplaceIntent
from tc.errors import DocumentError
from tc.runtime.native import EVALUATED, MOST_AT_ONE_INSTANT, strategy_name

ONE_A_SECOND = (1, SECOND, 1)


def once(*answers: Any) -> Says:
    """Return a strategy that gives each answer once, in order, and then nothing."""
    left = list(answers)
    return Says(lambda context: left.pop(0) if left else ())


def configuration_that_names(strategy: str) -> CoreConfiguration:
    document = msgspec.json.decode(gated_configuration().document)
    return CoreConfiguration.from_document({**document, "strategy": {"name": strategy, "parameters": {}}})


def test_R30_R33_a_strategy_is_evaluated_after_each_input_and_never_after_what_it_asked_for() -> None:
    strategy = once([new("A")])
    gated = Gated(strategy=strategy, timing={"heartbeat_ns": SECOND})
    gated.observe()
    gated.stream.emit(TradingStateChanged(START_NS, START_NS, "ACTIVE"))
    gated.adapter.at(START_NS + SECOND)
    evaluated_at = [context.position for context in strategy.seen]
    by_position = {entry.position: type(entry.event) for entry in gated.entries}
    assert [by_position[position] for position in evaluated_at] == [
        MarketObserved,
        OrderSubmitted,
        OrderAccepted,
        ControlTimeReached,
    ]
    assert {OrderInitialized, SubmitRequested, TradingStateChanged}.isdisjoint(EVALUATED)


def test_a_strategy_that_was_rejected_is_asked_again_at_the_next_input_and_not_without_end() -> None:
    def insist(context: ProcessingContext) -> list[NewIntent]:
        return [] if any(context.commands_in_flight()) else [new(f"N-{context.position}")]

    gated = Gated(strategy=Says(insist))

    def refuse() -> tuple[OrderSubmitted, OrderRejected]:
        key = gated.adapter.sent[-1][1]
        return OrderSubmitted(gated.now, gated.now, key, "A-1"), OrderRejected(gated.now, gated.now, key, "no")

    gated.adapter.otherwise = refuse
    gated.observe()
    gated.observe()
    assert len(gated.adapter.sent) == 2
    assert {OrderRejected, OrderModifyRejected, OrderCancelRejected}.isdisjoint(EVALUATED)


def test_R34_a_strategy_that_asks_without_end_at_one_instant_has_failed_there_and_goes_on_at_the_next() -> None:
    strategy = Says(lambda context: [new(f"N-{context.position}")])
    gated = Gated(strategy=strategy)
    gated.adapter.otherwise = lambda: (
        OrderSubmitted(gated.now, gated.now, gated.adapter.sent[-1][1], "A-1"),
        OrderCanceled(gated.now, gated.now, gated.adapter.sent[-1][1]),
    )
    gated.observe()
    assert len(gated.adapter.sent) == MOST_AT_ONE_INSTANT
    assert {each.error for each in gated.events(StrategyFailed)} == {"it asked 1000 times at one instant, and again"}
    gated.adapter.at(gated.now + 1)
    gated.adapter.otherwise = None
    gated.observe()
    assert len(gated.adapter.sent) > MOST_AT_ONE_INSTANT


def test_R33_a_strategy_cannot_change_what_it_is_shown() -> None:
    def meddle(context: ProcessingContext) -> Any:
        context.exposure(INSTRUMENT).position += 1  # type: ignore[misc]

    gated = Gated(strategy=Says(meddle))
    gated.observe()
    assert [each.error for each in gated.events(StrategyFailed)] == ["AttributeError"]


def test_intents_become_requests_behind_their_terms_with_the_stamps_of_the_step() -> None:
    asked = [new("A", post_only=True), new("B", "SELL", None, reduce_only=True)]
    strategy = once(asked, [], [], [ReplaceIntent("A", price=Decimal(97))])
    gated = Gated(configuration_that_names("momentum"), strategy=strategy)
    gated.observe()
    gated.observe()
    first = gated.events(OrderInitialized)[0]
    assert first == OrderInitialized(
        START_NS,
        START_NS,
        "A",
        "momentum",
        INSTRUMENT,
        "BUY",
        "LIMIT",
        Decimal(1),
        "GTC",
        Decimal(100),
        post_only=True,
        tags=("tc.core",),
    )
    assert gated.names()[2:6] == ["OrderInitialized", "SubmitRequested", "OrderInitialized", "SubmitRequested"]
    assert gated.events(ModifyRequested) == [ModifyRequested(START_NS, START_NS, "A", None, Decimal(97))]
    assert gated.stream.context.order("A").price == Decimal(97)


def test_what_a_strategy_asked_for_enters_before_feedback_that_waits_so_it_never_asks_twice() -> None:
    def quote(context: ProcessingContext) -> list[NewIntent]:
        is_there = any(True for _ in context.open_orders()) or context.pending_count
        return [] if is_there or context.in_flight("Q-2") else [new(f"Q-{context.position}")]

    gated = Gated(strategy=Says(quote))
    gated.observe()
    assert [each.client_order_id for each in gated.events(OrderInitialized)] == ["Q-2"]
    at = (START_NS, START_NS)
    seen = len(gated.entries)

    def both() -> Any:
        return OrderSubmitted(*at, f"Q-{seen + 2}", "A-1"), OrderAccepted(*at, f"Q-{seen + 2}", "V", "A-1")

    gated.adapter.answers[f"Q-{seen + 2}"] = both
    gated.stream.emit(OrderCanceled(*at, "Q-2", "V-Q-2"))
    names = gated.names()[seen:]
    assert names[:3] == ["OrderCanceled", "OrderInitialized", "SubmitRequested"]
    assert gated.stream.state.control.strategy_failures == 0


class _Odd:
    def __len__(self) -> int:
        raise RuntimeError


def raising(error: BaseException) -> Says:
    def answer(context: ProcessingContext) -> Any:
        raise error

    return Says(answer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, "NoneType is no sequence of Intents"),
        ("A", "str is no sequence of Intents"),
        ({new("A")}, "set is no sequence of Intents"),
        (iter([new("A")]), "list_iterator is no sequence of Intents"),
        (_Odd(), "_Odd is no sequence of Intents"),
        ([new("A"), "B"], "str is no Intent"),
        ([new("A"), None], "NoneType is no Intent"),
        ([new("")], "NewIntent.key has no value that it may have"),
        ([new("\ud800")], "NewIntent.key has no value that it may have"),
        ([new(5)], "NewIntent.key has no value that it may have"),
        ([new("A", "LONG")], "NewIntent.side has no value that it may have"),
        ([new("A", quantity="NaN")], "NewIntent.quantity has no value that it may have"),
        ([new("A", price="Infinity")], "NewIntent.price has no value that it may have"),
        ([NewIntent("A", INSTRUMENT, "BUY", 1.5)], "NewIntent.quantity has no value that it may have"),
        ([NewIntent("A", INSTRUMENT, "BUY", None)], "NewIntent.quantity has no value that it may have"),
        ([NewIntent("A", INSTRUMENT, "BUY", Decimal(1), "STOP")], "NewIntent.order_type has no value that it may have"),
        ([NewIntent("A", INSTRUMENT, "BUY", Decimal(1), post_only=1)], "NewIntent.post_only has no value that it may have"),
        ([new("A"), ReplaceIntent("B", price=100)], "ReplaceIntent.price has no value that it may have"),
        ([CancelIntent(["A"])], "CancelIntent.key has no value that it may have"),
        ([new("A"), CancelIntent("A")], "one key stands in two Intents of a step"),
    ],
)
def test_R34_rubbish_passes_no_intent_and_is_a_fact(answer: Any, error: str) -> None:
    strategy = once(answer)
    gated = Gated(strategy=strategy)
    gated.observe()
    assert gated.names() == ["RunStarted", "MarketObserved", "StrategyFailed"]
    assert gated.entries[-1].event.error == error
    assert gated.stream.context.strategy_failures == 1
    assert gated.adapter.sent == []
    gated.observe()
    assert gated.stream.context.strategy_failures == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("1/0"), SystemExit(3), RecursionError(), DocumentError("mine")])
def test_R34_a_strategy_that_raises_passes_no_intent_and_the_entry_is_processed(error: BaseException) -> None:
    gated = Gated(strategy=raising(error))
    gated.observe()
    assert gated.entries[-1].event == StrategyFailed(START_NS, type(error).__name__)
    assert gated.stream.context.reference(INSTRUMENT) is not None
    assert type(error).__name__ in gated.stream.strategy_failure
    assert gated.stream.is_whole


def test_R34_what_stops_the_process_is_no_failure_of_the_strategy() -> None:
    gated = Gated(strategy=raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        gated.observe()
    assert gated.events(StrategyFailed) == []
    assert gated.stream.is_whole


def test_R34_a_failure_is_told_in_words_that_are_the_same_in_every_process() -> None:
    gated = Gated(strategy=raising(ValueError(object())))
    gated.observe()
    assert gated.entries[-1].event.error == "ValueError"


def test_a_denied_order_of_the_Cores_own_leaves_its_record_and_no_terms() -> None:
    gated = Gated(strategy=once([new("A", quantity="5")]), max_order_quantity="2")
    gated.observe()
    assert gated.names()[-2:] == ["SubmitRequested", "OrderDenied"]
    (denied,) = gated.events(OrderDenied)
    assert denied.reason.startswith("max_order_quantity: ")
    assert gated.stream.context.terms("A") is None
    assert gated.adapter.sent == []


def test_a_key_that_is_taken_is_denied_and_the_order_under_it_is_not_touched() -> None:
    gated = Gated(strategy=once([new("A")], [], [], [new("A", "SELL")]))
    gated.observe()
    gated.observe()
    assert [each.reason for each in gated.decisions[-1].outcomes] == ["duplicate_key"]
    assert gated.events(OrderDenied) == []
    assert len(gated.events(OrderInitialized)) == 1
    assert gated.stream.context.order("A").status == "ACCEPTED"


def test_own_orders_that_end_or_change_unsent_leave_their_records() -> None:
    strategy = once(
        [new("sent"), new("withdrawn"), new("moved"), new("killed")],
        [],
        [],
        [CancelIntent("withdrawn"), ReplaceIntent("moved", price=Decimal(99))],
    )
    gated = Gated(strategy=strategy, rate=ONE_A_SECOND)
    gated.observe()
    gated.observe()
    assert gated.events(OrderCanceled) == [OrderCanceled(START_NS, START_NS, "withdrawn")]
    assert gated.events(OrderUpdated) == [OrderUpdated(START_NS, START_NS, "moved", Decimal(1), Decimal(99))]
    assert gated.stream.context.terms("withdrawn") is None
    gated.adapter.at(START_NS + SECOND)
    assert gated.stream.context.order("moved").price == Decimal(99)
    gated.stream.emit(KillSwitchChanged(gated.now, "halt", "operator", "drill"))
    assert [each.client_order_id for each in gated.events(OrderDenied)] == ["killed"]
    assert gated.events(OrderDenied)[0].reason == "kill_switch"
    assert ("NEW", "killed") not in gated.adapter.sent


def test_orders_of_an_engines_own_strategy_leave_no_records_of_ours() -> None:
    gated = Gated(max_order_quantity="2")
    gated.ask("A", quantity="5")
    assert gated.names()[-1] == "SubmitRequested"


def test_an_evaluation_ends_with_the_run() -> None:
    strategy = Says(lambda context: ())
    gated = Gated(strategy=strategy)
    gated.observe()
    gated.stream.emit(RunCompleted(START_NS))
    assert len(strategy.seen) == 1


def test_observed_only_what_a_native_strategy_asks_for_goes_out_whatever_the_outcome() -> None:
    gated = Gated(strategy=once([new("A", quantity="5")]), mode="observe", max_order_quantity="2")
    gated.observe()
    assert gated.decisions[0].outcomes[0].result == "would_deny"
    assert gated.adapter.sent == [("NEW", "A")]
    assert gated.stream.context.order("A").status == "ACCEPTED"


def test_a_native_strategy_needs_a_gate() -> None:
    with pytest.raises(DocumentError, match="through the gate"):
        Gated(configuration(), strategy=once())


def test_a_configuration_without_a_strategy_names_none() -> None:
    assert strategy_name(gated_configuration()) == ""
    assert strategy_name(configuration_that_names("quoter")) == "quoter"


def test_R30_a_strategy_sees_the_State_that_replay_has_at_its_position() -> None:
    strategy = once([new("A")], [CancelIntent("A")])
    gated = Gated(strategy=strategy)
    gated.observe()
    states, current = {}, INITIAL
    for entry in gated.entries:
        current = process_event_entry(current, entry, configuration=gated.configuration)
        states[current.position] = current
    assert [context.position for context in strategy.seen] == [2, 5, 7, 8]
    assert all(context._state == states[context.position] for context in strategy.seen)
