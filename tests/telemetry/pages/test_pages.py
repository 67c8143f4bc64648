"""Claims about the status pages of real run directories: what they say is what the directories say, and reading is cheap."""

import json
import time
from pathlib import Path
from typing import Literal

import pytest

from drill_records import carried_out
from fakes import make_run
from gated import INSTRUMENT, SECOND, GatedStream
from status_samples import comparison
from tc.core.events import FeedDegraded
from tc.store.facts import RunReconciled, RunVerified, StopRequested
from tc.store.kill_switch import FOLDER
from tc.store.kill_switch.scope import Scope
from tc.store.kill_switch.state import write_state
from tc.store.layout import RunDirectory
from tc.store.ops import append_fact, write_ops_artifact
from tc.telemetry.index import Index
from tc.telemetry.pages import StatusPages
from tc.telemetry.pages.timeline import HEAD_BYTES, MOST_BYTES, MOST_TOLD, Timelines
from tracked_runs import GrowingRun, facts_in, growing, index_of, killed, paper_configuration, traded


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return index_of(tmp_path)


def overview(index: Index, **query: str) -> str:
    now_ns = time.time_ns()
    index.refresh(now_ns)
    return StatusPages(index).overview(now_ns, query)


def run_page(index: Index, run_id: str) -> str:
    now_ns = time.time_ns()
    index.refresh(now_ns)
    page = StatusPages(index).run_page(run_id, now_ns)
    assert page is not None
    return page


def reconciled(run: RunDirectory, verdict: Literal["clean", "found", "unknown"], findings: int = 0, *, at_ns: int = 0) -> None:
    document = json.dumps(comparison().to_dict()).encode()
    artifact = write_ops_artifact(run, f"reconciliation-{time.time_ns()}.json", document)
    said = {"position": 7, "source": "venue", "verdict": verdict, "findings": findings}
    fact = RunReconciled(at_ns=at_ns or time.time_ns(), tc="0", artifacts=(artifact,), **said)  # type: ignore[arg-type]
    append_fact(run, fact)


def test_before_the_first_look_there_is_an_empty_page(index: Index) -> None:
    assert "There are no runs yet" in StatusPages(index).overview(time.time_ns(), {})
    assert StatusPages(index).run_page("one", time.time_ns()) is None


def test_a_live_run_shows_its_position_feed_and_switch(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "live", traded(GatedStream(paper_configuration())), created_ns=time.time_ns()) as run:
        run.say()
        page = overview(index)
        assert 'id="run-live" class="active"' in page
        assert "+2 " in page
        assert 'feed <span class="dot good">live</span>' in page
        assert "All quiet" in page
        shown = run_page(index, "live")
        for words in (
            "Node",
            "Supervisor",
            "oldest 1 s",
            "came back 1 time",
            "30 of 2,400 per minute",
            "max position",
            "Market data",
        ):
            assert words in shown
        killed(run.stream)
        run.write()
        assert "TcKillSwitchActive" in overview(index)
        shown = run_page(index, "live")
        assert "The last kill" in shown
        assert "KillSwitchAdvanced" in shown
        assert "lets through cancels only" in shown


def test_a_process_that_falls_silent_needs_attention(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "live") as run:
        run.say(now_ns=time.time_ns() - 20 * SECOND)
        page = overview(index)
        assert page.count("TcHeartbeatMissing") == 2
        assert '<span class="badge bad"' in page
        assert 'class="active"' in overview(index, attention="TcHeartbeatMissing")
        assert "No run is like that." in overview(index, attention="TcJournalBroken")


def test_a_process_whose_clock_is_wrong_needs_attention_and_nothing_else_does(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "live") as run:
        run.say(ahead_ns=-90 * SECOND)
        page = overview(index)
        assert page.count("TcClockOffset") == 1
        assert "TcHeartbeatMissing" not in page
        assert "TcOrderStuckInFlight" not in page
        assert 'feed <span class="dot good">live</span>' in page
        assert "1 min 30 s behind" in run_page(index, "live")
        run.say()
        assert "TcClockOffset" not in overview(index)
        assert "behind" not in run_page(index, "live").partition("<h2>Market data")[0]


def test_a_switch_of_a_scope_holds_the_runs_in_it(tmp_path: Path, index: Index) -> None:
    root = tmp_path / "runtime" / FOLDER
    root.mkdir(parents=True)
    with growing(tmp_path, "live"):
        write_state(root, Scope.of_name("made-up"), "reduce", reason="<b>why", actor="anna", at_ns=1)
        page = overview(index)
        assert "<b>Kill switch reduce</b> for name made-up, set " in page
        assert "by anna: &lt;b&gt;why" in page
        assert "TcKillSwitchScopeActive" in page
        assert "lets through what shrinks a position" in run_page(index, "live")
        write_state(root, Scope.of_all(), "halt_all", reason="r", actor="a", at_ns=1)
        page = overview(index)
        assert page.index("Kill switch halt_all</b> for all runs") < page.index("Kill switch reduce</b>")
        assert "lets nothing through" in run_page(index, "live")


def test_an_ended_run_shows_its_report_history_and_last_comparison(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "done", traded(GatedStream(paper_configuration())), created_ns=1_699_999_990 * SECOND) as growing_run:
        run = growing_run.seal()
    append_fact(run, StopRequested(at_ns=time.time_ns(), tc="0", user="anna", reason="<enough>"))
    for _ in range(3):
        reconciled(run, "clean")
    reconciled(run, "found", 3)
    append_fact(run, RunVerified(at_ns=time.time_ns(), tc="0", merkle_root="", findings=0))
    page = run_page(index, "done")
    assert 'href="/runs/done/report"' in page
    assert "somebody asked the run to stop: &lt;enough&gt; (by anna)" in page
    assert page.count("<b>RunReconciled</b>") == 2
    assert "as the journal says; 3 times in a row, this is the last" in page
    assert "order_missing" in page
    assert "verified: intact" in page
    assert page.index("<b>RunVerified") < page.index("<b>RunStarted") < page.index("<b>Created")
    overall = overview(index)
    assert "3 findings" in overall


def test_the_switch_of_one_run_is_history_once_the_run_has_ended_though_nobody_cleared_it(tmp_path: Path, index: Index) -> None:
    root = tmp_path / "runtime" / FOLDER
    root.mkdir(parents=True)
    write_state(root, Scope.of_run("done"), "halt", reason="r", actor="a", at_ns=1)
    with growing(tmp_path, "done", killed(GatedStream(paper_configuration()))) as growing_run:
        assert "lets through cancels only" in run_page(index, "done")
        assert "<b>Kill switch halt</b>" in overview(index)
        growing_run.seal("killed")
    assert "cancels only" not in run_page(index, "done")
    assert "Kill switch halt" not in overview(index)


def test_the_switch_of_a_run_that_crashed_holds_whoever_resumes_it(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "dead", killed(GatedStream(paper_configuration()))) as growing_run:
        growing_run.crash()
    root = tmp_path / "runtime" / FOLDER
    root.mkdir(parents=True)
    write_state(root, Scope.of_run("dead"), "halt", reason="r", actor="a", at_ns=1)
    assert "lets through cancels only" in run_page(index, "dead")
    assert "<b>Kill switch halt</b>" in overview(index)


def test_a_run_that_is_broken_has_a_line_and_a_page(tmp_path: Path, index: Index) -> None:
    run = make_run(tmp_path, "broken")
    run.seal.write_text("{}")
    assert "unreadable" in overview(index)
    assert "TcRunUnreadable" in run_page(index, "broken")


def test_a_switch_in_doubt_counts_as_set(tmp_path: Path, index: Index) -> None:
    root = tmp_path / "runtime" / FOLDER
    root.mkdir(parents=True)
    (root / Scope.of_all().file_name).write_bytes(b"")
    page = overview(index)
    assert "<b>Kill switch halt</b> for all runs by tc: its state is in doubt" in page


def test_datasets_with_findings_need_attention_beside_the_runs(tmp_path: Path, index: Index) -> None:
    (tmp_path / "data" / "torn").mkdir(parents=True)
    page = overview(index)
    assert "TcDataQualityFailed" in page
    assert '<span class="about">torn</span>' in page


def test_a_comparison_that_cannot_be_read_is_left_out(tmp_path: Path, index: Index) -> None:
    run = make_run(tmp_path, "one")
    reconciled(run, "found", 1)
    [artifact] = run.ops_folder.glob("reconciliation-*")
    artifact.write_text("{")
    page = run_page(index, "one")
    assert "Last reconciliation" not in page
    assert "RunReconciled" in page


def test_a_report_that_is_a_link_to_elsewhere_is_not_offered(tmp_path: Path, index: Index) -> None:
    run = make_run(tmp_path, "one")
    run.report_html.unlink()
    run.report_html.symlink_to("/etc/passwd")
    assert "/runs/one/report" not in run_page(index, "one")


def test_drills_stand_beside_the_runs_and_one_that_failed_needs_attention(tmp_path: Path, index: Index) -> None:
    page = overview(index)
    assert 'id="drills"' not in page
    carried_out(tmp_path, "disconnect", verdict="failed", title="<b>gone", recover_ns=None)
    carried_out(tmp_path, "no-fault")
    page = overview(index)
    assert "1 of 2 failed" in page
    assert "resilience score 50.00 %" in page
    assert page.count("<code>runbooks/drill-failed.md</code>") == 1
    assert "&lt;b&gt;gone" in page
    carried_out(tmp_path, "disconnect")
    page = overview(index)
    assert "2 passed" in page
    assert "1 of 2 executions passed" in page
    assert "TcDrillFailed" not in page


def test_no_text_but_a_shown_run_s_id_has_a_page(tmp_path: Path, index: Index) -> None:
    make_run(tmp_path, "one")
    index.refresh(time.time_ns())
    pages = StatusPages(index)
    assert [pages.run_page(text, time.time_ns()) for text in ("", "..", "../one", "/etc/passwd", "ONE")] == [None] * 5


def test_a_run_that_ended_is_not_mapped_again_until_it_changes(tmp_path: Path, index: Index) -> None:
    run = make_run(tmp_path, "one")
    now_ns = time.time_ns()
    index.refresh(now_ns)
    pages = StatusPages(index)
    [first] = pages._briefs(now_ns, {})
    [second] = pages._briefs(now_ns, {})
    assert first is second
    reconciled(run, "clean")
    time.sleep(0.06)
    index.refresh(time.time_ns())
    [third] = pages._briefs(now_ns, {})
    assert (first.reconciled, third.reconciled) == ("", "clean")


def degraded(stream: GatedStream, number: int) -> None:
    for at in range(number):
        stream.emit(FeedDegraded(stream.now, stream.now, INSTRUMENT, f"gap {at}"))


def timeline_of(timelines: Timelines, run: GrowingRun, index: Index) -> tuple[list[str], int]:
    run.write()
    index.refresh(time.time_ns())
    told, untold = timelines.of(run.directory, facts_in(index, run.directory.run_id))
    return [each.text for each in told if each.source == "journal"], untold


def test_a_timeline_follows_a_growing_journal_and_keeps_what_happened_last(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "live") as run:
        timelines = Timelines()
        before, untold = timeline_of(timelines, run, index)
        assert untold == 0
        degraded(run.stream, 2)
        texts, _ = timeline_of(timelines, run, index)
        assert len(texts) == len(before) + 2
        assert "gap 1" in texts[-1]
        degraded(run.stream, MOST_TOLD)
        texts, untold = timeline_of(timelines, run, index)
        assert len(texts) <= MOST_TOLD
        assert f"gap {MOST_TOLD - 1}" in texts[-1]
        assert untold > 0


def test_of_a_very_long_journal_the_beginning_and_the_end_are_told(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "live") as run:
        degraded(run.stream, 1)
        run.write()
        index.refresh(time.time_ns())
        journal = run.directory.journal
        [event] = [line for line in journal.read_bytes().splitlines(keepends=True) if b"FeedDegraded" in line]
        filler = b'{"digest":"","entry":{}}' + b" " * 4_000 + b"\n"
        with journal.open("ab") as file:
            file.write(filler * (HEAD_BYTES // len(filler) + 1) + event)
            file.write(filler * (MOST_BYTES // len(filler)) + event)
        told, _ = Timelines().of(run.directory, facts_in(index, "live"))
        assert len([each for each in told if each.kind == "FeedDegraded"]) == 2


def test_a_journal_that_is_gone_or_replaced_does_no_harm(tmp_path: Path, index: Index) -> None:
    with growing(tmp_path, "live") as run:
        timelines = Timelines()
        degraded(run.stream, 3)
        texts, _ = timeline_of(timelines, run, index)
        content = run.directory.journal.read_bytes()
        run.directory.journal.unlink()
        facts = facts_in(index, "live")
        assert len([each for each in timelines.of(run.directory, facts)[0] if each.source == "journal"]) == len(texts)
        run.directory.journal.write_bytes(content[:-200])
        assert len([each for each in timelines.of(run.directory, facts)[0] if each.source == "journal"]) == len(texts) - 1
