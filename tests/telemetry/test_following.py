"""Claims about following a journal: in slices of any size it adds up to the same, and a part of it is shown to nobody."""

import math
import os
from pathlib import Path

import msgspec
import pytest

from fakes import make_run
from tc.errors import ArtifactError
from tc.reports.metrics import run_metrics
from tc.reports.summary import summarize
from tc.store.journal import read_entries
from tc.store.journal.blocks import BLOCK_BYTES
from tc.store.layout import RunDirectory
from tc.telemetry.figures import Figures
from tc.telemetry.following import Follower
from tc.wiring.metrics import tally_of

AT_ONCE, A_LITTLE = math.inf, 0.0


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return make_run(tmp_path, "crashed", seal=False)


def followed(run: RunDirectory) -> Follower:
    """Return what follows a run, and has read all that is there."""
    follower = Follower(run, tally_of)
    follower.read(AT_ONCE)
    assert follower.is_read
    return follower


def read_bytes() -> int:
    """Return how many bytes this process has read so far."""
    return int(Path("/proc/self/io").read_text().split()[1])


def figures_of(run: RunDirectory) -> Figures:
    """Return what metrics.json would say of a run."""
    document = msgspec.json.decode(run.configuration.read_bytes())
    return msgspec.convert(run_metrics(summarize(read_entries(run.journal), document=document), None), Figures)


def test_a_journal_read_a_little_at_a_time_adds_up_to_the_same_and_is_shown_when_it_is_whole(run: RunDirectory) -> None:
    follower, reads = Follower(run, tally_of), 0
    while not follower.is_read:
        assert follower.figures is None
        follower.read(A_LITTLE)
        reads += 1
    entries = len(run.journal.read_bytes().splitlines())
    assert reads == entries // 64 + 1
    assert follower.figures == figures_of(run)
    assert follower.is_intact


@pytest.mark.parametrize("step", [1, 3, 50])
def test_a_journal_that_grows_is_counted_as_it_grows(run: RunDirectory, step: int) -> None:
    lines = run.journal.read_bytes().splitlines(keepends=True)[:150]
    run.journal.write_bytes(b"")
    follower = Follower(run, tally_of)
    for end in range(0, len(lines) + step, step):
        with run.journal.open("ab") as file:
            file.write(b"".join(lines[max(end - step, 0) : end]))
        follower.read(AT_ONCE)
        assert follower.figures is not None
        assert follower.figures.journal.entries == min(end, len(lines))
    assert follower.figures == figures_of(run)


def test_a_run_that_has_not_begun_to_record_has_no_figures(run: RunDirectory) -> None:
    data = run.journal.read_bytes()
    run.journal.unlink()
    follower = followed(run)
    assert (follower.figures, follower.is_intact) == (None, True)
    run.journal.write_bytes(data)
    follower.read(AT_ONCE)
    assert follower.figures is not None


def test_a_torn_last_line_is_none_yet(run: RunDirectory) -> None:
    data = run.journal.read_bytes()
    run.journal.write_bytes(data[:-7])
    follower = followed(run)
    assert follower.is_intact
    run.journal.write_bytes(data)
    follower.read(AT_ONCE)
    assert (follower.is_intact, follower.figures) == (True, figures_of(run))


def test_what_seems_damaged_is_looked_at_twice(run: RunDirectory) -> None:
    lines = run.journal.read_bytes().splitlines(keepends=True)
    half = b"".join(lines[:40])
    run.journal.write_bytes(half + b"\0" * 300 + b"\n")
    follower = Follower(run, tally_of)
    follower.read(AT_ONCE)
    assert (follower.is_read, follower.is_intact) == (False, True)
    follower.read(AT_ONCE)
    assert (follower.is_read, follower.is_intact) == (True, False)
    assert follower.figures is not None
    assert follower.figures.journal.entries == 40


def test_what_only_seemed_damaged_is_read_on(run: RunDirectory) -> None:
    data = run.journal.read_bytes()
    run.journal.write_bytes(data[:5000] + b"\0" * 300 + b"\n")
    follower = Follower(run, tally_of)
    follower.read(AT_ONCE)
    assert not follower.is_read
    run.journal.write_bytes(data)
    follower.read(AT_ONCE)
    assert (follower.is_read, follower.is_intact, follower.figures) == (True, True, figures_of(run))


@pytest.mark.parametrize("slice_s", [A_LITTLE, AT_ONCE])
def test_a_journal_that_is_put_back_is_read_on_however_much_came_behind_the_damage(run: RunDirectory, slice_s: float) -> None:
    data = run.journal.read_bytes()
    begin = data.index(b"\n", 5000) + 1
    harmed = data[:begin] + data[begin:].replace(b'"digest":"', b'"digest":"0', 1)
    run.journal.write_bytes(harmed[: len(harmed) // 2])
    follower = Follower(run, tally_of)
    for end in (len(harmed) // 2, len(harmed) // 2, len(harmed), len(harmed)):
        run.journal.write_bytes(harmed[:end])
        follower.read(AT_ONCE)
    assert (follower.is_read, follower.is_intact) == (True, False)
    before = follower.figures
    assert before is not None
    assert before.journal.entries == data[:begin].count(b"\n")
    run.journal.write_bytes(data)
    follower.read(slice_s)
    while not follower.is_read:
        assert (follower.is_intact, follower.figures) == (False, before)
        follower.read(slice_s)
    assert (follower.is_intact, follower.figures) == (True, figures_of(run))


def test_a_damaged_journal_costs_the_same_at_each_look_whatever_came_before_and_behind_it(run: RunDirectory) -> None:
    data = run.journal.read_bytes()
    begin = data.index(b"\n", len(data) // 2) + 1
    costs = []
    for behind in (b"", b"x\n" * (BLOCK_BYTES // 2), b"x\n" * (8 * BLOCK_BYTES)):
        run.journal.write_bytes(data[:begin] + b"{}\n" + behind)
        follower = Follower(run, tally_of)
        follower.read(AT_ONCE)
        follower.read(AT_ONCE)
        assert not follower.is_intact
        before = read_bytes()
        follower.read(AT_ONCE)
        costs.append(read_bytes() - before)
    counting = 200
    assert costs[0] < len(data) // 2, "what was read is not read again"
    assert costs[1] == costs[2] < 2 * BLOCK_BYTES + counting, "what lies behind is not read"


def test_a_journal_that_is_damaged_again_after_it_was_put_back_is_looked_at_twice_again(run: RunDirectory) -> None:
    data = run.journal.read_bytes()
    half = data[: data.index(b"\n", len(data) // 2) + 1]
    follower = Follower(run, tally_of)
    for whole in (half, data):
        run.journal.write_bytes(whole[:-3] + b"\0\0\n")
        follower.read(AT_ONCE)
        assert (follower.is_read, follower.is_intact) == (False, True)
        follower.read(AT_ONCE)
        assert (follower.is_read, follower.is_intact) == (True, False)
        run.journal.write_bytes(whole)
        follower.read(AT_ONCE)
        assert (follower.is_read, follower.is_intact) == (True, True)
    assert follower.figures == figures_of(run)


@pytest.mark.parametrize("harm", ["cut", "removed"])
def test_what_was_counted_stands_when_the_journal_is_cut_or_gone(run: RunDirectory, harm: str) -> None:
    follower, data = followed(run), run.journal.read_bytes()
    before = follower.figures
    if harm == "cut":
        os.truncate(run.journal, 100)
    else:
        run.journal.unlink()
    for _ in range(2):
        follower.read(AT_ONCE)
        assert (follower.is_read, follower.is_intact, follower.figures) == (True, False, before)
    run.journal.write_bytes(data)
    follower.read(AT_ONCE)
    assert (follower.is_read, follower.is_intact, follower.figures) == (True, True, before)


def test_a_journal_is_not_counted_by_a_configuration_that_was_altered(run: RunDirectory) -> None:
    run.configuration.write_bytes(run.configuration.read_bytes() + b" ")
    with pytest.raises(ArtifactError, match="canonical"):
        Follower(run, tally_of).read(AT_ONCE)


def test_nothing_is_read_after_the_end(run: RunDirectory) -> None:
    follower = followed(run)
    follower.end()
    before = follower.figures
    with run.journal.open("ab") as file:
        file.write(b"{}")
    follower.read(AT_ONCE)
    assert (follower.figures, follower.is_intact) == (before, True)
