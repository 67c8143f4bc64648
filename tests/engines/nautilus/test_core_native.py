"""Tests for Core-native strategies on Nautilus's engine: they see every row, and their orders go the way of all others."""

from pathlib import Path
from typing import Any

import pytest

from gated_runs import QUARTER_OF_AN_HOUR, gated, limits
from nautilus_runs import request
from tc.core.events import (
    MarketDataRows,
    MarketObserved,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    OrderUpdated,
    SubmitRequested,
)
from tc.spec.gate_spec import ExecutionSpec, OperationSpec, RateSpec, ThrottleSpec
from tc.spec.run_spec import DataSpec, StrategySpec

SUBJECT = """
from decimal import Decimal
import msgspec
from tc.core.intents import CancelIntent, NewIntent, ReplaceIntent

class Subject(msgspec.Struct, frozen=True):
    instrument_id: str = ""

    def evaluate(self, context):
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


def asked(data_root: Path, folder: Path, **changes: Any) -> Any:
    """Return a request of the subject."""
    (folder / "native_subject.py").write_text(SUBJECT, encoding="utf-8")
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


def test_it_sees_every_row_once_before_what_the_row_causes(data_root: Path, tmp_path: Path) -> None:
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
