"""What is wrong with a CSV is said with file, line and column; nothing is rounded, repaired or left out, and nothing crashes."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from market_csv import (
    AGGTRADES_HEADER,
    BTC,
    FIL,
    KLINES_HEADER,
    L2_HEADER,
    QUOTES_HEADER,
    TRADES_HEADER,
    aggtrade,
    kline,
    kline_us,
    level,
    quote,
    trade,
    write_csv,
)
from tc.data.catalog.reading import verify_dataset
from tc.data.csv_files.formats import FORMATS, LONGEST_LINE
from tc.data.importing import import_files
from tc.data.target import ImportTarget
from tc.errors import DocumentError, TcError
from tc.store.dataset import Dataset

HEADERS = dict(zip(FORMATS, (KLINES_HEADER, AGGTRADES_HEADER, TRADES_HEADER, QUOTES_HEADER, L2_HEADER), strict=True))
ROWS: dict[str, Callable[[int], str]] = dict(zip(FORMATS, (kline, aggtrade, trade, quote, level), strict=True))
TARGETS = dict(zip(FORMATS, (FIL, BTC, BTC, BTC, BTC), strict=True))


def load(path: Path, target: ImportTarget = FIL, format_name: str | None = None) -> Dataset:
    return import_files([path], target, data_root=path.parent / "data", format_name=format_name).dataset


def with_cell(format_name: str, row: int, column: str, value: str) -> list[str]:
    """Return a header and five rows, one cell replaced."""
    names = HEADERS[format_name].split(",")
    rows = [ROWS[format_name](number).split(",") for number in range(5)]
    rows[row][names.index(column)] = value
    return [HEADERS[format_name], *map(",".join, rows)]


@pytest.mark.parametrize(
    ("format_name", "column", "value", "problem"),
    [
        ("binance-klines", "open", "5.6851", "'5.6851' does not fit the price precision of FILUSDT-PERP.BINANCE, 3 decimals"),
        ("binance-klines", "close", "1e-4", "'1e-4' does not fit the price precision of FILUSDT-PERP.BINANCE, 3 decimals"),
        ("binance-klines", "volume", "1.55", "'1.55' does not fit the size precision of FILUSDT-PERP.BINANCE, 1 decimals"),
        ("binance-klines", "volume", "-1.5", "'-1.5' is negative, which a size cannot be"),
        ("binance-klines", "volume", "34028236692093.1", "is beyond the largest size that Nautilus can hold, 34028236692093"),
        ("binance-klines", "high", "17014118346046.001", "is beyond the largest price that Nautilus can hold, 17014118346046"),
        ("binance-klines", "low", "-17014118346047", "is beyond the largest price that Nautilus can hold, 17014118346046"),
        ("binance-klines", "low", "1e30", "is beyond the largest price that Nautilus can hold, 17014118346046"),
        ("binance-klines", "low", "1" * 60, "is beyond the largest price that Nautilus can hold, 17014118346046"),
        ("binance-klines", "open", "abc", "'abc' is no number"),
        ("binance-klines", "open", "", "'' is no number"),
        ("binance-klines", "open", "NaN", "'NaN' is no number"),
        ("binance-klines", "open", "inf", "'inf' is no number"),
        ("binance-klines", "open", "1_000", "'1_000' is no number"),
        ("binance-klines", "open", "\u0661", "is no number"),
        ("binance-klines", "open_time", "x", "'x' is no whole number of milliseconds or microseconds"),
        ("binance-klines", "open_time", "1680307320000.0", "is no whole number of milliseconds or microseconds"),
        ("binance-klines", "open_time", "9" * 20, "is no whole number of milliseconds or microseconds"),
        ("binance-klines", "open_time", "1680307320000000", "is no time in milliseconds, the unit of the first row"),
        ("binance-klines", "close_time", "-5", "is no time in milliseconds, the unit of the first row"),
        ("binance-klines", "close_time", "1680307379998", "is not 59999 milliseconds after open_time, as it is in the first bar"),
        ("binance-aggtrades", "is_buyer_maker", "maybe", "'maybe' is neither true nor false"),
        ("binance-aggtrades", "agg_trade_id", "", "'' is no trade id of 1 to 36 printable ASCII characters"),
        ("binance-aggtrades", "transact_time", "1680307200000", "is earlier than the row before; a file must be in order"),
        ("tardis-trades", "id", "x" * 37, "is no trade id of 1 to 36 printable ASCII characters"),
        ("tardis-trades", "id", " ", "is no trade id of 1 to 36 printable ASCII characters"),
        ("tardis-trades", "id", "é", "is no trade id of 1 to 36 printable ASCII characters"),
        ("tardis-trades", "side", "Buy", "'Buy' is none of unknown, buy, sell"),
        ("tardis-trades", "symbol", "ETHUSDT", "'ETHUSDT' differs from the first row's 'BTCUSDT'; a file holds one instrument"),
        ("tardis-trades", "exchange", "binance", "'binance' differs from the first row's 'binance-futures'"),
        ("tardis-trades", "price", "61800.35", "does not fit the price precision of BTCUSDT-PERP.BINANCE, 1 decimals"),
        ("tardis-quotes", "bid_amount", "2.5071", "does not fit the size precision of BTCUSDT-PERP.BINANCE, 3 decimals"),
        ("tardis-quotes", "ask_price", "", "'' is no number"),
        ("tardis-quotes", "local_timestamp", "1723161255000000", "is earlier than the row before"),
        ("tardis-l2", "side", "buy", "'buy' is none of bid, ask"),
        ("tardis-l2", "is_snapshot", "perhaps", "'perhaps' is neither true nor false"),
        ("tardis-l2", "amount", "-1", "'-1' is negative, which a size cannot be"),
        ("tardis-l2", "price", "61800.25", "does not fit the price precision of BTCUSDT-PERP.BINANCE, 1 decimals"),
        ("tardis-l2", "local_timestamp", "1723161255000000", "is earlier than the row before"),
        ("tardis-l2", "symbol", "ETHUSDT", "'ETHUSDT' differs from the first row's 'BTCUSDT'; a file holds one instrument"),
        ("tardis-quotes", "timestamp", "1723161256002", "is no time in microseconds, the unit of the first row"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_named_with_file_line_and_column(
    tmp_path: Path, format_name: str, column: str, value: str, problem: str
) -> None:
    file = write_csv(tmp_path / "a.csv", *with_cell(format_name, 2, column, value))
    with pytest.raises(DocumentError) as caught:
        load(file, TARGETS[format_name])
    assert f"a.csv, line 4, column {column}: " in caught.value.message
    assert problem in caught.value.message
    assert not list((tmp_path / "data").glob("*"))


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", "", KLINES_HEADER, "", kline(0), "", "", kline(1, volume="x"))
    with pytest.raises(DocumentError, match="line 7, column volume"):
        load(file)
    ordered = write_csv(tmp_path / "b.csv", "", kline(1), "", "", kline(0))
    with pytest.raises(DocumentError, match=r"b\.csv, line 5, column close_time: .* is earlier than the row before"):
        load(ordered)


def test_a_wrong_row_far_into_a_file_is_named(tmp_path: Path) -> None:
    rows = [kline(minute) for minute in range(40_000)]
    rows[39_998] = rows[39_996]
    with pytest.raises(DocumentError, match=r"line 40000, column close_time: .* is earlier than the row before"):
        load(write_csv(tmp_path / "a.csv", KLINES_HEADER, *rows))


@pytest.mark.parametrize("values", [("5.685", "5.6850000000"), ("5.69", "5.69000"), ("6", "6.000"), ("56.9", "5.69e1")])
def test_the_same_number_written_otherwise_is_the_same(tmp_path: Path, values: tuple[str, str]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = (
        load(write_csv(tmp_path / folder / "x.csv", kline(0, prices=(value, "60", "5", value))))
        for folder, value in zip("ab", values, strict=True)
    )
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["\n"], "holds no rows"),
        ([KLINES_HEADER], "holds a header and no rows"),
        ([KLINES_HEADER, ""], "holds a header and no rows"),
        (["open_time," + KLINES_HEADER, "1," + kline(0)], "the header names 'open_time' twice"),
        ([KLINES_HEADER.removesuffix(",ignore"), kline(0)], "line 2: expected 11 columns, found 12"),
        ([KLINES_HEADER, kline(0), kline(1) + ",1"], "line 3: expected 12 columns, found 13"),
        ([kline(0), "1,2"], "line 2: expected 12 columns, found 2"),
        (["a,b,c", "1,2,3"], "line 1 is neither the header nor a row of binance-klines, binance-aggtrades"),
        ([KLINES_HEADER.replace("close_time", "closed"), kline(0)], "line 1 is neither the header nor a row of"),
        ([kline(0).replace("5.685", "?")], "line 1 is neither the header nor a row of"),
        ([aggtrade(0, is_buyer_maker="?")], "line 1 is neither the header nor a row of"),
        ([KLINES_HEADER, kline(0).replace("16803", "x")], "is no time in milliseconds or microseconds"),
        ([KLINES_HEADER, kline(0).replace("16803", "")], "is no time in milliseconds or microseconds"),
        ([KLINES_HEADER, kline(0).replace("16803", "16803" * 9)], "is no time in milliseconds or microseconds"),
        ([KLINES_HEADER, kline(0).replace("16803072599", "\0")], "column close_time: '\\x0099' is no time in milliseconds or"),
        ([kline(0).replace("1680307259999", "1680307259999999")], "close_time is in microseconds, open_time in milliseconds"),
        ([kline(0), kline_us(1)], "is no time in milliseconds, the unit of the first row; units must not be mixed"),
        (["x" * (LONGEST_LINE + 1)], "line 1 is longer than 65,536 bytes"),
        (["PAR1\0\x01\x02\x03"], "line 1 is neither the header nor a row of"),
        (["\x1b[31m" * 100], "line 1 is neither the header nor a row of"),
        (['"open_time"', "1"], "line 1 is neither the header nor a row of"),
    ],
)
def test_a_file_that_is_no_csv_of_market_data_is_said_to_be_none(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(write_csv(tmp_path / "a.csv", *lines))
    assert problem in caught.value.message
    assert caught.value.message.isprintable()


def test_a_file_of_another_format_than_asked_for_is_refused(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", TRADES_HEADER, trade(0))
    with pytest.raises(DocumentError, match="line 1 is neither the header nor a row of tardis-quotes") as caught:
        load(file, BTC, "tardis-quotes")
    assert "ask_amount, ask_price, bid_price, bid_amount" in caught.value.hint
    assert load(file, BTC, "tardis-trades").rows == 1


def test_bytes_that_are_no_text_are_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    good, bad = trade(0), trade(1).replace("5266583936", "@")
    file.write_bytes(f"{TRADES_HEADER}\n{good}\n{bad}\n".encode().replace(b"@", b"\xff\xfe"))
    with pytest.raises(DocumentError, match=r"line 3, column id: .* is not UTF-8 text"):
        load(file, BTC)


def test_text_of_two_bytes_a_character_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{KLINES_HEADER}\n{kline(0)}\n", encoding="utf-16")
    with pytest.raises(DocumentError, match="line 1 is neither the header nor a row of"):
        load(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("0." + "0" * 50, "is written with too many digits or too large an exponent"),
        ("-9990119111009910909109900101019011100", "is beyond the largest price"),
        ("1e-1000000000", "does not fit the price precision"),
        ("1e1000000000", "is beyond the largest price"),
        ("0e1000000000", "is written with too many digits or too large an exponent"),
        ("56850e-10", "does not fit the price precision"),
        ("0e-10", "is written with too many digits or too large an exponent"),
    ],
)
def test_a_number_on_which_arrow_would_wrap_around_or_crash_is_refused(tmp_path: Path, number: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=rf"line 2, column open: .* {problem}"):
        load(write_csv(tmp_path / "a.csv", kline(0), kline(1, prices=(number, number, number, number))))


def test_blank_lines_by_the_million_are_no_rows(tmp_path: Path) -> None:
    assert load(write_csv(tmp_path / "a.csv", kline(0), kline(1), *[""] * 2_500_000, kline(2))).rows == 3


def test_a_line_without_end_far_into_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.csv"):
        load(write_csv(tmp_path / "a.csv", KLINES_HEADER, kline(0), "1" * 5_000_000))


cells = st.one_of(
    st.text(max_size=8),
    st.decimals(allow_nan=True).map(str),
    st.integers().map(str),
    st.sampled_from(
        ["", "-", "1e400", "0x10", "1e-400", "true", '"', "\0", "\r", "1" * 50, "1680307200000", "0" * 45 + ".0", "-0"]
    ),
)


@st.composite
def broken_csv(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a CSV of a known format with some cells, lines or bytes replaced."""
    format_name = draw(st.sampled_from(list(FORMATS)))
    names = HEADERS[format_name].split(",")
    rows = [names] if draw(st.booleans()) else []
    rows += [ROWS[format_name](number).split(",") for number in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["cell", "column", "row", "swap"])):
            case "cell":
                rows[row][draw(st.integers(0, len(rows[row]) - 1))] = draw(cells)
            case "column":
                rows[row] = [*rows[row], draw(cells)] if draw(st.booleans()) else (rows[row][1:] or [""])
            case "row":
                rows[row] = draw(st.lists(cells, min_size=1, max_size=13))
            case "swap":
                rows[row], rows[-1] = rows[-1], rows[row]
    ending = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    content = bytearray(ending.join([*map(",".join, rows), ""]).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return format_name, bytes(content[: draw(st.integers(1, len(content)))])


@settings(deadline=None, max_examples=300)
@given(broken_csv(), st.booleans())
def test_a_broken_csv_is_imported_exactly_or_refused_in_words(broken: tuple[str, bytes], is_named: bool) -> None:
    format_name, content = broken
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.csv"
        file.write_bytes(content)
        try:
            dataset = load(file, TARGETS[format_name], format_name if is_named else None)
        except TcError as error:
            assert error.message.isprintable()  # noqa: PT017 - it may be raised, and then it must say this
            assert "a.csv" in error.message  # noqa: PT017 - as above
        else:
            verify_dataset(dataset)


@settings(deadline=None, max_examples=200)
@given(
    st.binary(min_size=1, max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"PK\x05\x06"])
)
def test_garbage_is_refused_in_words(garbage: bytes, magic: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.csv"
        file.write_bytes(magic + garbage)
        with pytest.raises(DocumentError) as caught:
            load(file)
        assert caught.value.message.isprintable()


digits = st.tuples(st.integers(-(10**17), 10**17), st.integers(0, 20), st.integers(0, 5))


@settings(deadline=None, max_examples=100)
@given(digits)
def test_a_price_is_stored_exactly_or_refused(drawn: tuple[int, int, int]) -> None:
    """Compare the stored integer with the text's, computed in whole numbers by other means."""
    whole, decimals, zeros = drawn
    sign, text = "-" if whole < 0 else "", f"{abs(whole):0{decimals + 1}d}"
    text = f"{sign}{text[: len(text) - decimals]}.{text[len(text) - decimals :]}{'0' * zeros}"
    scaled, rest = divmod(whole * 10**16, 10**decimals)
    fits = rest == 0 and scaled % 10**13 == 0 and abs(scaled) <= 17_014_118_346_046 * 10**16
    with TemporaryDirectory() as folder:
        file = write_csv(Path(folder) / "a.csv", kline(0), kline(1, prices=(text, text, text, text)))
        if not fits:
            with pytest.raises(DocumentError, match=r"line 2, column open: .* (does not fit|is beyond)"):
                load(file)
            return
        dataset = load(file)
        stored = pq.read_table(dataset.part_path(dataset.parts[0]))["open"][1].as_py()
        assert int.from_bytes(stored, "little", signed=True) == scaled
