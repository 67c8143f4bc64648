"""Claims about files that are changed behind their writer's back: by exactly so much, and put back in place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import make_run
from tc.errors import ArtifactError, InconclusiveError
from tc.faults.files import FileFault, FindChange, bit_flipped, digit_changed, end_cut, line_added
from tc.flows.runs.verify import verify_run

LINES = [f'{{"line":{number},"text":"{"x" * number}"}}\n'.encode() for number in range(40)]


def fault_of(path: Path, find: FindChange) -> FileFault:
    return FileFault(lambda: path, path.parent / "sidecar.json", find)


def changed_places(before: bytes, after: bytes) -> list[int]:
    return [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]


@given(line=st.integers(2, len(LINES)) | st.none(), seed=st.integers(0, 2**32))
def test_one_bit_of_a_line_that_others_follow_is_flipped_and_put_back_while_its_writer_goes_on(
    tmp_path_factory: pytest.TempPathFactory, line: int | None, seed: int
) -> None:
    path = tmp_path_factory.mktemp("flip") / "journal.jsonl"
    before = b"".join(LINES)
    path.write_bytes(before)
    fault = fault_of(path, bit_flipped(line, seed))
    assert fault.proof() == 0
    fault.inject()
    assert fault.proof() == 1
    [at] = changed_places(before, path.read_bytes())
    assert (before[at] ^ path.read_bytes()[at]).bit_count() == 1
    assert path.read_bytes().count(b"\n") == len(LINES)
    back = before[at:].count(b"\n")
    assert back == line if line else 2 <= back <= len(LINES)
    with path.open("ab") as writer:
        writer.write(b"written meanwhile\n")
    for _ in range(2):
        fault.restore()
        assert path.read_bytes() == before + b"written meanwhile\n"
        assert fault.proof() == 0


def test_the_same_seed_flips_the_same_bit_and_another_seed_another(tmp_path: Path) -> None:
    def place(seed: int) -> int:
        path = tmp_path / "journal.jsonl"
        path.write_bytes(b"".join(LINES))
        fault_of(path, bit_flipped(None, seed)).inject()
        [at] = changed_places(b"".join(LINES), path.read_bytes())
        return at

    assert place(7) == place(7)
    assert len({place(seed) for seed in range(8)}) > 4


def test_a_flipped_bit_breaks_a_real_journal_and_put_back_it_is_whole(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    assert verify_run(run, data_root=None).findings == ()
    for seed in range(60):
        fault = FileFault(lambda: run.journal, tmp_path / "sidecar.json", bit_flipped(None, seed))
        fault.inject()
        assert [each.code for each in verify_run(run, data_root=None).findings] == ["digest_mismatch"]
        fault.restore()
        assert verify_run(run, data_root=None).findings == ()


def test_the_end_is_cut_off_and_put_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(LINES))
    fault = fault_of(path, end_cut(100))
    fault.inject()
    assert path.read_bytes() == b"".join(LINES)[:-100]
    assert fault.proof() == 100
    for _ in range(2):
        fault.restore()
        assert path.read_bytes() == b"".join(LINES)
    assert fault.proof() == 0


def test_a_line_of_code_and_a_digit_of_a_document_are_changed_and_put_back(tmp_path: Path) -> None:
    code, document = tmp_path / "strategy.py", tmp_path / "configuration.json"
    code.write_bytes(b"VALUE = 1\n")
    document.write_bytes(b'{"limit":{"value":"10.5"},"on":true}')
    for path, find, changed, count in (
        (code, line_added("# new"), b"VALUE = 1\n# new\n", 6),
        (document, digit_changed, b'{"limit":{"value":"10.4"},"on":true}', 1),
    ):
        before = path.read_bytes()
        fault = fault_of(path, find)
        fault.inject()
        assert path.read_bytes() == changed
        assert fault.proof() == count
        fault.restore()
        fault.restore()
        assert path.read_bytes() == before
        assert fault.proof() == 0


def test_what_stood_there_is_kept_on_disk_before_anything_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(LINES))
    fault_of(path, end_cut(10)).inject()
    kept = json.loads((tmp_path / "sidecar.json").read_bytes())
    assert kept == {"path": str(path), "offset": len(b"".join(LINES)) - 10, "before": LINES[-1][-10:].hex(), "after": ""}


def test_what_somebody_else_wrote_there_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(LINES))
    fault = fault_of(path, end_cut(10))
    fault.inject()
    with path.open("ab") as writer:
        writer.write(b"something else\n")
    after = path.read_bytes()
    with pytest.raises(ArtifactError, match="written anew"):
        fault.restore()
    assert path.read_bytes() == after


@pytest.mark.parametrize(
    ("content", "find"),
    [(b"one line\n", bit_flipped(2, 1)), (b"torn", bit_flipped(None, 1)), (b"short", end_cut(5)), (b"none", digit_changed)],
)
def test_where_there_is_nothing_to_change_nothing_is(tmp_path: Path, content: bytes, find: FindChange) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    fault = fault_of(path, find)
    with pytest.raises(InconclusiveError):
        fault.inject()
    fault.restore()
    assert (path.read_bytes(), fault.proof()) == (content, 0)


def test_a_file_that_is_not_there_cannot_be_changed_and_one_that_is_gone_cannot_be_put_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    fault = fault_of(path, end_cut(1))
    with pytest.raises(InconclusiveError, match="cannot be changed"):
        fault.inject()
    path.write_bytes(b"something")
    fault.inject()
    path.unlink()
    assert fault.proof() == 0
    fault.restore()
    assert not path.exists()
