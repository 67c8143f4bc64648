"""Claims about the record of a dataset's quality: it is of these very rows, or none."""

import dataclasses
import json
from pathlib import Path

import pytest

from tc.errors import ArtifactError
from tc.store.dataset import survey_datasets
from tc.store.quality import quality_path, read_quality, write_quality
from tc.wiring.data import check_data, prepare_data

ID = "btcusdt-1m-sample"


def test_a_check_leaves_how_many_findings_of_each_code_there_are(tmp_path: Path) -> None:
    (made, *_) = prepare_data(ID, data_root=tmp_path)
    assert read_quality(tmp_path, made.dataset) is None
    check_data(ID, data_root=tmp_path, max_gap_ns=10**12, progress=lambda done, total: None)
    record = read_quality(tmp_path, made.dataset)
    assert record is not None
    assert (record.dataset, record.fingerprint) == (ID, made.dataset.fingerprint)
    assert record.findings["gap"] == 0
    assert survey_datasets(tmp_path) == ((made.dataset,), ())


def test_a_record_of_other_rows_is_none(tmp_path: Path) -> None:
    (made, *_) = prepare_data(ID, data_root=tmp_path)
    write_quality(tmp_path, made.dataset, {"gap": 2}, at_ns=1, tc="0")
    write_quality(tmp_path, made.dataset, {"gap": 3}, at_ns=2, tc="0")
    record = read_quality(tmp_path, made.dataset)
    assert record is not None
    assert (record.at_ns, record.findings) == (2, {"gap": 3})
    assert read_quality(tmp_path, dataclasses.replace(made.dataset, fingerprint="f" * 64)) is None


def test_a_record_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (made, *_) = prepare_data(ID, data_root=tmp_path)
    quality_path(tmp_path, ID).parent.mkdir()
    for data in (b"", b"{}", b"\xff"):
        quality_path(tmp_path, ID).write_bytes(data)
        with pytest.raises(ArtifactError, match="is no record"):
            read_quality(tmp_path, made.dataset)


@pytest.mark.parametrize(
    "findings", [{"gap": 10**400}, {"gap": -1}, {"g" * 65: 1}, {f"code_{number}": 1 for number in range(101)}]
)
def test_a_record_of_what_no_metric_can_be_is_an_error(tmp_path: Path, findings: dict[str, int]) -> None:
    (made, *_) = prepare_data(ID, data_root=tmp_path)
    write_quality(tmp_path, made.dataset, {"gap": 1}, at_ns=1, tc="0")
    path = quality_path(tmp_path, ID)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "findings": findings}))
    with pytest.raises(ArtifactError, match="is no record"):
        read_quality(tmp_path, made.dataset)


def test_where_nothing_can_be_kept_a_dataset_is_judged_all_the_same(tmp_path: Path) -> None:
    (made, *_) = prepare_data(ID, data_root=tmp_path)
    quality_path(tmp_path, ID).parent.write_text("in the way")
    assert check_data(ID, data_root=tmp_path, max_gap_ns=10**12, progress=lambda done, total: None) == (made.dataset, ())
    with pytest.raises(ArtifactError, match="cannot be"):
        write_quality(tmp_path, made.dataset, {}, at_ns=1, tc="0")
