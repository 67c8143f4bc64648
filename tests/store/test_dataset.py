"""A dataset's manifest: what is written is what is read, and what cannot be trusted is said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tc.errors import ArtifactError, DocumentError
from tc.store.dataset import (
    MANIFEST_NAME,
    Dataset,
    DatasetPart,
    DatasetSource,
    dataset_fingerprint,
    dataset_path,
    list_datasets,
    load_dataset,
    manifest_bytes,
    survey_datasets,
)

QUOTES = DatasetPart("quotes", "BTCUSDT-PERP.BINANCE", "catalog/data/quote_tick/B/a_b.parquet", 3, 10, 30, "a" * 64)
TRADES = DatasetPart("trades", "BTCUSDT-PERP.BINANCE", "catalog/data/trade_tick/B/a_b.parquet", 2, 5, 25, "b" * 64)
SOURCE = DatasetSource("trades.csv.gz", "c" * 64, 5, "tardis-trades")


def make(data_root: Path, dataset_id: str = "ticks", parts: tuple[DatasetPart, ...] = (QUOTES, TRADES)) -> Dataset:
    root = data_root / dataset_id
    dataset = Dataset(1, dataset_id, "BTCUSDT-PERP.BINANCE", 1, 3, parts, dataset_fingerprint(parts), (SOURCE,), root)
    for part in parts:
        (root / part.path).parent.mkdir(parents=True, exist_ok=True)
        (root / part.path).touch()
    (root / MANIFEST_NAME).write_bytes(manifest_bytes(dataset))
    return dataset


def edit(dataset: Dataset, **changes: object) -> None:
    path = dataset.root / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    dataset = make(tmp_path)
    assert load_dataset(tmp_path, "ticks") == dataset
    assert dataset.rows == 5
    assert (dataset.first_ns, dataset.last_ns) == (5, 30)
    assert dataset.part_path(QUOTES).is_file()
    assert dataset.catalog == tmp_path / "ticks" / "catalog"


def test_a_manifest_is_canonical_json(tmp_path: Path) -> None:
    text = manifest_bytes(make(tmp_path)).decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) + "\n"
    assert str(tmp_path) not in text


def test_the_fingerprint_depends_on_kind_identifier_content_and_order_of_parts_alone() -> None:
    base = dataset_fingerprint((QUOTES, TRADES))
    assert dataset_fingerprint((replace(QUOTES, path="elsewhere.parquet"), TRADES)) == base
    others = [
        (TRADES, QUOTES),
        (QUOTES,),
        (replace(QUOTES, fingerprint="d" * 64), TRADES),
        (replace(QUOTES, identifier="ETHUSDT-PERP.BINANCE"), TRADES),
        (replace(QUOTES, kind="bars"), TRADES),
    ]
    assert len({base, *map(dataset_fingerprint, others)}) == len(others) + 1


@pytest.mark.parametrize(
    "dataset_id", ["", ".", "..", "../x", "a/b", "/etc", "A", "a b", "a\n", "é", "-a", ".a", "a" * 101, "a\0"]
)
def test_an_id_that_could_name_something_else_is_refused(tmp_path: Path, dataset_id: str) -> None:
    with pytest.raises(DocumentError, match="is not a dataset id"):
        dataset_path(tmp_path, dataset_id)
    with pytest.raises(DocumentError):
        load_dataset(tmp_path, dataset_id)


def test_a_missing_dataset_names_the_commands_that_help(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="there is no dataset 'ticks'") as caught:
        load_dataset(tmp_path, "ticks")
    assert "tc data list" in caught.value.hint
    assert "tc data prepare" in caught.value.hint


def test_a_folder_without_a_manifest_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "ticks").mkdir()
    with pytest.raises(ArtifactError, match=r"is no dataset: it has no dataset\.json"):
        load_dataset(tmp_path, "ticks")


def test_a_file_in_the_place_of_a_dataset_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "ticks").touch()
    with pytest.raises(ArtifactError, match="is no dataset"):
        load_dataset(tmp_path, "ticks")


def test_a_manifest_that_cannot_be_read_is_an_artifact_error(tmp_path: Path) -> None:
    (tmp_path / "ticks" / MANIFEST_NAME).mkdir(parents=True)
    with pytest.raises(ArtifactError, match="cannot be read"):
        load_dataset(tmp_path, "ticks")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema":1}', b'{"schema":"1"}', b"{}"])
def test_a_manifest_that_is_none_is_an_artifact_error(tmp_path: Path, content: bytes) -> None:
    dataset = make(tmp_path)
    (dataset.root / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(ArtifactError, match="is not a manifest"):
        load_dataset(tmp_path, "ticks")


def test_another_schema_is_refused_with_what_to_do(tmp_path: Path) -> None:
    edit(make(tmp_path), schema=2)
    with pytest.raises(ArtifactError, match="has schema 2, this version of tc reads schema 1") as caught:
        load_dataset(tmp_path, "ticks")
    assert "import the data again" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "other"}, "its manifest names 'other'"),
        ({"parts": []}, "lists no parts"),
        ({"fingerprint": "0" * 64}, "its fingerprint is not that of its parts"),
        ({"unknown": 1}, "is not a manifest"),
        ({"price_precision": "1"}, "is not a manifest"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_an_artifact_error(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    edit(make(tmp_path), **changes)
    with pytest.raises(ArtifactError, match=problem):
        load_dataset(tmp_path, "ticks")


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "catalog/../../x"])
def test_a_part_outside_its_folder_is_an_artifact_error(tmp_path: Path, path: str) -> None:
    dataset = make(tmp_path)
    edit(
        dataset,
        parts=[{**json.loads(manifest_bytes(dataset))["parts"][0], "path": path}],
        fingerprint=dataset_fingerprint((QUOTES,)),
    )
    with pytest.raises(ArtifactError, match="lies outside its folder"):
        load_dataset(tmp_path, "ticks")


def test_a_missing_file_of_a_part_is_an_artifact_error(tmp_path: Path) -> None:
    dataset = make(tmp_path)
    dataset.part_path(TRADES).unlink()
    with pytest.raises(ArtifactError, match=r"trade_tick.* is missing"):
        load_dataset(tmp_path, "ticks")


def test_the_list_is_sorted_and_one_bad_folder_does_not_hide_the_others(tmp_path: Path) -> None:
    later, earlier = make(tmp_path, "b-ticks"), make(tmp_path, "a-ticks")
    (tmp_path / "broken").mkdir()
    (tmp_path / "Not An Id\n").mkdir()
    (tmp_path / ".importing-1-2").mkdir()
    (tmp_path / "notes.txt").touch()
    good, broken = survey_datasets(tmp_path)
    assert good == (earlier, later) == list_datasets(tmp_path)
    assert [each.id for each in broken] == ["Not An Id\n", "broken"]
    assert "no dataset.json" in broken[1].problem


def test_a_data_root_that_does_not_exist_has_no_datasets(tmp_path: Path) -> None:
    assert survey_datasets(tmp_path / "nowhere") == ((), ())
