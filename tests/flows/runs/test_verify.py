"""Claims about verifying run directories: real ones, altered in every way we could think of."""

import os
import shutil
from pathlib import Path
from threading import Timer

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import DATASET_ID, make_run, run_configuration
from market_csv import kline, write_csv
from streams import DATASET
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import MarketDataRows
from tc.data.importing import import_files
from tc.data.target import ImportTarget
from tc.errors import DocumentError
from tc.flows.runs.verify import Verification, record_verification, verify_run
from tc.flows.witness import Witness
from tc.store.facts import ReportWritten, StopRequested
from tc.store.files import MOST_BYTES
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.metadata import read_metadata, write_metadata
from tc.store.ops import append_fact, read_facts, write_ops_artifact
from tc.store.seal import read_seal, seal_bytes, seal_digest

BY = Witness(at_ns=1, tc="0", user="someone")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """Return a sealed run with facts that came after its seal, one with an artifact."""
    made = make_run(tmp_path)
    append_fact(made, StopRequested(at_ns=1, tc="0", reason="for the test"))
    append_fact(made, ReportWritten(at_ns=2, tc="0", artifacts=(write_ops_artifact(made, "report.md", b"# Again\n"),)))
    return made


def verified(run: RunDirectory, *, data_root: Path | None = None, expected_root: str | None = None) -> Verification:
    return verify_run(run, data_root=data_root or run.path / "none", expected_root=expected_root)


def codes(run: RunDirectory) -> list[tuple[str, str]]:
    return [(each.code, each.subject) for each in verified(run).findings]


def contents(run: RunDirectory) -> dict[str, bytes]:
    paths = sorted(path for path in run.path.rglob("*") if path.is_file() and path != run.lock)
    return {path.relative_to(run.path).as_posix(): path.read_bytes() for path in paths}


def test_a_sealed_run_is_intact_and_verifying_writes_nothing(run: RunDirectory) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    found = verified(run)
    assert found.findings == ()
    assert (found.is_sealed, found.is_active, found.status) == (True, False, "completed")
    assert found.journal is not None
    assert (found.journal.entries, found.journal.positions) == (360, 560)
    assert found.files == 9
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_anywhere_is_found(run: RunDirectory, data: st.DataObject) -> None:
    files = contents(run)
    name = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    flipped = bytearray(files[name])
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        (run.path / name).write_bytes(flipped)
        assert verified(run).findings
    finally:
        (run.path / name).write_bytes(files[name])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_byte_in_the_journal_is_found_at_its_line(run: RunDirectory, data: st.DataObject) -> None:
    journal = run.journal.read_bytes()
    at = data.draw(st.integers(0, len(journal) - 1))
    flipped = bytearray(journal)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        run.journal.write_bytes(flipped)
        first = verified(run).findings[0]
        assert first.subject == f"journal.jsonl line {journal[:at].count(b'\n') + 1}"
    finally:
        run.journal.write_bytes(journal)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cutting_any_file_short_is_found(run: RunDirectory, data: st.DataObject) -> None:
    files = {name: content for name, content in contents(run).items() if name != "ops.jsonl"}
    name = data.draw(st.sampled_from(sorted(files)))
    size = data.draw(st.integers(0, len(files[name]) - 1))
    try:
        (run.path / name).write_bytes(files[name][:size])
        assert verified(run).findings
    finally:
        (run.path / name).write_bytes(files[name])


def test_every_file_that_is_removed_is_found(run: RunDirectory) -> None:
    for name, content in contents(run).items():
        (run.path / name).unlink()
        missing = codes(run)
        (run.path / name).write_bytes(content)
        if name == "ops.jsonl":
            assert missing == [("file_extra", "ops/report.md")]
        elif name == "seal.json":
            assert missing[0] == ("seal_missing", "seal.json")
        else:
            assert ("file_missing", name) in missing


@pytest.mark.parametrize("name", ["extra.txt", "code/pkg/extra.py", "ops/extra.txt", ".hidden", "journal.jsonl.bak"])
def test_a_file_that_is_added_is_found(run: RunDirectory, name: str) -> None:
    (run.path / name).write_bytes(b"")
    assert codes(run) == [("file_extra", name)]


def test_a_link_in_the_place_of_a_file_is_found(run: RunDirectory, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    run.report_md.rename(elsewhere)
    run.report_md.symlink_to(elsewhere)
    assert codes(run) == [("file_altered", "report.md")]


def test_a_file_whose_name_is_no_unicode_is_found(run: RunDirectory) -> None:
    (run.path / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    assert codes(run) == [("file_extra", "\\xff\\xfe")]


def test_a_pipe_in_the_place_of_a_file_is_found_and_not_waited_for(run: RunDirectory) -> None:
    run.journal.unlink()
    os.mkfifo(run.journal)
    assert ("file_altered", "journal.jsonl") in codes(run)


def test_a_directory_in_the_place_of_a_file_is_found(run: RunDirectory) -> None:
    run.metadata.unlink()
    run.metadata.mkdir()
    found = codes(run)
    assert ("unreadable", "metadata.json") in found
    assert ("file_missing", "metadata.json") in found


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"null", b"{}", b'{"schema":99}', b"[" * 100_000, b'{"schema":1,"a":' * 3000]
)
@pytest.mark.parametrize(
    "name", ["metadata.json", "configuration.json", "seal.json", "journal.jsonl", "ops.jsonl", "metrics.json"]
)
def test_rubbish_in_a_document_is_a_finding(run: RunDirectory, name: str, content: bytes) -> None:
    (run.path / name).write_bytes(content)
    assert verified(run).findings


def test_a_journal_that_is_rewritten_with_a_new_seal_is_only_found_by_a_root_kept_elsewhere(tmp_path: Path) -> None:
    honest = verified(make_run(tmp_path / "honest"))
    assert honest.journal is not None
    forged = make_run(tmp_path / "forged", rounds=3)
    assert verified(forged).findings == ()
    assert verified(forged, expected_root=honest.journal.merkle_root).findings[0].code == "root_mismatch"
    assert honest.journal.merkle_root != honest.journal.merkle_root.upper()
    again = verified(RunDirectory(tmp_path / "honest" / "runs" / "made-up-run"), expected_root=honest.journal.merkle_root.upper())
    assert again.findings == ()


@pytest.mark.parametrize("root", ["", "e" * 63, "g" * 64, "e" * 65, "0x" + "e" * 64])
def test_an_expected_root_that_is_none_is_refused(run: RunDirectory, root: str) -> None:
    with pytest.raises(DocumentError, match="Merkle root"):
        verified(run, expected_root=root)


def test_a_seal_of_another_journal_is_found_field_by_field(run: RunDirectory, tmp_path: Path) -> None:
    shutil.copyfile(make_run(tmp_path / "other", rounds=3).journal, run.journal)
    assert {"journal.jsonl entries", "journal.jsonl merkle_root"} < {subject for _, subject in codes(run)}


def test_a_renamed_run_is_found(run: RunDirectory) -> None:
    renamed = RunDirectory(run.path.rename(run.path.with_name("another")))
    assert codes(renamed) == [("run_id_mismatch", "seal.json"), ("run_id_mismatch", "metadata.json")]


def reseal(run: RunDirectory, **changes: object) -> None:
    """Write a seal that says something else, and is consistent in itself."""
    changed = msgspec.structs.replace(read_seal(run), **changes)
    run.seal.write_bytes(seal_bytes(msgspec.structs.replace(changed, seal_digest=seal_digest(changed))))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"configuration": "0" * 64}, ("configuration_mismatch", "seal.json")),
        ({"dataset": "0" * 64}, ("dataset_mismatch", "seal.json")),
        ({"status": "stopped"}, ("status_mismatch", "metadata.json")),
        ({"run_id": "another"}, ("run_id_mismatch", "seal.json")),
    ],
)
def test_a_seal_that_names_something_else_than_the_other_parts_is_found(
    run: RunDirectory, change: dict[str, object], finding: tuple[str, str]
) -> None:
    reseal(run, **change)
    assert codes(run) == [finding]


def test_a_configuration_that_the_journal_does_not_name_is_found(run: RunDirectory) -> None:
    run.configuration.write_bytes(run_configuration(seed=43).document)
    assert ("configuration_mismatch", "configuration.json") in codes(run)


def test_a_configuration_in_other_bytes_is_found(run: RunDirectory) -> None:
    run.configuration.write_bytes(run.configuration.read_bytes() + b"\n")
    assert codes(run) == [("file_altered", "configuration.json"), ("unreadable", "configuration.json")][::-1]


def test_a_journal_that_does_not_begin_with_the_start_of_a_run_names_no_configuration(tmp_path: Path) -> None:
    rows = EventStreamEntry(ProcessingPosition(1), MarketDataRows(1, DATASET, 0, 9))
    (first, *_) = verified(make_run(tmp_path, status="failed", entries=[rows])).findings
    assert (first.code, first.subject, first.expected) == (
        "configuration_mismatch",
        "configuration.json",
        "none, as in journal.jsonl line 1",
    )


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """Return a data root that holds a dataset of the id that the run names, with other content."""
    target = ImportTarget("FILUSDT-PERP.BINANCE", "FILUSDT", 3, 1)
    source = write_csv(tmp_path / "klines.csv", *map(kline, range(3)))
    import_files([source], target, data_root=tmp_path / "data", dataset_id=DATASET_ID, format_name=None)
    return tmp_path / "data"


def test_a_dataset_that_is_not_there_is_a_note_and_no_finding(run: RunDirectory, tmp_path: Path) -> None:
    found = verified(run, data_root=tmp_path)
    assert found.findings == ()
    assert any("dataset made-up is not under" in note for note in found.notes)
    assert verify_run(run, data_root=None).notes == ()


def test_a_dataset_of_the_same_id_with_other_content_is_found(run: RunDirectory, data_root: Path) -> None:
    findings = verified(run, data_root=data_root).findings
    assert [(each.code, each.subject) for each in findings] == [("dataset_mismatch", "dataset made-up")]
    assert findings[0].expected == f"{DATASET}, as in configuration.json"


def test_a_dataset_that_is_there_and_broken_is_found(run: RunDirectory, data_root: Path) -> None:
    (data_root / DATASET_ID / "dataset.json").write_bytes(b"{")
    found = verified(run, data_root=data_root).findings
    assert [(each.code, each.subject) for each in found] == [("unreadable", "dataset made-up")]


def test_a_configuration_that_names_no_dataset_or_a_hostile_one_never_looks_outside_the_data_root(tmp_path: Path) -> None:
    none = make_run(tmp_path, "none", configuration=run_configuration(dataset=None))
    assert [each.code for each in verified(none).findings] == ["dataset_mismatch", "dataset_mismatch"]
    hostile = make_run(tmp_path, "hostile", configuration=run_configuration(dataset={"id": "../../etc", "fingerprint": DATASET}))
    assert [(each.code, each.subject) for each in verified(hostile, data_root=tmp_path).findings] == [
        ("unreadable", "configuration.json")
    ]


def test_a_crashed_run_is_verified_as_far_as_it_goes_and_said_not_to_be_sealed(tmp_path: Path) -> None:
    crashed = make_run(tmp_path, seal=False)
    with crashed.journal.open("ab") as journal:
        journal.write(b'{"digest":"0123')
    found = verified(crashed)
    assert (found.findings, found.is_sealed, found.status) == ((), False, "crashed")
    assert found.journal is not None
    assert found.journal.entries == 359
    assert any("line 360 is torn: 15 bytes" in note for note in found.notes)
    assert any("not sealed: it crashed" in note for note in found.notes)


def test_damage_in_a_crashed_run_is_a_finding(tmp_path: Path) -> None:
    crashed = make_run(tmp_path, seal=False)
    crashed.journal.write_bytes(crashed.journal.read_bytes().replace(b'"side":"BUY"', b'"side":"SELL"', 1))
    (finding,) = verified(crashed).findings
    assert finding.code == "digest_mismatch"


def test_a_run_that_had_only_begun_is_verified_without_a_finding(tmp_path: Path) -> None:
    begun = make_run(tmp_path, seal=False)
    for path in (begun.journal, begun.configuration, begun.metadata):
        path.unlink()
    found = verified(begun)
    assert (found.findings, found.journal) == ((), None)
    assert sum("is not there: the run had not come so far" in note for note in found.notes) == 3


def test_a_run_that_is_being_written_is_said_to_be(tmp_path: Path) -> None:
    active = make_run(tmp_path, seal=False)
    with RunLock(active):
        found = verified(active)
        assert (found.is_active, found.status, found.findings) == (True, "running", ())
        assert any("being written now" in note for note in found.notes)
        active.metadata.unlink()
        assert verified(active).status == "created"


@pytest.mark.parametrize("seal", [False, True])
def test_what_somebody_is_just_writing_is_no_finding_and_what_stays_is(tmp_path: Path, seal: bool) -> None:
    run = make_run(tmp_path, seal=seal)
    artifact = write_ops_artifact(run, "reconciliation-0001.json", b"{}")
    with RunLock(run):
        assert codes(run) == [("file_extra", "ops/reconciliation-0001.json")]
    fact = Timer(0.1, append_fact, (run, ReportWritten(at_ns=2, tc="0", artifacts=(artifact,))))
    fact.start()
    assert codes(run) == []
    fact.join()


def test_damage_to_a_run_that_goes_on_is_found(tmp_path: Path) -> None:
    active = make_run(tmp_path, seal=False)
    with RunLock(active):
        active.journal.write_bytes(active.journal.read_bytes().replace(b'"digest":"', b'"digest":"0', 1))
        assert codes(active) == [("not_a_line", "journal.jsonl line 1")]


def test_a_seal_that_was_removed_or_never_written_is_found_once_the_run_says_that_it_ended(tmp_path: Path) -> None:
    unsealed = make_run(tmp_path, seal=False)
    write_metadata(unsealed, msgspec.structs.replace(read_metadata(unsealed), status="completed"))
    assert codes(unsealed) == [("seal_missing", "seal.json")]


def test_an_altered_seal_leaves_the_rest_judged_and_the_status_unknown(run: RunDirectory) -> None:
    run.seal.write_bytes(run.seal.read_bytes().replace(b"completed", b"complETED"))
    found = verified(run)
    assert (found.is_sealed, found.status) == (True, "")
    assert [(each.code, each.subject) for each in found.findings] == [("unreadable", "seal.json")]


def test_a_file_without_a_seal_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    crashed = make_run(tmp_path, seal=False)
    crashed.report_md.unlink()
    crashed.report_md.symlink_to("/etc/hostname")
    assert codes(crashed) == [("file_extra", "report.md")]


def test_an_ops_stream_that_is_damaged_is_found_at_its_line(run: RunDirectory) -> None:
    run.ops.write_bytes(run.ops.read_bytes().replace(b"for the test", b"for the tost"))
    assert codes(run)[0] == ("digest_mismatch", "ops.jsonl line 1")


def test_an_ops_artifact_that_is_altered_is_found(run: RunDirectory) -> None:
    (run.ops_folder / "report.md").write_bytes(b"# Agaim\n")
    assert codes(run) == [("file_altered", "ops/report.md")]


def test_folders_in_folders_without_end_are_found(run: RunDirectory) -> None:
    here = os.open(run.path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inside = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(here)
    assert ("unreadable", "the run directory") in codes(run)


def test_a_huge_document_is_found_and_not_read(run: RunDirectory) -> None:
    os.truncate(run.metadata, MOST_BYTES + 1)
    assert ("unreadable", "metadata.json") in codes(run)


def test_what_may_not_be_read_is_found(run: RunDirectory) -> None:
    run.report_md.chmod(0)
    if os.access(run.report_md, os.R_OK):
        pytest.skip("nothing is unreadable to this user")
    assert codes(run) == [("file_altered", "report.md")]
    run.code.chmod(0)
    assert ("unreadable", "the run directory") in codes(run)
    run.code.chmod(0o755)


def test_a_recorded_verification_becomes_a_fact_that_the_next_one_covers(run: RunDirectory) -> None:
    found = verified(run)
    record_verification(run, found, expected_root=None, by=BY)
    (*_, fact) = read_facts(run)
    assert found.journal is not None
    assert (type(fact).__name__, fact.user, fact.findings, fact.merkle_root) == (
        "RunVerified",
        "someone",
        0,
        found.journal.merkle_root,
    )
    assert verified(run).findings == ()


def test_the_json_holds_null_for_a_journal_that_cannot_be_read(run: RunDirectory) -> None:
    run.journal.unlink()
    document = verified(run).to_dict()
    assert (document["entries"], document["merkle_root"]) == (None, None)
