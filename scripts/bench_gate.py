"""What the gate costs: a backtest behind it, on or observing, against the same with recording only, alternating in one process.

Prints one JSON object. All play the same rows, decoded beforehand, with the same strategy; the limits deny nothing and the rate
holds nothing, so that the same orders are sent.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench_recording import bars, recorded_run, ticks

from tc.engines.nautilus.rows import chunks
from tc.ports import BacktestRequest

LIMITS = {
    "max_order_quantity": '"100000"',
    "max_order_notional": '"10000000"',
    "max_position": '"1000000"',
    "max_gross_exposure": '"100000000"',
    "price_collar": '"0.5"',
    "reference_max_age_s": "3600",
    "duplicate_window_s": '"0.001"',
    "throttle": "{executions: 10000, window_s: 60}",
    "max_daily_messages": "1000000",
    "session": '{start: "00:00", end: "24:00"}',
}
GATE = (
    f"risk={{{', '.join(f'{name}: {value}' for name, value in LIMITS.items())}}}",
    "execution.rate={messages: 100, period_s: 1, burst: 100}",
    "timing={acknowledgement_timeout_s: 10, stale_feed_s: 600, heartbeat_s: 3600, kill_switch_review_s: 3600}",
)


def packaged(folder: Path, *overrides: str) -> BacktestRequest:
    """Return the packaged scenario on the packaged trades and quotes as its spec has it: a command for about 110 rows."""
    return ticks(folder, "strategy.parameters.step_every=50", *overrides)


WORKLOADS: dict[str, Callable[..., BacktestRequest | None]] = {"packaged": packaged, "busy_ticks": ticks, "bars": bars}
MODES = {"recording": (), "observe": ("gate=observe", *GATE), "on": ("gate=on", *GATE)}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="runs of each kind; medians of the rounds' ratios are reported")
    parser.add_argument("--workload", choices=WORKLOADS, help="which one; left out, all")
    arguments = parser.parse_args()
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, workload in WORKLOADS.items():
            if arguments.workload in {None, name}:
                requests = {mode: workload(Path(folder), *overrides) for mode, overrides in MODES.items()}
                found[name] = _measured({mode: each for mode, each in requests.items() if each}, Path(folder), arguments.rounds)
    print(json.dumps({"benchmark": "gate", **{name: each for name, each in found.items() if each}}, indent=2))


def _measured(requests: dict[str, BacktestRequest], folder: Path, rounds: int) -> dict[str, object]:
    """Return the figures of so many rounds, each of one run of every kind; none where there is no data."""
    if not requests:
        return {}
    played = list(chunks(requests["recording"].dataset, start_ns=None, end_ns=None))
    seconds: dict[str, list[float]] = {mode: [] for mode in requests}
    events: dict[str, int] = {}
    decisions = 0
    for number in range(-1, rounds):  # the first round warms up
        for mode, request in requests.items():
            journal = folder / f"{mode}-{request.spec.name}-{number}.jsonl"
            took, _, events[mode] = recorded_run(request, played, journal)
            decisions = journal.with_suffix(".decisions").read_bytes().count(b"\n")
            for written in (journal, journal.with_suffix(".decisions")):
                written.unlink()
            if number >= 0:
                seconds[mode].append(took)
    bare = seconds["recording"]
    return {
        "rows": sum(map(len, played)),
        "rounds": rounds,
        "recording_cpu_s": round(min(bare), 4),
        "events": events,
        "decisions": decisions,
        **{
            mode: {
                "ratio_of_minima": round(min(took) / min(bare), 4),
                "ratio_of_rounds_median": round(statistics.median(one / other for one, other in zip(took, bare, strict=True)), 4),
                "microseconds_per_decision": round((min(took) - min(bare)) / decisions * 1e6, 2),
            }
            for mode, took in seconds.items()
            if mode != "recording"
        },
    }


if __name__ == "__main__":
    main()
