"""Claims about the prices that a report takes from its run's own tape: those that the journal names and proves, or none."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from taped_runs import BTC, quote, taped_run
from tc.data.tape.prices import tape_candles
from tc.flows.runs.taped_prices import taped_prices
from tc.reports.candles import NANOS, Candles
from tc.store.journal import scan_journal
from tc.store.layout import RunDirectory
from tc.store.tape import block_path

START_NS = 1_700_000_000 * NANOS
INSTRUMENT = {"instrument": {"id": BTC, "price_precision": 1}}


def draw(blocks: Iterable[tuple[str, bytes]], instrument_id: str, precision: int) -> Candles | None:
    return tape_candles(blocks, instrument_id=instrument_id, precision=precision)


def prices(run: RunDirectory, document: dict[str, object] = INSTRUMENT) -> Candles | None:
    return taped_prices(run, document, draw, entries=scan_journal(run.journal).entries)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return taped_run(tmp_path, [quote(START_NS + number * NANOS, number) for number in range(1, 26)])


def test_every_block_that_the_journal_names_is_drawn(run: RunDirectory) -> None:
    found = prices(run)
    assert found is not None
    assert (found.rows, found.closes[0], found.closes[-1]) == (25, 150, 2550)


def test_of_a_torn_journal_the_whole_entries_count(run: RunDirectory) -> None:
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[:4]) + lines[4][:20])
    found = prices(run)
    assert found is not None
    assert found.rows == 20


@pytest.mark.parametrize("data", [None, b"altered"])
def test_a_block_that_is_missing_or_altered_leaves_no_price(run: RunDirectory, data: bytes | None) -> None:
    block_path(run.tape, 2).unlink() if data is None else block_path(run.tape, 2).write_bytes(data)
    assert prices(run) is None


@pytest.mark.parametrize("document", [{}, {"instrument": BTC}, {"instrument": {"id": BTC}}])
def test_a_configuration_that_does_not_say_what_is_traded_leaves_no_price(run: RunDirectory, document: dict[str, object]) -> None:
    assert prices(run, document) is None
