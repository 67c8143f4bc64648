"""Claims about the tape: what is on disk is what was seen, in order; a kill loses one block, and a full disk ends it cleanly."""

import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tc.core.events import TapeBlockWritten, TapeStopped
from tc.data.tape.encoding import block_batch, block_bytes
from tc.errors import ArtifactError
from tc.store.tape import (
    CountedTape,
    NamedTape,
    RunTape,
    TapeEvent,
    TapeLimits,
    TapeRow,
    checked_block,
    next_block,
    unnamed_blocks,
)

SCALE = 10**16


def quote(number: int) -> TapeRow:
    """Return a quote that says its number."""
    price = (50_000 + number) * SCALE
    return TapeRow("quotes", "BTCUSDT-PERP.BINANCE", (price, price + SCALE, SCALE, 2 * SCALE, number, number + 1))


def tape(folder: Path, *, encode: Callable[[Sequence[TapeRow]], bytes] = block_bytes, **options: Any) -> RunTape:
    names = TapeLimits.__dataclass_fields__.keys() & options.keys()
    limits = TapeLimits(**{"block_rows": 10, "block_s": 5.0} | {name: options.pop(name) for name in names})
    return RunTape(folder / "tape", "tape", encode=encode, limits=limits, **options)


def fill(running: RunTape, rows: range) -> list[int]:
    return [running.append(quote(number)) for number in rows]


def until(running: RunTape, events: list[TapeEvent], count: int) -> None:
    """Turn until so many events came."""
    end = time.monotonic() + 10
    while len(events) < count:
        events += running.turn()
        assert time.monotonic() < end
        time.sleep(0.001)


def numbers_in(data: bytes) -> list[int]:
    return list(block_batch(data, name="a block").column("ts_event").to_pylist())


def test_rows_are_numbered_from_0_and_written_in_blocks_in_their_order(tmp_path: Path) -> None:
    running = tape(tmp_path, clock=lambda: 7)
    assert fill(running, range(25)) == list(range(25))
    events = list(running.close())
    blocks = [each for each in events if isinstance(each, TapeBlockWritten)]
    assert [(each.block, each.first_row, each.last_row) for each in blocks] == [(1, 0, 9), (2, 10, 19), (3, 20, 24)]
    assert {each.at_ns for each in blocks} == {7}
    found = [numbers_in(checked_block(tmp_path / "tape", each)) for each in blocks]
    assert [number for block in found for number in block] == list(range(25))
    assert unnamed_blocks(tmp_path / "tape", NamedTape(tuple(blocks), None)) == ()


def test_a_block_is_written_when_it_is_old(tmp_path: Path) -> None:
    now = [0.0]
    running = tape(tmp_path, monotonic=lambda: now[0])
    fill(running, range(3))
    events: list[TapeEvent] = list(running.turn())
    now[0] = 4.9
    events += running.turn()
    assert not (tmp_path / "tape").exists()
    now[0] = 5.1
    until(running, events, 1)
    assert [(each.first_row, each.last_row) for each in events if isinstance(each, TapeBlockWritten)] == [(0, 2)]
    assert list(running.close()) == []


def test_a_tape_that_saw_nothing_makes_no_folder(tmp_path: Path) -> None:
    assert list(tape(tmp_path).close()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_tape_goes_on_where_another_ended(tmp_path: Path) -> None:
    first = tape(tmp_path)
    fill(first, range(4))
    first.close()
    following = tape(tmp_path, first_block=2, first_row=9)
    assert fill(following, range(2)) == [9, 10]
    (block,) = following.close()
    assert isinstance(block, TapeBlockWritten)
    assert (block.block, block.first_row, block.last_row) == (2, 9, 10)


def test_the_budget_ends_the_tape_and_rows_are_numbered_on(tmp_path: Path) -> None:
    one_block = len(block_bytes([quote(number) for number in range(10)]))
    running = tape(tmp_path, max_bytes=2 * one_block + 100)
    assert fill(running, range(45)) == list(range(45))
    written, also, stopped = running.close()
    assert isinstance(written, TapeBlockWritten)
    assert isinstance(also, TapeBlockWritten)
    assert isinstance(stopped, TapeStopped)
    assert (stopped.reason, stopped.next_row) == ("budget", 20)
    assert len(list((tmp_path / "tape").iterdir())) == 2


def test_the_tape_stops_before_the_disk_is_full(tmp_path: Path) -> None:
    running = tape(tmp_path, min_free_bytes=1 << 60)
    fill(running, range(10))
    (stopped,) = running.close()
    assert isinstance(stopped, TapeStopped)
    assert (stopped.reason, stopped.next_row) == ("free_space", 0)
    assert list((tmp_path / "tape").iterdir()) == []


def test_a_disk_that_is_slower_than_the_market_ends_the_tape_and_not_the_node(tmp_path: Path) -> None:
    may_go = threading.Event()

    def slow(rows: Sequence[TapeRow]) -> bytes:
        may_go.wait(10)
        return block_bytes(rows)

    running = tape(tmp_path, encode=slow, most_waiting=80)
    began = time.monotonic()
    fill(running, range(200))
    assert time.monotonic() - began < 1
    may_go.set()
    events = running.close()
    assert [type(each).__name__ for each in events] == ["TapeBlockWritten"] * 8 + ["TapeStopped"]
    assert isinstance(events[-1], TapeStopped)
    assert (events[-1].reason, events[-1].next_row) == ("behind", 80)


def test_a_counted_tape_numbers_rows_and_keeps_nothing() -> None:
    counted = CountedTape("tape")
    assert [counted.append(quote(0)), counted.append(quote(1)), *counted.turn(), *counted.close()] == [0, 1]


WRITER = """
import sys
from pathlib import Path
from msgspec import json
from test_tape import quote, tape

running = tape(Path(sys.argv[1]), block_rows=int(sys.argv[2]))
number = 0
while True:
    running.append(quote(number))
    number += 1
    for event in running.turn():
        sys.stdout.buffer.write(json.encode(event) + b"\\n")
        sys.stdout.buffer.flush()
"""
"""Writes a tape for ever; what it prints stands for the journal's entries."""


def writer(folder: Path, code: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(here), str(here.parent)))}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), *arguments], stdout=subprocess.PIPE, env=environment, **options
    )


@pytest.mark.parametrize("attempt", range(4))
def test_a_killed_writer_loses_nothing_that_was_named(tmp_path: Path, attempt: int) -> None:
    with writer(tmp_path, WRITER, "50") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(random.Random(attempt).random() * 0.2)  # noqa: S311 - any moment will do
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
    named = [TapeBlockWritten(**_fields(line)) for line in lines if line.endswith(b"\n")]
    assert [each.block for each in named] == list(range(1, len(named) + 1))
    rows = [number for each in named for number in numbers_in(checked_block(tmp_path / "tape", each))]
    assert rows == list(range(50 * len(named)))
    for name in unnamed_blocks(tmp_path / "tape", NamedTape(tuple(named), None)):
        assert len(numbers_in((tmp_path / "tape" / name).read_bytes())) == 50  # whole, if not named


def _fields(line: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(line)
    assert fields.pop("type") == "TapeBlockWritten"
    return fields


FULL = """
import sys
from pathlib import Path
from msgspec import json
from test_tape import fill, tape

running = tape(Path(sys.argv[1]), block_rows=3000)
fill(running, range(10))
running._end_block()
last = fill(running, range(10, 4000))[-1]
sys.stdout.buffer.write(json.encode([last, *running.close()]))
"""


def test_a_disk_that_refuses_a_block_ends_the_tape_and_leaves_no_part_of_it(tmp_path: Path) -> None:
    largest = 16 << 10

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    with writer(tmp_path, FULL, preexec_fn=limit) as process:  # the limit is the child's only
        answer, _ = process.communicate(timeout=30)
    last, written, stopped = json.loads(answer)
    assert (last, written["type"], written["last_row"]) == (3999, "TapeBlockWritten", 9)
    assert (stopped["type"], stopped["reason"], stopped["next_row"]) == ("TapeStopped", "disk", 10)
    assert "File too large" in stopped["detail"]
    assert [each.name for each in (tmp_path / "tape").iterdir()] == ["00000001.arrows"]


def test_a_torn_or_altered_block_is_no_block(tmp_path: Path) -> None:
    running = tape(tmp_path)
    fill(running, range(10))
    (named,) = running.close()
    assert isinstance(named, TapeBlockWritten)
    path = tmp_path / "tape" / "00000001.arrows"
    whole = path.read_bytes()
    assert sha256(whole).hexdigest() == named.sha256
    for data in (whole[:-1], whole[:40], b"", whole.replace(b"BTC", b"BTD")):
        path.write_bytes(data)
        with pytest.raises(ArtifactError, match="is altered"):
            checked_block(path.parent, named)
    for data in (whole[:40], b"", b"nothing of the kind"):
        with pytest.raises(ArtifactError, match="no block of a tape"):
            block_batch(data, name="it")
    path.unlink()
    with pytest.raises(ArtifactError, match="is missing"):
        checked_block(path.parent, named)


def test_a_tape_goes_on_behind_every_block_that_is_there(tmp_path: Path) -> None:
    assert next_block(tmp_path / "tape") == 1
    (tmp_path / "tape").mkdir()
    for name in ("00000001.arrows", "00000007.arrows", "00000009.part", "notes.arrows"):
        (tmp_path / "tape" / name).touch()
    assert next_block(tmp_path / "tape") == 8


def test_a_tape_that_only_counts_goes_on_counting() -> None:
    row = TapeRow("quotes", "X", ())
    assert CountedTape("tape", first_row=5).append(row) == 5
