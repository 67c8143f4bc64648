"""Claims about listing and showing runs, whatever state they are in."""

from pathlib import Path

import pytest

from core_documents import core_part
from fakes import CREATED_NS, make_run, run_configuration
from tc.errors import ArtifactError, DocumentError
from tc.flows.runs.list_runs import ListedRun, list_run_directories
from tc.flows.runs.show import show_run
from tc.flows.runs.sizes import file_sizes
from tc.store.facts import StopRequested
from tc.store.lock import RunLock
from tc.store.ops import append_fact
from tc.store.seal import read_seal


def listed(root: Path, *statuses: str, limit: int | None = None) -> list[ListedRun]:
    return list(list_run_directories(root, statuses=statuses, limit=limit))


def test_no_runs_are_an_empty_list(tmp_path: Path) -> None:
    assert listed(tmp_path / "nowhere") == []


def test_runs_are_listed_newest_first_with_what_their_seals_say(tmp_path: Path) -> None:
    made = [make_run(tmp_path, name) for name in ("a", "b", "c")]
    assert [each.run_id for each in listed(tmp_path)] == ["c", "b", "a"]
    assert [each.run_id for each in listed(tmp_path, limit=2)] == ["c", "b"]
    assert listed(tmp_path, limit=0) == []
    assert listed(tmp_path)[2] == ListedRun(
        run_id="a",
        status="completed",
        sealed=True,
        name="made-up",
        created_ns=CREATED_NS,
        ended_ns=CREATED_NS + 2_000_000_000,
        entries=360,
        dataset="made-up",
        journal_digest=read_seal(made[0]).journal.digest,
        problem="",
    )


def test_runs_are_chosen_by_status(tmp_path: Path) -> None:
    make_run(tmp_path, "done")
    make_run(tmp_path, "crashed", seal=False)
    active = make_run(tmp_path, "active", seal=False)
    make_run(tmp_path, "broken").seal.write_bytes(b"{")
    with RunLock(active):
        assert {each.run_id: each.status for each in listed(tmp_path)} == {
            "done": "completed",
            "crashed": "crashed",
            "active": "running",
            "broken": "unreadable",
        }
        assert [each.run_id for each in listed(tmp_path, "crashed")] == ["crashed"]
        assert [each.run_id for each in listed(tmp_path, "running", "unreadable", limit=1)] == ["broken"]


def test_a_status_that_is_none_and_a_limit_below_zero_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="'done' is no status"):
        listed(tmp_path, "done")
    with pytest.raises(DocumentError, match="limit of -1"):
        listed(tmp_path, limit=-1)


def test_a_folder_of_runs_that_is_a_file_is_an_error_or_empty_but_no_crash(tmp_path: Path) -> None:
    (tmp_path / "runs").write_bytes(b"")
    try:
        assert listed(tmp_path) == []
    except ArtifactError as error:
        assert "runs" in error.message  # noqa: PT017 - either answer is right


def test_broken_runs_are_listed_with_what_is_wrong(tmp_path: Path) -> None:
    broken = make_run(tmp_path, "broken")
    broken.seal.write_bytes(b"\xff")
    broken.metadata.unlink()
    (each,) = listed(tmp_path)
    assert (each.status, each.name, each.created_ns, each.entries, each.sealed) == ("unreadable", None, None, None, True)
    assert "seal.json" in each.problem
    assert "metadata.json is missing" in each.problem
    (tmp_path / "runs" / "empty").mkdir()
    assert {each.run_id: each.status for each in listed(tmp_path)}["empty"] == "crashed"


def test_a_sealed_run_is_shown_whole(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    append_fact(run, StopRequested(at_ns=7, tc="0", reason="x"))
    seal = read_seal(run)
    shown = show_run(run)
    assert shown.problems == ()
    assert (shown.status, shown.is_active, shown.state_digest) == ("completed", False, seal.state_digest)
    assert shown.journal is not None
    assert (shown.journal.entries, shown.journal.digest, shown.journal.is_sealed) == (360, seal.journal.digest, True)
    assert shown.metadata is not None
    assert shown.metadata["host"] == "host"
    assert shown.configuration is not None
    assert shown.configuration["core"] == core_part(closed_orders_kept=16)
    assert shown.metrics == {"schema": 1}
    assert shown.files["code/pkg/strategy.py"] == 10
    assert shown.ops == ({"type": "StopRequested", "at_ns": 7, "tc": "0", "reason": "x"},)


def test_a_crashed_run_is_shown_as_found(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    run.metrics.unlink()
    with run.journal.open("ab") as journal:
        journal.write(b"torn")
    shown = show_run(run)
    assert (shown.status, shown.problems, shown.metrics, shown.state_digest) == ("crashed", (), None, None)
    assert shown.journal is not None
    assert (shown.journal.entries, shown.journal.is_sealed) == (359, False)


def test_a_run_that_had_only_begun_is_shown_without_a_problem(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    for path in (run.metadata, run.configuration, run.journal, run.metrics):
        path.unlink()
    shown = show_run(run)
    assert (shown.status, shown.problems) == ("crashed", ())
    assert (shown.metadata, shown.configuration, shown.journal) == (None, None, None)


@pytest.mark.parametrize("name", ["metadata.json", "configuration.json", "seal.json", "metrics.json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"[]", b"[" * 100_000, None])
def test_what_is_broken_in_a_sealed_run_is_named_once_and_the_rest_shown(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    run = make_run(tmp_path)
    (run.path / name).unlink()
    if content is not None:
        (run.path / name).write_bytes(content)
    shown = show_run(run)
    if (name, content) == ("seal.json", None):
        assert (shown.status, shown.problems) == ("crashed", ())
    else:
        assert [name in problem for problem in shown.problems] == [True]
    assert shown.journal is not None
    assert shown.files


def test_a_damaged_ops_stream_is_shown_up_to_its_damage(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    append_fact(run, StopRequested(at_ns=7, tc="0", reason="x"))
    with run.ops.open("ab") as ops:
        ops.write(b"torn")
    assert len(show_run(run).ops) == 1
    run.ops.unlink()
    run.ops.mkdir()
    assert show_run(run).ops == ()


def test_sizes_follow_no_link_and_name_every_file(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"123")
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "to-nowhere").symlink_to(tmp_path / "nowhere")
    sizes = file_sizes(tmp_path)
    assert sizes["a/b/c"] == 3
    assert not any(name.startswith("link/") for name in sizes)
    assert file_sizes(tmp_path / "nowhere") == {}


def test_a_configuration_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    document = run_configuration().document
    run.configuration.write_bytes(document.replace(b'"configuration_version":2', b'"configuration_version":3'))
    assert "configuration_version is 3" in show_run(run).problems[0]
    run.configuration.write_bytes(document.replace(b'"seed":', b'"seed": '))
    deep = b'{"configuration_version":2,"core":{"closed_orders_kept":1},"x":' + b"[" * 200 + b"]" * 200 + b"}"
    run.configuration.write_bytes(deep)
    assert "canonical form" in show_run(run).problems[0]
