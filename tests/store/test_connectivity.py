import threading
from pathlib import Path

import pytest

from tc.errors import ArtifactError
from tc.store.connectivity import connectivity_files, connectivity_folder, write_connectivity


def test_files_are_numbered_by_their_stem_and_never_written_over(tmp_path: Path) -> None:
    written = [write_connectivity(tmp_path, stem, stem.encode()) for stem in ("probe", "readiness", "probe")]
    assert [path.name for path in written] == ["probe-0001.json", "readiness-0001.json", "probe-0002.json"]
    assert {path.parent for path in written} == {tmp_path / "connectivity"}
    assert [path.read_bytes() for path in written] == [b"probe", b"readiness", b"probe"]


def test_numbers_go_on_after_gaps_and_beyond_four_digits_and_files_are_listed_in_their_order(tmp_path: Path) -> None:
    folder = connectivity_folder(tmp_path)
    folder.mkdir()
    (folder / "probe-9999.json").write_bytes(b"x")
    (folder / "probe-x.json").write_bytes(b"x")
    (folder / ".probe-123").write_bytes(b"x")
    assert write_connectivity(tmp_path, "probe", b"y").name == "probe-10000.json"
    assert [path.name for path in connectivity_files(tmp_path)] == ["probe-9999.json", "probe-10000.json"]


def test_without_the_folder_there_are_no_files(tmp_path: Path) -> None:
    assert connectivity_files(tmp_path) == ()


def test_no_two_writers_get_the_same_number_and_nothing_unfinished_is_left(tmp_path: Path) -> None:
    def write(text: str) -> None:
        for _ in range(10):
            write_connectivity(tmp_path, "probe", text.encode())

    threads = [threading.Thread(target=write, args=(text,)) for text in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in connectivity_files(tmp_path)] == [f"probe-{number:04d}.json" for number in range(1, 41)]
    assert len(list(connectivity_folder(tmp_path).iterdir())) == 40
    contents = [path.read_text() for path in connectivity_files(tmp_path)]
    assert {text: contents.count(text) for text in "abcd"} == dict.fromkeys("abcd", 10)


def test_a_link_or_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "connectivity").symlink_to(elsewhere)
    with pytest.raises(ArtifactError, match="a link stands in its place"):
        write_connectivity(tmp_path / "one", "probe", b"x")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "connectivity").write_bytes(b"")
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_connectivity(tmp_path / "two", "probe", b"x")
    assert list(elsewhere.iterdir()) == []
