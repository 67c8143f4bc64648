"""A drill's own journal: chained as ops.jsonl is, whole or damaged at a line that is named."""

import errno
import json
import os
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drill_facts import passed
from journal_lines import lines_as_documented
from tc.checks.drills import facts as judged
from tc.errors import ArtifactError
from tc.store import drill_facts
from tc.store.drill_facts import AnyDrillFact, DrillEntry, DrillFailed
from tc.store.drills import DrillJournal, scan_drill_journal
from tc.store.journal import Damage

FACTS = passed()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def written(path: Path) -> bytes:
    if not path.exists():
        with DrillJournal(path) as journal:
            for fact in FACTS:
                journal.append(fact)
    return path.read_bytes()


def test_facts_come_back_in_order_and_chained_as_the_journal_is(path: Path) -> None:
    with DrillJournal(path) as journal:
        assert scan_drill_journal(path).entries == ()
        entries = [journal.append(fact) for fact in FACTS]
        lines, digest = lines_as_documented(entries)
        assert path.read_bytes() == lines, "each is on disk when it is appended"
        journal.close()
    scan = scan_drill_journal(path)
    assert scan.entries == tuple(entries) == tuple(DrillEntry(at, fact) for at, fact in enumerate(FACTS, 1))
    assert (scan.digest, scan.damage, scan.torn_bytes) == (digest, None, 0)
    assert json.loads(lines.splitlines()[3])["entry"] == {
        "position": 4,
        "fact": {
            "type": "FaultProven",
            "at_ns": 1_700_000_002_000_000_000,
            "elapsed_ns": 2_000_000_000,
            "fault": 1,
            "kind": "down",
            "before": 0,
            "after": 3,
        },
    }


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_changed_byte_is_found_in_its_line(path: Path, data: st.DataObject) -> None:
    good = written(path)
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    path.write_bytes(good[:at] + bytes([byte]) + good[at + 1 :])
    scan = scan_drill_journal(path)
    path.write_bytes(good)
    assert scan.damage is not None
    assert scan.damage.line == good[:at].count(b"\n") + 1
    assert len(scan.entries) == scan.damage.line - 1


@given(size=st.integers(0, 400))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_whole_before_a_tear_is_read(path: Path, size: int) -> None:
    good = written(path)
    path.write_bytes(good[:size])
    scan = scan_drill_journal(path)
    path.write_bytes(good)
    whole = good[:size].count(b"\n")
    torn = len(good[:size].rpartition(b"\n")[2])
    assert [entry.fact for entry in scan.entries] == FACTS[:whole]
    assert (scan.damage, scan.torn_bytes) == (Damage(whole + 1, "torn_line") if torn else None, torn)


def test_an_unknown_fact_and_an_unknown_field_are_no_entries(path: Path) -> None:
    good = written(path)
    for was, now in ((b"RunEnded", b"RunEaten"), (b'"holds":true', b'"hold":true')):
        path.write_bytes(good.replace(was, now, 1))
        damage = scan_drill_journal(path).damage
        assert damage is not None
        assert damage.reason == "not_an_entry"


def test_a_journal_that_is_there_is_never_written_on(path: Path) -> None:
    good = written(path)
    with pytest.raises(ArtifactError, match="cannot be written: File exists"):
        DrillJournal(path)
    path.unlink()
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(ArtifactError, match="cannot be written"):
        DrillJournal(path)
    assert not path.with_name("elsewhere").exists()
    assert good


def test_a_fact_that_cannot_be_written_leaves_what_stood_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fact = DrillFailed(at_ns=1, elapsed_ns=1, reason="x")
    with DrillJournal(path) as journal:
        journal.append(fact)
        good = path.read_bytes()

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(ArtifactError, match="No space left"):
                journal.append(fact)
        assert path.read_bytes() == good
        journal.append(fact)
    assert len(scan_drill_journal(path).entries) == 2
    assert scan_drill_journal(path).damage is None


@pytest.mark.parametrize("what", ["missing", "link", "folder", "pipe"])
def test_what_is_no_journal_is_an_artifact_error(path: Path, what: str) -> None:
    if what == "link":
        path.symlink_to(__file__)
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    with pytest.raises(ArtifactError):
        scan_drill_journal(path)


def test_every_fact_is_told_on_by_the_store() -> None:
    members = get_args(AnyDrillFact.__value__)
    assert len({each.__struct_config__.tag for each in members}) == len(members) == 14
    missing = [
        name for name in vars(drill_facts) if name in drill_facts.__all__ and name != "DrillEntry" and not hasattr(judged, name)
    ]
    assert missing == []
    assert {each.__name__ for each in members} <= set(drill_facts.__all__)
