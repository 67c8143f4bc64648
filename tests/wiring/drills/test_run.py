"""A drill's verdict is given once, when its lab is gone, and nothing that goes wrong after it changes it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from documentation import REPOSITORY
from tc.errors import ArtifactError
from tc.store.drills import DrillDirectory, list_drills, read_verdict, scan_drill_journal
from tc.wiring.drills import judging, lab, suite
from tc.wiring.drills.run import DrillPlan, FinishedDrill, run_drill

NO_FAULT = str(REPOSITORY / "specs" / "drills" / "no-fault.yaml")


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[FinishedDrill, list[str]]]:
    """Return what carries out a drill of which nothing is noted, in a lab that comes up and goes as it is told."""
    monkeypatch.setattr("tc.flows.drills.drill.carry_out", lambda _spec, _hands: None)

    def carry_out(*, before: Exception | None = None, after: Exception | None = None) -> tuple[FinishedDrill, list[str]]:
        @contextmanager
        def lab_of(_made: object) -> Iterator[object]:
            if before is not None:
                raise before
            yield SimpleNamespace(lab=None)
            if after is not None:
                raise after

        monkeypatch.setattr(lab, "lab_of", lab_of)
        said: list[str] = []
        plan = DrillPlan(artifacts_root=tmp_path, sees_alerts=False)
        return run_drill(NO_FAULT, plan, say=said.append, should_stop=lambda: False), said

    return carry_out


def noted(done: FinishedDrill) -> list[str]:
    scan = scan_drill_journal(DrillDirectory(done.folder).journal)
    assert scan.damage is None
    return [type(each.fact).__name__ for each in scan.entries]


@pytest.mark.parametrize("error", [ArtifactError("it is busy"), OSError("it is busy")], ids=lambda each: type(each).__name__)
def test_a_lab_that_is_not_taken_apart_in_order_is_told_and_changes_no_verdict(
    carried: Callable[..., tuple[FinishedDrill, list[str]]], error: Exception
) -> None:
    plain, _ = carried()
    done, said = carried(after=error)
    assert noted(done) == noted(plain) == ["DrillStarted", "DrillConcluded"]
    assert done.verdict.parts == plain.verdict.parts
    assert said == ["the lab was not taken apart in order: it is busy"]


@pytest.mark.parametrize("error", [ArtifactError("no room"), OSError("no room")], ids=lambda each: type(each).__name__)
def test_a_lab_that_cannot_be_put_together_proves_nothing(
    carried: Callable[..., tuple[FinishedDrill, list[str]]], error: Exception
) -> None:
    done, said = carried(before=error)
    assert noted(done) == ["DrillStarted", "DrillFailed", "DrillConcluded"]
    assert done.verdict.verdict == "inconclusive"
    assert {"drill": "no room"}.items() <= {each.part: each.reason for each in done.verdict.parts}.items()
    assert said == []


def test_a_fault_of_tcs_own_is_shown_as_one_and_leaves_a_verdict(
    carried: Callable[..., tuple[FinishedDrill, list[str]]], tmp_path: Path
) -> None:
    with pytest.raises(ZeroDivisionError):
        carried(before=ZeroDivisionError("by zero"))
    [drill] = list_drills(tmp_path)
    verdict = read_verdict(drill)
    assert verdict.verdict == "inconclusive"
    reasons = {each.part: each.reason for each in verdict.parts}
    assert reasons["drill"] == "tc itself failed, ZeroDivisionError: by zero"
    assert drill.incident.is_file()


@pytest.mark.parametrize("error", [ArtifactError("no room"), OSError("no room")], ids=lambda each: type(each).__name__)
def test_pages_that_cannot_be_written_are_told_and_change_no_verdict(
    carried: Callable[..., tuple[FinishedDrill, list[str]]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(judging, "write_shown", fail)
    done, said = carried()
    assert noted(done) == ["DrillStarted", "DrillConcluded"]
    assert read_verdict(DrillDirectory(done.folder)) == done.verdict
    assert said == ["timeline and incident report could not be written: no room"]


def test_a_suite_carries_out_what_is_shipped_and_no_other_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for name in ("no-fault.yaml", "paper.yaml"):
        shutil.copy(REPOSITORY / "specs" / "drills" / name, shipped)
    monkeypatch.setattr(suite, "shipped_folder", lambda: shipped)
    monkeypatch.setattr(sys, "executable", str(echo(tmp_path)))
    plan = DrillPlan(artifacts_root=tmp_path / "artifacts", seed=3, sees_alerts=False)
    tried = suite._in_a_process("no-fault", plan)
    assert tried.verdict is None
    asked = (
        f"-m tc drill run {shipped / 'no-fault.yaml'} --json --seed 3 --no-prometheus --artifacts-root {tmp_path / 'artifacts'}"
    )
    assert tried.said == f"error: {asked}"


def echo(folder: Path) -> Path:
    """Write a program that leaves no verdict, and says last, before a hint, how it was called."""
    path = folder / "echo"
    path.write_text('#!/bin/sh\necho "not JSON"\necho "error: $*" >&2\necho "hint: none" >&2\n')
    path.chmod(0o755)
    return path
