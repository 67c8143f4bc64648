"""Recovery of a torn journal: what was written whole stays, what was not is kept elsewhere."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal_lines import lines_as_documented
from strategies import at_positions, entries
from tc.core import EventStreamEntry
from tc.core.events import OrderSubmitted
from tc.errors import ArtifactError, RefusedError
from tc.store.journal import JournalWriter, read_entries, recover_journal

in_one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STREAM = at_positions([OrderSubmitted(at, at, f"O-{at}", "A-1") for at in range(5)])
GOOD = lines_as_documented(STREAM)[0]


def make(folder: Path, data: bytes) -> tuple[Path, Path]:
    journal, kept = folder / "journal.jsonl", folder / "torn.bin"
    kept.unlink(missing_ok=True)
    journal.write_bytes(data)
    return journal, kept


def test_a_whole_journal_is_left_as_it_is(tmp_path: Path) -> None:
    journal, kept = make(tmp_path, GOOD)
    recovery = recover_journal(journal, kept)
    assert (recovery.entries, recovery.positions, recovery.cut_bytes, recovery.kept_in) == (5, 5, 0, None)
    assert journal.read_bytes() == GOOD
    assert not kept.exists()


@given(stream=entries(min_size=1, max_size=6), data=st.data())
@in_one_folder
def test_a_journal_cut_anywhere_is_recovered_to_its_whole_lines(
    tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject
) -> None:
    good = lines_as_documented(stream)[0]
    cut = data.draw(st.integers(0, len(good)))
    journal, kept = make(tmp_path, good[:cut])
    recovery = recover_journal(journal, kept)
    whole = good[:cut].rfind(b"\n") + 1
    assert journal.read_bytes() == good[:whole]
    assert recovery.cut_bytes == cut - whole
    assert list(read_entries(journal)) == stream[: recovery.entries]
    if recovery.cut_bytes:
        assert kept.read_bytes() == good[whole:cut]


@given(junk=st.one_of(st.binary(min_size=1, max_size=200), st.integers(1, 10_000).map(bytes)))
@in_one_folder
def test_junk_behind_the_last_line_is_cut_and_kept(tmp_path: Path, junk: bytes) -> None:
    journal, kept = make(tmp_path, GOOD + junk)
    recovery = recover_journal(journal, kept)
    assert recovery.entries == len(STREAM)
    assert journal.read_bytes() == GOOD
    assert kept.read_bytes() == junk


@pytest.mark.parametrize(
    "tail",
    [GOOD[:300] + bytes(500), bytes(5_000_000), GOOD[:150] + bytes(90) + b"\n" + bytes(60) + b"\n", b"\n\n\n"],
    ids=["a line that ends in zeros", "zeros", "zeros with newlines", "empty lines"],
)
def test_what_a_power_loss_leaves_is_cut_and_kept(tmp_path: Path, tail: bytes) -> None:
    journal, kept = make(tmp_path, GOOD + tail.replace(GOOD[:150], GOOD[-150:-1]))
    torn = journal.read_bytes()[len(GOOD) :]
    assert recover_journal(journal, kept).cut_bytes == len(torn)
    assert journal.read_bytes() == GOOD
    assert kept.read_bytes() == torn


@pytest.mark.parametrize("at", range(4))
def test_damage_before_whole_lines_is_no_tear(tmp_path: Path, at: int) -> None:
    lines = GOOD.splitlines(keepends=True)
    for bad in (b"\0" * len(lines[at]), lines[at][:-9], lines[at].replace(b"A-1", b"A-2")):
        data = b"".join([*lines[:at], bad, *lines[at + 1 :]])
        journal, kept = make(tmp_path, data)
        with pytest.raises(ArtifactError, match=rf"line {at + 1}: \w+; this is no tear of a crash"):
            recover_journal(journal, kept)
        assert journal.read_bytes() == data
        assert not kept.exists()


def test_an_altered_last_line_is_no_tear(tmp_path: Path) -> None:
    journal, kept = make(tmp_path, GOOD.replace(b"O-4", b"O-5"))
    with pytest.raises(ArtifactError, match="line 5: digest_mismatch"):
        recover_journal(journal, kept)


def test_recovery_that_was_interrupted_before_its_cut_is_repeated(tmp_path: Path) -> None:
    journal, kept = make(tmp_path, GOOD + b"torn")
    kept.write_bytes(b"torn")
    recovery = recover_journal(journal, kept)
    assert (recovery.cut_bytes, recovery.kept_in) == (4, kept)
    assert journal.read_bytes() == GOOD


def test_recovery_done_twice_says_the_same(tmp_path: Path) -> None:
    journal, kept = make(tmp_path, GOOD + b"torn")
    assert recover_journal(journal, kept) == recover_journal(journal, kept)


def test_what_an_earlier_recovery_kept_is_never_overwritten(tmp_path: Path) -> None:
    journal, kept = make(tmp_path, GOOD + b"torn")
    kept.write_bytes(b"torn before")
    with pytest.raises(RefusedError, match="holds something else"):
        recover_journal(journal, kept)
    assert kept.read_bytes() == b"torn before"
    assert journal.read_bytes() == GOOD + b"torn"


def test_nothing_is_cut_that_cannot_be_kept(tmp_path: Path) -> None:
    journal, _ = make(tmp_path, GOOD + b"torn")
    with pytest.raises(ArtifactError, match="cannot be written"):
        recover_journal(journal, tmp_path / "missing" / "torn.bin")
    assert journal.read_bytes() == GOOD + b"torn"


def test_a_recovered_journal_can_be_continued(tmp_path: Path) -> None:
    journal, kept = make(tmp_path, lines_as_documented(STREAM[:3])[0] + b'{"digest":"0')
    with JournalWriter(journal, resume_at=recover_journal(journal, kept).end) as writer:
        for entry in STREAM[3:]:
            writer.append(entry)
    assert journal.read_bytes() == GOOD


def test_a_journal_that_cannot_be_opened_is_an_artifact_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is missing"):
        recover_journal(tmp_path / "journal.jsonl", tmp_path / "torn.bin")
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(ArtifactError, match="cannot be read: Is a directory"):
        recover_journal(tmp_path / "journal.jsonl", tmp_path / "torn.bin")
