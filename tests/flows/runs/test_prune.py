"""Claims about removing old runs."""

from pathlib import Path

import pytest

from fakes import CREATED_NS, make_run
from tc.checks.retention import RetentionPolicy
from tc.errors import ArtifactError, DocumentError, RefusedError
from tc.flows.runs.prune import REMOVED_PREFIX, plan_pruning, prune_runs
from tc.flows.runs.sizes import file_sizes
from tc.store.layout import list_runs
from tc.store.lock import RunLock

DAY_NS = 86_400_000_000_000
ALL = RetentionPolicy(keep=0, older_than_ns=None, max_bytes=None)


def three_runs(root: Path) -> None:
    for number, name in enumerate(("old", "middle", "new")):
        make_run(root, name, created_ns=CREATED_NS + number * DAY_NS)


def names(root: Path) -> set[str]:
    return {run.run_id for run in list_runs(root)}


@pytest.mark.parametrize(
    ("policy", "gone"),
    [
        (RetentionPolicy(2, None, None), ["old"]),
        (RetentionPolicy(None, DAY_NS, None), ["middle", "old"]),
        (RetentionPolicy(None, None, 0), ["new", "middle", "old"]),
        (RetentionPolicy(9, 9 * DAY_NS, 1 << 40), []),
    ],
)
def test_a_plan_names_what_a_limit_lets_go_and_removes_nothing(tmp_path: Path, policy: RetentionPolicy, gone: list[str]) -> None:
    three_runs(tmp_path)
    plan = plan_pruning(tmp_path, policy, now_ns=CREATED_NS + 3 * DAY_NS - 1)
    assert [each.candidate.run_id for each in plan.prunings] == gone
    assert {each.run_id for each in plan.kept} == {"old", "middle", "new"} - set(gone)
    assert names(tmp_path) == {"old", "middle", "new"}
    sizes = [sum(file_sizes(tmp_path / "runs" / name).values()) for name in gone]
    assert plan.freed_bytes == sum(sizes)


def test_what_a_plan_names_is_removed_and_nothing_else(tmp_path: Path) -> None:
    three_runs(tmp_path)
    prune_runs(tmp_path, plan_pruning(tmp_path, RetentionPolicy(1, None, None), now_ns=0))
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["new"]


@pytest.mark.parametrize(
    "policy", [RetentionPolicy(None, None, None), RetentionPolicy(-1, None, None), RetentionPolicy(1, None, -5)]
)
def test_a_policy_without_a_limit_or_with_one_below_zero_is_refused(tmp_path: Path, policy: RetentionPolicy) -> None:
    with pytest.raises(DocumentError, match="needs a limit"):
        plan_pruning(tmp_path, policy, now_ns=0)


def test_runs_that_are_active_unsealed_or_broken_are_never_removed(tmp_path: Path) -> None:
    make_run(tmp_path, "crashed", seal=False)
    active = make_run(tmp_path, "active", seal=False)
    make_run(tmp_path, "no-metadata").metadata.unlink()
    make_run(tmp_path, "bad-seal").seal.write_bytes(b"{")
    (tmp_path / "runs" / "empty").mkdir()
    with RunLock(active):
        plan = plan_pruning(tmp_path, ALL, now_ns=CREATED_NS * 2)
        assert plan.prunings == ()
        because = {each.run_id: each.keep_because for each in plan.kept}
    assert because["active"] == "it is being written"
    assert because["crashed"] == because["empty"] == "it has no seal"
    assert "evidence" in because["no-metadata"]
    assert "evidence" in because["bad-seal"]


def test_a_run_that_becomes_active_or_loses_its_seal_after_the_plan_is_not_removed(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    plan = plan_pruning(tmp_path, ALL, now_ns=0)
    with RunLock(run), pytest.raises(RefusedError, match="being written"):
        prune_runs(tmp_path, plan)
    run.seal.unlink()
    with pytest.raises(ArtifactError, match="not sealed"):
        prune_runs(tmp_path, plan)
    assert run.journal.exists()


def test_what_a_killed_pruning_left_is_removed_by_the_next(tmp_path: Path) -> None:
    run = make_run(tmp_path, "half-removed")
    run.path.rename(run.path.with_name(f"{REMOVED_PREFIX}half-removed-0"))
    assert names(tmp_path) == set()
    make_run(tmp_path)
    prune_runs(tmp_path, plan_pruning(tmp_path, ALL, now_ns=0))
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_link_to_a_run_is_neither_followed_nor_removed(tmp_path: Path) -> None:
    run = make_run(tmp_path / "elsewhere")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "link").symlink_to(run.path)
    prune_runs(tmp_path, plan_pruning(tmp_path, ALL, now_ns=0))
    assert run.journal.exists()
    assert (tmp_path / "runs" / "link").is_symlink()


def test_the_plan_as_json_says_what_stays_and_why(tmp_path: Path) -> None:
    make_run(tmp_path, "done")
    make_run(tmp_path, "crashed", seal=False)
    document = plan_pruning(tmp_path, ALL, now_ns=0).to_dict()
    assert [(each["run_id"], each["because"]) for each in document["prune"]] == [("done", "it is not among the newest 0")]
    assert [(each["run_id"], each["keep_because"]) for each in document["keep"]] == [("crashed", "it has no seal")]
