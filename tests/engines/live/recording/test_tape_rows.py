"""What Nautilus publishes comes back from the tape, by way of a dataset, as equal objects."""

from pathlib import Path
from typing import Any

from nautilus_trader.model.data import (
    Bar,
    BarType,
    BookOrder,
    FundingRateUpdate,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.enums import AggressorSide, BookAction, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import Price, Quantity

from taped_runs import BTC, taped_run
from tc.data.catalog.layout import COLUMNS
from tc.data.tape.importing import import_tape
from tc.data.target import ImportTarget
from tc.engines.nautilus.live.recording.tape_rows import tape_rows
from tc.engines.nautilus.rows import chunks
from tc.store.tape import TAPE_COLUMNS

INSTRUMENT = InstrumentId.from_str(BTC)
NS = 1_795_254_666_797_878_154


def price(text: str) -> Price:
    return Price.from_str(text)


def quantity(text: str) -> Quantity:
    return Quantity.from_str(text)


def delta(at: int, action: BookAction, side: OrderSide, at_price: str, size: str, flags: int) -> OrderBookDelta:
    order = BookOrder(side, price(at_price), quantity(size), 0)
    return OrderBookDelta(INSTRUMENT, action, order, flags, 7, NS + at - 5, NS + at)


def published() -> list[Any]:
    bar_type = BarType.from_str(f"{BTC}-1-MINUTE-LAST-EXTERNAL")
    return [
        QuoteTick(INSTRUMENT, price("60000.1"), price("60000.2"), quantity("1.001"), quantity("0.002"), NS - 9, NS),
        TradeTick(INSTRUMENT, price("60000.2"), quantity("0.002"), AggressorSide.BUYER, TradeId("123-4"), NS - 3, NS + 1),
        OrderBookDeltas(
            INSTRUMENT,
            [
                delta(2, BookAction.ADD, OrderSide.BUY, "59999.9", "3.000", 32),
                delta(2, BookAction.DELETE, OrderSide.SELL, "60001.0", "0.000", 160),
            ],
        ),
        delta(3, BookAction.UPDATE, OrderSide.BUY, "59999.9", "4.000", 128),
        Bar(bar_type, price("1.0"), price("60000.2"), price("0.1"), price("5.5"), quantity("123456789.001"), NS + 4, NS + 4),
        QuoteTick(INSTRUMENT, price("0.1"), price("900000.2"), quantity("1.001"), quantity("0.002"), NS, NS + 5),
    ]


def test_rows_name_their_values_as_a_dataset_does() -> None:
    assert {kind: tuple(name for name, _ in columns) for kind, columns in COLUMNS.items()} == dict(TAPE_COLUMNS)


def test_what_was_published_comes_back_equal_and_in_its_order(tmp_path: Path) -> None:
    rows = [row for datum in published() for row in tape_rows(datum)]
    assert len(rows) == 7
    run = taped_run(tmp_path, rows)
    made = import_tape(run, ImportTarget(BTC, "BTCUSDT", 1, 3), data_root=tmp_path / "data")
    assert made.notes == ()
    played = [each for chunk in chunks(made.published.dataset, start_ns=None, end_ns=None) for each in chunk]
    expected = [one for each in published() for one in (each.deltas if type(each) is OrderBookDeltas else [each])]
    assert [type(each).to_dict(each) for each in played] == [type(each).to_dict(each) for each in expected]


def test_a_book_that_is_cleared_and_what_the_tape_does_not_take() -> None:
    (row,) = tape_rows(OrderBookDelta.clear(INSTRUMENT, 5, NS, NS + 1))
    assert (row.kind, row.identifier, dict(zip(TAPE_COLUMNS["book"], row.values, strict=True))["action"]) == ("book", BTC, 4)
    assert tape_rows(FundingRateUpdate) == ()
