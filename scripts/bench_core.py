"""Steps of the Core per second behind a gate, on market events and on order events; prints one JSON object.

Market events are observations of the best bid and ask. Order events are what becomes of orders at the venue: submitted,
accepted, pending cancel, cancelled, filled; all of them as they come ("order"), and each kind by itself.
A stream is played several times, in batches of few entries, of which each counts with its fastest time.
"""

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from gated_stream import CONFIGURATION, ORDER_EVERY_NS, life, observation, start
from realistic_stream import START_NS

from tc.core import INITIAL, EventStreamEntry, ProcessingPosition, State, fold_event_stream_entries, step_event_entry
from tc.core.events import (
    Event,
    MarketObserved,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderSubmitted,
    SubmitRequested,
)
from tc.store.journal import JournalWriter

OPEN_ORDERS = (0, 10, 1_000)
BATCH = 64
NAMES: dict[type, str] = {
    MarketObserved: "market",
    OrderSubmitted: "order_submitted",
    OrderAccepted: "order_accepted",
    OrderPendingCancel: "order_pending_cancel",
    OrderCanceled: "order_canceled",
    OrderFilled: "order_filled",
    OrderInitialized: "terms",
    SubmitRequested: "submit_request",
}
OF_LIVES: dict[str, frozenset[str]] = {
    "order": frozenset(name for name in NAMES.values() if name.startswith("order_")),
    **{name: frozenset({name}) for name in NAMES.values() if name != "market"},
}
OF_MARKET = {"market": frozenset({"market"})}
type Append = Callable[[EventStreamEntry], object]
type Batch = tuple[str, list[EventStreamEntry]]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000, help="orders that live and end while it is measured")
    parser.add_argument("--history", type=int, default=200_000, help="orders that ended before the long history is measured")
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is repeated")
    arguments = parser.parse_args()
    figures: dict[str, object] = {}
    for resting in OPEN_ORDERS:
        state = _folded(INITIAL, start(resting))
        figures[f"open_orders_{resting}"] = _measured(state, 0, arguments.orders, arguments.rounds)
    state = _folded(_folded(INITIAL, start(0)), _lives(0, arguments.history))
    figures["long_history"] = _measured(state, arguments.history, arguments.orders, arguments.rounds)
    print(json.dumps({"benchmark": "core", "orders": arguments.orders, "history": arguments.history, **figures}))


def _lives(first: int, count: int) -> Iterator[Event]:
    for number in range(first, first + count):
        at_ns = START_NS + number * ORDER_EVERY_NS
        yield observation(at_ns, number)
        yield from life(number, at_ns)


def _folded(state: State, events: Iterable[Event]) -> State:
    return fold_event_stream_entries(_entries(state, events), configuration=CONFIGURATION, state=state)


def _entries(state: State, events: Iterable[Event]) -> Iterator[EventStreamEntry]:
    for position, event in enumerate(events, state.position + 1):
        yield EventStreamEntry(ProcessingPosition(position), event)


def _measured(state: State, first: int, orders: int, rounds: int) -> dict[str, dict[str, int]]:
    """Return steps per second from a State on, of market events and of orders' lives, alone and with append."""
    at_ns = state.stream_time_ns
    market = _batches(_entries(state, (observation(at_ns + number, number) for number in range(4 * orders))))
    lives = _batches(_entries(state, _lives(first, orders)))
    found: dict[str, dict[str, int]] = {"alone": {}, "with_append": {}}
    for batches, figures in ((lives, OF_LIVES), (market, OF_MARKET)):
        alone = [_timed(state, batches) for _ in range(rounds)]
        appended = [_timed_with_append(state, batches) for _ in range(rounds)]
        for how, times in (("alone", alone), ("with_append", appended)):
            found[how] |= {name: _steps_per_s(names, batches, times) for name, names in figures.items()}
    return found


def _batches(entries: Iterable[EventStreamEntry]) -> list[Batch]:
    """Return the entries cut where the name of what they are changes."""
    runs = ((name, list(run)) for name, run in groupby(entries, key=lambda entry: NAMES.get(type(entry.event), "other")))
    return [(name, run[at : at + BATCH]) for name, run in runs for at in range(0, len(run), BATCH)]


def _steps_per_s(names: frozenset[str], batches: list[Batch], rounds: list[list[int]]) -> int:
    """Return steps per second of what has these names; a batch counts with its fastest round, for other work only slows it."""
    fastest: list[int] = [min(times) for times in zip(*rounds, strict=True)]
    own = [(len(entries), took) for (each, entries), took in zip(batches, fastest, strict=True) if each in names]
    steps = sum(count for count, _ in own)
    return steps * 1_000_000_000 // sum(took for _, took in own)


def _timed_with_append(state: State, batches: list[Batch]) -> list[int]:
    with tempfile.TemporaryDirectory() as folder, JournalWriter(Path(folder) / "journal.jsonl") as journal:
        return _timed(state, batches, journal.append)


def _timed(state: State, batches: list[Batch], append: Append | None = None) -> list[int]:
    """Step all entries from a State on, and return how long each batch took, in nanoseconds without the clock's own."""
    clock = time.perf_counter_ns
    own_ns = min(-(clock() - clock()) for _ in range(1000))
    times: list[int] = []
    gc.collect()
    gc.freeze()
    for _, entries in batches:
        began = clock()
        if append is None:
            for entry in entries:
                state = step_event_entry(state, entry, configuration=CONFIGURATION).state
        else:
            for entry in entries:
                append(entry)
                state = step_event_entry(state, entry, configuration=CONFIGURATION).state
        times.append(clock() - began - own_ns)
    return times


if __name__ == "__main__":
    main()
