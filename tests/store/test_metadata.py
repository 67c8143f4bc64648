"""metadata.json."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store_runs import metadata_of
from tc.errors import ArtifactError
from tc.store.layout import RunDirectory, create_run
from tc.store.metadata import METADATA_SCHEMA, GitCommit, WallTime, read_metadata, write_metadata


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path, "a-run")


def test_metadata_round_trips(run: RunDirectory) -> None:
    written = msgspec.structs.replace(metadata_of(run), git=GitCommit("abc", is_dirty=True), is_durable=True, reason="done")
    write_metadata(run, written)
    assert read_metadata(run) == written


def test_the_file_reads_well_and_names_its_schema(run: RunDirectory) -> None:
    write_metadata(run, metadata_of(run))
    text = run.metadata.read_text()
    document = json.loads(text)
    assert document["schema"] == METADATA_SCHEMA
    assert document["created"] == {"ns": 1_800_000_000_123_456_789, "utc": "2027-01-15T08:00:00.123456789Z"}
    assert text == json.dumps(document, indent=2, sort_keys=True) + "\n"


@given(ns=st.integers(0, 4_000_000_000 * 10**9))
@settings(deadline=None)
def test_wall_time_says_the_same_in_both_forms(ns: int) -> None:
    utc = WallTime.at(ns).utc
    whole, fraction = utc.removesuffix("Z").split(".")
    from datetime import datetime  # noqa: PLC0415 - the one use here

    assert int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(fraction) == ns


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not metadata of a run"),
        (b"[]", "is not metadata of a run"),
        (b"\xff", "is not metadata of a run"),
        (b'{"schema":99}', "has schema 99, this version of tc reads schema 1"),
        (b'{"schema":1}', "is not metadata of a run: Object missing required field"),
    ],
)
def test_what_is_no_metadata_is_an_artifact_error(run: RunDirectory, data: bytes, why: str) -> None:
    run.metadata.write_bytes(data)
    with pytest.raises(ArtifactError, match=why):
        read_metadata(run)


def test_missing_metadata_is_an_artifact_error(run: RunDirectory) -> None:
    with pytest.raises(ArtifactError, match=r"metadata\.json is missing"):
        read_metadata(run)


def test_a_status_that_is_none_is_refused(run: RunDirectory) -> None:
    document = json.loads(msgspec.json.encode(metadata_of(run))) | {"status": "finished"}
    run.metadata.write_text(json.dumps(document))
    with pytest.raises(ArtifactError, match=r"\$\.status"):
        read_metadata(run)
