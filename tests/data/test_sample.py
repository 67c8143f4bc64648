"""The packaged sample: the same bits everywhere, and a market that holds together."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tc.data.book import read_book
from tc.data.inspecting import check_dataset
from tc.data.market.day import DAY_START_NS, MINUTES, make_market, one_minute_bars
from tc.data.market.random_integers import RandomIntegers
from tc.data.sample import BARS_ID, BOOK_ID, END_OF_TICKS_NS, FIRST_TICK_NS, SAMPLES, SEED, TARGET, TICKS_ID, prepare_sample
from tc.errors import DocumentError, RefusedError
from tc.spec.library import load_instrument
from tc.store.dataset import list_datasets

MINUTE_NS = 60 * 10**9


def test_the_sample_is_the_same_to_the_bit_on_every_machine(tmp_path: Path) -> None:
    bars, ticks = (published.dataset for published in prepare_sample("btcusdt-sample", tmp_path))
    assert (bars.id, bars.rows) == ("btcusdt-1m-sample", 1_440)
    assert bars.fingerprint == "86e24e4679574a27565d92afbacfcbe4a9ab4eacfd1e159a99494e81e63207f1"
    assert [(part.kind, part.rows) for part in ticks.parts] == [("quotes", 44_131), ("trades", 20_161)]
    assert ticks.id == "btcusdt-ticks-sample"
    assert ticks.fingerprint == "57b53fd18c01c4efb7858fb47d1e1197f84522004912f44e13b6a6f46a95dd08"


def test_the_random_integers_are_those_of_the_reference_implementation() -> None:
    """Numbers of Vigna's splitmix64.c with seed 1234567."""
    words = RandomIntegers(1_234_567).words(5)
    assert list(map(int, words)) == [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ]


def test_random_integers_taken_in_pieces_are_the_same() -> None:
    pieces, whole = RandomIntegers(7), RandomIntegers(7)
    assert [*pieces.words(3), *pieces.words(4)] == list(whole.words(7))


def test_random_integers_stay_in_their_bounds_and_fill_them() -> None:
    draws = RandomIntegers(1).below(6, 10_000)
    assert set(map(int, draws)) == set(range(6))
    around = RandomIntegers(1).around_zero(10, 10_000)
    assert (around.min() >= -40, around.max() <= 40) == (True, True)
    assert abs(int(around.sum())) < 3_000


def test_preparing_again_finds_it_there(tmp_path: Path) -> None:
    first = prepare_sample("btcusdt-sample", tmp_path)
    again = prepare_sample("btcusdt-sample", tmp_path)
    assert [published.created for published in (*first, *again)] == [True, True, False, False]
    assert [published.dataset for published in first] == [published.dataset for published in again]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_makes_what_it_says(tmp_path: Path, name: str) -> None:
    made = prepare_sample(name, tmp_path)
    assert tuple(published.dataset.id for published in made) == SAMPLES[name]
    assert list_datasets(tmp_path) == tuple(sorted((published.dataset for published in made), key=lambda each: each.id))


def test_nothing_is_wrong_with_the_sample(tmp_path: Path) -> None:
    for published in prepare_sample("btcusdt-sample", tmp_path):
        assert check_dataset(published.dataset, max_tick_gap_ns=10 * 10**9) == ()


def test_an_unknown_sample_is_an_error_that_lists_them(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="there is no sample 'ethusdt'") as caught:
        prepare_sample("ethusdt", tmp_path)
    assert "btcusdt-1m-sample" in caught.value.hint


def test_another_dataset_of_that_id_is_refused(tmp_path: Path) -> None:
    prepare_sample(BARS_ID, tmp_path)
    (tmp_path / BARS_ID).rename(tmp_path / TICKS_ID)
    manifest = tmp_path / TICKS_ID / "dataset.json"
    manifest.write_text(manifest.read_text().replace(f'"id":"{BARS_ID}"', f'"id":"{TICKS_ID}"'))
    with pytest.raises(RefusedError):
        prepare_sample(TICKS_ID, tmp_path)


def test_the_sample_fits_the_packaged_instrument() -> None:
    instrument = load_instrument(TARGET.instrument_id, search=())
    assert (instrument.raw_symbol, instrument.price_precision, instrument.size_precision) == ("BTCUSDT", 1, 3)
    assert Decimal(instrument.price_increment) == Decimal("0.1")
    assert Decimal(instrument.size_increment) == Decimal("0.001")


def test_trades_are_at_the_bid_or_the_ask_of_their_moment_and_no_larger_than_what_was_there() -> None:
    quotes, trades = make_market(SEED)
    at = np.searchsorted(quotes.ts_init, trades.ts_init)
    assert (quotes.ts_init[at] == trades.ts_init).all()
    buys = trades.side == 1
    assert (trades.price_ticks == np.where(buys, quotes.ask_ticks[at], quotes.bid_ticks[at])).all()
    assert (trades.lots <= np.where(buys, quotes.ask_lots[at], quotes.bid_lots[at])).all()
    assert 0.4 < buys.mean() < 0.6


def test_news_arrives_after_it_happened_in_the_same_order() -> None:
    quotes, trades = make_market(SEED)
    for ticks in (quotes, trades):
        assert (np.diff(ticks.ts_init) > 0).all()
        assert (np.diff(ticks.ts_event) > 0).all()
        assert (ticks.ts_init - ticks.ts_event >= 10**6).all()


def test_bars_are_those_of_the_trades() -> None:
    _, trades = make_market(SEED)
    bars = one_minute_bars(trades)
    minute = (trades.ts_event - DAY_START_NS) // MINUTE_NS
    assert sorted(set(map(int, minute))) == list(range(MINUTES))
    for index in (0, 1, 719, 1_439):
        mine = minute == index
        prices = trades.price_ticks[mine]
        expected = (prices[0], prices.max(), prices.min(), prices[-1], trades.lots[mine].sum())
        made = (bars.open_ticks, bars.high_ticks, bars.low_ticks, bars.close_ticks, bars.lots)
        assert tuple(column[index] for column in made) == expected
    assert (np.diff(bars.closed_ns) == MINUTE_NS).all()
    assert bars.closed_ns[0] == DAY_START_NS + MINUTE_NS


def test_the_ticks_are_two_hours() -> None:
    assert END_OF_TICKS_NS - FIRST_TICK_NS == 2 * 3_600 * 10**9
    assert (FIRST_TICK_NS - DAY_START_NS) % (3_600 * 10**9) == 0


def test_volatility_comes_in_clusters() -> None:
    bars = one_minute_bars(make_market(SEED)[1])
    sizes = np.abs(np.diff(bars.close_ticks)).astype(float)
    returns = np.diff(bars.close_ticks).astype(float)
    assert np.corrcoef(sizes[:-1], sizes[1:])[0, 1] > 0.2
    assert abs(np.corrcoef(returns[:-1], returns[1:])[0, 1]) < 0.15


def test_the_book_sample_is_the_same_to_the_bit_on_every_machine(tmp_path: Path) -> None:
    (book,) = (published.dataset for published in prepare_sample(BOOK_ID, tmp_path))
    assert [(part.kind, part.rows) for part in book.parts] == [("book", 76_975), ("trades", 6_237)]
    assert book.fingerprint == "dcb208c311c2739e297b69fa9e2ee1c2be756ce7f7da9f59d7aeb668965cd70c"


def test_nothing_is_wrong_with_the_book_sample(tmp_path: Path) -> None:
    (book,) = (published.dataset for published in prepare_sample(BOOK_ID, tmp_path))
    assert check_dataset(book, max_tick_gap_ns=10**9 * 5) == ()


def test_the_book_sample_moves_and_its_trades_hit_what_was_there(tmp_path: Path) -> None:
    (book,) = (published.dataset for published in prepare_sample(BOOK_ID, tmp_path))
    levels: dict[str, dict[int, int]] = {"BUY": {}, "SELL": {}}
    bests: set[int] = set()
    hit = before = 0
    for _, received, kind, side, price, size, *_ in read_book(book).rows():
        assert received >= before
        before = received
        if kind == "delta":
            levels[side][price] = size
        elif kind == "trade":
            bests.add(price)
            hit += size <= levels["SELL" if side == "BUY" else "BUY"].get(price, 0)
    trades = book.parts[1].rows
    assert len(bests) > 50
    assert hit > trades * 9 // 10
    assert (book.last_ns - book.first_ns) // (60 * 10**9) == 10
