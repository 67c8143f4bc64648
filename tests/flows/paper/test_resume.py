"""Claims about which runs can go on. That they do is held end to end, with real processes, in tests/e2e/test_resume.py."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from fakes import make_run
from tc.errors import ArtifactError, RefusedError
from tc.flows.configuration import read_configuration
from tc.flows.paper.resume import require_resumable
from tc.flows.runs.recover import fold_again
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.metadata import read_metadata, write_metadata


def crashed(tmp_path: Path, *, mode: str = "paper") -> RunDirectory:
    run = make_run(tmp_path, seal=False)
    write_metadata(run, replace(read_metadata(run), mode=mode))
    return run


def test_a_crashed_paper_run_can_go_on(tmp_path: Path) -> None:
    run = crashed(tmp_path)
    assert require_resumable(run, tc="0") == read_metadata(run)


def test_a_sealed_run_cannot(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is sealed"):
        require_resumable(make_run(tmp_path), tc="0")


def test_a_run_that_is_being_written_cannot(tmp_path: Path) -> None:
    run = crashed(tmp_path)
    with RunLock(run), pytest.raises(RefusedError, match="being written now"):
        require_resumable(run, tc="0")


def test_a_backtest_cannot(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is a backtest"):
        require_resumable(crashed(tmp_path, mode="backtest"), tc="0")


def test_another_version_of_tc_cannot_go_on_with_it(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="recorded by tc 0, and this is tc 9"):
        require_resumable(crashed(tmp_path), tc="9")


def test_a_run_that_had_not_begun_to_record_cannot(tmp_path: Path) -> None:
    run = crashed(tmp_path)
    run.journal.unlink()
    with pytest.raises(ArtifactError, match="before it recorded anything"):
        require_resumable(run, tc="0")


def test_folding_again_shows_each_entry_and_ends_with_the_State_to_go_on_from(tmp_path: Path) -> None:
    run = crashed(tmp_path)
    seen: list[int] = []
    folding = fold_again(run, read_configuration(run).core, 359, watch=lambda entry: seen.append(entry.position))
    assert len(seen) == 359
    assert (folding.state.control.run, folding.is_broken) == ("running", False)
    assert folding.state.position >= seen[-1]
