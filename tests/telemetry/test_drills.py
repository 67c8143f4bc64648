"""Claims about the drills of an artifacts root: each verdict is read once, the last counts, and rubbish costs nothing."""

import os
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from drill_records import ENDED_NS, S, carried_out, verdict_of
from tc.store.drills import DrillDirectory, create_drill, drills_root, write_verdict
from tc.telemetry import drills as module
from tc.telemetry.drills import Drills
from tc.telemetry.fleet import drill_samples
from tc.telemetry.names import Sample


def look(drills: Drills) -> list[Sample]:
    """Look now, and return the samples."""
    drills.look(time.time_ns())
    return list(drill_samples(drills.drilled))


def states(samples: list[Sample]) -> dict[str, str]:
    """Return the verdict of each drill's last execution."""
    return {labels[0]: labels[1] for name, labels, value in samples if name == "tc_drill_state" and value}


def of(samples: list[Sample], family: str) -> dict[tuple[str, ...], float]:
    return {labels: value for name, labels, value in samples if name == family}


def test_the_last_execution_counts_and_all_are_counted(tmp_path: Path) -> None:
    drills = Drills(tmp_path)
    assert look(drills) == []
    carried_out(tmp_path, "disconnect", verdict="failed", recover_ns=None)
    carried_out(tmp_path, "disconnect", verdict="inconclusive", detect_ns=None, mitigate_ns=None, recover_ns=None)
    samples = look(drills)
    assert states(samples) == {"disconnect": "inconclusive"}
    assert of(samples, "tc_drill_detect_seconds") == of(samples, "tc_drill_recover_seconds") == {}
    carried_out(tmp_path, "disconnect")
    samples = look(drills)
    assert states(samples) == {"disconnect": "passed"}
    counted = {("disconnect", "passed"): 1, ("disconnect", "failed"): 1, ("disconnect", "inconclusive"): 1}
    assert of(samples, "tc_drill_executions") == counted
    assert of(samples, "tc_drill_timestamp_seconds") == {("disconnect",): ENDED_NS / S + 3}
    assert of(samples, "tc_drill_detect_seconds") == {("disconnect",): 0.81}
    assert of(samples, "tc_drill_mitigate_seconds") == {("disconnect",): 1.204}
    assert of(samples, "tc_drill_recover_seconds") == {("disconnect",): 6.1}


def test_resilience_is_the_part_that_passed_last_by_weight(tmp_path: Path) -> None:
    carried_out(tmp_path, "disconnect", weight=5)
    carried_out(tmp_path, "no-fault", weight=1, verdict="failed")
    carried_out(tmp_path, "node-hang", weight=2, verdict="inconclusive")
    drills = Drills(tmp_path)
    assert of(look(drills), "tc_drill_resilience_ratio") == {(): 5 / 8}
    carried_out(tmp_path, "no-fault", weight=1)
    assert of(look(drills), "tc_drill_resilience_ratio") == {(): 6 / 8}


def test_an_execution_whose_detector_was_switched_off_counts_nowhere(tmp_path: Path) -> None:
    carried_out(tmp_path, "disconnect")
    carried_out(tmp_path, "disconnect", verdict="failed", is_mutated=True)
    carried_out(tmp_path, "node-hang", verdict="failed", is_mutated=True)
    samples = look(Drills(tmp_path))
    assert states(samples) == {"disconnect": "passed"}
    assert sum(of(samples, "tc_drill_executions").values()) == 1


def test_a_drill_that_goes_on_is_read_when_it_has_a_verdict(tmp_path: Path) -> None:
    drills, folder = Drills(tmp_path), create_drill(tmp_path, "disconnect")
    os.utime(drills_root(tmp_path), ns=(1, 1))
    assert look(drills) == []
    write_verdict(folder, verdict_of("disconnect"))
    assert states(look(drills)) == {"disconnect": "passed"}


def test_a_verdict_is_read_once_and_nothing_is_made_anew_while_nothing_changes(tmp_path: Path) -> None:
    folder = carried_out(tmp_path, "disconnect")
    drills = Drills(tmp_path)
    look(drills)
    before = drills.drilled
    folder.verdict.write_bytes(b"{}")
    assert states(look(drills)) == {"disconnect": "passed"}
    assert drills.drilled is before


def test_an_execution_that_is_removed_is_gone_and_the_one_before_it_is_the_last(tmp_path: Path) -> None:
    carried_out(tmp_path, "disconnect", verdict="failed")
    newest = carried_out(tmp_path, "disconnect")
    drills = Drills(tmp_path)
    assert states(look(drills)) == {"disconnect": "passed"}
    shutil.rmtree(newest.path)
    assert states(look(drills)) == {"disconnect": "failed"}
    shutil.rmtree(drills_root(tmp_path))
    assert look(drills) == []


def hostile(root: Path) -> None:
    """Put under a root what is no drill's execution, or not the one of its name."""
    fine = msgspec.json.encode(verdict_of("broken", 1))
    for number, data in enumerate((b"", b"{", b"\xff", b"[" * 100_000, b" " * (2 << 20) + fine, fine, fine[:-1]), 2):
        (root / f"broken-{number}").mkdir()
        (root / f"broken-{number}" / "verdict.json").write_bytes(data)
    for name in ("broken-1", "pipe-1", "link-1", "old-1", "time-1", "name-0", "Name-1", "a-b", "x-1\n", "d" * 70 + "-1"):
        (root / name).mkdir()
    (root / "broken-1" / "verdict.json").mkdir()
    os.mkfifo(root / "pipe-1" / "verdict.json")
    (root / "link-1" / "verdict.json").symlink_to("/dev/zero")
    (root / "elsewhere-1").symlink_to(root / "good-1")
    (root / "file-1").write_text("")
    for name, other in (("old", {"schema": 2}), ("time", {"ended_ns": 2**70}), ("weight", {"weight": -1})):
        (root / f"{name}-1").mkdir(exist_ok=True)
        document = msgspec.json.decode(msgspec.json.encode(verdict_of(name)))
        (root / f"{name}-1" / "verdict.json").write_bytes(msgspec.json.encode({**document, **other}))


def test_what_is_no_verdict_has_proven_nothing_and_is_told_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    carried_out(tmp_path, "good")
    hostile(drills_root(tmp_path))
    drills = Drills(tmp_path)
    proven = dict.fromkeys(("broken", "pipe", "link", "old", "time", "weight"), "inconclusive")
    for _ in range(3):
        samples = look(drills)
        assert states(samples) == {"good": "passed", **proven}
    assert of(samples, "tc_drill_executions")["broken", "inconclusive"] == 8
    assert of(samples, "tc_drill_resilience_ratio") == {(): 1 / 7}
    told = [record.getMessage().split("/verdict.json")[0].split("/")[-1] for record in caplog.records]
    assert sorted(told) == sorted(
        [*(f"broken-{number}" for number in range(1, 9)), "pipe-1", "link-1", "old-1", "time-1", "weight-1"]
    )


def test_a_damaged_verdict_does_not_let_the_one_before_it_count_as_the_last(tmp_path: Path) -> None:
    carried_out(tmp_path, "disconnect", weight=3)
    carried_out(tmp_path, "no-fault", weight=1)
    carried_out(tmp_path, "disconnect", verdict="failed").verdict.write_bytes(b"{")
    drills = Drills(tmp_path)
    samples = look(drills)
    assert states(samples) == {"disconnect": "inconclusive", "no-fault": "passed"}
    assert of(samples, "tc_drill_resilience_ratio") == {(): 1 / 4}
    assert of(samples, "tc_drill_detect_seconds") == {("no-fault",): 0.81}
    assert [each.newest.title for each in drills.drilled] == ["What disconnect proves", "What no-fault proves"]
    assert abs(of(samples, "tc_drill_timestamp_seconds")["disconnect",] - time.time()) < 60
    carried_out(tmp_path, "disconnect")
    assert states(look(drills)) == {"disconnect": "passed", "no-fault": "passed"}


def test_a_root_of_thousands_of_unfinished_drills_takes_no_time(tmp_path: Path) -> None:
    root = drills_root(tmp_path)
    root.mkdir()
    for number in range(1, 3_001):
        (root / f"endless-{number}").mkdir()
    os.utime(root, ns=(1, 1))
    drills = Drills(tmp_path)
    look(drills)
    began = time.process_time()
    for _ in range(20):
        look(drills)
    assert (time.process_time() - began) / 20 < 0.01
    write_verdict(DrillDirectory(root / "endless-77"), verdict_of("endless", 77))
    for _ in range(3_000 // module.MOST_UNFINISHED + 1):
        look(drills)
    assert states(look(drills)) == {"endless": "passed"}


def test_of_very_many_drills_those_that_ended_last_have_series(tmp_path: Path) -> None:
    for number in range(module.MOST_DRILLS + 3):
        carried_out(tmp_path, f"drill-{number:03d}", ended_ns=ENDED_NS + number * S)
    drills = Drills(tmp_path)
    ends = time.monotonic() + 5
    while len(states(look(drills))) < module.MOST_DRILLS and time.monotonic() < ends:
        pass
    assert [each.drill for each in drills.drilled] == [f"drill-{number:03d}" for number in range(3, module.MOST_DRILLS + 3)]


def test_what_was_known_stands_while_the_folder_cannot_be_read(tmp_path: Path) -> None:
    carried_out(tmp_path, "disconnect")
    drills, root = Drills(tmp_path), drills_root(tmp_path)
    look(drills)
    root.rename(tmp_path / "aside")
    root.symlink_to(root)
    assert states(look(drills)) == {"disconnect": "passed"}
    root.unlink()
    root.write_text("no folder")
    assert look(drills) == []
