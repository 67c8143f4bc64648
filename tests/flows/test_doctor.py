"""Claims about looking at this machine."""

from pathlib import Path

from tc.flows.doctor import TOOLS, examine


def test_this_machine_is_ready_to_run_the_tests(tmp_path: Path) -> None:
    conditions = examine(artifacts_root=tmp_path / "not" / "there", data_root=tmp_path)
    assert [each.name for each in conditions if each.is_required and not each.is_met] == []
    names = {each.name for each in conditions}
    assert {"python", "package nautilus-trader", "artifacts root", "data root", "ports", *TOOLS} < names
    assert not (tmp_path / "not").exists()


def test_a_distribution_that_is_not_installed_is_missing(tmp_path: Path) -> None:
    conditions = examine(artifacts_root=tmp_path, data_root=tmp_path, distribution="no-such-distribution")
    assert [each.found for each in conditions if each.name == "package no-such-distribution"] == ["missing"]


def test_a_root_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    conditions = {each.name: each for each in examine(artifacts_root=tmp_path / "file", data_root=tmp_path / "file" / "x")}
    assert not conditions["artifacts root"].is_met
    assert not conditions["data root"].is_met
    assert conditions["data root"].advice
