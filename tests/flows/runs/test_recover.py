"""Claims about recovering crashed runs, and about stopping runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import make_run, run_configuration
from streams import START_NS, Venue
from tc.core.events import OrderCanceled
from tc.errors import ArtifactError, RefusedError
from tc.flows.runs.recover import TORN_NAME, recover_run
from tc.flows.runs.replay import replay_run
from tc.flows.runs.stop import request_stop
from tc.flows.runs.verify import verify_run
from tc.flows.witness import Witness, witness_now
from tc.store.facts import RunRecovered, StopRequested
from tc.store.journal import recover_journal
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.metadata import read_metadata
from tc.store.ops import read_facts
from tc.store.seal import read_seal
from tc.store.status import run_status

BY = Witness(at_ns=5, tc="0", user="someone")


def torn(tmp_path: Path, tear: bytes = b'{"digest":"0123', run_id: str = "crashed") -> RunDirectory:
    run = make_run(tmp_path, run_id, seal=False)
    with run.journal.open("ab") as journal:
        journal.write(tear)
    return run


def findings(run: RunDirectory) -> list[object]:
    return [*verify_run(run, data_root=None).findings, *replay_run(run).findings]


def test_a_torn_run_is_recovered_sealed_and_verifies_and_replays(tmp_path: Path) -> None:
    run = torn(tmp_path)
    recovered = recover_run(run, by=BY)
    assert (recovered.status, recovered.entries, recovered.cut_bytes) == ("recovered", 359, 15)
    assert findings(run) == []
    assert (run_status(run), read_metadata(run).status) == ("recovered", "recovered")
    assert (run.ops_folder / TORN_NAME).read_bytes() == b'{"digest":"0123'
    (fact,) = read_facts(run)
    assert isinstance(fact, RunRecovered)
    assert (fact.entries, fact.cut_bytes, fact.user, [each.name for each in fact.artifacts]) == (359, 15, "someone", [TORN_NAME])
    assert "359 entries are whole" in read_metadata(run).reason
    assert read_metadata(run).ended is None


def test_a_whole_run_that_crashed_is_recovered_without_a_cut(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    journal = run.journal.read_bytes()
    assert recover_run(run, by=BY).cut_bytes == 0
    assert run.journal.read_bytes() == journal
    assert findings(run) == []


def test_a_run_that_crashed_before_its_first_entry_was_written_is_recovered_empty(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False, entries=[])
    run.journal.write_bytes(b"")
    assert recover_run(run, by=BY).entries == 0
    assert findings(run) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_journal_cut_at_any_byte_recovers_to_its_last_whole_line(tmp_path: Path, data: st.DataObject) -> None:
    run = make_run(tmp_path, f"run-{len(list(tmp_path.glob('runs/*')))}", seal=False, rounds=3)
    journal = run.journal.read_bytes()
    size = data.draw(st.integers(0, len(journal)))
    run.journal.write_bytes(journal[:size])
    recovered = recover_run(run, by=BY)
    assert run.journal.read_bytes() == journal[: journal[:size].rfind(b"\n") + 1]
    assert recovered.entries == journal[:size].count(b"\n")
    assert findings(run) == []


def test_a_recovery_that_was_killed_after_its_cut_is_done_again_and_names_what_was_cut(tmp_path: Path) -> None:
    run = torn(tmp_path)
    run.ops_folder.mkdir()
    recover_journal(run.journal, keep_cut_in=run.ops_folder / TORN_NAME)
    assert recover_run(run, by=BY).cut_bytes == 15
    assert findings(run) == []


def test_a_sealed_run_and_one_that_is_being_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="sealed"):
        recover_run(make_run(tmp_path, "sealed"), by=BY)
    active = make_run(tmp_path, "active", seal=False)
    with RunLock(active), pytest.raises(RefusedError, match="being written"):
        recover_run(active, by=BY)
    assert not active.seal.exists()


def test_a_run_that_recorded_nothing_is_left_as_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    run.journal.unlink()
    with pytest.raises(ArtifactError, match="nothing to recover"):
        recover_run(run, by=BY)
    assert not run.seal.exists()


def test_an_altered_journal_is_not_recovered(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    altered = run.journal.read_bytes().replace(b'"side":"BUY"', b'"side":"SELL"', 1)
    run.journal.write_bytes(altered)
    with pytest.raises(ArtifactError, match="altered"):
        recover_run(run, by=BY)
    assert (run.journal.read_bytes(), run.seal.exists(), read_metadata(run).status) == (altered, False, "running")


def test_a_journal_that_goes_on_behind_a_violation_is_not_recovered(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    run.configuration.write_bytes(run_configuration(seed=43).document)
    with pytest.raises(ArtifactError, match="line 1"):
        recover_run(run, by=BY)
    assert not run.seal.exists()


def test_a_journal_that_ends_with_a_violation_is_recovered_and_says_so(tmp_path: Path) -> None:
    venue = Venue(run_configuration())
    venue.emit(OrderCanceled(START_NS, START_NS, "O-9"))
    run = make_run(tmp_path, status="failed", seal=False, entries=venue.entries, configuration=venue.configuration)
    recover_run(run, by=BY)
    assert findings(run) == []
    assert "O-9" in read_metadata(run).reason
    assert "O-9" in replay_run(run).violation


def test_what_stands_in_the_place_of_the_ops_folder_is_an_error(tmp_path: Path) -> None:
    for number, make in enumerate((Path.touch, lambda path: path.symlink_to(tmp_path))):
        run = torn(tmp_path, run_id=f"crashed-{number}")
        make(run.ops_folder)
        with pytest.raises(ArtifactError, match="no folder"):
            recover_run(run, by=BY)


def test_checkpoints_are_recorded_on_the_way(tmp_path: Path) -> None:
    venue = Venue(run_configuration())
    for _ in range(100_000):
        venue.rows(1)
    run = make_run(tmp_path, seal=False, entries=venue.entries, configuration=venue.configuration, checkpoint_every=1 << 30)
    recover_run(run, by=BY)
    assert [each.position for each in read_seal(run).checkpoints] == [100_000]
    assert (replay_run(run).compared, findings(run)) == (2, [])


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from fakes import make_run
make_run(Path({root!r}), "killed", seal=False, before_seal=lambda run: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_run_whose_process_was_killed_is_recovered(tmp_path: Path) -> None:
    script = KILLED.format(tests=str(Path(__file__).parents[2]), root=str(tmp_path))
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    run = RunDirectory(tmp_path / "runs" / "killed")
    assert run_status(run) == "crashed"
    recover_run(run, by=BY)
    assert findings(run) == []


def test_a_run_that_is_being_written_is_asked_to_stop_once(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    with RunLock(run):
        assert request_stop(run, reason="the market is closed", by=BY) == os.getpid()
        assert request_stop(run, reason="again", by=BY) == os.getpid()
    assert read_facts(run) == (StopRequested(at_ns=5, tc="0", user="someone", reason="the market is closed"),)


@pytest.mark.parametrize(("is_sealed", "status"), [(True, "completed"), (False, "crashed")])
def test_a_run_that_nobody_writes_is_not_asked_to_stop(tmp_path: Path, is_sealed: bool, status: str) -> None:
    run = make_run(tmp_path, seal=is_sealed)
    with pytest.raises(RefusedError, match=f"is {status}"):
        request_stop(run, reason="x", by=BY)
    assert not run.ops.exists()


def test_the_witness_is_this_process_now() -> None:
    before = witness_now()
    after = witness_now()
    assert 0 < before.at_ns <= after.at_ns
    assert before.tc == after.tc != ""
