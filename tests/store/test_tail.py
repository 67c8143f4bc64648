"""Claims about reading a journal on: what is new is given once, proved to follow, and judged as a scan judges it."""

from pathlib import Path

import pytest

from streams import Venue
from tc.errors import ArtifactError
from tc.store.journal import JournalTail, JournalWriter, read_entries, scan_journal


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    venue = Venue()
    for _ in range(30):
        venue.rows(3)
        venue.fill(venue.accepted())
    path = tmp_path / "journal.jsonl"
    with JournalWriter(path) as writer:
        for entry in venue.entries:
            writer.append(entry)
    return path


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_journal_read_in_parts_is_the_journal(journal: Path, step: int) -> None:
    lines, whole, scan = lines_of(journal), list(read_entries(journal)), scan_journal(journal)
    growing = journal.with_name("growing.jsonl")
    tail = JournalTail(growing)
    growing.write_bytes(b"")
    read = list(tail.read())
    for end in range(0, len(lines) + step, step):
        growing.write_bytes(b"".join(lines[:end]))
        read += tail.read()
    assert read == whole
    assert (tail.entries, tail.digest, tail.damage) == (scan.entries, scan.digest, None)
    assert list(tail.read()) == []


def test_a_torn_line_is_read_when_it_is_whole(journal: Path) -> None:
    data, whole = journal.read_bytes(), list(read_entries(journal))
    journal.write_bytes(data[:-9])
    tail = JournalTail(journal)
    assert list(tail.read()) == whole[:-1]
    assert (tail.damage, tail.entries) == (scan_journal(journal).damage, len(whole) - 1)
    journal.write_bytes(data)
    assert (list(tail.read()), tail.damage) == (whole[-1:], None)


def test_who_pauses_while_reading_holds_no_file_open(journal: Path) -> None:
    whole, before = list(read_entries(journal)), set(Path("/proc/self/fd").iterdir())
    readers = [JournalTail(journal).read() for _ in range(20)]
    assert [next(reader) for reader in readers] == whole[:1] * 20
    assert len(set(Path("/proc/self/fd").iterdir()) - before) <= 1, "the one that lists them"
    assert list(readers[0]) == whole[1:]


@pytest.mark.parametrize("change", ["altered", "removed", "repeated", "swapped"])
def test_R06_what_does_not_follow_what_was_read_is_damage_as_a_scan_finds_it(journal: Path, change: str) -> None:
    lines = lines_of(journal)
    tail, at = JournalTail(journal), 40
    journal.write_bytes(b"".join(lines[:20]))
    list(tail.read())
    match change:
        case "altered":
            lines[at] = lines[at].replace(b"A-1", b"A-2").replace(b'"BUY"', b'"SELL"').replace(b'row":', b'row":1')
        case "removed":
            del lines[at]
        case "repeated":
            lines.insert(at, lines[at])
        case _:
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
    journal.write_bytes(b"".join(lines))
    read = list(tail.read())
    scan = scan_journal(journal)
    assert scan.damage is not None
    assert (tail.damage, tail.entries, tail.digest) == (scan.damage, scan.entries, scan.digest)
    assert len(read) == scan.entries - 20


def test_a_journal_that_was_cut_is_refused(journal: Path) -> None:
    tail = JournalTail(journal)
    list(tail.read())
    journal.write_bytes(b"".join(lines_of(journal)[:-1]))
    with pytest.raises(ArtifactError, match="were read before: it was cut"):
        list(tail.read())


def test_a_journal_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is missing"):
        list(JournalTail(tmp_path / "journal.jsonl").read())
