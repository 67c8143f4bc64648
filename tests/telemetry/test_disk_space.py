"""Claims about the room on a live run's disk: measured of runs at work, twice a second at most, beside what each stops for."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes import make_run
from gated import GatedStream, gate_document
from gated_directories import gated
from tc.checks.attention import attention_of
from tc.spec.paper_spec import NodeSpec
from tc.telemetry.disk_space import EVERY_NS
from tc.telemetry.index import Index
from tc.telemetry.pages.briefs import vitals_of
from tracked_runs import RUN_SPEC, TRADED, facts_in, growing, index_of, values_of

NOW_NS = time.time_ns()
FREE, LEAST = "tc_run_disk_free_bytes", "tc_run_disk_min_free_bytes"


class Disk:
    """A disk that says what a test wants it to, or fails; and how often it was asked about which folder."""

    def __init__(self, free_bytes: int) -> None:
        self.free_bytes = free_bytes
        self.is_gone = False
        self.asked: list[Path] = []

    def measure(self, folder: Path) -> int:
        self.asked.append(folder)
        if self.is_gone:
            raise OSError(5, "it is gone")
        return self.free_bytes


def told(index: Index, run_id: str = "live") -> tuple[float | None, float | None]:
    """Return what is free, and what the run stops for; None for a family that has no sample."""
    facts = facts_in(index, run_id)
    return values_of(facts, FREE).get(()), values_of(facts, LEAST).get(())


def configured_by(spec: dict[str, Any]) -> GatedStream:
    """Return the stream of a run whose configuration has a spec."""
    return GatedStream(gated(gate_document(), instrument=TRADED, run_spec=spec))


def test_a_run_at_work_is_told_with_what_is_free_on_the_disk_of_its_directory_and_what_it_stops_for(tmp_path: Path) -> None:
    disk = Disk(123_456_789)
    with growing(tmp_path, "live") as run:
        index = index_of(tmp_path, measure=disk.measure)
        index.refresh(NOW_NS)
    assert told(index) == (123_456_789, 200_000_000)
    assert disk.asked == [run.directory.path]


def test_however_often_a_run_is_looked_at_its_disk_is_measured_twice_a_second_at_most(tmp_path: Path) -> None:
    disk = Disk(9)
    with growing(tmp_path, "live"):
        index = index_of(tmp_path, measure=disk.measure)
        for tenth in range(10):
            disk.free_bytes = tenth
            index.refresh(NOW_NS + tenth * EVERY_NS // 5)
        assert (len(disk.asked), told(index)[0]) == (2, 5)
        index.refresh(NOW_NS - EVERY_NS)  # The wall clock was set back.
        assert len(disk.asked) == 3


def test_the_disk_of_a_run_that_has_ended_or_crashed_is_not_measured_and_not_told(tmp_path: Path) -> None:
    disk = Disk(9)
    make_run(tmp_path, "backtest")
    with growing(tmp_path, "ended") as ended, growing(tmp_path, "crashed") as crashed:
        ended.seal("stopped")
        crashed.crash()
        index = index_of(tmp_path, measure=disk.measure)
        for _ in range(3):
            index.refresh(time.time_ns())
    assert disk.asked == []
    assert {run: told(index, run) for run in ("backtest", "ended", "crashed")} == dict.fromkeys(index.run_ids, (None, None))


def test_what_is_free_is_told_no_more_once_the_run_has_ended(tmp_path: Path) -> None:
    disk = Disk(9)
    with growing(tmp_path, "live") as run:
        index = index_of(tmp_path, measure=disk.measure)
        index.refresh(NOW_NS)
        assert told(index)[0] == 9
        run.seal("stopped")
        index.refresh(NOW_NS + EVERY_NS)
    assert (told(index), len(disk.asked)) == ((None, None), 1)


def test_a_disk_that_cannot_be_measured_has_no_free_bytes_until_it_can(tmp_path: Path) -> None:
    disk = Disk(7)
    disk.is_gone = True
    with growing(tmp_path, "live"):
        index = index_of(tmp_path, measure=disk.measure)
        index.refresh(NOW_NS)
        assert (told(index), facts_in(index, "live").problem) == ((None, 200_000_000), "")
        disk.is_gone = False
        index.refresh(NOW_NS + 1)
        assert told(index)[0] == 7


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({**RUN_SPEC, "node": {"min_free_mb": 0}}, 0),
        ({**RUN_SPEC, "node": {"reconciliation": {"every_s": "30"}}}, None),
        ({**RUN_SPEC, "node": {"min_free_mb": None}}, None),
        ({**RUN_SPEC, "node": {"min_free_mb": -1}}, None),
        ({**RUN_SPEC, "node": {"min_free_mb": 10**400}}, None),
        ({**RUN_SPEC, "node": None}, None),
        ({"mode": "attached", "node": {"min_free_mb": 50}}, 50_000_000),
        ({"mode": "attached", "node": None}, NodeSpec().min_free_mb * 10**6),
        ({"mode": "backtest", "node": {"min_free_mb": 50}}, None),
    ],
)
def test_what_a_run_stops_for_is_what_its_configuration_says(tmp_path: Path, spec: dict[str, Any], expected: int | None) -> None:
    with growing(tmp_path, "live", configured_by(spec)) as run:
        index = index_of(tmp_path, measure=Disk(1).measure)
        index.refresh(NOW_NS)
    assert msgspec.json.decode(run.directory.configuration.read_bytes())["run_spec"] == spec
    assert told(index) == (1, expected)


def test_a_disk_that_is_nearly_full_needs_attention_while_the_run_goes_on(tmp_path: Path) -> None:
    disk = Disk(399_999_999)

    def alerts() -> set[str]:
        facts = facts_in(index, "live")
        return {each.alert for each in attention_of(vitals_of(facts, NOW_NS), NOW_NS)}

    with growing(tmp_path, "live") as run:
        index = index_of(tmp_path, measure=disk.measure)
        index.refresh(NOW_NS)
        assert alerts() == {"TcDiskNearlyFull"}
        disk.free_bytes += 1
        index.refresh(NOW_NS + EVERY_NS)
        assert alerts() == set()
        disk.free_bytes = 0
        run.seal("stopped")
        index.refresh(NOW_NS + 2 * EVERY_NS)
        assert alerts() == set()


def test_the_room_of_a_real_disk_is_told(tmp_path: Path) -> None:
    with growing(tmp_path, "live"):
        index = index_of(tmp_path)
        index.refresh(NOW_NS)
    free, _ = told(index)
    assert free is not None
    assert free > 0
