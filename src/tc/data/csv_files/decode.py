"""The rows of a CSV as rows of Nautilus's catalog: exact, in order, and refused with file, line and column when they do not fit.

Numbers go from their text straight to decimals; there is no float on the way and no rounding.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import assert_never

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tc.data.catalog import layout
from tc.data.csv_files.book_rows import BookRows
from tc.data.csv_files.explain import explain, values_out_of_range
from tc.data.csv_files.formats import (
    BOOK_SIDES,
    FIRST_STAMP_NS,
    LAST_STAMP_NS,
    SIDES,
    UNIT_NAMES,
    Opening,
    Role,
    precision_of,
    rows_with_lines,
)
from tc.data.csv_files.numbers import exact_decimals
from tc.data.csv_files.source import csv_bytes, printable
from tc.data.progress import Progress, silent
from tc.data.target import ImportTarget
from tc.errors import DocumentError

BLOCK_BYTES = 1 << 20
_TRADE_ID = f"^[!-~]([ -~]{{0,{layout.LONGEST_TRADE_ID - 2}}}[!-~])?$"
_SIDES = layout.texts(SIDES)
_BOOK_SIDES = layout.texts(BOOK_SIDES)
_BUYER, _SELLER = layout.from_integers(np.array([1, 2], dtype=np.uint8), pa.uint8())

type Stamps = npt.NDArray[np.int64]


def bar_interval_ns(opening: Opening) -> int:
    """Return the interval of the first bar of a klines file, in nanoseconds: from its open to one unit after its close time."""
    return opening.stamp_ns("close_time") + opening.unit_ns - opening.stamp_ns("open_time")


def decoded(opening: Opening, target: ImportTarget, schema: pa.Schema, progress: Progress = silent) -> Iterator[pa.RecordBatch]:
    """Give the rows of a file as batches of a catalog schema, in the file's order.

    Raises
    ------
    DocumentError
        While iterating: a value is not what its column should hold, does not fit the instrument's precision or Nautilus's range;
        rows are out of order, of several symbols, in several units of time or, for bars, of several intervals.

    """
    return _Decoder(opening, target, schema).batches(progress)


class _Decoder:
    def __init__(self, opening: Opening, target: ImportTarget, schema: pa.Schema) -> None:
        self._opening = opening
        self._target = target
        self._schema = schema
        self._numbers: dict[str, pa.Array] = {}
        self._row = 0
        self._last_ns = 0
        self._book = BookRows(schema)
        self._make: Callable[[pa.RecordBatch], pa.RecordBatch | None] = {
            "binance-klines": self._klines,
            "binance-aggtrades": self._aggtrades,
            "tardis-trades": self._tardis_trades,
            "tardis-quotes": self._tardis_quotes,
            "tardis-l2": self._tardis_l2,
        }[opening.csv_format.name]

    def batches(self, progress: Progress) -> Iterator[pa.RecordBatch]:
        for raw in self._raw(progress):
            if raw.num_rows == 0:
                continue
            self._check_values(raw)
            made = self._make(raw)
            if made is not None:
                yield made
            self._row += raw.num_rows
        rest = self._book.rest()
        if rest is not None:
            yield rest

    def _raw(self, progress: Progress) -> Iterator[pa.RecordBatch]:
        opening = self._opening
        types = {column: self._type(role) for column, role in opening.csv_format.roles.items()}
        reason = ""
        with csv_bytes(opening.source, progress) as stream:
            try:
                yield from csv.open_csv(
                    pa.PythonFile(stream, mode="r"),
                    csv.ReadOptions(
                        use_threads=False,
                        block_size=BLOCK_BYTES,
                        skip_rows=opening.skipped,
                        column_names=opening.names,
                    ),
                    csv.ParseOptions(quote_char=False),
                    csv.ConvertOptions(column_types=types, include_columns=list(types), null_values=[]),
                )
            except pa.ArrowException as error:
                reason = printable(str(error))
        if reason:
            raise explain(opening, self._target, reason)

    def _type(self, role: Role) -> pa.DataType:
        match role:
            case "time":
                return pa.int64()
            case "flag":
                return pa.bool_()
            case "price" | "size" | "trade id" | "side" | "book side" | "constant":
                return pa.string()
            case _:
                assert_never(role)

    def _check_values(self, raw: pa.RecordBatch) -> None:
        for column, role in self._opening.csv_format.roles.items():
            values = raw.column(column)
            match role:
                case "price" | "size":
                    numbers = exact_decimals(values, precision_of(role, self._target))
                    if numbers is None or values_out_of_range(role, numbers):
                        raise explain(self._opening, self._target, f"{column} holds what is no {role}")
                    self._numbers[column] = layout.fixed(numbers)
                case "trade id":
                    self._demand(
                        pc.match_substring_regex(values, _TRADE_ID),
                        column,
                        f"is no trade id of 1 to {layout.LONGEST_TRADE_ID} printable ASCII characters",
                    )
                case "constant":
                    self._demand(
                        pc.equal(values, layout.texts([self._opening.first[column]])[0]),
                        column,
                        f"differs from the first row's {self._opening.first[column]!r}; a file holds one instrument",
                    )
                case "side":
                    self._demand(pc.is_in(values, _SIDES), column, f"is none of {', '.join(SIDES)}")
                case "book side":
                    self._demand(pc.is_in(values, _BOOK_SIDES), column, f"is none of {', '.join(BOOK_SIDES)}")
                case "time" | "flag":
                    pass
                case _:
                    assert_never(role)

    def _rows(self, columns: list[pa.Array]) -> pa.RecordBatch:
        return pa.record_batch(columns, schema=self._schema)

    def _klines(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        opened, closed = self._stamps(raw, "open_time"), self._stamps(raw, "close_time") + self._opening.unit_ns
        interval_ns, unit_ns = bar_interval_ns(self._opening), self._opening.unit_ns
        self._demand(
            closed - opened == interval_ns,
            "close_time",
            f"is not {interval_ns // unit_ns - 1} {UNIT_NAMES[unit_ns]} after open_time, as it is in the first bar",
        )
        self._check_order(closed, "close_time")
        columns = [self._numbers[name] for name in ("open", "high", "low", "close", "volume")]
        return self._rows([*columns, _unsigned(closed), _unsigned(closed)])

    def _aggtrades(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        stamps = self._stamps(raw, "transact_time")
        self._check_order(stamps, "transact_time")
        return self._rows([
            self._numbers["price"],
            self._numbers["quantity"],
            pc.if_else(raw.column("is_buyer_maker"), _SELLER, _BUYER),
            raw.column("agg_trade_id"),
            _unsigned(stamps),
            _unsigned(stamps),
        ])  # fmt: skip

    def _tardis_trades(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        return self._rows([
            self._numbers["price"],
            self._numbers["amount"],
            pc.cast(pc.index_in(raw.column("side"), _SIDES), pa.uint8()),
            raw.column("id"),
            *map(_unsigned, self._tardis_stamps(raw)),
        ])  # fmt: skip

    def _tardis_quotes(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        columns = [self._numbers[name] for name in ("bid_price", "ask_price", "bid_amount", "ask_amount")]
        return self._rows([*columns, *map(_unsigned, self._tardis_stamps(raw))])

    def _tardis_l2(self, raw: pa.RecordBatch) -> pa.RecordBatch | None:
        side = layout.to_integers(pc.cast(pc.index_in(raw.column("side"), _BOOK_SIDES), pa.int64())) + 1
        is_snapshot = layout.to_integers(pc.cast(pc.cast(raw.column("is_snapshot"), pa.int8()), pa.int64())) != 0
        prices = self._numbers["price"], self._numbers["amount"]
        return self._book.take(side, prices, is_snapshot, self._tardis_stamps(raw))

    def _tardis_stamps(self, raw: pa.RecordBatch) -> tuple[Stamps, Stamps]:
        happened, received = self._stamps(raw, "timestamp"), self._stamps(raw, "local_timestamp")
        self._check_order(received, "local_timestamp")
        return happened, received

    def _stamps(self, raw: pa.RecordBatch, column: str) -> Stamps:
        unit_ns = self._opening.unit_ns
        values = layout.to_integers(raw.column(column))
        in_range = (values >= FIRST_STAMP_NS // unit_ns) & (values < LAST_STAMP_NS // unit_ns)
        self._demand(in_range, column, f"is no time in {UNIT_NAMES[unit_ns]}, the unit of the first row; units must not be mixed")
        return values * unit_ns

    def _check_order(self, stamps: Stamps, column: str) -> None:
        before = np.concatenate(([self._last_ns], stamps[:-1]))
        self._demand(stamps >= before, column, "is earlier than the row before; a file must be in order")
        self._last_ns = int(stamps[-1])

    def _demand(self, holds: "pa.BooleanArray | npt.NDArray[np.bool_]", column: str, otherwise: str) -> None:
        if isinstance(holds, pa.BooleanArray):
            row = -1 if pc.all(holds).as_py() else pc.index(holds, value=False).as_py()
        else:
            row = -1 if holds.all() else int(holds.argmin())
        if row >= 0:
            raise self._refusal(row, column, otherwise)

    def _refusal(self, row: int, column: str, problem: str) -> DocumentError:
        index = self._opening.names.index(column)
        number, cells = next(islice(rows_with_lines(self._opening), self._row + row, None))
        return DocumentError(f"{self._opening.source.name}, line {number}, column {column}: {cells[index]!r} {problem}")


def _unsigned(stamps: Stamps) -> pa.Array:
    return layout.from_integers(stamps, pa.uint64())
