"""Where drills lie, and who gets which number."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tc.errors import ArtifactError, DocumentError
from tc.store.drills import DrillDirectory, create_drill, drills_root, existing_drill, list_drills


def names(root: Path) -> list[str]:
    return [drill.path.name for drill in list_drills(root)]


def test_everything_lies_in_the_drills_own_folder(tmp_path: Path) -> None:
    drill = create_drill(tmp_path, "node-crash")
    assert (drill.path, drill.drill, drill.number) == (tmp_path / "drills" / "node-crash-1", "node-crash", 1)
    properties = [name for name, value in vars(DrillDirectory).items() if isinstance(value, property)]
    paths = {path for name in properties if isinstance(path := getattr(drill, name), Path)}
    assert {path.parent for path in paths} == {drill.path}
    assert sorted(path.name for path in paths) == [
        "alerting",
        "artifacts",
        "drill.yaml",
        "incident.md",
        "journal.jsonl",
        "paper.yaml",
        "runtime",
        "timeline.html",
        "verdict.json",
    ]


def test_each_execution_has_the_number_after_the_highest_of_its_own_drill(tmp_path: Path) -> None:
    assert [create_drill(tmp_path, "a").number for _ in range(2)] == [1, 2]
    assert create_drill(tmp_path, "a-2").path.name == "a-2-1", "a name may end like a number"
    assert create_drill(tmp_path, "ab").number == 1, "a name may begin like another"
    (drills_root(tmp_path) / "a-7").mkdir()
    (drills_root(tmp_path) / "a-1").rmdir()
    assert create_drill(tmp_path, "a").number == 8
    assert create_drill(tmp_path, "a-2").number == 2
    assert names(tmp_path) == ["a-2", "a-7", "a-8", "a-2-1", "a-2-2", "ab-1"]


def test_after_the_last_number_no_folder_is_made_that_nobody_would_list(tmp_path: Path) -> None:
    (drills_root(tmp_path) / "a-999999999").mkdir(parents=True)
    with pytest.raises(ArtifactError, match=r"a-1000000000 would have a number above 999999999"):
        create_drill(tmp_path, "a")
    assert names(tmp_path) == ["a-999999999"]
    assert create_drill(tmp_path, "b").number == 1


@pytest.mark.parametrize("taken", ["file", "link", "dangling link"])
def test_what_stands_in_a_numbers_place_is_never_touched(tmp_path: Path, taken: str) -> None:
    root = drills_root(tmp_path)
    root.mkdir()
    place = root / "a-1"
    if taken == "file":
        place.write_text("mine")
    else:
        place.symlink_to(tmp_path if taken == "link" else tmp_path / "nowhere")
    assert create_drill(tmp_path, "a").number == 2
    assert names(tmp_path) == ["a-2"]
    assert place.is_symlink() or place.read_text() == "mine"


def test_a_number_that_somebody_else_makes_meanwhile_is_passed_over(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tc.store.drills import create_drill\n"
    code += "for _ in range(20): create_drill(Path(sys.argv[1]), 'a')"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert sorted(drill.number for drill in list_drills(tmp_path)) == list(range(1, 61))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "/etc", "A", ".hidden", "-x", "a b", "ä", "a\n", "x" * 64, "a\0b"]
)
def test_a_hostile_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentError, match="is not the name of a drill"):
        create_drill(tmp_path, name)
    assert not drills_root(tmp_path).exists()


@settings(deadline=None)
@given(st.text(max_size=70))
def test_no_name_leads_out_of_the_folder_of_drills(name: str) -> None:
    with pytest.raises((DocumentError, ArtifactError)):
        create_drill(Path("/dev/null"), name)


def test_what_is_no_drills_folder_is_not_listed(tmp_path: Path) -> None:
    root = drills_root(tmp_path)
    for name in ("a-0", "a-01", "a", "A-1", "a-1.tmp", "-1", "a-1x"):
        (root / name).mkdir(parents=True)
    (root / "b-1").write_text("")
    (root / "c-1").symlink_to(root / "a")
    assert list_drills(tmp_path) == ()
    assert list_drills(tmp_path / "nowhere") == ()
    (tmp_path / "file" / "x").parent.mkdir()
    (tmp_path / "file" / "drills").write_text("")
    assert list_drills(tmp_path / "file") == ()


def test_an_execution_is_found_by_its_folder_or_as_the_newest_of_its_drill(tmp_path: Path) -> None:
    for name in ("a", "a", "a-2", "a"):
        create_drill(tmp_path, name)
    assert existing_drill(tmp_path, "a").path.name == "a-3"
    assert existing_drill(tmp_path, "a-1").path.name == "a-1"
    assert existing_drill(tmp_path, "a-2").path.name == "a-2", "the folder's name goes before the drill's"
    assert existing_drill(tmp_path, "a-2-1").path.name == "a-2-1"
    for name in ("b", "a-9", "../drills/a-1", ""):
        with pytest.raises(ArtifactError, match="there is no drill"):
            existing_drill(tmp_path, name)


def test_a_folder_that_cannot_be_made_or_read_is_an_artifact_error(tmp_path: Path) -> None:
    drills_root(tmp_path).write_text("")
    with pytest.raises(ArtifactError, match="cannot be written"):
        create_drill(tmp_path, "a")
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "drills").symlink_to("drills")
    with pytest.raises(ArtifactError, match="cannot be read"):
        list_drills(loop)
