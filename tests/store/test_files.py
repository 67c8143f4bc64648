"""Atomic writes and careful reads."""

import hashlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tc.errors import ArtifactError
from tc.store.files import TEMPORARY_PREFIX, digest_file, is_real_folder, read_file, remove_temporaries, write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"old")
    write_atomic(path, iter([b"ne", b"", b"w"]))
    assert read_file(path) == b"new"
    assert names(tmp_path) == ["a.json"]


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(ArtifactError, match="cannot be written: File too large") as caught:
            write_atomic(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "free space" in caught.value.hint
    assert read_file(path) == b"old"
    assert names(tmp_path) == ["a.json"]


def test_a_full_file_system_leaves_the_old_file_and_no_other(tiny_disk: Path) -> None:
    path = tiny_disk / "a.json"
    write_atomic(path, b"old")
    with pytest.raises(ArtifactError, match="No space left on device"):
        write_atomic(path, b"x" * 1_000_000)
    assert read_file(path) == b"old"
    assert names(tiny_disk) == ["a.json"]


def test_a_write_that_is_interrupted_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    write_atomic(tmp_path / "a.json", b"old")
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.json", blocks())
    assert read_file(tmp_path / "a.json") == b"old"
    assert names(tmp_path) == ["a.json"]


def test_a_file_in_a_missing_folder_is_an_artifact_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="No such file or directory"):
        write_atomic(tmp_path / "missing" / "a.json", b"")


def test_a_link_is_replaced_and_what_it_names_is_untouched(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"precious")
    (tmp_path / "a.json").symlink_to(tmp_path / "outside")
    write_atomic(tmp_path / "a.json", b"new")
    assert (tmp_path / "outside").read_bytes() == b"precious"
    assert not (tmp_path / "a.json").is_symlink()


def test_a_digest_is_that_of_the_content(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(data)
    assert digest_file(tmp_path / "a") == (hashlib.sha256(data).hexdigest(), len(data))


@pytest.mark.parametrize("read", [read_file, digest_file])
def test_what_cannot_be_read_is_an_artifact_error(tmp_path: Path, read: type) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "missing": "is missing",
        "link": "symbolic link",
        "pipe": "no regular file",
        ".": "no regular file",
    }.items():
        with pytest.raises(ArtifactError, match=why):
            read(tmp_path / name)


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"")
    (tmp_path / f"{TEMPORARY_PREFIX}a.json-0").write_bytes(b"")
    (tmp_path / f"{TEMPORARY_PREFIX}folder").mkdir()
    remove_temporaries(tmp_path)
    remove_temporaries(tmp_path / "missing")
    assert names(tmp_path) == [f"{TEMPORARY_PREFIX}folder", "a.json"]


def test_a_link_to_a_folder_is_no_real_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert is_real_folder(tmp_path)
    assert not is_real_folder(tmp_path / "link")
    assert not is_real_folder(tmp_path / "missing")
