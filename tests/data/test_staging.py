"""A dataset comes into being in one step, and what a killed writer leaves harms nobody."""

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tc.data.catalog.staging import PREFIX, publish, remove_leftovers, staging_folder
from tc.errors import ArtifactError
from tc.store.dataset import survey_datasets

WRITER = """
import sys, time
from pathlib import Path
from tc.data.catalog.staging import staging_folder
with staging_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("written")
    print(folder, flush=True)
    time.sleep(60)
"""


def start_writer(data_root: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", WRITER, data_root], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def stop(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate()


def test_a_folder_is_hidden_until_it_is_published(tmp_path: Path) -> None:
    with staging_folder(tmp_path) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("content")
        assert folder.parent == tmp_path
        assert folder.name.startswith(PREFIX)
        assert survey_datasets(tmp_path) == ((), ())
        assert publish(folder, tmp_path / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "deep" / "file").read_text() == "content"


def test_what_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "file").write_text("first")
    with staging_folder(tmp_path) as folder:
        (folder / "file").write_text("second")
        assert not publish(folder, tmp_path / "made")
    assert (tmp_path / "made" / "file").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with staging_folder(tmp_path) as folder:
            (folder / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with staging_folder(tmp_path) as folder:
        assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    process, left = start_writer(tmp_path)
    stop(process, signal.SIGKILL)
    assert (left / "half").is_file()
    assert survey_datasets(tmp_path) == ((), ())
    with staging_folder(tmp_path):
        assert not left.exists()


def test_the_work_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    process, folder = start_writer(tmp_path)
    remove_leftovers(tmp_path)
    assert (folder / "half").is_file()
    stop(process, signal.SIGINT)
    assert not folder.exists()


def test_writers_at_once_never_take_each_others_work_for_a_leftover(tmp_path: Path) -> None:
    def write_many(writer: int) -> int:
        made = 0
        for number in range(100):
            with staging_folder(tmp_path) as folder:
                (folder / "file").write_text("content")
                made += publish(folder, tmp_path / f"{writer}-{number}")
        return made

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write_many, range(4))) == 400
    assert all((folder / "file").read_text() == "content" for folder in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 400


def test_a_file_named_like_a_leftover_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}note").touch()
    remove_leftovers(tmp_path)
    assert (tmp_path / f"{PREFIX}note").exists()


def test_a_data_root_that_cannot_be_made_is_an_artifact_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="a dataset cannot be written under") as caught, staging_folder(tmp_path / "file"):
        pass
    assert "--data-root" in caught.value.hint


def test_a_full_disk_is_an_artifact_error(tmp_path: Path) -> None:
    def fail() -> None:
        with staging_folder(tmp_path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ArtifactError, match="No space left on device"):
        fail()


def test_a_rename_that_fails_for_another_reason_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No such file"), staging_folder(tmp_path) as folder:
        publish(folder, tmp_path / "missing" / "made")
