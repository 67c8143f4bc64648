"""The CSV formats that can be imported, and how the opening of a file tells which one it is, with a header or without."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import IO, Literal, assert_never

from tc.data.csv_files.source import CsvSource, csv_bytes, printable
from tc.data.target import ImportTarget
from tc.errors import DocumentError
from tc.store.dataset import PartKind

Role = Literal["time", "price", "size", "trade id", "side", "book side", "flag", "constant"]
LONGEST_LINE = 64 * 1024
LONGEST_TIME = 19
MILLISECOND_NS = 1_000_000
MICROSECOND_NS = 1_000
UNIT_NAMES = {MILLISECOND_NS: "milliseconds", MICROSECOND_NS: "microseconds"}
FIRST_STAMP_NS = 10**18
LAST_STAMP_NS = 2**63 - 1
"""Stamps lie between September 2001 and April 2262, where 13 digits are milliseconds and 16 are microseconds."""

SIDES = ("unknown", "buy", "sell")
"""Nautilus's numbers of the aggressor's side: 0, 1 and 2."""
BOOK_SIDES = ("bid", "ask")
FLAGS = frozenset({"true", "True", "TRUE", "1", "false", "False", "FALSE", "0"})


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """One CSV format.

    Parameters
    ----------
    name
        What `--format` calls it.
    kind
        What its rows become.
    columns
        All columns in the order of a file without a header.
    widths
        How many of them, from the left, such a file may have.
    roles
        What the columns that are used hold; the others are left unread.
    order_by
        The time by which a file is in order, and from which `ts_init` is made.

    """

    name: str
    kind: PartKind
    columns: tuple[str, ...]
    widths: frozenset[int]
    roles: Mapping[str, Role]
    order_by: str

    def fits(self, row: Mapping[str, str]) -> bool:
        """Tell whether a row looks like one of this format."""
        return all(_looks_like(role, row[column]) for column, role in self.roles.items())


_KLINES = CsvFormat(
    name="binance-klines",
    kind="bars",
    columns=(
        *("open_time", "open", "high", "low", "close", "volume", "close_time"),
        *("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"),
    ),
    widths=frozenset({12}),
    roles={
        "open_time": "time",
        "open": "price",
        "high": "price",
        "low": "price",
        "close": "price",
        "volume": "size",
        "close_time": "time",
    },
    order_by="close_time",
)
_AGGTRADES = CsvFormat(
    name="binance-aggtrades",
    kind="trades",
    columns=(
        *("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id"),
        *("transact_time", "is_buyer_maker", "is_best_match"),
    ),
    widths=frozenset({7, 8}),
    roles={
        "agg_trade_id": "trade id",
        "price": "price",
        "quantity": "size",
        "transact_time": "time",
        "is_buyer_maker": "flag",
    },
    order_by="transact_time",
)
_TARDIS: dict[str, Role] = {"exchange": "constant", "symbol": "constant", "timestamp": "time", "local_timestamp": "time"}
_TARDIS_TRADES = CsvFormat(
    name="tardis-trades",
    kind="trades",
    columns=(*_TARDIS, "id", "side", "price", "amount"),
    widths=frozenset({8}),
    roles={**_TARDIS, "id": "trade id", "side": "side", "price": "price", "amount": "size"},
    order_by="local_timestamp",
)
_TARDIS_QUOTES = CsvFormat(
    name="tardis-quotes",
    kind="quotes",
    columns=(*_TARDIS, "ask_amount", "ask_price", "bid_price", "bid_amount"),
    widths=frozenset({8}),
    roles={**_TARDIS, "ask_amount": "size", "ask_price": "price", "bid_price": "price", "bid_amount": "size"},
    order_by="local_timestamp",
)
_TARDIS_L2 = CsvFormat(
    name="tardis-l2",
    kind="book",
    columns=(*_TARDIS, "is_snapshot", "side", "price", "amount"),
    widths=frozenset({8}),
    roles={**_TARDIS, "is_snapshot": "flag", "side": "book side", "price": "price", "amount": "size"},
    order_by="local_timestamp",
)
FORMATS: dict[str, CsvFormat] = {
    csv_format.name: csv_format for csv_format in (_KLINES, _AGGTRADES, _TARDIS_TRADES, _TARDIS_QUOTES, _TARDIS_L2)
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first lines of a file say about the rest.

    Parameters
    ----------
    source, csv_format
        The file, and what it is.
    names
        The columns of the file, in its order.
    skipped
        Lines before the first row: the header, if there is one, and blank lines.
    unit_ns
        The unit of its time stamps, in nanoseconds.
    first
        The first row, as text by column.

    """

    source: CsvSource
    csv_format: CsvFormat
    names: tuple[str, ...]
    skipped: int
    unit_ns: int
    first: Mapping[str, str]

    def stamp_ns(self, column: str) -> int:
        """Return a time of the first row in nanoseconds."""
        return int(self.first[column]) * self.unit_ns


def read_opening(source: CsvSource, wanted: CsvFormat | None) -> Opening:
    """Read the first lines of a file and tell what it is.

    Parameters
    ----------
    source
        The file.
    wanted
        The format it must have; None to detect it.

    Raises
    ------
    DocumentError
        The file is not of that format, or of none; it has no rows; its times are in neither milliseconds nor microseconds.

    """
    with csv_bytes(source) as stream:
        lines = list(islice(_lines(source, stream), 2))
    if not lines:
        raise DocumentError(f"{source.name} holds no rows")
    number, cells = lines[0]
    for csv_format in [wanted] if wanted else FORMATS.values():
        if set(csv_format.roles) <= set(cells):
            return _with_header(source, csv_format, lines)
        if len(cells) in csv_format.widths and csv_format.fits(dict(zip(csv_format.columns, cells, strict=False))):
            return _opening(source, csv_format, csv_format.columns[: len(cells)], number - 1, lines[0])
    raise _unknown(source, wanted, number, cells)


def rows_with_lines(opening: Opening) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a file as text, each with the number of its line, counted from 1 as editors do."""
    with csv_bytes(opening.source) as stream:
        for number, cells in _lines(opening.source, stream):
            if number > opening.skipped:
                yield number, cells


def unit_of(stamp: int) -> int | None:
    """Return the unit of a time stamp in nanoseconds by its size; None when it is neither milliseconds nor microseconds."""
    return next((unit for unit in UNIT_NAMES if FIRST_STAMP_NS <= stamp * unit <= LAST_STAMP_NS), None)


def precision_of(role: Role, target: ImportTarget) -> int:
    """Return the decimal places that a price or a size may have."""
    return target.price_precision if role == "price" else target.size_precision


def exact(text: str) -> Decimal | None:
    """Return the number that a text writes, with all its digits; None when it writes none."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and text.isascii() and "_" not in text else None


def _looks_like(role: Role, text: str) -> bool:
    match role:
        case "time":
            return text.isascii() and text.isdigit() and len(text) <= LONGEST_TIME
        case "price" | "size":
            return exact(text) is not None
        case "side":
            return text in SIDES
        case "book side":
            return text in BOOK_SIDES
        case "flag":
            return text in FLAGS
        case "trade id" | "constant":
            return True
        case _:
            assert_never(role)


def _lines(source: CsvSource, stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise DocumentError(
                f"{source.name}, line {number} is longer than {LONGEST_LINE:,} bytes: this is no CSV of market data"
            )
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
        if text:
            yield number, text.split(",")


def _with_header(source: CsvSource, csv_format: CsvFormat, lines: list[tuple[int, list[str]]]) -> Opening:
    number, names = lines[0]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DocumentError(f"{source.name}, line {number}: the header names {twice[0]!r} twice")
    if len(lines) == 1:
        raise DocumentError(f"{source.name} holds a header and no rows")
    return _opening(source, csv_format, tuple(names), lines[1][0] - 1, lines[1])


def _opening(
    source: CsvSource, csv_format: CsvFormat, names: tuple[str, ...], skipped: int, first: tuple[int, list[str]]
) -> Opening:
    number, cells = first
    if len(cells) != len(names):
        raise DocumentError(f"{source.name}, line {number}: expected {len(names)} columns, found {len(cells)}")
    row = dict(zip(names, cells, strict=True))
    where = f"{source.name}, line {number}"
    units = {column: _unit_in(where, column, row[column]) for column, role in csv_format.roles.items() if role == "time"}
    leading, unit_ns = next(iter(units.items()))
    for column, other_ns in units.items():
        if other_ns != unit_ns:
            raise DocumentError(f"{where}: {column} is in {UNIT_NAMES[other_ns]}, {leading} in {UNIT_NAMES[unit_ns]}")
    return Opening(source, csv_format, names, skipped, unit_ns, row)


def _unit_in(where: str, column: str, text: str) -> int:
    unit_ns = unit_of(int(text)) if _looks_like("time", text) else None
    if unit_ns is None:
        raise DocumentError(
            f"{where}, column {column}: {text!r} is no time in milliseconds or microseconds",
            hint="Expected whole numbers of 13 or 16 digits, counted from 1970 UTC.",
        )
    return unit_ns


def _unknown(source: CsvSource, wanted: CsvFormat | None, number: int, cells: list[str]) -> DocumentError:
    shown = printable(",".join(cells))
    found = shown if len(shown) <= 120 else f"{shown[:120]}…"  # noqa: PLR2004 - enough to recognise a line by
    where = f"{source.name}, line {number}"
    if wanted is None:
        return DocumentError(
            f"{where} is neither the header nor a row of {', '.join(FORMATS)}: {found}",
            hint=" ".join(f"{each.name}: {', '.join(each.columns)}." for each in FORMATS.values()),
        )
    return DocumentError(
        f"{where} is neither the header nor a row of {wanted.name}: {found}",
        hint=f"Expected {len(wanted.columns)} columns: {', '.join(wanted.columns)}. Without --format the format is detected.",
    )
