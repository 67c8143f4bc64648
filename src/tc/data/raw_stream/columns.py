"""Messages of a capture as rows of the catalog: exact, and refused with file and line when they do not fit."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tc.data.catalog import layout
from tc.data.catalog.deltas import ASK, BID, NO_SIDE, Levels, delta_batch
from tc.data.csv_files.explain import number_problem, values_out_of_range
from tc.data.csv_files.formats import Role, precision_of
from tc.data.csv_files.numbers import exact_decimals
from tc.data.raw_stream.messages import Place, Snapshot, Trade
from tc.data.raw_stream.sync import Lost, Step
from tc.data.target import ImportTarget
from tc.errors import DocumentError


class _Numbers:
    """Prices and sizes as text, with the place of each message."""

    def __init__(self, target: ImportTarget) -> None:
        self._target = target
        self._texts: dict[Role, list[str]] = {"price": [], "size": []}
        self._places: list[tuple[int, Place]] = []

    def __len__(self) -> int:
        return len(self._texts["price"])

    def add(self, place: Place, levels: Sequence[tuple[str, str]]) -> None:
        self._places.append((len(self), place))
        self._texts["price"].extend([level[0] for level in levels])
        self._texts["size"].extend([level[1] for level in levels])

    def columns(self) -> tuple[pa.Array, pa.Array]:
        """Return prices and sizes as fixed-point bytes."""
        return self._fixed("price"), self._fixed("size")

    def _fixed(self, role: Role) -> pa.Array:
        values = exact_decimals(layout.texts(self._texts[role]), precision_of(role, self._target))
        if values is None or values_out_of_range(role, values):
            raise self._refusal(role)
        return layout.fixed(values)

    def _refusal(self, role: Role) -> DocumentError:
        problems = ((row, text, number_problem(role, text, self._target)) for row, text in enumerate(self._texts[role]))
        row, text, problem = next(each for each in problems if each[2])
        return DocumentError(
            f"{self._place(row)}: the {role} {text!r} {problem}",
            hint="Nothing is rounded or repaired on import: correct the file, or the instrument's document.",
        )

    def _place(self, row: int) -> Place:
        return [place for start, place in self._places if start <= row][-1]


class BookColumns:
    """Collects what is applied to a book."""

    def __init__(self, target: ImportTarget, schema: pa.Schema) -> None:
        self._target = target
        self._schema = schema
        self._clear()

    def _clear(self) -> None:
        self._numbers = _Numbers(self._target)
        self._sides: list[int] = []
        self._steps: list[tuple[int, bool, int, int, int]] = []

    def __len__(self) -> int:
        return len(self._sides)

    def add(self, step: Step) -> None:
        """Take a snapshot, an update, or the loss of the book; an update of no level is no row."""
        if isinstance(step, Lost):
            self._add(step.before.place, [NO_SIDE], [("0", "0")])
            self._steps.append((1, False, step.last_id, step.before.ts_event, step.before.ts_init))
            return
        sides = [BID] * len(step.bids) + [ASK] * len(step.asks)
        levels = [*step.bids, *step.asks]
        if isinstance(step, Snapshot):
            self._add(step.place, [NO_SIDE, *sides], [("0", "0"), *levels])
            self._steps.append((len(sides) + 1, True, step.last_id, step.ts_event or 0, step.ts_init))
        elif sides:
            self._add(step.place, sides, levels)
            self._steps.append((len(sides), False, step.final_id, step.ts_event, step.ts_init))

    def _add(self, place: Place, sides: list[int], levels: list[tuple[str, str]]) -> None:
        self._numbers.add(place, levels)
        self._sides += sides

    def take(self) -> pa.RecordBatch:
        """Return the rows collected, at least one, and begin again."""
        counts, is_snapshot, sequence, ts_event, ts_init = (
            np.array(column, dtype=np.int64) for column in zip(*self._steps, strict=True)
        )
        ends = np.zeros(len(self._sides), dtype=np.bool_)
        ends[np.cumsum(counts) - 1] = True
        price, size = self._numbers.columns()
        repeated = (np.repeat(column, counts) for column in (sequence, ts_event, ts_init))
        side = np.array(self._sides, dtype=np.int64)
        batch = delta_batch(Levels(side, price, size, np.repeat(is_snapshot != 0, counts), ends, *repeated), self._schema)
        self._clear()
        return batch


class TradeColumns:
    """Collects trades: single ones or aggregated ones, whichever the capture has first; the others are the same trades again."""

    def __init__(self, target: ImportTarget, schema: pa.Schema) -> None:
        self._target = target
        self._schema = schema
        self._is_aggregated: bool | None = None
        self._clear()

    def _clear(self) -> None:
        self._numbers = _Numbers(self._target)
        self._trades: list[tuple[int, str, int, int]] = []

    def __len__(self) -> int:
        return len(self._trades)

    def add(self, trade: Trade) -> None:
        """Take a trade."""
        if self._is_aggregated is None:
            self._is_aggregated = trade.is_aggregated
        if trade.is_aggregated == self._is_aggregated:
            self._numbers.add(trade.place, [(trade.price, trade.size)])
            self._trades.append((2 if trade.is_buyer_maker else 1, str(trade.trade_id), trade.ts_event, trade.ts_init))

    def take(self) -> pa.RecordBatch:
        """Return the rows collected, at least one, and begin again."""
        sides, ids, happened, received = zip(*self._trades, strict=True)
        columns = [
            *self._numbers.columns(),
            layout.from_integers(np.array(sides, dtype=np.uint8), pa.uint8()),
            layout.texts(ids),
            layout.from_integers(np.array(happened, dtype=np.int64), pa.uint64()),
            layout.from_integers(np.array(received, dtype=np.int64), pa.uint64()),
        ]
        batch = pa.record_batch(columns, schema=self._schema)
        self._clear()
        return batch
