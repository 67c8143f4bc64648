"""Run directories with a tape of given rows: the journal refers to them as a live node's does."""

from collections.abc import Sequence
from pathlib import Path

from fakes import make_run, run_configuration
from streams import START_NS
from tc.core import EventStreamEntry, ProcessingPosition
from tc.core.events import STREAM_SCHEMA, MarketDataRows, RunStarted
from tc.data.tape.encoding import block_bytes
from tc.store.layout import RunDirectory, runs_root
from tc.store.tape import RunTape, TapeEvent, TapeLimits, TapeRow

BTC = "BTCUSDT-PERP.BINANCE"
SCALE = 10**16


def quote(at_ns: int, number: int = 1, instrument_id: str = BTC) -> TapeRow:
    """Return a quote at a stamp."""
    price = number * SCALE
    return TapeRow("quotes", instrument_id, (price, price + SCALE, SCALE, 2 * SCALE, at_ns, at_ns))


def trade(at_ns: int, number: int = 1) -> TapeRow:
    """Return a trade at a stamp."""
    return TapeRow("trades", BTC, (number * SCALE, SCALE, 1, f"t{number}", at_ns, at_ns))


def level(at_ns: int, number: int = 1) -> TapeRow:
    """Return a level of the book at a stamp."""
    return TapeRow("book", BTC, (1, 1, number * SCALE, SCALE, 0, 0, number, at_ns, at_ns))


def taped_run(
    root: Path,
    rows: Sequence[TapeRow],
    *,
    run_id: str = "taped-run",
    block_rows: int = 10,
    max_bytes: int | None = None,
    unwritten: int = 0,
    seal: bool = True,
) -> RunDirectory:
    """Write a run that saw these rows, and ``unwritten`` more after its last block."""
    limits = TapeLimits(block_rows=block_rows, max_bytes=max_bytes)
    tape = RunTape(runs_root(root) / run_id / "tape", "tape", encode=block_bytes, limits=limits, clock=lambda: START_NS)
    configuration = run_configuration()
    events: list[TapeEvent] = []

    def write(run: RunDirectory) -> None:
        for row in rows:
            tape.append(row)
        assert list(tape.close()) == events

    # The blocks' digests are known before the journal is written: the same rows make the same bytes.
    spare = RunTape(root / "spare", "tape", encode=block_bytes, limits=limits, clock=lambda: START_NS)
    root.mkdir(parents=True, exist_ok=True)
    for row in rows:
        spare.append(row)
    events += spare.close()
    seen = MarketDataRows(START_NS, "tape", 0, len(rows) + unwritten - 1)
    stream = [RunStarted(START_NS, STREAM_SCHEMA, configuration.fingerprint), seen, *events]
    positions = [1, 2, *(len(rows) + unwritten + 2 + n for n in range(len(events)))]
    entries = [EventStreamEntry(ProcessingPosition(at), event) for at, event in zip(positions, stream, strict=True)]
    return make_run(root, run_id, configuration=configuration, entries=entries, before_seal=write, seal=seal)
