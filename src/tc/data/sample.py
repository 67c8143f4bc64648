"""`tc data prepare`: the packaged samples, made by a seeded generator, no download."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tc.data.catalog import layout
from tc.data.catalog.deltas import Levels, delta_columns
from tc.data.catalog.intervals import bar_type
from tc.data.catalog.part_writer import PartWriter
from tc.data.catalog.publishing import Published, publish_dataset
from tc.data.catalog.staging import staging_folder
from tc.data.market.book import make_book
from tc.data.market.day import (
    DAY_START_NS,
    MILLISECOND_NS,
    MINUTE_MS,
    Integers,
    Trades,
    make_market,
    one_minute_bars,
)
from tc.data.target import ImportTarget
from tc.errors import DocumentError
from tc.store.dataset import DatasetPart, DatasetSource, PartKind

SEED = 42
RECIPE = "tc-sample-1"
"""The name of the generator; another recipe makes other rows and needs another name and other dataset ids."""
BARS_ID = "btcusdt-1m-sample"
TICKS_ID = "btcusdt-ticks-sample"
BOOK_ID = "btcusdt-book-sample"
SAMPLES: Mapping[str, tuple[str, ...]] = {
    BARS_ID: (BARS_ID,),
    TICKS_ID: (TICKS_ID,),
    BOOK_ID: (BOOK_ID,),
    "btcusdt-sample": (BARS_ID, TICKS_ID),
}
"""What can be prepared, and the datasets it makes."""

TARGET = ImportTarget("BTCUSDT-PERP.BINANCE", "BTCUSDT", price_precision=1, size_precision=3)
HOUR_NS = 3_600 * 10**9
FIRST_TICK_NS = DAY_START_NS + 8 * HOUR_NS
END_OF_TICKS_NS = DAY_START_NS + 10 * HOUR_NS

type _Columns = Mapping[PartKind, list[pa.Array]]


def prepare_sample(name: str, data_root: Path) -> tuple[Published, ...]:
    """Make the datasets of a sample, or find them in place.

    Raises
    ------
    DocumentError
        There is no such sample.
    RefusedError
        A dataset of that id is there with other content.
    ArtifactError
        The dataset cannot be written.

    """
    if name not in SAMPLES:
        raise DocumentError(f"there is no sample {name!r}", hint=f"Samples: {', '.join(SAMPLES)}.")
    return tuple(_prepare(dataset_id, _MAKERS[dataset_id](), data_root) for dataset_id in SAMPLES[name])


def _prepare(dataset_id: str, columns: _Columns, data_root: Path) -> Published:
    with staging_folder(data_root) as folder:
        parts = tuple(_write(folder, kind, arrays) for kind, arrays in columns.items())
        recipe = f"{RECIPE}, seed {SEED}"
        source = DatasetSource(
            name=recipe,
            sha256=hashlib.sha256(f"{recipe}, {dataset_id}".encode()).hexdigest(),
            rows=sum(part.rows for part in parts),
            format=RECIPE,
        )
        return publish_dataset(folder, data_root=data_root, dataset_id=dataset_id, target=TARGET, parts=parts, sources=(source,))


def _write(folder: Path, kind: PartKind, arrays: Sequence[pa.Array]) -> DatasetPart:
    minute_ns = MINUTE_MS * MILLISECOND_NS
    identifier = bar_type(TARGET.instrument_id, minute_ns) if kind == "bars" else TARGET.instrument_id
    schema = layout.catalog_schema(kind, identifier=identifier, instrument_id=TARGET.instrument_id, precisions=TARGET.precisions)
    writer = PartWriter(folder, kind, identifier, schema)
    writer.append(pa.record_batch(list(arrays), schema=schema))
    return writer.finish()


def _bars() -> _Columns:
    bars = one_minute_bars(make_market(SEED)[1])
    prices = [_price(ticks) for ticks in (bars.open_ticks, bars.high_ticks, bars.low_ticks, bars.close_ticks)]
    return {"bars": [*prices, _size(bars.lots), _stamps(bars.closed_ns), _stamps(bars.closed_ns)]}


def _ticks() -> _Columns:
    quotes, trades = make_market(SEED)
    quoted, traded = _window(quotes.ts_init), _window(trades.ts_init)
    return {
        "quotes": [
            _price(quotes.bid_ticks[quoted]),
            _price(quotes.ask_ticks[quoted]),
            _size(quotes.bid_lots[quoted]),
            _size(quotes.ask_lots[quoted]),
            _stamps(quotes.ts_event[quoted]),
            _stamps(quotes.ts_init[quoted]),
        ],
        "trades": _traded(trades, traded),
    }


def _book() -> _Columns:
    updates, trades = make_book(SEED)
    levels = Levels(
        side=updates.side,
        price=_price(updates.price_ticks),
        size=_size(updates.lots),
        is_snapshot=updates.is_snapshot != 0,
        ends=updates.ends != 0,
        sequence=updates.sequence,
        ts_event=updates.ts_event,
        ts_init=updates.ts_init,
    )
    return {"book": delta_columns(levels), "trades": _traded(trades, slice(None))}


def _traded(trades: Trades, which: slice) -> list[pa.Array]:
    return [
        _price(trades.price_ticks[which]),
        _size(trades.lots[which]),
        layout.from_integers(trades.side[which].astype(np.uint8), pa.uint8()),
        pc.cast(layout.from_integers(trades.trade_id[which], pa.int64()), pa.string()),
        _stamps(trades.ts_event[which]),
        _stamps(trades.ts_init[which]),
    ]


def _window(received: Integers) -> slice:
    first, end = np.searchsorted(received, [FIRST_TICK_NS, END_OF_TICKS_NS])
    return slice(int(first), int(end))


def _price(ticks: Integers) -> pa.Array:
    return layout.fixed_from_integers(ticks, TARGET.price_precision)


def _size(lots: Integers) -> pa.Array:
    return layout.fixed_from_integers(lots, TARGET.size_precision)


def _stamps(stamps_ns: Integers) -> pa.Array:
    return layout.from_integers(stamps_ns, pa.uint64())


_MAKERS: Mapping[str, Callable[[], _Columns]] = {BARS_ID: _bars, TICKS_ID: _ticks, BOOK_ID: _book}
