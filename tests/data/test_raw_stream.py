"""A capture becomes the book that the venue had: put together as Binance documents it, or refused in words."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_csv import BTC, L2_HEADER, level, write_csv, write_gzip
from raw_capture import LOCAL_NS, START_MS, Exchange, line, ticker, trade, write_capture
from tc.checks.book import Book
from tc.data.book import read_book
from tc.data.catalog.reading import verify_dataset
from tc.data.importing import import_files
from tc.data.inspecting import check_dataset
from tc.data.raw_stream.messages import LONGEST_LINE
from tc.data.raw_stream.sync import MOST_KEPT
from tc.errors import DocumentError, TcError
from tc.store.dataset import Dataset

BOTH = pytest.mark.parametrize("is_futures", [True, False])


def load(path: Path, *lines: str, format_name: str | None = None) -> Dataset:
    """Import lines, and find nothing wrong with what was written."""
    file = write_capture(path / "a.txt", *lines)
    dataset = import_files([file], BTC, data_root=path / "data", format_name=format_name).dataset
    verify_dataset(dataset)
    return dataset


def standing(dataset: Dataset) -> tuple[dict[int, int], dict[int, int]]:
    """Return the book at the end of a dataset: sizes by price."""
    book = Book()
    frame = read_book(dataset, with_trades=False)
    book.tops(
        frame.select(
            pl.when(pl.col("kind") == "clear").then(4).when(pl.col("size") == 0).then(3).otherwise(2).alias("action"),
            pl.col("side").to_physical().alias("side"),
            "price",
            "size",
            (pl.col("is_last").cast(pl.Int64) * 128).alias("flags"),
        )
    )
    return book.bids, book.asks


def codes(dataset: Dataset) -> list[str]:
    return [finding.code for finding in check_dataset(dataset)]


@BOTH
def test_the_book_is_that_of_the_venue_whatever_stands_before_the_snapshot(tmp_path: Path, is_futures: bool) -> None:
    venue = Exchange(is_futures)
    contained = venue.diff(0, [("b", 618_000, 5)])
    straddling = Exchange(is_futures, last_id=venue.last_id, final_id=venue.final_id, bids=venue.bids, asks=venue.asks)
    venue.diff(0, [("a", 618_003, 7)])
    snapshot = venue.snapshot(3)
    venue.diff(0, [("a", 618_003, 0)])
    lines = [contained, straddling.diff(1, [("a", 618_003, 7), ("a", 618_005, 9)])]
    later = straddling.diff(2, [("b", 618_002, 0)])
    dataset = load(tmp_path, *lines, later, snapshot, straddling.diff(4, [("b", 617_999, 3)]))
    assert standing(dataset) == ({618_001: 696, 618_000: 5, 617_999: 3}, {618_003: 7, 618_004: 40, 618_005: 9})
    assert [(part.kind, part.rows) for part in dataset.parts] == [("book", 1 + 5 + 2 + 1 + 1)]
    assert codes(dataset) == []


@BOTH
def test_what_was_kept_until_the_snapshot_came_is_stamped_with_its_arrival(tmp_path: Path, is_futures: bool) -> None:
    venue = Exchange(is_futures)
    snapshot = venue.snapshot(2)
    kept = Exchange(is_futures, last_id=venue.last_id - 1 if is_futures else venue.last_id).diff(1, [("b", 618_002, 1)])
    frame = read_book(load(tmp_path, kept, snapshot))
    assert set(frame["ts_init"]) == {LOCAL_NS + 2_000_000}
    assert frame["kind"].to_list() == ["clear", *["delta"] * 5]
    assert frame["is_snapshot"].to_list() == [True] * 5 + [False]
    assert frame["is_last"].to_list() == [False] * 4 + [True, True]
    happened = START_MS + (0 if is_futures else 1)
    assert frame["ts_event"][0] == happened * 10**6


@BOTH
def test_a_snapshot_older_than_every_update_is_of_no_use(tmp_path: Path, is_futures: bool) -> None:
    venue = Exchange(is_futures)
    old = venue.snapshot(1)
    venue.diff(0, [("b", 618_002, 1)])
    lines = [venue.diff(0, [("b", 618_002, 2)]), old]
    with pytest.raises(DocumentError, match="no depth snapshot that the depth updates follow"):
        load(tmp_path, *lines)
    before = venue.snapshot(2)
    if is_futures:  # an update that ends at the snapshot's id is applied again
        lines.append(venue.diff(2, [("b", 618_001, 3)]))
        before = venue.snapshot(2)
    dataset = load(tmp_path, *lines, before, venue.diff(3, [("b", 618_001, 4)]))
    assert standing(dataset)[0] == {618_002: 2, 618_001: 4}


@BOTH
def test_a_missing_update_empties_the_book_until_the_next_snapshot(tmp_path: Path, is_futures: bool) -> None:
    venue = Exchange(is_futures)
    lines = [venue.diff(0, [("b", 617_000, 1)]), venue.snapshot(1), venue.diff(2, [("b", 618_002, 1)])]
    venue.diff(3, [("b", 618_002, 2)])
    lines += [venue.diff(4, [("b", 618_002, 3)]), venue.diff(5, [("b", 618_001, 4)]), venue.diff(6, [("a", 618_003, 5)])]
    lost = load(tmp_path, *lines)
    (finding,) = check_dataset(lost)
    assert (finding.code, finding.expected) == ("sequence_gap", "every update of the book")
    assert finding.actual.startswith("1 row; first: sequence ")
    assert standing(lost) == ({}, {})
    found = import_files(
        [write_capture(tmp_path / "b.txt", *lines, venue.snapshot(7), venue.diff(8, [("a", 618_004, 6)]))],
        BTC,
        data_root=tmp_path / "data",
        dataset_id="found",
    ).dataset
    assert codes(found) == ["sequence_gap"]
    assert standing(found) == (venue.bids, venue.asks)
    kinds = read_book(found).filter(pl.col("kind") == "clear")
    assert kinds["is_snapshot"].to_list() == [True, False, True]


@BOTH
def test_an_update_that_is_sent_twice_counts_once(tmp_path: Path, is_futures: bool) -> None:
    venue = Exchange(is_futures)
    first, snapshot = venue.diff(0, [("b", 618_002, 1)]), venue.snapshot(1)
    second, third = venue.diff(2, [("b", 618_002, 2)]), venue.diff(3, [("b", 618_002, 3)])
    dataset = load(tmp_path, first, snapshot, second, third.replace(third[:19], second[:19]), *[second] * 2)
    assert standing(dataset) == (venue.bids, venue.asks)
    assert codes(dataset) == []


def test_a_snapshot_that_comes_while_the_book_is_known_changes_nothing(tmp_path: Path) -> None:
    venue = Exchange()
    lines = [venue.diff(0, [("b", 618_002, 1)]), venue.snapshot(1), venue.diff(2, [("b", 618_002, 2)])]
    again = load(tmp_path, *lines, venue.snapshot(3), venue.diff(4, []))
    assert again.rows == load(tmp_path / ".", *lines).rows


def test_more_updates_than_are_kept_wait_for_a_later_snapshot(tmp_path: Path) -> None:
    venue = Exchange()
    first = venue.diff(0, [("b", 618_002, 1)])
    old = venue.snapshot(MOST_KEPT + 2)
    lines = [first, *(venue.diff(number, [("b", 618_002, number)]) for number in range(1, MOST_KEPT + 2)), old]
    with pytest.raises(DocumentError, match="no depth snapshot"):
        load(tmp_path, *lines)


def test_trades_of_a_capture_are_a_part_beside_the_book(tmp_path: Path) -> None:
    venue = Exchange()
    lines = [trade(0), venue.diff(1, [("b", 618_002, 1)]), venue.snapshot(2), ticker(3), trade(4, m=True, size="1")]
    lines += [trade(5, X="INSURANCE_FUND"), trade(6, event="aggTrade")]
    dataset = load(tmp_path, *lines)
    assert [(part.kind, part.rows) for part in dataset.parts] == [("book", 6), ("trades", 2)]
    assert dataset.id == "btcusdt-perp.binance-book-trades-20240808"
    assert [(source.rows, source.format) for source in dataset.sources] == [(8, "binance-raw")]
    trades = read_book(dataset).filter(pl.col("kind") == "trade")
    assert trades.select("side", "price", "size").rows() == [("BUY", 618_003, 6), ("SELL", 618_003, 1_000)]
    assert trades["ts_init"].to_list() == [LOCAL_NS, LOCAL_NS + 4_000_000]


def test_aggregated_trades_are_taken_where_they_come_first(tmp_path: Path) -> None:
    venue = Exchange()
    lines = [venue.diff(1, [("b", 618_002, 1)]), venue.snapshot(2), trade(3, event="aggTrade"), trade(4)]
    assert [(part.kind, part.rows) for part in load(tmp_path, *lines).parts] == [("book", 6), ("trades", 1)]


def test_partial_books_and_other_messages_are_passed_over(tmp_path: Path) -> None:
    venue = Exchange()
    lines = [venue.diff(0, [("b", 618_002, 1)]), venue.snapshot(1)]
    other = venue.diff(2, [("b", 618_002, 9)]).replace("@depth@100ms", "@depth5@100ms")
    answers = [line(3, {"result": None, "id": 1}), line(4, {"stream": "x", "data": {"e": "kline", "k": {"s": 1}}}), " "]
    assert standing(load(tmp_path, *lines, other, *answers))[0] == {618_002: 1, 618_001: 696}


def test_captures_that_follow_each_other_are_one_book(tmp_path: Path) -> None:
    venue = Exchange()
    first = [venue.diff(0, [("b", 618_002, 1)]), venue.snapshot(1), trade(1)]
    files = [
        write_capture(tmp_path / "2.txt", venue.diff(2, [("b", 618_002, 2)]), venue.diff(3, [("a", 618_003, 2)])),
        write_gzip(tmp_path / "1.gz", *first),
    ]
    dataset = import_files(files, BTC, data_root=tmp_path).dataset
    assert [source.rows for source in dataset.sources] == [7, 2]
    assert standing(dataset) == (venue.bids, venue.asks)
    with pytest.raises(DocumentError, match=r"2\.txt, line 1: .* is earlier than the line before"):
        import_files([files[0], write_capture(tmp_path / "3.txt", *first, trade(9))], BTC, data_root=tmp_path)


def test_a_capture_and_a_csv_are_not_one_dataset(tmp_path: Path) -> None:
    files = [
        write_capture(tmp_path / "raw.txt", trade(0)),
        write_csv(tmp_path / "l2.csv", L2_HEADER, level(0)),
    ]
    with pytest.raises(DocumentError, match=r"raw\.txt holds binance-raw, l2\.csv does not"):
        import_files(files, BTC, data_root=tmp_path)
    with pytest.raises(DocumentError, match=r"l2\.csv, line 1 is no line of binance-raw: exchange,symbol"):
        import_files(files[1:], BTC, data_root=tmp_path, format_name="binance-raw")
    with pytest.raises(DocumentError, match="line 1 is neither the header nor a row of tardis-l2"):
        import_files(files[:1], BTC, data_root=tmp_path, format_name="tardis-l2")


GOOD = Exchange()
LINES = (GOOD.diff(0, [("b", 618_002, 1)]), GOOD.snapshot(1), GOOD.diff(2, [("a", 618_003, 2)]), trade(3))


@pytest.mark.parametrize(
    ("number", "old", "new", "problem"),
    [
        (2, '"61800.30"', '"61800.35"', "the price '61800.35' does not fit the price precision of BTCUSDT-PERP.BINANCE"),
        (2, '"0.002"', '"0.0021"', "the size '0.0021' does not fit the size precision of BTCUSDT-PERP.BINANCE, 3 decimals"),
        (2, '"0.002"', '"-0.002"', "the size '-0.002' is negative, which a size cannot be"),
        (2, '"0.002"', '"NaN"', "the size 'NaN' is no number"),
        (2, '"0.002"', '"1e400"', "is beyond the largest size that Nautilus can hold"),
        (2, '"61800.30"', '"1e20"', "is beyond the largest price that Nautilus can hold"),
        (2, '"61800.30"', '"0.' + "0" * 50 + '"', "is written with too many digits or too large an exponent"),
        (2, '"0.002"', '"1e-1000000000"', "does not fit the size precision"),
        (2, '"61800.30"', '"\\ud800"', "is no message of binance-raw"),
        (2, '"61800.30"', "61800.3", "is no message of binance-raw: Expected `str`, got `float`"),
        (2, '"u":', '"v":', "is no message of binance-raw: Object missing required field `u`"),
        (2, '"U":1002', '"U":9999', "the first update id 9999 is above the final one, 1002"),
        (2, '"T":1723161256002', '"T":172316125600', "172316125600 is no time in milliseconds or microseconds"),
        (2, "BTCUSDT", "ETH\\u0007", "is of the symbol 'ETH\\\\x07', but BTCUSDT-PERP.BINANCE is 'BTCUSDT'"),
        (2, "}}", "}", "is no message of binance-raw: Input data was truncated"),
        (2, "1723161256007000000 ", "1723161256007 ", "does not begin with a local stamp of 19 digits in nanoseconds"),
        (2, "1723161256007000000 ", "9923161256007000000 ", "does not begin with a local stamp of 19 digits in nanoseconds"),
        (2, "1723161256007000000 ", "1723161256005000000 ", "2024-08-08T23:54:16.005Z is earlier than the line before"),
        (3, '"t":7003', '"i":1', "the trade has no id"),
        (3, '"s":"BTCUSDT"', '"s":"ETHUSDT"', "is of the symbol 'ETHUSDT'"),
        (3, '"0.006"', '"-0"', ""),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named(tmp_path: Path, number: int, old: str, new: str, problem: str) -> None:
    lines = list(LINES)
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    if not problem:
        assert codes(load(tmp_path, *lines)) == ["size_not_positive"]
        return
    with pytest.raises(DocumentError) as caught:
        load(tmp_path, *lines)
    assert f"a.txt, line {number + 1}" in caught.value.message
    assert problem in caught.value.message
    assert not list((tmp_path / "data").glob("*"))


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="line 2 is longer than 4,194,304 bytes"):
        load(tmp_path, LINES[0], "1723161256007000000 {" + " " * LONGEST_LINE)


def test_a_capture_of_a_snapshot_alone_has_no_book(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no depth snapshot that the depth updates follow") as caught:
        load(tmp_path, LINES[1], trade(5))
    assert "lastUpdateId" in caught.value.hint


changes = st.lists(
    st.one_of(
        st.tuples(st.just("b"), st.integers(617_990, 618_002), st.integers(1, 9)),
        st.tuples(st.just("a"), st.integers(618_003, 618_013), st.integers(1, 9)),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(
    st.booleans(),
    st.lists(changes, min_size=3, max_size=12),
    st.integers(0, 11),
    st.integers(0, 11),
    st.sets(st.integers(0, 11), max_size=2),
)
def test_a_book_from_a_capture_is_the_venues_or_known_to_be_unknown(
    is_futures: bool, drawn: list[list[tuple[str, int, int]]], taken: int, late: int, missing: set[int]
) -> None:
    """Take the snapshot after one update and let it arrive after another, lose some updates, and compare with the venue."""
    venue = Exchange(is_futures)
    lines: list[str] = []
    snapshot = ""
    count = len(drawn)
    taken, late = taken % count, late % count
    for number, change in enumerate(drawn):
        text = venue.diff(number, change)
        if number not in missing:
            lines.append(text)
        if number == taken:
            snapshot = venue.snapshot(max(taken, late))
        if number == max(taken, late):
            lines.append(snapshot)
    with TemporaryDirectory() as folder:
        try:
            dataset = load(Path(folder), *lines)
        except DocumentError as error:
            assert "no depth snapshot" in error.message  # noqa: PT017 - it may be raised, and then it must say this
            return
        found = codes(dataset)
        assert found in ([], ["sequence_gap"])
        if found:
            assert standing(dataset) == ({}, {})
        elif count - 1 not in missing:
            assert standing(dataset) == (venue.bids, venue.asks)


@settings(max_examples=150)
@given(st.data())
def test_a_broken_capture_is_imported_or_refused_in_words(data: st.DataObject) -> None:
    content = bytearray("".join(f"{each}\n" for each in LINES).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(20, len(content) - 1))
        match data.draw(st.sampled_from(["byte", "cut", "insert"])):
            case "byte":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 30))]
            case "insert":
                content[at:at] = data.draw(st.sampled_from([b"null", b"1e999", b'"', b"[]", b"{}", b"\n", b"-", b"9" * 30]))
        if len(content) < 22:
            break
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_bytes(content)
        try:
            dataset = import_files([file], BTC, data_root=Path(folder) / "data").dataset
        except TcError as error:
            assert error.message.isprintable()  # noqa: PT017 - it may be raised, and then it must say this
        else:
            verify_dataset(dataset)
            check_dataset(dataset)
