"""seal.json, and the survey of a run directory that it is made from."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store_runs import CONFIGURATION, DATASET, STREAM, STREAM_DIGEST, ended_run, seal
from tc.core.events import STREAM_SCHEMA
from tc.errors import ArtifactError, RefusedError
from tc.store.files import TEMPORARY_PREFIX
from tc.store.journal import scan_journal
from tc.store.layout import RunDirectory, create_run
from tc.store.lock import RunLock
from tc.store.ops import write_ops_artifact
from tc.store.seal import Checkpoint, SealedJournal, read_seal
from tc.store.survey import FoundFile, survey_files, survey_ops_files

SEALED = {"run_spec.yaml", "configuration.json", "code/strategy.py", "report.md", "metadata.json", "journal.jsonl"}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return ended_run(tmp_path)


def test_a_seal_covers_every_file_by_content(run: RunDirectory) -> None:
    sealed = seal(run)
    assert set(sealed.files) == SEALED
    for name, file in sealed.files.items():
        data = (run.path / name).read_bytes()
        assert (file.sha256, file.bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_a_seal_says_what_was_recorded(run: RunDirectory) -> None:
    sealed = seal(run, "stopped")
    scan = scan_journal(run.journal)
    assert STREAM_SCHEMA == 1
    assert sealed.journal == SealedJournal(len(STREAM), 13, STREAM_DIGEST, scan.merkle_root)
    assert (sealed.run_id, sealed.status, sealed.configuration, sealed.dataset) == ("a-run", "stopped", CONFIGURATION, DATASET)
    assert sealed.state_digest == "5" * 64
    assert sealed.checkpoints == (Checkpoint(11, "1" * 64),)
    assert read_seal(run) == sealed


def test_the_seal_digest_can_be_taken_with_the_standard_library(run: RunDirectory) -> None:
    sealed = seal(run)
    data = run.seal.read_bytes()
    document = json.loads(data)
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert data == canonical + b"\n"
    without = json.dumps(document | {"seal_digest": ""}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(without).hexdigest() == sealed.seal_digest


def test_a_sealed_run_is_never_sealed_again(run: RunDirectory) -> None:
    seal(run)
    before = run.seal.read_bytes()
    with pytest.raises(RefusedError, match="is sealed already"):
        seal(run)
    assert run.seal.read_bytes() == before


def test_a_damaged_journal_is_not_sealed(run: RunDirectory) -> None:
    with run.journal.open("ab") as journal:
        journal.write(b"torn")
    with pytest.raises(ArtifactError, match="line 5: torn_line; a damaged journal is not sealed"):
        seal(run)
    assert not run.seal.exists()


def test_what_a_killed_writer_left_is_swept_before_sealing(run: RunDirectory) -> None:
    run.ops_folder.mkdir()
    for folder in (run.path, run.ops_folder):
        (folder / f"{TEMPORARY_PREFIX}report.md-0").write_bytes(b"half")
    assert set(seal(run).files) == SEALED
    assert list(run.ops_folder.iterdir()) == []


def test_a_run_whose_ops_stream_cannot_be_opened_is_not_sealed(run: RunDirectory) -> None:
    run.ops_folder.mkdir()
    run.ops.symlink_to("/dev/null")
    with pytest.raises(ArtifactError, match=r"ops\.jsonl cannot be written"):
        seal(run)


def test_what_lives_on_after_the_seal_is_not_covered(run: RunDirectory) -> None:
    with RunLock(run):
        write_ops_artifact(run, "note.txt", b"")
        assert set(seal(run).files) == SEALED


@pytest.mark.parametrize("name", ["code/link", "outside", "metrics.json"])
def test_a_link_is_not_sealed(run: RunDirectory, name: str) -> None:
    (run.path / name).symlink_to("/etc/hostname")
    with pytest.raises(ArtifactError, match=f"{name}: it is a symbolic link; it is not sealed"):
        seal(run)


def test_a_name_that_is_no_unicode_is_not_sealed(run: RunDirectory) -> None:
    os.close(os.open(os.fsencode(run.path) + b"/\xff", os.O_CREAT))
    with pytest.raises(ArtifactError, match=r"\\xff: its name is no Unicode"):
        seal(run)


@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_changed_byte_of_a_seal_is_found(run: RunDirectory, at: int, byte: int) -> None:
    if not run.seal.exists():
        seal(run)
    good = run.seal.read_bytes()
    at %= len(good)
    if good[at] != byte:
        run.seal.write_bytes(good[:at] + bytes([byte]) + good[at + 1 :])
        with pytest.raises(ArtifactError):
            read_seal(run)
        run.seal.write_bytes(good)
    assert read_seal(run).run_id == "a-run"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not a seal"),
        (b"\xff", "is not a seal"),
        (b'{"schema":1}', "is not a seal"),
        (b'{"schema":7}', "has schema 7, this version of tc reads schema 1"),
    ],
)
def test_what_is_no_seal_is_an_artifact_error(run: RunDirectory, data: bytes, why: str) -> None:
    run.seal.write_bytes(data)
    with pytest.raises(ArtifactError, match=why):
        read_seal(run)


def test_a_run_without_a_seal_says_so(run: RunDirectory) -> None:
    with pytest.raises(ArtifactError, match="is not sealed: it is being written, or has crashed"):
        read_seal(run)


def test_a_seal_that_is_a_link_is_not_followed(run: RunDirectory, tmp_path: Path) -> None:
    run.seal.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="symbolic link"):
        read_seal(run)
    with pytest.raises(RefusedError, match="sealed already"):
        seal(run)


# The survey


def test_the_survey_lists_everything_by_name_and_follows_nothing(run: RunDirectory) -> None:
    (run.path / "code" / "deep" / "deeper").mkdir(parents=True)
    (run.path / "code" / "deep" / "deeper" / "x.py").write_bytes(b"x")
    (run.path / "code" / "loop").symlink_to(run.path)
    os.mkfifo(run.path / "pipe")
    found = {file.name: file for file in survey_files(run)}
    assert set(found) == SEALED | {"code/deep/deeper/x.py", "code/loop", "pipe"}
    assert list(found) == sorted(found)
    assert found["code/loop"] == FoundFile("code/loop", "", 0, "it is a symbolic link")
    assert found["pipe"].problem == "it is no regular file"
    assert found["code/deep/deeper/x.py"].sha256 == hashlib.sha256(b"x").hexdigest()


def test_names_of_the_exceptions_are_ordinary_further_down(run: RunDirectory) -> None:
    (run.path / "code" / "seal.json").write_bytes(b"")
    (run.path / "code" / "ops").mkdir()
    (run.path / "code" / "ops" / "x").write_bytes(b"")
    assert {"code/seal.json", "code/ops/x"} <= {file.name for file in survey_files(run)}


def test_ops_files_are_surveyed_apart(run: RunDirectory) -> None:
    assert survey_ops_files(run) == ()
    artifact = write_ops_artifact(run, "note.txt", b"note")
    assert survey_ops_files(run) == (FoundFile("note.txt", artifact.sha256, 4),)


def test_a_link_in_place_of_the_ops_folder_is_a_problem_and_not_followed(run: RunDirectory) -> None:
    run.ops_folder.symlink_to("/etc")
    assert survey_ops_files(run) == (FoundFile("", "", 0, "it is a symbolic link"),)


def test_a_run_that_is_gone_is_an_artifact_error(tmp_path: Path) -> None:
    run = create_run(tmp_path, "gone")
    shutil.rmtree(run.path)
    with pytest.raises(ArtifactError, match="cannot be read"):
        survey_files(run)
