"""`tc runs`: what a person types, sees and gets as exit code; what a machine reads."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import Answer
from fakes import CREATED_NS, make_run, run_configuration, whole_configuration
from streams import START_NS, Venue
from tc.cli.show import show_json
from tc.cli.show_runs import reproduction_document, show_reproduction
from tc.core.events import AccountUpdated, Balance, OrderCanceled
from tc.flows.runs.diff import diff_runs
from tc.flows.runs.reproduce import Reproduction
from tc.store.facts import StopRequested
from tc.store.files import MOST_BYTES
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.metadata import GitCommit, read_metadata, write_metadata
from tc.store.ops import append_fact, read_facts
from tc.store.seal import read_seal

Tc = Callable[..., Answer]


@pytest.fixture
def tc(command: Tc) -> Tc:
    """Return what runs `tc runs …`."""
    return lambda *arguments: command("runs", *arguments)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the artifacts root."""
    return tmp_path / "artifacts"


@pytest.fixture
def run(root: Path) -> RunDirectory:
    """Return a sealed run."""
    return make_run(root, "first")


def alter(run: RunDirectory) -> None:
    run.journal.write_bytes(run.journal.read_bytes().replace(b'"side":"BUY"', b'"side":"SELL"'))


def test_list_says_how_to_make_the_first_run(tc: Tc) -> None:
    answer = tc("list")
    assert (answer.code, answer.err) == (0, "")
    assert "no runs in artifacts/runs" in answer.out
    assert tc("list", "--json").json("runs-list") == {"runs": []}


def test_list_shows_every_run_and_what_is_wrong_with_it(tc: Tc, root: Path, run: RunDirectory) -> None:
    make_run(root, "crashed", seal=False, created_ns=CREATED_NS + 1)
    make_run(root, "broken", created_ns=CREATED_NS + 2).seal.write_bytes(b"{")
    answer = tc("list")
    assert answer.code == 0
    header, *lines = answer.out.splitlines()
    assert header.split() == ["run", "status", "created", "(UTC)", "entries", "dataset"]
    assert lines[0].split() == ["broken", "unreadable", "2023-11-14", "22:13:20", "-", "made-up"]
    assert lines[2].split() == ["first", "completed", "2023-11-14", "22:13:20", "360", "made-up"]
    assert lines[3].startswith("broken: ")
    listed = tc("list", "--status", "crashed", "--status", "completed", "-n", "1", "--json").json("runs-list")["runs"]
    assert [each["run_id"] for each in listed] == ["crashed"]


def test_a_status_that_is_none_is_bad_usage(tc: Tc) -> None:
    answer = tc("list", "--status", "done")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: 'done' is no status of a run\n"
        "hint: One of blocked, completed, crashed, created, failed, killed, recovered, running, stopped, unreadable.\n"
    )


def test_the_artifacts_root_is_an_option_and_a_variable(tc: Tc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "elsewhere", "there")
    assert "there" in tc("list", "--artifacts-root", tmp_path / "elsewhere").out
    monkeypatch.setenv("TC_ARTIFACTS_ROOT", str(tmp_path / "elsewhere"))
    for words in (["list"], ["show", "there"], ["verify", "there"], ["replay", "there"], ["diff", "there", "there"]):
        assert tc(*words).code == 0


def test_show_tells_what_the_directory_says(tc: Tc, root: Path) -> None:
    def add(run: RunDirectory) -> None:
        metadata = msgspec.structs.replace(read_metadata(run), git=GitCommit("abc", is_dirty=True), reason="because")
        write_metadata(run, metadata)
        run.metrics.write_text(json.dumps({"journal": {"events_by_type": {"OrderFilled": 59}}}), encoding="utf-8")

    spec = {
        "instrument": "BTCUSDT.X",
        "seed": 42,
        "venue": {"name": "X", "account_type": "margin", "starting_balances": ["1 USDT", "2 BTC"]},
        "data": {"start": "2024-01-01", "end": None},
    }
    run = make_run(root, "first", configuration=run_configuration(run_spec=spec), before_seal=add)
    append_fact(run, StopRequested(at_ns=START_NS, tc="0", user="me", reason="x"))
    out = tc("show", "first").out
    for expected in (
        "status          completed",
        "reason          because",
        "git commit      abc with changes",
        "venue           X, margin, 1 USDT 2 BTC",
        "data from       2024-01-01",
        "seed            42",
        "entries         360",
        f"state digest    {read_seal(run).state_digest}",
        "OrderFilled     59",
        "journal.jsonl         110.6 KiB",
        "2023-11-14 22:13:20  StopRequested  me",
    ):
        assert expected in out
    assert "data to" not in out
    document = tc("show", "fir", "--json").json("runs-show")
    assert (document["run_id"], document["metadata"]["git"]["is_dirty"]) == ("first", True)


def test_show_works_on_a_broken_directory_and_exits_6(tc: Tc, run: RunDirectory) -> None:
    run.metadata.write_bytes(b"\xff")
    run.configuration.unlink()
    run.metrics.write_bytes(b'{"journal":{"events_by_type":7}}')
    answer = tc("show", "first")
    assert (answer.code, answer.err) == (6, "")
    assert "entries         360" in answer.out
    assert "cannot be read: " in answer.out
    document = tc("show", "latest", "--json").json("runs-show")
    assert (document["metadata"], document["configuration"], len(document["problems"])) == (None, None, 2)


def test_show_of_a_crashed_run_says_what_was_found(tc: Tc, root: Path) -> None:
    make_run(root, "crashed", seal=False)
    answer = tc("show", "crashed")
    assert answer.code == 0
    assert "359 (as found: the run is not sealed)" in answer.out
    document = tc("show", "crashed", "--json").json("runs-show")
    assert (document["status"], document["journal"]["is_sealed"], document["state_digest"]) == ("crashed", False, None)


def test_verify_of_an_intact_run_prints_the_root_to_keep(tc: Tc, run: RunDirectory) -> None:
    answer = tc("verify", "first")
    assert (answer.code, answer.err) == (0, "")
    root = read_seal(run).journal.merkle_root
    assert f"merkle root     {root}" in answer.out
    assert answer.out.endswith("intact: everything is as it was sealed\n")
    document = tc("verify", "first", "--expect-root", root, "--json").json("runs-verify")
    assert (document["merkle_root"], document["findings"], document["sealed"]) == (root, [], True)
    other = tc("verify", "first", "--expect-root", "0" * 64)
    assert other.code == 6
    assert "root_mismatch: journal.jsonl merkle_root" in other.out
    assert tc("verify", "first", "--expect-root", "root").code == 2


def test_verify_of_an_altered_run_names_the_line_and_exits_6(tc: Tc, run: RunDirectory) -> None:
    alter(run)
    answer = tc("verify", "first")
    assert (answer.code, answer.err) == (6, "")
    assert "digest_mismatch: journal.jsonl line 3\n" in answer.out
    assert "NOT as it was recorded: 2 findings" in answer.out
    findings = tc("verify", "first", "--json").json("runs-verify")["findings"]
    assert [each["code"] for each in findings] == ["digest_mismatch", "file_altered"]


def test_verify_of_a_run_without_a_seal_is_inconclusive(tc: Tc, root: Path) -> None:
    make_run(root, "crashed", seal=False)
    answer = tc("verify", "crashed")
    assert (answer.code, answer.err) == (7, "")
    assert "not sealed" in answer.out
    assert tc("verify", "crashed", "--json").json("runs-verify")["status"] == "crashed"


def test_verify_of_a_run_that_goes_on_is_enough_for_who_asks_for_no_seal(tc: Tc, root: Path) -> None:
    run = make_run(root, "live", seal=False)
    assert tc("verify", "live", "--live").code == 7
    with RunLock(run):
        assert (tc("verify", "live").code, tc("verify", "live", "--live").code) == (7, 0)
        alter(run)
        assert tc("verify", "live", "--live").code == 6


def test_verify_of_a_run_that_is_hardly_there_prints_what_it_can(tc: Tc, root: Path) -> None:
    (root / "runs" / "empty").mkdir(parents=True)
    answer = tc("verify", "empty")
    assert answer.code == 7
    assert tc("verify", "empty", "--json").json("runs-verify")["merkle_root"] is None
    broken = make_run(root, "broken")
    broken.seal.write_bytes(b"{}")
    assert "status          unknown" in tc("verify", "broken").out


def test_verify_records_only_when_it_is_asked_to(tc: Tc, run: RunDirectory) -> None:
    tc("verify", "first")
    assert not run.ops.exists()
    tc("verify", "first", "--record")
    assert [type(fact).__name__ for fact in read_facts(run)] == ["RunVerified"]
    assert tc("verify", "first").code == 0


def test_replay_shows_state_for_people_and_machines(tc: Tc, run: RunDirectory) -> None:
    answer = tc("replay", "first")
    assert (answer.code, answer.err) == (0, "")
    for expected in (
        "position      560",
        "the run is    completed, trading ACTIVE",
        "orders        1 open, 59 closed, 0 not sent",
        "realized      28.500 on BTCUSDT.X, before the multiplier",
        "commissions   0.59 USDT",
        "P-1       BTCUSDT.X        2.0     2.0  201.00     0    0",
        "O-60   BTCUSDT.X   SELL  LIMIT      0.25       0  100.5  ACCEPTED",
        "as recorded: 8 digests of State met",
    ):
        assert expected in answer.out
    document = tc("replay", "first", "--json").json("runs-replay")
    assert document["state_digest"] == read_seal(run).state_digest
    assert list(document["state"]["execution"]["orders"]["open"]) == ["O-60"]


def test_replay_at_a_position_shows_state_there(tc: Tc, run: RunDirectory) -> None:
    document = tc("replay", "first", "--at", "10", "--json").json("runs-replay")
    assert (document["asked"], document["position"]) == (10, 10)
    answer = tc("replay", "first", "--at", "5")
    assert answer.code == 0
    assert "note: position 5 lies inside rows of market data" in answer.out
    assert tc("replay", "first", "--at", "561").code == 2
    assert tc("replay", "first", "--at", "0").code == 2
    assert tc("replay", "first", "--at", "x").code == 2


def test_replay_shows_accounts_and_no_more_open_orders_than_a_screen_holds(tc: Tc, root: Path) -> None:
    venue = Venue(run_configuration())
    balance = Balance("USDT", *(venue.fill(venue.accepted()).quantity * factor for factor in (3, 1, 2)))
    venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", reported=True, balances=(balance,)))
    for _ in range(25):
        venue.accepted()
    make_run(root, "many", entries=venue.entries, configuration=venue.configuration)
    out = tc("replay", "many").out
    assert "A-1      USDT        3.0     1.0   2.0" in out
    assert "and 5 more; --json shows all" in out
    assert len(tc("replay", "many", "--json").json("runs-replay")["state"]["execution"]["orders"]["open"]) == 25


def test_replay_of_a_run_whose_state_was_not_recorded_so_exits_6(tc: Tc, run: RunDirectory) -> None:
    alter(run)
    answer = tc("replay", "first")
    assert answer.code == 6
    assert "NOT as it was recorded" in answer.out
    assert tc("replay", "first", "--json").json("runs-replay")["findings"]


def test_r07_replay_of_a_run_that_a_violation_ended_says_so_and_exits_0(tc: Tc, root: Path) -> None:
    venue = Venue(run_configuration())
    venue.emit(OrderCanceled(START_NS, START_NS, "O-9"))
    make_run(root, "failed", status="failed", entries=venue.entries, configuration=venue.configuration)
    answer = tc("replay", "failed")
    assert answer.code == 0
    assert "the journal ends with the violation that ended the run: OrderCanceled speaks of order O-9" in answer.out
    assert "O-9" in tc("replay", "failed", "--json").json("runs-replay")["violation"]


def test_diff_of_equal_runs_exits_0_and_of_others_1(tc: Tc, root: Path, run: RunDirectory) -> None:
    make_run(root, "same")
    make_run(root, "shorter", rounds=10)
    answer = tc("diff", "first", "same")
    assert (answer.code, answer.out) == (0, "first and same hold the same journal\n")
    answer = tc("diff", "first", "shorter")
    assert answer.code == 1
    assert answer.out.startswith("the journals part at position 273 (line 173):\n  first: 273 OrderInitialized at_ns=")
    assert 'event.quantity  "2.0"  "1.0"' in answer.out
    document = tc("diff", "first", "shorter", "--json").json("runs-diff")
    assert (document["same"], document["parting"]["position"]) == (False, 273)
    assert tc("diff", "first", "same", "--json").json("runs-diff")["parting"] is None


def test_diff_says_first_which_values_of_the_configuration_differ(tc: Tc, root: Path, run: RunDirectory) -> None:
    make_run(root, "other", configuration=run_configuration(**{f"key{number:02}": number for number in range(30)}))
    answer = tc("diff", "first", "other")
    assert answer.code == 1
    assert answer.out.startswith("the configurations differ:\n")
    assert "key00  (absent)      0" in answer.out
    assert "and 10 more; --json shows all" in answer.out
    assert answer.out.endswith("the journals are the same but for the configuration that they name\n")
    assert len(tc("diff", "first", "other", "--json").json("runs-diff")["configuration"]) == 30


def test_diff_of_a_prefix_says_which_run_has_ended(tc: Tc, root: Path, run: RunDirectory) -> None:
    make_run(root, "crashed", seal=False)
    answer = tc("diff", "crashed", "first")
    assert answer.code == 1
    assert "crashed: has ended" in answer.out
    assert tc("diff", "crashed", "first", "--json").json("runs-diff")["parting"]["left"] is None


def test_report_is_made_again_for_people_and_machines_and_the_run_stands(tc: Tc, root: Path) -> None:
    run = make_run(root, "first", configuration=whole_configuration())
    answer = tc("report", "first")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("# Run `first`")
    assert tc("report", "first", "--html").out.startswith("<!doctype html>")
    assert tc("report", "first", "-o", "report.md").out == "report.md\n"
    assert Path("report.md").read_text(encoding="utf-8") == answer.out
    document = tc("report", "first", "--json").json("runs-report")
    assert document["fills"] == {"total": 59, "compat": 0, "repeated": 0}
    assert tc("verify", "first").code == 0
    run.seal.unlink()
    assert tc("report", "first", "--json").json("runs-report")["journal"]["entries"] == 360


def test_a_report_needs_a_configuration_with_all_its_parts(tc: Tc, run: RunDirectory) -> None:
    for words in (["report"], ["report", "--html"], ["report", "--json"], ["reproduce"]):
        verb, *options = words
        answer = tc(verb, "first", *options)
        assert (answer.code, answer.out) == (6, "")
        assert "configuration.json is not what `tc run` writes" in answer.err


@pytest.mark.parametrize("rounds", [20, 10])
def test_a_reproduction_is_shown_with_where_the_two_part(
    root: Path, run: RunDirectory, capsys: pytest.CaptureFixture[str], rounds: int
) -> None:
    again = make_run(root, "reproduction", rounds=rounds)
    digests = [read_seal(each).journal.digest for each in (run, again)]
    is_equal = digests[0] == digests[1]
    difference = None if is_equal else diff_runs(run, again).to_dict()
    document = reproduction_document("first", Reproduction(*digests, difference))
    show_json(document)
    assert Answer(0, capsys.readouterr().out, "").json("runs-reproduce")["equal"] is is_equal is (rounds == 20)
    show_reproduction(document)
    out = capsys.readouterr().out
    assert ("the journals part at position 273" in out) is not is_equal
    assert out.endswith("reproduced: the journals are the same\n" if is_equal else "NOT reproduced: the journals differ\n")


def test_stop_asks_a_run_that_is_being_written_and_refuses_any_other(tc: Tc, root: Path, run: RunDirectory) -> None:
    active = make_run(root, "active", seal=False)
    with RunLock(active):
        answer = tc("stop", "active", "--reason", "maintenance")
        assert (answer.code, answer.err) == (0, "")
        assert f"asked process {os.getpid()} to stop run active" in answer.out
        assert tc("stop", "active", "--json").json("runs-stop")["pid"] == os.getpid()
    (fact,) = read_facts(active)
    assert isinstance(fact, StopRequested)
    assert fact.reason == "maintenance"
    answer = tc("stop", "first")
    assert (answer.code, answer.out) == (3, "")
    assert "error: run 'first' is completed" in answer.err


def test_recover_seals_a_crashed_run(tc: Tc, root: Path, run: RunDirectory) -> None:
    make_run(root, "one", seal=False)
    make_run(root, "two", seal=False)
    assert "recovered" in tc("recover", "one").out
    assert tc("recover", "two", "--json").json("runs-recover")["entries"] == 359
    assert tc("verify", "one").code == tc("replay", "two").code == 0
    assert tc("recover", "one").code == 3
    assert "recovered" in tc("list").out


def test_export_writes_an_archive_that_verify_reads(tc: Tc, root: Path, run: RunDirectory) -> None:
    answer = tc("export", "first")
    assert (answer.code, answer.err) == (0, "")
    assert "archive      first.tar.gz" in answer.out
    document = tc("export", "first", "-o", "again.tar.gz", "--record", "--json").json("runs-export")
    assert Path("again.tar.gz").stat().st_size == document["bytes"]
    assert [type(fact).__name__ for fact in read_facts(run)] == ["RunExported"]
    shutil.rmtree(root)
    assert tc("verify", "first.tar.gz", "--expect-root", document["merkle_root"]).code == 0
    assert tc("verify", "again.tar.gz", "--json").json("runs-verify")["run_id"] == "first"
    assert tc("verify", "again.tar.gz", "--record").code == 2
    Path("again.tar.gz").write_bytes(Path("again.tar.gz").read_bytes()[:5000])
    answer = tc("verify", "again.tar.gz")
    assert (answer.code, answer.out) == (6, "")
    assert "cannot be unpacked" in answer.err


def test_export_refuses_what_is_altered_unsealed_or_there_already(tc: Tc, root: Path, run: RunDirectory) -> None:
    make_run(root, "crashed", seal=False)
    assert tc("export", "crashed").code == 3
    assert tc("export", "first").code == 0
    assert tc("export", "first").code == 3
    assert tc("export", "first", "-o", "no/such/folder.tar.gz").code == 2
    alter(run)
    answer = tc("export", "first", "-o", "x.tar.gz")
    assert (answer.code, Path("x.tar.gz").exists()) == (6, False)


def test_prune_shows_what_it_would_remove_and_needs_a_yes(tc: Tc, root: Path) -> None:
    for name in ("a", "b", "c"):
        make_run(root, name)
    make_run(root, "crashed", seal=False)
    answer = tc("prune", "--keep", "1")
    assert answer.code == 3
    assert "hint: Say --yes" in answer.err
    answer = tc("prune", "--keep", "1", "--dry-run")
    assert answer.code == 0
    assert "it is not among the newest 1" in answer.out
    assert "never removed: crashed: it has no seal" in answer.out
    assert "2 runs may go" in answer.out
    assert tc("prune", "--keep", "1", "--json").code == 3
    assert tc("prune", "--keep", "1", "--dry-run", "--json").json("runs-prune")["removed"] is False
    assert len(list((root / "runs").iterdir())) == 4
    assert tc("prune", "--keep", "2", "--yes").out.endswith("removed 1 run, 113.9 KiB\n")
    document = tc("prune", "--keep", "1", "--yes", "--json").json("runs-prune")
    assert (document["removed"], [each["run_id"] for each in document["prune"]]) == (True, ["b"])
    assert {path.name for path in (root / "runs").iterdir()} == {"c", "crashed"}
    assert tc("prune", "--keep", "1", "--yes", "--json").json("runs-prune")["removed"] is False


def test_prune_reads_ages_and_sizes_as_people_write_them(tc: Tc, root: Path, run: RunDirectory) -> None:
    old = tc("prune", "--older-than", "30d", "--dry-run", "--json").json("runs-prune")
    assert [each["because"] for each in old["prune"]] == ["it is older than the limit"]
    assert tc("prune", "--max-size", "10G", "--dry-run", "--json").json("runs-prune")["prune"] == []
    for words in (["--older-than", "soon"], ["--max-size", "big"], [], ["--keep", "-1"]):
        assert tc("prune", *words).code == 2


HOSTILE = ["../first", "/etc", "a/b", "..", ".", "", " ", "latest/", "\n", "\x1b[31m", "ü", "first\n", "x" * 300, "-", "~"]


@pytest.mark.parametrize("run_id", HOSTILE)
@pytest.mark.parametrize("verb", ["show", "verify", "replay", "stop", "recover", "export", "reproduce"])
def test_a_hostile_run_id_is_an_error_that_shows_no_control_character(tc: Tc, run: RunDirectory, verb: str, run_id: str) -> None:
    answer = tc(verb, "--", run_id)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert "\x1b" not in answer.err


@pytest.mark.parametrize("run_id", ["missing", "firs-t", "latest"])
@pytest.mark.parametrize("verb", ["show", "verify", "replay", "stop", "recover", "export", "reproduce"])
def test_a_run_that_is_not_there_is_an_error_with_a_hint(tc: Tc, verb: str, run_id: str) -> None:
    answer = tc(verb, run_id)
    assert (answer.code, answer.out) == (6, "")
    assert "hint: `tc runs list`" in answer.err


VERBS = (
    ["report"],
    ["report", "--html"],
    ["report", "--json"],
    ["show"],
    ["verify"],
    ["replay"],
    ["replay", "--at", "3"],
    ["stop"],
    ["recover"],
    ["export", "-o", "x.tar.gz"],
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_broken_directory_brings_a_traceback(tc: Tc, root: Path, data: st.DataObject) -> None:
    run = make_run(root, "broken", rounds=2, seal=data.draw(st.booleans()), configuration=whole_configuration())
    try:
        names = sorted(path.name for path in run.path.iterdir())
        for name in data.draw(st.lists(st.sampled_from([*names, "ops.jsonl", "ops"]), min_size=1, max_size=3, unique=True)):
            _break(run.path / name, data.draw(st.sampled_from(sorted(WAYS))))
        for verb, *options in VERBS:
            assert tc(verb, "broken", *options).code in {0, 2, 3, 6, 7}
        assert tc("diff", "broken", "broken").code in {0, 6}
        assert tc("list").code == 0
        assert tc("prune", "--keep", "0", "--dry-run").code == 0
    finally:
        shutil.rmtree(run.path)
        Path("x.tar.gz").unlink(missing_ok=True)


WAYS: dict[str, Callable[[Path, bytes], object]] = {
    "gone": lambda path, content: None,
    "folder": lambda path, content: path.mkdir(),
    "link": lambda path, content: path.symlink_to("/etc/hostname"),
    "loop": lambda path, content: path.symlink_to(path.name),
    "pipe": lambda path, content: os.mkfifo(path),
    "empty": lambda path, content: path.write_bytes(b""),
    "rubbish": lambda path, content: path.write_bytes(b"\xff\x00{}"),
    "cut": lambda path, content: path.write_bytes(content[: len(content) // 2]),
    "deep": lambda path, content: path.write_bytes(b'{"schema":1,"x":' + b"[" * 5000),
    "numbers": lambda path, content: path.write_bytes(content.replace(b"1", b"99999999999999999999999999")),
    "names": lambda path, content: path.write_bytes(content.replace(b'"a', b'"\\ud800\\u001b')),
}


def _break(path: Path, way: str) -> None:
    content = path.read_bytes() if path.is_file() else b""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    WAYS[way](path, content)


@pytest.mark.parametrize("name", ["metadata.json", "configuration.json", "seal.json", "journal.jsonl", "code", "."])
def test_what_may_not_be_read_or_written_is_an_error_or_a_finding(tc: Tc, root: Path, name: str) -> None:
    run = make_run(root, "broken")
    path = run.path / name
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("nothing is unreadable to this user")
    try:
        for verb, *options in VERBS:
            assert tc(verb, "broken", *options).code in {0, 2, 3, 6, 7}
        assert tc("verify", "broken").code in {6, 7}
        assert tc("list").code == 0
        assert tc("prune", "--keep", "0", "--dry-run").code == 0
    finally:
        path.chmod(0o755)


@pytest.mark.parametrize("name", ["metadata.json", "configuration.json", "seal.json", "ops.jsonl", "metrics.json"])
def test_a_huge_document_is_not_read_into_memory(tc: Tc, run: RunDirectory, name: str) -> None:
    (run.path / name).touch()
    os.truncate(run.path / name, MOST_BYTES + 1)
    assert "is larger than 256 MiB" in tc("show", "first").out
    assert tc("list").code == 0


@pytest.mark.parametrize("verb", ["show", "verify", "replay"])
def test_control_characters_in_a_run_directory_never_reach_the_terminal(tc: Tc, root: Path, verb: str) -> None:
    def add(run: RunDirectory) -> None:
        (run.code / "\x1b[31mred").write_bytes(b"")
        write_metadata(run, msgspec.structs.replace(read_metadata(run), reason="\x1b[31mred\u202e"))

    make_run(root, "hostile", configuration=run_configuration(engine={"name": "\x1b[31m", "version": "\r"}), before_seal=add)
    answer = tc(verb, "hostile")
    assert answer.code == 0
    assert not {"\x1b", "\r", "\u202e"} & set(answer.out)


def test_the_command_itself_prints_errors_to_stderr_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        ["tc", "runs", "verify", "../x"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: '../x' is not a run id\nhint: ")
