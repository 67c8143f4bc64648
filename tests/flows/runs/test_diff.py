"""Claims about comparing two runs."""

from pathlib import Path

import pytest

from fakes import make_run, run_configuration, trading_day
from tc.core.events import OrderInitialized
from tc.errors import ArtifactError
from tc.flows.runs.diff import LINES_PER_PROGRESS, diff_runs
from tc.store.layout import RunDirectory


def test_two_runs_of_the_same_stream_are_the_same(tmp_path: Path) -> None:
    comparison = diff_runs(make_run(tmp_path, "a"), make_run(tmp_path, "b", created_ns=1))
    assert comparison.is_same
    assert (comparison.left, comparison.right, comparison.notes) == ("a", "b", ())


def test_the_first_differing_entry_is_named_with_its_fields(tmp_path: Path) -> None:
    comparison = diff_runs(make_run(tmp_path, "a"), make_run(tmp_path, "b", rounds=10))
    assert not comparison.is_same
    parting = comparison.parting
    assert parting is not None
    assert parting.left is not None
    entries = trading_day(run_configuration()).entries
    assert parting.left == entries[parting.line - 1]
    assert isinstance(parting.left.event, OrderInitialized)
    assert [(each.path, each.left, each.right) for each in parting.fields] == [("event.quantity", '"2.0"', '"1.0"')]


def test_a_prefix_parts_where_the_longer_one_goes_on(tmp_path: Path) -> None:
    crashed = make_run(tmp_path, "crashed", seal=False)
    with crashed.journal.open("ab") as journal:
        journal.write(b'{"digest":"torn')
    parting = diff_runs(crashed, make_run(tmp_path, "whole")).parting
    assert parting is not None
    assert (parting.line, parting.left) == (360, None)
    assert type(parting.right.event).__name__ == "RunCompleted"


def test_other_configurations_are_told_first_and_the_journals_compared_all_the_same(tmp_path: Path) -> None:
    same = make_run(tmp_path, "a")
    other = make_run(tmp_path, "b", configuration=run_configuration(strategy={"name": "made-up", "parameters": {"slow": 40}}))
    comparison = diff_runs(same, other)
    assert [(each.path, each.left, each.right) for each in comparison.configuration] == [
        ("strategy.parameters.slow", "(absent)", "40")
    ]
    assert comparison.parting is None
    assert not comparison.is_same
    shorter = make_run(tmp_path, "c", configuration=run_configuration(seed=1), rounds=10)
    comparison = diff_runs(same, shorter)
    assert [each.path for each in comparison.configuration] == ["seed"]
    plain = diff_runs(same, make_run(tmp_path, "d", rounds=10)).parting
    assert comparison.parting is not None
    assert plain is not None
    assert (comparison.parting.line, comparison.parting.position) == (plain.line, plain.position)
    assert comparison.parting.left == plain.left


def test_a_configuration_that_cannot_be_read_is_a_note(tmp_path: Path) -> None:
    left, right = make_run(tmp_path, "a"), make_run(tmp_path, "b")
    right.configuration.unlink()
    comparison = diff_runs(left, right)
    assert comparison.is_same
    assert "configuration.json is missing" in comparison.notes[0]


def test_empty_journals_are_the_same_and_part_from_others_at_the_first_line(tmp_path: Path) -> None:
    empty = make_run(tmp_path, "empty", seal=False, entries=[])
    assert diff_runs(empty, empty).is_same
    parting = diff_runs(empty, make_run(tmp_path, "a")).parting
    assert parting is not None
    assert (parting.line, parting.position) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"rubbish\n", b"\xff\xff" * 100])
def test_a_journal_that_holds_no_entries_where_they_differ_is_an_error(tmp_path: Path, content: bytes) -> None:
    left, right = make_run(tmp_path, "a"), make_run(tmp_path, "b")
    right.journal.write_bytes(content)
    if content:
        with pytest.raises(ArtifactError, match="line 1"):
            diff_runs(left, right)
    else:
        assert not diff_runs(left, right).is_same


def test_a_missing_journal_is_an_error(tmp_path: Path) -> None:
    left, right = make_run(tmp_path, "a"), make_run(tmp_path, "b")
    right.journal.unlink()
    with pytest.raises(ArtifactError, match="missing"):
        diff_runs(left, right)
    with pytest.raises(ArtifactError, match="missing"):
        diff_runs(RunDirectory(tmp_path / "nowhere"), left)


def test_progress_is_told_in_bytes_of_the_smaller_journal(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run = make_run(tmp_path)
    diff_runs(run, run, progress=lambda done, total: told.append((done, total)))
    assert len(told) == 1 + 360 // LINES_PER_PROGRESS
    assert told[0][1] == run.journal.stat().st_size
    assert told[0][0] <= told[0][1]
