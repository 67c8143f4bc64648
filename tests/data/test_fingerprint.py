"""The logical fingerprint: the same for the same rows however they are stored, another for any other rows."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from tc.data.catalog.fingerprint import table_fingerprint

SCHEMA = pa.schema(
    [
        pa.field("price", pa.binary(16), nullable=False),
        pa.field("trade_id", pa.string(), nullable=False),
        pa.field("ts_init", pa.uint64(), nullable=False),
    ],
    metadata={"instrument_id": "BTCUSDT-PERP.BINANCE", "price_precision": "1"},
)
Row = tuple[bytes, str, int]
ROWS: list[Row] = [(bytes([number] * 16), f"t{number}", number) for number in range(10)]


def table(rows: list[Row], schema: pa.Schema = SCHEMA) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table([pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def fingerprint(rows: list[Row], schema: pa.Schema = SCHEMA) -> str:
    return table_fingerprint(schema, [table(rows, schema)])


rows_strategy = st.lists(
    st.tuples(st.binary(min_size=16, max_size=16), st.text(max_size=5), st.integers(0, 2**64 - 1)), max_size=20
)


@settings(deadline=None)
@given(rows_strategy, st.data())
def test_how_rows_are_cut_makes_no_difference(rows: list[Row], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    whole = table(rows)
    pieces = [whole.slice(start, end - start) for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert table_fingerprint(SCHEMA, pieces) == fingerprint(rows)
    batches = [batch for piece in pieces for batch in piece.to_batches()]
    assert table_fingerprint(SCHEMA, batches) == fingerprint(rows)


@settings(deadline=None)
@given(rows_strategy, rows_strategy)
def test_other_rows_have_another_fingerprint(first: list[Row], second: list[Row]) -> None:
    assert (fingerprint(first) == fingerprint(second)) == (first == second)


def test_text_that_moves_from_one_row_to_the_next_is_noticed() -> None:
    one, two = ROWS[0], ROWS[1]
    assert fingerprint([(one[0], "ab", 1), (two[0], "c", 2)]) != fingerprint([(one[0], "a", 1), (two[0], "bc", 2)])


@pytest.mark.parametrize(
    "other",
    [
        SCHEMA.with_metadata({"instrument_id": "BTCUSDT-PERP.BINANCE", "price_precision": "2"}),
        SCHEMA.with_metadata({"instrument_id": "BTCUSDT-PERP.BINANCE"}),
        SCHEMA.set(2, pa.field("ts_event", pa.uint64(), nullable=False)),
        SCHEMA.set(2, pa.field("ts_init", pa.int64(), nullable=False)),
        SCHEMA.set(2, pa.field("ts_init", pa.uint64(), nullable=True)),
    ],
)
def test_another_schema_has_another_fingerprint(other: pa.Schema) -> None:
    assert fingerprint(ROWS, other) != fingerprint(ROWS)


def test_the_order_of_metadata_makes_no_difference() -> None:
    reordered = SCHEMA.with_metadata({"price_precision": "1", "instrument_id": "BTCUSDT-PERP.BINANCE"})
    assert fingerprint(ROWS, reordered) == fingerprint(ROWS)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zstd"},
        {"compression": "none", "use_dictionary": False},
        {"row_group_size": 3},
        {"data_page_version": "2.0", "version": "1.0"},
        {"write_statistics": False},
    ],
)
def test_how_parquet_was_written_makes_no_difference(tmp_path: Path, options: dict[str, object]) -> None:
    pq.write_table(table(ROWS), tmp_path / "a.parquet", **options)
    read = pq.read_table(tmp_path / "a.parquet")
    assert table_fingerprint(SCHEMA, [read]) == fingerprint(ROWS)


def test_the_fingerprint_is_the_one_that_its_definition_gives() -> None:
    def sha256(pieces: list[bytes]) -> str:
        return hashlib.sha256(b"".join(pieces)).hexdigest()

    nothing = sha256([])
    document = {
        "columns": [
            ["price", "fixed_size_binary[16]", False, sha256([row[0] for row in ROWS]), nothing],
            [
                "trade_id",
                "string",
                False,
                sha256([row[1].encode() for row in ROWS]),
                sha256([len(row[1].encode()).to_bytes(4, "little") for row in ROWS]),
            ],
            ["ts_init", "uint64", False, sha256([row[2].to_bytes(8, "little") for row in ROWS]), nothing],
        ],
        "metadata": {"instrument_id": "BTCUSDT-PERP.BINANCE", "price_precision": "1"},
        "rows": 10,
        "version": 1,
    }
    assert fingerprint(ROWS) == sha256([json.dumps(document, sort_keys=True, separators=(",", ":")).encode()])
    assert fingerprint(ROWS) == "7a6bec3bd9da773f3a0723dd0f7219e0aae9d430e712930771e654ce34694a73"
