"""Claims about reconciling runs on disk: sealed, crashed and being written; and about what is kept of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fakes import make_run, run_configuration
from streams import Venue
from tc.checks.reconcile import HeldPosition, Holdings, JournalBook, Unknown
from tc.checks.reconcile.observed.convert import observed_document
from tc.core import INITIAL, CoreConfiguration, EventStreamEntry, process_event_entry
from tc.core.events import AccountUpdated, Balance
from tc.errors import ArtifactError, DocumentError
from tc.flows.reconciliation.comparing import Source
from tc.flows.reconciliation.expected import HEALS_WITHIN_S, Expected
from tc.flows.reconciliation.reconcile import (
    MOST_IN_ALL,
    MOST_LOOKS,
    MOST_PAUSES,
    file_source,
    kept_reconciliations,
    reconcile_run,
)
from tc.flows.runs.verify import verify_run
from tc.flows.witness import Witness
from tc.store.facts import HealRequested, RunHealed, RunReconciled
from tc.store.journal import JournalWriter, scan_journal
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock, is_active
from tc.store.ops import append_fact, read_facts

BY = Witness(at_ns=7, tc="0", user="someone")


def played() -> Venue:
    """Return a venue at which orders, fills, a position and a balance are."""
    venue = Venue(run_configuration())
    balance = Balance("USDT", Decimal("1000.5"), Decimal(0), Decimal("1000.5"))
    venue.emit(AccountUpdated(venue.now, venue.now, "A-1", "MARGIN", True, (balance,)))
    venue.rows(5)
    venue.fill(venue.accepted("BUY", "2.0"))
    venue.fill(venue.accepted("SELL", "1.0"), "0.25")
    venue.end(venue.accepted("SELL", "3.0"), "CANCELED")
    venue.end(venue.accepted("BUY", "1.0"), "REJECTED")
    return venue


def holdings_after(entries: list[EventStreamEntry], configuration: CoreConfiguration) -> Holdings:
    book, state = JournalBook(), INITIAL
    for entry in entries:
        state = process_event_entry(state, entry, configuration=configuration)
        book.take(entry.event, state)
    return book.holdings(state)


@pytest.fixture
def venue() -> Venue:
    return played()


@pytest.fixture
def held(venue: Venue) -> Holdings:
    return holdings_after(venue.entries, venue.configuration)


@pytest.fixture
def run(tmp_path: Path, venue: Venue) -> RunDirectory:
    return make_run(tmp_path, entries=venue.entries, configuration=venue.configuration)


def asked(*answers: Holdings | Unknown) -> Source:
    """Return a venue that gives these answers, one after the other."""
    told: Iterator[Holdings | Unknown] = iter(answers)
    return Source("venue", "http://127.0.0.1:1", lambda: next(told))


def never(_seconds: float) -> None:
    pytest.fail("there was nothing to wait for")


def flat(held: Holdings) -> Holdings:
    return replace(held, positions=())


def test_a_sealed_run_is_reconciled_and_still_verifies(run: RunDirectory, held: Holdings, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path != run.lock}
    name, document = reconcile_run(run, asked(held), by=BY, pause=never)
    assert (name, document.verdict, document.looks) == ("reconciliation-0001.json", "clean", 1)
    assert document.counts["orders"]["matched"] == 4
    assert document.counts["fills"]["matched"] == 2
    assert document.journal_digest == scan_journal(run.journal).digest
    _, document = reconcile_run(run, asked(flat(held)), by=BY, pause=never)
    assert [each.code for each in document.findings] == ["position_missing"]
    assert (verify_run(run, data_root=tmp_path).findings, verify_run(run, data_root=tmp_path).is_sealed) == ((), True)
    assert {path: path.read_bytes() for path in before} == before


def test_every_comparison_is_a_fact_and_an_artifact_of_its_own(run: RunDirectory, held: Holdings) -> None:
    for answer in (held, flat(held), Unknown("no answer")):
        reconcile_run(run, asked(answer), by=BY, pause=never)
    facts = [fact for fact in read_facts(run) if isinstance(fact, RunReconciled)]
    assert [(fact.verdict, fact.findings, fact.artifacts[0].name) for fact in facts] == [
        ("clean", 0, "reconciliation-0001.json"),
        ("found", 1, "reconciliation-0002.json"),
        ("unknown", 0, "reconciliation-0003.json"),
    ]
    assert {(fact.at_ns, fact.tc, fact.user, fact.source) for fact in facts} == {(7, "0", "someone", "venue")}
    assert {fact.position for fact in facts} == {scan_journal(run.journal).positions}
    documents = [each.document for each in kept_reconciliations(run)]
    assert [each and each.verdict for each in documents] == ["clean", "found", "unknown"]


def test_an_artifact_that_was_altered_or_removed_is_found_and_read_as_none(
    run: RunDirectory, held: Holdings, tmp_path: Path
) -> None:
    for _ in range(2):
        reconcile_run(run, asked(held), by=BY, pause=never)
    (run.ops_folder / "reconciliation-0001.json").write_bytes(b"{}")
    (run.ops_folder / "reconciliation-0002.json").unlink()
    assert [each.document for each in kept_reconciliations(run)] == [None, None]
    found = verify_run(run, data_root=tmp_path).findings
    assert [(each.code, each.subject) for each in found] == [
        ("file_altered", "ops/reconciliation-0001.json"),
        ("file_missing", "ops/reconciliation-0002.json"),
    ]


def test_what_was_observed_is_kept_so_that_it_can_be_compared_again(run: RunDirectory, held: Holdings, tmp_path: Path) -> None:
    name, first = reconcile_run(run, asked(flat(held)), by=BY, pause=never)
    kept = json.loads((run.ops_folder / name).read_bytes())
    path = tmp_path / "seen.json"
    path.write_text(json.dumps(kept["observed"]), encoding="utf-8")
    _, second = reconcile_run(run, file_source(path), by=BY, pause=never)
    assert second.findings == first.findings
    assert (second.source, second.source_name) == ("file", str(path))


def test_a_venue_that_cannot_be_asked_is_unknown_and_kept(run: RunDirectory) -> None:
    name, document = reconcile_run(run, asked(Unknown("it does not answer")), by=BY, pause=never)
    assert document.verdict == "unknown"
    assert document.unknown["positions"] == "it does not answer"
    assert document.observed is None
    assert json.loads((run.ops_folder / name).read_bytes())["observed"] is None


def test_the_nodes_cache_is_a_third_column(run: RunDirectory, held: Holdings) -> None:
    _, document = reconcile_run(run, asked(held), by=BY, cached=lambda: flat(held), pause=never)
    assert [(row.verdict, row.cached) for row in document.rows] == [("matched", "missing")]
    assert [each.code for each in document.findings] == ["cache_differs"]


def test_what_the_cache_held_is_kept_beside_what_the_venue_said(run: RunDirectory, held: Holdings) -> None:
    name, document = reconcile_run(run, asked(held), by=BY, cached=lambda: flat(held), pause=never)
    kept = json.loads((run.ops_folder / name).read_bytes())
    assert (len(kept["observed"]["positions"]), kept["cached"]["positions"]) == (1, [])
    assert kept["cached_counts"]["positions"] == {"matched": 0, "missing": 1, "unexpected": 0, "differs": 0, "unknown": 0}
    assert document.notes == ()


def test_a_node_that_does_not_answer_gives_no_third_column_and_a_note(run: RunDirectory, held: Holdings) -> None:
    _, document = reconcile_run(run, asked(held), by=BY, cached=lambda: Unknown("it is busy"), pause=never)
    assert (document.verdict, document.cached, document.cached_counts) == ("clean", None, {})
    assert document.notes == ("the node's cache is not compared: it is busy",)


def test_what_a_source_or_a_cache_states_that_cannot_be_is_unknown(run: RunDirectory, held: Holdings) -> None:
    assert isinstance(held.orders, tuple)
    odd = replace(held, orders=(*held.orders, replace(held.orders[0], key="O-99", venue_order_id="V-99", status="WEIRD")))
    name, document = reconcile_run(run, asked(odd), by=BY, pause=never)
    assert (document.verdict, document.unknown) == ("unknown", {"orders": "the venue states what cannot be, at orders[4].status"})
    assert document.counts["fills"]["matched"] == 2
    assert [each.artifact for each in kept_reconciliations(run) if each.document is not None] == [name]
    _, document = reconcile_run(run, asked(replace(held, fills_from_ns=-1)), by=BY, pause=never)
    assert set(document.unknown.values()) == {"the venue states times that cannot be"}
    _, document = reconcile_run(run, asked(held), by=BY, cached=lambda: odd, pause=never)
    assert (document.verdict, document.cached_counts["orders"]["matched"]) == ("clean", 0)


def test_what_was_found_is_heeded_and_told_even_when_no_disk_takes_it(run: RunDirectory, held: Holdings) -> None:
    run.ops_folder.write_text("a file stands where the folder is to be")
    heeded: list[str] = []
    with pytest.raises(ArtifactError, match="it came to 'found', with 1 findings, and is not kept"):
        reconcile_run(run, asked(flat(held)), by=BY, heed=lambda document: heeded.append(document.verdict), pause=never)
    assert heeded == ["found"]


def healing(run: RunDirectory, at_ns: int, until_ns: int | None) -> None:
    """Record that the run's node was asked to heal, and when it answered."""
    append_fact(run, HealRequested(at_ns=at_ns, tc="0", position=1, findings=1))
    if until_ns is not None:
        append_fact(run, RunHealed(at_ns=until_ns, tc="0", is_healed=True))


@pytest.mark.parametrize(
    ("before_s", "after_s", "verdict"),
    [
        (1, 1, "clean"),
        (0, 0, "clean"),
        (2, -1, "found"),
        (-1, 2, "found"),
        (HEALS_WITHIN_S, None, "clean"),
        (HEALS_WITHIN_S + 1, None, "found"),
        (HEALS_WITHIN_S + 1, 5, "found"),
    ],
)
def test_a_fill_that_was_guessed_is_missed_unless_it_was_while_the_run_was_healed(
    tmp_path: Path, venue: Venue, held: Holdings, before_s: int, after_s: int | None, verdict: str
) -> None:
    guessed = venue.accepted("BUY", "0.5")
    fill = venue.fill(guessed, source="compat")
    run = make_run(tmp_path, entries=venue.entries, configuration=venue.configuration)
    seen = holdings_after(venue.entries, venue.configuration)
    assert isinstance(seen.fills, tuple)
    unstated = replace(seen, fills=tuple(each for each in seen.fills if each.trade_id != fill.trade_id))
    healing(run, fill.at_ns - before_s * 10**9, None if after_s is None else fill.at_ns + after_s * 10**9)
    _, document = reconcile_run(run, asked(unstated), by=BY, pause=never)
    assert (document.verdict, document.invented) == (verdict, int(verdict == "clean"))


def test_a_crashed_run_is_compared_up_to_its_torn_line(tmp_path: Path, venue: Venue, held: Holdings) -> None:
    run = make_run(tmp_path, entries=venue.entries, configuration=venue.configuration, seal=False)
    with run.journal.open("ab") as journal:
        journal.write(b'{"digest":"01')
    _, document = reconcile_run(run, asked(held), by=BY, pause=never)
    assert document.verdict == "clean"
    assert document.notes == (
        f"journal.jsonl line {len(venue.entries) + 1} is damaged (torn_line): compared up to the line before",
    )


def test_a_sealed_journal_that_was_altered_says_nothing(run: RunDirectory, held: Holdings) -> None:
    run.journal.write_bytes(run.journal.read_bytes().replace(b'"BUY"', b'"SELL"'))
    with pytest.raises(ArtifactError, match="sealed journal that was altered"):
        reconcile_run(run, asked(held), by=BY, pause=never)
    assert read_facts(run) == ()


def test_a_journal_that_goes_on_behind_an_altered_line_says_nothing(tmp_path: Path, venue: Venue, held: Holdings) -> None:
    run = make_run(tmp_path, entries=venue.entries, configuration=venue.configuration, seal=False)
    run.journal.write_bytes(run.journal.read_bytes().replace(b'"BUY"', b'"SELL"'))
    with RunLock(run), pytest.raises(ArtifactError, match="what the run holds is not known from it"):
        reconcile_run(run, asked(held), by=BY, pause=never)
    assert read_facts(run) == ()


def test_an_entry_that_breaks_a_rule_ends_what_is_compared(tmp_path: Path, venue: Venue, held: Holdings) -> None:
    venue.emit(venue.entries[0].event)
    run = make_run(tmp_path, entries=venue.entries, configuration=venue.configuration, status="failed")
    _, document = reconcile_run(run, asked(held), by=BY, pause=never)
    assert (document.verdict, document.entries) == ("clean", len(venue.entries) - 1)
    assert "breaks a rule" in document.notes[0]


@pytest.fixture
def trading(tmp_path: Path) -> Iterator[tuple[RunDirectory, Venue, JournalWriter]]:
    """Yield a run that is being written, its venue, and what writes its journal."""
    venue = played()
    run = make_run(tmp_path, entries=venue.entries, configuration=venue.configuration, seal=False)
    end = scan_journal(run.journal).end
    with RunLock(run), JournalWriter(run.journal, resume_at=end) as journal:
        yield run, venue, journal


def written(venue: Venue, journal: JournalWriter, since: int) -> None:
    for entry in venue.entries[since:]:
        journal.append(entry)
    journal.flush()


def test_what_was_in_flight_comes_right_when_the_journal_is_read_once_more(
    trading: tuple[RunDirectory, Venue, JournalWriter],
) -> None:
    run, venue, journal = trading
    since = len(venue.entries)
    venue.accepted("BUY", "5.0")
    at_venue = holdings_after(venue.entries, venue.configuration)
    _, document = reconcile_run(run, asked(at_venue), by=BY, pause=lambda _: written(venue, journal, since))
    assert (document.verdict, document.looks, document.in_flight) == ("clean", 1, 0)
    assert document.entries == len(venue.entries)


def test_something_else_in_flight_at_every_look_is_no_finding_but_what_stays_is(
    trading: tuple[RunDirectory, Venue, JournalWriter],
) -> None:
    run, venue, journal = trading
    written_up_to = len(venue.entries)
    answers = []
    for _ in range(MOST_IN_ALL):
        venue.accepted("BUY", "5.0")
        answers.append(replace(holdings_after(venue.entries, venue.configuration), positions=()))
    ends = [written_up_to + 3 * number for number in range(1, MOST_IN_ALL)]

    def write_next() -> Holdings:
        """Answer with one order more; the one of the answer before is written only now."""
        nonlocal written_up_to
        if len(answers) < MOST_IN_ALL:
            end = ends.pop(0)
            for entry in venue.entries[written_up_to:end]:
                journal.append(entry)
            journal.flush()
            written_up_to = end
        return answers.pop(0)

    _, document = reconcile_run(run, Source("venue", "it", write_next), by=BY, pause=lambda _: None)
    assert (document.looks, document.in_flight) == (MOST_IN_ALL, 1)
    assert [each.code for each in document.findings] == ["position_missing"]
    assert ends == []


def test_what_was_right_first_and_stays_wrong_afterwards_is_found(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, _ = trading
    held = holdings_after(venue.entries, venue.configuration)
    answers = [replace(held, balances=()), *[flat(held)] * MOST_LOOKS]
    _, document = reconcile_run(run, asked(*answers), by=BY, pause=lambda _: None)
    assert (document.verdict, document.looks, document.in_flight) == ("found", 1 + MOST_LOOKS, 0)
    assert [each.code for each in document.findings] == ["position_missing"]


def test_a_difference_that_stays_is_found_while_the_run_is_written(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, _ = trading
    seen = replace(holdings_after(venue.entries, venue.configuration), positions=(HeldPosition("BTCUSDT.X", Decimal(9)),))
    pauses: list[float] = []
    _, document = reconcile_run(run, asked(*[seen] * MOST_LOOKS), by=BY, pause=pauses.append)
    assert [each.code for each in document.findings] == ["position_differs"]
    assert len(pauses) == MOST_LOOKS * MOST_PAUSES


def test_a_node_that_once_did_not_answer_is_not_asked_again(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, _ = trading
    seen = flat(holdings_after(venue.entries, venue.configuration))
    answers: list[str] = []

    def silent() -> Unknown:
        answers.append("")
        return Unknown("it is busy")

    _, document = reconcile_run(run, asked(*[seen] * MOST_LOOKS), by=BY, cached=silent, pause=lambda _: None)
    assert (document.looks, len(answers)) == (MOST_LOOKS, 1)
    assert document.notes == ("the node's cache is not compared: it is busy",)


def test_what_only_the_cache_had_wrong_for_a_moment_was_in_flight(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, _ = trading
    held = holdings_after(venue.entries, venue.configuration)
    answers = iter((flat(held), held))
    _, document = reconcile_run(run, asked(held, held), by=BY, cached=lambda: next(answers), pause=lambda _: None)
    assert (document.verdict, document.looks) == ("clean", 2)


def test_what_happened_while_the_venue_was_read_is_no_difference_however_often(
    trading: tuple[RunDirectory, Venue, JournalWriter],
) -> None:
    run, venue, journal = trading

    def observe() -> Holdings:
        since = len(venue.entries)
        venue.fill(venue.accepted("BUY", "1.0"))
        seen = holdings_after(venue.entries, venue.configuration)
        written(venue, journal, since)
        return seen

    for _ in range(3):
        _, document = reconcile_run(run, Source("venue", "it", observe), by=BY, pause=never)
        assert (document.verdict, document.looks) == ("clean", 1)
        assert document.entries == len(venue.entries)


def test_a_source_may_be_of_any_moment_while_it_is_asked(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, journal = trading

    def observe() -> Holdings:
        since = len(venue.entries)
        venue.fill(venue.accepted("BUY", "1.0"))
        seen = holdings_after(venue.entries, venue.configuration)
        venue.now += 1_000_000
        venue.fill(venue.accepted("BUY", "2.0"))
        written(venue, journal, since)
        return seen

    _, document = reconcile_run(run, Source("venue", "it", observe), by=BY, pause=never)
    assert (document.verdict, document.looks) == ("clean", 1)


def test_the_last_look_at_a_run_that_has_ended_meanwhile_counts_alone(tmp_path: Path) -> None:
    venue = played()
    run = make_run(tmp_path, entries=venue.entries, configuration=venue.configuration, seal=False)
    held = holdings_after(venue.entries, venue.configuration)
    answers = [replace(held, balances=()), flat(held)]
    with ExitStack() as stack:
        stack.enter_context(RunLock(run))

        def observe() -> Holdings:
            assert is_active(run) == (len(answers) == 2)
            return answers.pop(0)

        def end(_seconds: float) -> None:
            stack.close()

        _, document = reconcile_run(run, Source("venue", "it", observe), by=BY, pause=end)
    assert [each.code for each in document.findings] == ["position_missing"]


def test_a_run_that_was_compared_before_is_folded_on_and_read_no_second_time(
    trading: tuple[RunDirectory, Venue, JournalWriter],
) -> None:
    run, venue, journal = trading
    expected = Expected(run)
    reconcile_run(run, asked(holdings_after(venue.entries, venue.configuration)), by=BY, expected=expected, pause=never)
    since = len(venue.entries)
    venue.fill(venue.accepted("SELL", "1.0"))
    written(venue, journal, since)
    data = run.journal.read_bytes()
    first = data.index(b"\n") + 1
    run.journal.write_bytes(b"x" * (first - 1) + data[first - 1 :])
    seen = holdings_after(venue.entries, venue.configuration)
    _, document = reconcile_run(run, asked(seen), by=BY, expected=expected, pause=never)
    assert (document.verdict, document.entries, document.notes) == ("clean", len(venue.entries), ())


def test_a_file_is_looked_at_once_even_while_the_run_is_written(
    trading: tuple[RunDirectory, Venue, JournalWriter], tmp_path: Path
) -> None:
    run, venue, _ = trading
    path = tmp_path / "seen.json"
    path.write_bytes(msgspec.json.encode(observed_document(flat(holdings_after(venue.entries, venue.configuration)))))
    _, document = reconcile_run(run, file_source(path), by=BY, pause=never)
    assert (document.verdict, document.looks) == ("found", 1)


@pytest.mark.parametrize("content", [None, b"{", b'{"observed_version":1,"orders":5}'])
def test_a_file_that_is_no_such_document_stops_before_anything_is_written(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "seen.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DocumentError, match=r"seen\.json"):
        file_source(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "seen.json")
    with pytest.raises(DocumentError, match="it is no regular file"):
        file_source(tmp_path / "seen.json")


RECONCILER = """
import sys
from pathlib import Path
from tc.checks.reconcile import Unknown
from tc.flows.reconciliation.comparing import Source
from tc.flows.reconciliation.reconcile import reconcile_run
from tc.flows.witness import Witness
from tc.store.layout import RunDirectory

for _ in range(5):
    source = Source("venue", "nowhere", lambda: Unknown("nobody is there"))
    print(reconcile_run(RunDirectory(Path(sys.argv[1])), source, by=Witness(1, "0", None))[0])
"""


def test_processes_that_reconcile_at_once_keep_an_artifact_each(run: RunDirectory, tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", RECONCILER, str(run.path)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    names = [name for process in processes for name in process.communicate(timeout=60)[0].split()]
    assert sorted(names) == [f"reconciliation-{number:04d}.json" for number in range(1, 21)]
    assert verify_run(run, data_root=tmp_path).findings == ()
    assert len(kept_reconciliations(run)) == 20
