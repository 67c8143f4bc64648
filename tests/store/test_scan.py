"""The judgement of a journal: whatever was changed is found, and its first line named."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from journal_lines import lines_as_documented, merkle_tree_hash
from strategies import at_positions, entries
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import STREAM_SCHEMA, MarketDataRows, OrderDenied, OrderSubmitted, RunStarted
from tc.store.journal import Damage, JournalScan, Reason, scan_journal
from tc.store.journal.judge import judge_chunk
from tc.store.journal.lines import MAX_LINE_BYTES
from tc.store.journal.scan import LARGE_BYTES, stitch
from tc.store.journal.workers import judge_on_all_processors

in_one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
START = RunStarted(1, STREAM_SCHEMA, "c" * 64)


def orders(count: int) -> list[OrderSubmitted]:
    return [OrderSubmitted(at, at, f"O-{at}", "A-1") for at in range(count)]


def scanned(folder: Path, data: bytes) -> JournalScan:
    path = folder / "journal.jsonl"
    path.write_bytes(data)
    return scan_journal(path)


def scanned_in_chunks(folder: Path, data: bytes, chunk_bytes: int) -> JournalScan:
    path = folder / "journal.jsonl"
    path.write_bytes(data)
    with path.open("rb") as file:
        descriptor, size = file.fileno(), len(data)
        chunks = (judge_chunk(descriptor, at, min(at + chunk_bytes, size)) for at in range(0, size, chunk_bytes))
        return stitch(descriptor, size, chunks)


def one(entry: bytes) -> bytes:
    """Return one line, whose digest is right, with any bytes for its entry."""
    digest = hashlib.sha256(bytes(32) + hashlib.sha256(b"\0" + entry).digest()).hexdigest()
    return b'{"digest":"' + digest.encode() + b'","entry":' + entry + b"}\n"


# A good journal


@given(stream=entries(max_size=20))
@in_one_folder
def test_a_good_journal_is_counted_and_its_root_is_that_of_its_bodies(tmp_path: Path, stream: list[EventStreamEntry]) -> None:
    data, digest = lines_as_documented(stream)
    positions = sum(e.event.last_row - e.event.first_row + 1 if isinstance(e.event, MarketDataRows) else 1 for e in stream)
    root = merkle_tree_hash([msgspec.json.encode(entry) for entry in stream]).hex()
    assert scanned(tmp_path, data) == JournalScan(len(stream), positions, digest, root, len(data), None, 0)


@given(stream=entries(min_size=1, max_size=12), chunk_bytes=st.integers(1, 900))
@in_one_folder
def test_a_scan_in_chunks_is_the_scan_of_the_whole(tmp_path: Path, stream: list[EventStreamEntry], chunk_bytes: int) -> None:
    data, _ = lines_as_documented(stream)
    assert scanned_in_chunks(tmp_path, data, chunk_bytes) == scanned(tmp_path, data)


# Alterations


@given(stream=entries(min_size=1, max_size=8), chunk_bytes=st.sampled_from([1 << 20, 150, 700]), data=st.data())
@in_one_folder
def test_R06_any_changed_byte_is_found_in_its_line(
    tmp_path: Path, stream: list[EventStreamEntry], chunk_bytes: int, data: st.DataObject
) -> None:
    good, _ = lines_as_documented(stream)
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    bad = good[:at] + bytes([byte]) + good[at + 1 :]
    scan = scanned_in_chunks(tmp_path, bad, chunk_bytes)
    assert scan.damage is not None
    assert scan.damage.line == good[:at].count(b"\n") + 1
    assert scan.damage.reason in get_args(Reason)
    assert scan.entries == scan.damage.line - 1
    assert scan == scanned(tmp_path, bad)


@given(stream=entries(min_size=1, max_size=8), data=st.data())
@in_one_folder
def test_any_inserted_byte_is_found(tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject) -> None:
    good, _ = lines_as_documented(stream)
    at = data.draw(st.integers(0, len(good)))
    scan = scanned(tmp_path, good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at:])
    assert scan.damage is not None
    assert scan.damage.line <= good[:at].count(b"\n") + 1


@given(stream=entries(min_size=1, max_size=8), data=st.data())
@in_one_folder
def test_any_removed_byte_is_found(tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject) -> None:
    good, _ = lines_as_documented(stream)
    at = data.draw(st.integers(0, len(good) - 1))
    scan = scanned(tmp_path, good[:at] + good[at + 1 :])
    assert scan.damage is not None
    assert scan.damage.line == good[:at].count(b"\n") + 1


@given(stream=entries(min_size=2, max_size=8), data=st.data())
@in_one_folder
def test_R06_a_removed_line_is_found_in_its_place(tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject) -> None:
    lines = lines_as_documented(stream)[0].splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 2))
    scan = scanned(tmp_path, b"".join(lines[:at] + lines[at + 1 :]))
    assert scan.damage == Damage(at + 1, "position_gap")


@given(stream=entries(min_size=1, max_size=8), data=st.data())
@in_one_folder
def test_a_repeated_line_is_found_in_its_place(tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject) -> None:
    lines = lines_as_documented(stream)[0].splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    scan = scanned(tmp_path, b"".join(lines[: at + 1] + lines[at:]))
    assert scan.damage == Damage(at + 2, "position_gap")


@given(stream=entries(min_size=2, max_size=8), data=st.data())
@in_one_folder
def test_R06_swapped_lines_are_found_at_the_first(tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject) -> None:
    lines = lines_as_documented(stream)[0].splitlines(keepends=True)
    first, second = sorted(data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True)))
    lines[first], lines[second] = lines[second], lines[first]
    assert scanned(tmp_path, b"".join(lines)).damage == Damage(first + 1, "position_gap")


@given(stream=entries(min_size=1, max_size=8), data=st.data())
@in_one_folder
def test_a_cut_journal_is_torn_or_holds_fewer_entries(
    tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject
) -> None:
    good, digest = lines_as_documented(stream)
    cut = data.draw(st.integers(0, len(good) - 1))
    scan = scanned(tmp_path, good[:cut])
    assert scan.entries == good[:cut].count(b"\n") < len(stream)
    assert scan.digest != digest
    assert scan.is_torn == (not good[:cut].endswith(b"\n") and cut > 0)
    assert scan.good_bytes + scan.torn_bytes == cut


@given(stream=entries(min_size=2, max_size=8), data=st.data())
@in_one_folder
def test_an_entry_replaced_together_with_its_digest_is_found_in_the_next_line(
    tmp_path: Path, stream: list[EventStreamEntry], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(stream) - 2))
    assume(not isinstance(stream[at].event, MarketDataRows))
    other = EventStreamEntry(stream[at].position, OrderDenied(1, 1, "O-1", "another"))
    assume(other != stream[at])
    good = lines_as_documented(stream)[0].splitlines(keepends=True)
    forged = lines_as_documented([*stream[:at], other])[0].splitlines(keepends=True)
    scan = scanned(tmp_path, b"".join([*forged, *good[at + 1 :]]))
    assert scan.damage == Damage(at + 2, "digest_mismatch")


# Reasons

SUBMITTED = b'{"position":1,"event":{"type":"OrderSubmitted","at_ns":1,"event_ns":1,"client_order_id":"O-1","account_id":"A"}}'


def test_the_line_that_the_reasons_are_made_from_is_good(tmp_path: Path) -> None:
    assert scanned(tmp_path, one(SUBMITTED)).damage is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(one(SUBMITTED)[:-1], "torn_line", id="no newline"),
        pytest.param(b'{"digest":', "torn_line", id="cut"),
        pytest.param(bytes(4096), "torn_line", id="zeros"),
        pytest.param(b"\n", "not_json", id="empty line"),
        pytest.param(bytes(40) + b"\n", "not_json", id="zeros and a newline"),
        pytest.param(b"\xff\xfe\n", "not_json", id="no Unicode"),
        pytest.param(b"[" * 100_000 + b"\n", "not_json", id="nested too deeply"),
        pytest.param(one(SUBMITTED).replace(b'"A"', b'"\\ud800"'), "not_json", id="half a pair"),
        pytest.param(b"{}\n", "not_a_line", id="other JSON"),
        pytest.param(one(SUBMITTED).replace(b'{"digest', b'{ "digest'), "not_a_line", id="a space"),
        pytest.param(
            one(SUBMITTED).replace(b'{"digest":"', b'{"digest":"Z')[:12] + one(SUBMITTED)[12:], "not_a_line", id="no hex"
        ),
        pytest.param(
            one(SUBMITTED)[:11] + one(SUBMITTED)[11:75].upper() + one(SUBMITTED)[75:], "not_a_line", id="upper-case hex"
        ),
        pytest.param(one(SUBMITTED).replace(b"}\n", b"}\r\n"), "not_a_line", id="carriage return"),
        pytest.param(one(SUBMITTED.replace(b"OrderSubmitted", b"OrderEaten")), "unknown_event", id="newer event"),
        pytest.param(one(b"{}"), "not_an_entry", id="no fields"),
        pytest.param(one(b"[" * 5000 + b"]" * 5000), "not_an_entry", id="nested entry"),
        pytest.param(one(SUBMITTED.replace(b'"account_id":"A"', b'"account_id":7')), "not_an_entry", id="wrong type"),
        pytest.param(one(SUBMITTED.replace(b'"at_ns":1', b'"at_ns":1.5')), "not_an_entry", id="fraction of a nanosecond"),
        pytest.param(one(SUBMITTED.replace(b'"at_ns":1', b'"at_ns":1.0')), "not_an_entry", id="integer written as a float"),
        pytest.param(one(SUBMITTED.replace(b'"A"', b'"\\u0041"')), "not_canonical", id="needless escape"),
        pytest.param(one(SUBMITTED.replace(b'"A"', b'"A","more":1')), "not_canonical", id="unknown field"),
        pytest.param(one(SUBMITTED.replace(b'"A"', b'"A","account_id":"A"')), "not_canonical", id="field twice"),
        pytest.param(one(SUBMITTED.replace(b'"position":1', b'"position": 1')), "not_canonical", id="space inside"),
        pytest.param(one(SUBMITTED.replace(b'"position":1', b'"position":2')), "position_gap", id="starts at 2"),
        pytest.param(one(SUBMITTED.replace(b'"position":1', b'"position":-1')), "position_gap", id="below zero"),
        pytest.param(
            one(b'{"position":1,"event":{"type":"MarketDataRows","at_ns":1,"dataset":"d","first_row":5,"last_row":4}}'),
            "position_gap",
            id="rows that span nothing",
        ),
        pytest.param(one(SUBMITTED).replace(b'"A"', b'"B"'), "digest_mismatch", id="another value"),
    ],
)
def test_the_reason_says_what_is_wrong(tmp_path: Path, line: bytes, reason: Reason) -> None:
    assert scanned(tmp_path, line).damage == Damage(1, reason)
    before = lines_as_documented(at_positions([START]))[0]
    assert scanned(tmp_path, before + line).damage is not None


def test_a_line_without_end_is_damage_and_not_read_into_memory(tmp_path: Path) -> None:
    good = lines_as_documented(at_positions([START]))[0]
    endless = b'{"digest":"' + b"0" * (MAX_LINE_BYTES + 1) + b"\n"
    scan = scanned(tmp_path, good + endless + good)
    assert scan.damage == Damage(2, "not_a_line")
    assert not scan.is_torn
    assert scanned(tmp_path, good + endless).is_torn


def test_a_journal_cut_while_it_is_scanned_ends_where_it_was_cut(tmp_path: Path) -> None:
    data = lines_as_documented(at_positions(orders(50)))[0]
    path = tmp_path / "journal.jsonl"
    path.write_bytes(data[: len(data) // 2])
    with path.open("rb") as file:
        for start in (0, len(data) // 4, len(data) - 10):
            chunk = judge_chunk(file.fileno(), start, len(data))
            assert chunk.damage == ("torn_line" if chunk.leaves else None)


def test_lines_longer_than_a_block_are_read_whole(tmp_path: Path) -> None:
    long = [OrderDenied(1, 1, "O-1", "x" * length) for length in (300_000, 10, 98_304, 98_000, 700_000)]
    stream = at_positions([*orders(5), *long, *orders(5)])
    data, digest = lines_as_documented(stream)
    assert scanned(tmp_path, data).digest == digest
    assert scanned_in_chunks(tmp_path, data, 100_000) == scanned(tmp_path, data)


# Large journals: other processes help


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[bytes]]]:
    """Write a journal that is large enough for other processes to help; yields it and its lines."""
    path = tmp_path_factory.mktemp("large") / "journal.jsonl"
    stream = at_positions([START, *(OrderDenied(at, at, f"O-{at}", "x" * 200) for at in range(85_000))])
    from tc.store.journal import JournalWriter  # noqa: PLC0415 - the one use here: the documented way takes minutes

    with JournalWriter(path) as journal:
        for entry in stream:
            journal.append(entry)
    assert path.stat().st_size > LARGE_BYTES
    yield path, path.read_bytes().splitlines(keepends=True)
    path.unlink()


def test_other_processes_find_what_one_process_finds(large: tuple[Path, list[bytes]]) -> None:
    path, lines = large
    with path.open("rb") as file:
        size = path.stat().st_size
        alone = stitch(file.fileno(), size, [judge_chunk(file.fileno(), 0, size)])
    together = scan_journal(path)
    assert together == alone
    assert together.entries == len(lines)
    assert together.damage is None


@pytest.mark.parametrize("place", [0.0, 0.31, 0.77, 1.0])
def test_damage_in_a_large_journal_is_found_in_its_line(large: tuple[Path, list[bytes]], tmp_path: Path, place: float) -> None:
    _, lines = large
    at = round(place * (len(lines) - 1))
    bad = lines[at].replace(b"xx", b"xy", 1) if at else lines[at].replace(b"cc", b"cd", 1)
    scan = scanned(tmp_path, b"".join([*lines[:at], bad, *lines[at + 1 :]]))
    assert scan.damage == Damage(at + 1, "digest_mismatch")
    assert scan.entries == at


def test_the_last_line_of_a_large_journal_may_be_torn(large: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    _, lines = large
    scan = scanned(tmp_path, b"".join(lines)[:-5])
    assert scan.damage == Damage(len(lines), "torn_line")
    assert scan.torn_bytes == len(lines[-1]) - 5


def test_workers_that_die_are_replaced(tmp_path: Path, large: tuple[Path, list[bytes]]) -> None:
    path, lines = large
    size = path.stat().st_size
    with path.open("rb") as file, judge_on_all_processors(file.fileno(), size, 1 << 20) as chunks:
        first = next(chunks)
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], check=True, capture_output=True, text=True
        )
        workers = [int(line.split()[0]) for line in listed.stdout.splitlines() if "tc.store.journal.worker" in line]
        assert workers
        for worker in workers:
            os.kill(worker, 9)
        scan = stitch(file.fileno(), size, [first, *chunks])
    assert scan.entries == len(lines)
    assert scan.damage is None


def test_scanning_leaves_no_process_behind(large: tuple[Path, list[bytes]]) -> None:
    scan_journal(large[0])
    listed = subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], check=True, capture_output=True, text=True)
    assert "tc.store.journal.worker" not in listed.stdout


def test_a_program_without_a_main_guard_may_scan(large: tuple[Path, list[bytes]], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from tc.store.journal import scan_journal\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "print(scan_journal(Path(sys.argv[1])).entries)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(large[0])], check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == (f"{len(large[1])}\n", "")


def test_positions_are_numbers_of_the_logical_stream(tmp_path: Path) -> None:
    stream = [
        EventStreamEntry(ProcessingPosition(1), START),
        EventStreamEntry(ProcessingPosition(2), MarketDataRows(2, "d", 0, 9)),
        EventStreamEntry(ProcessingPosition(12), orders(1)[0]),
    ]
    assert scanned(tmp_path, lines_as_documented(stream)[0]).positions == 12
    rows_short = [*stream[:2], EventStreamEntry(ProcessingPosition(3), orders(1)[0])]
    assert scanned(tmp_path, lines_as_documented(rows_short)[0]).damage == Damage(3, "position_gap")
