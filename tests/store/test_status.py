"""Where a run really stands, whatever moment it crashed at."""

import os
from pathlib import Path

import pytest

from store_runs import ended_run, metadata_of, seal
from tc.errors import ArtifactError
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.store.metadata import write_metadata
from tc.store.status import run_status


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path, "a-run")


def test_a_run_at_work_stands_where_its_metadata_says(run: RunDirectory) -> None:
    with RunLock(run):
        assert run_status(run) == "created"
        write_metadata(run, metadata_of(run, status="running"))
        assert run_status(run) == "running"


def test_a_run_that_nobody_works_on_and_nobody_sealed_has_crashed(run: RunDirectory) -> None:
    assert run_status(run) == "crashed"
    for status in ("created", "running", "completed"):
        write_metadata(run, metadata_of(run, status=status))
        assert run_status(run) == "crashed"
    run.metadata.write_bytes(b"{")
    assert run_status(run) == "crashed"


def test_a_sealed_run_stands_where_its_seal_says(tmp_path: Path) -> None:
    run = ended_run(tmp_path)
    seal(run, "stopped")
    run.metadata.unlink()
    assert run_status(run) == "stopped"
    with RunLock(run):
        assert run_status(run) == "stopped"


def test_an_altered_seal_is_an_artifact_error(tmp_path: Path) -> None:
    run = ended_run(tmp_path)
    seal(run)
    os.truncate(run.seal, 10)
    with pytest.raises(ArtifactError):
        run_status(run)
