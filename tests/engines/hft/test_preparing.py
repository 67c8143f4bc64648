import dataclasses
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
import pytest

from hft_runs import BOOK, FAST, INSTRUMENT, START_NS, dataset, frame, request, ticks
from tc.engines.hft.backtest import HftEngine, installed_version
from tc.engines.hft.feed import DEPTH, GAP, TRADE, Scale, book_columns
from tc.engines.hft.settings import QUEUE_MODELS, HftSettings
from tc.errors import DocumentError
from tc.ports import BacktestRequest
from tc.spec.library import load_instrument
from tc.spec.run_spec import DataSpec, FeesSpec, StrategySpec, VenueSpec

ROWS = (*BOOK, *ticks(10, 20))


def refused(asked: BacktestRequest, rows: pl.DataFrame | None = None) -> str:
    data = frame(ROWS) if rows is None else rows
    with pytest.raises(DocumentError) as caught:
        HftEngine(lambda *_: data, FAST).prepare(asked)
    return caught.value.message


def test_a_prepared_backtest_knows_its_rows_its_start_and_its_strategy() -> None:
    backtest = HftEngine(lambda *_: frame(ROWS), FAST).prepare(request(ROWS))
    assert (backtest.rows_total, backtest.first_ns) == (7, START_NS)
    assert backtest.identity.name == "tc.strategies.quoter:TwoSidedQuoter"
    assert getattr(backtest.core_strategy, "instrument_id", None) == INSTRUMENT
    backtest.close()


def test_only_core_native_strategies_run() -> None:
    assert "Core-native strategies only" in refused(request(ROWS, strategy=StrategySpec(scenario="ops_smoke_demo")))


def test_a_strategy_has_no_way_past_the_gate() -> None:
    assert refused(request(ROWS, gate="off")).startswith("gate: off")


@pytest.mark.parametrize("kinds", [("trades",), ("book", "quotes"), ("bars",)])
def test_only_books_are_played(kinds: tuple[str, ...]) -> None:
    asked = request(ROWS)
    assert "hftbacktest plays a book" in refused(dataclasses.replace(asked, dataset=dataset(frame(ROWS), *kinds)))


def test_hedging_is_refused() -> None:
    venue = VenueSpec(name="BINANCE", account_type="margin", oms_type="hedging", starting_balances=("1 USDT",))
    assert refused(request(ROWS, venue=venue)).startswith("venue.oms_type")


def test_an_inverse_contract_is_refused() -> None:
    asked = request(ROWS)
    inverse = msgspec.structs.replace(asked.instrument, is_inverse=True)
    assert "is inverse" in refused(dataclasses.replace(asked, instrument=inverse))


@pytest.mark.parametrize(
    ("change", "path"),
    [({"id": "X.BINANCE"}, "data.dataset"), ({"price_precision": 2}, "data.dataset")],
)
def test_the_dataset_is_the_instrument_s(change: dict[str, Any], path: str) -> None:
    asked = request(ROWS)
    other = msgspec.structs.replace(asked.instrument, **change)
    assert refused(dataclasses.replace(asked, instrument=other)).startswith(path)


def test_a_window_without_rows_is_refused() -> None:
    late = DataSpec(dataset="book", start="2024-01-01T00:00:00Z")
    assert "no row of dataset" in refused(request(ROWS, data=late))


def test_a_price_between_two_ticks_is_refused() -> None:
    asked = request(ROWS)
    coarse = msgspec.structs.replace(asked.instrument, price_increment="0.5")
    message = refused(dataclasses.replace(asked, instrument=coarse))
    assert message == "data.dataset: row 1 has price 99.9, which is no whole number of the instrument's 0.5"


def test_the_spec_s_fees_replace_the_instrument_s() -> None:
    venue = VenueSpec(
        name="BINANCE",
        account_type="margin",
        oms_type="netting",
        starting_balances=("1 USDT",),
        fees=FeesSpec(maker="-0.1", taker="0.2"),
    )
    backtest = HftEngine(lambda *_: frame(ROWS), FAST).prepare(request(ROWS, venue=venue))
    assert backtest.identity.parameters["quantity"] == "1"
    backtest.close()


def test_an_engine_that_is_not_installed_is_said_to_be_an_extra() -> None:
    with pytest.raises(DocumentError, match="is not installed") as caught:
        installed_version("no-such-distribution")
    assert "--extra hft" in caught.value.hint


def test_every_setting_is_in_the_configuration() -> None:
    assert HftEngine(lambda *_: frame(ROWS)).settings() == {
        "latency": {"model": "constant", "order_entry_ns": 10_000_000, "order_response_ns": 10_000_000, "feed_ns": 0},
        "queue": {"model": "risk_adverse", "exponent": "3.0"},
        "exchange": "no_partial_fill",
        "unit": "ticks and lots",
    }
    assert HftEngine(lambda *_: frame(ROWS)).version == "2.4.4"


@pytest.mark.parametrize(
    "wrong",
    [
        {"order_entry_ns": -1},
        {"order_response_ns": 2**62},
        {"feed_ns": -5},
        {"queue_model": "log_prob"},
        {"queue_exponent": 0.0},
        {"queue_exponent": float("nan")},
    ],
)
def test_settings_that_would_abort_the_process_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        HftSettings(**wrong)
    assert QUEUE_MODELS


def test_columns_are_whole_numbers_with_the_venue_s_stamps_behind_ours() -> None:
    rows = frame(
        ((0, "delta", "BUY", "99.9", "5"), (1, "trade", "NONE", "99.9", "1"), (2, "clear", "NONE", "0", "0")), behind_ns=-7
    )
    columns = book_columns(rows, dataset(rows), load_instrument(INSTRUMENT, search=()), first_ns=START_NS + 1, feed_ns=3)
    assert list(columns.kinds) == [DEPTH, TRADE, GAP]
    assert list(columns.sides) == [1, 0, 0]
    assert list(columns.ticks) == [999, 999, 0]
    assert list(columns.lots) == [5000, 1000, 0]
    assert list(columns.local_ns - columns.venue_ns) == [3, 3, 3]
    assert columns.in_window == 2


def test_a_scale_goes_there_and_back_and_says_what_is_between() -> None:
    scale = Scale.of(load_instrument(INSTRUMENT, search=()))
    assert str(scale.price(999)) == "99.9"
    assert str(scale.quantity(1500)) == "1.500"
    assert scale.ticks(scale.price(999)) == 999
    assert scale.lots(scale.quantity(1500)) == 1500
    for amount in ("99.95", "0", "-1", "1e20"):
        assert scale.ticks(Decimal(amount)) is None
