"""Run ids and where runs lie."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store_runs import metadata_of
from tc.errors import ArtifactError, DocumentError, RefusedError, TcError
from tc.store.layout import RunDirectory, create_run, existing_run, list_runs, new_run_id, run_directory, runs_root
from tc.store.metadata import write_metadata


def made(root: Path, run_id: str, created_ns: int) -> RunDirectory:
    run = create_run(root, run_id)
    write_metadata(run, metadata_of(run, created_ns=created_ns))
    return run


def test_everything_lies_in_the_run_directory(tmp_path: Path) -> None:
    run = run_directory(tmp_path, "a-run")
    properties = [name for name, value in vars(RunDirectory).items() if isinstance(value, property) and name != "run_id"]
    here = tmp_path / "runs" / "a-run"
    assert {getattr(run, name).parent for name in properties} == {here, here / "live"}
    assert len({getattr(run, name) for name in properties}) == len(properties) == 18
    assert run.run_id == "a-run"


@pytest.mark.parametrize(
    "run_id", ["", ".", "..", "../x", "a/b", "/etc", "a\\b", ".hidden", "-x", "a b", "ä", "a\n", "x" * 129, "latest", "a\0b"]
)
def test_a_hostile_id_is_refused(tmp_path: Path, run_id: str) -> None:
    for look_up in (run_directory, create_run):
        with pytest.raises(DocumentError):
            look_up(tmp_path, run_id)


@given(run_id=st.text(max_size=140))
@settings(deadline=None)
def test_no_id_leads_out_of_the_folder_of_runs(run_id: str) -> None:
    root = Path("/somewhere/artifacts")
    try:
        path = run_directory(root, run_id).path
    except TcError:
        return
    assert Path(os.path.normpath(path)).parent == runs_root(root)


def test_a_new_id_names_the_spec_the_time_and_the_configuration() -> None:
    at = datetime(2026, 3, 1, 12, 30, 59, 7, tzinfo=UTC)
    assert new_run_id("ema", at, "0123456789abcdef") == "ema-20260301T123059000007Z-01234567"


def test_a_run_is_made_once(tmp_path: Path) -> None:
    run = create_run(tmp_path / "artifacts", "a-run")
    assert run.path.is_dir()
    with pytest.raises(RefusedError, match="there is a run 'a-run' already"):
        create_run(tmp_path / "artifacts", "a-run")


def test_a_run_that_cannot_be_made_is_an_artifact_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_bytes(b"")
    with pytest.raises(ArtifactError, match="cannot be made"):
        create_run(tmp_path, "a-run")


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    for run_id, created_ns in {"b": 3, "a": 1, "c": 2, "d": 3}.items():
        made(tmp_path, run_id, created_ns)
    assert [run.run_id for run in list_runs(tmp_path)] == ["d", "b", "c", "a"]


def test_a_run_without_readable_metadata_is_listed_by_its_directory_time(tmp_path: Path) -> None:
    for run_id, data in {"empty": None, "broken": b"{", "linked": b""}.items():
        run = create_run(tmp_path, run_id)
        if data is not None:
            run.metadata.write_bytes(data)
    (tmp_path / "runs" / "linked" / "metadata.json").unlink()
    (tmp_path / "runs" / "linked" / "metadata.json").symlink_to("/dev/zero")
    made(tmp_path, "old", 1)
    listed = [run.run_id for run in list_runs(tmp_path)]
    assert listed[-1] == "old"
    assert sorted(listed) == ["broken", "empty", "linked", "old"]


def test_what_is_no_run_is_not_listed(tmp_path: Path) -> None:
    made(tmp_path, "a-run", 1)
    root = runs_root(tmp_path)
    (root / "file").write_bytes(b"")
    (root / ".hidden").mkdir()
    (root / "a b").mkdir()
    (root / "link").symlink_to(root / "a-run")
    assert [run.run_id for run in list_runs(tmp_path)] == ["a-run"]
    with pytest.raises(ArtifactError, match="there is no run 'link'"):
        existing_run(tmp_path, "link")


def test_no_folder_of_runs_holds_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == ()
    (tmp_path / "runs").write_bytes(b"")
    assert list_runs(tmp_path) == ()
    with pytest.raises(ArtifactError, match="there are no runs") as caught:
        existing_run(tmp_path, "latest")
    assert "tc runs list" in caught.value.hint


def test_a_run_is_found_by_id_by_the_start_of_its_id_and_as_the_latest(tmp_path: Path) -> None:
    for at, run_id in enumerate(["ema-1", "ema-10", "other"]):
        made(tmp_path, run_id, at)
    assert existing_run(tmp_path, "ema-1").run_id == "ema-1"
    assert existing_run(tmp_path, "oth").run_id == "other"
    assert existing_run(tmp_path, "latest").run_id == "other"
    with pytest.raises(DocumentError, match=r"'ema' is the start of 2 run ids: ema-1, ema-10$"):
        existing_run(tmp_path, "ema")
    with pytest.raises(ArtifactError, match="there is no run 'x'"):
        existing_run(tmp_path, "x")
    with pytest.raises(DocumentError, match="is not a run id"):
        existing_run(tmp_path, "../ema-1")


def test_of_many_runs_that_begin_alike_only_some_are_named(tmp_path: Path) -> None:
    for at in range(6):
        made(tmp_path, f"ema-{at}", at)
    with pytest.raises(DocumentError, match=r"6 run ids: ema-0, ema-1, ema-2, ema-3, …$"):
        existing_run(tmp_path, "ema")
