"""A flatten from outside leaves nothing open and nothing held, repeats nothing blindly, and says what is left."""

import asyncio
import random
import time
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from fake_venue import FakeVenue, accepts_then_503, accepts_then_drops, answers, hangs, refusal, serving
from tc.exchange import Flattened, FlattenStep, flatten

LONG = ("BTCUSDT", "BOTH")


def flattened(venue: FakeVenue, **how: Any) -> Flattened:
    async def go() -> Flattened:
        async with serving(venue), venue.line() as line:
            return await flatten(line, **{"flatten_id": "F-1", "deadline_s": 6, **how})

    return asyncio.run(go())


def held(quantity: str) -> FakeVenue:
    return FakeVenue(positions={LONG: Decimal(quantity)})


def refuses(code: int) -> Any:
    async def fault(venue: FakeVenue, request: web.Request) -> web.Response:
        return refusal(code)

    return fault


def test_a_flat_account_is_only_asked() -> None:
    venue = FakeVenue()
    done = flattened(venue)
    assert done.is_over
    assert done.is_flat
    assert done.left_orders == done.left_positions == ()
    assert {method for method, _, _ in venue.log} == {"GET"}


def test_orders_of_all_kinds_and_positions_of_all_symbols_go() -> None:
    venue = FakeVenue(positions={LONG: Decimal("0.030"), ("ETHUSDT", "BOTH"): Decimal("-1.5")})
    for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT"):
        venue.rests(symbol)
        venue.waits_for_trigger(symbol)
    steps: list[FlattenStep] = []
    done = flattened(venue, on_step=steps.append)
    assert done.is_flat
    assert tuple(steps) == done.steps
    assert {each["status"] for each in venue.orders.values()} == {"CANCELED", "FILLED"}
    assert {each["algoStatus"] for each in venue.algos.values()} == {"CANCELED"}
    assert [step.what for step in steps] == ["ask", "cancel", "cancel", "cancel", "ask", "close", "close", "confirm"]
    assert all(step.outcome == "done" and step.latency_ns > 0 and step.at_ns > 0 for step in steps)
    assert {(sent["symbol"], sent["side"], sent["quantity"]) for sent in venue.sent("POST")} == {
        ("BTCUSDT", "SELL", "0.030"),
        ("ETHUSDT", "BUY", "1.5"),
    }
    assert [path for method, path, _ in venue.log if method in {"DELETE", "POST"}][-2:] == ["/fapi/v1/order"] * 2


def test_nothing_is_closed_before_what_could_open_it_again_is_cancelled() -> None:
    venue = held("1")
    venue.rests("BTCUSDT")
    flattened(venue)
    changes = [method for method, _, _ in venue.log if method in {"DELETE", "POST"}]
    assert changes == ["DELETE", "POST"]


@pytest.mark.parametrize("fault", [accepts_then_503, accepts_then_drops])
def test_an_order_that_was_accepted_without_an_answer_is_asked_for_and_not_repeated(fault: Any) -> None:
    venue = held("0.5")
    venue.fail("POST", "order", fault)
    done = flattened(venue)
    assert done.is_flat
    assert len({sent["newClientOrderId"] for sent in venue.sent("POST")}) == 1
    assert [sent["origClientOrderId"] for sent in venue.sent("GET", "/order")] == ["F-1-1-1"]
    assert "the venue has it (FILLED)" in done.steps[-2].detail
    assert venue.positions[LONG] == 0


@pytest.mark.parametrize("fault", [answers(503), answers(500), hangs])
def test_an_order_that_was_lost_is_sent_again_under_another_id(fault: Any) -> None:
    venue = held("-0.5")
    venue.fail("POST", "order", fault)
    done = flattened(venue)
    assert done.is_flat
    assert [sent["newClientOrderId"] for sent in venue.sent("POST")][-1] == "F-1-2-1"
    assert [step.outcome for step in done.steps if step.what == "close"] == ["unclear", "done"]


@pytest.mark.parametrize("fault", [accepts_then_503, accepts_then_drops, answers(503), hangs, refuses(-1001), answers(404)])
def test_a_cancel_without_an_answer_is_asked_for_and_finished_one_by_one(fault: Any) -> None:
    venue = held("0.5")
    venue.rests("BTCUSDT")
    venue.waits_for_trigger("BTCUSDT")
    venue.fail("DELETE", "allOpenOrders", fault)
    venue.fail("DELETE", "algoOpenOrders", fault)
    assert flattened(venue).is_flat


def test_an_order_that_fills_while_it_is_cancelled_is_closed_too() -> None:
    venue = held("1")
    number = venue.rests("BTCUSDT")

    async def fills(venue: FakeVenue, request: web.Request) -> None:
        venue.orders[number]["status"] = "FILLED"
        venue.positions[LONG] = Decimal("1.5")

    venue.fail("DELETE", "allOpenOrders", fills)
    assert flattened(venue).is_flat
    assert [sent["quantity"] for sent in venue.sent("POST")] == ["1.5"]


def test_without_closing_only_orders_are_cancelled() -> None:
    venue = held("1")
    venue.rests("BTCUSDT")
    venue.waits_for_trigger("ETHUSDT")
    done = flattened(venue, closes_positions=False)
    assert done.is_over
    assert not done.is_flat
    assert done.left_orders == ()
    assert done.left_positions == ()
    assert venue.sent("POST") == []
    assert venue.positions[LONG] == 1


def test_a_thin_book_takes_several_rounds() -> None:
    venue = held("1")
    venue.depth = Decimal("0.4")
    done = flattened(venue)
    assert done.is_flat
    assert [sent["quantity"] for sent in venue.sent("POST")] == ["1", "0.6", "0.2"]


def test_a_position_larger_than_one_order_goes_in_parts() -> None:
    venue = held("1")
    venue.most = Decimal("0.3")
    assert flattened(venue).is_flat
    parts = [(sent["newClientOrderId"], sent["quantity"]) for sent in venue.sent("POST")][1:]
    assert parts == [("F-1-1-1.1", "0.3"), ("F-1-1-1.2", "0.3"), ("F-1-1-1.3", "0.3"), ("F-1-1-1.4", "0.1")]


@pytest.mark.parametrize("fault", [answers(503), refuses(-1)])
def test_a_position_too_large_for_one_order_stays_when_the_limit_cannot_be_read(fault: Any) -> None:
    venue = held("1")
    venue.most = Decimal("0.3")
    venue.fail("GET", "exchangeInfo", fault, times=99)
    done = flattened(venue, deadline_s=1)
    assert not done.is_flat
    assert done.left_positions == ("BTCUSDT 1",)
    assert any("the limit cannot be read" in step.detail for step in done.steps)


@pytest.mark.parametrize("fault", [answers(503), refuses(-1)])
def test_an_order_whose_fate_cannot_be_asked_for_is_judged_by_what_is_held(fault: Any) -> None:
    venue = held("1")
    venue.fail("POST", "order", accepts_then_503)
    venue.fail("GET", "/order", fault, times=99)
    done = flattened(venue)
    assert done.is_flat
    assert len(venue.sent("POST")) == 2  # logged when it came, and when it was handled: one order
    assert [step.outcome for step in done.steps if step.what == "close"] == ["unclear"]


def test_in_hedge_mode_each_side_is_closed_by_its_name() -> None:
    venue = FakeVenue(positions={("BTCUSDT", "LONG"): Decimal(1), ("BTCUSDT", "SHORT"): Decimal(-2)})
    assert flattened(venue).is_flat
    assert {(sent["positionSide"], sent["side"], "reduceOnly" in sent) for sent in venue.sent("POST")} == {
        ("LONG", "SELL", False),
        ("SHORT", "BUY", False),
    }


def test_only_the_symbols_asked_for_are_touched() -> None:
    venue = FakeVenue(positions={LONG: Decimal(1), ("ETHUSDT", "BOTH"): Decimal(2)})
    venue.rests("ETHUSDT")
    assert flattened(venue, symbols=["BTCUSDT"]).is_flat
    assert venue.positions["ETHUSDT", "BOTH"] == 2
    assert venue.sent("DELETE") == []


def test_what_the_venue_refuses_is_said_to_be_left_and_the_rest_is_closed() -> None:
    venue = FakeVenue(positions={LONG: Decimal(1), ("ETHUSDT", "BOTH"): Decimal(2)})

    async def refuses_bitcoin(venue: FakeVenue, request: web.Request) -> web.Response | None:
        return refusal(-2019, "Margin is insufficient.") if request.query["symbol"] == "BTCUSDT" else None

    venue.fail("POST", "order", refuses_bitcoin, times=99)
    done = flattened(venue)
    assert not done.is_flat
    assert done.left_orders == ()
    assert done.left_positions == ("BTCUSDT 1",)
    assert len(venue.sent("POST")) < 40
    assert any("Margin is insufficient" in step.detail for step in done.steps if step.outcome == "refused")


def test_an_order_that_cannot_be_cancelled_does_not_keep_positions_from_being_closed() -> None:
    venue = held("1")
    number = venue.rests("BTCUSDT")
    venue.fail("DELETE", "", answers(503), times=99)
    done = flattened(venue)
    assert not done.is_flat
    assert done.left_orders == (f"BTCUSDT order {number}",)
    assert done.left_positions == ()


def test_a_venue_that_cannot_be_asked_is_unknown_and_never_flat() -> None:
    venue = held("1")
    venue.fail("GET", "", answers(503), times=999)
    done = flattened(venue, deadline_s=1)
    assert not done.is_flat
    assert done.left_orders is None
    assert done.left_positions is None
    assert {step.outcome for step in done.steps} == {"unknown"}
    assert venue.sent("POST") == []


@pytest.mark.parametrize("path", ["openAlgoOrders", "openOrders"])
def test_what_can_be_read_is_taken_care_of_although_not_all_can(path: str) -> None:
    venue = held("1")
    venue.fail("GET", path, answers(404), times=999)
    done = flattened(venue, deadline_s=1)
    assert venue.positions[LONG] == 0
    assert not done.is_flat
    assert done.left_orders is None
    assert done.left_positions == ()


def test_a_wait_that_the_venue_asks_for_is_waited_out_within_the_deadline() -> None:
    venue = held("1")
    venue.fail("GET", "openOrders", answers(429, Retry_After="2"))
    began = time.monotonic()
    done = flattened(venue)
    assert done.is_flat
    assert time.monotonic() - began > 1.9


def test_what_is_limited_to_one_symbol_weighs_little() -> None:
    venue = held("1")
    venue.rests("BTCUSDT")
    foreign = venue.rests("ETHUSDT")
    assert flattened(venue, symbols=["BTCUSDT"]).is_flat
    assert venue.orders[foreign]["status"] == "NEW"
    assert all("symbol" in each for path in ("openOrders", "openAlgoOrders") for each in venue.sent("GET", path))
    assert venue.used_weight < 50


def test_a_position_that_could_not_be_read_at_first_is_closed_in_the_first_round() -> None:
    venue = FakeVenue(positions={("SOLUSDT", "BOTH"): Decimal(2)})
    venue.rests("BTCUSDT")
    venue.fail("GET", "positionRisk", refuses(-1000))
    done = flattened(venue)
    assert done.is_flat
    assert {step.round for step in done.steps} == {1}


def test_a_kill_fits_three_times_into_what_is_left_to_it() -> None:
    venue = held("1")
    for symbol in ("BTCUSDT", "BTCUSDT", "ETHUSDT"):
        venue.rests(symbol)
        venue.waits_for_trigger(symbol)
    assert flattened(venue).is_flat
    assert venue.used_weight <= 200


def test_doing_it_twice_does_it_once() -> None:
    venue = held("1")

    async def go() -> None:
        async with serving(venue), venue.line() as line, venue.line() as other:
            first, second = await asyncio.gather(flatten(line, flatten_id="F-1"), flatten(other, flatten_id="F-2"))
            assert first.is_flat
            assert second.is_flat

    asyncio.run(go())
    assert venue.positions[LONG] == 0


@pytest.mark.parametrize("seed", range(25))
def test_any_faults_end_flat_or_with_what_is_left(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same faults in every run
    faults: list[Any] = [
        accepts_then_503, accepts_then_drops, answers(503), answers(429, Retry_After="0"), refuses(-1021), refuses(-1001)
    ]  # fmt: skip
    venue = FakeVenue(positions={LONG: Decimal(chance.randint(-3, 3)), ("ETHUSDT", "BOTH"): Decimal("0.7")})
    for _ in range(chance.randint(0, 3)):
        venue.rests(chance.choice(["BTCUSDT", "ETHUSDT"]))
        venue.waits_for_trigger(chance.choice(["BTCUSDT", "ETHUSDT"]))
    for _ in range(8):
        venue.fail(chance.choice(["GET", "POST", "DELETE"]), "", chance.choice(faults))
    done = flattened(venue)
    is_empty = not any(venue.positions.values()) and not any(each["status"] == "NEW" for each in venue.orders.values())
    assert done.is_flat == (is_empty and all(each["algoStatus"] != "NEW" for each in venue.algos.values()))
    assert done.is_flat
