"""Claims about exported runs, and about archives from strangers."""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import make_run
from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.flows.runs.export import export_run, record_export
from tc.flows.runs.unpack import MOST_FILES, unpacked
from tc.flows.runs.verify import Verification, verify_archive, verify_run
from tc.flows.witness import Witness
from tc.store.facts import ReportWritten, RunExported
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact, read_facts, write_ops_artifact

BY = Witness(at_ns=5, tc="0", user=None)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """Return a sealed run with a fact and an artifact that came after its seal."""
    made = make_run(tmp_path)
    append_fact(made, ReportWritten(at_ns=2, tc="0", artifacts=(write_ops_artifact(made, "report.md", b"# Again\n"),)))
    return made


def verified(archive: Path, expected_root: str | None = None) -> Verification:
    return verify_archive(archive, data_root=archive.parent / "none", expected_root=expected_root, is_recorded=False)


def test_an_exported_run_verifies_elsewhere(run: RunDirectory, tmp_path: Path) -> None:
    exported = export_run(run, tmp_path / "run.tar.gz")
    shutil.rmtree(run.path)
    found = verified(exported.archive, exported.merkle_root)
    assert found.findings == ()
    assert (found.run_id, found.status, found.is_sealed, found.files) == ("made-up-run", "completed", True, 9)
    assert exported.files == 11
    assert exported.bytes == exported.archive.stat().st_size


def test_an_archive_unpacked_by_tar_is_the_run(run: RunDirectory, tmp_path: Path) -> None:
    export_run(run, tmp_path / "run.tar.gz")
    elsewhere = tmp_path / "elsewhere" / "runs"
    with tarfile.open(tmp_path / "run.tar.gz") as archive:
        archive.extractall(elsewhere, filter="data")
    assert verify_run(RunDirectory(elsewhere / run.run_id), data_root=None).findings == ()
    assert not (elsewhere / run.run_id / "journal.lock").exists()


def test_the_same_run_gives_the_same_bytes_whenever_and_wherever_it_is_packed(run: RunDirectory, tmp_path: Path) -> None:
    first = export_run(run, tmp_path / "a.tar.gz")
    copy = tmp_path / "copy" / "runs" / run.run_id
    shutil.copytree(run.path, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    second = export_run(RunDirectory(copy), tmp_path / "another-name.tar.gz")
    assert first.sha256 == second.sha256
    assert first.archive.read_bytes() == second.archive.read_bytes()


def test_an_altered_run_is_not_exported(run: RunDirectory, tmp_path: Path) -> None:
    run.report_md.write_bytes(b"# Better\n")
    with pytest.raises(ArtifactError, match=r"file_altered: report\.md"):
        export_run(run, tmp_path / "run.tar.gz")
    assert not (tmp_path / "run.tar.gz").exists()


def test_a_run_without_a_seal_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="not sealed"):
        export_run(make_run(tmp_path, seal=False), tmp_path / "run.tar.gz")


def test_an_existing_file_is_never_written_over(run: RunDirectory, tmp_path: Path) -> None:
    archive = tmp_path / "run.tar.gz"
    archive.write_bytes(b"mine")
    with pytest.raises(RefusedError, match="exists already"):
        export_run(run, archive)
    assert archive.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["no/such/folder/run.tar.gz", "x" * 300])
def test_an_archive_that_cannot_be_written_is_an_error_and_leaves_nothing(run: RunDirectory, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(DocumentError, match="cannot be written"):
        export_run(run, tmp_path / name)
    assert set(tmp_path.iterdir()) == before


def test_a_recorded_export_becomes_a_fact(run: RunDirectory, tmp_path: Path) -> None:
    exported = export_run(run, tmp_path / "run.tar.gz")
    record_export(run, exported, by=BY)
    assert read_facts(run)[-1] == RunExported(at_ns=5, tc="0", sha256=exported.sha256)
    assert verify_run(run, data_root=None).findings == ()


def test_a_verification_cannot_be_recorded_in_an_archive(run: RunDirectory, tmp_path: Path) -> None:
    exported = export_run(run, tmp_path / "run.tar.gz")
    with pytest.raises(DocumentError, match="records nothing"):
        verify_archive(exported.archive, data_root=tmp_path, expected_root=None, is_recorded=True)


def test_long_names_in_the_code_survive_the_archive(tmp_path: Path) -> None:
    def add(run: RunDirectory) -> None:
        folder = run.code.joinpath(*["a_rather_long_package_name" * 2] * 6)
        folder.mkdir(parents=True)
        (folder / "mödule.py").write_text("VALUE = 2\n", encoding="utf-8")

    exported = export_run(make_run(tmp_path, before_seal=add), tmp_path / "run.tar.gz")
    assert verified(exported.archive).findings == ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_in_an_archive_is_an_error_a_finding_or_without_meaning(
    run: RunDirectory, tmp_path: Path, data: st.DataObject
) -> None:
    archive = tmp_path / "run.tar.gz"
    if not archive.exists():
        export_run(run, archive)
    whole = archive.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    altered = tmp_path / "altered.tar.gz"
    altered.write_bytes(flipped)
    try:
        is_noticed = bool(verified(altered).findings)
    except ArtifactError:
        is_noticed = True
    # The time in the gzip header, and codes that no byte uses, say nothing about the run.
    assert is_noticed or gzip.decompress(flipped) == gzip.decompress(whole)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_archive_cut_short_is_an_error(run: RunDirectory, tmp_path: Path, data: st.DataObject) -> None:
    archive = tmp_path / "run.tar.gz"
    if not archive.exists():
        export_run(run, archive)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[: data.draw(st.integers(0, archive.stat().st_size - 1))])
    with pytest.raises(ArtifactError):
        verified(cut)


def member(name: str, content: bytes = b"x", **changes: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in changes.items():
        setattr(info, field, value)
    return info, content


def packed(path: Path, *members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.GNU_FORMAT) -> Path:
    with tarfile.open(path, "w:gz", format=form) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([], "0 runs"),
        ([member("a/x"), member("b/x")], "2 runs"),
        ([member("../outside")], "'../outside'|not a run id"),
        ([member("a/../../outside")], "no file of a run"),
        ([member("a/./x")], "no file of a run"),
        ([member("a//x")], "no file of a run"),
        ([member("/etc/passwd")], "not a run id"),
        ([member("a")], "no file of a run"),
        ([member("latest/x")], "not a run id"),
        ([member("a/x"), member("a/x")], "exists"),
        ([member("a/x"), member("a/x/y")], "exists|[Nn]ot a directory"),
        ([member("a/x", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "no plain file"),
        ([member("a/x", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")], "no plain file"),
        ([member("a/x", b"", type=tarfile.CHRTYPE)], "no plain file"),
        ([member("a/x", b"", type=tarfile.FIFOTYPE)], "no plain file"),
        ([member("a/x", b"", type=tarfile.DIRTYPE)], "no plain file"),
        ([member(f"a/{'x' * 300}")], "too long"),
        ([member(f"a/{'x/' * 2000}y")], "no file of a run"),
        ([member(f"a/{'x/' * 4000}y")], "no file of a run"),
    ],
)
def test_an_archive_that_tc_did_not_write_is_refused_and_nothing_escapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: list[tuple[tarfile.TarInfo, bytes]], why: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    archive = packed(tmp_path / "hostile.tar.gz", *members)
    with pytest.raises(ArtifactError, match=why), unpacked(archive):
        pass
    assert list(tmp_path.iterdir()) == [archive]


def test_an_archive_that_claims_more_than_there_is_room_for_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    header = tarfile.TarInfo("a/x")
    header.size = 1 << 50
    archive = tmp_path / "bomb.tar.gz"
    archive.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT), mtime=0))
    with pytest.raises(ArtifactError, match="more than there is room for"), unpacked(archive):
        pass


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "many.tar.gz"
    raw = b"".join(tarfile.TarInfo(f"a/{number}").tobuf(tarfile.USTAR_FORMAT) for number in range(MOST_FILES + 1))
    archive.write_bytes(gzip.compress(raw, 1, mtime=0))
    with pytest.raises(ArtifactError, match="more than"), unpacked(archive):
        pass


def test_something_behind_the_end_is_refused(tmp_path: Path) -> None:
    raw = tarfile.TarInfo("a/x").tobuf(tarfile.USTAR_FORMAT) + bytes(1024)
    (tmp_path / "zeros.tar.gz").write_bytes(gzip.compress(raw + bytes(10_000), mtime=0))
    with unpacked(tmp_path / "zeros.tar.gz") as run:
        assert run.run_id == "a"
    (tmp_path / "more.tar.gz").write_bytes(gzip.compress(raw + b"more", mtime=0))
    with pytest.raises(ArtifactError, match="follows its end"), unpacked(tmp_path / "more.tar.gz"):
        pass


@pytest.mark.parametrize(
    "content",
    [b"", b"rubbish", gzip.compress(b"rubbish", mtime=0), gzip.compress(b"r" * 512, mtime=0), gzip.compress(b"", mtime=0)],
)
def test_rubbish_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rubbish.tar.gz").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"rubbish\.tar\.gz"), unpacked(tmp_path / "rubbish.tar.gz"):
        pass


def test_names_that_are_no_unicode_and_negative_sizes_are_refused(tmp_path: Path) -> None:
    def header(change: Callable[[bytearray], None]) -> bytes:
        raw = bytearray(tarfile.TarInfo("a/x").tobuf(tarfile.USTAR_FORMAT))
        change(raw)
        raw[148:156] = b" " * 8
        raw[148:156] = b"%06o\0 " % sum(raw[:512])
        return bytes(raw)

    def unicode(raw: bytearray) -> None:
        raw[2:4] = b"\xff\xfe"

    def negative(raw: bytearray) -> None:
        raw[124:136] = b"\xff" * 12

    for change in (unicode, negative):
        (tmp_path / "hostile.tar.gz").write_bytes(gzip.compress(header(change) + bytes(1024)))
        with pytest.raises(ArtifactError), unpacked(tmp_path / "hostile.tar.gz"):
            pass


def test_nothing_is_left_of_an_unpacked_archive(run: RunDirectory, tmp_path: Path) -> None:
    exported = export_run(run, tmp_path / "run.tar.gz")
    with unpacked(exported.archive) as inside:
        assert inside.journal.read_bytes() == run.journal.read_bytes()
    assert not inside.path.exists()


def test_an_error_of_the_reader_is_not_taken_for_one_of_the_archive(run: RunDirectory, tmp_path: Path) -> None:
    exported = export_run(run, tmp_path / "run.tar.gz")
    with pytest.raises(FileNotFoundError), unpacked(exported.archive):
        (tmp_path / "nowhere").read_bytes()
