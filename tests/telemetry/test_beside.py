"""Claims about what lies beside the runs: kill switches, datasets, and connectivity checks that belong to no run."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tc.store.connectivity import connectivity_folder, write_connectivity
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.telemetry.beside import UNUSABLE, Beside


def beside(root: Path) -> Beside:
    return Beside(root, runtime_root=root / "runtime", data_root=root / "data")


def readiness(**other: Any) -> bytes:
    document = {"kind": "readiness", "schema": 1, "at_ns": 1, "tc": "0", "run": None, "spec": "quoter", "venue": "BINANCE"}
    return json.dumps({**document, "state": "configured", **other}).encode()


def test_a_switch_is_told_by_its_scope_and_one_that_was_cleared_is_none(tmp_path: Path) -> None:
    switch, found = KillSwitch(tmp_path / "runtime" / FOLDER), beside(tmp_path)
    found.look(1)
    assert found.scopes == {"all": "none"}
    switch.activate(Scope.of_name("quoter"), mode="halt", reason="a test", actor="me", at_ns=1)
    switch.activate(Scope.of_run("run-1"), mode="flatten", reason="a test", actor="me", at_ns=2)
    found.look(2)
    assert found.scopes == {"all": "none", "name:quoter": "halt", "run:run-1": "flatten"}
    switch.clear(Scope.of_name("quoter"), reason="over", actor="me", at_ns=3)
    found.look(3)
    assert found.scopes == {"all": "none", "name:quoter": "none", "run:run-1": "flatten"}


def test_a_switch_in_doubt_is_active(tmp_path: Path) -> None:
    (tmp_path / "runtime" / FOLDER).mkdir(parents=True)
    (tmp_path / "runtime" / FOLDER / "all.json").write_bytes(b"")
    (tmp_path / "runtime" / FOLDER / "name-x\n.json").write_bytes(b"")
    found = beside(tmp_path)
    found.look(1)
    assert found.scopes == {"all": "halt"}


def test_checks_of_no_run_are_read_once_and_the_newest_counts(tmp_path: Path) -> None:
    found = beside(tmp_path)
    assert not found.look(1)
    write_connectivity(tmp_path, "readiness", readiness(at_ns=5, state="missing_credentials"))
    assert found.look(2)
    assert not found.look(3)
    write_connectivity(tmp_path, "readiness", readiness(at_ns=9))
    write_connectivity(tmp_path, "readiness", readiness(at_ns=7, state="disabled"))
    write_connectivity(tmp_path, "readiness", readiness(spec="other"))
    assert found.look(4)
    assert {each.spec: each.state for each in found.connectivity.readiness} == {"quoter": "configured", "other": "configured"}


def test_what_is_no_check_is_passed_over_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for data in (b"", b"{}", b"\xff", readiness(schema=2), readiness(spec="s" * 201), readiness(at_ns=10**30)):
        write_connectivity(tmp_path, "readiness", data)
    (connectivity_folder(tmp_path) / "notes.txt").write_text("")
    (connectivity_folder(tmp_path) / "probe-0001.json").symlink_to("/etc/passwd")
    found = beside(tmp_path)
    for at_ns in range(3):
        found.look(at_ns)
    assert found.connectivity.readiness == ()
    assert len(caplog.records) == 7


def test_a_dataset_that_cannot_be_used_is_a_finding_and_its_name_is_text(tmp_path: Path) -> None:
    for name in ("empty", b"\xff\xfe".decode(errors="surrogateescape")):
        (tmp_path / "data" / name).mkdir(parents=True)
    found = beside(tmp_path)
    found.look(time.time_ns())
    assert found.findings == {("empty", UNUSABLE): 1, ("\\xff\\xfe", UNUSABLE): 1}


def test_datasets_are_looked_at_every_few_seconds_only(tmp_path: Path) -> None:
    found = beside(tmp_path)
    found.look(10**10)
    (tmp_path / "data" / "empty").mkdir(parents=True)
    found.look(14 * 10**9)
    assert found.findings == {}
    found.look(15 * 10**9)
    assert found.findings == {("empty", UNUSABLE): 1}
