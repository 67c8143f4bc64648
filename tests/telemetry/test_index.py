"""Claims about following run directories: what changed is seen, what did not is not read, and nothing on disk stops a look."""

import json
import logging
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from fakes import make_run
from gated import GatedStream
from tc.flows.runs.verify import record_verification, verify_run
from tc.flows.witness import Witness
from tc.reports.tally.journal import JournalTally
from tc.store.facts import ReadinessChecked, RunVerified
from tc.store.kill_switch import FOLDER, KillSwitch, Scope
from tc.store.layout import RunDirectory, runs_root
from tc.store.ops import append_fact
from tc.telemetry.index import Changed, Index
from tc.telemetry.pages import StatusPages
from tracked_runs import OLD_NS, facts_in, growing, index_of, killed, paper_configuration, traded, values_of

NOTHING = Changed((), ())


def look(index: Index) -> Changed:
    return index.refresh(time.time_ns())


def settled(index: Index) -> Index:
    """Look until everything is read, and what was written a moment ago is old enough to be looked at for the last time."""
    time.sleep(0.06)
    for _ in range(1000):
        look(index)
        if all(facts_in(index, run_id).is_read for run_id in index.run_ids):
            return index
    raise AssertionError("something is never read to its end")


def test_an_empty_root_is_a_fleet_of_none_and_a_run_that_comes_is_seen(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    assert (index.is_ready, index.run_ids) == (False, ())
    assert look(index) == NOTHING
    assert (index.is_ready, index.fleet.shown, dict(index.counts)) == (True, 0, {})
    make_run(tmp_path, "one")
    assert look(index) == Changed(("one",), ())
    assert facts_in(index, "one").status == "completed"


def test_a_run_is_shown_by_its_id_only_and_no_other_text_becomes_a_path(tmp_path: Path) -> None:
    make_run(tmp_path, "one")
    index = index_of(tmp_path)
    look(index)
    directory = index.directory("one")
    assert directory is not None
    assert directory.path == runs_root(tmp_path) / "one"
    for text in ("two", "", ".", "..", "../one", "one/", "/etc/passwd", "one\0"):
        assert index.directory(text) is None
    assert index.facts("../one") is None


def test_finished_runs_are_read_once_and_seen_again_when_something_is_appended(tmp_path: Path) -> None:
    run = make_run(tmp_path, "one")
    index = settled(index_of(tmp_path))
    before = facts_in(index, "one")
    assert look(index) == NOTHING
    assert facts_in(index, "one") is before
    append_fact(run, ReadinessChecked(at_ns=7, tc="0", state="configured", spec="quoter"))
    assert look(index).run_ids == ("one",)
    assert [(each.spec, each.state) for each in facts_in(index, "one").readiness] == [("quoter", "configured")]


def test_newest_runs_come_first_and_a_removed_one_is_gone(tmp_path: Path) -> None:
    for number in range(3):
        make_run(tmp_path, f"run-{number}", created_ns=OLD_NS + number)
    index = index_of(tmp_path)
    assert set(look(index).run_ids) == {"run-0", "run-1", "run-2"}
    assert index.run_ids == ("run-2", "run-1", "run-0")
    shutil.rmtree(runs_root(tmp_path) / "run-1")
    assert look(index).removed == ("run-1",)
    assert list(index.run_ids) == ["run-2", "run-0"]
    assert (index.facts("run-1"), index.directory("run-1")) == (None, None)
    assert dict(index.counts) == {("backtest", "completed"): 2}


def test_beyond_the_limit_runs_are_counted_only_and_those_that_go_on_come_before_all_others(tmp_path: Path) -> None:
    for number in range(4):
        make_run(tmp_path, f"run-{number}", created_ns=OLD_NS + 10 + number)
    with growing(tmp_path, "goes-on", created_ns=OLD_NS) as oldest:
        index = index_of(tmp_path, max_runs=2)
        assert set(look(index).run_ids) == {"run-3", "goes-on"}
        assert index.run_ids == ("run-3", "goes-on")
        assert (index.fleet.shown, index.fleet.left_out) == (2, 3)
        assert dict(index.counts) == {("backtest", "completed"): 4, ("paper", "running"): 1}
        assert index.facts("run-1") is None
        oldest.seal()
        changed = look(index)
    assert (changed.run_ids, changed.removed) == (("run-2",), ("goes-on",))
    assert dict(index.counts) == {("backtest", "completed"): 4, ("paper", "completed"): 1}


def test_a_run_is_followed_from_its_first_entry_to_its_seal(tmp_path: Path) -> None:
    with growing(tmp_path, "live") as run:
        index = index_of(tmp_path)
        look(index)
        assert values_of(facts_in(index, "live"), "tc_journal_entries_total") == {(): 1}
        traded(run.stream)
        run.write()
        assert look(index).run_ids == ("live",)
        facts = facts_in(index, "live")
        assert (facts.status, facts.is_active, facts.is_sealed) == ("running", True, False)
        assert values_of(facts, "tc_fills_total") == {(): 1}
        assert look(index).run_ids == ("live",), "its age grows"
        before = facts_in(index, "live").figures
        run.seal("stopped")
        look(index)
    facts = facts_in(index, "live")
    assert (facts.status, facts.is_active, facts.is_sealed) == ("stopped", False, True)
    assert facts.figures is not None
    assert before is not None
    assert (facts.figures.orders, facts.figures.exposures) == (before.orders, before.exposures)
    assert look(settled(index)) == NOTHING


def test_a_killed_run_has_crashed_and_is_whole_and_its_age_stands_still(tmp_path: Path) -> None:
    with growing(tmp_path, "dies", GatedStream(paper_configuration())) as run:
        index = index_of(tmp_path)
        traded(run.stream)
        run.write()
        look(index)
        run.crash()
    with run.directory.journal.open("ab") as file:
        file.write(b'{"digest":"0')
    settled(index)
    facts = facts_in(index, "dies")
    assert (facts.status, facts.is_active, facts.is_intact) == ("crashed", False, True)
    ages = [values_of(facts, "tc_run_duration_seconds", now_ns=at) for at in (OLD_NS, 2 * OLD_NS)]
    assert ages[0] == ages[1]


def test_while_many_crashed_runs_are_read_each_look_follows_the_one_that_goes_on(tmp_path: Path) -> None:
    first = make_run(tmp_path, "crashed-00", seal=False, rounds=100)
    for number in range(1, 30):
        shutil.copytree(first.path, runs_root(tmp_path) / f"crashed-{number:02}")
    with growing(tmp_path, "live") as run:
        index, looks = index_of(tmp_path), 0
        look(index)
        while not all(facts_in(index, run_id).is_read for run_id in index.run_ids):
            run.stream.market()
            run.write()
            look(index)
            looks += 1
            entries = len(run.directory.journal.read_bytes().splitlines())
            assert values_of(facts_in(index, "live"), "tc_journal_entries_total") == {(): entries}
    assert looks > 1, "there was not enough to read"
    assert dict(index.counts) == {("backtest", "crashed"): 30, ("paper", "running"): 1}


def test_a_run_that_is_sealed_between_two_looks_never_seems_to_have_crashed(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    for number in range(5):
        with growing(tmp_path, f"run-{number}") as run:
            look(index)
            run.seal()
            look(index)
            assert facts_in(index, f"run-{number}").status == "completed"


def test_a_run_in_the_place_of_one_that_was_removed_is_another_one(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    with growing(tmp_path, "again", traded(GatedStream(paper_configuration()))) as run:
        append_fact(run.directory, ReadinessChecked(at_ns=1, tc="0", state="configured", spec="old"))
        look(index)
        entries = values_of(facts_in(index, "again"), "tc_journal_entries_total")
    shutil.rmtree(run.directory.path)
    stream = killed(traded(GatedStream(paper_configuration(max_position="7"))))
    with growing(tmp_path, "again", stream, created_ns=OLD_NS + 1):
        for _ in range(3):
            look(index)
        facts = facts_in(index, "again")
        assert (facts.is_intact, facts.is_active, facts.readiness) == (True, True, ())
        assert values_of(facts, "tc_journal_entries_total")[()] > entries[()]


def test_a_run_sealed_without_metrics_is_counted_from_its_journal(tmp_path: Path) -> None:
    def without_metrics(root: Path, run_id: str) -> None:
        make_run(root, run_id, before_seal=lambda run: run.metrics.unlink())

    without_metrics(tmp_path, "recovered")
    index = settled(index_of(tmp_path))
    facts = facts_in(index, "recovered")
    assert (facts.is_read, facts.is_intact) == (True, True)
    assert values_of(facts, "tc_orders")["filled",] == 39
    assert look(settled(index)) == NOTHING


def test_a_journal_that_is_altered_or_cut_is_not_intact(tmp_path: Path) -> None:
    altered, cut = (make_run(tmp_path, name, seal=False).journal for name in ("altered", "cut"))
    index = settled(index_of(tmp_path))
    assert values_of(facts_in(index, "altered"), "tc_journal_intact") == {(): 1}
    with altered.open("ab") as file:
        file.write(altered.read_bytes().splitlines(keepends=True)[3])
    os.truncate(cut, cut.stat().st_size // 2)
    before = facts_in(index, "cut").figures
    look(index)
    look(index)
    for name in ("altered", "cut"):
        assert values_of(facts_in(index, name), "tc_journal_intact") == {(): 0}
    assert facts_in(index, "cut").figures == before


def test_a_sealed_journal_of_another_length_or_found_wrong_by_a_verification_is_not_intact(tmp_path: Path) -> None:
    longer, judged = make_run(tmp_path, "longer"), make_run(tmp_path, "judged")
    index = settled(index_of(tmp_path))
    with longer.journal.open("ab") as file:
        file.write(b"{}\n")
    append_fact(judged, RunVerified(at_ns=1, tc="0", merkle_root="ab", findings=2))
    look(index)
    assert [values_of(facts_in(index, name), "tc_journal_intact") for name in ("longer", "judged")] == [{(): 0}] * 2
    append_fact(judged, RunVerified(at_ns=2, tc="0", merkle_root="ab", findings=0))
    look(index)
    assert values_of(facts_in(index, "judged"), "tc_journal_intact") == {(): 1}


def flip_a_digit(path: Path, line: int) -> None:
    """Change a digit of a line's digest, or change it back: whoever has the file open goes on writing to it."""
    lines = path.read_bytes().splitlines(keepends=True)
    at = sum(map(len, lines[:line])) + next(place for place in range(11, 75) if chr(lines[line][place]).isdigit())
    with path.open("r+b") as file:
        file.seek(at)
        digit = file.read(1)
        file.seek(at)
        file.write(bytes([digit[0] ^ 1]))


def test_a_line_that_changed_after_it_was_read_is_told_by_a_recorded_verification_until_one_finds_nothing(tmp_path: Path) -> None:
    def intact() -> dict[tuple[str, ...], float]:
        run.stream.market()
        run.write()
        for _ in range(3):
            look(index)
        return values_of(facts_in(index, "live"), "tc_journal_intact")

    def verify() -> int:
        found = verify_run(run.directory, data_root=None)
        record_verification(run.directory, found, expected_root=None, by=Witness(at_ns=1, tc="0", user="someone"))
        return len(found.findings)

    with growing(tmp_path, "live", traded(GatedStream(paper_configuration()))) as run:
        index = index_of(tmp_path)
        assert (intact(), verify(), intact()) == ({(): 1}, 0, {(): 1})
        flip_a_digit(run.directory.journal, 3)
        assert intact() == {(): 1}, "nobody reads a line twice"
        assert (verify(), intact()) == (1, {(): 0})
        flip_a_digit(run.directory.journal, 3)
        assert intact() == {(): 0}, "nobody has looked again"
        assert (verify(), intact()) == (0, {(): 1})


def test_a_line_that_changes_before_it_is_read_is_told_at_once_and_until_it_is_put_back(tmp_path: Path) -> None:
    with growing(tmp_path, "live", traded(GatedStream(paper_configuration()))) as run:
        index = index_of(tmp_path)
        look(index)
        run.stream.market()
        run.write()
        flip_a_digit(run.directory.journal, -1)
        look(index)
        look(index)
        assert values_of(facts_in(index, "live"), "tc_journal_intact") == {(): 0}
        flip_a_digit(run.directory.journal, -1)
        look(index)
        entries = len(run.directory.journal.read_bytes().splitlines())
        assert values_of(facts_in(index, "live"), "tc_journal_intact") == {(): 1}
        assert values_of(facts_in(index, "live"), "tc_journal_entries_total") == {(): entries}


def test_a_damaged_line_of_the_ops_stream_hides_no_verification_behind_it(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for findings in (0, 0):
        append_fact(run, RunVerified(at_ns=1, tc="0", merkle_root="ab", findings=findings))
    flip_a_digit(run.ops, 0)
    index = index_of(tmp_path)
    look(index)
    assert values_of(facts_in(index, run.run_id), "tc_journal_intact") == {(): 0}
    flip_a_digit(run.ops, 0)
    look(index)
    assert values_of(facts_in(index, run.run_id), "tc_journal_intact") == {(): 1}


# Directories that are not what tc writes.


def broken_directories(root: Path) -> dict[str, str]:
    """Make run directories that cannot be read, and say what is to be said of each."""
    runs = {
        name: make_run(root, name, seal=name not in ("configuration", "bare"))
        for name in ("seal", "metadata", "metrics", "configuration", "foreign", "linked", "folder", "ops", "bare")
    }
    runs["seal"].seal.write_bytes(b"{")
    runs["metadata"].metadata.write_bytes(b"\xff\xfe")
    runs["metrics"].metrics.write_text('{"fills": {"total": -1}}')
    runs["configuration"].configuration.write_text("[" * 100_000)
    runs["foreign"].seal.write_bytes(runs["linked"].seal.read_bytes())
    runs["linked"].metadata.unlink()
    runs["linked"].metadata.symlink_to("/etc/passwd")
    runs["folder"].metrics.unlink()
    runs["folder"].metrics.mkdir()
    os.mkfifo(runs["ops"].ops)
    runs["bare"].metadata.unlink()
    os.utime(runs["bare"].path, (1, 1))
    return {
        "seal": "is not a seal",
        "metadata": "is not metadata",
        "metrics": "is not a run's metrics",
        "configuration": "configuration.json is no",
        "foreign": "the seal of another run",
        "linked": "symbolic link",
        "folder": "cannot be read",
        "ops": "no regular file",
        "bare": "is missing",
    }


def test_a_run_that_cannot_be_read_costs_one_series_and_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = broken_directories(tmp_path)
    make_run(tmp_path, "whole")
    index = index_of(tmp_path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            index.refresh(time.time_ns() + 10_000_000_000)  # What is being made may be incomplete; this was made long ago.
    for name, words in expected.items():
        facts = facts_in(index, name)
        assert words in facts.problem, (name, facts.problem)
        assert [record.getMessage() for record in caplog.records if f"run {name} " in record.getMessage()] == [
            f"run {name} cannot be read: {facts.problem}"
        ]
    assert facts_in(index, "whole").problem == ""
    assert index.counts["other", "unreadable"] == len(expected)


def test_a_run_that_cannot_be_read_is_as_old_as_its_folder(tmp_path: Path) -> None:
    make_run(tmp_path, "old", created_ns=OLD_NS)
    make_run(tmp_path, "broken").metadata.write_bytes(b"{")
    index = index_of(tmp_path, max_runs=1)
    look(index)
    assert index.run_ids == ("broken",)


def test_what_cannot_be_read_is_shown_again_when_it_can(tmp_path: Path) -> None:
    run = make_run(tmp_path, "one")
    good = run.metrics.read_bytes()
    run.metrics.write_bytes(b"")
    index = settled(index_of(tmp_path))
    assert "metrics" in facts_in(index, "one").problem
    run.metrics.write_bytes(good)  # In place: no time of the folder changes.
    index.refresh(time.time_ns() + 6_000_000_000)
    assert (facts_in(index, "one").problem, facts_in(index, "one").status) == ("", "completed")


def test_what_changed_while_a_long_look_went_on_is_looked_at_again(tmp_path: Path) -> None:
    run = make_run(tmp_path, "one")
    index = index_of(tmp_path)
    index.refresh(time.time_ns() - 2_000_000_000)  # It began before the run was written.
    run.metrics.write_bytes(b"")
    look(index)
    assert "metrics" in facts_in(index, "one").problem


def test_what_is_named_as_no_run_is_passed_over(tmp_path: Path) -> None:
    root = runs_root(tmp_path)
    make_run(tmp_path, "one")
    for name in (".hidden", "-x", "latest", "a b", 'quote"\n', "x" * 200, "é", b"\xff\xfe".decode(errors="surrogateescape")):
        (root / name).mkdir()
    (root / "a-file").write_text("")
    (root / "a-link").symlink_to(root / "one")
    index = index_of(tmp_path)
    assert look(index) == Changed(("one",), ())


def test_a_run_that_is_being_made_is_no_broken_one(tmp_path: Path) -> None:
    (runs_root(tmp_path) / "new").mkdir(parents=True)
    index = index_of(tmp_path)
    look(index)
    assert (facts_in(index, "new").problem, facts_in(index, "new").status) == ("", "created")
    index.refresh(time.time_ns() + 6_000_000_000)
    assert "metadata.json is missing" in facts_in(index, "new").problem
    os.utime(runs_root(tmp_path) / "new", (2_000_000_000, 2_000_000_000))  # A time to come keeps nothing new for ever.
    look(index)
    assert "metadata.json is missing" in facts_in(index, "new").problem


def test_a_run_removed_while_it_is_read_is_no_broken_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = make_run(tmp_path, "one", seal=False)
    index = index_of(tmp_path)
    look(index)
    shutil.rmtree(run.path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            look(index)
    assert index.run_ids == ()
    assert caplog.records == []


def test_a_heartbeat_that_is_none_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    with growing(tmp_path, "live") as run:
        run.say()
        index = index_of(tmp_path)
        look(index)
        assert facts_in(index, "live").node is not None
        run.directory.node_heartbeat.write_text(
            json.dumps({"at_ns": 10**30, "every_s": 1, "pid": 1, "state": "x", "position": 1})
        )
        run.directory.supervisor_heartbeat.unlink()
        run.directory.supervisor_heartbeat.symlink_to(run.directory.metadata)
        look(index)
        facts = facts_in(index, "live")
        assert (facts.problem, facts.node, facts.supervisor) == ("", None, None)


@pytest.mark.parametrize(
    "said", [{"queues": {"Q" * 201: 1}}, {"state": "s" * 201}, {"longest_lag_s": 1e300}, {"reconnects": {"data": 2**63}}]
)
def test_a_heartbeat_of_what_no_label_or_number_can_be_is_as_if_it_were_not_there(tmp_path: Path, said: dict[str, Any]) -> None:
    with growing(tmp_path, "live") as run:
        run.say(**said)
        index = index_of(tmp_path)
        look(index)
        assert (facts_in(index, "live").problem, facts_in(index, "live").node) == ("", None)
        run.say()
        look(index)
        assert facts_in(index, "live").node is not None


@pytest.mark.parametrize("at_ns", [10**30, -(10**400)])
def test_a_run_of_no_time_is_broken_and_takes_no_page_away(tmp_path: Path, at_ns: int) -> None:
    run = make_run(tmp_path, "timeless")
    document = json.loads(run.metadata.read_bytes())
    run.metadata.write_text(json.dumps({**document, "created": {**document["created"], "ns": at_ns}}))
    index = index_of(tmp_path)
    look(index)
    assert "timeless" in StatusPages(index).overview(time.time_ns(), {})
    assert "metadata" in facts_in(index, "timeless").problem


def test_words_without_end_are_cut(tmp_path: Path) -> None:
    run = make_run(tmp_path, "talks")
    document = json.loads(run.metadata.read_bytes())
    run.metadata.write_text(json.dumps({**document, "reason": "r" * 1_000_000, "name": "n" * 1_000_000}))
    index = index_of(tmp_path)
    look(index)
    facts = facts_in(index, "talks")
    assert (len(facts.reason), len(facts.identity.name)) == (2_000, 200)


def test_whatever_goes_wrong_with_one_run_the_others_are_seen(tmp_path: Path) -> None:
    make_run(tmp_path, "whole")
    with growing(tmp_path, "odd"):

        def of_nothing(_: RunDirectory) -> JournalTally:
            raise TypeError("nobody thought of that")

        index = Index(tmp_path, runtime_root=tmp_path, data_root=tmp_path, tally_of=of_nothing)
        look(index)
        assert facts_in(index, "odd").problem == "TypeError: nobody thought of that"
        assert facts_in(index, "whole").problem == ""


def test_a_root_that_is_no_folder_is_a_fleet_of_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runs_root(tmp_path).write_text("")
    index = index_of(tmp_path)
    for _ in range(2):
        assert look(index) == NOTHING
    assert [record.getMessage() for record in caplog.records] == [
        f"{runs_root(tmp_path)} cannot be read: Not a directory; what was known stands"
    ]


def test_a_look_without_change_is_cheap(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run-000", rounds=1)
    for number in range(1, 200):
        copy = runs_root(tmp_path) / f"run-{number:03}"
        shutil.copytree(run.path, copy)
        (copy / "seal.json").write_bytes(run.seal.read_bytes().replace(b"run-000", copy.name.encode()))
    index = settled(index_of(tmp_path))
    settled(index)
    took = []
    for _ in range(20):
        began = time.process_time()
        assert look(index) == NOTHING
        took.append(time.process_time() - began)
    assert min(took) < 0.02


def test_the_switch_of_a_run_that_has_ended_is_told_to_nobody_and_that_of_its_name_is(tmp_path: Path) -> None:
    with growing(tmp_path, "done") as run:
        switch, index = KillSwitch(tmp_path / "runtime" / FOLDER), index_of(tmp_path)
        for scope in (Scope.of_run("done"), Scope.of_run("to-come"), Scope.of_name("made-up")):
            switch.activate(scope, mode="halt", reason="a test", actor="me", at_ns=1)
        look(index)
        told = {"all": "none", "name:made-up": "halt", "run:to-come": "halt"}
        assert index.fleet.scopes == {**told, "run:done": "halt"}
        run.seal("killed")
    look(index)
    assert index.fleet.scopes == told
    assert {str(each.scope) for each in index.fleet.switches} == {"name made-up", "run to-come"}
