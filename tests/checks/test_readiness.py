"""Claims about what makes a machine ready."""

import pytest

from tc.checks.readiness import (
    FREE_BYTES_NEEDED,
    disk_condition,
    package_conditions,
    port_condition,
    python_condition,
    root_condition,
    satisfies,
    tool_condition,
)


@pytest.mark.parametrize(("version", "is_met"), [((3, 11, 9), False), ((3, 12, 0), True), ((3, 13, 0), True), ((4, 0, 0), True)])
def test_python_is_judged_by_major_and_minor(version: tuple[int, int, int], is_met: bool) -> None:
    condition = python_condition(version)
    assert condition.is_met is is_met
    assert bool(condition.advice) is not is_met


@pytest.mark.parametrize(
    ("version", "clauses", "is_met"),
    [
        ("1.231.0", "==1.231.*", True),
        ("1.232.0", "==1.231.*", False),
        ("1.231", "!=1.231.*", False),
        ("1.232", "!=1.231.*", True),
        ("2.3.3", "==2.3.3", True),
        ("2.3.3", "===2.3.4", False),
        ("2.3", "==2.3.0", True),
        ("2.2.6", "<2.3", True),
        ("2.3.0", "<2.3", False),
        ("2.3", "<=2.3.0", True),
        ("2.4", ">2.3", True),
        ("2.3", ">2.3.0", False),
        ("2.3", "!=2.3.0", False),
        ("21.0", ">=21", True),
        ("3.1.6", ">=3.1,<4", True),
        ("4.0", ">=3.1, <4", False),
        ("1.5.2", "~=1.5", True),
        ("2.0", "~=1.5", False),
        ("1.4", "~=1.5", False),
        ("1.2.3+local.7", "==1.2.3", True),
        ("unreadable", ">=1", False),
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_by_release_numbers(version: str, clauses: str, is_met: bool) -> None:
    assert satisfies(version, clauses) is is_met


def test_packages_are_judged_one_by_one_and_extras_are_left_out() -> None:
    requirements = [
        "present>=1.0",
        "old (>=2)",
        "missing",
        "for-docs>=1; extra == 'docs'",
        "on_linux>=1; sys_platform == 'linux'",
        "?",
    ]
    conditions = package_conditions(requirements, {"present": "1.5", "old": "1.9", "on_linux": "1"})
    assert [(each.name, each.is_met, each.found) for each in conditions] == [
        ("package present", True, "1.5"),
        ("package old", False, "1.9"),
        ("package missing", False, "missing"),
        ("package on_linux", True, "1"),
    ]
    assert all(bool(each.advice) is not each.is_met for each in conditions)


def test_disk_is_judged_by_its_free_room() -> None:
    assert disk_condition("/data", FREE_BYTES_NEEDED).is_met
    short = disk_condition("/data", FREE_BYTES_NEEDED - 1)
    assert not short.is_met
    assert "prune" in short.advice


def test_a_root_that_cannot_be_written_says_which_option_names_another() -> None:
    assert root_condition("data", "data", "").is_met
    assert "--data-root" in root_condition("data", "data", "permission denied").advice


def test_ports_and_tools_are_optional() -> None:
    assert port_condition("").is_met
    refused = port_condition("not permitted")
    assert (refused.is_met, refused.is_required) == (False, False)
    assert refused.advice
    assert tool_condition("git", "/usr/bin/git", "commits in metadata").is_met
    missing = tool_condition("git", "", "commits in metadata")
    assert (missing.is_met, missing.is_required) == (False, False)
    assert "Install git" in missing.advice
