"""What recording costs: a backtest with the recorder, journal and fold against the bare engine, alternating in one process.

Prints one JSON object. Both play the same rows, decoded beforehand, with the same strategy and the same engine settings.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from real_data import real_klines

from tc.core import CoreConfiguration, EventStreamEntry
from tc.core.events import STREAM_SCHEMA, MarketDataRows, RunStarted
from tc.data.importing import import_files
from tc.data.sample import prepare_sample
from tc.data.target import ImportTarget
from tc.engines.nautilus.backtest import make_engine
from tc.engines.nautilus.gate import Gate
from tc.engines.nautilus.playing import end, play
from tc.engines.nautilus.recorder import Recorder
from tc.engines.nautilus.rows import chunks
from tc.engines.nautilus.strategies import load_strategy
from tc.ports import BacktestRequest
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document
from tc.spec.library import load_instrument
from tc.spec.parse import load_run_spec
from tc.store.dataset import load_dataset
from tc.store.decisions import DecisionWriter
from tc.store.journal import JournalWriter

REPOSITORY = Path(__file__).resolve().parent.parent
EVENTS_PER_ROW = "the strategy's step_every is chosen so that about one event is recorded for every ten rows"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="pairs of runs of each workload; medians are reported")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workloads = {"ticks": ticks(Path(folder)), "bars": bars(Path(folder))}
        measured = {
            name: measure(request, Path(folder), arguments.rounds) for name, request in workloads.items() if request is not None
        }
    print(json.dumps({"note": EVENTS_PER_ROW, **measured}, indent=2))


def ticks(folder: Path, *overrides: str) -> BacktestRequest:
    """Return the packaged scenario on the packaged trades and quotes: rows that cost the engine little."""
    prepare_sample("btcusdt-sample", folder)
    return _request("btcusdt_ticks_smoke", folder, "strategy.parameters.step_every=19", *overrides)


def bars(folder: Path, *overrides: str) -> BacktestRequest | None:
    """Return the packaged scenario on a month of real one-minute bars, where the folder of test data is there."""
    file = real_klines()
    if file is None:
        return None
    if not (folder / "klines").exists():
        target = ImportTarget("FILUSDT-PERP.BINANCE", "FILUSDT", price_precision=3, size_precision=1)
        import_files([file], target, data_root=folder, dataset_id="klines")
    return _request(
        "ops_smoke_demo",
        folder,
        "instrument=FILUSDT-PERP.BINANCE",
        "data.dataset=klines",
        "strategy.parameters={trade_size: '10', step_every: 27}",
        "venue.starting_balances=['10000000 USDT']",
        "operations=[]",
        *(overrides or ("gate=off",)),
    )


def _request(name: str, folder: Path, *overrides: str) -> BacktestRequest:
    path = REPOSITORY / "specs" / f"{name}.yaml"
    spec = load_run_spec(path, overrides=overrides)
    return BacktestRequest(
        spec, load_instrument(spec.instrument, search=()), load_dataset(folder, spec.played.dataset), path.parent
    )


def measure(request: BacktestRequest, folder: Path, rounds: int) -> dict[str, object]:
    """Return the figures of so many pairs of runs."""
    played = list(chunks(request.dataset, start_ns=None, end_ns=None))
    rows = sum(map(len, played))
    bare, recorded, events, entries = [], [], 0, 0
    for number in range(-1, rounds):  # the first pair warms up
        before = _bare(request, played)
        seconds, entries, events = recorded_run(request, played, folder / f"journal-{request.spec.name}-{number}.jsonl")
        if number >= 0:
            bare.append(before)
            recorded.append(seconds)
    ratios = [with_us / alone for with_us, alone in zip(recorded, bare, strict=True)]
    extra = statistics.median(recorded) - statistics.median(bare)
    return {
        "rows": rows,
        "recorded_events": events,
        "journal_entries": entries,
        "events_per_row": round(events / rows, 4),
        "bare_cpu_s": round(statistics.median(bare), 4),
        "recorded_cpu_s": round(statistics.median(recorded), 4),
        "ratio": round(statistics.median(recorded) / statistics.median(bare), 4),
        "ratio_of_minima": round(min(recorded) / min(bare), 4),
        "ratio_of_pairs_median": round(statistics.median(ratios), 4),
        "ratios": [round(ratio, 4) for ratio in ratios],
        "microseconds_per_event": round(extra / events * 1e6, 2),
        "rounds": rounds,
    }


def _bare(request: BacktestRequest, played: list[list[Any]]) -> float:
    engine = make_engine(request, _strategy(request))
    gc.collect()
    started = time.process_time()
    for number, chunk in enumerate(played):
        play(engine, chunk, None if number else chunk[0].ts_init)
    end(engine)
    seconds = time.process_time() - started
    engine.dispose()
    return seconds


def recorded_run(request: BacktestRequest, played: list[list[Any]], path: Path) -> tuple[float, int, int]:
    """Play the rows as a run does, behind the gate where the spec has one; return CPU seconds, and how much was recorded."""
    engine = make_engine(request, _strategy(request))
    core = core_document(request.spec, request.instrument)
    configuration = CoreConfiguration.from_document({"configuration_version": 2, "core": core})
    entries = events = 0

    with (
        JournalWriter(path) as journal,
        DecisionWriter(path.with_suffix(".decisions"), journal_flush=journal.flush) as decisions,
    ):

        def append(entry: EventStreamEntry) -> None:
            nonlocal entries, events
            entries += 1
            events += type(entry.event) is not MarketDataRows
            journal.append(entry)

        stream = EventStream(configuration, append=append, checkpoint=_forget, checkpoint_every=100_000, decided=decisions.append)
        stream.emit(RunStarted(played[0][0].ts_init, STREAM_SCHEMA, configuration.fingerprint))
        recorder = Recorder(
            engine, stream.emit, dataset=request.dataset.fingerprint, first_row=0, is_waiting=lambda: stream.is_waiting
        )
        recorder.attach()
        gate = None if configuration.gate is None else Gate(engine, recorder, stream, mode=configuration.gate.mode)
        if gate is not None:
            gate.attach()
        gc.collect()
        started = time.process_time()
        for number, chunk in enumerate(played):
            recorder.begin_chunk(chunk)
            play(engine, chunk, None if number else chunk[0].ts_init)
        end(engine)
        if gate is not None:
            gate.detach()
        recorder.detach()
        journal.flush()
        decisions.flush()
        seconds = time.process_time() - started
    engine.dispose()
    return seconds, entries, events


def _strategy(request: BacktestRequest) -> Any:  # noqa: ANN401 - Nautilus has no types
    return load_strategy(request, ())[0]


def _forget(position: int, digest: str) -> None:
    """Keep no checkpoint."""


if __name__ == "__main__":
    main()
