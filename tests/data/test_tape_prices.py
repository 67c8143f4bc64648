"""Claims about the price line of a tape: the simplest rows that tell it, exact, in order, and bounded however long it is."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taped_runs import BTC, SCALE, level, quote, trade
from tc.data.tape.encoding import block_bytes
from tc.data.tape.prices import tape_candles
from tc.errors import ArtifactError
from tc.reports.candles import NANOS, Candles
from tc.store.tape import TapeRow

START_NS = 1_700_000_000 * NANOS


def drawn(rows: Sequence[TapeRow], *, block_rows: int = 4, precision: int = 1, limit: int = 1_000) -> Candles | None:
    blocks = (rows[at : at + block_rows] for at in range(0, len(rows), block_rows))
    named = ((f"block {number}", block_bytes(block)) for number, block in enumerate(blocks))
    return tape_candles(named, instrument_id=BTC, precision=precision, limit=limit)


def line(rows: Sequence[TapeRow], **options: int) -> Candles:
    found = drawn(rows, **options)
    assert found is not None
    return found


def test_quotes_are_drawn_as_the_mid_price_of_each_second() -> None:
    found = line([quote(START_NS + at * NANOS // 2, 10 + at) for at in range(1, 7)])
    assert (found.drawn_as, found.interval_ns, found.precision, found.is_of_tape) == ("line", NANOS, 2, True)
    assert [end // NANOS - 1_700_000_000 for end in found.ends_ns] == [1, 2, 3]
    assert (found.opens, found.closes) == ((1150, 1350, 1550), (1250, 1450, 1650))
    assert (found.highs, found.lows) == (found.closes, found.opens)
    assert (found.source, found.rows) == (f"mid-prices of quotes of {BTC} on the run's tape", 6)


@pytest.mark.parametrize(
    ("rows", "source"),
    [
        ([trade(START_NS + 1), level(START_NS + 2), quote(START_NS + 3)], "mid-prices of quotes"),
        ([level(START_NS + 1), trade(START_NS + 2)], "trades"),
        ([TapeRow("bars", f"{BTC}-1-MINUTE-LAST-EXTERNAL", (SCALE,) * 5 + (START_NS, START_NS + 1))], "closes of bars"),
    ],
)
def test_the_price_is_told_by_what_tells_it_best(rows: list[TapeRow], source: str) -> None:
    assert line(rows, block_rows=1).source == f"{source} of {BTC} on the run's tape"


def test_a_book_is_played_where_there_is_nothing_simpler() -> None:
    last, bid, ask = 128, 1, 2
    rows = [
        TapeRow("book", BTC, (1, side, price * SCALE, SCALE, 0, last, number, START_NS, START_NS + number))
        for number, (side, price) in enumerate([(bid, 99), (ask, 103), (bid, 101)], 1)
    ]
    found = line(rows, block_rows=2)
    assert (found.opens, found.closes) == ((10100,), (10200,))


def test_a_quote_with_an_empty_side_is_no_price() -> None:
    empty = TapeRow("quotes", BTC, (0, 5 * SCALE, 0, SCALE, START_NS, START_NS))
    assert line([quote(START_NS + 1, 10), empty]).lows == (1050,)
    assert line([empty, trade(START_NS + 1, 7)]).closes == (70,)


def test_rows_of_other_instruments_are_left_out_and_no_row_is_no_line() -> None:
    other = quote(START_NS, 5, "ETHUSDT-PERP.BINANCE")
    assert drawn([other]) is None
    assert drawn([]) is None
    assert line([other, quote(START_NS + 1, 10)]).closes == (1050,)


def test_a_stamp_that_goes_back_is_drawn_in_its_place() -> None:
    found = line([quote(START_NS + 2 * NANOS, 10), quote(START_NS + NANOS, 11), quote(START_NS + 3 * NANOS, 12)], block_rows=1)
    assert [end // NANOS - 1_700_000_000 for end in found.ends_ns] == [2, 3]
    assert found.closes == (1150, 1250)


@settings(deadline=None, max_examples=30)
@given(
    prices=st.lists(st.integers(1, 10**6), min_size=1, max_size=200),
    gap=st.integers(1, 5_000_000_000),
    block_rows=st.integers(1, 50),
    limit=st.integers(3, 40),
)
def test_however_long_the_tape_the_line_is_bounded_and_loses_no_extreme(
    prices: list[int], gap: int, block_rows: int, limit: int
) -> None:
    rows = [trade(START_NS + number * gap, price) for number, price in enumerate(prices)]
    found = line(rows, block_rows=block_rows, limit=limit)
    assert len(found) <= limit
    assert found.rows == len(prices)
    assert (found.opens[0], found.closes[-1]) == (prices[0] * 10, prices[-1] * 10)
    assert (max(found.highs), min(found.lows)) == (max(prices) * 10, min(prices) * 10)
    assert list(found.ends_ns) == sorted(set(found.ends_ns))
    assert all(end % found.interval_ns == 0 for end in found.ends_ns)


def test_a_price_that_does_not_fit_and_bytes_that_are_no_block_are_said() -> None:
    odd = TapeRow("trades", BTC, (SCALE // 100, SCALE, 1, "t", START_NS, START_NS))
    with pytest.raises(ArtifactError, match="block 0 holds a price that cannot be drawn"):
        drawn([odd])
    with pytest.raises(ArtifactError, match="is no block of a tape"):
        tape_candles([("it", b"something")], instrument_id=BTC, precision=1)
