"""Tests for Core-native strategies on Nautilus's engine: they see every row, and their orders go the way of all others."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gated_runs import QUARTER_OF_AN_HOUR, gated, limits
from nautilus_runs import request
from tc.core.events import (
    DispatchFailed,
    MarketDataRows,
    MarketObserved,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
    OrderUpdated,
    PositionChanged,
    PositionClosed,
    PositionOpened,
    SubmitRequested,
)
from tc.data.sample import prepare_sample
from tc.engines.nautilus.backtest import NautilusEngine
from tc.errors import DocumentError
from tc.spec.gate_spec import ExecutionSpec, OperationSpec, RateSpec, ThrottleSpec
from tc.spec.run_spec import DataSpec, StrategySpec

SUBJECT = """
from decimal import Decimal
import msgspec
from tc.core.intents import CancelIntent, NewIntent, ReplaceIntent

class Subject(msgspec.Struct, frozen=True):
    instrument_id: str = ""

    def evaluate(self, context):
"""
BODY = """
        rows = context.market_rows
        one = Decimal("0.010")
        if rows == 2 and context.terms("A") is None:
            return [NewIntent("A", self.instrument_id, "BUY", one, price=Decimal("50000")),
                    NewIntent("B", self.instrument_id, "BUY", one, order_type="MARKET")]
        if rows == 4 and context.order("A").price == 50000:
            return [ReplaceIntent("A", price=Decimal("50001.5"))]
        if rows == 6 and context.order("A").status == "ACCEPTED" and context.in_flight("A") is None:
            return [CancelIntent("A")]
        if rows == 8 and context.terms("C") is None:
            return [NewIntent("C", self.instrument_id, "SELL", one, order_type="MARKET", reduce_only=True)]
        return ()
"""


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the tests of this file share."""
    return tmp_path_factory.mktemp("data")


def asked(data_root: Path, folder: Path, *, body: str = BODY, **changes: Any) -> Any:
    """Return a request of the subject; what it evaluates is read anew."""
    (folder / "native_subject.py").write_text(SUBJECT + body, encoding="utf-8")
    sys.modules.pop("native_subject", None)
    strategy = StrategySpec(core="native_subject:Subject", python_path=(".",))
    settings = {"gate": "on", "risk": limits(), "data": QUARTER_OF_AN_HOUR, **changes}
    return request(data_root, folder, strategy=strategy, **settings)


def test_its_orders_are_sent_changed_cancelled_and_filled(data_root: Path, tmp_path: Path) -> None:
    recorded = gated(asked(data_root, tmp_path))
    assert [event.client_order_id for event in recorded.of(OrderInitialized)] == ["A", "B", "C"]
    assert [event.client_order_id for event in recorded.of(OrderSubmitted)] == ["A", "B", "C"]
    assert [str(event.price) for event in recorded.of(OrderUpdated)] == ["50001.5"]
    assert [event.client_order_id for event in recorded.of(OrderCanceled)] == ["A"]
    assert [(event.client_order_id, event.strategy_id) for event in recorded.of(OrderFilled)] == [
        ("B", "native_subject:Subject"),
        ("C", "native_subject:Subject"),
    ]
    assert list(recorded.stream.context.positions()) == []
    assert recorded.stream.strategy_failure == ""


def test_it_sees_every_row_once(data_root: Path, tmp_path: Path) -> None:
    recorded = gated(asked(data_root, tmp_path))
    rows = recorded.of(MarketObserved)
    assert [event.row for event in rows] == list(range(len(rows)))
    assert recorded.of(MarketDataRows) == []
    assert recorded.stream.context.market_rows == len(rows) == 15


def test_on_ticks_a_row_is_the_whole_market(data_root: Path, tmp_path: Path) -> None:
    ticks = DataSpec(dataset="btcusdt-ticks-sample", end="2025-01-06T08:05:00Z")
    recorded = gated(asked(data_root, tmp_path, data=ticks))
    seen = recorded.of(MarketObserved)[20:]
    assert all(event.bid is not None and event.ask is not None and event.last is not None for event in seen)
    assert len(recorded.of(OrderFilled)) == 2


def test_neither_chunks_nor_batches_change_its_journal(data_root: Path, tmp_path: Path) -> None:
    backtest_request = asked(data_root, tmp_path, execution=ExecutionSpec(rate=RateSpec(messages=1, period_s="77", burst=1)))
    first = gated(backtest_request)
    assert recorded_holds(first)
    for chunk_rows, batch in ((1, 512), (4, 3)):
        again = gated(backtest_request, chunk_rows=chunk_rows, batch=batch)
        assert again.entries == first.entries
        assert again.decisions == first.decisions


def recorded_holds(recorded: Any) -> bool:
    """Say whether something was held for the rate."""
    return any(each.reason == "rate_capacity" for each in recorded.outcomes("held"))


def test_R42_a_flatten_closes_its_position(data_root: Path, tmp_path: Path) -> None:
    stops = OperationSpec(at="2025-01-06T00:03:10Z", kill_switch="flatten", reason="a test")
    recorded = gated(asked(data_root, tmp_path, operations=(stops,)))
    assert list(recorded.stream.context.positions()) == []
    first, second = (event.client_order_id for event in recorded.of(OrderFilled))
    assert first == "B"
    assert second.startswith("FLATTEN-")
    assert len(recorded.of(SubmitRequested)) == 4


def test_its_throttle_counts_its_fills_and_an_operator_resets_it(data_root: Path, tmp_path: Path) -> None:
    risk = limits(throttle=ThrottleSpec(executions=1, window_s="3600"))
    resets = OperationSpec(at="2025-01-06T00:07:30Z", reset_throttle=True, reason="looked into")
    recorded = gated(asked(data_root, tmp_path, risk=risk, operations=(resets,)))
    assert recorded.stream.context.is_throttled("native_subject:Subject")
    assert len(recorded.of(OrderFilled)) == 2


def test_its_orders_fills_and_positions_stand_under_one_name(data_root: Path, tmp_path: Path) -> None:
    recorded = gated(asked(data_root, tmp_path))
    named = recorded.of(OrderInitialized, OrderFilled, PositionOpened, PositionChanged, PositionClosed)
    assert {event.strategy_id for event in named} == {"native_subject:Subject"}
    assert {type(event) for event in named} >= {PositionOpened, PositionClosed}


def test_R82_a_row_is_seen_after_the_fills_that_it_brings(data_root: Path, tmp_path: Path) -> None:
    body = """
        if context.market_rows == 1 and context.terms("A") is None:
            below = context.reference(self.instrument_id).last - 5
            return [NewIntent("A", self.instrument_id, "BUY", Decimal("0.010"), price=below)]
        return ()
"""
    recorded = gated(
        asked(data_root, tmp_path, body=body, data=DataSpec(dataset="btcusdt-1m-sample", end="2025-01-06T02:00:00Z"))
    )
    fill = next(at for at, each in enumerate(recorded.entries) if type(each.event) is OrderFilled)
    stamp = recorded.entries[fill].event.at_ns
    row = next(at for at, each in enumerate(recorded.entries) if type(each.event) is MarketObserved and each.event.at_ns == stamp)
    assert fill < row


def test_it_is_told_nothing_and_loses_nothing_where_the_gate_only_observes(data_root: Path, tmp_path: Path) -> None:
    recorded = gated(asked(data_root, tmp_path, risk=limits(max_order_quantity="0.001"), gate="observe"))
    assert [each.result for each in recorded.outcomes("would_deny")] == ["would_deny"] * 4
    assert [event.client_order_id for event in recorded.of(OrderSubmitted)] == ["A", "B", "C"]
    assert [str(event.price) for event in recorded.of(OrderUpdated)] == ["50001.5"]
    assert [event.client_order_id for event in recorded.of(OrderCanceled)] == ["A"]
    assert {event.strategy_id for event in recorded.of(OrderFilled, PositionOpened)} == {"native_subject:Subject"}


@pytest.mark.parametrize("time_in_force", ["GTC", "IOC", "FOK"])
@pytest.mark.parametrize("terms", ["order_type='MARKET'", "price=Decimal(50000)", "price=Decimal(50000), post_only=True"])
def test_the_venue_takes_every_order_that_can_be_asked_for(
    data_root: Path, tmp_path: Path, time_in_force: str, terms: str
) -> None:
    body = f"""
        if context.market_rows == 2 and context.terms("A") is None:
            return [NewIntent("A", self.instrument_id, "BUY", Decimal("0.010"), time_in_force="{time_in_force}", {terms})]
        return ()
"""
    recorded = gated(asked(data_root, tmp_path, body=body))
    assert [each.result for each in recorded.outcomes("sent", "denied")] == ["sent"]
    assert recorded.of(DispatchFailed, OrderRejected, OrderDenied) == []
    assert [event.time_in_force for event in recorded.of(OrderInitialized)] == [time_in_force]
    story = recorded.names_of("A")
    assert story[-1] == ("OrderFilled" if "MARKET" in terms else "OrderAccepted" if time_in_force == "GTC" else "OrderCanceled")


@pytest.mark.parametrize(
    ("key", "terms", "reason"),
    [
        ("ü", "price=Decimal(50000)", "NautilusTrader takes keys of printable ASCII only"),
        ("a\\0b", "price=Decimal(50000)", "NautilusTrader takes keys of printable ASCII only"),
        ("A", "price=Decimal('1E+30')", "NautilusTrader cannot hold its price"),
        ("A", "price=Decimal('50000.123')", ""),
    ],
)
def test_R60_what_nautilus_cannot_have_is_a_failed_dispatch_and_the_rest_of_the_step_is_sent(
    data_root: Path, tmp_path: Path, key: str, terms: str, reason: str
) -> None:
    body = f"""
        if context.market_rows == 2 and context.terms("B") is None:
            return [NewIntent("{key}", self.instrument_id, "BUY", Decimal("0.010"), {terms}),
                    NewIntent("B", self.instrument_id, "BUY", Decimal("0.010"), order_type="MARKET")]
        return ()
"""
    recorded = gated(asked(data_root, tmp_path, body=body))
    (failed,) = recorded.of(DispatchFailed)
    assert failed.kind == "NEW"
    assert failed.reason.startswith(reason)
    assert [event.client_order_id for event in recorded.of(OrderFilled)] == ["B"]
    assert recorded.stream.context.pending_count == 0
    assert not any(recorded.stream.context.commands_in_flight())


def test_R60_a_change_that_nautilus_cannot_hold_is_a_failed_dispatch(data_root: Path, tmp_path: Path) -> None:
    body = """
        if context.market_rows == 2 and context.terms("A") is None:
            return [NewIntent("A", self.instrument_id, "BUY", Decimal("0.010"), price=Decimal("50000"))]
        if context.market_rows == 4 and not any(context.commands_in_flight()):
            return [ReplaceIntent("A", price=Decimal("1E+30"))]
        return ()
"""
    recorded = gated(asked(data_root, tmp_path, body=body))
    assert [(each.kind, each.reason) for each in recorded.of(DispatchFailed)] == [
        ("REPLACE", "NautilusTrader cannot hold its price")
    ]
    order = recorded.stream.context.order("A")
    assert order is not None
    assert order.price == 50000


def test_an_order_book_is_refused_before_anything_runs(data_root: Path, tmp_path: Path) -> None:
    prepare_sample("btcusdt-book-sample", data_root)
    with pytest.raises(DocumentError, match="holds an order book"):
        NautilusEngine().prepare(asked(data_root, tmp_path, data=DataSpec(dataset="btcusdt-book-sample")))
