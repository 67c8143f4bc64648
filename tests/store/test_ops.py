"""ops.jsonl: facts from any process, chained."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal_lines import lines_as_documented
from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.store.facts import (
    Fact,
    OpsArtifact,
    OpsMended,
    ReportWritten,
    RunExported,
    RunReconciled,
    RunRecovered,
    RunReproduced,
    RunVerified,
    StopRequested,
)
from tc.store.files import TEMPORARY_PREFIX
from tc.store.journal import Damage
from tc.store.layout import RunDirectory, create_run
from tc.store.ops import (
    StopWatch,
    append_fact,
    read_facts,
    scan_ops,
    stop_requested,
    write_numbered_artifact,
    write_ops_artifact,
)

FACTS: list[Fact] = [
    StopRequested(at_ns=1, tc="0", user="somebody", reason="enough"),
    RunVerified(at_ns=2, tc="0", merkle_root="e" * 64, findings=0, expected_root="f" * 64),
    RunRecovered(at_ns=3, tc="0", entries=7, cut_bytes=3, artifacts=(OpsArtifact("torn.bin", "a" * 64, 3),)),
    RunReproduced(at_ns=4, tc="0", journal_digest="b" * 64, is_equal=True),
    ReportWritten(at_ns=5, tc="0", reason="again"),
    RunExported(at_ns=6, tc="0", sha256="c" * 64),
    RunReconciled(at_ns=8, tc="0", position=7, source="venue", verdict="clean", findings=0),
    OpsMended(at_ns=7, tc="0", cut_bytes=1),
]
STOP = FACTS[0]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create_run(tmp_path, "a-run")


def test_no_stream_is_an_empty_one(run: RunDirectory) -> None:
    assert read_facts(run) == ()
    assert scan_ops(run).damage is None
    assert scan_ops(run).digest == "0" * 64


def test_facts_come_back_in_order_and_chained_as_the_journal_is(run: RunDirectory) -> None:
    entries = [append_fact(run, fact) for fact in FACTS]
    assert read_facts(run) == tuple(FACTS)
    assert scan_ops(run).entries == tuple(entries)
    lines, digest = lines_as_documented(entries)
    assert run.ops.read_bytes() == lines
    assert scan_ops(run).digest == digest
    assert json.loads(lines.splitlines()[0])["entry"] == {
        "position": 1,
        "fact": {"type": "StopRequested", "at_ns": 1, "tc": "0", "user": "somebody", "reason": "enough"},
    }


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_found_in_its_line(run: RunDirectory, data: st.DataObject) -> None:
    if not run.ops.exists():
        for fact in FACTS:
            append_fact(run, fact)
    good = run.ops.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    run.ops.write_bytes(good[:at] + bytes([byte]) + good[at + 1 :])
    scan = scan_ops(run)
    run.ops.write_bytes(good)
    assert scan.damage is not None
    assert scan.damage.line == good[:at].count(b"\n") + 1
    assert len(scan.entries) == scan.damage.line - 1


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        (lambda lines: [*lines[:2], *lines[3:]], Damage(3, "position_gap")),
        (lambda lines: [lines[0], b"?\n", *lines[2:]], Damage(2, "not_a_line")),
        (lambda lines: [*lines[:3], lines[3].replace(b"RunReproduced", b"RunEaten")], Damage(4, "not_an_entry")),
        (lambda lines: [*lines[:3], lines[3].replace(b'"0"', b'"\\u0030"')], Damage(4, "not_canonical")),
        (lambda lines: [*lines[:3], lines[3].replace(b"true", b"false")], Damage(4, "digest_mismatch")),
        (lambda lines: [*lines[:3], lines[3][:-9]], Damage(4, "torn_line")),
    ],
)
def test_the_reason_says_what_is_wrong(run: RunDirectory, change: type, damage: Damage) -> None:
    for fact in FACTS:
        append_fact(run, fact)
    run.ops.write_bytes(b"".join(change(run.ops.read_bytes().splitlines(keepends=True))))
    assert scan_ops(run).damage == damage


APPENDER = """
import sys
from pathlib import Path
from tc.store.facts import StopRequested
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact

for count in range(25):
    append_fact(RunDirectory(Path(sys.argv[1])), StopRequested(at_ns=count, tc="0", reason=sys.argv[2]))
"""


def test_processes_that_append_at_once_make_one_chain(run: RunDirectory) -> None:
    names = ["a", "b", "c", "d"]
    processes = [subprocess.Popen([sys.executable, "-c", APPENDER, str(run.path), name]) for name in names]
    assert [process.wait(60) for process in processes] == [0] * 4
    scan = scan_ops(run)
    assert scan.damage is None
    assert len(scan.entries) == 100
    for name in names:
        stamps = [e.fact.at_ns for e in scan.entries if isinstance(e.fact, StopRequested) and e.fact.reason == name]
        assert stamps == list(range(25))


def test_a_line_torn_by_a_killed_appender_is_mended_by_the_next(run: RunDirectory) -> None:
    append_fact(run, FACTS[1])
    with run.ops.open("ab") as stream:
        stream.write(b'{"digest":"0123')
    assert scan_ops(run).damage == Damage(2, "torn_line")
    assert scan_ops(run).torn_bytes == 15
    append_fact(run, STOP)
    first, mended, stop = read_facts(run)
    assert (first, stop) == (FACTS[1], STOP)
    assert isinstance(mended, OpsMended)
    [artifact] = mended.artifacts
    assert (run.ops_folder / artifact.name).read_bytes() == b'{"digest":"0123'
    assert artifact.sha256 == hashlib.sha256(b'{"digest":"0123').hexdigest()
    assert scan_ops(run).damage is None


def test_a_fact_can_be_appended_behind_damage_and_the_damage_stays_visible(run: RunDirectory) -> None:
    for fact in FACTS[:3]:
        append_fact(run, fact)
    data = run.ops.read_bytes()
    for bad in (data.replace(b"enough", b"ENOUGH"), b"?\n"):
        run.ops.write_bytes(bad)
        append_fact(run, STOP)
        assert scan_ops(run).damage is not None
        assert scan_ops(run).damage == Damage(1, "digest_mismatch" if bad != b"?\n" else "not_a_line")


def test_a_full_disk_leaves_the_stream_as_it_was(run: RunDirectory, tiny_disk: Path) -> None:
    small = RunDirectory(tiny_disk)
    append_fact(small, STOP)
    before = small.ops.read_bytes()
    filler = subprocess.run(["cp", "/dev/zero", str(tiny_disk / "filler")], check=False, capture_output=True, text=True)
    assert "No space left" in filler.stderr
    with pytest.raises(ArtifactError, match=r"ops\.jsonl cannot be written: No space left"):
        append_fact(small, StopRequested(at_ns=1, tc="0", reason="x" * 8192))
    assert small.ops.read_bytes() == before


def test_a_run_that_is_gone_takes_no_facts(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be written"):
        append_fact(RunDirectory(tmp_path / "gone"), STOP)
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_ops_artifact(RunDirectory(tmp_path / "gone"), "note.txt", b"")


def test_a_link_in_place_of_the_stream_is_not_followed(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"precious\n")
    run.ops.symlink_to(tmp_path / "outside")
    with pytest.raises(ArtifactError, match="cannot be written"):
        append_fact(run, STOP)
    with pytest.raises(ArtifactError, match="symbolic link"):
        read_facts(run)
    assert (tmp_path / "outside").read_bytes() == b"precious\n"


def test_a_pipe_in_place_of_the_stream_is_no_stream_and_never_waited_for(run: RunDirectory) -> None:
    os.mkfifo(run.ops)
    with pytest.raises(ArtifactError, match="no regular file"):
        append_fact(run, STOP)
    with pytest.raises(ArtifactError, match="no regular file"):
        read_facts(run)


# Artifacts


def test_an_artifact_is_written_once(run: RunDirectory) -> None:
    artifact = write_ops_artifact(run, "report.md", b"one")
    assert artifact == OpsArtifact("report.md", hashlib.sha256(b"one").hexdigest(), 3)
    assert write_ops_artifact(run, "report.md", b"one") == artifact
    with pytest.raises(RefusedError, match="exists already"):
        write_ops_artifact(run, "report.md", b"two")
    assert (run.ops_folder / "report.md").read_bytes() == b"one"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a\n"])
def test_an_artifact_stays_in_its_folder(run: RunDirectory, name: str) -> None:
    with pytest.raises(DocumentError, match="is no name for an artifact"):
        write_ops_artifact(run, name, b"")


def test_a_link_in_place_of_the_folder_is_not_followed(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    run.ops_folder.symlink_to(tmp_path / "outside")
    with pytest.raises(ArtifactError, match="a link stands in its place"):
        write_ops_artifact(run, "report.md", b"")
    assert list((tmp_path / "outside").iterdir()) == []


def test_what_a_killed_writer_left_is_swept(run: RunDirectory) -> None:
    run.ops_folder.mkdir()
    (run.ops_folder / f"{TEMPORARY_PREFIX}report.md-0").write_bytes(b"half")
    write_ops_artifact(run, "report.md", b"whole")
    assert [path.name for path in run.ops_folder.iterdir()] == ["report.md"]


# Stops


def test_a_stop_is_seen_once_it_is_requested(run: RunDirectory) -> None:
    watch = StopWatch(run)
    assert watch.request() is None
    assert not stop_requested(run)
    append_fact(run, FACTS[1])
    assert watch.request() is None
    append_fact(run, STOP)
    append_fact(run, StopRequested(at_ns=9, tc="0", reason="again"))
    assert watch.request() == STOP
    run.ops.unlink()
    assert watch.request() == STOP


def test_a_half_written_request_is_none_yet(run: RunDirectory) -> None:
    append_fact(run, STOP)
    whole = run.ops.read_bytes()
    run.ops.write_bytes(whole[:-20])
    watch = StopWatch(run)
    assert watch.request() is None
    run.ops.write_bytes(whole)
    assert watch.request() == STOP


def test_asking_for_a_stop_reads_nothing_while_nothing_was_appended_and_waits_for_no_lock(run: RunDirectory) -> None:
    append_fact(run, FACTS[1])
    size = run.ops.stat().st_size
    watch = StopWatch(run)
    assert watch.request() is None
    run.ops.unlink()
    append_fact(run, StopRequested(at_ns=1, tc="0", reason=""))
    padded = StopRequested(at_ns=1, tc="0", reason="x" * (size - run.ops.stat().st_size))
    run.ops.unlink()
    append_fact(run, padded)
    assert run.ops.stat().st_size == size
    with run.ops.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert watch.request() is None
        assert StopWatch(run).request() == padded


NUMBERER = """
import sys
from pathlib import Path
from tc.store.layout import RunDirectory
from tc.store.ops import write_numbered_artifact

for count in range(20):
    data = f"{sys.argv[2]} {count}".encode()
    print(write_numbered_artifact(RunDirectory(Path(sys.argv[1])), "check", ".json", data).name, data.decode(), sep=":")
"""


def test_processes_that_write_numbered_artifacts_at_once_get_different_numbers(run: RunDirectory) -> None:
    names = ["a", "b", "c", "d"]
    processes = [
        subprocess.Popen([sys.executable, "-c", NUMBERER, str(run.path), name], stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    told = dict(line.split(":") for process in processes for line in process.communicate(timeout=60)[0].splitlines())
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(told) == [f"check-{number:04d}.json" for number in range(1, 81)]
    assert {path.name: path.read_text(encoding="utf-8") for path in run.ops_folder.iterdir()} == told


def test_a_numbered_artifact_never_takes_the_place_of_anything(run: RunDirectory) -> None:
    assert write_numbered_artifact(run, "check", ".json", b"one").name == "check-0001.json"
    (run.ops_folder / "check-0007.json").write_bytes(b"a stranger's")
    (run.ops_folder / "check-12.json").write_bytes(b"no number of ours")
    (run.ops_folder / "check-0008.json").symlink_to("nowhere")
    artifact = write_numbered_artifact(run, "check", ".json", b"two")
    assert artifact == OpsArtifact("check-0009.json", hashlib.sha256(b"two").hexdigest(), 3)
    assert (run.ops_folder / "check-0001.json").read_bytes() == b"one"
    assert (run.ops_folder / "check-0007.json").read_bytes() == b"a stranger's"
    assert not [path for path in run.ops_folder.iterdir() if path.name.startswith(TEMPORARY_PREFIX)]


def test_a_numbered_artifact_without_a_plain_name_or_a_folder_is_refused(run: RunDirectory) -> None:
    with pytest.raises(DocumentError):
        write_numbered_artifact(run, "../check", ".json", b"")
    run.ops_folder.symlink_to("elsewhere")
    with pytest.raises(ArtifactError):
        write_numbered_artifact(run, "check", ".json", b"")
