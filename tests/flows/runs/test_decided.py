"""Claims about replaying, recovering and explaining runs under a gate."""

import re
from pathlib import Path

import msgspec
import pytest

from fakes import make_run
from gated import GatedStream, gate_document
from gated_directories import ONE_A_SECOND, gated, gated_run, lines_of, play
from streams import DATASET
from tc.checks.decisions import DecisionComparison
from tc.core import INITIAL, EventStreamEntry
from tc.core.decision import Decision, outcome
from tc.core.events import MarketDataRows, OrderSubmitted
from tc.errors import ArtifactError, DocumentError
from tc.flows.runs.decided import ALTERED, ALTERED_JOURNAL, DERIVED, NO_FILE, compared, digest_now
from tc.flows.runs.explain import explain_run
from tc.flows.runs.recover import recover_run
from tc.flows.runs.replay import replay_run, state_document
from tc.flows.runs.verify import verify_run
from tc.flows.witness import Witness
from tc.reports.story import merged
from tc.runtime.cursor import EventStreamCursor
from tc.store.journal import JournalWriter
from tc.store.layout import RunDirectory
from tc.store.seal import read_seal

BY = Witness(at_ns=5, tc="0", user="someone")


def test_R08_replay_derives_every_decision_again(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    found = replay_run(run)
    assert (found.findings, found.notes) == ((), ())
    assert found.decisions == len(run.decisions.read_bytes().splitlines()) == 9
    assert found.decision_digest == read_seal(run).files["decisions.jsonl"].sha256
    assert found.to_dict()["decisions"] == 9


def test_replay_up_to_a_position_compares_the_decisions_up_to_it(tmp_path: Path) -> None:
    stream = play()
    lines = lines_of(stream)
    run = gated_run(tmp_path, stream=stream, decisions=b"".join([*lines[:3], b"junk\n"]))
    assert replay_run(run, at=stream.decisions[2].position).findings == ()
    assert [each.subject for each in replay_run(run, at=stream.decisions[3].position).findings] == [
        f"decisions.jsonl line 4, position {stream.decisions[3].position}"
    ]


def test_replay_finds_a_decision_that_was_altered_with_its_line(tmp_path: Path) -> None:
    stream = play()
    altered = b"".join(lines_of(stream)).replace(b"12.5 above 5", b"12.5 above 6")
    (finding,) = replay_run(gated_run(tmp_path, stream=stream, decisions=altered)).findings
    assert (finding.code, finding.subject) == ("decision_mismatch", "decisions.jsonl line 2, position 18")
    assert "12.5 above 5" in finding.expected
    assert "12.5 above 6" in finding.actual


def test_replay_of_a_sealed_run_that_lost_its_decisions_finds_it(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    run.decisions.unlink()
    (finding,) = replay_run(run).findings
    assert (finding.code, finding.expected, finding.actual) == ("decision_mismatch", "9 decisions", "no file")


def test_a_run_without_a_gate_has_no_decisions_and_may_have_no_file_of_them(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    found = replay_run(run)
    assert (found.decisions, found.decision_digest, found.findings) == (None, None, ())
    run.decisions.write_bytes(b'{"position":1,"at_ns":1}\n')
    assert [each.code for each in replay_run(run).findings] == ["decision_mismatch"]


def test_replay_of_a_crashed_run_notes_what_its_decisions_lack(tmp_path: Path) -> None:
    stream = play(is_ended=False)
    torn = b"".join(lines_of(stream))[:-5]
    found = replay_run(gated_run(tmp_path, stream=stream, seal=False, decisions=torn))
    assert found.findings == ()
    assert [note.partition(":")[0] for note in found.notes][1:] == [
        "decisions.jsonl line 8 is torn",
        "decisions.jsonl lacks the last decision",
    ]


@pytest.mark.parametrize("left", [b"", b'{"position":14', b"junk\nmore"])
def test_recovery_writes_the_decisions_again_from_the_journal(tmp_path: Path, left: bytes) -> None:
    stream = play(is_ended=False)
    run = gated_run(tmp_path, stream=stream, seal=False, decisions=left)
    with run.journal.open("ab") as journal:
        journal.write(b'{"digest":"01')
    recover_run(run, by=BY)
    assert run.decisions.read_bytes() == b"".join(lines_of(stream))
    assert (replay_run(run).findings, verify_run(run, data_root=None).findings) == ((), ())


def test_recovery_makes_decisions_only_where_there_is_a_gate(tmp_path: Path) -> None:
    run = make_run(tmp_path, seal=False)
    recover_run(run, by=BY)
    assert not run.decisions.exists()


def test_recovery_of_a_run_that_ends_in_a_violation_keeps_the_decisions_before_it(tmp_path: Path) -> None:
    stream = play(is_ended=False)
    run = gated_run(tmp_path, stream=stream, seal=False)
    with JournalWriter(run.journal.with_name("other.jsonl")) as journal:
        for entry in stream.entries:
            journal.append(entry)
        bad = OrderSubmitted(stream.now, stream.now, "O-UNKNOWN", "A-1")
        position = stream.state.position + 1
        journal.append(msgspec.structs.replace(stream.entries[-1], position=position, event=bad))
    run.journal.with_name("other.jsonl").rename(run.journal)
    assert explain_run(run).to_dict()["outcomes"]
    recover_run(run, by=BY)
    assert run.decisions.read_bytes() == b"".join(lines_of(stream))
    assert replay_run(run).violation
    assert digest_now(run, stream.configuration) == ""


def test_recovery_of_a_journal_that_goes_on_behind_a_violation_writes_nothing(tmp_path: Path) -> None:
    stream = play(is_ended=False)
    run = gated_run(tmp_path, stream=stream, seal=False, decisions=b"as it was")
    events = [entry.event for entry in stream.entries]
    events.insert(9, OrderSubmitted(stream.now, stream.now, "O-UNKNOWN", "A-1"))
    run.journal.unlink()
    with JournalWriter(run.journal) as journal:
        cursor = EventStreamCursor()
        for event in events:
            journal.append(EventStreamEntry(cursor.allocate(event), event))
    with pytest.raises(ArtifactError, match="line 10: "):
        recover_run(run, by=BY)
    assert run.decisions.read_bytes() == b"as it was"
    assert not run.seal.exists()


def test_state_as_a_document_shows_what_waits_by_its_key() -> None:
    stream = play(is_ended=False)
    document = state_document(stream.state)
    execution = document["execution"]
    assert isinstance(execution, dict)
    assert list(execution["queue"]["pending"]) == ["O-4"]
    assert execution["queue"]["in_flight"] == {}
    empty = state_document(INITIAL)["execution"]
    assert isinstance(empty, dict)
    assert empty["queue"]["pending"] == {}


def told(run: RunDirectory, order: str) -> tuple[list[str], str]:
    story = explain_run(run, order=order).story
    assert story is not None
    return [line.text for line in story.lines], story.ending


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Return a run that tests only read."""
    return gated_run(tmp_path_factory.mktemp("gated"))


def test_a_denied_order_is_explained_with_the_market_the_figures_and_the_rule(run: RunDirectory) -> None:
    lines, ending = told(run, "O-LARGE")
    assert lines == [
        "S-1 created O-LARGE: BUY 12.5 BTCUSDT.X, LIMIT at 100, GTC",
        "the strategy asked to submit O-LARGE",
        "the market it was judged by: BTCUSDT.X bid 99 for 5, ask 101 for 5; its latest datum was 0.25 s old",
        (
            "the new order O-LARGE was denied by Risk: "
            "the order's quantity is above the limit (12.5 above 5) [max_order_quantity, R37]"
        ),
    ]
    assert ending.startswith("never sent: it was denied by Risk")


def test_a_held_order_is_explained_from_its_wish_to_the_deadline_that_let_it_go(run: RunDirectory) -> None:
    lines, ending = told(run, "O-2")
    assert [each for each in lines if "held" in each] == [
        "the new order O-2 was held back until 2023-11-14 22:13:21 UTC: the rate limit's capacity is used up [rate_capacity, R53]"
    ]
    assert any("merged into the command that waited" in each for each in lines)
    assert lines[-4].startswith("the deadline 2023-11-14 22:13:21 UTC was reached")
    assert lines[-3:] == [
        "the new order O-2 was sent with quantity 1, price 98",
        "O-2 was submitted to the venue",
        "the venue accepted O-2 as V-O-2",
    ]
    assert ending == "open where the stream ends, without a fill"


@pytest.mark.parametrize(
    ("order", "ending"),
    [
        ("O-1", "filled completely: 1 of 1 in 1 fill"),
        ("O-3", "never sent: it was annihilated before it was sent: its cancel came while it waited"),
        ("O-4", "never sent: it was held until 2023-11-14 22:13:22 UTC where the stream ends: the rate limit's capacity"),
    ],
)
def test_how_an_order_ended_is_said(run: RunDirectory, order: str, ending: str) -> None:
    assert told(run, order)[1].startswith(ending)


def test_every_line_has_its_position_and_stamp_in_the_order_of_the_stream(run: RunDirectory) -> None:
    for key in ("O-1", "O-2", "O-3", "O-4", "O-LARGE"):
        story = explain_run(run, order=key).story
        assert story is not None
        assert [line.position for line in story.lines] == sorted(line.position for line in story.lines)
        assert all(line.at_ns > 0 for line in story.lines)


def test_an_unknown_order_suggests_the_nearest(run: RunDirectory) -> None:
    with pytest.raises(DocumentError, match="knows no order 'O-LARG'") as caught:
        explain_run(run, order="O-LARG")
    assert caught.value.hint == "It knows 5; the nearest: O-LARGE."
    with pytest.raises(DocumentError) as caught:
        explain_run(run, order="something else")
    assert caught.value.hint == "It knows 5; the nearest: O-1, O-LARGE, O-2."


def test_an_unknown_order_of_a_run_without_orders(tmp_path: Path) -> None:
    stream = GatedStream(gated())
    with pytest.raises(DocumentError) as caught:
        explain_run(gated_run(tmp_path, stream=stream), order="O-1")
    assert caught.value.hint == "It has no orders."


def test_a_position_is_explained_by_its_event_and_everything_decided_there(run: RunDirectory) -> None:
    story = explain_run(run, position=20).story
    assert story is not None
    assert [(line.source, line.text.partition(":")[0]) for line in story.lines] == [
        ("event", "the strategy asked to submit O-2"),
        ("market", "the market it was judged by"),
        ("decision", "the new order O-2 was allowed by Risk"),
        ("decision", "the new order O-2 was held back until 2023-11-14 22"),
    ]
    assert (story.keys, story.ending) == (("O-2",), "")


@pytest.mark.parametrize(
    ("position", "ending"),
    [(5, "rows of market data: nothing is decided about them"), (13, "nothing was decided at this position")],
)
def test_a_position_at_which_nothing_was_decided_says_so(run: RunDirectory, position: int, ending: str) -> None:
    story = explain_run(run, position=position).story
    assert story is not None
    assert (len(story.lines), story.ending) == (1, ending)


@pytest.mark.parametrize("position", [0, -3, 32, 10**20])
def test_a_position_that_the_run_does_not_have_is_refused(run: RunDirectory, position: int) -> None:
    with pytest.raises(DocumentError, match="position"):
        explain_run(run, position=position)


def test_an_order_and_a_position_are_two_questions(run: RunDirectory) -> None:
    with pytest.raises(DocumentError, match="two questions"):
        explain_run(run, order="O-1", position=3)


def test_a_whole_run_is_explained_by_counts_of_results_and_reasons(run: RunDirectory) -> None:
    explained = explain_run(run)
    assert explained.summary is not None
    assert [(each.result, each.reason, each.count, each.position) for each in explained.summary.outcomes] == [
        ("allowed", "", 6, 14),
        ("held", "rate_capacity", 3, 20),
        ("annihilated", "cancel_of_unsent", 2, 27),
        ("sent", "", 2, 14),
        ("denied", "max_order_quantity", 1, 18),
        ("held", "run_ended", 1, 31),
        ("merged", "replace_of_unsent", 1, 21),
    ]
    assert explained.to_dict()["unrealised"] == ["2023-11-14 22:13:22 UTC: the rate limit lets the next command go [rate_window]"]


def test_a_crashed_run_is_explained_from_what_is_whole_of_its_journal(tmp_path: Path) -> None:
    stream = play(is_ended=False)
    run = gated_run(tmp_path, stream=stream, seal=False, decisions=b"")
    with run.journal.open("ab") as journal:
        journal.write(b'{"digest":"01')
    explained = explain_run(run, order="O-2")
    assert explained.status == "crashed"
    assert explained.notes == ("journal.jsonl line 22 is damaged: told up to the line before", DERIVED)
    assert explained.story is not None
    assert explained.story.ending == "open where the stream ends, without a fill"
    assert told(run, "O-4")[1].startswith("never sent: it was held until")


def test_a_run_that_lost_its_decisions_is_explained_by_deriving_them(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    run.decisions.unlink()
    assert explain_run(run).notes == (NO_FILE,)


def test_decisions_that_were_altered_behind_the_seal_are_not_believed(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    before = explain_run(run).summary
    run.decisions.write_bytes(run.decisions.read_bytes().replace(b"denied", b"allowed"))
    explained = explain_run(run)
    assert explained.notes == (ALTERED,)
    assert explained.summary == before


def test_a_run_without_a_gate_tells_the_life_of_an_order_only(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    explained = explain_run(run, order="O-1")
    assert (explained.gate, explained.notes) == ("off", ())
    assert explained.story is not None
    assert explained.story.ending == "filled completely: 2.0 of 2.0 in 2 fills"
    position = explain_run(run, position=explained.story.lines[0].position).story
    assert position is not None
    assert position.ending == "the run has no gate: nothing is decided in it"
    whole = explain_run(run)
    assert (whole.story, whole.summary) == (None, None)
    assert re.match("the run has no gate", whole.notes[0])


def test_what_an_observing_gate_would_have_done_is_told_beside_what_happened(tmp_path: Path) -> None:
    observing = gated(gate_document(mode="observe", rate=ONE_A_SECOND, max_order_quantity="5"))
    stream = play(observing)
    stream_run = gated_run(tmp_path, stream=stream)
    lines, ending = told(stream_run, "O-LARGE")
    assert "the new order O-LARGE was let go, and would have been denied" in lines[-1]
    assert ending == "never sent: the gate only observed, and nothing came of it before the stream ended"
    assert "was let go, and would have been held back until" in told(stream_run, "O-4")[0][-1]
    assert told(stream_run, "O-1")[1].startswith("filled completely")


def test_a_decision_that_cannot_be_read_stops_the_explanation(tmp_path: Path) -> None:
    run = gated_run(tmp_path, decisions=b"junk\n")
    with pytest.raises(ArtifactError, match="line 1"):
        explain_run(run)


def test_what_compares_decisions_knows_whether_there_is_a_file(tmp_path: Path) -> None:
    assert isinstance(compared(gated_run(tmp_path)), DecisionComparison)


def test_a_decision_of_a_row_inside_an_entry_is_merged_with_its_entry() -> None:
    stream = GatedStream(gated())
    stream.emit(MarketDataRows(stream.now, DATASET, 0, 9))
    decisions = [Decision(7, 1, (outcome("O-1", "NEW", "sent"),)), Decision(99, 1)]
    early = [Decision(0, 1), *decisions]
    assert [each and each.position for _, each in merged(stream.entries, early)] == [None, 7]


def test_replay_and_explain_say_that_a_journal_was_altered(tmp_path: Path) -> None:
    run = gated_run(tmp_path)
    assert ALTERED_JOURNAL not in (*replay_run(run).notes, *explain_run(run).notes)
    journal = run.journal.read_bytes()
    start = journal.index(b'"digest":"') + len(b'"digest":"')
    run.journal.write_bytes(journal[:start] + b"0" * 64 + journal[start + 64 :])
    assert ALTERED_JOURNAL in replay_run(run).notes
    assert ALTERED_JOURNAL in explain_run(run).notes
