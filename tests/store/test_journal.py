"""The journal: written, read back, judged."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal_lines import lines_as_documented
from strategies import at_positions, entries, events_of
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import (
    EVENT_TYPES,
    STREAM_SCHEMA,
    MarketDataRows,
    OrderDenied,
    OrderSubmitted,
    PositionOpened,
    RunCompleted,
    RunStarted,
)
from tc.errors import ArtifactError, RefusedError
from tc.store.journal import JournalEnd, JournalWriter, read_entries, read_lines, scan_journal
from tc.store.journal.lines import GENESIS, MAX_BODY_BYTES, MAX_LINE_BYTES
from tc.store.journal.writer import FLUSH_ENTRIES

in_one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STREAM = at_positions(
    [
        RunStarted(1, STREAM_SCHEMA, "c" * 64),
        MarketDataRows(2, "d" * 64, 0, 9),
        OrderSubmitted(3, 3, "O-1", "A-1"),
        PositionOpened(4, 4, "P-1", "S-1", "BTCUSDT.X", Decimal("1.50")),
        OrderDenied(5, 5, "O-2", 'too "large"\n\0 \x7f é'),
        RunCompleted(6),
    ]
)


def append_all(journal: JournalWriter, stream: list[EventStreamEntry]) -> None:
    for entry in stream:
        journal.append(entry)


def written(path: Path, stream: list[EventStreamEntry]) -> bytes:
    path.unlink(missing_ok=True)
    with JournalWriter(path) as journal:
        append_all(journal, stream)
    return path.read_bytes()


def many(count: int) -> list[EventStreamEntry]:
    return at_positions([OrderSubmitted(at, at, f"O-{at}", "A-1") for at in range(count)])


# Writing


def test_the_bytes_are_those_that_the_format_page_describes(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines, digest = lines_as_documented(STREAM)
    assert written(path, STREAM) == lines
    assert scan_journal(path).digest == digest


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES)
@given(data=st.data())
@settings(in_one_folder, max_examples=20)
def test_every_event_round_trips_in_canonical_bytes(kind: type, data: st.DataObject, tmp_path: Path) -> None:
    stream = at_positions(data.draw(st.lists(events_of(kind), min_size=1, max_size=3)))
    path = tmp_path / "journal.jsonl"
    first = written(path, stream)
    assert list(read_entries(path)) == stream
    assert written(path, list(read_entries(path))) == first
    assert scan_journal(path).damage is None


@given(stream=entries(max_size=30))
@settings(in_one_folder, max_examples=50)
def test_a_scan_agrees_with_the_writer(stream: list[EventStreamEntry], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    with JournalWriter(path) as journal:
        append_all(journal, stream)
    scan = scan_journal(path)
    assert (scan.entries, scan.digest, scan.good_bytes) == (journal.entries, journal.digest, journal.size)
    assert scan.damage is None
    assert not scan.is_torn


def test_what_is_flushed_is_in_the_file_before_the_writer_closes(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalWriter(path) as journal:
        journal.append(STREAM[0])
        assert path.read_bytes() == b""
        journal.flush()
        assert journal.entries == 1
        assert list(read_entries(path)) == STREAM[:1]


def test_a_full_batch_is_flushed_without_being_asked(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "journal.jsonl") as journal:
        for entry in many(FLUSH_ENTRIES):
            journal.append(entry)
        assert journal.entries == FLUSH_ENTRIES


def test_a_durable_writer_acknowledges_each_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalWriter(path, durability="entries") as journal:
        for count, entry in enumerate(STREAM, 1):
            journal.append(entry)
            assert scan_journal(path).entries == count


def test_before_effects_each_entry_is_written_at_once_and_synced_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "journal.jsonl", []
    with JournalWriter(path, durability="effects") as journal:
        monkeypatch.setattr(os, "fsync", synced.append)
        for count, entry in enumerate(STREAM, 1):
            journal.append(entry)
            assert scan_journal(path).entries == count
        assert synced == []
        journal.sync()
        journal.sync()
        assert len(synced) == 1


def test_a_journal_that_the_disk_failed_to_sync_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    journal = JournalWriter(tmp_path / "journal.jsonl", durability="effects")
    journal.append(STREAM[0])
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ArtifactError, match="cannot be put on disk: Input/output error"):
        journal.sync()
    with pytest.raises(ArtifactError, match="cannot be put on disk"):
        journal.append(STREAM[1])
    with pytest.raises(ArtifactError, match="cannot be put on disk"):
        journal.close()


def test_batches_do_not_show_in_the_bytes(tmp_path: Path) -> None:
    stream = many(FLUSH_ENTRIES + 3)
    at_once = written(tmp_path / "a", stream)
    with JournalWriter(tmp_path / "b", durability="entries") as journal:
        for entry in stream:
            journal.append(entry)
    assert (tmp_path / "b").read_bytes() == at_once


def test_a_journal_is_never_written_a_second_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    before = written(path, STREAM)
    with pytest.raises(RefusedError, match="there is a journal already"):
        JournalWriter(path)
    assert path.read_bytes() == before


def test_a_journal_that_cannot_be_made_is_an_artifact_error(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be opened for writing: No such file"):
        JournalWriter(tmp_path / "missing" / "journal.jsonl")


def test_a_journal_is_continued_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    whole = written(tmp_path / "whole", STREAM)
    written(path, STREAM[:3])
    with JournalWriter(path, resume_at=scan_journal(path).end) as journal:
        for entry in STREAM[3:]:
            journal.append(entry)
    assert path.read_bytes() == whole
    assert journal.entries == len(STREAM)


@pytest.mark.parametrize("size", [0, 7])
def test_a_journal_is_not_continued_behind_another_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, STREAM)
    with pytest.raises(ArtifactError, match="is to be continued behind"):
        JournalWriter(path, resume_at=JournalEnd(0, size, GENESIS))


def test_a_second_close_does_nothing(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal.jsonl")
    journal.close()
    journal.close()


@pytest.mark.parametrize(
    "event",
    [OrderDenied(1, 1, "O-1", "half a pair: \ud800"), OrderDenied(1, 1, "O-1", object())],
    ids=["no Unicode", "no text"],
)
def test_an_entry_without_a_json_form_is_refused_and_those_before_it_are_kept(tmp_path: Path, event: OrderDenied) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalWriter(path)
    journal.append(STREAM[0])
    journal.append(EventStreamEntry(ProcessingPosition(2), event))
    with pytest.raises(ArtifactError, match=rf"{type(event).__name__} at position 2 has no JSON form"):
        journal.flush()
    with pytest.raises(ArtifactError, match="has no JSON form"):
        journal.close()
    assert list(read_entries(path)) == STREAM[:1]


def test_an_entry_longer_than_any_line_is_refused_and_those_before_it_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalWriter(path)
    journal.append(STREAM[0])
    journal.append(EventStreamEntry(ProcessingPosition(2), OrderDenied(1, 1, "O-1", "x" * MAX_LINE_BYTES)))
    with pytest.raises(ArtifactError, match="OrderDenied at position 2 is longer than"):
        journal.flush()
    with pytest.raises(ArtifactError, match="is longer than"):
        journal.close()
    assert list(read_entries(path)) == STREAM[:1]


def test_the_longest_entry_can_be_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    spare = len(lines_as_documented(at_positions([OrderDenied(1, 1, "O-1", "")]))[0])
    longest = at_positions([OrderDenied(1, 1, "O-1", "x" * (MAX_BODY_BYTES - spare)), RunCompleted(1)])
    written(path, longest)
    assert scan_journal(path).damage is None
    assert list(read_entries(path)) == longest


def test_a_first_entry_that_is_refused_leaves_an_empty_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalWriter(path)
    journal.append(EventStreamEntry(ProcessingPosition(1), OrderDenied(1, 1, "O-1", "\ud800")))
    with pytest.raises(ArtifactError, match="at position 1 has no JSON form"):
        journal.close()
    assert path.read_bytes() == b""
    assert journal.digest == "0" * 64


INTERRUPTED_WRITER = """
import signal, sys
from pathlib import Path
from tc.core import EventStreamEntry
from tc.core.events import OrderSubmitted
from tc.store.journal import JournalWriter

class Alarm(Exception):
    pass

def ring(number, frame):
    raise Alarm

stream = [EventStreamEntry(at + 1, OrderSubmitted(at, at, f"O-{at}", "A-1")) for at in range(20_000)]
journal = JournalWriter(Path(sys.argv[1]))
interrupted = 0
signal.signal(signal.SIGALRM, ring)
try:
    for start in range(0, len(stream), 200):
        for entry in stream[start : start + 200]:
            journal.append(entry)
        signal.setitimer(signal.ITIMER_REAL, 0.0001 + start % 1000 / 1e6)
        try:
            journal.flush()
        except Alarm:
            interrupted += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
except Alarm:
    interrupted += 1
finally:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
journal.close()
print(interrupted)
"""


def test_a_flush_may_be_interrupted_at_any_moment_and_be_repeated(tmp_path: Path) -> None:
    # In a process of its own, and without coverage there: an alarm that rings inside coverage leaves its lock held for ever.
    path = tmp_path / "journal.jsonl"
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", INTERRUPTED_WRITER, str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=unmeasured)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    scan = scan_journal(path)
    assert scan.damage is None
    assert list(read_entries(path)) == many(20_000)[: scan.entries]


# Disks that refuse


def test_a_disk_that_is_full_leaves_whole_lines_and_the_journal_goes_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    stream = many(60)
    journal = JournalWriter(path)
    for entry in stream[:20]:
        journal.append(entry)
    journal.flush()
    acknowledged = path.read_bytes()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    for entry in stream[20:]:
        journal.append(entry)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(acknowledged) + 1000, unlimited[1]))
    try:
        with pytest.raises(ArtifactError, match=r"File too large; it ends after its 20 entries") as caught:
            journal.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert str(path) in caught.value.message
    assert "Free space" in caught.value.hint
    assert path.read_bytes() == acknowledged
    journal.close()
    assert list(read_entries(path)) == stream


def test_a_full_file_system_leaves_whole_lines(tiny_disk: Path) -> None:
    path = tiny_disk / "journal.jsonl"
    journal = JournalWriter(path)
    with pytest.raises(ArtifactError, match="No space left on device"):
        append_all(journal, many(20_000))
    scan = scan_journal(path)
    assert scan.damage is None
    assert scan.entries == journal.entries > 0
    with pytest.raises(ArtifactError, match="No space left on device"):
        journal.close()
    assert scan_journal(path) == scan


def test_a_flush_interrupted_behind_its_write_is_repeated_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalWriter(path)
    for entry in STREAM[:2]:
        journal.append(entry)
    journal.flush()
    with path.open("ab") as other:
        other.write(b'{"digest":"written, and never acknow')
    for entry in STREAM[2:]:
        journal.append(entry)
    journal.close()
    assert path.read_bytes() == written(tmp_path / "whole", STREAM)


def test_a_journal_that_another_program_cut_is_not_filled_with_zeros(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalWriter(path)
    journal.append(STREAM[0])
    journal.flush()
    os.truncate(path, 10)
    journal.append(STREAM[1])
    with pytest.raises(ArtifactError, match="another program cut it to 10 bytes"):
        journal.flush()
    with pytest.raises(ArtifactError, match="does not end with a whole line"):
        journal.close()
    assert path.stat().st_size == 10


# Reading


def test_reading_from_a_line_on_gives_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    stream = many(2000)
    data = written(path, stream)
    assert data.count(b"\n") == len(stream)
    for line in (1, 2, 700, 2000, 2001, 9999):
        assert list(read_entries(path, from_line=line)) == stream[line - 1 :]
        assert b"".join(read_lines(path, from_line=line)) == b"".join(data.splitlines(keepends=True)[line - 1 :])


def test_an_unreadable_line_is_named_and_the_entries_before_it_are_given(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = written(path, STREAM).splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"?\n", *lines[4:]]))
    reading = read_entries(path)
    assert [next(reading) for _ in range(3)] == STREAM[:3]
    with pytest.raises(ArtifactError, match=r"journal\.jsonl, line 4: no entry can be read"):
        next(reading)


@pytest.mark.parametrize("read", [read_entries, read_lines, lambda path: iter([scan_journal(path)])])
def test_a_missing_journal_is_an_artifact_error(tmp_path: Path, read: type) -> None:
    with pytest.raises(ArtifactError, match="is missing"):
        list(read(tmp_path / "journal.jsonl"))


def test_no_link_is_followed(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere", STREAM)
    (tmp_path / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="symbolic link"):
        scan_journal(tmp_path / "journal.jsonl")
    with pytest.raises(ArtifactError, match="cannot be opened for writing"):
        JournalWriter(tmp_path / "journal.jsonl", resume_at=JournalEnd(0, 0, GENESIS))


def test_a_disk_that_cannot_put_data_on_it_is_an_artifact_error() -> None:
    journal = JournalWriter(Path("/dev/full"), resume_at=JournalEnd(0, 0, GENESIS))
    journal.append(STREAM[0])
    with pytest.raises(ArtifactError, match="/dev/full cannot be written: No space left on device"):
        journal.close()


def test_a_folder_or_a_pipe_in_place_of_a_journal_is_an_artifact_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ArtifactError, match="cannot be read: it is no regular file"):
            scan_journal(path)


# A writer that is killed

WRITER = """
import sys
from pathlib import Path
from tc.core import EventStreamEntry
from tc.core.events import OrderSubmitted
from tc.store.journal import JournalWriter

journal = JournalWriter(Path(sys.argv[1]), durability="entries" if sys.argv[2] == "durable" else "buffered")
position = 0
while True:
    for _ in range(7 if sys.argv[2] == "buffered" else 1):
        position += 1
        journal.append(EventStreamEntry(position, OrderSubmitted(position, position, f"O-{position}", "A-1")))
    if sys.argv[2] == "buffered":
        journal.flush()
    sys.stdout.write(f"{position}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("mode", ["buffered", "durable"])
@pytest.mark.parametrize("acknowledged_lines", [1, 40, 333])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, mode: str, acknowledged_lines: int) -> None:
    path = tmp_path / "journal.jsonl"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), mode], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(acknowledged_lines)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    scan = scan_journal(path)
    assert scan.entries >= acknowledged[-1]
    assert scan.damage is None or scan.is_torn
    entries_read = [json.loads(line)["entry"]["position"] for line in list(read_lines(path))[: scan.entries]]
    assert entries_read == list(range(1, scan.entries + 1))
