"""Claims about reconciling runs on disk: sealed, crashed and being written; and about what is kept of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
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
from tc.flows.reconcile import MOST_LOOKS, Source, file_source, kept_reconciliations, reconcile_run
from tc.flows.verify import verify_run
from tc.flows.witness import Witness
from tc.store.facts import RunReconciled
from tc.store.journal import JournalWriter, scan_journal
from tc.store.layout import RunDirectory
from tc.store.lock import RunLock
from tc.store.ops import read_facts

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


def test_what_was_in_flight_comes_right_in_another_look(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, journal = trading
    since = len(venue.entries)
    venue.accepted("BUY", "5.0")
    at_venue = holdings_after(venue.entries, venue.configuration)
    _, document = reconcile_run(run, asked(at_venue, at_venue), by=BY, pause=lambda _: written(venue, journal, since))
    assert (document.verdict, document.looks, document.in_flight) == ("clean", 2, 0)
    assert document.entries == len(venue.entries)


def test_something_else_in_flight_at_every_look_is_no_finding_but_what_stays_is(
    trading: tuple[RunDirectory, Venue, JournalWriter],
) -> None:
    run, venue, journal = trading
    written_up_to = len(venue.entries)
    answers = []
    for _ in range(MOST_LOOKS):
        venue.accepted("BUY", "5.0")
        answers.append(replace(holdings_after(venue.entries, venue.configuration), positions=()))
    ends = [written_up_to + 3 * number for number in range(1, MOST_LOOKS)]

    def write_next(_seconds: float) -> None:
        nonlocal written_up_to
        end = ends.pop(0)
        for entry in venue.entries[written_up_to:end]:
            journal.append(entry)
        journal.flush()
        written_up_to = end

    _, document = reconcile_run(run, asked(*answers), by=BY, pause=write_next)
    assert (document.looks, document.in_flight) == (MOST_LOOKS, 1)
    assert [each.code for each in document.findings] == ["position_missing"]
    assert ends == []


def test_a_difference_that_stays_is_found_while_the_run_is_written(trading: tuple[RunDirectory, Venue, JournalWriter]) -> None:
    run, venue, _ = trading
    seen = replace(holdings_after(venue.entries, venue.configuration), positions=(HeldPosition("BTCUSDT.X", Decimal(9)),))
    pauses: list[float] = []
    _, document = reconcile_run(run, asked(*[seen] * MOST_LOOKS), by=BY, pause=pauses.append)
    assert [each.code for each in document.findings] == ["position_differs"]
    assert len(pauses) == MOST_LOOKS - 1


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


RECONCILER = """
import sys
from pathlib import Path
from tc.checks.reconcile import Unknown
from tc.flows.reconcile import Source, reconcile_run
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
