"""Reading a dataset back finds every change: a flipped byte, other rows, a file more."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from market_csv import BTC, QUOTES_HEADER, TRADES_HEADER, quote, trade, write_csv
from tc.data.catalog.layout import decimals
from tc.data.catalog.reading import verified_table, verify_dataset
from tc.data.importing import import_files
from tc.data.inspecting import check_dataset
from tc.errors import ArtifactError
from tc.store.dataset import Dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    files = [
        write_csv(tmp_path / "trades.csv", TRADES_HEADER, *map(trade, range(30))),
        write_csv(tmp_path / "quotes.csv", QUOTES_HEADER, *map(quote, range(20))),
    ]
    return import_files(files, BTC, data_root=tmp_path / "data", dataset_id="ticks").dataset


def test_rows_are_read_back_as_they_were_imported(dataset: Dataset) -> None:
    quotes, trades = (verified_table(dataset, part) for part in dataset.parts)
    assert (quotes.num_rows, trades.num_rows) == (20, 30)
    price = decimals(trades["price"].chunk(0))[0].as_py()
    assert str(price) == "61800.3000000000000000"
    assert trades["trade_id"][29].as_py() == "5266583964"


def test_progress_counts_rows_up_to_all_of_them(dataset: Dataset) -> None:
    told: list[tuple[int, int]] = []
    verify_dataset(dataset, lambda done, total: told.append((done, total)))
    check_dataset(dataset, progress=lambda done, total: told.append((done, total)))
    assert told == [(20, 50), (50, 50)] * 2


def test_a_file_written_anew_with_the_same_rows_is_the_same(dataset: Dataset) -> None:
    path = dataset.part_path(dataset.parts[1])
    table = pq.read_table(path)
    pq.write_table(table, path, compression="zstd", row_group_size=7)
    verify_dataset(dataset)


def test_a_flipped_byte_is_found_or_changes_no_row(dataset: Dataset, tmp_path: Path) -> None:
    """Parquet has bytes that mean nothing for the rows (statistics, its writer's name); all others are noticed."""
    original = {path: path.read_bytes() for path in dataset.catalog.rglob("*.parquet")}
    tables = [verified_table(dataset, part) for part in dataset.parts]
    generator = random.Random(1)  # noqa: S311 - positions of a test
    found = 0
    for path, content in original.items():
        for position in sorted(generator.sample(range(len(content)), 150)):
            damaged = bytearray(content)
            damaged[position] ^= 1 << generator.randrange(8)
            path.write_bytes(damaged)
            try:
                verify_dataset(dataset)
            except ArtifactError as error:
                found += 1
                assert path.name in error.message  # noqa: PT017 - it may be raised, and then it must say this
            else:
                assert [verified_table(dataset, part) for part in dataset.parts] == tables
        path.write_bytes(content)
    assert found > 150


def rewrite(dataset: Dataset, table: pa.Table) -> None:
    pq.write_table(table, dataset.part_path(dataset.parts[1]))


def test_a_row_less_is_found(dataset: Dataset) -> None:
    rewrite(dataset, verified_table(dataset, dataset.parts[1]).slice(1))
    with pytest.raises(ArtifactError, match="it holds 29 rows, the manifest says 30"):
        verify_dataset(dataset)


def test_another_row_is_found_with_both_fingerprints(dataset: Dataset) -> None:
    table = verified_table(dataset, dataset.parts[1])
    rewrite(dataset, pa.concat_tables([table.slice(0, 29), table.slice(0, 1)]))
    listed = dataset.parts[1].fingerprint
    with pytest.raises(ArtifactError, match=f"its rows have the fingerprint .*, the manifest says {listed}"):
        check_dataset(dataset)


def test_other_metadata_are_found(dataset: Dataset) -> None:
    table = verified_table(dataset, dataset.parts[1])
    rewrite(dataset, table.replace_schema_metadata({**table.schema.metadata, b"price_precision": b"2"}))
    with pytest.raises(ArtifactError, match="its columns or their metadata are not those of the manifest"):
        verify_dataset(dataset)


def test_a_manifest_of_another_precision_is_found(dataset: Dataset) -> None:
    with pytest.raises(ArtifactError, match="not those of the manifest"):
        verify_dataset(replace(dataset, price_precision=2))


def test_a_file_that_the_manifest_does_not_list_is_found(dataset: Dataset) -> None:
    path = dataset.part_path(dataset.parts[0])
    shutil.copy(path, path.parent / "2024-08-09T00-00-00-000000000Z_2024-08-09T00-00-00-000000001Z.parquet")
    with pytest.raises(ArtifactError, match="the manifest does not list it"):
        verify_dataset(dataset)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"\0" * 1_000])
def test_a_file_that_is_no_parquet_is_said_to_be_none(dataset: Dataset, content: bytes) -> None:
    dataset.part_path(dataset.parts[0]).write_bytes(content)
    with pytest.raises(ArtifactError, match="cannot be read as Parquet") as caught:
        verify_dataset(dataset)
    assert "import it again" in caught.value.hint


def test_a_file_that_went_away_is_said_to_be_missing(dataset: Dataset) -> None:
    dataset.part_path(dataset.parts[0]).unlink()
    with pytest.raises(ArtifactError, match="cannot be read as Parquet"):
        verify_dataset(dataset)
