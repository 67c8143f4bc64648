"""The room that a run leaves on its disk."""

from pathlib import Path

import pytest

from tc.store.free_space import FreeSpace, free_bytes


def test_less_than_must_be_free_is_told_at_the_next_look_and_no_more_once_there_is_room(tmp_path: Path) -> None:
    free, now, looks = [200_000_000], [0.0], list[Path]()

    def measure(folder: Path) -> int:
        looks.append(folder)
        return free[0]

    disk = FreeSpace(tmp_path, 200, measure=measure, monotonic=lambda: now[0])
    assert disk.problem() == ""
    free[0] -= 1
    assert disk.problem() == ""
    now[0] = 1.0
    assert disk.problem() == "the disk has less than 200 MB free"
    assert disk.problem() != ""
    assert looks == [tmp_path, tmp_path]
    free[0], now[0] = 10**12, 2.0
    assert disk.problem() == ""


def test_where_none_must_be_free_nobody_looks(tmp_path: Path) -> None:
    disk = FreeSpace(tmp_path, 0, measure=lambda folder: pytest.fail(f"{folder} was looked at"))
    assert disk.problem() == ""


def test_a_disk_that_does_not_say_is_no_reason_to_stop(tmp_path: Path) -> None:
    assert FreeSpace(tmp_path / "gone", 200).problem() == ""


def test_what_is_measured_is_what_the_disk_has(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
    assert FreeSpace(tmp_path, 10**12).problem() == f"the disk has less than {10**12} MB free"
