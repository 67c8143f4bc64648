"""Claims about comparing a run that never stands still: nothing is found that is not there, and what is there is found."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from busy_run import BusyRun
from fakes import make_run, run_configuration
from streams import Venue
from tc.flows.reconciliation.comparing import Source
from tc.flows.reconciliation.expected import Expected
from tc.flows.reconciliation.reconcile import reconcile_run
from tc.flows.witness import Witness
from tc.reports.reconciliation import ReconciliationDocument
from tc.store.journal import JournalWriter, scan_journal
from tc.store.lock import RunLock

BY = Witness(at_ns=7, tc="0", user="someone")
COMPARISONS = 100
FOUND_WITHIN = 25
"""So many comparisons may pass until a change of the position is found at ten fills a second: it comes back by chance."""


def walk(choice: random.Random, _number: int) -> str:
    return choice.choice(("BUY", "SELL"))


def to_and_fro(_choice: random.Random, number: int) -> str:
    return "BUY" if number % 2 == 0 else "SELL"


@contextmanager
def busy(
    folder: Path, sides: Callable[[random.Random, int], str]
) -> Iterator[tuple[BusyRun, Callable[[], ReconciliationDocument]]]:
    """Yield a run that trades all the time, and what compares it."""
    venue = Venue(run_configuration())
    run = make_run(folder, entries=venue.entries, configuration=venue.configuration, seal=False)
    with RunLock(run), JournalWriter(run.journal, resume_at=scan_journal(run.journal).end) as journal:
        trading = BusyRun(venue, journal, seed=4, sides=sides)
        expected = Expected(run)
        source = Source("venue", "it", trading.observe)
        trading.trade(20)
        trading.catch_up()

        def compare() -> ReconciliationDocument:
            return reconcile_run(run, source, by=BY, expected=expected, pause=trading.pause)[1]

        yield trading, compare


@pytest.mark.parametrize("sides", [walk, to_and_fro])
def test_nothing_is_found_in_a_busy_run_that_is_right(tmp_path: Path, sides: Callable[[random.Random, int], str]) -> None:
    with busy(tmp_path, sides) as (trading, compare):
        documents = [compare() for _ in range(COMPARISONS)]
    assert [each.findings for each in documents if each.verdict != "clean"] == []
    assert trading.fills > 200


@pytest.mark.parametrize("sides", [walk, to_and_fro])
@pytest.mark.parametrize("change", [1, -1])
def test_a_silent_change_of_the_balance_is_found_by_the_first_comparison_of_a_busy_run(
    tmp_path: Path, sides: Callable[[random.Random, int], str], change: int
) -> None:
    with busy(tmp_path, sides) as (trading, compare):
        assert compare().verdict == "clean"
        trading.silently_owned = Decimal(change)
        assert [each.code for each in compare().findings] == ["balance_differs"]


@pytest.mark.parametrize("sides", [walk, to_and_fro])
@pytest.mark.parametrize("change", [1, -1])
def test_a_silent_change_of_the_position_by_one_fill_is_found_while_the_run_stays_busy(
    tmp_path: Path, sides: Callable[[random.Random, int], str], change: int
) -> None:
    with busy(tmp_path, sides) as (trading, compare):
        assert compare().verdict == "clean"
        trading.silently_held = Decimal(change)
        found = next(document for document in (compare() for _ in range(FOUND_WITHIN)) if document.verdict == "found")
    assert {each.subject for each in found.findings} == {"position BTCUSDT.X"}
